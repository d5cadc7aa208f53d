"""Cells that a spreadsheet saved are known again, and mended ones are not."""

from __future__ import annotations

import pytest

from leadline.files.saved_cells import before_saving


def is_same(cells: list[str], saved: list[str], text: str = "") -> bool:
    row = text or ",".join(cells)
    return before_saving(cells, row) == before_saving(saved, row)


@pytest.mark.parametrize(
    ("written", "saved"),
    [
        ("09011112222", "9011112222"),
        ("0", "0"),
        ("000", "0"),
        ("０９０１１１１２２２２", "9011112222"),
        ("09011112222", "9.01E+09"),
        ("12345678901", "1.23E+10"),
        ("12345678901", "1,23E+10"),
        ("12345678901234", "1.23457E+13"),
        ("1234567890123456", "1.23457E+15"),
        ("1234567890123456", "1234567890123450"),
        ("12E3", "1.20E+04"),
        ("12.50", "12.5"),
        ("35.6894875", "35.68949"),
        ("2026-10-05", "2026/10/5"),
        ("2026-10-05", "10/5/2026"),
        ("2026-10-05", "05.10.2026"),
        ("05/10/2026", "5/10/2026"),
        ("26/10/05", "2026/10/5"),
        ("2026-10-05 09:05:07", "2026/10/5 9:05"),
        ("1-2-3", "2001/2/3"),
        ("3-12", "3月12日"),
        ("3-12", "12-Mar"),
        ("09:05", "9:05"),
        ("true", "TRUE"),
        ("False", "FALSE"),
        ("two\nlines ", "two lines"),
    ],
)
def test_cell_that_a_spreadsheet_saved_counts_as_the_one_before(written: str, saved: str) -> None:
    assert is_same(["A", written, "B"], ["A", saved, "B"])


@pytest.mark.parametrize(
    ("written", "mended"),
    [
        ("09011112222", "9011112223"),
        ("09011112222", "090-1111-2222"),
        ("12345678901", "12345678902"),
        ("12345678901", "1.24E+10"),
        ("12345678901234567890", "12345678901234567891"),
        ("2026-10-05", "2026-05-10"),
        ("2026-10-05", "2026-10-06"),
        ("2026-10-05 09:05:07", "2026/10/5 9:06"),
        ("2026-10-05 09:05:07", "2026/10/5"),
        ("3-12", "3-13"),
        ("12.5", "125"),
        ("12.5", "12.6"),
        ("true", "false"),
        ("Ann", "ann"),
        ("yes", "YES"),
        ("x", ""),
        ("", "0"),
    ],
)
def test_cell_that_somebody_changed_is_another(written: str, mended: str) -> None:
    assert not is_same(["A", written, "B"], ["A", mended, "B"])


def test_cell_that_moved_or_went_is_a_change() -> None:
    assert not is_same(["A", "1", ""], ["A", "", "1"])
    assert not is_same(["A", "B"], ["A"])


def test_rounded_numbers_are_found_in_the_order_of_their_row() -> None:
    cells = ["09011112222", "09011113333"]
    assert is_same(cells, ["9.01E+09", "9.01E+09"])
    assert not is_same(cells, ["9011113333", "9.01E+09"])


def test_rounded_number_that_its_row_does_not_hold_stays_itself() -> None:
    assert before_saving(["1.23E+10"], "x") == before_saving(["1.23E+10"], "y")
    assert not is_same(["12345678901"], ["1.23E+10"], text="no number")


@pytest.mark.parametrize("cell", ["9" * 50_000, "9E999", "1.5E+999", "0" * 50_000, "1." * 20_000])
def test_numbers_of_any_size_are_compared(cell: str) -> None:
    assert is_same([cell, "1.23E+10"], [cell, "1.23E+10"], text=f"{cell},12345678901")
