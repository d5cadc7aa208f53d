"""Everything that commands say, in English and Japanese: one catalog of sentences by key.

A sentence names its facts in braces; `say` fills them in. The texts of `--help` stand in
`leadline.cli.help_wording`, the texts of errors with the errors themselves.
"""

from __future__ import annotations

from typing import Final

_GENERAL: Final[dict[str, tuple[str, str]]] = {
    "error": ("Error: {message}", "エラー: {message}"),
    "did_you_mean": (" Did you mean `{word}`?", "`{word}` のことですか? "),
    "unforeseen": (
        (
            "This was not foreseen: {kind} at {place}. What was not finished is not recorded and "
            "can be run again. The full traceback, which may hold personal data, is in {path} for "
            "your eyes only; report type and place."
        ),
        (
            "想定外のエラーです: {kind} ({place})。完了していない処理は記録されておらず、再実行でき"
            "ます。詳細なトレースバック(個人情報を含むことがあります)は本人だけが読める {path} に"
            "保存しました。種類と場所を添えて報告してください。"
        ),
    ),
    "unforeseen_unkept": (
        (
            "This was not foreseen: {kind} at {place}. What was not finished is not recorded and "
            "can be run again. The traceback could not be kept ({why}); report type and place."
        ),
        (
            "想定外のエラーです: {kind} ({place})。完了していない処理は記録されておらず、再実行でき"
            "ます。トレースバックは保存できませんでした ({why})。種類と場所を"
            "添えて報告してください。"
        ),
    ),
    "help.usage": ("Usage: {line}", "使い方: {line}"),
    "help.arguments": ("Arguments", "引数"),
    "help.options": ("Options", "オプション"),
    "help.commands": ("Commands", "コマンド"),
    "help.exit_codes": (
        "Exit codes: 0 done, 1 error, 2 done with differences to look at.",
        "終了コード: 0 完了、1 エラー、2 完了(確認が必要な差異あり)。",
    ),
    "reason.deferred": (
        "the relay could not take it now; tried again later",
        "リレーが一時的に受け付けず、後で再送",
    ),
    "reason.unreadable": (
        "the row could not be read (a fault of leadline; please report it)",
        "行を処理できませんでした (leadline の不具合です。ご報告ください)",
    ),
}

