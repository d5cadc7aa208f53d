"""What configuration keys, table columns and database tables mean, for the generated reference."""

from __future__ import annotations

from typing import Final

from deployments.reference_form_words import FORM_MEANINGS, Words
from deployments.reference_form_words import both as _both
from deployments.reference_scoring import SCORING_MEANINGS
from deployments.reference_webhooks import WEBHOOK_MEANINGS

FILE_TITLES: Final[dict[str, Words]] = {
    "settings.yaml": _both("Company, sources, routing.", "会社情報、取込元、振り分けの設定。"),
    "sending.yaml": _both(
        "Limits of nurture mail; mail to reps is exempt.",
        "シナリオメールの送信条件。担当宛のメールには適用しません。",
    ),
    "scoring.yaml": _both(
        "The main score model, required; `models` holds further ones.",
        "主となるスコアモデル。必須です。`models` に別のモデルを追加できます。",
    ),
    "segments.yaml": _both(
        "Conditions with a name; optional.", "名前付きの条件 (セグメント)。省略できます。"
    ),
    "sequences/<name>.yaml": _both(
        "One sequence; the file's name is the sequence's.",
        "シナリオ1件。ファイル名がシナリオの名前です。",
    ),
    "forms/<name>.yaml": _both(
        "One form, shown at `/forms/<name>`.", "フォーム1件。`/forms/<name>` に表示します。"
    ),
    "mappings/<source>.yaml": _both(
        "What the columns of one source hold and how its files are read; the file's name is the "
        "source's. It wins over the source's block in settings.yaml; everything is optional.",
        "取込元の列の対応とファイルの読み方。ファイル名が取込元の名前です。settings.yaml の"
        "取込元の設定より優先します。すべて省略できます。",
    ),
    "consent.yaml": _both(
        "Which bases of consent count in which country, and how long; optional. What it does not "
        "name stays as leadline brings it.",
        "国ごとに認める同意の根拠と、その有効期間。省略できます。書かない国は既定のままです。",
    ),
    "schedules.yaml": _both(
        "When each flow runs, in words: `import_files`, `process_submissions`, "
        "`send_due_touches`, `refresh_scores`, `remove_old_runs`, `watch`.",
        "各フローの実行時刻を言葉で書きます: `import_files`、`process_submissions`、"
        "`send_due_touches`、`refresh_scores`、`remove_old_runs`、`watch`。",
    ),
}

_OF_A_TABLE: Final[dict[str, Words]] = {
    "country": _both("of rows that name none", "行に国がない場合の国コード"),
    "timezone": _both(
        "of times without an offset, and of leads without a place",
        "時差のない日時と、所在地のないリードに適用",
    ),
    "date_order": _both(
        "how 10/01/2026 is read; the cells and the country tell it otherwise",
        "10/01/2026 のような日付の読み方。省略時はセルの値と国から判断",
    ),
    "consent": _both(
        "what the people in a file agreed to, where a row says nothing",
        "行に記載がない場合の配信の根拠",
    ),
    "encoding": _both("found out when it is not said", "文字コード。省略時は自動判別"),
    "delimiter": _both(
        "`comma`, `semicolon`, `tab`, `pipe`, `space` or the sign; found out when it is not said",
        "区切り文字。`comma`・`semicolon`・`tab`・`pipe`・`space` か記号。省略時は自動判別",
    ),
    "quote": _both("the quotation mark; found out when it is not said", "引用符。省略時は自動判別"),
    "header_line": _both(
        "the line (in a workbook the row) that names the columns; found out when it is not said",
        "見出しの行番号。省略時は自動判別",
    ),
    "sheet": _both(
        "of a workbook; the first when it is not said", "シート名。省略時は先頭のシート"
    ),
    "backfill_threshold": _both(
        "of this source alone, in place of the one for all", "この取込元だけの上限件数"
    ),
    "backfill": _both(
        "whether new leads of this source are held back, as with `--backfill`",
        "この取込元の新規リードを保留するか (`--backfill` と同じ)",
    ),
}

