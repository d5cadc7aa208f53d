"""The text of a workbook's cell: numbers in full, dates as ISO 8601, leading zeros as shown."""

from __future__ import annotations

import re
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, Final

_ESCAPED: Final = re.compile(r"_x([0-9A-Fa-f]{4})_")
_LITERALS: Final = re.compile(r'\\(.)|"([^"]*)"')
_ZEROS: Final = re.compile(r"[-() ]*0[-() 0]*0[-() ]*")
_EXACT: Final = 15  # digits of a number that a workbook keeps


def text_of(cell: Any) -> str:  # noqa: ANN401 - the library ships no types
    """Return what a cell says; "" for an empty one."""
    value = cell.value
    if value is None:
        return ""
    if isinstance(value, str):
        return _ESCAPED.sub(lambda code: chr(int(code[1], 16)), value) if "_x" in value else value
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, (int, float, Decimal)):
        return _number(value, cell.number_format or "")
    if isinstance(value, (date, time, timedelta)):
        return _time(value)
    return str(value)


def _number(value: float | Decimal, pattern: str) -> str:
    """Return a number in full, with the leading zeros that its format shows."""
    text = str(value)
    if not isinstance(value, int):
        text = _in_full(f"{value:.{_EXACT}g}")
    if "0" in pattern and text.isdigit():
        shown = _LITERALS.sub(r"\1\2", pattern.partition(";")[0])
        if _ZEROS.fullmatch(shown):
            return _filled_in(text, shown)
    return text


def _in_full(text: str) -> str:
    """Return a number without an exponent; what is none (inf, nan) as it is."""
    if "e" not in text:
        return text
    return format(Decimal(text), "f")


def _filled_in(digits: str, shown: str) -> str:
    """Return digits in a format such as `00000` or `000-0000`."""
    rest = list(digits.rjust(shown.count("0"), "0"))
    text = ""
    for sign in reversed(shown):
        text = (rest.pop() if sign == "0" else sign) + text
    return "".join(rest) + text


def _time(value: date | time | timedelta) -> str:
    """Return a date, a time of day or a duration; a date and time as `2026-10-05 13:04:22`."""
    if isinstance(value, datetime):
        whole = (value + timedelta(milliseconds=500)).replace(microsecond=0, tzinfo=None)
        is_date = whole.time() == time()
        return whole.date().isoformat() if is_date else whole.isoformat(sep=" ")
    if isinstance(value, timedelta):
        hours, rest = divmod(round(value.total_seconds()), 3600)
        return f"{hours}:{rest // 60:02d}:{rest % 60:02d}"
    return (
        value.isoformat() if isinstance(value, date) else value.replace(microsecond=0).isoformat()
    )
