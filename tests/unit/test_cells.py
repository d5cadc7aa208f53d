"""What one cell says, whatever column it stands in: consent, numbers, head counts."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadline.domain.cells import read_boolean, read_consent, read_language, read_number
from leadline.domain.headcount import read_headcount


@pytest.mark.parametrize(
    "cell",
    [
        *(
            "Yes",
            "TRUE",
            "1",
            "1.0",
            "✔️",
            "☑",
            "Checked",
            "Opted In",
            "SUBSCRIBED",
            "double opt-in",
        ),
        *("はい", "希望する", "同意します", "配信可", "同意あり", "オン", "はい、希望します"),
        *("Ja", "Einverstanden", "Abonniert", "Ja, ich möchte den Newsletter erhalten"),
        *("Yes, I agree", "I agree to receive emails", "案内を希望する", "同意する(メール)"),
        "Freely given consent from contact",
        "Legitimate interest – prospect/lead;Freely given consent from contact",
    ],
)
def test_yes_is_consent(cell: str) -> None:
    assert read_consent(cell) is True
    assert read_boolean(cell) is True


@pytest.mark.parametrize(
    "cell",
    [
        *("No", "false", "0", "Unchecked", "Opted Out", "Unsubscribed", "Do Not Allow"),
        *("いいえ", "希望しない", "配信不可", "配信NG", "受け取りません", "いいえ、結構です"),
        *("Nein", "Nicht einverstanden", "abgemeldet", "Nein danke"),
        *("No, thanks", "I do not agree", "I don't want emails", "希望する;希望しない"),
    ],
)
def test_no_is_a_refusal(cell: str) -> None:
    assert read_consent(cell) is False


@pytest.mark.parametrize(
    "cell",
    [
        *("", "maybe", "Not applicable", "NEVER_SUBSCRIBED", "pending", "yesterday", "January"),
        *("Legitimate interest – prospect/lead", "未回答", "x" * 500, "Not set"),
        *(
            "個人情報の取り扱いに同意する",
            "Yes, I accept the privacy policy",
            "Yes, but only by phone",
        ),
        "電話のみ希望する",
    ],
)
def test_anything_else_says_nothing_of_mail(cell: str) -> None:
    assert read_consent(cell) is None


@pytest.mark.parametrize(
    "cell", ["1", "true", "はい", "Ja", "Opted out", "配信停止", "Do Not Allow", "2026-10-05 10:00"]
)
def test_refusal_in_a_column_of_refusals(cell: str) -> None:
    assert read_consent(cell, is_refusal=True) is False


@pytest.mark.parametrize("cell", ["", "0", "no", "いいえ", "希望しない", "Allow me to think"])
def test_missing_refusal_is_no_consent(cell: str) -> None:
    assert read_consent(cell, is_refusal=True) is None


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        ("1,200", "1200"),
        ("1.200", "1200"),
        ("1 200", "1200"),
        ("1'200", "1200"),
        ("１２０", "120"),
        ("1200.0", "1200"),
        ("1.2k", "1200"),
        ("約120名", "120"),
        ("120人くらい", "120"),
        ("ca. 120 Mitarbeiter", "120"),
        ("~100", "100"),
        ("11〜50名", "11-50"),
        ("1,001-5,000 employees", "1001-5000"),
        ("1.001-5.000", "1001-5000"),
        ("10 bis 50", "10-50"),
        ("between 10 and 50", "10-50"),
        ("11-50 (medium)", "11-50"),
        ("A. 1-10", "1-10"),
        ("1万〜5万人", "10000-50000"),
        ("1000+", "1000+"),
        ("über 1000", "1000+"),
        ("301名以上", "301+"),
        ("～50名", "1-50"),
        ("less than 10", "1-9"),
        ("Nov-50", "11-50"),
        ("10-Feb", "2-10"),
        ("2月10日", "2-10"),
    ],
)
def test_headcount_is_read_in_every_shape(cell: str, text: str) -> None:
    found = read_headcount(cell)
    assert found is not None
    assert found.text == text


@pytest.mark.parametrize("cell", ["", "small", "-5", "30数名", "50-10", "2025/11/50", "9" * 30])
def test_headcount_is_none_for_anything_else(cell: str) -> None:
    assert read_headcount(cell) is None


@pytest.mark.parametrize(
    ("cell", "number"),
    [
        ("1,200", "1200"),
        ("1.200,50", "1200.50"),
        ("1,200.50", "1200.50"),
        ("1.200.000", "1200000"),
        ("1 200", "1200"),
        ("1'200", "1200"),
        ("12,5", "12.5"),
        ("1.5", "1.5"),
        ("¥1,200", "1200"),
        ("１，２００円", "1200"),
        ("-5", "-5"),
        ("50%", None),
        ("1e5", None),
        ("many", None),
    ],
)
def test_number_is_read_with_its_separators(cell: str, number: str | None) -> None:
    assert read_number(cell) == number


@pytest.mark.parametrize(
    ("cell", "language"),
    [("Japanese", "ja"), ("日本語", "ja"), ("Englisch", "en"), ("French", None)],
)
def test_language_is_one_that_we_write(cell: str, language: str | None) -> None:
    assert read_language(cell) == language


@given(st.text(max_size=80))
def test_readers_never_fail_on_any_text(text: str) -> None:
    assert read_consent(text) in {True, False, None}
    assert read_consent(text, is_refusal=True) in {False, None}
    count = read_headcount(text)
    assert count is None or count.most is None or count.least <= count.most
    number = read_number(text)
    assert number is None or float(number) == float(number)
