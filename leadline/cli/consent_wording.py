"""What `leadline suppress`, `consents` and `submissions` say; part of the catalog."""

from __future__ import annotations

from typing import Final

SUPPRESS: Final[dict[str, tuple[str, str]]] = {
    "refused.suppress_what": (
        (
            "Say one of three: leadline suppress ADDRESS..., or --file LIST, or --none (there is "
            "no list). --dry-run goes with the first two."
        ),
        (
            "次のいずれか1つを指定してください: leadline suppress アドレス...、--file リスト、"
            "--none(リストがないことの確認)。--dry-run は前の2つで使えます。"
        ),
    ),
    "refused.suppress_empty": (
        (
            "{file} is empty, so nothing was banned. Export the list again; where nobody ever "
            "unsubscribed, confirm that with: leadline suppress --none"
        ),
        (
            "{file} は空のため、何も登録していません。リストを書き出し直すか、配信停止者がいない"
            "場合は leadline suppress --none で確認を記録してください。"
        ),
    ),
    "refused.unknown_cause": (
        "There is no cause {word!r}.{near} Causes: {known}.",
        "理由 {word!r} はありません。{near}指定できる理由: {known}。",
    ),
    "refused.unknown_scope": (
        "There is no scope {word!r}.{near} Scopes: {known}.",
        "範囲 {word!r} はありません。{near}指定できる範囲: {known}。",
    ),
    "suppress.working": ("Banning addresses", "配信停止を登録中"),
    "suppress.none": (
        "Recorded: there is no list of unsubscribed addresses to take over.",
        "引き継ぐ配信停止リストがないことを記録しました。",
    ),
    "suppress.none_known": (
        "A list was taken over, or confirmed not to exist, before. Nothing was changed.",
        "配信停止リストは取込済みか、ないことを確認済みです。何も変更していません。",
    ),
    "suppress.read": (
        "{file}: {encoding}, header on line {line}; addresses are in: {columns}",
        "{file}: {encoding}、見出しは{line}行目、アドレスの列: {columns}",
    ),
    "suppress.read_plain": (
        "{file}: {encoding}, no header; addresses are in column {columns}",
        "{file}: {encoding}、見出しなし、アドレスは{columns}列目",
    ),
    "suppress.answers": (
        (
            "The column {column!r} says different things of the rows; every row was taken all the "
            "same. If only some are meant, keep those rows alone."
        ),
        (
            "列「{column}」の値は行ごとに異なりますが、すべての行を対象としました。一部だけが対象の"
            "場合は、その行だけを残したファイルを指定してください。"
        ),
    ),
    "suppress.done": (
        "{added} address(es) banned from {scope} ({cause}), {known} known before.",
        "{added} 件を登録しました(停止対象: {scope}、理由: {cause})。登録済み {known} 件。",
    ),
    "suppress.would": (
        "{added} address(es) would be banned from {scope} ({cause}), {known} are known.",
        "{added} 件を登録します(停止対象: {scope}、理由: {cause})。登録済み {known} 件。",
    ),
    "suppress.nothing_done": (
        "This was a dry run: nothing was changed.",
        "確認のみで、何も変更していません。",
    ),
    "suppress.leads": (
        "  {count} lead(s) have one of them.",
        "  該当するリード: {count} 件",
    ),
    "suppress.refusals": (
        "  {count} refusal(s) were recorded as evidence.",
        "  拒否の証跡を記録: {count} 件",
    ),
    "suppress.exited": (
        "  {count} sequence(s) of theirs ended.",
        "  終了したシナリオ登録: {count} 件",
    ),
    "suppress.skipped": (
        "  {count} waiting message(s) will not be sent.",
        "  取り消した送信待ちメール: {count} 件",
    ),
    "suppress.rejects": (
        "{count} line(s) were not taken; the others were:",
        "{count} 行は登録できませんでした(ほかの行は処理済み):",
    ),
    "suppress.reject": ("  {place}: {detail} -> {fix}", "  {place}: {detail} → {fix}"),
    "suppress.word": ("address ", "指定したアドレス "),
    "suppress.more": ("  and {count} more", "  ほか {count} 行"),
    "doctor.suppressions.ok": (
        "a list of unsubscribed addresses was taken over, or there is none",
        "配信停止リストは取込済みか、ないことを確認済みです",
    ),
    "doctor.suppressions.bad": (
        (
            "mail leaves this computer, and nobody has said who unsubscribed in the tool that "
            "was used before"
        ),
        "メールが外部に送信されますが、以前のツールでの配信停止者がまだ引き継がれていません",
    ),
    "doctor.suppressions.bad.fix": (
        "leadline suppress --file LIST; where there is no list: leadline suppress --none",
        "leadline suppress --file リスト(リストがない場合は leadline suppress --none)",
    ),
}