KEY_MEANINGS: Final[dict[str, Words]] = {
    **WEBHOOK_MEANINGS,
    "Settings.company": _both("who sends", "送信者"),
    "Company.name": _both("shown in every footer", "全メールのフッターに表示"),
    "Company.postal_address": _both("shown in every footer", "全メールのフッターに表示"),
    "Company.contact": _both(
        "for complaints and questions: an address or URL", "苦情・問い合わせ先 (アドレスか URL)"
    ),
    "Settings.mail": _both("headers of outgoing mail", "送信メールのヘッダー"),
    "MailIdentity.from_name": _both("name of the sender", "送信者名"),
    "MailIdentity.from_address": _both(
        "address of the sender; its domain ends the Message-IDs",
        "送信元アドレス。ドメインは Message-ID にも使用",
    ),
    "MailIdentity.reply_to": _both("where answers go", "返信先"),
    "MailIdentity.admin_address": _both(
        "who is told when a flow fails, is late or waits for a decision; nobody when missing",
        "フローの失敗・遅延・承認待ちの通知先。なければ通知しない",
    ),
    "Settings.language": _both("for leads whose language is unknown", "言語が不明なリードの言語"),
    "Settings.timezone": _both(
        "for sources and schedules that state none", "取込元・スケジュールに指定がない場合の値"
    ),
    "Settings.holidays": _both(
        "calendars of the schedules: countries (`jp`, `us`, `de-by`) and names of calendars.csv; "
        "the country's when missing",
        "スケジュールのカレンダー: 国 (`jp`、`us`、`de-by`) と calendars.csv の名前。"
        "なければ `country` の祝日",
    ),
    "Settings.country": _both("for sources that state none", "取込元に指定がない場合の値"),
    "Settings.redirect_all_to": _both(
        "every mail goes to this one address instead", "全メールをこの宛先だけに送信 (試験用)"
    ),
    "Settings.fields": _both(
        "custom fields with their types: text, number, boolean, time",
        "独自項目とその型 (text、number、boolean、time)",
    ),
    "Settings.sources": _both("how the rows of each source are read", "取込元ごとの行の読み方"),
    **{f"SourceSettings.{name}": words for name, words in _OF_A_TABLE.items()},
    **{f"MappingShape.{name}": words for name, words in _OF_A_TABLE.items()},
    "MappingShape.columns": _both(
        'header to field; `""` keeps the column as a raw attribute',
        '見出しと項目の対応。`""` は項目に入れず元の値のまま残す',
    ),
    "Settings.backfill_threshold": _both(
        "an import with more new leads than this stops without `--backfill` or `--yes`",
        "新規リードがこれを超える取り込みは、`--backfill` か `--yes` がなければ中止",
    ),
    "Settings.inboxes": _both(
        "folders elsewhere from which files are taken in, as from `inbox/`",
        "`inbox/` のほかにファイルを取り込むフォルダ",
    ),
    "InboxShape.url": _both(
        "of the folder, by any protocol that fsspec knows; passwords and keys come from the "
        "environment",
        "フォルダの URL (fsspec が対応するもの)。パスワードやキーは環境変数で指定",
    ),
    "InboxShape.source": _both(
        "whose files lie there; otherwise the name of the sub-folder, or of the file",
        "取込元。省略時はサブフォルダ名、なければファイル名",
    ),
    "InboxShape.backfill": _both(
        "whether the new leads of these files are held back, as with `--backfill`",
        "このフォルダの新規リードを保留するか (`--backfill` と同じ)",
    ),
    "ConsentDefault.basis": _both("basis of the consent", "配信の根拠"),
    "ConsentDefault.wording": _both("kept as evidence", "証跡として保存する文言"),
    "ConsentDefault.version": _both("of the wording; quote it", "文言の版 (引用符で囲む)"),
    "SourceSettings.mapping": _both(
        "header to lead field, where the header is not known",
        "見出しとリード項目の対応 (自動で判別できない列のみ)",
    ),
    "Settings.routing": _both("beside the territories", "テリトリー以外の振り分け設定"),
    "RoutingSettings.fallback_queue": _both(
        "where leads wait that no rep may take", "担当が決まらないリードの待機先"
    ),
    "RoutingSettings.response_within": _both(
        "working time in which a rep answers", "担当の対応期限 (勤務時間で計算)"
    ),
    "Settings.notification": _both("how reps are told", "担当への通知方法"),
    "NotificationSettings.bundle_above": _both(
        "more new leads than this at once come in one mail",
        "同時の新規リードがこの件数を超えると1通にまとめる",
    ),
    "NotificationSettings.bundle_at_most": _both("leads in one such mail", "1通にまとめる上限件数"),
    "Settings.prefect": _both(
        "where Prefect runs the flows; `leadline deploy` applies it",
        "Prefect がフローを実行する場所。`leadline deploy` で反映",
    ),
    "PrefectSettings.work_pool": _both(
        "the work pool whose workers run the flows; without it `leadline up` runs them. A pool "
        "whose name begins with `leadline` is made when it is missing; any other must be there "
        "and is never changed",
        "フローを実行するワーカーのワークプール名。なければ `leadline up` が実行。`leadline` で"
        "始まるプールはなければ作成、それ以外は既存のものを変更せずに使用",
    ),
    "PrefectSettings.work_pool_limit": _both(
        "runs at once in a work pool whose name begins with `leadline`; when it is not given, the "
        "pool's own limit stays as it is",
        "`leadline` で始まるワークプールの同時実行数。省略時はプールの上限を変更しない",
    ),
    "Sending.window": _both("hours in which mail may go", "送信時間帯"),
    "WindowShape.days": _both("in the lead's zone", "曜日 (リードの現地)"),
    "WindowShape.opens": _both("local time", "開始時刻 (リードの現地)"),
    "WindowShape.closes": _both("local time", "終了時刻 (リードの現地)"),
    "Sending.touches_per_day": _both("at most, per lead", "1リードあたり1日の上限"),
    "Sending.max_lateness": _both(
        "a step later than this is not sent", "これ以上遅れたステップは送信しない"
    ),
    "Sending.give_up_after": _both("how long a deferred mail is tried again", "再送を試みる期間"),
    **SCORING_MEANINGS,
    "SequenceShape.title": _both("for people", "表示名"),
    "SequenceShape.entry": _both("condition: who is enrolled", "登録の条件"),
    "SequenceShape.exit": _both("condition: who leaves early", "途中で離脱する条件"),
    "SequenceShape.priority": _both(
        "the lowest number wins when several entries match",
        "複数の条件に合う場合は数字の小さいものを優先",
    ),
    "SequenceShape.window": _both(
        "in place of that of sending.yaml", "sending.yaml の送信時間帯に代わる値"
    ),
    "SequenceShape.max_lateness": _both(
        "in place of that of sending.yaml", "sending.yaml の値に代わる値"
    ),
    "SequenceShape.steps": _both("in their order", "ステップ (順番どおり)"),
    "StepShape.id": _both("recorded with every touch", "接触とともに記録する ID"),
    "StepShape.wait": _both(
        "after the step before; for the first, from the start",
        "前のステップから (最初は開始から) の待ち時間",
    ),
    "StepShape.mail": _both(
        "folder below templates/nurture/<sequence>/", "templates/nurture/<シナリオ>/ のフォルダ"
    ),
    **FORM_MEANINGS,
    "ScheduleShape.when": _both(
        "words; see below. A flow with nothing else to say may have its words beside its name",
        "言葉 (下の一覧)。他の指定がなければフロー名の右に直接書ける",
    ),
    "ScheduleShape.cron": _both(
        "instead of words: minute hour day month weekday; weekdays by name",
        "言葉の代わり: 分 時 日 月 曜日 (曜日は名前で)",
    ),
    "ScheduleShape.timezone": _both(
        "where the words end with none; else that of settings.yaml",
        "言葉の末尾にない場合のタイムゾーン。なければ settings.yaml の値",
    ),
    "ScheduleShape.paused": _both("true stops it", "true で停止"),
    "ScheduleShape.catch_up": _both(
        "a time that was missed: `once` (one run however late, the default), `never`, or "
        "`within 4h` (one run if no later than that)",
        "実行できなかった時刻: `once` (遅れても1回、既定)、`never` (実行しない)、"
        "`within 4h` (その時間内なら1回)",
    ),
    "ScheduleShape.holidays": _both(
        "calendars instead of those of settings.yaml", "settings.yaml の代わりに使うカレンダー"
    ),
}

