"""The codes of configuration faults: the sentence of each, and a longer text for the reference.

A sentence is filled with the details of the place; the longer text says why the rule is there
and how to mend the fault. Faults inside a condition bear the codes of the condition language.
"""

from __future__ import annotations

from typing import Final

from leadline.config.fault_code import Code
from leadline.config.form_codes import FORM_CODES
from leadline.config.scoring_codes import SCORING_CODES
from leadline.config.webhook_codes import WEBHOOK_CODES

CODES: Final[dict[str, Code]] = {
    # ---- reading a file ----
    "missing_file": Code(
        "this file is required and is not there",
        "必須のファイルがありません",
        "Copy the file from a fresh project folder (`leadline init`) and edit it.",
        "新しいプロジェクトフォルダ (`leadline init`) からファイルをコピーして編集してください。",
    ),
    "file_unreadable": Code(
        "the file cannot be read: {why}",
        "ファイルを読み取れません: {why}",
        "Check the path and that you may read the file.",
        "パスと読み取り権限を確認してください。",
    ),
    "unknown_file": Code(
        "this file is not read by leadline",
        "このファイルは leadline では使用されません",
        "Its name or its place is not one that leadline knows; YAML files end in .yaml.",
        "名前または場所が違います。YAML ファイルの拡張子は .yaml です。",
    ),
    "bad_encoding": Code(
        "the file is not text in {expected}; save it as UTF-8",
        "ファイルの文字コードが {expected} ではありません。UTF-8 で保存し直してください",
        "YAML files and templates are UTF-8. Tables may also be CP932, as Excel in Japan saves.",
        "YAML とテンプレートは UTF-8 で保存してください。表は CP932 (日本語版 Excel) も使えます。",
    ),
    "bad_syntax": Code(
        "the file cannot be read from here on: {detail}",
        "ここから先を読み取れません: {detail}",
        "Look for a missing quote, colon or bracket, or an indentation that differs from the line "
        "above; text with `: ` or ` #` in it needs quotes.",
        "引用符・コロン・括弧の不足や、上の行と異なる字下げを確認してください。"
        "`: ` や ` #` を含む文字列は引用符で囲みます。",
    ),
    "tag_refused": Code(
        "the tag or directive {found} is refused; write the plain value",
        "タグ・ディレクティブ {found} は使えません。値だけを書いてください",
        "Tags can make a YAML file build arbitrary objects. Configuration is plain data.",
        "YAML のタグは任意のオブジェクトを作れるため、設定では使えません。",
    ),
    "alias_refused": Code(
        "anchors and aliases ({found}) are refused; write the value out",
        "アンカーとエイリアス ({found}) は使えません。値をそのまま書いてください",
        "A file in which every value is written where it counts can be read by everybody.",
        "値はそれぞれの場所に書くことで、誰でも読める設定になります。",
    ),
    "duplicate_key": Code(
        "this key is already on line {first}; a key may stand once",
        "このキーは {first} 行目にもあります。キーは一度だけ書けます",
        "Only one of the two would count, and nobody would see which. Remove one.",
        "どちらか一方しか有効になりません。片方を削除してください。",
    ),
    "key_not_text": Code(
        'a key must be text; quote it: "{found}"',
        'キーは文字列にしてください。引用符で囲みます: "{found}"',
        "Without quotes YAML reads numbers and true/false as such, also as keys.",
        "引用符がないと、YAML は数値や true/false をキーでもそのまま解釈します。",
    ),
    # ---- the shape of values ----
    "extra_forbidden": Code(
        "not a known field{expected}",
        "この項目はありません{expected}",
        "Unknown fields are refused so that a misspelled one is not silently ignored.",
        "綴りの誤りに気付けるよう、定義にない項目は受け付けません。",
    ),
    "missing": Code(
        "the field `{field}` is required here",
        "項目 `{field}` は必須です",
        "Add the field; the comments of a fresh project folder show an example of each.",
        "項目を追加してください。新しいプロジェクトフォルダのコメントに例があります。",
    ),
    "value_missing": Code(
        "a value is expected and there is none",
        "値が空です",
        "Write a value, or remove the field if it has a default.",
        "値を書くか、既定値がある項目なら行ごと削除してください。",
    ),
    "text_expected": Code(
        'text is expected; quote it: "{found}"',
        '文字列が必要です。引用符で囲んでください: "{found}"',
        "Codes such as postal prefixes and versions are text: as a number, `010` would become 10. "
        "In a workbook, format the cells as text and type the value again.",
        "郵便番号やバージョンなどのコードは文字列です。数値では `010` が 10 になります。"
        "ワークブックではセルの書式を「文字列」にして入力し直してください。",
    ),
    "cell_as_text": Code(
        "text is expected and the cell holds a number or date; format the cell as text and type "
        "the value again",
        "文字列が必要ですが、数値または日付のセルです。セルの書式を「文字列」にして"
        "入力し直してください",
        "A number cell has lost its leading zeros: 06 is stored as 6.",
        "数値のセルでは先頭の 0 が失われます (06 が 6 になります)。",
    ),
    "plain_text_expected": Code(
        "text is expected, and this is {found}",
        "文字列が必要ですが、{found}です",
        "Write one value, not a list or a block.",
        "リストやブロックではなく、値を1つ書いてください。",
    ),
    "number_expected": Code(
        "a number is expected, without quotes",
        "数値が必要です (引用符なし)",
        "Priorities, capacities and head counts are whole numbers; points may have decimals.",
        "優先度・件数・人数は整数で書きます。点数には小数も使えます。",
    ),
    "boolean_expected": Code(
        "true or false is expected",
        "true または false が必要です",
        "In YAML 1.2 only true and false are booleans; tables also take 有効 and 無効.",
        "YAML 1.2 の真偽値は true と false だけです。表では 有効・無効 も使えます。",
    ),
    "list_expected": Code(
        "a list is expected: [a, b] or one line with `- ` for each",
        "リストが必要です: [a, b] または `- ` で始まる行",
        "Also a single entry is written as a list.",
        "1件だけの場合もリストで書きます。",
    ),
    "mapping_expected": Code(
        "a block of `key: value` lines is expected",
        "`キー: 値` のブロックが必要です",
        "Indent the lines of the block below its key.",
        "キーの下に字下げして書いてください。",
    ),
    "unknown_word": Code(
        "expected one of {expected}",
        "次のいずれかが必要です: {expected}",
        "Only these words have a meaning here.",
        "ここで意味を持つのはこれらの語だけです。",
    ),
    "bad_form": Code(
        "expected {expected}",
        "次の形式が必要です: {expected}",
        "The value has another form than the one that is understood here.",
        "値の形式が異なります。",
    ),
    "out_of_range": Code(
        "the number must be {expected}",
        "数値の範囲: {expected}",
        "The number is outside the limits of this field.",
        "この項目の範囲を超えています。",
    ),
    "wrong_length": Code(
        "{expected}",
        "{expected}",
        "The text or list is empty, or longer than this field may be.",
        "空であるか、この項目の上限を超えています。",
    ),
    "duration_expected": Code(
        "a duration with its unit is expected, such as 3d, 4h, 30m, 45s or 1h 30m",
        "単位付きの期間が必要です (例: 3d, 4h, 30m, 45s, 1h 30m)",
        "A bare number does not say whether days or minutes are meant. ISO 8601 (PT4H) works too.",
        "数値だけでは日か分かが分かりません。ISO 8601 (PT4H) も使えます。",
    ),
    "time_of_day_expected": Code(
        'a time of day is expected, such as "09:00"',
        '時刻が必要です (例: "09:00")',
        "Hours from 00 to 23, a colon, minutes from 00 to 59.",
        "時 (00〜23)、コロン、分 (00〜59) の形で書きます。",
    ),
    "folder_url_expected": Code(
        "the URL of a folder is expected, such as s3://bucket/folder or file:///srv/leads",
        "フォルダの URL が必要です (例: s3://bucket/folder、file:///srv/leads)",
        "Files are listed there, read and moved, so web addresses and chained URLs do not do.",
        "ファイルの一覧・読み込み・移動を行うため、Web アドレスや連結した URL は使えません。",
    ),
    "secret_in_url": Code(
        "a URL here must hold no password or key; name them in the environment",
        "URL にパスワードやキーを書かないでください。環境変数で指定します",
        "Configuration is shared and shown. fsspec reads FSSPEC_SFTP_PASSWORD and its like, and "
        "the libraries of the clouds their own variables.",
        "設定は共有・表示されます。FSSPEC_SFTP_PASSWORD などの環境変数で指定してください。",
    ),
    "unknown_protocol": Code(
        "`{found}` is no protocol that fsspec knows",
        "`{found}` は fsspec が対応するプロトコルではありません",
        "Such as s3, gs, abfs, sftp, ftp, smb, webdav and file.",
        "s3・gs・abfs・sftp・ftp・smb・webdav・file などです。",
    ),
    "delimiter_expected": Code(
        "a delimiter is expected: comma, semicolon, tab, pipe, space, or the sign itself",
        "区切り文字が必要です: comma, semicolon, tab, pipe, space、または記号そのもの",
        'A sign stands in quotes (";"). Letters, digits, quotation marks and line ends cannot '
        "separate cells.",
        '記号は引用符で囲みます (";")。文字・数字・引用符・改行は区切り文字にできません。',
    ),
    "window_order": Code(
        "a window must close later than it opens, on the same day, and be open on some day",
        "終了時刻は同じ日の開始時刻より後にし、曜日を1つ以上指定してください",
        "Nurture mail is not sent over midnight.",
        "深夜をまたぐ送信時間帯は指定できません。",
    ),
    "grades_order": Code(
        "the thresholds must fall: A above B, B above C",
        "しきい値は A > B > C の順にしてください",
        "A grade is the best threshold that the fit points reach; below C is D.",
        "適合点が到達した最上位がグレードです。C 未満は D になります。",
    ),
    "invalid": Code(
        "not valid here: {detail}",
        "値が正しくありません: {detail}",
        "The value cannot be used in this place.",
        "この場所では使えない値です。",
    ),
    # ---- tables ----
    "two_tables": Code(
        "there is {other} as well; keep one of the two",
        "{other} もあります。どちらか一方だけを残してください",
        "leadline does not guess which of two tables is the right one.",
        "2つの表のどちらが正しいかは判断できません。",
    ),
    "bad_workbook": Code(
        "the workbook cannot be opened; save it again as .xlsx without a password",
        "ワークブックを開けません。パスワードなしの .xlsx で保存し直してください",
        "The file is damaged, protected, or of an older format.",
        "ファイルが破損・保護されているか、古い形式です。",
    ),
    "stray_quote": Code(
        "the quotes of this cell do not close, or text follows them",
        "引用符が閉じていないか、閉じた後に文字があります",
        "Put double quotes around the whole cell, and write a quote inside it twice.",
        "セル全体を二重引用符で囲み、中の引用符は2つ重ねて書きます。",
    ),
    "unknown_header": Code(
        "not a known column header",
        "この列見出しはありません",
        "The reference lists the English and Japanese headers of each table.",
        "各表の英語・日本語の見出しはリファレンスにあります。",
    ),
    "missing_header": Code(
        "the column `{field}` is required",
        "列 `{field}` は必須です",
        "Add the column with this header, in English or Japanese.",
        "この見出し (英語または日本語) の列を追加してください。",
    ),
    "duplicate_header": Code(
        "the header names the same field as column {first}",
        "{first} 列目と同じ項目の見出しです",
        "Two columns for one field contradict each other sooner or later.",
        "同じ項目の列は1つだけにしてください。",
    ),
    "field_count": Code(
        "the line has {found} cells and the header has {expected}",
        "この行のセルは {found} 個、見出しは {expected} 個です",
        "A comma is missing or too many; text with a comma in it needs double quotes.",
        "カンマの過不足です。カンマを含む文字列は二重引用符で囲んでください。",
    ),
    "bad_days": Code(
        "working days are expected, such as Mon-Fri, Tue-Sat or Mon,Wed (月-金)",
        "曜日が必要です (例: Mon-Fri, Tue-Sat, 月-金, 月,水)",
        "A range runs forward through the week and may pass Sunday.",
        "範囲は週の順に進み、日曜をまたぐこともできます。",
    ),
    "bad_hours": Code(
        "working hours are expected, such as 08:30-17:30",
        "勤務時間が必要です (例: 08:30-17:30)",
        "Hours may cross midnight (22:00-06:00) but must differ.",
        "深夜をまたぐ指定 (22:00-06:00) も可能ですが、開始と終了は異なる時刻にします。",
    ),
    "bad_date": Code(
        "dates are expected as YYYY-MM-DD, several with ; between them",
        "日付は YYYY-MM-DD の形で、複数は ; で区切ってください",
        "Any other order of day and month could be read in two ways.",
        "他の並びでは月と日を取り違えるおそれがあります。",
    ),
    "duplicate_id": Code(
        "this id is already on line {first}; ids are unique",
        "この ID は {first} 行目にもあります。ID は重複できません",
        "Decisions are recorded with the id, so it must name one thing.",
        "判断の記録は ID で残るため、1つの対象だけを指す必要があります。",
    ),
    # ---- across files ----
    "unknown_time_zone": Code(
        "not a known time zone; expected a name such as Asia/Tokyo or UTC",
        "タイムゾーンではありません (例: Asia/Tokyo, UTC)",
        "Names are those of the IANA time zone database.",
        "IANA タイムゾーンデータベースの名前を使います。",
    ),
    "unknown_lead_field": Code(
        "not a lead field and not declared under `fields` in settings.yaml",
        "リードの項目でも、settings.yaml の `fields` で宣言した項目でもありません",
        "Use a canonical lead field, or declare a custom field with its type.",
        "標準の項目を使うか、独自項目を型とともに宣言してください。",
    ),
    "reserved_field": Code(
        "leadline has a field of this name; a custom field needs another name",
        "同じ名前の標準項目があります。独自項目には別の名前を付けてください",
        "A custom field may not replace a canonical or derived one.",
        "標準項目や計算項目を置き換えることはできません。",
    ),
    "quoted_field": Code(
        "`{found}` is also a word of SQL: conditions name this field in double quotes only",
        '`{found}` は SQL の語でもあるため、条件では "{found}" と二重引用符で囲む必要があります',
        "Another name spares the quotes.",
        "別の名前にすれば、引用符は要りません。",
    ),
    "no_email_field": Code(
        "a form needs the field `email`",
        "フォームには項目 `email` が必要です",
        "A submission without an address cannot become a lead.",
        "メールアドレスのない送信はリードになりません。",
    ),
    "bad_schedule": Code(
        "{detail}",
        "{detail}",
        "Write words such as `every 15 min, Mon-Fri 08-20` or `weekly Mon 09:00`, or under `cron:` "
        "five parts: minute, hour, day, month, weekday by name (mon-fri).",
        "`15分ごと 平日 8時-20時` や `毎週月曜 9:00` のように書くか、`cron:` に"
        "分・時・日・月・曜日 (mon-fri のように名前で) の5項目を書きます。",
    ),
    "when_or_cron": Code(
        "write either `when` (words) or `cron` (five fields)",
        "`when` (言葉) と `cron` (5項目) のどちらか一方を書いてください",
        "A schedule says in one way when it runs.",
        "実行時刻の書き方は1通りだけです。",
    ),
    "catch_up_expected": Code(
        "expected `never`, `once` or `within` with a duration, such as `within 4h`",
        "`never`、`once`、または `within 4h` のように書いてください",
        "What happens to a time that was missed, for instance while the machine was off: nothing, "
        "one run however late, or one run if it is not later than that.",
        "停止中などで実行できなかった時刻の扱いです。never は実行せず、once は遅れても1回、"
        "within はその時間内なら1回実行します。",
    ),
    "unknown_calendar": Code(
        "not a calendar; expected a country such as jp or us, or a name of calendars.csv{own}",
        "カレンダーではありません。jp・us などの国か、calendars.csv の名前を書いてください{own}",
        "Countries are two small letters, with a region where holidays differ there (de-by).",
        "国は英小文字2字です。地域で祝日が異なる国では de-by のように書けます。",
    ),
    "country_calendar": Code(
        "this is the code of a country, whose holidays this line would replace; choose another"
        " name, such as company",
        "国コードと同じ名前です。その国の祝日が無効になるため、company など別の名前にしてください",
        "Holidays of countries are built in. Name your own days otherwise, and both where they "
        "count: holidays: [jp, company].",
        "国の祝日は組み込まれています。自社の休日には別の名前を付け、holidays: [jp, company] の"
        "ように両方を書きます。",
    ),
    "bad_day": Code(
        "a day is expected: 2026-12-29, or 12-29 for every year",
        "日付は 2026-12-29、毎年の日は 12-29 の形で書いてください",
        "The day must exist. A yearly range may go over the end of the year: 12-29 to 01-03.",
        "存在する日を書きます。毎年の期間は 12-29 から 01-03 のように年をまたげます。",
    ),
    "mixed_days": Code(
        "both days are with a year, or both without",
        "開始日と終了日は、両方に年を付けるか、両方とも付けないでください",
        "A range is either in one year or in every year.",
        "期間は特定の年か毎年のどちらかです。",
    ),
    "days_order": Code(
        "the last day lies before the first",
        "終了日が開始日より前です",
        "A range with years runs from the earlier day to the later one.",
        "年を付けた期間は、早い日から遅い日の順に書きます。",
    ),
    "holidays_unused": Code(
        "these calendars change nothing: the schedule leaves no holidays out",
        "この休日の指定は効果がありません。スケジュールが休日を除いていません",
        "Calendars count for `business days` and for words that end with `except holidays`.",
        "休日は「営業日」または「祝日を除く」と書いたスケジュールにだけ使われます。",
    ),
    "no_admin_address": Code(
        "`admin_address` is missing: nobody is told when a flow fails or stops running",
        "`admin_address` がないため、フローの失敗や停止を誰にも通知できません",
        "Runs that failed, are late, went silent or wait for a decision are told by mail to this "
        "address, at most one an hour per flow and kind.",
        "失敗・遅延・応答なし・承認待ちの実行をこの宛先にメールで通知します "
        "(フローと種類ごとに1時間に1通まで)。",
    ),
    "unknown_flow": Code(
        "not a flow that can be scheduled; expected one of {expected}",
        "スケジュールできるフローではありません。次のいずれか: {expected}",
        "schedules.yaml names each flow once and says when it runs.",
        "schedules.yaml には各フローの実行時刻を1回ずつ書きます。",
    ),
    "unknown_template": Code(
        "the template {expected} is not there",
        "テンプレート {expected} がありません",
        "Each mail of a sequence has subject.txt, body.txt and body.html in English and Japanese.",
        "シナリオの各メールには、英語と日本語の subject.txt・body.txt・body.html が必要です。",
    ),
    "unknown_territory": Code(
        "`{found}` is not a rule id of the territories",
        "`{found}` はテリトリーのルール ID にありません",
        "A rep's territories name rule ids of territories.csv.",
        "担当のテリトリーには territories.csv のルール ID を書きます。",
    ),
    "unknown_rep": Code(
        "`{found}` is not a rep id of this table",
        "`{found}` はこの表の担当者 ID にありません",
        "A manager is another rep of the table; leave the cell empty for a team's lead.",
        "上長は表にある別の担当です。チームの責任者は空欄にします。",
    ),
    "employees_order": Code(
        "the upper bound is below the lower bound",
        "従業員数の上限が下限より小さくなっています",
        "No lead can fall into such a line.",
        "この行に該当するリードはありません。",
    ),
    "missing_language": Code(
        "no text in `{field}`; the other language is shown instead",
        "`{field}` の文言がありません。もう一方の言語で表示します",
        "Leads and reps read their own language; write both.",
        "リードと担当はそれぞれの言語で読みます。両方を書いてください。",
    ),
    "team_without_rep": Code(
        "team `{found}` has no active rep; its leads will wait in the queue",
        "チーム `{found}` に有効な担当がいません。リードはキューで待機します",
        "Activate a rep of the team, or give the territory to another team.",
        "担当を有効にするか、テリトリーを別のチームに割り当ててください。",
    ),
    "territory_without_rep": Code(
        "no active rep of team `{team}` names `{found}`; the whole team takes its leads",
        "チーム `{team}` の有効な担当に `{found}` を持つ人がいないため、チーム全員が対象です",
        "Add the rule id to the territories of the reps who should have it.",
        "対象とする担当のテリトリーにルール ID を追加してください。",
    ),
    "rep_without_territory": Code(
        "rep `{found}` is active and no territory leads to them; they get no leads",
        "担当 `{found}` は有効ですが、対象のテリトリーがないため、リードは割り当てられません",
        "Give the rep a territory of their team, or set active to false.",
        "チームのテリトリーを設定するか、有効を false にしてください。",
    ),
    "shared_address": Code(
        "reps `{first}` and `{found}` have the same mail address",
        "担当 `{first}` と `{found}` のメールアドレスが同じです",
        "Both reps' leads arrive in one mailbox, and an answer by mail cannot be told apart.",
        "同じ受信箱に届き、返信した担当を区別できません。",
    ),
    **FORM_CODES,
    **SCORING_CODES,
    **WEBHOOK_CODES,
}
