"""Schedules in words: `every 15 min, Mon-Fri 08-20 Asia/Tokyo`, 毎月第1営業日 9:00.

A schedule has a pace or times of day, a rule for the days, and a zone, in any order. A window
has both of its ends in it, and paces count from its start on each local day.
"""

from __future__ import annotations

import re
from datetime import date
from typing import TYPE_CHECKING, Final, Literal

from leadline.domain.recurrence_checks import (
    Refused,
    WordsFault,
    check_every_other,
    check_parts,
    check_places,
    check_window,
    minute_of,
)
from leadline.domain.recurrence_lexicon import Token, find_zone, read_tokens, suggest
from leadline.domain.recurrence_parts import (
    DAY,
    EVERY_DAY,
    EVERY_MONTH,
    HOUR,
    LAST,
    Parts,
    make_rule,
    write_lines,
)
from leadline.domain.recurrences import Recurrence

if TYPE_CHECKING:
    from collections.abc import Callable

    from leadline.domain.calendars import Calendar

_CRON: Final = re.compile(r"\s*[\d*][\d*/,-]*(\s+[\w*/,-]+){4,5}\s*", re.ASCII)
#: Where `check` begins to look for a day that never comes: no rule depends on it.
_SOME_DAY: Final = date(2024, 1, 1)


def read_words(words: str, *, timezone: str, calendar: Calendar) -> Recurrence | WordsFault:
    """Read a schedule in words.

    Args:
        words: English or Japanese.
        timezone: IANA name, used when the words end with none.
        calendar: the holidays that business days and `except holidays` leave out.
    """
    try:
        return _read(words, timezone, calendar)
    except Refused as refused:
        return refused.fault


def _read(words: str, timezone: str, calendar: Calendar) -> Recurrence:
    if _CRON.fullmatch(words):
        raise Refused(
            0,
            "this is a cron line; write it as {cron: ...}, or say it in words",
            "cron の書式です。{cron: ...} と書くか、言葉で書いてください",
        )
    tokens = [token for token in read_tokens(words) if token.kind != "f"]
    for token in tokens:
        if token.kind == "?":
            raise Refused(
                token.start,
                f"`{token.text}` is not understood",
                f"「{token.text}」を読み取れません",
                suggest(token.text),
            )
    parts = Parts(words)
    _take(tokens, parts)
    check_parts(parts, tokens)
    recurrence = Recurrence(
        words=words.strip(),
        lines=write_lines(parts),
        timezone=parts.zone or timezone,
        day=make_rule(parts),
        calendar=calendar,
    )
    if next(recurrence.days_from(_SOME_DAY), None) is None:
        raise Refused(
            0,
            "this day never comes; check day, month and holidays",
            "該当する日がありません。日・月・休日を確認してください",
        )
    return recurrence


def _take(tokens: list[Token], parts: Parts) -> None:
    """Take the tokens by the first pattern that fits the kinds from each place on."""
    check_every_other(tokens)
    kinds = "".join(token.kind for token in tokens)
    at = 0
    while at < len(tokens):
        for pattern, take in _ORDERS:
            if match := pattern.match(kinds, at):
                taken = [token for token in tokens[at : match.end()] if token.kind != "A"]
                take(parts, taken)
                at = match.end()
                break
        else:
            _refuse(tokens[at])


def _refuse(token: Token) -> None:
    number = token.value
    is_hour = token.kind == "N" and isinstance(number, int) and number < DAY // HOUR
    raise Refused(
        token.start,
        f"`{token.text}` does not fit here; times are written 09:00, windows 08-20,"
        " days Mon-Fri or `day 1 of the month`",
        f"「{token.text}」はここでは使えません。時刻は 9:00、時間帯は 8時-20時、"
        "日は 月-金 や 毎月1日 のように書きます",
        f"{number:02}:00" if is_hour else "",
    )


def _pace(parts: Parts, tokens: list[Token]) -> None:
    numbers = [token.value for token in tokens if isinstance(token.value, int)]
    minutes = 1
    for number in numbers:
        minutes *= number
    _once(parts, "pace", tokens[0])
    if not 0 < minutes < DAY:
        raise Refused(
            tokens[0].start,
            "a pace is from 1 minute to less than a day; write `daily 09:00` for once a day",
            "間隔は1分以上24時間未満です。1日1回は `毎日 9:00` と書きます",
        )
    parts.pace = minutes


def _window(parts: Parts, tokens: list[Token]) -> None:
    _once(parts, "window", tokens[0])
    first, last = (token for token in tokens if token.kind in "TN")
    ends = _minute(first), _minute(last)
    if ends[0] == ends[1] or ends[0] == DAY:
        raise Refused(
            tokens[0].start,
            "the window has no length; write it as 08-20",
            "時間帯に長さがありません。8時-20時 のように書いてください",
        )
    check_window(first, last)
    parts.window = ends


def _minute(token: Token) -> int:
    minute = minute_of(token)
    if minute > DAY:
        raise Refused(
            token.start,
            f"`{token.text}` is no hour; hours are 0 to 24",
            f"「{token.text}」は時刻ではありません。0〜24で書いてください",
        )
    return minute


def _time(parts: Parts, tokens: list[Token]) -> None:
    minute = _minute(tokens[0])
    if minute >= DAY:
        raise Refused(
            tokens[0].start,
            "24:00 belongs to the next day; write 00:00",
            "24:00 は翌日です。0:00 と書いてください",
            "00:00",
        )
    parts.at.setdefault("times", tokens[0].start)
    parts.times.add(minute)


def _offset(parts: Parts, tokens: list[Token]) -> None:
    [token] = [token for token in tokens if token.kind == "S"]
    _once(parts, "pace", tokens[0])
    parts.minute = int(str(token.value))
    parts.pace = HOUR


