"""The lines of a score's receipt in words, and as the plain document that scripts read."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC
from typing import TYPE_CHECKING, Any, Final
from zoneinfo import ZoneInfo

from leadline.domain.due_times import duration_text
from leadline.domain.points import as_shown
from leadline.rendering.words import day_text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from leadline.domain.receipts import EventLine, Line, Single

#: A Japanese phrase that ends in what was done, such as 料金ページを|閲覧: the number stands
#: before it.
_DONE: Final = re.compile(r"(?P<what>.+[をにへで])(?P<did>[一-龠ァ-ヴー][^をにへで]*)")
_GROUPS: Final = {
    "fit": {"en": "fit", "ja": "適合度"},
    "engagement": {"en": "engagement", "ja": "関心度"},
}
_CUTS: Final = {
    "most": {"en": "{of}: {points} points at most", "ja": "{of} (上限 {points}点)"},
    "least": {"en": "{of}: {points} points at least", "ja": "{of} (下限 {points}点)"},
    "grade": {"en": "{of}: grade {grade} at best", "ja": "{of} (グレードは最高でも {grade})"},
    "both": {
        "en": "{of}: {points} points at most, grade {grade} at best",
        "ja": "{of} (上限 {points}点、グレードは最高でも {grade})",
    },
}
_OURS: Final = {
    "changed": {
        "en": (
            "events have changed since (reclassified, erased or joined to another lead); "
            "`leadline run scoring` makes the score anew"
        ),
        "ja": (
            "算出後のイベントの変更(判定の変更・消去・別リードへの統合)による差。"
            "`leadline run scoring` で再計算できます"
        ),
    },
    "rounding": {"en": "rounding of the lines above", "ja": "各行の端数処理による差"},
}


@dataclass(frozen=True, slots=True)
class Moment:
    """The instant at which a receipt is read, and the zone in which its days are named."""

    at: datetime
    zone: ZoneInfo = ZoneInfo("UTC")  # noqa: RUF009 - immutable


def line_text(line: Line, lang: str, moment: Moment) -> str:
    """Return a line in words: "viewed the pricing page 3 times, last on 20 Nov"."""
    says = line.says.get(lang) or line.says.get("en") or line.id
    if line.kind in _OURS:
        return _OURS[line.kind][lang]
    if line.events is not None:
        return _events_text(says, line.events, lang, moment)
    if line.kind in {"cap", "disqualifier"}:
        return _cut_text(line, says, lang)
    return says


def _cut_text(line: Line, says: str, lang: str) -> str:
    """Return what a bound says; a group's has no words of its own."""
    of = says if line.says else _GROUPS[line.id][lang]
    grade = None if line.grade == "A" else line.grade
    if line.kind == "cap" and line.points > 0:
        key = "least"
    else:
        key = "most" if grade is None else "grade" if line.bound is None else "both"
    if key == "most" and line.bound is None:
        return of
    return _CUTS[key][lang].format(of=of, points=as_shown(line.bound), grade=grade)


def _events_text(says: str, told: EventLine, lang: str, moment: Moment) -> str:
    if told.last_at is None:
        return _uncounted_text(says, told, lang)
    day = day_text(told.last_at, zone=moment.zone, lang=lang, now=moment.at)
    if lang != "ja":
        if told.times == 1:
            return f"{says} on {day}"
        times = "twice" if told.times == 2 else f"{told.times} times"  # noqa: PLR2004 - twice
        return f"{says} {times}, last on {day}"
    if told.times == 1:
        return f"{says} ({day})"
    if match := _DONE.fullmatch(says):
        return f"{match['what']}{told.times}回{match['did']} (最終 {day})"
    return f"{says} ({told.times}回、最終 {day})"


def _uncounted_text(says: str, told: EventLine, lang: str) -> str:
    """Return what happened and gives no points any more."""
    if lang == "ja":
        return f"{says} ({told.count}回、対象期間外)"
    times = "once" if told.count == 1 else f"{told.count} times"
    return f"{says} {times}, too long ago to count"


def line_condition(line: Line) -> str:
    """Return what a line asks for: the condition, or the events with theirs."""
    if line.events is None:
        return line.condition
    kinds = ", ".join(line.events.rule.kinds)
    return f"{kinds}: {line.condition}" if line.condition else kinds


def receipt_document(lines: Sequence[Line], lang: str, moment: Moment) -> list[dict[str, Any]]:
    """Return the lines of a receipt for scripts; what does not concern a line is None."""
    return [_document(line, lang, moment) for line in lines]


def _document(line: Line, lang: str, moment: Moment) -> dict[str, Any]:
    return {
        "kind": line.kind,
        "id": line.id,
        "group": line.group or None,
        "points": as_shown(line.points / 100),
        "condition": line.condition or None,
        "text": line_text(line, lang, moment),
        "bound": None if line.bound is None else as_shown(line.bound),
        "grade": line.grade,
        **_events_document(line.events),
    }


def _events_document(told: EventLine | None) -> Mapping[str, Any]:
    if told is None:
        names = ("event", "points_each", "times", "count", "last_at", "half_life", "decay")
        return dict.fromkeys((*names, "events", "earlier", "events_rounding"))
    half_life = told.rule.half_life
    return {
        "event": list(told.rule.kinds),
        "points_each": as_shown(told.rule.points),
        "times": told.times,
        "count": told.count,
        "last_at": _time(told.last_at),
        "half_life": half_life and duration_text(half_life),
        "decay": round(told.decay, 4),
        "events": [_single(each) for each in told.singles],
        "earlier": {"count": told.earlier_count, "points": as_shown(told.earlier / 100)},
        "events_rounding": as_shown(told.rounding / 100),
    }


def _single(each: Single) -> dict[str, Any]:
    return {
        "id": each.event.id,
        "event": each.event.kind,
        "at": _time(each.event.at),
        "points_then": as_shown(each.then / 100),
        "decay": round(each.decay, 4),
        "points": as_shown(each.points / 100),
    }


def _time(at: datetime | None) -> str | None:
    return None if at is None else at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
