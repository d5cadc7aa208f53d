"""A company is known by its name without legal form, width, case and signs."""

from __future__ import annotations

import pytest

from leadline.domain.companies import company_key

#: Spellings by key.
SPELLINGS = {
    "acme": """
Acme|ACME, Inc.|acme inc|Acme Incorporated|Acme Corp.|Acme Corporation|Acme Co., Ltd.|Acme L.L.C.
Acme LLC|Acme Ltd|Acme Limited|Acme PLC|Acme Pty Ltd|Acme Pte. Ltd.|Ａｃｍｅ　Ｉｎｃ．|Acme (Inc)
ACME Sdn Bhd|Acme L L C|Acme K.K.|Acme Co. KG|Acme,Inc
""",
    "müller": """
Müller GmbH|Müller GmbH & Co. KG|Müller GmbH und Co. KG|Müller AG|Müller KGaA|MÜLLER e.K.
Müller UG (haftungsbeschränkt)|Müller OHG|Müller e.V.|Müller SE
""",
    "foo": """
Foo S.p.A.|Foo SpA|Foo S.r.l.|Foo SARL|Foo S.A.R.L.|Foo SAS|Foo S.A.|Foo B.V.|Foo NV|Foo AB|Foo Oy
Foo A/S|Foo AS|Foo ApS|Foo S.A. de C.V.|Foo S. de R.L. de C.V.|Foo Sp. z o.o.|Foo spol. s r.o.
Foo Kft.|Foo Ltda.|PT Foo Tbk|ООО Foo
""",
    "南海印刷": """
南海印刷|株式会社南海印刷|南海印刷株式会社|株式会社 南海印刷|㈱南海印刷|南海印刷㈱|(株)南海印刷
南海印刷（株）|㍿南海印刷|有限会社南海印刷|㈲南海印刷|合同会社南海印刷|(同)南海印刷|一般社団法人南海印刷
（一社）南海印刷|公益財団法人 南海印刷|㈶南海印刷|医療法人社団南海印刷|学校法人南海印刷|㈻南海印刷
NPO法人南海印刷|(特非)南海印刷|国立大学法人南海印刷|南海印刷有限公司|南海印刷Inc.
南海印刷 Co., Ltd.|南海・印刷（株）
""",
    "ナンカイ": "カ)ナンカイ|ナンカイ(カ|ﾅﾝｶｲ(ｶ|ｶ)ﾅﾝｶｲ|ナンカイ(カ)|ﾕ)ﾅﾝｶｲ|ナンカイ（ユ",
}


@pytest.mark.parametrize("key", SPELLINGS)
def test_spellings_of_one_company_have_one_key(key: str) -> None:
    names = SPELLINGS[key].strip().replace("\n", "|").split("|")
    assert {name: company_key(name) for name in names} == dict.fromkeys(names, key)


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("株式会社", "株式会社"),
        ("㈱", "株"),
        ("Ltd", "ltd"),
        ("Inc.", "inc"),
        ("GmbH & Co. KG", "gmbh"),
        ("The Company", "thecompany"),
        ("Co", "co"),
        ("カ", "カ"),
    ],
)
def test_name_that_is_only_a_legal_form_stays(name: str, key: str) -> None:
    assert company_key(name) == key


@pytest.mark.parametrize("name", ["", " ", "\u3000", "---", "「」", "x" * 256])
def test_name_that_says_nothing_has_no_key(name: str) -> None:
    assert company_key(name) is None


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Casa Foods", "Ca Foods"),
        ("Sagent", "Ent"),
        ("株式会社南海", "株式会社南海印刷"),
        ("カフェ南海", "フェ南海"),
        ("Acme Holdings", "Acme"),
        ("Müller Nord GmbH", "Müller Süd GmbH"),
    ],
)
def test_names_that_only_look_alike_have_two_keys(one: str, other: str) -> None:
    assert company_key(one) != company_key(other)


def test_key_of_a_key_is_the_key() -> None:
    for name in ("Acme, Inc.", "株式会社南海印刷", "Müller GmbH & Co. KG", "ﾅﾝｶｲ(ｶ"):
        key = company_key(name)
        assert key is not None
        assert company_key(key) == key
