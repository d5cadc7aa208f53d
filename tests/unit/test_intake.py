"""The decision about one row: what a lead holds, what is rejected, under which keys it is known.

The people are those of the sample files.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import phonenumbers
import pytest
from email_validator import EmailNotValidError, validate_email
from hypothesis import given
from hypothesis import strategies as st

from leadline.domain.intake import (
    Lead,
    Rejected,
    SourceContext,
    decide_intake,
    match_keys,
)
from leadline.domain.mapping import map_headers
from leadline.domain.reach import read_email, read_phone

if TYPE_CHECKING:
    from collections.abc import Mapping

AMERICAN = SourceContext("web", "US", "UTC", "month_first")
JAPANESE = SourceContext("toiawase", "JP", "Asia/Tokyo", "year_first")


def _decide(
    row: Mapping[str, str],
    *,
    source: SourceContext = AMERICAN,
    custom: Mapping[str, str] | None = None,
    fixed: Mapping[str, str] | None = None,
) -> Lead | Rejected:
    mapping = map_headers(list(row), fixed=fixed or {})
    return decide_intake(row, mapping=mapping, source=source, custom=custom or {})


def _values(row: Mapping[str, str], source: SourceContext = AMERICAN) -> dict[str, object]:
    lead = _decide({"Email": "susan.moreno@inbox.test", **row}, source=source)
    assert isinstance(lead, Lead)
    return lead.values


def _value(field: str, cell: str, source: SourceContext = AMERICAN) -> object:
    return _values({field: cell}, source)[field]


def test_row_becomes_a_lead_with_canonical_values() -> None:
    row = {"First Name": " Susan ", "Last Name": "Ｍｏｒｅｎｏ", "Country": "AU", "State": "NSW"}
    row |= {"Phone": "(02) 5550 9832", "Employees": "11-50", "Submitted At": "08/03/2026 06:26 AM"}
    assert _values(row) == {
        "email": "susan.moreno@inbox.test",
        "given_name": "Susan",
        "family_name": "Moreno",
        "full_name": "Susan Moreno",
        "country": "AU",
        "region": "New South Wales",
        "phone": "+61255509832",
        "employees": "11-50",
        "employees_min": 11,
        "employees_max": 50,
        "submitted_at": datetime(2026, 8, 3, 6, 26, tzinfo=UTC),
        "language": "en",
        "request": "other",
        "request_rule": "default",
    }


def test_japanese_row_becomes_a_lead_with_canonical_values() -> None:
    row = {
        "氏名": "橋本　真綾",
        "フリガナ": "ﾊｼﾓﾄ ﾏｱﾔ",
        "会社名": "㈱林鉱業",
        "郵便番号": "〒060-0001",
    }
    row |= {"電話番号": "０１１－１１４－１６５８ （内線12）", "都道府県": "北海道"}
    row |= {"お問い合わせ内容": "①機能一覧②見積書をお願いします。\r\n急ぎます。 "}
    values = _values(row, JAPANESE)
    assert values == {
        "email": "susan.moreno@inbox.test",
        "full_name": "橋本 真綾",
        "family_name": "橋本",
        "given_name": "真綾",
        "name_kana": "ハシモト マアヤ",
        "company": "㈱林鉱業",
        "postal_code": "060-0001",
        "phone": "+81111141658",
        "region": "北海道",
        "message": "①機能一覧②見積書をお願いします。\n急ぎます。",
        "country": "JP",
        "language": "ja",
        "request": "quote",
        "request_rule": "message:見積",
    }


def test_columns_that_say_nothing_are_none_and_absent_columns_are_absent() -> None:
    row = {"Company": "", "Phone": "n/a", "Country": "", "Employees": " ", "Opt-in": ""}
    row |= {"Submitted At": "soon", "Message": "\u3000", "State": "", "ZIP": "", "Lead ID": ""}
    values = _values(row)
    stated = {"company", "phone", "country", "employees", "employees_min", "employees_max"}
    stated |= {"consent", "submitted_at", "message", "region", "postal_code", "external_id"}
    assert {field for field, value in values.items() if value is None} == stated
    assert "title" not in values


def test_country_of_the_source_counts_only_when_no_column_states_one() -> None:
    assert _values({})["country"] == "US"
    values = _values({"Country": "", "Phone": "808 555 0111", "State": "HI"})
    assert (values["country"], values["phone"]) == (None, "+18085550111")
    assert values["region"] == "Hawaii"


@pytest.mark.parametrize(
    ("country", "phone", "expected"),
    [
        ("Atlantis", "044 555 01 02", None),
        ("Atlantis", "808 555 0111", None),
        ("Atlantis", "+41 44 555 01 02", "+41445550102"),
        ("CH-Schweiz", "044 555 01 02", "+41445550102"),
        ("n/a", "808 555 0111", "+18085550111"),
        ("不明", "808 555 0111", "+18085550111"),
        ("US", "089/5550102", None),
    ],
)
def test_phone_in_a_country_that_nobody_knows_is_not_read_with_that_of_the_source(
    country: str, phone: str, expected: str | None
) -> None:
    assert _values({"Country": country, "Phone": phone})["phone"] == expected


@pytest.mark.parametrize(
    ("cell", "address"),
    [
        ("Marcus.Morgan@Inbox.Test", "marcus.morgan@inbox.test"),
        ("\u3000 lauren@mail.example \t\r\n", "lauren@mail.example"),
        ("mailto:paul@mail.example", "paul@mail.example"),
        ("ｐａｕｌ＠ｍａｉｌ．ｅｘａｍｐｌｅ", "paul@mail.example"),
        ("brian.hicks＠mail.example", "brian.hicks@mail.example"),
        ("o'brien+news@mail.example", "o'brien+news@mail.example"),
        ("a!#$%@mail.example", "a!#$%@mail.example"),
        ("paul@例え.test", "paul@xn--r8jz45g.test"),
        ("a!b@office.local", "a!b@office.local"),
    ],
)
def test_address_is_brought_into_one_shape(cell: str, address: str) -> None:
    lead = _decide({"Email": cell})
    assert isinstance(lead, Lead)
    assert lead.values["email"] == address


@pytest.mark.parametrize(
    "cell",
    [
        "no-at-sign.example",
        "john.smith@",
        "jane@@acme.example",
        "info＠",
        "a b@mail.example",
        "a..b@mail.example",
        "a@mail",
        "a@-mail.example",
        "a@mail.123",
        "a@[127.0.0.1]",
        "a@mail.example, b@mail",
        "a@mail.example;none",
        "a@mail.example b@mail.example",
        "Paul <paul>",
        "a@mail.example\r\nBcc: b@mail.example",
        "a\n@mail.example",
        "a\x07@mail.example",
        "a\u2028@mail.example",
        "x" * 65 + "@mail.example",
        "a@" + "x" * 64 + ".example",
    ],
)
def test_row_is_rejected_when_the_address_is_none(cell: str) -> None:
    rejected = _decide({"E-mail": cell, "Name": "Paul Perez"})
    assert rejected == Rejected("invalid_email", "E-mail", "not a single valid address")


@pytest.mark.parametrize("cell", ["", "  ", "\u3000"])
def test_row_is_rejected_when_no_mail_cell_is_filled(cell: str) -> None:
    rejected = _decide({"Email": cell, "E-mail (2)": "", "Name": "Paul Perez"})
    assert isinstance(rejected, Rejected)
    assert (rejected.reason, rejected.column) == ("missing_email", "Email")


def test_row_is_rejected_when_no_column_holds_addresses() -> None:
    rejected = _decide({"Name": "Paul Perez"})
    assert isinstance(rejected, Rejected)
    assert (rejected.reason, rejected.column) == ("missing_email", "")


def test_first_filled_mail_cell_counts() -> None:
    lead = _decide({"Work Email": " ", "E-mail": "paul@mail.example", "Mail": "x@mail.example"})
    assert isinstance(lead, Lead)
    assert lead.values["email"] == "paul@mail.example"


@pytest.mark.parametrize(
    ("header", "cell"),
    [
        ("First Name", "x" * 256),
        ("氏名", "寿" * 256),
        ("Company", "x" * 256),
        ("Job Title", "x" * 256),
        ("Message", "x" * 100_001),
        ("Unknown", "x" * 100_001),
    ],
)
def test_row_is_rejected_when_a_cell_is_too_long(header: str, cell: str) -> None:
    rejected = _decide({"Email": "paul@mail.example", header: cell})
    assert isinstance(rejected, Rejected)
    assert (rejected.reason, rejected.column) == ("too_long", header)
    assert str(len(cell)) in rejected.detail


def test_address_over_254_characters_is_too_long() -> None:
    rejected = _decide({"Email": "paul@" + "mail." * 50 + "example"})
    assert isinstance(rejected, Rejected)
    assert rejected.reason == "too_long"


def test_cells_of_just_the_limit_are_accepted() -> None:
    row = {"Name": " " * 20 + "x" * 255, "Message": "x" * 100_000, "City": "x" * 300}
    assert _values(row)["full_name"] == "x" * 255


def test_wrong_address_is_told_before_a_long_cell() -> None:
    rejected = _decide({"Company": "x" * 256, "Email": "paul@"})
    assert isinstance(rejected, Rejected)
    assert rejected.reason == "invalid_email"


def test_detail_of_a_reject_never_repeats_the_value() -> None:
    rejected = _decide({"Email": "paul perez@mail.example", "Name": "Paul Perez"})
    assert isinstance(rejected, Rejected)
    assert "paul" not in rejected.detail.lower()


@pytest.mark.parametrize(
    ("cell", "source", "phone"),
    [
        ("+1 206-555-0183", JAPANESE, "+12065550183"),
        ("(206)555-0184 ext. 35", AMERICAN, "+12065550184"),
        ("612-555-0123 x663", AMERICAN, "+16125550123"),
        ("1-305-555-0186", AMERICAN, "+13055550186"),
        ("２１４－５５５－０１２８", AMERICAN, "+12145550128"),
        ("tel:+16125550143", AMERICAN, "+16125550143"),
        ("p:+12155550172", AMERICAN, "+12155550172"),
        ("+44 (0)20 7946 0804", AMERICAN, "+442079460804"),
        ("0044 20 7946 0162", AMERICAN, "+442079460162"),
        ("+49 (0)30/23125-290", AMERICAN, "+493023125290"),
        ("+33 1 99 00 90 07", AMERICAN, "+33199009007"),
        ("010-1-206-555-0183", JAPANESE, "+12065550183"),
        ("075ー182ー9654", JAPANESE, "+81751829654"),
        ("(090)0884-8859", JAPANESE, "+819008848859"),
        ("+81 (0)3-1817-4942", AMERICAN, "+81318174942"),
        ("０６１６５４４５７９", JAPANESE, "+81616544579"),
        ("03-1234-5678 / 090-0111-2222", JAPANESE, "+81312345678"),
        ("03-1234-5678、090-0111-2222", JAPANESE, "+81312345678"),
    ],
)
def test_phone_is_e164_without_its_extension(cell: str, source: SourceContext, phone: str) -> None:
    assert _value("phone", cell, source) == phone


@pytest.mark.parametrize(
    "cell",
    [
        "n/a",
        "-",
        "TBD",
        "000",
        "0000000000",
        "555-0123",
        "Operations Lead",
        "03-12",
        "+",
        "1" * 300,
    ],
)
def test_phone_is_none_when_the_cell_holds_no_number(cell: str) -> None:
    assert _value("phone", cell) is None


def test_japanese_phone_with_too_many_digits_is_none() -> None:
    assert _value("phone", "03-1234-567890", JAPANESE) is None


@pytest.mark.parametrize(
    ("cell", "source", "code"),
    [
        ("５３０－０００１", JAPANESE, "530-0001"),
        ("2600013", JAPANESE, "260-0013"),
        ("〒１００ー０００１", AMERICAN, "100-0001"),
        ("02110-1048", AMERICAN, "02110-1048"),
        (" EC1A 1BB ", AMERICAN, "EC1A 1BB"),
        ("12345", JAPANESE, "12345"),
    ],
)
def test_postal_code_keeps_its_zeros(cell: str, source: SourceContext, code: str) -> None:
    assert _value("postal_code", cell, source) == code


@pytest.mark.parametrize(
    ("header", "cell", "consent"),
    [
        ("Opt-in", "Yes", True),
        ("Opt-in", "TRUE", True),
        ("Opt-in", "1", True),
        ("Opt-in", "Opted in", True),
        ("Opt-in", "Freely given consent from contact", True),
        ("メールでのご案内を希望しますか", "希望する", True),
        ("メールでのご案内を希望しますか", "希望しない", False),
        ("Opt-in", "n", False),
        ("Opt-in", "opted out", False),
        ("Opt-in", "０", False),
        ("Opt-in", "perhaps", None),
        ("Opt-in", "yes" + " " * 200, None),
        ("Opt-in", "", None),
        ("HasOptedOutOfEmail", "true", False),
        ("HasOptedOutOfEmail", "false", None),
        ("配信停止", "配信停止", False),
    ],
)
def test_consent_is_what_the_person_said(header: str, cell: str, *, consent: bool | None) -> None:
    assert _values({header: cell})["consent"] is consent


def test_refusal_in_one_column_wins() -> None:
    row = {"Email": "a@b.example", "news": "yes", "stop": "yes", "offers": "yes"}
    mapping = {"Email": "email", "news": "consent", "stop": "consent", "offers": "consent"}
    row["opt out"], mapping["opt out"] = "yes", "consent"
    lead = decide_intake(row, mapping=mapping, source=AMERICAN, custom={})
    assert isinstance(lead, Lead)
    assert lead.values["consent"] is False


@pytest.mark.parametrize(
    ("cell", "text", "least", "most"),
    [
        ("250", "250", 250, 250),
        ("1,200", "1200", 1200, 1200),
        ("1000+", "1000+", 1000, None),
        ("約120名", "120", 120, 120),
        ("11〜50名", "11-50", 11, 50),
        ("51 to 200 employees", "51-200", 51, 200),
        ("１０００人以上", "1000+", 1000, None),
        ("over 1000", "1000+", 1000, None),
        ("10名未満", "1-9", 1, 9),
        ("up to 50", "1-50", 1, 50),
        ("1万人", "10000", 10000, 10000),
        ("Nov-50", "11-50", 11, 50),
        ("10-Feb", "2-10", 2, 10),
        ("2月10日", "2-10", 2, 10),
    ],
)
def test_employees_have_text_and_bounds(cell: str, text: str, least: int, most: int | None) -> None:
    values = _values({"Employees": cell})
    found = (values["employees"], values["employees_min"], values["employees_max"])
    assert found == (text, least, most)


@pytest.mark.parametrize("cell", ["Construction", "50-11", "9" * 20, "9" * 20 + "+", "x" * 80, "?"])
def test_employees_are_none_when_the_cell_says_no_number(cell: str) -> None:
    assert _value("employees", cell) is None


def test_first_filled_head_count_counts() -> None:
    mapping = {"Email": "email", "a": "employees", "b": "employees"}
    row = {"Email": "a@b.example", "a": "12", "b": "99"}
    lead = decide_intake(row, mapping=mapping, source=AMERICAN, custom={})
    assert isinstance(lead, Lead)
    assert lead.values["employees"] == "12"


@pytest.mark.parametrize(
    ("row", "kind", "rule"),
    [
        ({"お問い合わせ種別": "資料請求", "Message": "費用は?"}, "document", "request:資料"),
        ({"Subject": "Support"}, "support", "request:support"),
        ({"Subject": "その他", "Message": "デモを希望します"}, "demo", "message:デモ"),
        ({"Subject": "Hello"}, "other", "request"),
        ({"Message": "Please send pricing for 40 seats."}, "quote", "message:pricing"),
        ({"Message": "Can you call me after 3 PM?"}, "consultation", "message:call me"),
        ({"Message": "ﾃﾞﾓと見積"}, "quote", "message:見積"),
        ({"Message": "Does it support SSO?"}, "other", "default"),
        ({"Message": "The trial is not working"}, "demo", "message:trial"),
        ({}, "other", "default"),
    ],
)
def test_request_names_the_words_that_decided(row: dict[str, str], kind: str, rule: str) -> None:
    values = _values(row)
    assert (values["request"], values["request_rule"]) == (kind, rule)


@pytest.mark.parametrize(
    ("row", "language"),
    [
        ({"Language": "日本語"}, "ja"),
        ({"Language": "en-US", "Country": "JP"}, "en"),
        ({"Language": "Français"}, "en"),
        ({"Country": "Japan", "Name": "Catherine Garcia"}, "ja"),
        ({"Country": "", "Name": "鈴木 充"}, "ja"),
        ({"Country": "US", "Message": "カタログ please"}, "ja"),
        ({"Country": "CN", "Name": "王小明"}, "en"),
        ({"Country": "FR", "Name": "Zoé"}, "en"),
    ],
)
def test_language_is_stated_or_follows_country_and_script(
    row: dict[str, str], language: str
) -> None:
    assert _values(row)["language"] == language


@pytest.mark.parametrize(
    ("row", "name"),
    [
        ({"First Name": "Paul", "Last Name": "Perez"}, "Paul Perez"),
        ({"First Name": "充", "Last Name": "鈴木"}, "鈴木 充"),
        ({"First Name": "", "Last Name": "Perez"}, "Perez"),
        ({"First Name": "Paul", "Last Name": "Perez", "Full Name": "P. Perez"}, "P. Perez"),
        ({"Name": "Ｊｅａｎ－Ｌｕｃ   Ｏ＇Ｎｅｉｌ"}, "Jean-Luc O'Neil"),
        ({"氏名": "マリ－　ABC"}, "マリ－ ABC"),
    ],
)
def test_full_name_is_stated_or_joined(row: dict[str, str], name: str) -> None:
    assert _values(row)["full_name"] == name


def test_full_name_is_absent_when_no_part_is_stated() -> None:
    assert "full_name" not in _values({"First Name": "", "Last Name": " "})
    assert _values({"Name": "", "Last Name": "Perez"})["full_name"] is None


def test_control_characters_never_reach_a_lead() -> None:
    values = _values(
        {"Company": "A\x00c\r\nme", "Message": "a\x1bb\rc", "Name": "P\x07aul\nP\ud800"}
    )
    assert (values["company"], values["message"]) == ("Ac me", "ab\nc")
    assert values["full_name"] == "Paul P"


def test_prefix_of_a_vendor_is_taken_off_an_id() -> None:
    assert _value("external_id", "l:7100") == "7100"
    assert _value("external_id", "zcrm_42") == "42"
    assert _value("external_id", "'6001") == "6001"
    assert _value("external_id", '="0007"') == "0007"
    assert _value("external_id", "'A1'") == "'A1'"
    assert _value("external_id", "007") == "007"


@pytest.mark.parametrize(
    ("cell", "zone"), [("Asia/Tokyo", "Asia/Tokyo"), ("Mars", None), ("", None)]
)
def test_stated_zone_must_exist(cell: str, zone: str | None) -> None:
    assert _value("timezone", cell) == zone


def test_unmapped_columns_are_kept_as_attributes() -> None:
    lead = _decide({"Email": "a@b.example", "Fax": " 12 ", "Rating": ""})
    assert isinstance(lead, Lead)
    assert lead.attributes == {"Fax": "12"}


@pytest.mark.parametrize(
    ("kind", "cell", "value"),
    [
        ("text", " gold ", "gold"),
        ("number", "1,200", "1200"),
        ("number", "many", None),
        ("boolean", "はい", "true"),
        ("boolean", "no", "false"),
        ("boolean", "perhaps", None),
        ("time", "08/03/2026", "2026-08-03T00:00:00+00:00"),
        ("time", "soon", None),
        ("text", "", None),
    ],
)
def test_custom_field_is_kept_in_the_shape_of_its_type(
    kind: str, cell: str, value: str | None
) -> None:
    row = {"Email": "a@b.example", "ランク": cell}
    lead = _decide(row, custom={"tier": kind}, fixed={"ランク": "tier"})
    assert isinstance(lead, Lead)
    assert lead.attributes == ({} if value is None else {"tier": value})


def test_custom_field_needs_no_mapping_when_the_header_is_its_name() -> None:
    lead = _decide({"Email": "a@b.example", "tier": "2"}, custom={"tier": "number"})
    assert isinstance(lead, Lead)
    assert lead.attributes == {"tier": "2"}


def test_mapped_column_that_a_row_lacks_is_not_stated() -> None:
    mapping = {"Email": "email", "Phone": "phone", "When": "submitted_at", "Opt-in": "consent"}
    mapping |= {"Company": "company", "Employees": "employees", "tier": "tier"}
    row = {"Email": "a@b.example"}
    lead = decide_intake(row, mapping=mapping, source=AMERICAN, custom={"tier": "text"})
    assert isinstance(lead, Lead)
    assert set(lead.values) == {"email", "country", "language", "request", "request_rule"}


def test_keys_come_strongest_first() -> None:
    values = {"email": "paul@mail.example", "external_id": "7", "phone": "+12065550183"}
    keys = match_keys({**values, "full_name": "Paul  PEREZ"}, source="web")
    assert keys == (
        ("email", "paul@mail.example"),
        ("external", "web|7"),
        ("phone_name", "+12065550183|paulperez"),
    )


@pytest.mark.parametrize("local", ["info", "Sales", "no-reply", "noreply+x", "support", "toiawase"])
def test_address_of_a_function_is_a_key_only_with_the_name(local: str) -> None:
    values = {"email": f"{local}@mail.example", "full_name": "鈴木　充"}
    assert match_keys(values, source="web") == (("email", f"{local}@mail.example|鈴木充"),)


def test_phone_without_name_is_no_key() -> None:
    assert match_keys({"phone": "+12065550183", "full_name": None}, source="web") == ()


_LOCAL = st.text("abz019._+-'", min_size=1, max_size=66)
_DOMAIN = st.text("abz09.-", min_size=1, max_size=12).map(lambda text: text + ".example")


@given(_LOCAL, _DOMAIN)
def test_address_pattern_agrees_with_the_library(local: str, domain: str) -> None:
    address = f"{local}@{domain}"
    try:
        found = validate_email(
            address, check_deliverability=False, globally_deliverable=False, strict=True
        )
    except EmailNotValidError:
        assert read_email(address) is None
    else:
        assert read_email(address) == found.normalized


@given(
    st.sampled_from(["", "+81 ", "+81 (0)", "0", "+1", "1-", "+"]),
    st.text("0123456789", min_size=7, max_size=12),
    st.sampled_from(["US", "JP", "CA"]),
)
def test_phone_pattern_agrees_with_the_library(prefix: str, digits: str, country: str) -> None:
    found = read_phone(prefix + digits, country)
    is_ours = (prefix + digits).startswith("00")  # the library reads 00 as part of the number
    if found is not None and not is_ours:
        number = phonenumbers.parse(prefix + digits, country)
        assert found == phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


@given(st.dictionaries(st.sampled_from(["Email", "Phone", "Name", "Employees", "x"]), st.text()))
def test_decision_never_fails_on_any_text(row: dict[str, str]) -> None:
    assert isinstance(_decide(row), Lead | Rejected)
