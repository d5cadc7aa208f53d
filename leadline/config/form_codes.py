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
