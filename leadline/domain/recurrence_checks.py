"""What does not go together in a schedule in words, and why words are refused."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from leadline.domain.cron import LONGEST_MONTHS
from leadline.domain.recurrence_parts import DAY, HOUR, LAST

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from leadline.domain.recurrence_lexicon import Token
    from leadline.domain.recurrence_parts import Parts

_NOON: Final = 12 * HOUR
_HALF: Final = re.compile("午前|午後|朝|[ap][.]?m")
_BARE: Final = re.compile(r"\d{1,2}時?")
#: `every`, a place, and a day or the word month, when no month comes after it.
_EVERY_OTHER: Final = re.compile("EO(?:D|BW|B|W|C)(?!W|E?[CM])")
_SPELLED: Final[dict[object, str]] = {2: "2nd", 3: "3rd", 4: "4th", 5: "5th"}
_FEW: Final = range(1, 6)
#: Times and days (or days and months) that take turns, as the classes of `_turns` name them.
_PAIRS: Final = re.compile("dtdt|tdtd")


@dataclass(frozen=True, slots=True)
class WordsFault:
    """Why words cannot be used.

    Attributes:
        offset: where, from the beginning of the words.
        message: what is wrong and what to write, per language ("en", "ja").
        suggestion: the nearest word that is known, or "".
    """

    offset: int
    message: Mapping[str, str]
    suggestion: str = ""


class Refused(Exception):
    """Ends the reading at the first fault.

    Attributes:
        fault: why, and where.
    """

    def __init__(self, offset: int, en: str, ja: str, suggestion: str = "") -> None:
        """Take the place, the text in both languages, and the nearest word that is known."""
        super().__init__(en)
        self.fault = WordsFault(offset, {"en": en, "ja": ja}, suggestion)


def check_parts(parts: Parts, tokens: Sequence[Token]) -> None:
    """Refuse parts that do not go together.

    Args:
        parts: what the words said.
        tokens: all words, in their order.

    Raises:
        Refused: they do not.
    """
    if parts.pace is None and not parts.times:
        raise Refused(
            parts.at.get("window", 0),
            "nothing says at what time; write 09:00, or a pace such as `every 15 min`",
            "時刻がありません。9:00 のような時刻か、15分ごと のような間隔を書いてください",
        )
    if parts.times and (parts.pace is not None or parts.window is not None):
        raise Refused(
            parts.at["times"],
            "a pace and times of day do not go together; windows are written 08-20",
            "間隔と時刻は一緒に使えません。時間帯は 8時-20時 のように書きます",
        )
    _check_pairs(parts, tokens)
    _check_halves([token for token in tokens if token.kind == "T" and parts.times])
    _check_days(parts)
    _check_frequency(parts)
    _check_night(parts)


def _check_days(parts: Parts) -> None:
    if "month" in parts.at and not (parts.days or parts.places or parts.frequency):
        raise Refused(
            parts.at["month"],
            "no days of the month are named; write them out, such as"
            " `day 10, 11 and 12 of the month`",
            "日付が読み取れません。`毎月10日・11日・12日` のように1日ずつ書いてください",
        )
    said = [name for name in ("business", "weekdays", "days", "places") if name in parts.at]
    if len(said) > 1:
        raise Refused(
            max(parts.at[name] for name in said),
            "the days are said in two ways; write one of them: weekdays, days of the month,"
            " or places such as `first business day of the month`. A flow has one schedule",
            "日の指定が2通りあります。曜日・日付・営業日・第N曜日のどれか1つにしてください"
            " (1つのフローに書ける予定は1つです)",
        )


def _check_frequency(parts: Parts) -> None:
    is_monthly = bool(parts.days or parts.places)
    has_day = is_monthly or parts.months
    wrong = {
        "daily": is_monthly,
        "weekly": is_monthly or not (parts.weekdays or parts.is_business),
        "monthly": not is_monthly,
        "yearly": not (has_day and parts.months),
    }
    if wrong.get(parts.frequency):
        raise Refused(
            parts.at["frequency"],
            f"{parts.frequency} and the days do not fit; write `daily 09:00`, `weekly Mon 09:00`,"
            " `monthly on day 1, 09:00` or `yearly on 29 February 09:00`",
            "頻度と日が合いません。`毎日 9:00`、`毎週月曜 9:00`、`毎月1日 9:00`、"
            "`毎年2月29日 9:00` のように書いてください",
        )
    longest = max((LONGEST_MONTHS[month - 1] for month in parts.months), default=31)
    if parts.days and LAST not in parts.days and min(parts.days) > longest:
        number = min(parts.days)
        raise Refused(
            parts.at["days"],
            f"day {number} never comes in the months given; write a day that they have",
            f"指定の月に{number}日はありません。存在する日を書いてください",
        )


def _check_night(parts: Parts) -> None:
    if parts.window is None or parts.window[0] < parts.window[1]:
        return
    if parts.weekdays or parts.days or parts.places or parts.is_business:
        raise Refused(
            parts.at["window"],
            "a window over midnight does not go together with days: the end would be another day",
            "日をまたぐ時間帯は、曜日や日の指定と一緒に使えません (終わりは翌日になるため)",
        )


def _check_pairs(parts: Parts, tokens: Sequence[Token]) -> None:
    """Refuse days with a time each, and dates of several months: all would go with all."""
    if len(parts.times) > 1 and (at := _turn(tokens, "BCDFJLMNOW", "T")) is not None:
        raise Refused(
            at,
            "each day has a time of its own; a flow has one schedule: write days that share"
            " their times, such as `Mon, Thu 09:00`, or for whole hours a window with a pace",
            "日ごとに時刻が違います。1つのフローに書ける予定は1つです。`月・木 9:00` のように、"
            "同じ時刻の日だけにしてください",
        )
    is_mixed = len(parts.months) > 1 and len(parts.days) > 1
    if is_mixed and (at := _turn(tokens, "JLNO", "M")) is not None:
        raise Refused(
            at,
            "each month has a day of its own; write days that all the months share, such as"
            " `day 1 of the month`",
            "月ごとに日が違います。どの月も同じ日になるように書いてください (例: 2月・4月 1日)",
        )


def _turn(tokens: Sequence[Token], days: str, times: str) -> int | None:
    """Return where a second pair begins; None when there is only one."""
    turns: list[tuple[str, int]] = []
    for token in tokens:
        side = "d" if token.kind in days else "t" if token.kind in times else ""
        if side and (not turns or turns[-1][0] != side):
            turns.append((side, token.start))
    found = _PAIRS.search("".join(side for side, _ in turns))
    return turns[found.start() + 2][1] if found else None


def check_every_other(tokens: Sequence[Token]) -> None:
    """Refuse `every second Monday`: of two, or of the month?

    Args:
        tokens: all words, in their order.

    Raises:
        Refused: it is written there, and no month is named after it.
    """
    kinds = "".join(token.kind for token in tokens)
    for match in _EVERY_OTHER.finditer(kinds):
        every, place, *named = tokens[match.start() : match.end()]
        is_day_of_month = kinds[match.end() - 1] == "C" and place.text[0].isdigit()
        if place.value not in _SPELLED or is_day_of_month:
            continue
        day = " ".join(token.text for token in named)
        counted = f"{_SPELLED[place.value]} {day} of the month"
        raise Refused(
            every.start,
            f"`every {place.text} {day}` may mean a place in the month or a pace, and paces of"
            " days, weeks or months are not known; name the days, such as"
            " `2nd and 4th Monday of the month`",
            f"「every {place.text} {day}」は月の何番目とも間隔 (隔週など) とも読めます。"
            "日・週・月単位の間隔は使えません。`毎月第2・第4月曜` のように日を指定してください",
            "" if kinds[match.end() - 1] in "WC" and "B" not in match[0] else counted,
        )


def check_places(tokens: Sequence[Token]) -> None:
    """Refuse places in the month that may mean days of it.

    Args:
        tokens: places and what they count, such as `1st and 3rd Monday`.

    Raises:
        Refused: `first weekday` (the first of each, or the first of all?), or `15th and last
            business day` (the 15th day?).
    """
    *_, last = tokens
    if _plain(last).startswith("weekday"):
        raise Refused(
            tokens[0].start,
            f"`{tokens[0].text} {last.text}` may mean each of five days; count business days",
            f"「{tokens[0].text} {last.text}」は5つの曜日のそれぞれとも読めます。"
            "営業日で書いてください (例: 毎月第1営業日)",
            f"{tokens[0].text} business day of the month",
        )
    places = [token for token in tokens if token.kind == "O" and _plain(token)[0].isalnum()]
    dates = [token for token in places if _plain(token)[0].isdigit() and token.value not in _FEW]
    if (
        last.kind in "BW"
        and dates
        and any(_plain(token).isascii() and _plain(token).isalpha() for token in places)
    ):
        raise Refused(
            dates[0].start,
            f"`{dates[0].text}` may be a day of the month or a business day; the days are said in"
            " two ways: write one of them, such as `first business day of the month`",
            f"「{dates[0].text}」は日付とも営業日とも読めます。どちらか1つにしてください"
            " (例: 毎月第1・第15営業日)",
        )


def _check_halves(times: Sequence[Token]) -> None:
    """Refuse times of which only some say whether they lie before or after noon."""
    unclear = [token for token in times if _is_unclear(token)]
    if unclear and any(_has_half(token) for token in times):
        earlier = [0, *(minute_of(token) for token in times)]
        hours = [_in_full(token, before) for token, before in zip(times, earlier, strict=False)]
        joined = "と" if any("時" in token.text for token in times) else " and "
        raise _half_missing(unclear[0], joined.join(hours))


def check_window(start: Token, end: Token) -> None:
    """Refuse a window of which one cannot tell whether it goes over midnight.

    Args:
        start: hour or time of day.
        end: hour or time of day.

    Raises:
        Refused: it may be a slip: `9-5`, `1 to 5 pm`.
    """
    first, last = minute_of(start), minute_of(end)
    is_bare = all(_BARE.fullmatch(_plain(each)) for each in (start, end))
    is_slip = is_bare and last < first <= _NOON
    is_half = _has_half(start) != _has_half(end) and (_is_unclear(start) or _is_unclear(end))
    if not (is_slip or is_half):
        return
    if _is_unclear(start) and _has_half(end) and first + _NOON < last:
        first += _NOON
    if last < first < last + _NOON and _is_unclear(end):
        last += _NOON
    sign = "時" if "時" in start.text + end.text else ""
    meant = f"{_hours(first, sign)}{'〜' if sign else '-'}{_hours(last, sign)}"
    if is_half:
        raise _half_missing(end if _has_half(start) else start, meant)
    raise Refused(
        start.start,
        "this window would go over midnight; write both ends as 24-hour times, such as 09-17,"
        " or 09:00-05:00 if the night is meant",
        "この時間帯は日をまたぎます。9時〜17時 のように24時間で書いてください"
        " (夜間のことなら 9:00〜5:00)",
        meant,
    )


def minute_of(token: Token) -> int:
    """Return the minute of the day of an hour or a time."""
    number = token.value if isinstance(token.value, int) else 0
    return number if token.kind == "T" else number * HOUR


def _half_missing(token: Token, meant: str) -> Refused:
    return Refused(
        token.start,
        f"`{token.text}` does not say am or pm; write it at every time, or 24-hour times",
        f"「{token.text}」が午前か午後か分かりません。全部に付けるか、24時間で書いてください",
        meant,
    )


def _plain(token: Token) -> str:
    return unicodedata.normalize("NFKC", token.text).casefold()


def _has_half(token: Token) -> bool:
    return bool(_HALF.search(_plain(token)))


def _is_unclear(token: Token) -> bool:
    """Tell whether a time may be meant before or after noon; from 13:00 on and 0:00 are clear."""
    is_number = _plain(token)[:1].isdigit() and not _has_half(token)
    return is_number and HOUR <= minute_of(token) < _NOON + HOUR


def _in_full(token: Token, before: int) -> str:
    """Return the 24-hour time that is likely meant: one after the time before it."""
    minute = minute_of(token)
    is_later = _is_unclear(token) and minute < min(before, _NOON)
    return _hours(minute + _NOON * is_later, "時" if "時" in token.text else ":")


def _hours(minute: int, sign: str) -> str:
    hour, rest = divmod(minute % DAY or minute, HOUR)
    if rest or sign == ":":
        return f"{hour:02}:{rest:02}"
    return f"{hour}{sign}"
