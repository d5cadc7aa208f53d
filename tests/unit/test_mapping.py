"""Which field a column holds."""

from __future__ import annotations

import pytest

from leadline.domain.leads import LEAD_FIELDS
from leadline.domain.mapping import fold_header, is_opt_out, map_headers


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
        ("受信日時", "submitted_at"),
        ("お問い合わせ内容", "message"),
        ("従業員数", "employees"),
        ("ＴＥＬ", "phone"),
    ],
)
def test_header_is_mapped_by_alias(header: str, field: str) -> None:
    assert map_headers([header], fixed={}) == {header: field}


@pytest.mark.parametrize(
    "header", ["", "部署・役職", "個人情報の取り扱いに同意する", "Fax", "emails sent"]
)
def test_unknown_header_is_left_out(header: str) -> None:
    assert map_headers([header], fixed={}) == {}


@pytest.mark.parametrize("field", [name for name in LEAD_FIELDS if name != "created_at"])
def test_every_field_is_known_by_its_own_name(field: str) -> None:
    assert map_headers([field], fixed={}) == {field: field}


def test_field_is_used_once_by_the_surest_header() -> None:
    assert map_headers(["Organization", "Company", "Employer"], fixed={}) == {"Company": "company"}


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


@pytest.mark.parametrize(
    ("header", "expected"),
    [("HasOptedOutOfEmail", True), ("配信停止", True), ("Opt-in", False), ("Newsletter", False)],
)
def test_opt_out_columns_are_told_apart(header: str, *, expected: bool) -> None:
    assert map_headers([header], fixed={}) == {header: "consent"}
    assert is_opt_out(header) is expected


def test_folding_keeps_letters_of_every_script() -> None:
    assert fold_header("  Ｅ－Ｍａｉｌ [required] ") == "email"
    assert fold_header("お問い合わせ・内容") == "お問い合わせ内容"
