"""What the commands that look at things say: leads, explain, mailbox, status, doctor."""

from __future__ import annotations

from typing import Final

REPORTS: Final[dict[str, tuple[str, str]]] = {
    "leads.id": ("id", "ID"),
    "leads.company": ("company", "会社名"),
    "leads.name": ("name", "氏名"),
    "leads.grade": ("grade", "グレード"),
    "leads.score": ("score", "スコア"),
    "leads.owner": ("owner", "担当"),
    "leads.lifecycle_stage": ("lifecycle stage", "ライフサイクルステージ"),
    "leads.field": ("field", "項目"),
    "leads.value": ("value", "値"),
    "leads.more": (
        "The first {count} leads are shown; --limit 0 shows all.",
        "最初の {count} 件を表示しています。--limit 0 ですべて表示します。",
    ),
    "leads.none": ("No lead matches.", "該当するリードはありません。"),
    "leads.submissions": (
        "Made of {count} submission(s), the oldest first:",
        "取込データ {count} 件 (古い順):",
    ),
    "leads.submission.id": ("id", "ID"),
    "leads.submission.source": ("source", "取込元"),
    "leads.submission.line": ("line", "行"),
    "leads.submission.received_at": ("received", "受信日時"),
    "leads.submission.outcome": ("became", "結果"),
    "leads.next": (
        "Why this score, owner and mail: leadline explain {lead}",
        "スコア・担当・メールの理由: leadline explain {lead}",
    ),
    "export.done": (
        "{count} leads written to {file}.",
        "{count} 件のリードを {file} に書き出しました。",
    ),
    "export.altered": (
        (
            "{count} cell(s) could not be written as they are in this form ({encoding}): missing "
            "characters became 〓, texts over 32,767 characters were cut. utf-8-sig and jsonl keep "
            "everything."
        ),
        (
            "{count} 個のセルはこの形式 ({encoding}) ではそのまま書き出せませんでした。文字コード"
            "にない文字は 〓 に置き換え、32,767字を超える文字列は切り詰めました。utf-8-sig や "
            "jsonl ならすべて保持されます。"
        ),
    ),
    "explain.lead": ("Lead {lead}", "リード {lead}"),
    "explain.points": ("points", "点"),
    "explain.rule": ("rule", "ルール"),
    "explain.text": ("reason", "理由"),
    "explain.condition": ("condition", "条件"),
    "explain.assignment": (
        "Owner {rep} ({state}): {reason}",
        "担当 {rep} ({state}): {reason}",
    ),
    "explain.queue": (
        "No owner, waits in the queue {queue}: {reason}",
        "担当未定、キュー {queue} で待機中: {reason}",
    ),
    "explain.no_assignment": (
        "Not routed yet: `leadline run routing` does it.",
        "まだ振り分けていません。`leadline run routing` を実行してください。",
    ),
    "explain.rep": ("candidate", "候補"),
    "explain.load": ("leads before", "割当前の件数"),
    "explain.capacity": ("capacity a week", "週あたりの対応可能件数"),
    "explain.passed_over": ("", ""),
    "explain.declined": ("has declined", "辞退済み"),
    "explain.away": ("away", "不在"),
    "explain.at_capacity": ("at capacity", "上限到達"),
    "explain.no_enrollment": (
        "In no sequence: enrollment has not looked at this lead yet (`leadline run enrollment`).",
        "シナリオの登録判定がまだです (`leadline run enrollment`)。",
    ),
    "explain.not_enrolled": ("In no sequence: {reason}", "シナリオ未登録: {reason}"),
    "explain.acknowledgment": (
        "Answer to a form: {state}{why}",
        "フォームの自動返信: {state}{why}",
    ),
    "explain.confirmation": (
        "Mail that asks to confirm the consent: {state}{why}",
        "同意の確認メール: {state}{why}",
    ),
    "explain.active": (
        "Sequence {sequence}: next step {next_step}, due {next_due_at}{why}",
        "シナリオ {sequence}: 次のステップ {next_step}、予定 {next_due_at}{why}",
    ),
    "explain.held": (
        "Sequence {sequence} is held before step {next_step}: {text}",
        "シナリオ {sequence} はステップ {next_step} の前で保留中: {text}",
    ),
    "explain.ended": (
        "Sequence {sequence} has ended: {ending}",
        "シナリオ {sequence} は終了: {ending}",
    ),
    "state.offered": ("offered", "回答待ち"),
    "state.accepted": ("accepted", "承諾済み"),
    "state.declined": ("declined", "辞退済み"),
    "state.reassigned": ("given to another rep", "別の担当に変更済み"),
    "state.planned": ("planned", "予定"),
    "state.queued": ("waits to be sent", "送信待ち"),
    "state.leased": ("taken for sending", "送信準備中"),
    "state.sending": ("being sent", "送信中"),
    "state.sent": ("sent", "送信済み"),
    "state.deferred": ("waits for another attempt", "再送待ち"),
    "state.bounced": ("bounced: no such address", "不達 (宛先なし)"),
    "state.failed": ("failed", "失敗"),
    "state.unknown": ("outcome unknown", "結果不明"),
    "state.skipped": ("not sent", "送信見送り"),
    "state.expired": ("too late", "期限切れ"),
    "ending.completed": ("all steps are done", "全ステップ完了"),
    "ending.goal_reached": ("goal reached", "目標達成"),
    "ending.replied": ("replied", "返信あり"),
    "ending.unsubscribed": ("unsubscribed", "配信停止"),
    "ending.suppressed": ("address is suppressed", "配信停止リストに該当"),
    "ending.no_consent": ("no consent that counts", "有効な同意なし"),
    "ending.bounced": ("mail bounced", "メール不達"),
    "ending.manual": ("ended by a person", "手動で終了"),
    "explain.touch.sequence": ("sequence", "シナリオ"),
    "explain.touch.step": ("step", "ステップ"),
    "explain.touch.state": ("state", "状態"),
    "explain.touch.text": ("reason", "理由"),
    "explain.touch.at": ("decided", "判定日時"),
    "explain.touch.sent_at": ("sent", "送信日時"),
    "mailbox.at": ("date", "日時"),
    "mailbox.to": ("to", "宛先"),
    "mailbox.subject": ("subject", "件名"),
    "mailbox.empty": (
        (
            "The built-in mailbox {folder} is empty. `leadline run` fills it, unless "
            "LEADLINE_SMTP_URL names a server."
        ),
        (
            "内蔵メールボックス {folder} は空です。`leadline run` で届きます(LEADLINE_SMTP_URL に"
            "サーバーを指定した場合を除く)。"
        ),
    ),
    "mailbox.count": (
        "{count} messages in {folder}; the newest {shown} are shown. None was sent outside.",
        "{folder} に {count} 通(新しい {shown} 通を表示)。外部には送信されていません。",
    ),
    "mailbox.opened": ("Opened {path} in the browser.", "{path} をブラウザで開きました。"),
    "mailbox.no_desktop": (
        "There is no desktop here to open it on; the newest message's page is {path}.",
        "開けるデスクトップがありません。最新メッセージのHTMLは {path} にあります。",
    ),
    "mailbox.no_html": (
        "The newest message has no HTML part; the message is {path}.",
        "最新メッセージにHTML本文はありません。メッセージは {path} です。",
    ),
    "status.what": ("what", "項目"),
    "status.count": ("count", "件数"),
    "status.command": ("command", "コマンド"),
    "status.hint": ("what it does", "対処"),
    "status.due": ("due now", "処理待ち"),
    "status.due.fix": ("runs the pipeline", "パイプラインを実行"),
    "status.queued": ("messages queued", "送信待ちメッセージ"),
    "status.queued.fix": ("sends those that are due", "予定時刻になったものを送信"),
    "status.leased": ("messages being sent", "送信処理中"),
    "status.leased.fix": (
        "takes over what a dead process left",
        "停止したプロセスの分を引き継ぐ",
    ),
    "status.unknown": ("messages of unknown outcome", "結果不明のメッセージ"),
    "status.unknown.fix": (
        "shows one; compare with the relay's log (never sent again by itself)",
        "内容を確認し、リレーのログと照合 (自動では再送しません)",
    ),
    "status.failed": ("messages given up", "送信を断念したメッセージ"),
    "status.failed.fix": ("checks relay and login", "リレーとログインを点検"),
    "status.held": ("held by a template error", "テンプレートの誤りで保留"),
    "status.held.fix": (
        "names the template, line and variable",
        "該当テンプレートの行と変数を表示",
    ),
    "status.quarantined": ("rows in quarantine", "受付できなかった行"),
    "status.quarantined.fix": (
        "takes mended rows in; reasons in the quarantine folder",
        "修正した行を取り込む (理由は quarantine フォルダ)",
    ),
    "status.quarantined_posts.fix": (
        "says why; leadline submissions replay judges again (file rows: quarantine folder)",
        "理由を表示。再判定は leadline submissions replay (ファイルの行は quarantine フォルダ)",
    ),
    "status.unassigned": ("leads without an owner", "担当未定のリード"),
    "status.unassigned.fix": (
        "after mending territories or reps in config/",
        "config/ のテリトリー・担当を直してから実行",
    ),
    "status.sla_breached": ("offers not answered in time", "期限内に回答のない割当"),
    "status.sla_breached.fix": ("shows owner and deadline of one", "担当と期限を確認"),
    "status.awaiting_approval": ("waiting for approval", "承認待ち"),
    "status.awaiting_approval.fix": ("", ""),
    "status.oldest": ("The oldest has waited {wait}.", "最長の待ち時間: {wait}"),
    "clocks.flow": ("schedule", "スケジュール"),
    "clocks.words": ("when", "実行タイミング"),
    "clocks.next": ("next", "次回"),
    "clocks.last": ("last", "前回"),
    "clocks.never": ("never", "なし"),
    "clocks.paused": ("paused", "停止中"),
    "clocks.not_yet": ("not yet", "未実行"),
    "clocks.late": ("{late} late", "{late}遅れ"),
    "clocks.missed": ("for {count} missed before", "未実行{count}回分を含む"),
    "clocks.ending.completed": ("done", "完了"),
    "clocks.ending.idle": ("nothing was due", "対象なし"),
    "clocks.ending.attention": ("needs a person", "要対応"),
    "clocks.ending.failed": ("failed", "失敗"),
    "clocks.ending.crashed": ("crashed", "異常終了"),
    "clocks.ending.cancelled": ("cancelled", "取消"),
    "clocks.ending.stopped": ("stopped, goes on", "途中で停止 (続きから再開)"),
    "clocks.ending.timedout": ("ran out of time", "時間切れ"),
    "clocks.ending.running": ("running", "実行中"),
    "clocks.ending.skipped": ("not made up, too late", "遅延のため実行せず"),
    "clocks.overdue": (
        (
            "Due and run by no clock: {flows}. Start `leadline up` (or `leadline up "
            "--no-prefect`), or the work pool's worker; then look here again."
        ),
        (
            "実行されていないスケジュール: {flows}。`leadline up` (または `leadline up "
            "--no-prefect`)、あるいはワークプールのワーカーを起動してから再確認してください。"
        ),
    ),
    "status.nothing_waits": ("No work is due.", "処理待ちはありません。"),
}

