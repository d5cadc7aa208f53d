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
    "suppress.sheets": (
        (
            "These sheets hold addresses too and were not read: {sheets}. Save each as a file of "
            "its own and run the command with it."
        ),
        (
            "次のシートにもアドレスがありますが、読み込んでいません: {sheets}。シートごとに別の"
            "ファイルに保存し、それぞれ指定して実行してください。"
        ),
    ),
    "suppress.answers": (
        (
            "The column {column!r} says different things of the rows; every row was taken all the "
            "same, as --all-rows says."
        ),
        (
            "列「{column}」の値は行ごとに異なりますが、--all-rows の指定により、すべての行を対象と"
            "しました。"
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
    "suppress.changed": (
        "  {count} ban(s) that the person could take back have this cause now.",
        "  本人が再開できる登録から、この理由に変更: {count} 件",
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

CONSENTS: Final[dict[str, tuple[str, str]]] = {
    "lead.erased": (
        "Lead {lead} was erased on {date}.",
        "リード {lead} の個人情報は {date} に消去されました。",
    ),
    "consents.lead": (
        "Lead {lead} (times in {zone})",
        "リード {lead}(日時のタイムゾーン: {zone})",
    ),
    "consents.yes": (
        "May be mailed for marketing: yes, on the basis: {basis}, since {since}.",
        "シナリオメールの送信: 可(根拠: {basis}、{since} から)",
    ),
    "consents.yes_until": (
        "May be mailed for marketing: yes, on the basis: {basis}, since {since}, until {until}.",
        "シナリオメールの送信: 可(根拠: {basis}、{since} から {until} まで)",
    ),
    "consents.no": (
        "May be mailed for marketing: no: {reason}.",
        "シナリオメールの送信: 不可(理由: {reason})",
    ),
    "consents.none": (
        "There is no evidence of a yes or a no.",
        "同意・拒否の証跡はありません。",
    ),
    "consents.at": ("when", "日時"),
    "consents.what": ("for", "対象"),
    "consents.answer": ("answer", "回答"),
    "consents.basis": ("basis", "根拠"),
    "consents.source": ("source", "取得元"),
    "consents.submission": ("submission", "取込データ"),
    "consents.network_address": ("network address", "ネットワークアドレス"),
    "consents.version": ("version", "版"),
    "consents.wording": ("wording", "文言"),
    "consents.granted": ("agreed", "同意"),
    "consents.refused": ("refused", "拒否"),
    "consents.pending": ("not yet confirmed", "確認待ち"),
    "consents.undone": ("taken back with its import", "取込の取り消しにより無効"),
    "consents.what.marketing.email": ("marketing mail", "シナリオメール"),
    "consents.scope.marketing": ("marketing mail", "シナリオメール"),
    "consents.scope.global": ("every mail", "すべてのメール"),
    "consents.banned": (
        "Banned from {scope} since {at}: {cause}.",
        "配信停止({scope}): {at} から。理由: {cause}",
    ),
    "consents.lifted": (
        "Banned from {scope} from {at} to {lifted_at}: {cause}; lifted.",
        "配信停止({scope}): {at} から {lifted_at} まで(解除済み)。理由: {cause}",
    ),
}

SUBMISSIONS: Final[dict[str, tuple[str, str]]] = {
    "refused.unknown_submission_state": (
        "There is no state {word!r} to list.{near} States: {known}.",
        "状態 {word!r} は指定できません。{near}指定できる状態: {known}。",
    ),
    "refused.unknown_reason": (
        "Nothing is held for {word!r}.{near} Reasons: {known}.",
        "理由 {word!r} はありません。{near}理由: {known}。",
    ),
    "refused.unknown_held_source": (
        "Nothing of a source {word!r} is held.{near} Sources: {known}.",
        "取込元 {word!r} の保留はありません。{near}取込元: {known}。",
    ),
    "refused.no_submission": (
        "There is no submission {number}. `leadline submissions list` shows those that are held.",
        "受信データ {number} はありません。`leadline submissions list` で確認できます。",
    ),
    "refused.replay_alone": (
        "Name submissions by their ids, or select them with --source, --reason or --all; not both.",
        "番号の指定と、--source・--reason・--all による選択は、どちらか一方にしてください。",
    ),
    "submissions.id": ("id", "番号"),
    "submissions.source": ("source", "取込元"),
    "submissions.received_at": ("received (UTC)", "受信日時 (UTC)"),
    "submissions.state": ("state", "状態"),
    "submissions.attempts": ("attempts", "試行"),
    "submissions.suspicion": ("suspicion", "疑い"),
    "submissions.reason": ("why", "理由"),
    "submissions.state.quarantined": ("quarantined", "隔離中"),
    "submissions.state.waiting": ("waiting", "応答待ち"),
    "submissions.state.new": ("new", "受付待ち"),
    "submissions.none": (
        "No form or webhook submission is held.",
        "保留中のフォーム送信・Webhook はありません。",
    ),
    "submissions.more": (
        "Shown are the first {count}; --limit 0 shows all.",
        "先頭の {count} 件を表示しました(--limit 0 ですべて表示)。",
    ),
    "submissions.next": (
        (
            "Next: leadline submissions show ID shows one; leadline submissions replay lets "
            "intake judge again what a changed configuration mends (suspicious ones by id)."
        ),
        (
            "次の手順: leadline submissions show 番号 で内容を表示、leadline submissions replay で"
            "設定変更後に再判定します(疑いのあるものは番号を指定)。"
        ),
    ),
    "submissions.file_rows": (
        (
            "{count} row(s) of files are in quarantine as well: mend them in {folder}, then "
            "leadline import FILE"
        ),
        (
            "ほかにファイルの {count} 行が隔離中です。{folder} のファイルを直し、"
            "leadline import ファイル で取り込んでください。"
        ),
    ),
    "submissions.raw": ("What arrived:", "受信した内容:"),
    "submissions.replayed": (
        "{count} submission(s) go back to intake.",
        "{count} 件を受付に戻しました。",
    ),
    "submissions.unchanged": (
        "{count} are there already, or were accepted.",
        "{count} 件はすでに受付待ち、または受付済みです。",
    ),
    "submissions.left": (
        (
            "{count} are held for a suspicion and stay: look at them with leadline submissions "
            "list, then name their ids."
        ),
        (
            "{count} 件は自動投稿などの疑いがあるため隔離のままです。leadline submissions list で"
            "確認し、番号を指定してください。"
        ),
    ),
    "submissions.refused": ("  {id}: {detail}", "  {id}: {detail}"),
    "submissions.folder": (
        "Quarantine files are in {folder}; mend the file, then leadline import FILE",
        "隔離ファイルは {folder} にあります。直してから leadline import で取り込んでください。",
    ),
    "submissions.taken": (
        "A running `leadline up` takes them within a second; without one: leadline run",
        "`leadline up` の実行中は1秒以内に処理されます。実行していない場合: leadline run",
    ),
}
