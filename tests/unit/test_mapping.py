"""Which field a column holds."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadline.domain.header_words import ALIASES
from leadline.domain.leads import LEAD_FIELDS
from leadline.domain.mapping import (
    ColumnMatch,
    decide_mapping,
    fold_header,
    infer_country,
    is_opt_out,
    map_headers,
)


@pytest.mark.parametrize(
    ("header", "field"),
    [
        ("First Name", "given_name"),
        ("Last Name ", "family_name"),
        ("E-mail", "email"),
        ("Job Title", "title"),
        ("ZIP", "postal_code"),
        ("Opt-in", "consent"),
        ("Submitted At", "submitted_at"),
        ("LeadSource", "source"),
        ("State/Region", "region"),
        ("utm_source", "utm_source"),
        ("how_many_people_work_at_your_company,_including_part-time_staff?", "employees"),
        ("氏名", "full_name"),
        ("姓", "family_name"),
        ("名", "given_name"),
        ("ﾌﾘｶﾞﾅ", "name_kana"),
        ("会社名 *", "company"),
        ("メールアドレス（必須）", "email"),
        ("都道府県", "region"),
        ("〒", "postal_code"),
        ("〒番号", "postal_code"),
        ("会社〒", "postal_code"),
        ("受信日時", "submitted_at"),
        ("お問い合わせ内容", "message"),
        ("従業員数", "employees"),
        ("ＴＥＬ", "phone"),
        ("Lead: Email", "email"),
        ("contact.email", "email"),
        ("billing_first_name", "given_name"),
        ("E-mail 1 - Value", "email"),
        ("City/town/village/locality of Address", "city"),
        ("What is your work email address?", "email"),
        ("Which country are you based in?", "country"),
        ("Wie lautet Ihr Name?", "full_name"),
        ("Unternehmensgröße (Mitarbeiter)", "employees"),
        ("Branche", "industry"),  # codespell:ignore branche
        ("Titel", "title"),  # codespell:ignore titel
        ("お名前を入力してください", "full_name"),
        ("貴社の従業員数をお選びください（必須）", "employees"),
        ("従業員数は何名ですか？", "employees"),
        ("会社名または団体名", "company"),
        ("会社名 / Company", "company"),
        ("氏名(Name)", "full_name"),
        ("ご住所（都道府県）", "region"),
        ("Q1. 会社名※必須", "company"),
        ("TEL/FAX", "phone"),
        ("〒・住所", "address"),
        ("基本情報 会社名", "company"),
        ("住所 都道府県", "region"),
        ("Personal details: Email", "email"),
        ("当社をどこで知りましたか？", "source"),
        ("今後のセミナー情報のメール配信を希望する", "consent"),
    ],
)
def test_header_is_mapped_by_alias(header: str, field: str) -> None:
    assert map_headers([header], fixed={}) == {header: field}


@pytest.mark.parametrize(
    "header",
    [
        *("", "部署・役職", "個人情報の取り扱いに同意する", "Fax", "emails sent", "IP Address"),
        *("PLZ / Ort", "Email / Phone", "フリガナ (姓)", "会社名（カナ）", "お名前（ローマ字）"),
        *("Lead Owner ID", "Email Status", "OPTIN_TIME", "HasOptedOutOfFax", "Datenschutz"),
        *("Question 1", "緊急連絡先", "Emergency Contact - Phone", "上司 氏名", "x" * 1000),
    ],
)
def test_unknown_header_is_left_out(header: str) -> None:
    assert map_headers([header], fixed={}) == {}


@pytest.mark.parametrize("field", [name for name in LEAD_FIELDS if name != "created_at"])
def test_every_field_is_known_by_its_own_name(field: str) -> None:
    assert map_headers([field], fixed={}) == {field: field}


#: Words that name something only together with another one.
GENERIC = """
番号 コード 名 名称 日 日時 時刻 数 種別 区分 id no nr number code date time type value
"""


def test_no_alias_says_in_signs_alone_what_it_is_about() -> None:
    words = [word.strip() for text in ALIASES.values() for word in text.split(",")]
    generic = set(GENERIC.split())
    assert [
        word
        for word in words
        if (folded := fold_header(word)) in generic and folded != word.casefold()
    ] == []


@pytest.mark.parametrize("header", ["番号", "会社番号", "法人番号"])
def test_number_of_anything_is_no_postal_code(header: str) -> None:
    assert map_headers([header], fixed={}) == {}


def test_field_is_used_once_by_the_surest_header() -> None:
    assert map_headers(["Organization", "Company", "Employer"], fixed={}) == {"Company": "company"}


def test_column_without_a_filled_cell_gives_way_to_one_with_some() -> None:
    samples = {"Occupation": [], "Organization 1 - Title": ["CEO"], "First Name": [" "]}
    samples |= {"First Name (2)": ["Ann"], "Company": []}
    mapped = decide_mapping(list(samples), fixed={}, samples=samples)
    expected = {"Organization 1 - Title": "title", "First Name (2)": "given_name"}
    assert mapped.fields == {**expected, "Company": "company"}


def test_time_of_creation_is_that_of_the_submission_where_no_column_tells_it() -> None:
    assert map_headers(["created_at"], fixed={}) == {"created_at": "submitted_at"}
    both = {"created_at": "created_at", "submitted_at": "submitted_at"}
    assert map_headers(list(both), fixed={}) == both


def test_phones_may_have_several_columns_in_the_order_of_preference() -> None:
    mapped = map_headers(["TEL会社", "TEL部門", "TEL直通", "FAX", "携帯電話"], fixed={})
    assert list(mapped) == ["携帯電話", "TEL直通", "TEL部門", "TEL会社"]
    assert set(mapped.values()) == {"phone"}
    assert list(map_headers(["Mobile Phone", "Phone", "Tel"], fixed={}))[-1] == "Mobile Phone"


def test_mail_may_have_several_columns_in_file_order() -> None:
    mapped = map_headers(["Work Email", "Name", "E-mail", "E-mail (2)"], fixed={})
    assert list(mapped) == ["Work Email", "Name", "E-mail", "E-mail (2)"]
    assert list(mapped.values()).count("email") == 3


def test_configured_mapping_wins_over_aliases() -> None:
    fixed = {"Company": "industry", "担当": "owner", "Phone": ""}
    headers = ["COMPANY", "Organization", "担当", "Phone", "Industry"]
    assert map_headers(headers, fixed=fixed) == {
        "COMPANY": "industry",
        "Organization": "company",
        "担当": "owner",
    }


def test_configured_mapping_may_give_several_headers_one_field() -> None:
    fixed = {"携帯": "phone", "直通": "phone"}
    assert map_headers(["携帯", "直通", "TEL"], fixed=fixed) == fixed


def test_owner_is_told_from_the_person_by_the_other_columns() -> None:
    assert map_headers(["会社名", "担当者"], fixed={})["担当者"] == "full_name"
    assert map_headers(["氏名", "担当者"], fixed={})["担当者"] == "owner"
    assert map_headers(["姓", "名", "担当者名"], fixed={})["担当者名"] == "owner"
    assert map_headers(["氏名", "ご担当者"], fixed={}) == {"氏名": "full_name"}


def test_few_names_over_many_rows_are_those_of_our_own_people() -> None:
    samples = {"担当者": ["営業 一郎", "営業 二郎"] * 20}
    assert (
        decide_mapping(["会社名", "担当者"], fixed={}, samples=samples).fields["担当者"] == "owner"
    )


def test_name_beside_a_given_name_is_the_family_name_unless_it_has_spaces() -> None:
    headers = ["Vorname", "Name"]
    assert map_headers(headers, fixed={})["Name"] == "family_name"
    samples = {"Name": ["Jörg Müller", "Anna Groß", "Ida Lang"]}
    assert decide_mapping(headers, fixed={}, samples=samples).fields["Name"] == "full_name"
    assert map_headers(["姓", "名前"], fixed={}) == {"姓": "family_name", "名前": "given_name"}


def test_name_with_legal_forms_is_the_company() -> None:
    samples = {"Name": ["Mills Inc", "Hill LLC", "Ray Ltd."]}
    mapped = decide_mapping(["Name", "Contact Person"], fixed={}, samples=samples)
    assert mapped.fields == {"Name": "company", "Contact Person": "full_name"}


@pytest.mark.parametrize("header", ["Login", "連絡先", "アドレス", "ID", "Phone", "Contact", "?"])
def test_column_of_addresses_is_the_mail_whatever_it_is_called(header: str) -> None:
    samples = {header: ["a@b.example", "c@d.example", "", "n/a"]}
    (match,) = decide_mapping([header], fixed={}, samples=samples).columns
    assert (match.field, match.confidence >= 50) == ("email", True)
    assert match.how == ("alias" if header == "アドレス" else "content")
    assert match.sample == "a@b.example"


@pytest.mark.parametrize(
    "header", ["Lead Owner", "更新者", "作成者", "Manager", "紹介者", "担当営業"]
)
def test_column_of_other_peoples_addresses_is_not_the_mail(header: str) -> None:
    samples = {header: ["a@b.example", "c@d.example"]}
    assert decide_mapping([header], fixed={}, samples=samples).fields.get(header) != "email"


def test_cells_overrule_a_weak_header() -> None:
    samples = {
        "アドレス": ["東京都千代田区丸の内1-1", "大阪府大阪市北区梅田6-19-19"],
        "Title": ["Mr.", "Ms."],
        "State": ["open", "closed", "open"],
        "Contact": ["03-1234-5678", "090-1234-5678", "06-1234-5678"],
    }
    mapped = decide_mapping(list(samples), fixed={}, samples=samples)
    assert mapped.fields == {"アドレス": "address", "Contact": "phone"}


def test_sure_mail_column_without_any_at_sign_gives_way_to_one_with_addresses() -> None:
    samples = {"Email": ["yes", "no", "yes"], "Login": ["a@b.example", "c@d.example"]}
    assert decide_mapping(list(samples), fixed={}, samples=samples).fields == {"Login": "email"}
    only = {"Email": ["none at all", "unknown"]}
    assert decide_mapping(list(only), fixed={}, samples=only).fields == {"Email": "email"}


@pytest.mark.parametrize(
    ("header", "field"),
    [
        ("Emial Address", "email"),  # codespell:ignore emial
        ("Compnay Name", "company"),  # codespell:ignore compnay
        ("Phone Numbre", "phone"),  # codespell:ignore numbre
    ],
)
def test_slip_of_the_pen_is_applied_and_reported(header: str, field: str) -> None:
    (match,) = decide_mapping([header], fixed={}).columns
    assert (match.field, match.how) == (field, "similar")
    assert 90 <= match.confidence < 100


@pytest.mark.parametrize(
    ("header", "suggestion"),
    [
        ("Fisrt Name", "given_name"),  # codespell:ignore fisrt
        ("メールアドレズ", "email"),
        ("Contract Name", "full_name"),
    ],
)
def test_likeness_that_is_not_enough_is_only_suggested(header: str, suggestion: str) -> None:
    (match,) = decide_mapping([header], fixed={}).columns
    expected = ("", "", "none") if header.startswith("Contract") else ("", suggestion, "suggested")
    assert (match.field, match.suggestion, match.how) == expected


@pytest.mark.parametrize("header", ["Newsletter Opt-im", "Lead IDs", "Lead Ownr", "Contract ID"])
def test_consent_owner_and_id_are_never_taken_by_likeness(header: str) -> None:
    assert decide_mapping([header], fixed={}).fields == {}


def test_every_column_that_tells_of_consent_counts() -> None:
    headers = ["Newsletter", "Email Opt Out", "Unsubscribed", "Opt-in"]
    assert map_headers(headers, fixed={}) == dict.fromkeys(headers, "consent")


def test_column_of_refusals_counts_beside_a_consent_that_is_fixed() -> None:
    headers = ["Newsletter", "Unsubscribed", "Box"]
    mapped = map_headers(headers, fixed={"Box": "consent"})
    assert mapped == {"Unsubscribed": "consent", "Box": "consent"}


def test_column_that_tells_who_left_a_list_is_suggested_as_consent() -> None:
    samples = {"Email": ["a@b.example"] * 3, "Status": ["Active", "Active", "unsubscribed"]}
    mapped = decide_mapping(list(samples), fixed={}, samples=samples)
    assert mapped.fields == {"Email": "email"}
    assert (mapped.columns[1].how, mapped.columns[1].suggestion) == ("suggested", "consent")


def test_doubtful_mail_column_counts_only_where_no_other_is() -> None:
    doubtful, sure = "担当者メールアドレス", "メールアドレス"
    assert map_headers([doubtful, sure], fixed={}) == {sure: "email"}
    assert map_headers([doubtful], fixed={}) == {doubtful: "email"}


def test_plain_phone_of_a_business_card_is_that_of_the_company() -> None:
    assert list(map_headers(["TEL", "携帯電話"], fixed={})) == ["TEL", "携帯電話"]
    cards = map_headers(["TEL", "携帯電話", "名刺交換日"], fixed={})
    assert list(cards) == ["携帯電話", "TEL"]


def test_custom_field_is_known_by_its_name() -> None:
    mapped = decide_mapping(["Plan", "E-mail"], fixed={}, custom=["plan"])
    assert mapped.fields == {"Plan": "plan", "E-mail": "email"}


def test_fixed_mapping_that_names_what_is_not_there_is_reported() -> None:
    fixed = {"Team": "employes", "Compny": "company", "Note": ""}
    mapped = decide_mapping(["Team", "Company", "Note"], fixed=fixed)
    assert mapped.fields == {"Company": "company"}
    assert [(each.code, each.suggestion) for each in mapped.faults] == [
        ("unknown_field", "employees"),
        ("unknown_header", "Company"),
    ]
    assert "Did you mean `employees`?" in mapped.faults[0].say("en")
    assert "`Company` のことですか" in mapped.faults[1].say("ja")


def test_columns_are_reported_in_file_order_with_why() -> None:
    samples = {"Company": ["", "A  Inc"], "Mail": ["a@b.example"], "Team": ["x" * 100]}
    mapped = decide_mapping([*samples, "Firm"], fixed={"Team": "department"}, samples=samples)
    assert mapped.columns == (
        ColumnMatch("Company", "company", 100, "alias", "A Inc"),
        ColumnMatch("Mail", "email", 90, "alias", "a@b.example"),
        ColumnMatch("Team", "department", 100, "fixed", "x" * 59 + "…"),
        ColumnMatch("Firm", "", 0, "none", None, "company"),
    )
    assert "a@b.example" not in repr(mapped)


@pytest.mark.parametrize(
    ("headers", "country"),
    [
        (["氏名", "会社名", "Email"], "JP"),
        (["お名前", "メール"], "JP"),
        (["姓名", "公司", "邮箱"], None),
        (["会社名", "氏名", "部署"], "JP"),
        (["Name", "Company", "会社名"], None),
        (["1", "2"], None),
        ([], None),
    ],
)
def test_country_is_told_by_mostly_japanese_headers(
    headers: list[str], country: str | None
) -> None:
    assert infer_country(headers) == country


@given(st.lists(st.text(max_size=30), max_size=12, unique=True))
def test_any_headers_are_mapped_without_failing(headers: list[str]) -> None:
    samples = {header: [header, "a@b.example"] for header in headers}
    mapped = decide_mapping(headers, fixed={}, samples=samples)
    assert [match.header for match in mapped.columns] == headers
    fields = list(mapped.fields.values())
    assert all(fields.count(field) == 1 for field in set(fields) - {"email", "phone", "consent"})


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("HasOptedOutOfEmail", True),
        ("配信停止", True),
        ("メール配信停止日", True),
        ("Unsubscribed At", True),
        ("Do not allow Emails", True),
        ("Newsletter abbestellt", True),
        ("メルマガ配信（可・不可）", False),
        ("Opt-in", False),
        ("Newsletter", False),
    ],
)
def test_opt_out_columns_are_told_apart(header: str, *, expected: bool) -> None:
    assert map_headers([header], fixed={}) == {header: "consent"}
    assert is_opt_out(header) is expected


def test_folding_keeps_letters_of_every_script() -> None:
    assert fold_header("  Ｅ－Ｍａｉｌ [required] ") == "email"
    assert fold_header("お問い合わせ・内容") == "お問い合わせ内容"
