"""What each configuration key of a webhook means, in English and Japanese."""

from __future__ import annotations

from typing import Final

from deployments.reference_form_words import Words
from deployments.reference_form_words import both as _both

_OF_CHOICES: Final[dict[str, Words]] = {
    "each": _both("JMESPath: the choices, a list or an object by id", "選択肢 (JMESPath)"),
    "id": _both("of a choice; its key in an object when missing", "選択肢の ID。省略時はキー"),
    "text": _both("of a choice; the choice itself when missing", "選択肢の文言。省略時はそれ自体"),
}
#: What each key of a webhook means.
WEBHOOK_MEANINGS: Final[dict[str, Words]] = {
    "MappingShape.webhook": _both(
        "what a tool posts to `/webhooks/<source>`", "ツールが `/webhooks/<取込元>` に送信する内容"
    ),
    "MappingShape.events": _both(
        "behavior events: columns of their files, and who may post to `/events/<source>`",
        "行動履歴。ファイルの列と `/events/<取込元>` への送信者の確認方法",
    ),
    "EventsShape.columns": _both(
        "header -> event field; an empty text leaves the column out",
        "見出し → 行動履歴の項目。空文字の列は使わない",
    ),
    "EventsShape.signature": _both(
        "HMAC over the body; the secret is LEADLINE_WEBHOOK_SECRET_<SOURCE>",
        "本文の HMAC 署名。秘密の値は LEADLINE_WEBHOOK_SECRET_<取込元>",
    ),
    "EventsShape.key": _both(
        "a key that the sender repeats, in one of three places", "送信側が毎回送るキーの場所"
    ),
    "EventsShape.open": _both("anybody may post", "誰からでも受け付ける"),
    "WebhookShape.vendor": _both(
        "a tool that is known; what stands beside it replaces what is known",
        "既知のツール。併記した指定が優先",
    ),
    "WebhookShape.signature": _both(
        "HMAC over the body; the secret is LEADLINE_WEBHOOK_SECRET_<SOURCE>",
        "本文の HMAC 署名。秘密の値は LEADLINE_WEBHOOK_SECRET_<取込元>",
    ),
    "SignatureShape.header": _both("that holds the signature", "署名のヘッダー"),
    "SignatureShape.algorithm": _both("of the HMAC", "HMAC のアルゴリズム"),
    "SignatureShape.encoding": _both("of the signature", "署名の表記"),
    "SignatureShape.prefix": _both(
        "before the signature, such as `sha256=` or `v1=`", "署名の前の文字 (`sha256=`、`v1=` など)"
    ),
    "SignatureShape.signed": _both(
        "what is signed: `{body}`, `{timestamp}`, and headers by name",
        "署名の対象。`{body}`、`{timestamp}`、ヘッダー名",
    ),
    "SignatureShape.secret": _both("how the secret is written", "秘密の値の表記"),
    "SignatureShape.timestamp": _both("the time that is signed as well", "署名に含まれる時刻"),
    "TimestampShape.header": _both(
        "that holds the time; the signature's when missing", "時刻のヘッダー。省略時は署名と同じ"
    ),
    "TimestampShape.prefix": _both("before the time, such as `t=`", "時刻の前の文字 (`t=` など)"),
    "TimestampShape.tolerance": _both(
        "how far the time may lie from the present", "現在時刻との差の許容範囲"
    ),
    "WebhookShape.key": _both(
        "a key that the tool repeats, in one of three places", "ツールが毎回送るキーの場所"
    ),
    "KeyShape.header": _both("name of a header", "ヘッダー名"),
    "KeyShape.query": _both("name in the query of the address", "URL のクエリの名前"),
    "KeyShape.body": _both("JMESPath into the body", "本文中の場所 (JMESPath)"),
    "WebhookShape.open": _both("anybody may post", "誰からでも受け付ける"),
    "WebhookShape.decode": _both(
        "texts in the body that are JSON: names, `[0]`, `[*]`",
        "本文中の JSON 文字列の場所 (名前・`[0]`・`[*]`)",
    ),
    "WebhookShape.leads": _both(
        "JMESPath: the leads of a body that holds several",
        "本文に複数のリードがある場合のリスト (JMESPath)",
    ),
    "WebhookShape.only": _both(
        "JMESPath: what is true of deliveries that count", "保存する条件 (JMESPath)"
    ),
    "WebhookShape.test": _both("JMESPath: what is true of trials", "テスト送信の条件 (JMESPath)"),
    "WebhookShape.id": _both(
        "JMESPath: the tool's id of the lead; one id is one submission",
        "ツールが付けたリードの ID (JMESPath)。同じ ID は1件",
    ),
    "WebhookShape.fields": _both("lead field: JMESPath", "リードの項目: 場所 (JMESPath)"),
    "WebhookShape.answers": _both(
        "lists of answers; the members of the body when missing",
        "回答のリスト。省略時は本文の各項目",
    ),
    "AnswersShape.each": _both(
        "JMESPath: the answers, a list or an object by id",
        "回答 (JMESPath)。リストまたは ID ごとのオブジェクト",
    ),
    "AnswersShape.id": _both(
        "JMESPath: the question's id; the key in an object when missing",
        "質問の ID (JMESPath)。省略時はキー",
    ),
    "AnswersShape.name": _both("JMESPath: names of the answer", "回答の名前 (JMESPath)"),
    "AnswersShape.value": _both(
        "JMESPath: the answer; the whole entry when missing", "回答の値 (JMESPath)。省略時は全体"
    ),
    "AnswersShape.options": _both(
        "choices beside the answer, by id", "回答の横にある選択肢 (ID で参照)"
    ),
    "AnswersShape.questions": _both(
        "questions elsewhere in the body, by id", "本文の別の場所にある質問 (ID で参照)"
    ),
    "QuestionsShape.each": _both("JMESPath: the questions of the body", "質問 (JMESPath)"),
    "QuestionsShape.id": _both(
        "of a question; its key in an object when missing", "質問の ID。省略時はキー"
    ),
    "QuestionsShape.name": _both("of a question", "質問の名前"),
    "QuestionsShape.options": _both("choices of the question, by id", "質問の選択肢 (ID で参照)"),
    **{f"OptionsShape.{name}": words for name, words in _OF_CHOICES.items()},
    "WebhookShape.leave_out": _both(
        "names of answers that are not kept; `*` is anything",
        "保存しない回答の名前。`*` は任意の文字列",
    ),
    "WebhookShape.graph_version": _both(
        "of Meta's Graph API, for the answers", "回答を問い合わせる Meta Graph API の版"
    ),
}
