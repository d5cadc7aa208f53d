"""Which canonical field a column holds, told by its header in English or Japanese.

Only a header that is an alias after folding is mapped: nothing is guessed from likeness, and what
is not known stays a raw attribute of the lead.
"""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

#: Aliases per field, the surest first: where two columns fit, the earlier alias is taken.
_ALIASES: Final[dict[str, str]] = {
    "external_id": (
        "external id, lead id, record id, contact id, customer id, submission id, response id, "
        "entry id, id, リードID, 顧客ID, 管理番号, 受付番号, 問い合わせ番号, お問い合わせ番号, "
        "会員番号, ID番号"
    ),
    "email": (
        "email, e-mail, email address, e-mail address, mail, mail address, your email, "
        "user email, work email, business email, primary email, contact email, company email, "
        "メールアドレス, メール, Eメール, Eメールアドレス, 電子メール, 電子メールアドレス, "
        "連絡先メールアドレス, 会社メールアドレス, ご連絡先メールアドレス, e-mailアドレス, "
        "アドレス"
    ),
    "given_name": (
        "given name, first name, forename, your first name, 名, お名前(名), 名前(名), 氏名(名), "
        "ファーストネーム"
    ),
    "family_name": (
        "family name, last name, surname, your last name, 姓, 苗字, 名字, お名前(姓), 名前(姓), "
        "氏名(姓), ラストネーム"
    ),
    "full_name": (
        "full name, name, your name, contact name, lead name, person name, 氏名, お名前, 名前, "
        "ご氏名, ご担当者名, 担当者名, ご担当者様, ご担当者氏名, 担当者氏名, 氏名(漢字), "
        "お名前(漢字), 名前(漢字), 漢字氏名, 担当者"
    ),
    "name_kana": (
        "name kana, kana, furigana, full name kana, フリガナ, ふりがな, 氏名カナ, カナ氏名, "
        "氏名(カナ), 氏名フリガナ, 氏名(フリガナ), お名前(カナ), お名前(フリガナ), "
        "お名前(ふりがな), 氏名(ふりがな), 名前(カナ), カナ, ヨミガナ, よみがな, カナ名"
    ),
    "company": (
        "company, company name, organization, organization name, account name, "
        "organisation, "  # codespell:ignore organisation
        "account, employer, business name, your company, 会社名, 企業名, 貴社名, 御社名, 会社, "
        "勤務先, 勤務先名, 法人名, 組織名, 団体名, 所属先, 所属企業, 会社・団体名, 企業・団体名, "
        "貴社名・団体名, 取引先名"
    ),
    "department": (
        "department, department name, division, dept, 部署, 部署名, 部門, 部門名, 所属部署, "
        "ご所属部署, 所属部門, 事業部"
    ),
    "title": (
        "title, job title, position, role, job role, job position, 役職, 役職名, お役職, ご役職, "
        "肩書, 肩書き, 職位"
    ),
    "phone": (
        "phone, phone number, telephone, telephone number, tel, tel no, contact number, your tel, "
        "your phone, user phone, work phone, business phone, mobile, mobile phone, mobile number, "
        "cell phone, 電話番号, 電話, TEL, お電話番号, ご連絡先電話番号, 連絡先電話番号, 連絡先, "
        "会社電話番号, 代表電話, 代表電話番号, 直通電話, 直通電話番号, 携帯電話, 携帯電話番号, "
        "携帯番号, 携帯, TEL会社"
    ),
    "country": (
        "country, country code, country/region, country name, country or region, nation, 国, "
        "国名, 国・地域, 国/地域, 国コード"
    ),
    "region": (
        "region, state, state/province, state/region, state code, province, prefecture, county, "
        "your pref, 都道府県, 都道府県名, 地域, 州, 県, 都道府県(会社), 会社所在地(都道府県)"
    ),
    "city": "city, town, city/town, locality, 市区町村, 市町村, 市区郡, 市区町村名, 都市",
    "postal_code": (
        "postal code, postcode, post code, zip, zip code, zip/postal code, postal, 郵便番号, 〒, "
        "会社郵便番号, 郵便"
    ),
    "address": (
        "address, street, street address, address line 1, mailing address, company address, 住所, "
        "ご住所, 所在地, 会社住所, 番地, 町名番地, 住所1"
    ),
    "industry": (
        "industry, sector, vertical, business type, 業種, 業界, 業種名, ご業種, 産業, 業態"
    ),
    "employees": (
        "employees, number of employees, employee count, no of employees, company size, "
        "headcount, employee range, numberofemployees, num employees, size, "
        "how many people work at your company, "
        "how many people work at your company including part time staff, 従業員数, 従業員規模, "
        "社員数, 会社規模, 企業規模, 従業員数規模, ご従業員数, 社員規模"
    ),
    "website": (
        "website, web site, url, website url, homepage, company website, domain, ウェブサイト, "
        "Webサイト, ホームページ, 会社URL, 企業URL, サイトURL, ホームページURL"
    ),
    "source": (
        "lead source, source, original source, traffic source, lead origin, "
        "how did you hear about us, 流入元, リードソース, 獲得元, 流入経路, 認知経路, 獲得経路, "
        "情報源, 当社を知ったきっかけ, きっかけ, 参照元"
    ),
    "campaign": "campaign, campaign name, キャンペーン, キャンペーン名, 施策, 施策名",
    "utm_source": "utm source",
    "utm_medium": "utm medium",
    "utm_campaign": "utm campaign",
    "message": (
        "message, your message, comments, comment, inquiry, enquiry, inquiry details, "
        "description, notes, note, questions, question, details, remarks, お問い合わせ内容, "
        "お問合せ内容, 問い合わせ内容, 問合せ内容, お問い合わせ, お問合せ, ご相談内容, 相談内容, "
        "ご質問, ご質問内容, 質問内容, ご要望, ご意見・ご要望, メッセージ, 内容, 備考, コメント, "
        "メモ"
    ),
    "request": (
        "request, request type, inquiry type, enquiry type, type of inquiry, reason for contact, "
        "subject, your subject, topic, お問い合わせ種別, お問い合わせ種類, お問い合わせの種類, "
        "お問合せ種別, 問い合わせ種別, 問合せ種別, お問い合わせ項目, お問い合わせ区分, ご用件, "
        "用件, ご希望内容, 件名, 種別"
    ),
    "product": (
        "product, product name, product interest, products of interest, product of interest, "
        "製品, 製品名, 商品, 商品名, 対象製品, 興味のある製品, ご興味のある製品, サービス名, "
        "ご興味のあるサービス, 検討製品"
    ),
    "budget": (
        "budget, estimated budget, budget range, what is your budget, 予算, ご予算, 予算規模, "
        "想定予算"
    ),
    "timeframe": (
        "timeframe, time frame, timeline, purchase timeframe, purchase timeline, 導入時期, "
        "検討時期, 導入予定時期, 導入希望時期, ご検討時期, 購入時期"
    ),
    "decision_role": (
        "decision role, buying role, decision maker, role in decision, 決裁権, 決裁者, "
        "導入への関与, ご検討の立場, お立場, 意思決定への関与"
    ),
    "owner": (
        "owner, lead owner, contact owner, record owner, account owner, owner name, owner email, "
        "営業担当, 営業担当者, 担当営業, リード所有者, 所有者"
    ),
    "language": "language, preferred language, lang, locale, 言語, 使用言語, 希望言語",
    "timezone": "timezone, time zone, tz, タイムゾーン, 時間帯",
    "consent": (
        "consent, opt in, marketing consent, email opt in, email consent, marketing opt in, "
        "subscribe, newsletter, newsletter opt in, accepts marketing, consent to marketing, "
        "agree to receive emails, acceptance mail, "
        "do you agree to receive marketing emails from us, "
        "legal basis for processing contact's data, legal basis, メール配信同意, メール配信, "
        "メール配信希望, メール配信の同意, メルマガ, メルマガ希望, メルマガ登録, メルマガ購読, "
        "配信同意, 配信許諾, 配信希望, オプトイン, 案内メール, ご案内メール, ご案内の希望, "
        "案内希望, お知らせメール, メールでのご案内, メールでのご案内を希望する, "
        "メールでのご案内を希望しますか"
    ),
    "created_at": "created at, 作成日時, 作成日, 登録日時, 登録日",
    "submitted_at": (
        "submitted at, submitted on, submission date, submission time, submit time, "
        "submission timestamp, timestamp, received at, received, date submitted, "
        "lead submit time, created time, create date, created date, creation date, date created, "
        "created, created on, date, 受信日時, 受付日時, 送信日時, お問い合わせ日時, "
        "問い合わせ日時, お問合せ日時, 問合せ日時, 回答日時, 申込日時, 申込日, 投稿日時, "
        "タイムスタンプ, 受付日, 受信日, 送信日, 問い合わせ日, お問い合わせ日, 日時"
    ),
}
#: Columns of refusals: a yes there is a no to mail, and its absence is not consent.
_OPT_OUTS: Final = (
    "has opted out of email, email opt out, opt out, opted out, do not email, "
    "do not contact, unsubscribed, unsubscribed from all email, unsubscribe, "
    "配信停止, メール配信停止, オプトアウト, 配信拒否, メール送信除外, 配信不要, メルマガ配信停止"
)
_MARKS: Final = re.compile(
    r"[(\[【〔]\s*(?:必須|任意|required|optional|複数選択可|半角|全角|\d+)\s*[)\]】〕]",
    re.IGNORECASE,
)
_SIGNS: Final = re.compile(r"[\W_]+")


