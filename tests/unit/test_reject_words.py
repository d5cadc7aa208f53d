"""Why a row was refused, in words."""

from __future__ import annotations

import pytest

from leadline.domain.reject_words import REJECT_WORDS, say_cells, say_detail


def test_every_reject_code_has_words_in_both_languages() -> None:
    codes = {"bad_encoding", "stray_quote", "empty_row", "field_count", "missing_email"}
    codes |= {"invalid_email", "too_long", "honeypot", "unreadable"}
    codes |= {"no_mapping", "answers_missing", "erased", "too_many_leads"}
    codes |= {"too_fast", "forged_page", "no_page", "no_proof", "too_many_for_address"}
    codes |= {"no_event", "no_person", "bad_time", "in_future"}
    assert set(REJECT_WORDS) == codes
    assert all(set(words) == {"en", "ja"} for words in REJECT_WORDS.values())


@pytest.mark.parametrize(
    ("reason", "detail", "ja"),
    [
        ("field_count", "3 cells, the header has 12", "3 列あります(見出しは 12 列)"),
        ("too_long", "300 characters, at most 255", "300 文字あります(上限 255 文字)"),
        ("bad_encoding", "bytes that are not CP932", "CP932 として読めない文字があります"),
        ("stray_quote", "a quoted cell is not closed", "引用符が閉じていません"),
        ("missing_email", "no mail cell is filled", "メールアドレスがありません"),
        ("unreadable", "ValueError", REJECT_WORDS["unreadable"]["ja"]),
    ],
)
def test_detail_of_a_refusal_is_as_exact_in_japanese(reason: str, detail: str, ja: str) -> None:
    assert say_detail(reason, detail, "ja") == ja
    assert say_detail(reason, detail, "en") == detail


def test_refusal_without_detail_is_told_by_its_code() -> None:
    assert say_detail("empty_row", "", "en") == "the row is empty"
    assert say_detail("empty_row", "", "ja") == "空の行です"


def test_detail_that_was_said_in_japanese_stays() -> None:
    assert say_detail("field_count", "3 列あります(見出しは 2 列)", "ja") == (
        "3 列あります(見出しは 2 列)"
    )


@pytest.mark.parametrize(
    "detail",
    ["3 cells, the header has 2", "3 列あります(見出しは 2 列)", "3 cells, the header has 2; x"],
)
def test_counts_of_cells_are_said_in_either_language_from_either(detail: str) -> None:
    assert say_cells(detail, "en") == "3 cell(s), the header has 2"
    assert say_cells(detail, "ja") == "3 列あります(見出しは 2 列)"
    assert say_cells("300 characters, at most 255", "en") is None
