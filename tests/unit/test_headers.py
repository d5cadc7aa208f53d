"""Headers that name a field in more words than one."""

from __future__ import annotations

import pytest

from leadline.domain.mapping import map_headers


@pytest.mark.parametrize(
    ("header", "field"),
    [
        ("Registration Date/Time", "submitted_at"),
        ("Registration date and time", "submitted_at"),
        ("Order Date", "submitted_at"),
        ("Order Date & Time", "submitted_at"),
        ("Event Created Date & Time", "submitted_at"),
        ("Scan-Zeitpunkt", "submitted_at"),
        ("Registrierungszeitpunkt", "submitted_at"),
        ("Eingangsdatum und Uhrzeit", "submitted_at"),
        ("Registriert", "submitted_at"),
        ("完了時刻", "submitted_at"),
        ("名刺登録日", "submitted_at"),
        ("Land/Region geschäftlich", "country"),
        ("Country/Region Business", "country"),
    ],
)
def test_header_of_several_words_is_known_by_them(header: str, field: str) -> None:
    assert map_headers([header], fixed={}) == {header: field}


@pytest.mark.parametrize(
    "header",
    [
        *(
            "Event Date/Time",
            "Start Date & Time",
            "Last Modified Date/Time",
            "開始時刻",
            "更新時刻",
        ),
        *("Startzeitpunkt", "Preferred date and time", "Uhrzeit", "時刻"),
    ],
)
def test_time_of_something_else_is_not_that_of_the_submission(header: str) -> None:
    assert map_headers([header], fixed={}) == {}


def test_time_of_an_order_gives_way_to_that_of_the_submission() -> None:
    assert map_headers(["Order Date", "Submitted At"], fixed={}) == {"Submitted At": "submitted_at"}


def test_qualifier_behind_one_of_two_words_is_not_taken_for_that_of_both() -> None:
    assert map_headers(["E-mail / Mobile"], fixed={}) == {}