def _weekdays(parts: Parts, tokens: list[Token]) -> None:
    parts.at.setdefault("weekdays", tokens[0].start)
    parts.weekdays |= _numbers(tokens[0])


def _week_range(parts: Parts, tokens: list[Token]) -> None:
    parts.at.setdefault("weekdays", tokens[0].start)
    ends = [_numbers(token) for token in tokens if token.kind == "D"]
    if any(len(end) != 1 for end in ends):
        _refuse(tokens[0])
    (first,), (last,) = ends
    parts.weekdays |= {day % 7 for day in range(first, (last if last >= first else last + 7) + 1)}


def _numbers(token: Token) -> frozenset[int]:
    return token.value if isinstance(token.value, frozenset) else frozenset()


def _business(parts: Parts, tokens: list[Token]) -> None:
    parts.at.setdefault("business", tokens[0].start)
    parts.is_business = True


def _nth(unit: Literal["weekday", "business_day"]) -> Callable[[Parts, list[Token]], None]:
    def take(parts: Parts, tokens: list[Token]) -> None:
        _once(parts, "places", tokens[0])
        parts.unit = unit
        if any(token.kind == "O" and token.value == 0 for token in tokens):
            _refuse(tokens[0])
        check_places(tokens)
        parts.places = {int(str(token.value)) for token in tokens if token.kind == "O"}
        for token in tokens:
            parts.weekdays |= _numbers(token)

    return take


def _days(parts: Parts, tokens: list[Token]) -> None:
    """Take days of the month, a month beside them, and the last day."""
    parts.at.setdefault("days", tokens[0].start)
    for token in tokens:
        if token.kind in "NJO":
            number = int(str(token.value))
            if number != LAST and number not in EVERY_DAY:
                raise Refused(
                    token.start,
                    f"`{token.text}` is no day of a month; days are 1 to 31",
                    f"「{token.text}」という日はありません。1〜31で書いてください",
                )
            parts.days.add(number)
        elif token.kind == "L":
            parts.days.add(LAST)
        elif token.kind == "M":
            _month(parts, [token])


def _month(parts: Parts, tokens: list[Token]) -> None:
    number = int(str(tokens[0].value))
    if number not in EVERY_MONTH:
        raise Refused(
            tokens[0].start,
            f"`{tokens[0].text}` is no month; months are 1 to 12",
            f"「{tokens[0].text}」という月はありません。1〜12月で書いてください",
        )
    parts.at.setdefault("months", tokens[0].start)
    parts.months.add(number)


def _zone(parts: Parts, tokens: list[Token]) -> None:
    _once(parts, "zone", tokens[0])
    zone = find_zone(tokens[0].text)
    if zone is None:
        raise Refused(
            tokens[0].start,
            f"`{tokens[0].text}` is not a time zone; expected a name such as Asia/Tokyo or UTC",
            f"「{tokens[0].text}」はタイムゾーンではありません (例: Asia/Tokyo, UTC)",
            suggest(tokens[0].text),
        )
    parts.zone = zone


def _month_word(parts: Parts, tokens: list[Token]) -> None:
    parts.at.setdefault("month", tokens[0].start)


def _frequency(parts: Parts, tokens: list[Token]) -> None:
    parts.at.setdefault("frequency", tokens[0].start)
    parts.frequency = str(tokens[-1].value or {"W": "daily", "C": "monthly"}[tokens[-1].kind])


def _without_holidays(parts: Parts, _: list[Token]) -> None:
    parts.is_without_holidays = True


def _without_days(_: Parts, tokens: list[Token]) -> None:
    raise Refused(
        tokens[0].start,
        "only holidays can be left out; name the days that are meant, such as `Mon-Sat 09:00`",
        "除けるのは祝日だけです。`月-土 9:00` のように、対象の曜日を書いてください",
    )


def _too_long(_: Parts, tokens: list[Token]) -> None:
    raise Refused(
        tokens[0].start,
        "paces of days, weeks or months are not known; name the days: `weekly Mon 09:00`,"
        " `day 1 of the month 09:00`, `29 February 09:00`",
        "日・週・月単位の間隔は使えません。`毎週月曜 9:00`、`毎月1日 9:00`、`毎年2月29日 9:00` の"
        "ように日を指定してください",
    )


def _nothing(_: Parts, tokens: list[Token]) -> None:
    del tokens


def _once(parts: Parts, name: str, token: Token) -> None:
    """Refuse a part that is there already."""
    if parts.at.setdefault(name, token.start) != token.start:
        raise Refused(
            token.start,
            f"`{token.text}` says a second time what was said before; write one of both",
            f"「{token.text}」は前の指定と重なります。どちらか一方にしてください",
        )


#: Orders of kinds (letters of `Kind`) and what takes them; the first that fits counts.
_ORDERS: Final = tuple(
    (re.compile(order), take)
    for order, take in (
        ("b[TN][AR][TN]|[TN]R[TN]", _window),
        ("E?N[WCY]|E[OAN]+Y", _too_long),
        ("E?NU|EU|P(?!S)", _pace),
        ("P?S", _offset),
        ("XH|HX", _without_holidays),
        ("X[DOWB]|D(RD)?X", _without_days),
        ("O(A?O)*BW?", _nth("business_day")),
        ("O(A?O)*D", _nth("weekday")),
        ("O(A?O)*W?M?|WN(A?N(?![RUM]))*M?|NM|MN(?![RU])|J|L", _days),
        ("M", _month),
        ("DRD", _week_range),
        ("D", _weekdays),
        ("E?BW?", _business),
        ("T", _time),
        ("Z", _zone),
        ("F|E[WCY]", _frequency),
        ("Y", _too_long),
        ("C", _month_word),
        ("[EA]", _nothing),
    )
)
