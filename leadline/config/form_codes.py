"""Codes of configuration faults that concern forms and webhooks."""

from __future__ import annotations

from typing import Final

from leadline.config.fault_code import Code

FORM_CODES: Final[dict[str, Code]] = {
    "options_missing": Code(
        "a field of type choice or choices needs `options`",
        "choice・choices の項目には `options` が必要です",
        "List what people may choose from: `options: [{value: small, label: {en: 1-50, ja: "
        "1〜50名}}]`.",
        "選択肢を列挙します。例: `options: [{value: small, label: {en: 1-50, ja: 1〜50名}}]`",
    ),
    "options_without_choice": Code(
        "only fields of type choice or choices have `options`",
        "`options` を使えるのは choice・choices の項目だけです",
        "Add `type: choice`, or remove the options: nobody would see them.",
        "`type: choice` を追加するか、`options` を削除してください。このままでは表示されません。",
    ),
    "option_twice": Code(
        "another option of this field has the same value",
        "この項目には同じ値の選択肢がほかにもあります",
        "Nobody could tell afterwards which of the two was chosen.",
        "どちらが選ばれたのか、後から区別できません。",
    ),
    "option_with_comma": Code(
        "a value of `choices` has no comma, which stands between several answers",
        "choices の選択肢の値にコンマは使えません。複数の回答の区切りとして使うためです",
        "Write the value without a comma; the label may have one.",
        "値からコンマを除いてください。表示名 (label) には使えます。",
    ),
    "hidden_required": Code(
        "nobody can fill in a hidden field, so it cannot be required",
        "hidden の項目は入力できないため、必須にはできません",
        "Remove `required: true`.",
        "`required: true` を削除してください。",
    ),
    "email_of_other_type": Code(
        "the field `email` is of type email",
        "項目 `email` の種類は email です",
        "Remove `type`, or write `type: email`; call another kind of text by another name.",
        "`type` を削除するか `type: email` とし、別の内容には別の項目名を使ってください。",
    ),
    "email_not_required": Code(
        "the field `email` needs `required: true`",
        "項目 `email` には `required: true` が必要です",
        "A submission without an address cannot become a lead.",
        "メールアドレスのない送信はリードになりません。",
    ),
    "consent_is_a_field": Code(
        "a field of the form has the name of the consent box",
        "同意のチェックボックスと同じ名前の項目があります",
        "Remove the field: the box is on the page by itself, with the wording of `consent`.",
        "この項目を削除してください。チェックボックスは `consent` の文言とともに表示されます。",
    ),
    "origin_expected": Code(
        "an origin is `https://` and a host, perhaps with a port, and nothing behind it",
        "`https://` とホスト名(必要ならポート番号)だけを書きます",
        "Name every site that posts to the form, as browsers write it: no path, no `*`, no blank, "
        "no port 443 or 80, and other scripts in their `xn--` form.",
        "フォームへ送信するサイトを、ブラウザーの表記どおり1件ずつ書きます。パス、`*`、空白、"
        "ポート 443・80 は書かず、日本語ドメインは `xn--` の形にします。",
    ),
    "web_url_expected": Code(
        "a whole address of a page is expected, such as https://www.example.com/thanks",
        "ページの完全な URL が必要です。例: https://www.example.com/thanks",
        "It begins with http:// or https:// and holds no blank; other scripts are written as "
        "`%E3%81%82` in the path and in their `xn--` form in the host.",
        "http:// か https:// で始め、空白は使えません。日本語は、パスでは `%E3%81%82`、"
        "ドメインでは `xn--` の形にします。",
    ),
    "link_never_works": Code(
        "a link that works for no time at all helps nobody",
        "有効期間が 0 のリンクは開けません",
        "Give it some days: `7d`.",
        "数日間の有効期間を指定してください。例: `7d`",
    ),
    "asset_without_mail": Code(
        "an `asset` is delivered by the acknowledgment: add `acknowledgment: true`",
        "`asset` は自動返信メールで届けます。`acknowledgment: true` を追加してください",
        "The link to the document stands in that mail, so that only who reads the address gets it.",
        "資料のリンクは自動返信メールに記載されるため、宛先の本人だけがダウンロードできます。",
    ),
    "asset_missing": Code(
        "assets/ in the project folder has no file of this name",
        "プロジェクトフォルダの assets/ に、この名前のファイルがありません",
        "Put the document there; `file` is its path below assets/.",
        "資料を assets/ に置いてください。`file` には assets/ からのパスを書きます。",
    ),
    "asset_outside": Code(
        "a form offers files below assets/ alone, and this leads out of it",
        "フォームで配布できるのは assets/ の中のファイルだけです。フォルダの外を指しています",
        "Copy the file into assets/ and name it there; links out of the folder and `..` are "
        "refused.",
        "ファイルを assets/ にコピーして指定してください。フォルダの外へのリンクや `..` は"
        "使えません。",
    ),
    "asset_too_large": Code(
        "the file is larger than {most} MB",
        "ファイルが {most} MB を超えています",
        "A link in a mail is often opened on a phone. Make the file smaller.",
        "メールのリンクはスマートフォンでも開かれます。ファイルを小さくしてください。",
    ),
    "nothing_to_confirm": Code(
        "`double_opt_in` confirms a consent, and this form asks for none: add `consent`",
        "`double_opt_in` は同意の確認です。`consent` を追加してください",
        "Without a consent box there is nothing that a link in a mail could confirm.",
        "同意のチェックボックスがないフォームでは、確認するものがありません。",
    ),
}
