"""What the web app says to people when it does not do what was asked, in English and Japanese."""

from __future__ import annotations

from typing import Final

Words = dict[str, str]

#: Refusals by code: a title and a sentence that says what to do, per language.
REFUSALS: Final[dict[str, dict[str, tuple[str, str]]]] = {
    "not_found": {
        "en": (
            "This page does not exist",
            (
                "The address is incomplete or the link no longer works. "
                "Please open the link again, as a whole, from where you found it."
            ),
        ),
        "ja": (
            "ページが見つかりません",
            (
                "アドレスが不完全か、リンクが無効になっています。"
                "お手数ですが、元のリンクをもう一度開いてください。"
            ),
        ),
    },
    "method_not_allowed": {
        "en": ("This cannot be done here", "Please go back and use the button on the page."),
        "ja": (
            "この操作はできません",
            "前のページに戻り、ページ上のボタンから操作してください。",
        ),
    },
    "compressed": {
        "en": (
            "This cannot be read",
            "What was sent is compressed (Content-Encoding). Send it as it is.",
        ),
        "ja": (
            "送信内容を読み取れません",
            "本文が圧縮されています (Content-Encoding)。圧縮せずに送信してください。",
        ),
    },
    "too_large": {
        "en": (
            "Too long",
            "What was sent is larger than 256 KB. Please shorten it and send it again.",
        ),
        "ja": ("データが大きすぎます", "256KBを超えています。短くしてから再度送信してください。"),
    },
    "batch_too_large": {
        "en": (
            "Too long",
            "What was sent is larger than 4 MB. Please send it in several posts.",
        ),
        "ja": ("データが大きすぎます", "4MBを超えています。複数回に分けて送信してください。"),
    },
    "too_slow": {
        "en": ("Not received in time", "The transfer took too long. Please send it again."),
        "ja": ("受信できませんでした", "送信に時間がかかりすぎました。もう一度送信してください。"),
    },
    "bad_request": {
        "en": (
            "This cannot be read",
            "What was sent is not a form that we understand. Please go back and send it again.",
        ),
        "ja": (
            "送信内容を読み取れません",
            "フォームとして解釈できない内容です。前のページに戻り、もう一度送信してください。",
        ),
    },
    "unsupported_type": {
        "en": (
            "This cannot be read",
            (
                "A form is sent as application/x-www-form-urlencoded, multipart/form-data or "
                "application/json."
            ),
        ),
        "ja": (
            "送信形式に対応していません",
            (
                "application/x-www-form-urlencoded、multipart/form-data、application/json "
                "のいずれかで送信してください。"
            ),
        ),
    },
    "foreign_origin": {
        "en": (
            "This page may not send to this form",
            (
                "The web site that the form stands on is not among the form's origins. "
                "Nothing was stored. Please tell the owner of the web site."
            ),
        ),
        "ja": (
            "このページからは送信できません",
            (
                "フォームを設置したサイトが、送信元 (origins) として登録されていません。"
                "何も保存していません。サイトの管理者にお知らせください。"
            ),
        ),
    },
    "foreign_site": {
        "en": (
            "This web site may not send page views",
            ("It is not among the origins of page_script in settings.yaml. Nothing was stored."),
        ),
        "ja": (
            "このサイトからは送信できません",
            (
                "settings.yaml の page_script の origins に登録されていないサイトです。"
                "何も保存していません。"
            ),
        ),
    },
    "foreign_return_url": {
        "en": (
            "This form leads elsewhere",
            (
                "Its return_url is not among the form's return_urls. Nothing was stored. "
                "Please tell the owner of the web site."
            ),
        ),
        "ja": (
            "移動先が登録されていません",
            (
                "return_url が、フォームの return_urls に登録されていません。"
                "何も保存していません。サイトの管理者にお知らせください。"
            ),
        ),
    },
    "key_reused": {
        "en": (
            "Already sent with other content",
            (
                "Something else was sent from this page before, and it was received. "
                "To send more, please open the form anew."
            ),
        ),
        "ja": (
            "別の内容で送信済みです",
            (
                "このページからは、すでに別の内容を受け付けています。"
                "追加で送信される場合は、フォームを開き直してください。"
            ),
        ),
    },
    "proof_spent": {
        "en": (
            "Already sent",
            (
                "The check of this page was used for another message. Nothing more was stored. "
                "To send more, please open the form anew."
            ),
        ),
        "ja": (
            "すでに送信済みです",
            (
                "このページの自動確認は、別の送信で使用済みです。今回の内容は保存していません。"
                "追加で送信される場合は、フォームを開き直してください。"
            ),
        ),
    },
    "too_many_posts": {
        "en": (
            "Too many messages at once",
            (
                "Many messages have come from your network within a minute, so this one was not "
                "stored. Please go back and send it again in a minute."
            ),
        ),
        "ja": (
            "送信が集中しています",
            (
                "ご利用のネットワークから短時間に多数の送信があったため、今回の内容は保存して"
                "いません。お手数ですが、前のページに戻り、1分ほど後にもう一度送信してください。"
            ),
        ),
    },
    "store_unavailable": {
        "en": (
            "Please try again in a minute",
            (
                "It cannot be stored right now, and nothing was stored. "
                "Please go back and send it again in a minute."
            ),
        ),
        "ja": (
            "しばらくしてからお試しください",
            (
                "現在、保存できない状態のため、受け付けておりません。"
                "お手数ですが、前のページに戻り、1分ほど後にもう一度送信してください。"
            ),
        ),
    },
    "asset_gone": {
        "en": (
            "The document is not here right now",
            (
                "Your link is right, but we cannot find the document. "
                "Please reply to the email that the link came with, and we will send it to you."
            ),
        ),
        "ja": (
            "資料が見つかりません",
            (
                "リンクは有効ですが、資料のファイルを読み込めませんでした。"
                "恐れ入りますが、リンクを記載したメールにご返信ください。あらためてお送りいたします。"
            ),
        ),
    },
    "not_authentic": {
        "en": (
            "Not from the tool that was expected",
            (
                "The signature or the key is missing, wrong or too old. Nothing was stored. "
                "Compare the secret on both sides."
            ),
        ),
        "ja": (
            "送信元を確認できません",
            (
                "署名またはキーがないか、誤っているか、古くなっています。何も保存していません。"
                "双方の秘密の値を確認してください。"
            ),
        ),
    },
    "not_verified": {
        "en": (
            "Not verified",
            "The verify token is not the one that was set here. Nothing was changed.",
        ),
        "ja": (
            "確認できません",
            "確認用トークンが、こちらの設定と一致しません。何も変更していません。",
        ),
    },
    "not_json": {
        "en": (
            "This cannot be read",
            "Events are sent as application/json, or as application/x-ndjson, one on each line.",
        ),
        "ja": (
            "送信形式に対応していません",
            "行動履歴は application/json か、1行1件の application/x-ndjson で送信してください。",
        ),
    },
    "no_events": {
        "en": (
            "No events found",
            (
                "The body is not JSON, holds no list of events, or more than 5,000. Send "
                '{"events": [...]}, a list or one object. Nothing was stored.'
            ),
        ),
        "ja": (
            "行動履歴がありません",
            (
                "本文が JSON でないか、行動履歴のリストがないか、5,000件を超えています。"
                '{"events": [...]}、リスト、または1件のオブジェクトを送信してください。'
                "何も保存していません。"
            ),
        ),
    },
    "webhook_not_ready": {
        "en": (
            "Not ready yet",
            "The secret of this source is not set here yet. Nothing was stored; send it again.",
        ),
        "ja": (
            "まだ準備ができていません",
            "この取込元の秘密の値が未設定です。何も保存していません。後ほど再送してください。",
        ),
    },
    "reason_missing": {
        "en": ("Please choose a reason", "Please go back and choose a reason for declining."),
        "ja": ("理由を選択してください", "前のページに戻り、辞退の理由を選択してください。"),
    },
    "failed": {
        "en": (
            "Something went wrong",
            "It could not be done. Please go back and try again in a minute.",
        ),
        "ja": (
            "エラーが発生しました",
            "処理できませんでした。前のページに戻り、しばらくしてからもう一度お試しください。",
        ),
    },
}

