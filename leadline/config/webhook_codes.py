"""Codes of configuration faults that concern webhooks."""

from __future__ import annotations

from typing import Final

from leadline.config.fault_code import Code

WEBHOOK_CODES: Final[dict[str, Code]] = {
    "webhook_unguarded": Code(
        "say how the tool is known: `vendor`, `signature` or `key`; or `open: true` for anybody",
        "送信元の確認方法を `vendor`・`signature`・`key` のいずれかで指定してください。"
        "誰からでも受け付ける場合は `open: true` とします",
        "Without a signature or a key, whoever knows the address may post leads.",
        "署名もキーもないと、URL を知る誰もがリードを送信できます。",
    ),
    "events_unguarded": Code(
        "say how the source is known that posts events: `signature` or `key`; or `open: true` for "
        "anybody; `columns` alone is for files",
        "行動履歴の送信元の確認方法を `signature`・`key` で指定してください。誰からでも受け付ける"
        "場合は `open: true`、ファイルだけなら `columns` を書きます",
        "Without a signature or a key, whoever knows the address may post events.",
        "署名もキーもないと、URL を知る誰もが行動履歴を送信できます。",
    ),
    "unknown_event_field": Code(
        "not a field of an event",
        "行動履歴の項目ではありません",
        "Fields are event_id, email, external_id, anonymous_id, event, occurred_at, campaign, url, "
        "user_agent and ip.",
        "項目は event_id・email・external_id・anonymous_id・event・occurred_at・campaign・url・"
        "user_agent・ip です。",
    ),
    "open_and_guarded": Code(
        "`open: true` lets anybody post; take it away, or the `signature` and `key` beside it",
        "`open: true` は誰からでも受け付ける指定です。`signature`・`key` と同時には指定できません",
        "One of the two is not what was meant.",
        "どちらか一方だけを残してください。",
    ),
    "body_not_signed": Code(
        "`signed` does not hold `{{body}}`: anybody could change the body",
        "`signed` に `{{body}}` がありません。本文が改ざんされても検出できません",
        "Write what the tool signs, such as `{timestamp}.{body}`; a header is named in braces too.",
        "ツールが署名する内容を `{timestamp}.{body}` のように書きます。"
        "ヘッダー名も波括弧で書けます。",
    ),
    "timestamp_unknown": Code(
        "`signed` names `{{timestamp}}`; say under `timestamp` where it stands",
        "`signed` に `{{timestamp}}` があります。その場所を `timestamp` で指定してください",
        "`timestamp: {header: X-Timestamp}`, or `{prefix: t=}` for a part of the signature's "
        "header.",
        "`timestamp: {header: X-Timestamp}`、署名と同じヘッダーの一部なら `{prefix: t=}` と"
        "書きます。",
    ),
    "same_secret_variable": Code(
        "{first} and {second} would share the variable {variable}",
        "{first} と {second} の環境変数が同じ {variable} になります",
        "Signs other than letters and digits become _ in its name. Rename one of the files: each "
        "source needs a secret of its own.",
        "環境変数名では英数字以外がすべて _ になります。送信元ごとに秘密の値が必要なため、"
        "どちらかのファイル名を変更してください。",
    ),
    "timestamp_not_signed": Code(
        "`timestamp` is stated and `signed` does not hold `{{timestamp}}`: anybody could change it",
        "`timestamp` の指定がありますが、`signed` に `{{timestamp}}` がありません。時刻が改ざん"
        "されても検出できません",
        "Write `{timestamp}` where the tool signs it, or leave `timestamp` out.",
        "ツールが署名する位置に `{timestamp}` を書くか、`timestamp` を削除してください。",
    ),
    "placeholder_misspelled": Code(
        "`signed` names a placeholder that looks misspelled",
        "`signed` のプレースホルダーの綴りが誤っているようです",
        "`{body}` and `{timestamp}` are known; any other name in braces is that of a header.",
        "使えるのは `{body}` と `{timestamp}` です。それ以外の名前はヘッダー名とみなします。",
    ),
    "no_header_name": Code(
        "no header can have this name",
        "ヘッダー名として使えない文字があります",
        "Write the name alone, such as `X-Webhook-Key`: letters, digits and `-`.",
        "`X-Webhook-Key` のように、英数字と `-` で名前だけを書いてください。",
    ),
    "no_tolerance": Code(
        "a tolerance of nothing refuses every post",
        "許容時間が 0 では、すべての送信を拒否します",
        "Write a time such as `5m`.",
        "`5m` のように時間を書いてください。",
    ),
    "single_equals": Code(
        "one `=` compares nothing; write `==`",
        "`=` 1つでは比較できません。`==` と書いてください",
        "A text to compare with stands in single quotes: `type == 'lead'`.",
        "比較する文字列は `type == 'lead'` のように一重引用符で囲みます。",
    ),
    "name_compared": Code(
        "a name in double quotes is compared with, not a text; write '{found}'",
        "二重引用符の中は名前で、文字列ではありません。'{found}' と書いてください",
        "In JMESPath double quotes hold names and single quotes hold texts.",
        "JMESPath では、二重引用符は名前、一重引用符は文字列を表します。",
    ),
    "name_needs_quotes": Code(
        "a name with signs other than letters, digits and _ needs double quotes inside the "
        "expression",
        "英数字と _ 以外を含む名前は、式の中で二重引用符で囲んでください",
        "In YAML the whole expression needs quotes as well: `'\"会社メール\".value'`.",
        "YAML では式全体も引用符で囲みます: `'\"会社メール\".value'`。",
    ),
    "one_key_place": Code(
        "a key stands in one place: write one of `header`, `query` and `body`",
        "キーの場所は `header`・`query`・`body` のうち1つだけを書いてください",
        "A header is best: an address with a key in it ends up in the logs of others.",
        "ヘッダーを推奨します。URL に含めたキーは他のサーバーのログに残ります。",
    ),
    "bad_path": Code(
        "not a JMESPath expression: {found} cannot stand here",
        "JMESPath の式として正しくありません: ここに {found} は置けません",
        'Names with signs other than letters, digits and _ need double quotes: `data."e-mail"`. '
        "A text to compare with stands in single quotes: `type == 'lead'`.",
        '英数字と _ 以外を含む名前は `data."e-mail"` のように二重引用符で、比較する文字列は '
        "`type == 'lead'` のように一重引用符で囲みます。",
    ),
    "unknown_function": Code(
        "JMESPath has no function `{found}`",
        "JMESPath に関数 `{found}` はありません",
        "Functions such as join, not_null, to_string and keys are those of JMESPath itself.",
        "使える関数は join・not_null・to_string・keys など、JMESPath の標準のものです。",
    ),
    "wrong_arity": Code(
        "the function `{found}` takes {expected} argument(s)",
        "関数 `{found}` の引数は {expected} 個です",
        "Look the function up in the documentation of JMESPath.",
        "JMESPath の説明で関数の引数を確認してください。",
    ),
    "no_plain_path": Code(
        "`decode` takes plain paths alone: names, `[0]` and `[*]`",
        "`decode` には名前・`[0]`・`[*]` だけの単純なパスを書いてください",
        "The text that stands there is replaced by what it says, so the place must be exact: "
        "`payload`, `items[*].body`.",
        "その場所の文字列を中身に置き換えるため、`payload`、`items[*].body` のように場所を1つに"
        "決めます。",
    ),
}