_REFUSALS: Final[dict[str, tuple[str, str]]] = {
    "refused.aborted": ("Stopped. Nothing was changed.", "中止しました。何も変更していません。"),
    "refused.disk_full": (
        (
            "{file} cannot be written: the disk is full. What was recorded before is safe. Make "
            "room, then run the command again."
        ),
        (
            "{file} に書き込めません: ディスクに空きがありません。それ以前の記録は保たれています。"
            "空きを確保して再実行してください。"
        ),
    ),
    "refused.file_unusable": (
        (
            "{file} cannot be used: {why}. Check the path and its permissions, then run the "
            "command again."
        ),
        "{file} を利用できません: {why}。パスと権限を確認して、もう一度実行してください。",
    ),
    "refused.unknown_command": (
        "`{command}` has no command `{word}`.{near} `{command} --help` lists them all.",
        (
            "`{command}` に `{word}` というコマンドはありません。{near}"
            "`{command} --help` で一覧を表示します。"
        ),
    ),
    "refused.command_missing": (
        "Which command? `{command} --help` lists them all.",
        "コマンドを指定してください。`{command} --help` で一覧を表示します。",
    ),
    "refused.unknown_option": (
        "`{command}` has no option {word}.{near} `{command} --help` lists them all.",
        (
            "`{command}` に {word} というオプションはありません。{near}"
            "`{command} --help` で一覧を表示します。"
        ),
    ),
    "refused.option_value": (
        (
            "The option {option} was given without its value, or with one that it does not take. "
            "`{command} --help` shows how it is written."
        ),
        (
            "オプション {option} の値がないか、値を取らないオプションです。"
            "`{command} --help` で書き方を確認してください。"
        ),
    ),
    "refused.missing": (
        "{what} is missing. `{command} --help` shows what to give.",
        "{what} を指定してください。`{command} --help` で書き方を確認できます。",
    ),
    "refused.bad_value": (
        "The value of {what} cannot be used. `{command} --help` shows what it takes.",
        "{what} の値が正しくありません。`{command} --help` で指定できる値を確認してください。",
    ),
    "refused.run_number": (
        (
            "{option} takes the number of an import, such as {option} 3. `leadline import --list` "
            "shows the numbers."
        ),
        (
            "{option} には取込番号を指定してください (例: {option} 3)。番号は "
            "`leadline import --list` で確認できます。"
        ),
    ),
    "refused.release_number": (
        "To release the leads of import {run}, write: leadline release --import {run}",
        "取込 {run} のリードの保留を解除するには: leadline release --import {run}",
    ),
    "refused.too_many_words": (
        (
            "`{command}` does not take so many words: {words}. Quote a text with spaces; "
            "`{command} --help` shows what it takes."
        ),
        (
            "`{command}` の引数が多すぎます: {words}。空白を含む値は引用符で囲んでください"
            "(`{command} --help` で確認できます)。"
        ),
    ),
    "refused.bad_choice": (
        "{option} {word!r} is none of: {choices}.",
        "{option} に {word!r} は指定できません。次から選んでください: {choices}",
    ),
    "refused.unknown_stage": (
        "There is no stage `{word}`.{near} The stages are: {known}. Nothing was run.",
        "`{word}` という処理段階はありません。{near}使える段階: {known}。何も実行していません。",
    ),
    "refused.unknown_aspect": (
        "`{word}` cannot be explained.{near} Name one of: {known}, or none for all.",
        (
            "`{word}` という説明の対象はありません。{near}次のいずれかを指定するか、省略すると"
            "すべて表示します: {known}"
        ),
    ),
    "refused.bad_time": (
        (
            "--now {word!r} is no time. Write ISO 8601 with an offset, such as "
            "2026-11-24T09:00:00+09:00. Nothing was run."
        ),
        (
            "--now の {word!r} は日時ではありません。2026-11-24T09:00:00+09:00 のように、"
            "時差つきの ISO 8601 で書いてください。何も実行していません。"
        ),
    ),
    "refused.bare_date": (
        (
            "--now {word} is a date without a time, so nobody knows which instant is meant. Write "
            "{date}T09:00:00+09:00, or {date}T09:00:00Z for UTC. Nothing was run."
        ),
        (
            "--now の {word} は日付だけで、時刻を特定できません。{date}T09:00:00+09:00 または"
            "(UTCなら) {date}T09:00:00Z のように、時刻と時差も書いてください。何も実行していま"
            "せん。"
        ),
    ),
    "refused.naive_time": (
        (
            "--now {word} has no offset, so nobody knows which instant is meant. Write "
            "{word}+09:00, or {word}Z for UTC. Nothing was run."
        ),
        (
            "--now の {word} には時差がなく、時刻を特定できません。{word}+09:00 または"
            "(UTCなら) {word}Z のように書いてください。何も実行していません。"
        ),
    ),
    "refused.bad_condition": (
        (
            "--where cannot be used (line:column and what is wrong):\n{listing}\n"
            "Mend the condition and run the command again."
        ),
        (
            "--where の条件に誤りがあります (行:列 と内容):\n{listing}\n"
            "条件を修正して、もう一度実行してください。"
        ),
    ),
    "refused.no_lead": (
        "There is no lead {word}. `leadline leads list` shows ids.",
        "ID {word} のリードはありません。`leadline leads list` でIDを確認できます。",
    ),
    "refused.no_lead_with_address": (
        "No lead has the address {word}. `leadline leads list` shows whom there is.",
        "アドレス {word} のリードはありません。`leadline leads list` で確認できます。",
    ),
    "refused.workbook_on_terminal": (
        "A workbook cannot be shown on a terminal. Name a file: --out leads.xlsx",
        "Excelブックは端末に表示できません。--out leads.xlsx のようにファイルを指定してください。",
    ),
    "refused.out_is_folder": (
        "{file} is a folder. Name a file in it: --out {file}/leads.csv",
        "{file} はフォルダです。--out {file}/leads.csv のようにファイルを指定してください。",
    ),
    "refused.out_is_input": (
        "--out names the file that is read; nothing was written. Name another, e.g. {other}",
        (
            "--out に読み取り元のファイルが指定されています。何も書き込んでいません。"
            "{other} のように別のファイルを指定してください。"
        ),
    ),
    "refused.port_in_use": (
        (
            "Port {port} on {host} is in use by another program. Stop that program, or take "
            "another port: --port {other}"
        ),
        (
            "{host} のポート {port} は他のプログラムが使用中です。そのプログラムを停止するか、"
            "--port {other} のように別のポートを指定してください。"
        ),
    ),
    "refused.port_unusable": (
        (
            "{host}:{port} cannot be listened on: {why}. Name an address of this computer with "
            "--host, and a port above 1023 with --port."
        ),
        (
            "{host}:{port} で待ち受けできません: {why}。--host にこのコンピュータのアドレス、"
            "--port に1024以上のポートを指定してください。"
        ),
    ),
    "refused.no_port": (
        "{port} is no port: write a number from 1 to 65535.",
        "{port} はポート番号ではありません。1〜65535の数で指定してください。",
    ),
}

