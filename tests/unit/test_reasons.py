"""The reasons of a score in words, as reps read them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

import pytest

from leadline.domain.kept_rules import read_kept
from leadline.domain.points import grade_shown
from leadline.domain.receipts import Line, ScoredEvent, decide_held, decide_receipt
from leadline.rendering.reasons import mail_reasons, score_reasons
from leadline.rendering.receipts import Moment, receipt_document

NOW: Final = datetime(2026, 11, 20, 20, 0, tzinfo=UTC)
TOKYO: Final = ZoneInfo("Asia/Tokyo")
PRICES: Final = {"en": "viewed the pricing page", "ja": "料金ページを閲覧"}


def lines_of(
    *ages: int,
    says: dict[str, str] = PRICES,
    matched: int = 0,
    **rule: Any,  # noqa: ANN401
) -> tuple[Line, ...]:
    """Return the receipt of a lead that viewed the prices so many days ago each."""
    visit = {"id": "prices", "event": "pricing_page_viewed", "points": 10.0, "says": says}
    rival = {"id": "rival", "when": "TRUE", "says": {"en": "a rival", "ja": "競合企業"}}
    large = {"id": "large", "when": "employees > 1", "points": 30.0, "group": "fit"}
    limits = {"at_most": rule.pop("cap", 5.0), "grade": rule.pop("grade", "D")}
    rules = read_kept(
        {
            "rules": [large | {"says": {"en": "large", "ja": "大企業"}}],
            "events": [visit | rule],
            "disqualifiers": [rival | limits],
        }
    )
    events = [
        ScoredEvent(number, "pricing_page_viewed", NOW - timedelta(days=age))
        for number, age in enumerate(ages)
    ]
    held = decide_held(rules, matched, events, as_of=NOW)
    return decide_receipt(rules, held, events)


def texts_of(lines: tuple[Line, ...], lang: str, zone: ZoneInfo = TOKYO) -> list[str]:
    return [reason["text"] for reason in mail_reasons(lines, lang, Moment(NOW, zone))]


@pytest.mark.parametrize(
    ("ages", "english", "japanese"),
    [
        ((0,), "viewed the pricing page on 21 Nov", "料金ページを閲覧 (11月21日)"),
        (
            (1, 2),
            "viewed the pricing page twice, last on 20 Nov",
            "料金ページを2回閲覧 (最終 11月20日)",
        ),
        (
            (340, 350, 360),
            "viewed the pricing page 3 times, last on 16 Dec 2025",
            "料金ページを3回閲覧 (最終 2025年12月16日)",
        ),
    ],
)
def test_events_say_how_often_and_when_the_last_was(
    ages: tuple[int, ...], english: str, japanese: str
) -> None:
    assert texts_of(lines_of(*ages), "en") == [english]
    assert texts_of(lines_of(*ages), "ja") == [japanese]


@pytest.mark.parametrize(
    ("says", "told"),
    [
        ("ウェビナーに参加", "ウェビナーに3回参加 (最終 11月20日)"),
        (
            "サービスに関する資料をダウンロード",
            "サービスに関する資料を3回ダウンロード (最終 11月20日)",
        ),
        ("資料請求", "資料請求 (3回、最終 11月20日)"),
        ("料金ページを見た", "料金ページを3回見た (最終 11月20日)"),
        ("メールのリンクを開いてくれた", "メールのリンクを3回開いてくれた (最終 11月20日)"),
        ("お知らせを", "お知らせを (3回、最終 11月20日)"),
    ],
)
def test_number_stands_where_japanese_has_it(says: str, told: str) -> None:
    lines = lines_of(0, 1, 2, says={"en": "did", "ja": says})
    assert texts_of(lines, "ja", ZoneInfo("UTC")) == [told]


def test_day_is_that_of_the_reps_zone() -> None:
    assert texts_of(lines_of(0), "en", ZoneInfo("UTC")) == ["viewed the pricing page on 20 Nov"]
    assert texts_of(lines_of(0), "en", TOKYO) == ["viewed the pricing page on 21 Nov"]


def test_reason_gives_the_points_that_its_bound_leaves() -> None:
    found = score_reasons(lines_of(0, 1, 2, at_most=12.5), "en", Moment(NOW))
    assert [(each["id"], each["points"]) for each in found] == [("prices", 12.5)]


def test_events_that_count_no_more_are_no_reason() -> None:
    assert texts_of(lines_of(9, within="P7D"), "en") == []


@pytest.mark.parametrize(
    ("cap", "grade", "english", "japanese"),
    [
        (
            0.0,
            "D",
            "a rival: 0 points at most, grade D at best",
            "競合企業 (上限 0点、グレードは最高でも D)",
        ),
        (5.0, None, "a rival: 5 points at most", "競合企業 (上限 5点)"),
        (None, "C", "a rival: grade C at best", "競合企業 (グレードは最高でも C)"),
        (None, None, "a rival", "競合企業"),
    ],
)
def test_disqualifier_is_the_first_reason(
    cap: float | None, grade: str | None, english: str, japanese: str
) -> None:
    lines = lines_of(0, matched=0b11, cap=cap, grade=grade)
    assert texts_of(lines, "en")[:2] == [english, "large"]
    assert texts_of(lines, "ja")[:2] == [japanese, "大企業"]


def test_reasons_are_weightiest_first() -> None:
    lines = lines_of(0, 1, 2, 3, matched=0b1)
    assert [each["points"] for each in mail_reasons(lines, "en", Moment(NOW))] == [40, 30]


def test_document_has_the_same_keys_for_every_line() -> None:
    lines = lines_of(0, 1, 2, matched=0b11, at_most=12.25)
    document = receipt_document(lines, "en", Moment(NOW))
    assert [each["kind"] for each in document] == ["rule", "event", "cap", "disqualifier"]
    assert [each["points"] for each in document] == [30, 30, -17.75, -37.25]
    assert len({frozenset(each) for each in document}) == 1
    assert document[1]["events"][0] == {
        "id": 0,
        "event": "pricing_page_viewed",
        "at": "2026-11-20T20:00:00Z",
        "points_then": 10,
        "decay": 1.0,
        "points": 10,
    }


@pytest.mark.parametrize(
    ("grade", "level", "shown"), [("A", 1, "A1"), ("B", None, "B"), (None, None, "D")]
)
def test_grade_is_shown_with_its_level(grade: str | None, level: int | None, shown: str) -> None:
    assert grade_shown(grade, level) == shown
