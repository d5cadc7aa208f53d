"""Recorded decisions in one line of words: what `explain`, rep mails and lists show."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from leadline.domain.points import as_shown
from leadline.domain.skips import WORDS, SkipReason
from leadline.rendering.receipts import Moment, line_condition, line_text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from leadline.domain.receipts import Line


_OWNER_STATED: Final = {
    "en": "owner stated by the import, {load} of {capacity} this week",
    "ja": "取り込んだファイルの担当者を引き継ぎ (今週 {load}/{capacity})",
}


def score_reasons(lines: Sequence[Line], lang: str, moment: Moment) -> list[dict[str, Any]]:
    """Return what gave or took points, in words: disqualifiers first, then the weightiest.

    Points are those that count, within the bound of their rule.

    Args:
        lines: of the score's receipt.
        lang: "en" or "ja".
        moment: of the receipt.
    """
    return [
        {
            "id": line.id,
            "points": as_shown(line.points / 100),
            "condition": line_condition(line),
            "text": line_text(line, lang, moment),
        }
        for line in _reasons(lines)
    ]


def mail_reasons(lines: Sequence[Line], lang: str, moment: Moment) -> list[dict[str, Any]]:
    """Return the reasons of a score as templates show them: none that gives nothing any more."""
    return [
        {"text": line_text(line, lang, moment), "points": as_shown(line.points / 100)}
        for line in _reasons(lines)
        if line.points or line.kind == "disqualifier"
    ]


def _reasons(lines: Sequence[Line]) -> list[Line]:
    # what the bound of a rule cut is no reason of its own
    cuts = {line.id: line.points for line in lines if line.kind == "cap" and line.says}
    told = [
        replace(line, points=line.points + cuts.get(line.id, 0))
        for line in lines
        if _is_reason(line)
    ]
    return sorted(told, key=lambda line: (line.kind != "disqualifier", -abs(line.points), line.id))


def _is_reason(line: Line) -> bool:
    if line.events is not None:
        return line.events.times > 0
    return line.kind in {"rule", "disqualifier"}


def routing_reason(assignment: Mapping[str, Any], lang: str) -> str:
    """Return why a lead has this owner, or why it waits."""
    trace = assignment["trace"]
    if assignment.get("rep_id") is None and assignment.get("skip_reason"):
        reason = SkipReason(assignment["skip_reason"])
        where = f"{trace['territory']}: " if trace.get("territory") else ""
        return where + WORDS[reason].get(lang, WORDS[reason]["en"])
    chosen = trace["candidates"][0]
    facts = {**trace, **chosen, "load": chosen["load"] + 1}
    if "line" not in trace:
        words = _OWNER_STATED[lang if lang in _OWNER_STATED else "en"]
        return words.format(**facts)
    if lang == "ja":
        return (
            "テリトリー {territory} ({line}) / {team}: 対応可能な{able}名のうち担当率が最小 "
            "(今週 {load}/{capacity})"
        ).format(**facts)
    return (
        "territory {territory} (line {line}), team {team}: least loaded of {able}, "
        "{load} of {capacity} this week"
    ).format(**facts)
