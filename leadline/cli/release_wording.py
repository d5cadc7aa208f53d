"""What `leadline release`, `import --undo` and `import --list` say; part of the catalog."""

from __future__ import annotations

from typing import Final

RELEASE: Final[dict[str, tuple[str, str]]] = {
    "refused.release_what": (
        (
            "Say what to release: leadline release --import RUN. `leadline import --list` shows "
            "the runs."
        ),
        (
            "対象を指定してください: leadline release --import RUN"
            "(取込番号は `leadline import --list` で確認できます)。"
        ),
    ),
    "refused.no_import_run": (
        "There is no import run {run}. `leadline import --list` shows which there are.",
        "取込 {run} はありません。`leadline import --list` で確認できます。",
    ),
    "release.counting": ("Counting leads", "件数を確認中"),
    "release.working": ("Releasing leads", "保留を解除中"),
    "release.nothing_held": (
        "Import {run} ({file}) holds no lead. Nothing to do.",
        "取込 {run} ({file}) に保留中のリードはありません。作業は不要です。",
    ),
    "release.nothing_matches": (
        "Import {run} ({file}) holds {held} lead(s), and none matches the condition.",
        "取込 {run} ({file}) で保留中の {held} 件に、条件に合うリードはありません。",
    ),
    "release.plan": (
        "Import {run} ({file}) holds {held} lead(s); {matching} would be released:",
        "取込 {run} ({file}) で保留中 {held} 件のうち {matching} 件が解除の対象です:",
    ),
    "release.owned": (
        "  {count} go to the owner that the file names (below).",
        "  {count} 件は、ファイルに記載の担当者へ割り当てます(下表)。",
    ),
    "release.beyond": (
        "  {count} of these are more than their owner's capacity this week; they go by territory.",
        "  うち {count} 件は担当者の今週の対応可能件数を超えるため、テリトリーで振り分けます。",
    ),
    "release.routed": (
        "  {count} are routed by territory.",
        "  {count} 件は、テリトリーで振り分けます。",
    ),
    "release.consented": (
        "  {count} have agreed to mail and may be enrolled in a sequence.",
        "  {count} 件はメール配信に同意済みで、シナリオに登録されることがあります。",
    ),
    "release.rep": ("owner", "担当"),
    "release.leads": ("leads", "件数"),
    "release.room": ("free this week", "今週の残り"),
    "release.ask": (
        "Release {matching} lead(s)? [y/N] ",
        "{matching} 件の保留を解除しますか? [y/N] ",
    ),
    "release.not_done": (
        "Nothing was released. Repeat the command with --yes to do it.",
        "保留は解除していません。実行するには --yes を付けて再度実行してください。",
    ),
    "release.done": (
        "Released {released} lead(s); {remaining} are still held.",
        "{released} 件の保留を解除しました(保留中は残り {remaining} 件)。",
    ),
    "release.next": (
        "Next: leadline run",
        "次の手順: leadline run",
    ),
}

UNDO: Final[dict[str, tuple[str, str]]] = {
    "undo.working": ("Taking back", "取り消し中"),
    "undo.done": (
        "Import {run} ({file}) was taken back.",
        "取込 {run} ({file}) を取り消しました。",
    ),
    "undo.done_before": (
        (
            "Import {run} ({file}) was taken back before, at {at}. Nothing was changed now. "
            "What it came to then:"
        ),
        "取込 {run} ({file}) は {at} に取り消し済みです。今回は何も変更していません。当時の結果:",
    ),
    "undo.created_removed": (
        "  {count} lead(s) that it had created are gone.",
        "  新規に作成した {count} 件のリードを削除しました。",
    ),
    "undo.created_kept": (
        "  {count} lead(s) that it had created stay: {why}.",
        "  新規に作成したリードのうち {count} 件は残しました: {why}。",
    ),
    "undo.leads_restored": (
        (
            "  {count} lead(s) that it had changed say again what they said before "
            "({fields} field(s))."
        ),
        "  変更した {count} 件のリードを元に戻しました ({fields} 項目)。",
    ),
    "undo.fields_kept": (
        "  {count} field(s) stay as they are: {why}.",
        "  {count} 項目はそのまま残しました: {why}。",
    ),
    "undo.consents_undone": (
        "  {count} consent(s) that it stated no longer count; the evidence stays.",
        "  この取込による同意の記録 {count} 件を無効にしました(記録は残ります)。",
    ),
    "undo.submissions_undone": (
        "  {count} row(s) are marked as taken back; the same file can be imported again.",
        "  {count} 行を取り消し済みにしました。同じファイルを再度取り込めます。",
    ),
    "undo.why.assigned": ("a rep has been asked to take them", "担当が割り当てられている"),
    "undo.why.enrolled": ("they are or were in a sequence", "シナリオに登録されたことがある"),
    "undo.why.message": ("mail about them is sent or waits", "メールが送信済みまたは送信待ち"),
    "undo.why.consent": (
        "the person has agreed or refused since",
        "その後に本人が同意または拒否した",
    ),
    "undo.why.other_submission": (
        "a form or another import speaks of them too",
        "フォームや他の取込のデータもある",
    ),
    "undo.why.went_on": (
        "the leads were held back, and were taken up since they were let go",
        "保留の解除後に、割り当てや配信が始まっている",
    ),
    "undo.why.let_go_by_others": (
        "the leads were held back, and a form or another import lets them go on too",
        "フォームや他の取込によっても保留が解除されている",
    ),
    "undo.why.changed_since": ("changed by others since", "その後に変更された"),
    "runs.none": (
        "No file has been imported yet.",
        "まだファイルを取り込んでいません。",
    ),
    "runs.run": ("run", "取込番号"),
    "runs.file": ("file", "ファイル"),
    "runs.source": ("source", "取込元"),
    "runs.when": ("when (UTC)", "日時 (UTC)"),
    "runs.held": ("held", "保留中"),
    "runs.note": ("", ""),
    "runs.backfill": ("backfill", "バックフィル"),
    "runs.undone": ("taken back {at}", "取り消し済み {at}"),
    "runs.unfinished": ("not finished", "未完了"),
}
