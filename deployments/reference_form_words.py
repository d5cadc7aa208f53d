"""What the configuration keys of forms and of consent mean, for the generated reference."""

from __future__ import annotations

from typing import Final

Words = dict[str, str]


def both(en: str, ja: str) -> Words:
    """Return a text in English and Japanese."""
    return {"en": en, "ja": ja}


FORM_MEANINGS: Final[dict[str, Words]] = {
    "FormShape.title": both("heading of the page", "ページの見出し"),
    "FormShape.fields": both("by lead field, in their order", "リード項目ごと (表示順)"),
    "FormField.label": both("what people read", "表示名"),
    "FormField.required": both("must be filled", "入力必須"),
    "FormField.max_length": both("characters", "文字数の上限"),
    "FormShape.consent": both("the box for marketing mail", "メール配信の同意欄"),
    "FormConsent.field": both("name of the posted field", "送信時の項目名"),
    "FormConsent.version": both("a changed wording needs a new one", "文言を変えたら更新"),
    "FormConsent.wording": both("kept as evidence", "証跡として保存する文言"),
    "FormShape.origins": both("web sites whose pages may post to the form", "送信を許可するサイト"),
    "FormShape.return_urls": both(
        "pages to which a visitor may be sent back", "送信後に戻ることを許可するページ"
    ),
    "FormShape.country": both("of visitors who name none", "国の記載がない場合の国コード"),
    "FormShape.timezone": both("of visitors without a place", "所在地がない場合のタイムゾーン"),
    "FormField.type": both(
        "how it is asked and judged; without it, as the field's name says",
        "入力形式と判定方法。省略時は項目名から判断",
    ),
    "FormField.options": both("what may be chosen", "選択肢"),
    "FormOption.value": both("what is kept", "保存する値"),
    "FormOption.label": both("what people read", "表示名"),
    "FormShape.protection": both("against programs", "自動送信への対策"),
    "FormProtection.minimum_seconds": both(
        "a post sooner than this after its page was opened goes to quarantine",
        "ページを開いてからこの秒数より早い送信は隔離",
    ),
    "FormProtection.page_required": both(
        "a post that comes from no page of ours goes to quarantine",
        "leadline のページ以外からの送信は隔離",
    ),
    "FormProtection.posts_per_minute": both(
        "from one network; more are answered 429",
        "同じネットワークからの1分あたりの上限。超過は 429",
    ),
    "FormProtection.posts_per_address": both(
        "that name one mail address, a day, over all forms; more go to quarantine",
        "同じメールアドレスの1日あたりの上限 (全フォーム合計)。超過は隔離",
    ),
    "FormProtection.proof_of_work": both(
        "ALTCHA: the browser works for some seconds; a post without goes to quarantine",
        "ALTCHA による計算証明。証明のない送信は隔離",
    ),
    "FormShape.acknowledgment": both(
        "a mail to whoever sent the form, at once", "送信者への自動返信メール"
    ),
    "FormShape.acknowledgment_mail": both(
        "template folder below `templates/forms/`", "`templates/forms/` 以下のフォルダ名"
    ),
    "FormShape.asset": both(
        "a document that the acknowledgment offers", "自動返信メールで届ける資料"
    ),
    "FormAsset.file": both("below `assets/`", "`assets/` 以下のファイル"),
    "FormAsset.title": both("as people read it", "資料の表示名"),
    "FormAsset.expires_after": both("how long the link works", "リンクの有効期間"),
    "FormShape.double_opt_in": both(
        "the consent counts once the person confirms it by a link in a mail",
        "メール内のリンクで確認された時点で同意を有効にする",
    ),
    "FormShape.confirmation_mail": both(
        "template folder below `templates/forms/`", "`templates/forms/` 以下のフォルダ名"
    ),
    "FormShape.confirm_within": both("how long that link works", "確認リンクの有効期間"),
    "ConsentShape.countries": both("by country code", "国コードごと"),
    "ConsentShape.elsewhere": both(
        "every country that is named nowhere; as it comes, `opt_in` alone",
        "どこにも書かれていない国。既定は `opt_in` のみ",
    ),
    "CountryShape.bases": both(
        "`opt_in`, `address_in_writing`, `business_relationship`, "
        "`published_business_address`, and how long each lasts: `forever`, `730d`",
        "認める根拠 (`opt_in`、`address_in_writing`、`business_relationship`、"
        "`published_business_address`) と有効期間 (`forever`、`730d` など)",
    ),
    "CountryShape.after_refusal": both(
        "bases that count again when they are newer than a refusal",
        "拒否より後に得た場合に再び有効とする根拠",
    ),
}