def fold_header(header: str) -> str:
    """Reduce a header to its letters and digits, in one width and case, in any script.

    Marks such as `(必須)`, `[required]` and the `(2)` of a repeated column do not count.
    """
    plain = unicodedata.normalize("NFKC", header).casefold()
    return _SIGNS.sub("", _MARKS.sub("", plain)) or plain.strip()


def _alias_table() -> dict[str, tuple[str, int]]:
    """Return field and rank by folded alias; the lowest rank is the surest."""
    table: dict[str, tuple[str, int]] = {}
    for field, aliases in _ALIASES.items():
        for rank, alias in enumerate([field, *aliases.split(", ")]):
            table.setdefault(fold_header(alias), (field, rank))
    for rank, alias in enumerate(_OPT_OUTS.split(", "), start=1000):
        table.setdefault(fold_header(alias), ("consent", rank))
    return table


_TABLE: Final = _alias_table()
_OPT_OUT_FOLDED: Final = frozenset(fold_header(alias) for alias in _OPT_OUTS.split(", "))


def is_opt_out(header: str) -> bool:
    """Return whether a column mapped to `consent` holds refusals instead."""
    return fold_header(header) in _OPT_OUT_FOLDED


def map_headers(headers: Sequence[str], *, fixed: Mapping[str, str]) -> dict[str, str]:
    """Return the canonical field of each header that has one, in file order.

    Args:
        headers: column names as the file has them.
        fixed: header -> field from the configuration; wins over every alias, compared as written
            and then folded. An empty field leaves the column unmapped.

    Returns:
        Each field once, except `email`, which may have several columns: the first that is filled
        counts. A header that is not in the result is kept by the caller as a raw attribute.
    """
    folded_fixed = {fold_header(header): field for header, field in fixed.items()}
    chosen: dict[str, str] = {}
    guesses: list[tuple[int, str, str]] = []
    for header in headers:
        folded = fold_header(header)
        if header in fixed or folded in folded_fixed:
            chosen[header] = fixed.get(header, folded_fixed.get(folded, ""))
        elif folded in _TABLE:
            field, rank = _TABLE[folded]
            guesses.append((rank, header, field))
    taken = set(chosen.values()) - {"email"}
    for _, header, field in sorted(guesses, key=lambda guess: guess[0]):
        if field not in taken:
            chosen[header] = field
            taken |= {field} - {"email"}
    return {header: chosen[header] for header in headers if chosen.get(header)}