_PROJECT: Final[dict[str, tuple[str, str]]] = {
    "init.made": (
        "Project folder {home}: {count} files written. Nothing that was there was changed.",
        (
            "プロジェクトフォルダ {home} に {count} 個のファイルを作成しました"
            "(既存のファイルは変更していません)。"
        ),
    ),
    "init.complete": (
        "Project folder {home} is complete already; nothing was written.",
        "プロジェクトフォルダ {home} は作成済みです。何も書き込んでいません。",
    ),
    "init.secrets": (
        "The keys are in {file}, for you alone. Keep a backup of that file.",
        "鍵は {file} に保存しました(本人だけが読めます)。必ずバックアップしてください。",
    ),
    "init.next": (
        "Next: cd {home}, edit config/settings.yaml, then `leadline check`.",
        "次の手順: cd {home} → config/settings.yaml を編集 → `leadline check`",
    ),
    "init.next_demo": (
        (
            "Next: cd {home}, then `leadline import --yes inbox/*.csv` and `leadline run`. No mail "
            "leaves this computer: `leadline mailbox` shows what would be sent."
        ),
        (
            "次の手順: cd {home} → `leadline import --yes inbox/*.csv` → `leadline run`。メールは"
            "外部に送信されません(`leadline mailbox` で内容を確認できます)。"
        ),
    ),
    "migrate.current": (
        "The database {where} has schema {revision} already. Nothing to do.",
        "データベース {where} のスキーマは {revision} で最新です。作業は不要です。",
    ),
    "migrate.plan": (
        (
            "The database {where} would be brought to schema {revision}: {steps}. Nothing was "
            "changed; `leadline migrate` does it."
        ),
        (
            "データベース {where} をスキーマ {revision} に更新する予定です: {steps}。まだ何も変更し"
            "ていません。`leadline migrate` で実行します。"
        ),
    ),
    "migrate.backup": (
        "Backup of the database: {file}. Delete it when all is well.",
        "データベースのバックアップを作成しました: {file}。問題がなければ削除してください。",
    ),
    "migrate.no_backup": (
        "{where} is on a server: no backup is made here (pg_dump makes one).",
        (
            "{where} はサーバー上にあるため、ここではバックアップを作成しません(pg_dump をご利用"
            "ください)。"
        ),
    ),
    "migrate.done": (
        "The database {where} has schema {revision} now.",
        "データベース {where} のスキーマを {revision} に更新しました。",
    ),
    "check.errors": ("{count} error(s):", "エラー {count} 件:"),
    "check.warnings": ("{count} warning(s):", "警告 {count} 件:"),
    "check.schedule": (
        "{flow}: {words}\n    {meaning} ({zone}); {catch_up}\n    next: {times}",
        "{flow}: {words}\n    {meaning} ({zone})。{catch_up}\n    次回: {times}",
    ),
    "check.schedule_paused": (
        "{flow}: {words} (paused)\n    {meaning} ({zone}); {catch_up}\n    would run: {times}",
        "{flow}: {words} (停止中)\n    {meaning} ({zone})。{catch_up}\n    再開後の予定: {times}",
    ),
    "check.catch_up_once": (
        "a missed time is made up once",
        "実行できなかった分は後で1回実行",
    ),
    "check.catch_up_never": (
        "a missed time is not made up",
        "実行できなかった分は実行しない",
    ),
    "check.catch_up_within": (
        "a missed time is made up once within {within}",
        "実行できなかった分は {within} 以内なら1回実行",
    ),
    "check.sound": (
        "The configuration in {home} can go live (hash {hash}).",
        "{home} の設定は有効です (ハッシュ {hash})。",
    ),
    "check.no_public_url": (
        (
            "mail leaves this computer, but LEADLINE_BASE_URL is on loopback: nobody could open "
            "the unsubscribe link, so nurture mail is refused. Set LEADLINE_BASE_URL to the public "
            "address of the web app."
        ),
        (
            "メールは外部に送信されますが、LEADLINE_BASE_URL がこのコンピュータ内のアドレスのため"
            "配信停止リンクを開けません。シナリオメールは送信されません。公開アドレスを"
            "LEADLINE_BASE_URL に設定してください。"
        ),
    ),
}