COLUMN_MEANINGS: Final[dict[str, Words]] = {
    "rep_id": _both("unique; recorded with every decision", "重複しない ID。判断の記録に使用"),
    "name": _both("as leads and colleagues read it", "表示名"),
    "email": _both("where leads are announced", "通知先"),
    "manager_id": _both("another rep's id; information only", "別の担当者の ID (参考情報)"),
    "team": _both("territories name teams", "テリトリーの振り分け先"),
    "territories": _both(
        "rule ids, several with `;`; a rule that nobody of the team names is the whole team's",
        "ルール ID (複数は `;` 区切り)。誰も指定しないルールはチーム全員が対象",
    ),
    "languages": _both(
        "the first of `en` and `ja` is that of the rep's mail",
        "`en`・`ja` のうち最初のものが通知の言語",
    ),
    "skills": _both("information only", "参考情報"),
    "weekly_capacity": _both(
        "new leads per local week, a hard limit", "現地の1週間の新規リード数の上限"
    ),
    "working_days": _both("such as Mon-Fri", "月-金 など"),
    "working_hours": _both(
        "such as 09:00-18:00; the deadline counts in these hours",
        "09:00-18:00 など。対応期限はこの時間で計算",
    ),
    "time_zone": _both("such as Asia/Tokyo", "Asia/Tokyo など"),
    "days_off": _both(
        "YYYY-MM-DD, several with `;`; no new leads on these days",
        "YYYY-MM-DD (複数は `;` 区切り)。この日は新しいリードを割り当てない",
    ),
    "active": _both("true or false; empty is true", "有効・無効 (空欄は有効)"),
    "line_id": _both("unique; recorded with every decision", "重複しない ID。判断の記録に使用"),
    "rule_id": _both(
        "the territory; several lines may make one", "テリトリーの ID。複数行で1つにできる"
    ),
    "priority": _both("the lowest number wins", "数字の小さい行を優先"),
    "country": _both("two letters, such as JP", "国コード (JP など)"),
    "region": _both("full name, such as California", "正式名称 (東京都 など)"),
    "postal_prefix": _both("first signs of the postal code; text", "郵便番号の先頭 (文字列)"),
    "industry": _both("as the lead states it", "リードの業種の表記"),
    "employees_min": _both(
        "compared with the lower bound of the lead's size", "リードの従業員数の下限と比較"
    ),
    "employees_max": _both(
        "compared with the lower bound of the lead's size", "リードの従業員数の下限と比較"
    ),
    "calendars.calendar": _both(
        "name for `holidays`; `company`, say", "`holidays` に書く名前 (company など)"
    ),
    "calendars.from": _both(
        "first day: `2026-12-29`, or `12-29` in every year",
        "初日: `2026-12-29`、毎年なら `12-29`",
    ),
    "calendars.to": _both(
        "last day; empty for a single day. A yearly range may go over the end of the year",
        "最終日。1日だけなら空欄。毎年の期間は年をまたげる",
    ),
    "calendars.name": _both(
        "why it is closed; shown with skipped runs", "休む理由。実行しない時に表示"
    ),
}

