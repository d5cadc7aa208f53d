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
    "nothing_to_confirm": Code(
        "`double_opt_in` confirms a consent, and this form asks for none: add `consent`",
        "`double_opt_in` は同意の確認です。`consent` を追加してください",
        "Without a consent box there is nothing that a link in a mail could confirm.",
        "同意のチェックボックスがないフォームでは、確認するものがありません。",
    ),
}