DOCTOR: Final[dict[str, tuple[str, str]]] = {
    "doctor.ok": ("ok  ", "正常"),
    "doctor.bad": ("FAIL", "異常"),
    "doctor.line": ("{mark}  {name}: {message}", "{mark}  {name}: {message}"),
    "doctor.fix": ("      -> {fix}", "      → {fix}"),
    "doctor.well": ("All is well.", "すべて正常です。"),
    "doctor.failed": ("{count} check(s) failed.", "{count} 項目に異常があります。"),
    "doctor.asking_prefect": (
        "Starting Prefect's server app once (about 20 seconds; --quick leaves it out) ...",
        "Prefect サーバーアプリの起動を確認しています (約20秒。--quick で省略できます) ...",
    ),
    "doctor.python.ok": ("Python {version}", "Python {version}"),
    "doctor.python.bad": ("Python {version} is not supported", "Python {version} は対象外です"),
    "doctor.python.bad.fix": (
        "Install Python 3.11, 3.12 or 3.13 and run `make setup` again.",
        "Python 3.11〜3.13 をインストールし、`make setup` をやり直してください。",
    ),
    "doctor.packages.ok": ("{packages}", "{packages}"),
    "doctor.packages.bad": (
        "missing or of another version than leadline was built with: {packages}",
        "不足しているか、対応していない版のパッケージがあります: {packages}",
    ),
    "doctor.packages.bad.fix": (
        "Run `make setup`: it installs exactly what the lock names.",
        "`make setup` を実行してください(ロックファイルの版を入れ直します)。",
    ),
    "doctor.clock.ok": ("{now}", "{now}"),
    "doctor.clock.bad": ("the clock says {now}", "時計が {now} を示しています"),
    "doctor.clock.bad.fix": (
        "Set the computer's clock (NTP); deadlines and deliveries follow it.",
        "コンピュータの時計を合わせてください(NTP)。期限と配信は時計に従います。",
    ),
    "doctor.project.ok": ("project folder {home}", "プロジェクトフォルダ {home}"),
    "doctor.configuration.ok": ("valid (hash {hash})", "有効です (ハッシュ {hash})"),
    "doctor.configuration.bad": (
        "{count} error(s); the first: {first}",
        "エラー {count} 件。最初のエラー: {first}",
    ),
    "doctor.configuration.bad.fix": (
        "Run `leadline check`: it lists all of them with their places.",
        "`leadline check` で全件と場所を確認してください。",
    ),
    "doctor.secrets.ok": ("keys and pepper are there", "鍵とペッパーがあります"),
    "doctor.webhooks.ok": (
        "{count} source(s) take posts of tools, each with its secret",
        "{count} 件の取込元がツールからの送信を受け付けます (秘密の値は設定済み)",
    ),
    "doctor.webhooks.bad": (
        "the webhook {source} takes nothing yet: {variable} is not set",
        "webhook {source} はまだ受け付けません。{variable} が未設定です",
    ),
    "doctor.webhooks.bad.fix": (
        "set it to the secret that the tool shows or asks for, or write it into secrets.env",
        "ツールの秘密の値を環境変数または secrets.env に指定してください",
    ),
    "doctor.database.ok": ("{where}, schema {found}", "{where} (スキーマ {found})"),
    "doctor.database.absent": (
        "{where} is not there yet; the first import makes it",
        "{where} はまだありません(最初の取込で作成されます)",
    ),
    "doctor.database.bad": (
        "{where} has schema {found}, this program needs {needed}",
        "{where} のスキーマは {found}、必要なのは {needed} です",
    ),
    "doctor.database.bad.fix": (
        "Run `leadline migrate`; it makes a backup first.",
        "`leadline migrate` を実行してください(先にバックアップを作成します)。",
    ),
    "doctor.schedules.ok": ("the clocks run all schedules", "全スケジュールが実行されています"),
    "doctor.schedules.none": ("no clock has run a schedule yet", "スケジュールはまだ未実行です"),
    "doctor.schedules.bad": ("no clock runs: {flows}", "実行されていません: {flows}"),
    "doctor.schedules.bad.fix": (
        "start `leadline up` (or `leadline up --no-prefect`), or the work pool's worker",
        (
            "`leadline up` (または `leadline up --no-prefect`)、あるいはワークプールのワーカーを"
            "起動してください"
        ),
    ),
    "doctor.last_run.ok": ("a stage last worked at {at}", "最後の処理: {at}"),
    "doctor.last_run.never": ("no stage has run yet", "まだ処理は実行されていません"),
    "doctor.smtp.ok": ("{relay} lets us in (nothing was sent)", "{relay} に接続できます(送信なし)"),
    "doctor.smtp.mailbox": (
        "built-in mailbox {folder}; nothing is sent outside",
        "内蔵メールボックス {folder} (外部には送信されません)",
    ),
    "doctor.tls.ok": ("{relay}: tls={tls}", "{relay}: tls={tls}"),
    "doctor.tls.bad": (
        "{relay} is another computer and tls=none sends everything in clear",
        "{relay} は外部のサーバーですが、tls=none のため暗号化されません",
    ),
    "doctor.tls.bad.fix": (
        "Write tls=starttls or tls=required in LEADLINE_SMTP_URL.",
        "LEADLINE_SMTP_URL に tls=starttls か tls=required を指定してください。",
    ),
    "doctor.base_url.ok": ("{url}", "{url}"),
    "doctor.base_url.bad": (
        (
            "mail leaves this computer, but {url} is on loopback: nurture mail is refused, because "
            "nobody could open its unsubscribe link"
        ),
        (
            "メールは外部に送信されますが、{url} はこのコンピュータ内のアドレスです。配信停止リンク"
            "を開けないため、シナリオメールは送信されません"
        ),
    ),
    "doctor.base_url.bad.fix": (
        "Set LEADLINE_BASE_URL to the public address of the web app.",
        "LEADLINE_BASE_URL にWebアプリの公開アドレスを設定してください。",
    ),
    "doctor.inbox.ok": (
        "{folder} can be listed, {count} file(s) lie there",
        "{folder} を参照できます (ファイル {count} 件)",
    ),
    "doctor.disk.ok": ("{free} free in {folder}", "{folder} の空き {free}"),
    "doctor.disk.bad": ("only {free} free in {folder}", "{folder} の空きが {free} しかありません"),
    "doctor.disk.bad.fix": (
        "Make room, or set LEADLINE_STATE to a folder on a larger disk.",
        "空きを確保するか、LEADLINE_STATE を大きなディスク上のフォルダに変更してください。",
    ),
    "doctor.web_port.ok": ("port {port} is free", "ポート {port} は空いています"),
    "doctor.web_port.ours": (
        "the web app answers on port {port}",
        "Webアプリがポート {port} で応答しています",
    ),
    "doctor.web_port.bad": (
        "port {port} is in use by another program",
        "ポート {port} は他のプログラムが使用中です",
    ),
    "doctor.web_port.bad.fix": (
        "Stop that program, or start with another port: `leadline up --port N`.",
        "そのプログラムを停止するか、`leadline up --port N` で別のポートを使ってください。",
    ),
    "doctor.prefect_bind.ok": ("Prefect's server is for {host}", "Prefect サーバーの待受: {host}"),
    "doctor.prefect_bind.bad": (
        "PREFECT_SERVER_API_HOST={host} opens Prefect's server to the network without a password",
        (
            "PREFECT_SERVER_API_HOST={host} では、Prefect サーバーがパスワードなしでネットワークに"
            "公開されます"
        ),
    ),
    "doctor.prefect_bind.bad.fix": (
        "Leave it on 127.0.0.1, or set PREFECT_SERVER_API_AUTH_STRING.",
        "127.0.0.1 のままにするか、PREFECT_SERVER_API_AUTH_STRING を設定してください。",
    ),
    "doctor.prefect.ok": (
        "the server app starts {version}",
        "サーバーアプリを起動できます {version}",
    ),
    "doctor.prefect.bad": (
        "the server app cannot be started: {why}",
        "サーバーアプリを起動できません: {why}",
    ),
    "doctor.prefect.bad.fix": (
        (
            "Run `make setup`; FastAPI must be 0.139 (newer ones break Prefect's server). Until "
            "then `leadline run` works without Prefect."
        ),
        (
            "`make setup` を実行してください。FastAPI は 0.139 が必要です(新しい版では Prefect "
            "サーバーが動きません)。それまでは Prefect なしの `leadline run` が使えます。"
        ),
    ),
}