TABLE_MEANINGS: Final[dict[str, str]] = {
    "import_runs": "One pass over one file, with what was found out about it and its counts.",
    "import_changes": (
        "What one import changed on leads that were there before it: each field before and after."
    ),
    "submissions": "Every raw arrival, word for word; the raw text lives here once.",
    "leads": "Canonical fields, points, grade and owner; `*_due_at` says what a lead waits for.",
    "lead_keys": "Keyed hashes under which a lead is found again; the first lead keeps a key.",
    "consents": "Evidence of permission or refusal; rows are only ever added.",
    "suppressions": "Standing bans by keyed hash of the address; a lifted one counts no more.",
    "suppression_lists": "Each list of bans that was taken in, or the word that there is none.",
    "proofs": "Proofs of work that were spent, until they would have expired.",
    "events": (
        "What people did, as it was observed, with the judgment of who did it; nothing is dropped."
    ),
    "visitors": "Whose visits an anonymous id stands for, once a click or a form has told.",
    "link_targets": "Where the links of mails lead, each once; a trap is the link nobody sees.",
    "config_versions": "Every configuration that was ever live, with its files.",
    "rule_sets": "Every set of scoring rules that ever scored, kept to explain scores.",
    "scores": (
        "The present score of each lead in each model: one bit per rule, the set of rules, and the "
        "sums of events that decay."
    ),
    "score_changes": "The scores from before, written when rules, events, grade or level change.",
    "stage_changes": (
        "Lifecycle stages that leads entered by themselves, with what they had reached."
    ),
    "reps": "The reps as last configured; one who left stays, inactive.",
    "assignments": "Who was given a lead, or why it waits; `trace` keeps the reasons.",
    "sequence_versions": "Every version of a sequence that somebody entered: steps and templates.",
    "enrollments": "One lead in one sequence version, with its position and next due time.",
    "touches": (
        "One step of one enrollment: planned as mail, on a basis of consent, or skipped with the "
        "reason."
    ),
    "outbox": "Every mail, to a lead, a rep or the admin, before, while and after it is sent.",
    "delivery_events": "What became of each attempt, in the server's words; rows are only added.",
    "stage_batches": "What each batch of each stage did, in counts.",
    "schedules": "What each schedule says, and since when; what was due before was not missed.",
    "due_times": "Each due time of a flow that a clock took: once, whichever clock came first.",
}

