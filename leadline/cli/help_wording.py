"""The texts of `--help`, by command and by `command.parameter`; a first line stands alone."""

from __future__ import annotations

from typing import Final

from leadline.cli.segment_wording import SEGMENT_COMMANDS, SEGMENT_PARAMETERS
from leadline.cli.simulate_wording import SIMULATE_COMMANDS, SIMULATE_PARAMETERS

Words = dict[str, dict[str, str]]


def _both(texts: dict[str, tuple[str, str]]) -> Words:
    return {key: {"en": en, "ja": ja} for key, (en, ja) in texts.items()}


COMMANDS: Final[Words] = _both(
    {
        "": (
            (
                "Turns arriving leads into assigned, nurtured, measured sales work.\n\n"
                "First steps: leadline init DIR --demo, then leadline import and leadline run."
            ),
            (
                "届いたリードを、割り当て・育成・計測できる営業活動に変えます。\n\n"
                "はじめに: leadline init DIR --demo → leadline import → leadline run"
            ),
        ),
        "init": (
            "Makes a project folder with commented configuration, templates and keys.",
            "設定(コメント付き)・テンプレート・鍵を含むプロジェクトフォルダを作成します。",
        ),
        "check": (
            (
                "Finds every fault of configuration and templates, without a database.\n\n"
                "Shows also when each schedule runs next."
            ),
            (
                "設定とテンプレートの誤りをすべて検出します(データベース不要)。\n\n"
                "各スケジュールの次回実行時刻も表示します。"
            ),
        ),
        "doctor": (
            "Checks versions, database, mail, ports, disk and Prefect; sends nothing.",
            "版・データベース・メール・ポート・ディスク・Prefect を点検します(送信なし)。",
        ),
        "migrate": (
            "Brings the database to this program's schema, after a backup.",
            "データベースをこのプログラムのスキーマに更新します(先にバックアップを作成)。",
        ),
        "import": (
            (
                "Takes lead files in: every row becomes a submission, then a lead or a reject.\n\n"
                "The same file again changes nothing. Refused rows come back in a quarantine file "
                "that can be mended and imported. More new leads than backfill_threshold (200) "
                "need --backfill or --yes."
            ),
            (
                "リードのファイルを取り込みます。各行を保存してから、リードか不備かを判定します。\n\n"
                "同じファイルを再度取り込んでも何も変わりません。不備の行は隔離ファイルに出力し、"
                "直して取り込み直せます。新規が backfill_threshold (200件) を超えるときは "
                "--backfill または --yes が必要です。"
            ),
        ),
        "release": (
            (
                "Lets leads go that a backfill holds: they are routed, and may be enrolled.\n\n"
                "Shows first how many and to whom, and does it after a yes or with --yes."
            ),
            (
                "バックフィルで保留中のリードを解除し、振り分けとシナリオ登録の対象にします。\n\n"
                "先に件数と割当先を表示し、確認後(または --yes 指定時)に実行します。"
            ),
        ),
        "suppress": (
            (
                "Bans addresses from mail: those named, those of a list, or says there is none.\n\n"
                "The list is any table with a column of addresses, or one address on each line. "
                "The same list again changes nothing."
            ),
            (
                "アドレスを配信停止にします(個別の指定、リスト、またはリストがないことの確認)。\n\n"
                "リストはアドレスの列がある表か、1行に1件のテキストです。同じリストを再度指定しても"
                "何も変わりません。"
            ),
        ),
        "files": (
            "Looks into table files, without a project.",
            "表形式のファイルを調べます(プロジェクト不要)。",
        ),
        "files inspect": (
            (
                "Shows what the reader makes of any table file, without mapping or store.\n\n"
                "Encoding, delimiter, header, and every record that cannot be read with its line."
            ),
            (
                "表形式のファイルをどう読み取るかを表示します(項目の対応づけ・保存はしません)。\n\n"
                "文字コード・区切り・見出しと、読み取れない行を行番号つきで示します。"
            ),
        ),
        "run": (
            (
                "Runs the pipeline, or named stages, in this process and without Prefect.\n\n"
                "Stages: intake scoring routing notification enrollment touches delivery."
            ),
            (
                "パイプライン(または指定した処理段階)を、Prefect なしで実行します。\n\n"
                "処理段階: intake scoring routing notification enrollment touches delivery"
            ),
        ),
        "deploy": (
            (
                "Applies schedules, deployments and automations to Prefect; shows what changes.\n\n"
                "Nothing that is not leadline's is touched. The server is that of PREFECT_API_URL, "
                "else the one that `leadline up` runs."
            ),
            (
                "スケジュール・デプロイメント・オートメーションを Prefect に反映し、変更点を表示"
                "します。\n\nleadline 以外のものには触れません。対象は PREFECT_API_URL のサーバー"
                "、なければ `leadline up` のサーバーです。"
            ),
        ),
        "up": (
            "Runs everything for one machine: Prefect's server, the schedules, the web app.",
            "1台で必要なものをすべて起動します(Prefect サーバー・スケジュール・Webアプリ)。",
        ),
        "serve": (
            "Serves the web app alone: forms, unsubscribe, the reps' pages.",
            "Webアプリだけを起動します(フォーム・配信停止・担当者ページ)。",
        ),
        "leads": ("Shows and exports leads.", "リードの表示と書き出しを行います。"),
        "leads list": (
            "Lists leads, all or those that match a condition.",
            "リードを一覧表示します(条件で絞り込めます)。",
        ),
        "leads show": (
            "Shows one lead with the submissions that it was made of.",
            "1件のリードを、元になった取込データとともに表示します。",
        ),
        "leads export": (
            (
                "Writes leads as CSV, workbook or JSON lines, to a file or standard output.\n\n"
                "In CSV a text that a spreadsheet would run as a formula gets an apostrophe "
                "before it."
            ),
            (
                "リードを CSV・Excel・JSON Lines で書き出します(ファイルまたは標準出力)。\n\n"
                "CSV では、数式と解釈される文字列の先頭にアポストロフィを付けます。"
            ),
        ),
        **SEGMENT_COMMANDS,
        "export-person": (
            (
                "Writes all that is held of one person as JSON: an access request.\n\n"
                "Leads, arrivals word for word, consents, scores with their reasons, mails."
            ),
            (
                "本人からの開示請求に応じ、保有するすべての情報を JSON で書き出します。\n\n"
                "リード・受付データの原文・同意・スコアと理由・メールを含みます。"
            ),
        ),
        "forget": (
            (
                "Erases a person everywhere: an erasure request; it cannot be taken back.\n\n"
                "Database, quarantine files and mailbox. A keyed hash of the address stays, so "
                "that no import brings the person back. Files of yours that name the address are "
                "listed (exit code 2)."
            ),
            (
                "本人からの消去請求に応じ、情報をすべて消去します(取り消しはできません)。\n\n"
                "対象はデータベース・隔離ファイル・メールボックスです。再取り込みを防ぐため、"
                "アドレスの鍵付きハッシュだけを残します。アドレスの記載があるお手元のファイルは"
                "一覧で示します(終了コード2)。"
            ),
        ),
        "events": (
            "Shows what leads did, and tells people from programs.",
            "リードの行動履歴を表示し、人と機械を判別します。",
        ),
        "events classify": (
            (
                "Tells which events of a file are people's, and why, without a store.\n\n"
                "Bursts of mail scanners, hidden links, prefetching and hits within seconds after "
                "a sending are held for a program's."
            ),
            (
                "ファイル内の行動履歴を人と機械に判別し、理由を表示します(データベース不要)。\n\n"
                "メール検査の連続アクセス、隠しリンク、先読み、送信直後のアクセスなどを機械の疑いと"
                "します。"
            ),
        ),
        "events list": (
            "Lists what a lead did, the newest first, and who is held to have done it.",
            "リードの行動履歴を新しい順に、判定結果とともに表示します。",
        ),
        "consents": (
            "Shows what a lead agreed to and refused, and whether it may be mailed now.",
            "リードの同意・拒否の証跡と、現在メールを送ってよいかを表示します。",
        ),
        "submissions": (
            "Shows held form posts and webhooks, and judges them again.",
            "保留中のフォーム送信・Webhook の表示と再判定を行います。",
        ),
        "submissions list": (
            "Lists what is held and why, without what it says.",
            "保留中のものを理由とともに一覧表示します(内容は表示しません)。",
        ),
        "submissions show": (
            "Shows one submission with what arrived.",
            "1件を受信した内容とともに表示します。",
        ),
        "submissions replay": (
            (
                "Lets intake judge submissions in quarantine again, by the present "
                "configuration.\n\n"
                "Without ids those that a changed configuration can mend. Suspicious ones go only "
                "by id, or by --reason with that suspicion."
            ),
            (
                "隔離中のものを、現在の設定で受付に再判定させます。\n\n"
                "番号を省略すると、設定変更で直る可能性のあるものが対象です。疑いのあるものは、番号か、"
                "その疑いを --reason で指定したときだけ対象になります。"
            ),
        ),
        "explain": (
            "Says why a lead has its score, its owner and its mails, as recorded.",
            "スコア・担当・メールの理由を、記録されたとおりに表示します。",
        ),
        **SIMULATE_COMMANDS,
        "mailbox": (
            "Lists what the built-in mailbox holds; it sends nothing outside.",
            "内蔵メールボックスの内容を一覧表示します(外部には送信されません)。",
        ),
        "status": (
            "Shows what waits and what needs a person, each with the command that mends it.",
            "待機中のものと確認が必要なものを、対処コマンドとともに表示します。",
        ),
    }
)

