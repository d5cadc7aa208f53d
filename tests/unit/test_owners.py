"""Owners as files name them: who is meant, and when nobody is."""

from __future__ import annotations

from typing import NamedTuple

import pytest

from leadline.domain.owners import resolve_owner


class Rep(NamedTuple):
    rep_id: str
    name: str
    email: str


REPS = (
    Rep("R01", "Kim Lee", "kim.lee@example.com"),
    Rep("R02", "Jo Carter", "jo@example.com"),
    Rep("R03", "Carter Grant", "carter@example.com"),
    Rep("R11", "中島 健", "nakajima@example.jp"),
    Rep("R12", "髙橋　一郎", "takahashi@example.jp"),
    Rep("R13", "鈴木 充", "suzuki.m@example.jp"),
    Rep("R14", "鈴木 花子", "suzuki.h@example.jp"),
    Rep("R15", "小野寺健", "onodera@example.jp"),
)


@pytest.mark.parametrize(
    ("text", "rep_id"),
    [
        ("R01", "R01"),
        (" r01 ", "R01"),
        ("Ｒ０１", "R01"),
        ("KIM.LEE@example.com", "R01"),
        ("Kim Lee <kim.lee@example.com>", "R01"),
        ("kim  lee", "R01"),
        ("Lee, Kim", "R01"),
        ("Mr. Kim Lee", "R01"),
        ("Lee", "R01"),
        ("Kim Lee (West)", "R01"),
        ("中島　健", "R11"),
        ("中島健様", "R11"),
        ("中島さん", "R11"),
        ("中島 (東京)", "R11"),
        ("高橋", "R12"),
        ("鈴木花子", "R14"),
        ("小野寺健", "R15"),
    ],
)
def test_owner_is_found_by_id_address_or_name(text: str, rep_id: str) -> None:
    assert resolve_owner(text, REPS) == rep_id


@pytest.mark.parametrize(
    "text",
    [
        "",
        " 　",
        "様",
        "鈴木",
        "鈴木さん",
        "Carter",
        "Kim",
        "小野寺",
        "未定",
        "R",
        "R011",
        "@",
        "<>",
    ],
)
def test_owner_is_nobody_when_none_or_several_are_meant(text: str) -> None:
    assert resolve_owner(text, REPS) is None


def test_owner_given_by_id_counts_before_another_of_that_name() -> None:
    reps = (*REPS, Rep("lee", "Pat Doe", "pat@example.com"))
    assert resolve_owner("Lee", reps) == "lee"


def test_owner_is_nobody_where_there_is_no_rep() -> None:
    assert resolve_owner("Kim Lee", ()) is None