#: Ways to say a schedule: in English, in Japanese, and what they mean.
SCHEDULE_WORDS: Final[tuple[tuple[str, str, Words], ...]] = (
    (
        "every minute",
        "毎分",
        _both("every minute, day and night", "終日、毎分"),
    ),
    (
        "every 15 min, Mon-Fri 08-20",
        "15分ごと 月-金 8時-20時",
        _both(
            "from 08:00 to 20:00, both included; any pace below a day, counted from the start of "
            "the window on each day",
            "8:00 から 20:00 まで (両端を含む)。間隔は24時間未満で、毎日、時間帯の始まりから数える",
        ),
    ),
    ("hourly at :15", "毎時15分", _both("a quarter past every hour", "毎時15分")),
    (
        "daily at 9:00 and 17:30",
        "毎日 9:00、17時30分",
        _both("times: 9:00, 9am, noon", "時刻は 9:00、9時、午前9時半、正午 など"),
    ),
    ("weekly Mon 09:00", "毎週月曜 9:00", _both("every Monday", "毎週月曜")),
    ("Mon, Thu 09:00", "月・木 9:00", _both("on these weekdays", "指定の曜日")),
    (
        "weekdays 09:00",
        "月-金 9:00",
        _both("Monday to Friday, holidays too", "月曜〜金曜 (祝日も含む)"),
    ),
    (
        "business days 09:00",
        "営業日 9:00",
        _both(
            "Monday to Friday without the holidays of the calendars; 平日 means the same",
            "月曜〜金曜から休日を除く。「平日」も同じ意味",
        ),
    ),
    (
        "daily 09:00 except holidays",
        "毎日 9:00 祝日を除く",
        _both("not on days of the calendars", "カレンダーの休日を除く"),
    ),
    (
        "first business day of the month 09:00",
        "毎月第1営業日 9:00",
        _both("also 3rd, last; of April", "第3・最終、4月の第1営業日 なども可"),
    ),
    (
        "1st and 3rd Monday of the month 09:00",
        "毎月第1・第3月曜 9:00",
        _both("also last", "最終月曜 も可"),
    ),
    (
        "day 1 and 15 of the month 06:00",
        "毎月1日・15日 6:00",
        _both("a day that a month lacks is left out", "その日がない月は実行しない"),
    ),
    ("last day of the month 18:00", "毎月末日 18:00", _both("28th to 31st", "月の最終日")),
    ("29 February 09:00", "毎年2月29日 9:00", _both("once a year", "年1回 (存在する年のみ)")),
    (
        "daily 09:00 Asia/Tokyo",
        "毎日 9:00 Asia/Tokyo",
        _both(
            "a time zone may end any of these. A time that the clocks skip runs when they have "
            "jumped (02:30 as 03:30); one that comes twice runs once; a pace around the clock "
            "goes on",
            "末尾にタイムゾーンを書ける。夏時間で飛ばされる時刻は直後 (2:30 なら 3:30) に実行。"
            "2回ある時刻は1回だけ実行。終日の間隔はそのまま続く",
        ),
    ),
)
