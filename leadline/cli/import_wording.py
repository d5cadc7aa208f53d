"""What `leadline import` says; part of the catalog."""

from __future__ import annotations

from typing import Final

IMPORT: Final[dict[str, tuple[str, str]]] = {
    "refused.import_what": (
        (
            "Name a file: leadline import FILE. `leadline import --list` shows earlier imports, "
            "`leadline import --undo RUN` takes one back."
        ),
        (
            "ファイルを指定してください: leadline import FILE。過去の取込は "
            "`leadline import --list`、取り消しは `leadline import --undo RUN` です。"
        ),
    ),
    "refused.import_alone": (
        "--undo RUN and --list stand alone, without files and other options. Nothing was changed.",
        (
            "--undo RUN と --list は、ファイルや他のオプションと同時に指定できません。"
            "何も変更していません。"
        ),
    ),
    "refused.bad_source": (
        (
            "--source {word!r} cannot be used: the name of a source has no / and no \\ in it, and "
            "does not begin with a dot. Example: --source trade_fair"
        ),
        (
            "--source に {word!r} は指定できません。取込元の名前に / と \\ は使えず、先頭に . は"
            "付けられません。例: --source trade_fair"
        ),
    ),
    "import.looking": ("Looking through", "内容を確認中"),
    "import.reading": ("Taking rows in", "取り込み中"),
    "import.read_text": (
        "{file}: text with {sign} between the cells, encoding {encoding}",
        "{file}: {sign}区切りのテキスト、文字コード {encoding}",
    ),
    "import.read_workbook": (
        "{file}: Excel workbook, sheet `{sheet}`",
        "{file}: Excelブック、シート「{sheet}」",
    ),
    "import.sign.comma": ("commas", "カンマ"),
    "import.sign.semicolon": ("semicolons", "セミコロン"),
    "import.sign.tab": ("tabs", "タブ"),
    "import.sign.pipe": ("vertical bars", "縦棒"),
    "import.sign.space": ("spaces", "空白"),
    "import.header": (
        "  line {line} names the {count} columns",
        "  見出しは {line} 行目、{count} 列",
    ),
    "import.encoding_guessed": (
        (
            "  The encoding is a last resort: any bytes read as {encoding}. Look at accented "
            "letters, and save the file as UTF-8 if they are wrong."
        ),
        (
            "  文字コードは確証がなく {encoding} とみなしました。文字化けがあれば UTF-8 で保存し直"
            "してください。"
        ),
    ),
    "import.country": (
        (
            "  The header is Japanese: phones and places without a country are read as {country}, "
            "times in {zone}."
        ),
        (
            "  見出しが日本語のため、国の記載がない電話番号・住所は {country}、時刻は {zone} として"
            "読みます。"
        ),
    ),
    "import.order": (
        (
            "  Dates such as 03/04/2026 could be read in two ways; they were read with the "
            "{order}. To settle it: date_order in {mapping}."
        ),
        (
            "  03/04/2026 のような日付は2通りに読めます。{order}として読みました。確定するには "
            "{mapping} の date_order を指定してください。"
        ),
    ),
    "import.order.month_first": ("month first", "月が先"),
    "import.order.day_first": ("day first", "日が先"),
    "import.order.year_first": ("year first", "年が先"),
    "import.resumed": (
        "  An import of this file was cut short; it went on behind line {line}.",
        "  中断していた取込を {line} 行目の続きから再開しました。",
    ),
    "import.sheets_not_read": (
        (
            "  Other sheets with mail addresses were not read: {names}. To read one: sheet in the "
            "mapping file."
        ),
        (
            "  メールアドレスのある別のシートは未読です: {names}。対応ファイルの sheet で指定でき"
            "ます。"
        ),
    ),
    "import.mapped_otherwise": (
        (
            "  Unchanged rows were taken in with another mapping (import {runs}) and stay as they "
            "are. To read them anew: leadline import --undo RUN, then import the file again."
        ),
        (
            "  取込済みの行は以前の列の対応 (取込 {runs}) のままです。読み直すには leadline "
            "import --undo RUN の後、もう一度取り込んでください。"
        ),
    ),
    "import.column_similar": (
        (
            "  Column `{header}` was taken as {field} by likeness ({percent} %). If that is wrong: "
            "{mapping}"
        ),
        (
            "  列「{header}」は類似({percent}%)から {field} と判断しました。誤りの場合は "
            "{mapping} で指定してください"
        ),
    ),
    "import.column_content": (
        (
            "  Column `{header}` was taken as {field} by what its cells hold ({percent} %). If "
            "that is wrong: {mapping}"
        ),
        (
            "  列「{header}」は内容({percent}%)から {field} と判断しました。誤りの場合は "
            "{mapping} で指定してください"
        ),
    ),
    "import.column_suggested": (
        (
            "  Column `{header}` may be {field} ({percent} %); it was kept as it is. To use it: "
            "{mapping}"
        ),
        (
            "  列「{header}」は {field} かもしれません({percent}%)。今回はそのまま保存しました。"
            "使うには {mapping} で指定してください"
        ),
    ),
    "import.mapping_fault": ("Mapping: {message}", "対応ファイル: {message}"),
    "import.owners_unknown": (
        "  {count} owner(s) are no rep of config/reps.csv and were kept as text: {names}",
        "  担当者 {count} 名は config/reps.csv になく、文字のまま保存しました: {names}",
    ),
    "import.column": ("column", "列"),
    "import.field": ("field", "項目"),
    "import.how": ("told by", "根拠"),
    "import.confidence": ("%", "%"),
    "import.sample": ("sample", "例"),
    "import.how.fixed": ("configuration", "設定"),
    "import.how.alias": ("its name", "列名"),
    "import.how.content": ("its cells", "内容"),
    "import.how.similar": ("likeness", "類似"),
    "import.how.suggested": ("(a suggestion)", "(候補)"),
    "import.how.none": ("(kept as it is)", "(そのまま保存)"),
    "import.file": ("file", "ファイル"),
    "import.records": ("rows", "行数"),
    "import.accepted": ("accepted", "受付"),
    "import.rejected": ("rejected", "不備"),
    "import.created": ("created", "新規"),
    "import.updated": ("updated", "更新"),
    "import.unchanged": ("unchanged", "変更なし"),
    "import.duplicates": ("duplicates", "重複"),
    "import.would": (
        (
            "An import would make {created} new lead(s); {joined} row(s) would join known leads or "
            "each other, {unchanged} were taken in before."
        ),
        (
            "取り込むと新規リード {created} 件。既存またはファイル内で統合 {joined} 行、取込済み "
            "{unchanged} 行。"
        ),
    ),
    "import.released": (
        "{released} lead(s) that a backfill holds back would be let go.",
        "保留中のリード {released} 件が解除されます。",
    ),
    "import.consequences": (
        "What would follow, rehearsed with the first {leads} new lead(s):",
        "その後の動き(先頭の新規 {leads} 件で試算):",
    ),
    "import.consequences_mixed": (
        "What would follow, rehearsed with the first {leads} lead(s), new or let go:",
        "その後の動き(先頭の新規・保留解除 {leads} 件で試算):",
    ),
    "import.told": (
        "  {reps} rep(s) would get mail about {leads} lead(s): {names}",
        "  営業担当 {reps} 名に {leads} 件を通知: {names}",
    ),
    "import.queued": (
        "  {leads} lead(s) would wait for an owner",
        "  {leads} 件は担当未定のまま待機",
    ),
    "import.enrolled": (
        "  {leads} lead(s) would be enrolled in `{sequence}` and get its first mail",
        "  {leads} 件を「{sequence}」に登録し、最初のメールを配信",
    ),
    "import.nothing_done": ("Nothing was taken in.", "まだ取り込んでいません。"),
    "import.stopped": (
        (
            "Stopped: {created} new leads are more than {threshold} (backfill_threshold). Nothing "
            "was taken in, and nobody was told."
        ),
        (
            "停止しました: 新規 {created} 件は上限 {threshold} 件 (backfill_threshold) を超えます。"
            "取込も通知もしていません。"
        ),
    ),
    "import.stopped_mixed": (
        (
            "Stopped: {going} leads are more than {threshold} (backfill_threshold): {created} new, "
            "{released} let go of a backfill, {before} of the files before. Nothing of this file "
            "was taken in, and nobody was told of it."
        ),
        (
            "停止しました: 新規 {created} 件、保留解除 {released} 件、前のファイルの {before} 件、"
            "合わせて {going} 件は上限 {threshold} 件 (backfill_threshold) を超えます。"
            "このファイルは取込も通知もしていません。"
        ),
    ),
    "import.would_stop": (
        (
            "Without --backfill or --yes the import would stop: {going} leads are more than "
            "{threshold} (backfill_threshold): {created} new, {released} let go of a backfill, "
            "{before} of the files before."
        ),
        (
            "--backfill も --yes も付けない取込は停止します: 新規 {created} 件、保留解除 "
            "{released} 件、前のファイルの {before} 件、合わせて {going} 件は上限 {threshold} 件 "
            "(backfill_threshold) を超えます。"
        ),
    ),
    "import.choices": (
        (
            "Old leads: --backfill stores, matches and scores them, and nobody is told until "
            "`leadline release`. New leads that are to go on at once: --yes."
        ),
        (
            "過去のリードなら --backfill (保存・名寄せ・スコアのみ。`leadline release` まで通知・"
            "配信なし)、すぐに対応を始めるなら --yes を付けてください。"
        ),
    ),
    "import.held": (
        "{count} lead(s) are held back. To let them go: leadline release --import {run}",
        "{count} 件を保留しました。解除するには: leadline release --import {run}",
    ),
    "import.next": ("Next: leadline run", "次の手順: leadline run"),
    "import.undo": (
        "To take {file} back: leadline import --undo {run}",
        "{file} の取込を取り消すには: leadline import --undo {run}",
    ),
    "import.rejects": (
        "{count} row(s) of {file} were refused:",
        "{file} の {count} 行に不備があります:",
    ),
    "import.reject": ("  line {line}: {reason}", "  {line} 行目: {reason}"),
    "import.reject_in_column": (
        "  line {line}: {reason} (column {column})",
        "  {line} 行目: {reason} (列: {column})",
    ),
    "import.more": ("  ... and {count} more", "  ほか {count} 行"),
    "import.quarantine": (
        "All of them, with line and reason: {path}. Mend the cells there and import that file.",
        "全件と行番号・理由: {path}。そのファイルのセルを直して、取り込み直してください。",
    ),
}
