"""What a mail address tells by itself: a function's, a private person's, a throw-away one."""

from __future__ import annotations

import pytest

from leadline.domain.addresses import is_disposable_address, is_free_address, is_role_address
from leadline.domain.mail_columns import flag_emails

FREE = (
    "gmail.com yahoo.co.jp docomo.ne.jp ezweb.ne.jp au.com softbank.ne.jp i.softbank.jp icloud.com "
    "t.vodafone.ne.jp gmx.de web.de t-online.de qq.com 163.com naver.com outlook.jp proton.me"
)
COMPANIES = "example.com example.co.jp notgmail.com gmail.com.example mailinator.example au.example"
THROWN_AWAY = "mailinator.com x.mailinator.com yopmail.com guerrillamail.com 10minutemail.com"
ROLES = "info sales no-reply noreply do_not_reply eigyo info+tag o.to.i.awase -info- ſales"
PEOPLE = "paul jane.info salesforce information.desk infos 鈴木 ﬁnfo"


@pytest.mark.parametrize("domain", FREE.split())
def test_address_at_a_provider_of_private_boxes_is_free(domain: str) -> None:
    assert is_free_address(f"paul@{domain}")
    assert not is_disposable_address(f"paul@{domain}")


@pytest.mark.parametrize("domain", COMPANIES.split())
def test_address_of_a_company_is_neither_free_nor_thrown_away(domain: str) -> None:
    assert not is_free_address(f"paul@{domain}")
    assert not is_disposable_address(f"paul@{domain}")


@pytest.mark.parametrize("domain", THROWN_AWAY.split())
def test_address_at_a_provider_of_throw_away_boxes_is_disposable(domain: str) -> None:
    assert is_disposable_address(f"paul@{domain}")


def test_columns_flag_every_address_as_row_by_row() -> None:
    locals_ = [*ROLES.split(), *PEOPLE.split()]
    domains = [*FREE.split(), *COMPANIES.split(), *THROWN_AWAY.split()]
    emails = [f"{local}@{domain}" for local in locals_ for domain in domains]
    flags = flag_emails(emails)
    assert flags["is_role_address"] == list(map(is_role_address, emails))
    assert flags["is_free_address"] == list(map(is_free_address, emails))
    assert flags["is_disposable_address"] == list(map(is_disposable_address, emails))
    assert [sum(found) for found in flags.values()] == [
        len(ROLES.split()) * len(domains),
        len(FREE.split()) * len(locals_),
        len(THROWN_AWAY.split()) * len(locals_),
    ]
