"""Which column counts of several: participants before hosts and buyers, people before companies."""

from __future__ import annotations

import pytest

from leadline.domain.mapping import map_headers


def chosen(headers: list[str], field: str, fixed: dict[str, str] | None = None) -> list[str]:
    found = map_headers(headers, fixed=fixed or {})
    return [header for header in found if found[header] == field]


@pytest.mark.parametrize(
    ("headers", "mails"),
    [
        ("User Email,Invitee Name,Invitee Email", "Invitee Email,User Email"),
        ("Buyer Email,Attendee Email", "Attendee Email,Buyer Email"),
        ("BuyerEmail,AttendeeEmail", "AttendeeEmail,BuyerEmail"),
        ("Billing Email,Email,Name", "Email,Billing Email"),
        ("Email,Contact Email,Contact Name", "Contact Email,Email"),
        ("メールアドレス,参加者メールアドレス,参加者氏名", "参加者メールアドレス,メールアドレス"),
        ("Work Email,Private Email,Name", "Work Email,Private Email"),
        ("recipient_email,email", "email,recipient_email"),
        ("confirm_email,E-mail", "E-mail,confirm_email"),
        ("company_email,email", "email,company_email"),
        ("会社メールアドレス,メールアドレス", "メールアドレス,会社メールアドレス"),
        (
            "メールアドレス（確認）,メールアドレス（必須）",
            "メールアドレス（必須）,メールアドレス（確認）",
        ),
        ("recipient_email,Work Email", "Work Email,recipient_email"),
        ("billing_email,company_email,email", "email,company_email,billing_email"),
        ("Name,User Email", "User Email"),
    ],
)
def test_mail_of_the_person_who_is_named_counts_first(headers: str, mails: str) -> None:
    assert chosen(headers.split(","), "email") == mails.split(",")


def test_mail_columns_that_are_fixed_stay_in_the_order_of_the_file() -> None:
    fixed = {"User Email": "email", "Invitee Email": "email"}
    assert chosen(["User Email", "Invitee Email"], "email", fixed) == [
        "User Email",
        "Invitee Email",
    ]


@pytest.mark.parametrize("other", ["recipient_email", "Invitee Email", "email"])
def test_mail_column_that_is_fixed_counts_alone(other: str) -> None:
    assert chosen([other, "my_mail"], "email", {"my_mail": "email"}) == ["my_mail"]


def test_parts_of_a_buyers_name_are_not_put_beside_the_name_of_the_guest() -> None:
    found = map_headers(["Buyer First Name", "Buyer Email", "Attendee Name"], fixed={})
    assert found == {"Buyer Email": "email", "Attendee Name": "full_name"}


def test_buyer_is_the_lead_where_nobody_else_is_named() -> None:
    headers = ["Buyer First Name", "Buyer Last Name", "Buyer Email"]
    assert list(map_headers(headers, fixed={})) == headers


@pytest.mark.parametrize(
    "header",
    [
        *("登録番号", "会社ID", "法人ID", "法人番号", "会社登録番号", "企業の管理番号", "勤務先ID"),
        *(
            "貴社の登録番号",
            "取引先番号",
            "Company ID",
            "Company Number",
            "Account ID",
            "Firmen-ID",
        ),
    ],
)
def test_number_of_a_company_is_no_id_of_a_person(header: str) -> None:
    assert chosen([header, "氏名", "メール"], "external_id") == []