_PIPELINE: Final[dict[str, tuple[str, str]]] = {
    "run.running": ("Running stages", "実行中"),
    "run.stage": ("stage", "処理段階"),
    "run.claimed": ("in", "対象"),
    "run.done": ("done", "完了"),
    "run.skipped": ("skipped", "見送り"),
    "run.failed": ("failed", "要確認"),
    "run.seconds": ("seconds", "秒"),
    "run.reason": ("  {stage}: {count} skipped: {reason}", "  {stage}: {count} 件見送り: {reason}"),
    "run.finished": (
        "Done. `leadline status` shows what waits.",
        "完了しました。待機中のものは `leadline status` で確認できます。",
    ),
    "run.held": (
        "{count} row(s) need a person: `leadline status` says what to do.",
        "{count} 件は確認が必要です。`leadline status` で対処を確認してください。",
    ),
    "stage.intake": ("intake", "intake 受付"),
    "stage.scoring": ("scoring", "scoring スコアリング"),
    "stage.routing": ("routing", "routing 振り分け"),
    "stage.notification": ("notification", "notification 担当通知"),
    "stage.enrollment": ("enrollment", "enrollment シナリオ登録"),
    "stage.touches": ("touches", "touches メール作成"),
    "stage.delivery": ("delivery", "delivery 送信"),
    "serve.started": (
        "The web app answers at {url}; Ctrl-C stops it.",
        "Webアプリを {url} で起動しました。Ctrl-C で停止します。",
    ),
    "serve.stopped": ("The web app has stopped.", "Webアプリを停止しました。"),
}


def _catalog() -> dict[str, tuple[str, str]]:
    from leadline.cli.consent_wording import CONSENTS, SUBMISSIONS, SUPPRESS
    from leadline.cli.deploy_wording import DEPLOY
    from leadline.cli.event_wording import EVENTS
    from leadline.cli.import_wording import IMPORT
    from leadline.cli.inspect_wording import INSPECT
    from leadline.cli.person_wording import PERSON
    from leadline.cli.receipt_wording import RECEIPTS
    from leadline.cli.release_wording import RELEASE, UNDO
    from leadline.cli.report_wording import DOCTOR, REPORTS
    from leadline.cli.segment_wording import SEGMENTS
    from leadline.cli.simulate_wording import SIMULATE

    own = {**_GENERAL, **_REFUSALS, **_PROJECT, **_PIPELINE}
    own |= {**CONSENTS, **SUBMISSIONS, **SUPPRESS}
    own |= {**RECEIPTS, **EVENTS}
    ours = {**own, **DEPLOY, **IMPORT, **INSPECT, **PERSON, **RELEASE, **REPORTS, **DOCTOR}
    return {**ours, **UNDO, **SEGMENTS, **SIMULATE}


CATALOG: Final = _catalog()


def say(key: str, lang: str, **facts: object) -> str:
    """Return the sentence `key` in `lang` ("en" or "ja"), filled with its facts."""
    return CATALOG[key][lang == "ja"].format(**facts)


def find(key: str, lang: str) -> str | None:
    """Return the sentence `key`, None when there is none."""
    return CATALOG[key][lang == "ja"] if key in CATALOG else None
