"""Recorded decisions in one line of words: what `explain`, rep mails and lists show."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from leadline.domain.bitmaps import matched_numbers
from leadline.domain.points import as_shown
from leadline.domain.skips import WORDS, SkipReason

if TYPE_CHECKING:
    from collections.abc import Mapping


_OWNER_STATED: Final = {
    "en": "owner stated by the import, {load} of {capacity} this week",
    "ja": "取り込んだファイルの担当者を引き継ぎ (今週 {load}/{capacity})",
}


def score_reasons(matched: int, kept: Mapping[str, Any], lang: str) -> list[dict[str, Any]]:
    """Return the rules that gave or took points, the weightiest first, in words.

    Args:
        matched: the stored bitmap, one bit per rule.
        kept: the rule set that the score was made with.
        lang: "en" or "ja".
    """
    rules = kept["rules"]
    hits = [rules[number] for number in matched_numbers(matched) if number < len(rules)]
    hits.sort(key=lambda rule: (-abs(rule["points"]), rule["id"]))
    return [
        {
            "id": rule["id"],
            "points": as_shown(rule["points"]),
            "condition": rule["when"],
            "text": rule["says"].get(lang) or rule["says"].get("en") or rule["id"],
        }
        for rule in hits
    ]


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