PARAMETERS: Final[Words] = _both(
    {
        "--json": (
            "one JSON document on standard output; everything else goes to standard error",
            "標準出力に JSON を1つだけ出力(その他は標準エラー出力)",
        ),
        "--lang": (
            "language of the output; otherwise LEADLINE_LANG or the locale",
            "出力の言語(省略時は LEADLINE_LANG またはロケール)",
        ),
        "--help": ("show this help", "このヘルプを表示"),
        ".show_version": ("show the version", "バージョンを表示"),
        "init.folder": ("the folder; it is made when it is not there", "フォルダ(なければ作成)"),
        "init.demo": (
            "with sample reps, territories and two lead files",
            "サンプルの担当・テリトリーとリードファイル2つを含める",
        ),
        "doctor.quick": (
            "leave out starting Prefect's server app",
            "Prefect サーバーアプリの起動確認を省略",
        ),
        "migrate.dry_run": (
            "show what would be done; exit code 2 when there is something to do",
            "変更せずに予定だけを表示(作業があれば終了コード2)",
        ),
        "import.files": (
            "CSV, TSV, Excel and the like, in any usual encoding",
            "CSV・TSV・Excel などのファイル(文字コードは自動判別)",
        ),
        "import.kind": (
            "what the rows are: leads, or events (what people did)",
            "行の種類: leads (リード) または events (行動履歴)",
        ),
        "events classify.file": (
            "a file of events with event, occurred_at, email or anonymous_id, url, ip, user_agent",
            "行動履歴のファイル (event・occurred_at・email または anonymous_id・url・ip など)",
        ),
        "events list.lead": ("id or mail address", "ID またはメールアドレス"),
        "import.source": (
            "name of the source in the configuration; otherwise the file's name",
            "設定上の取込元の名前(省略時はファイル名)",
        ),
        "import.mapping": (
            "a mapping file, in place of config/mappings/NAME.yaml",
            "config/mappings/名前.yaml の代わりに使う対応ファイル",
        ),
        "import.is_backfill": (
            "store, match and score old leads, keep their owners, and tell nobody",
            "過去のリードとして保存・名寄せ・スコアのみ(担当者は維持、通知・配信なし)",
        ),
        "import.is_agreed": (
            "go on with however many new leads there are",
            "新規リードの件数にかかわらず続行",
        ),
        "import.is_dry": (
            "show mapping, counts and what would follow; store nothing",
            "列の対応・件数・その後の動きを表示するだけ(保存しない)",
        ),
        "import.undone": (
            "take back what an import created and changed, as far as nothing depends on it",
            "指定した取込の作成・変更を取り消す(後続に影響しない範囲)",
        ),
        "import.is_list": ("list the imports", "取込の一覧を表示"),
        "files inspect.file": (
            "a CSV, TSV or other delimited file in any usual encoding, or an Excel workbook",
            "CSV・TSV などのファイル(文字コードは自動判別)または Excel ブック",
        ),
        "files inspect.target": (
            "write the records that can be read there, as CSV in UTF-8 with commas",
            "読み取れたレコードを CSV (UTF-8、カンマ区切り) で書き出すファイル",
        ),
        "run.stages": ("stages to run; all when none is named", "実行する処理段階(省略時はすべて)"),
        "run.once": ("one batch per stage", "各段階を1バッチだけ実行"),
        "run.now": (
            "the instant that `due` is measured against, with its offset",
            "処理対象を判定する時刻(時差つきの ISO 8601)",
        ),
        "release.import_run": (
            "the import whose leads to release; `leadline import --list` shows the runs",
            "解除する取込番号(`leadline import --list` で確認)",
        ),
        "release.where": (
            "only those that match a condition over lead fields, such as \"grade = 'A'\"",
            "条件に合うリードだけを解除。例: \"grade = 'A'\"",
        ),
        "release.is_agreed": ("do it without asking", "確認せずに実行"),
        "suppress.addresses": ("addresses to ban", "停止するアドレス"),
        "suppress.file": (
            "what the old tool knew: CSV, TSV, Excel or plain text, in any usual encoding",
            "以前のツールの配信停止リスト(CSV・TSV・Excel・テキスト、文字コードは自動判別)",
        ),
        "suppress.scope": (
            "marketing: no marketing mail; global: no mail at all to the address",
            "marketing: シナリオメールのみ停止、global: そのアドレスへの全メールを停止",
        ),
        "suppress.cause": (
            (
                "unsubscribe, complaint, hard_bounce, customer, competitor or manual; the first "
                "two are recorded as refusals"
            ),
            (
                "unsubscribe・complaint・hard_bounce・customer・competitor・manual のいずれか"
                "(前の2つは本人の拒否として記録)"
            ),
        ),
        "suppress.is_dry": (
            "count what would be done; change nothing",
            "件数を確認するだけ(変更しない)",
        ),
        "suppress.is_whole": (
            "ban every row, also of a list with a column that tells rows apart",
            "行ごとに値が異なる列があっても、すべての行を登録",
        ),
        "suppress.is_none": (
            "confirm that there is no list to take over",
            "引き継ぐリストがないことを記録",
        ),
        "deploy.dry_run": (
            "show what would be changed; exit code 2 when there is something",
            "変更せずに差分だけを表示(差分があれば終了コード2)",
        ),
        "deploy.remove": (
            "delete from Prefect all that is leadline's",
            "Prefect から leadline のものをすべて削除",
        ),
        "up.host": ("address to listen on", "待ち受けるアドレス"),
        "up.port": ("port of the web app", "Webアプリのポート"),
        "up.prefect_port": ("port of Prefect's server", "Prefect サーバーのポート"),
        "up.no_prefect": (
            "run the schedules in this program, without Prefect",
            "Prefect を使わず、このプログラムでスケジュールを実行",
        ),
        "serve.host": ("address to listen on", "待ち受けるアドレス"),
        "serve.port": ("port of the web app", "Webアプリのポート"),
        "leads list.where": (
            "a condition over lead fields, such as \"grade = 'A' AND owner IS NULL\"",
            "項目に対する条件。例: \"grade = 'A' AND owner IS NULL\"",
        ),
        "leads list.limit": (
            "at most so many; 0 is all",
            "最大件数(0 はすべて)",
        ),
        "leads show.lead": ("id or mail address", "ID またはメールアドレス"),
        "leads export.where": (
            "a condition over lead fields, such as \"country = 'JP'\"",
            "項目に対する条件。例: \"country = 'JP'\"",
        ),
        "leads export.form": ("form of the file; csv when not given", "形式(省略時は csv)"),
        "leads export.encoding": (
            "of CSV; utf-8-sig when not given, which Excel opens",
            "CSV の文字コード(省略時は Excel で開ける utf-8-sig)",
        ),
        "leads export.target": (
            "the file; otherwise standard output",
            "出力ファイル(省略時は標準出力)",
        ),
        "export-person.address": (
            "the person's mail address; - reads it from standard input",
            "本人のメールアドレス(- で標準入力から読み取り)",
        ),
        "export-person.target": (
            "the file; otherwise standard output",
            "出力ファイル(省略時は標準出力)",
        ),
        "forget.address": (
            "the person's mail address; - reads it from standard input",
            "本人のメールアドレス(- で標準入力から読み取り)",
        ),
        "forget.is_agreed": ("do it without asking", "確認せずに実行"),
        "forget.dry_run": (
            "only count what there is",
            "消去せずに件数だけを表示",
        ),
        "consents.lead": ("id or mail address", "ID またはメールアドレス"),
        "submissions list.state": (
            "quarantined, waiting or new; the first two when not given",
            "quarantined・waiting・new のいずれか(省略時は前の2つ)",
        ),
        "submissions list.reason": ("only those held for this reason", "この理由のものだけ"),
        "submissions list.source": ("only those of this source", "この取込元のものだけ"),
        "submissions list.limit": ("at most so many; 0 is all", "最大件数(0 はすべて)"),
        "submissions show.number": ("id, as the list shows it", "一覧に表示される番号"),
        "submissions replay.numbers": (
            "ids, as the list shows them; suspicious ones too",
            "一覧に表示される番号(疑いのあるものも可)",
        ),
        "submissions replay.source": ("only those of this source", "この取込元のものだけ"),
        "submissions replay.reason": (
            "only those held for this reason or suspicion",
            "この理由または疑いのものだけ",
        ),
        "submissions replay.is_all": (
            "also those whose reason no configuration mends",
            "設定変更では直らない理由のものも含める",
        ),
        "explain.lead": ("id or mail address", "ID またはメールアドレス"),
        "explain.aspect": ("one of the three; otherwise all", "いずれか1つ(省略時はすべて)"),
        "explain.model": ("the score of this model", "このモデルのスコアを説明"),
        "explain.as_of": (
            "the score as it was then, such as 2026-11-20T09:00+09:00",
            "この日時のスコアを説明 (例 2026-11-20T09:00+09:00)",
        ),
        **SEGMENT_PARAMETERS,
        **SIMULATE_PARAMETERS,
        "mailbox.is_opened": (
            "open the newest message in a browser",
            "最新のメッセージをブラウザで開く",
        ),
    }
)