#: What is wrong with one field, by code; `{limit}` and `{length}` are counts of characters.
FIELD_FAULTS: Final[dict[str, Words]] = {
    "required": {"en": "This is required.", "ja": "必須項目です。"},
    "too_long": {
        "en": "Please shorten this to {limit} characters (now {length}).",
        "ja": "{limit}文字以内で入力してください(現在{length}文字)。",
    },
    "invalid_email": {
        "en": "Please enter one email address, such as name@example.com.",
        "ja": "メールアドレスを1件、name@example.jp の形で入力してください。",
    },
    "unsendable_email": {
        "en": "We cannot send mail to this address. Please enter one with plain letters before "
        "the @.",
        "ja": "このアドレスにはメールをお送りできません。@ の前が半角英数字のアドレスを入力して"
        "ください。",
    },
    "unknown_choice": {
        "en": "Please choose from the list.",
        "ja": "選択肢の中からお選びください。",
    },
    "one_choice": {"en": "Please choose one only.", "ja": "1つだけお選びください。"},
    "not_a_number": {
        "en": "Please enter a number, such as 120.",
        "ja": "数値を入力してください(例: 120)。",
    },
    "not_a_url": {
        "en": "Please enter a web address that begins with http:// or https://.",
        "ja": "http:// または https:// で始まるURLを入力してください。",
    },
    "not_text": {
        "en": "This holds something that is not text.",
        "ja": "文字として扱えない内容が含まれています。",
    },
}

#: Pages that stand in when a template fails, after the work itself is done.
DONE: Final[dict[str, dict[str, tuple[str, str]]]] = {
    "thanks": {
        "en": ("Thank you", "We have received what you sent."),
        "ja": ("送信を受け付けました", "ご送信いただき、ありがとうございます。"),
    },
    "confirmed": {
        "en": ("Thank you for confirming", "Your consent is recorded."),
        "ja": ("ご確認ありがとうございます", "メール配信への同意を承りました。"),
    },
    "unsubscribed": {
        "en": ("You are unsubscribed", "We send no more marketing email to this address."),
        "ja": (
            "配信を停止しました",
            "今後、このメールアドレスへご案内メールはお送りいたしません。",
        ),
    },
}
