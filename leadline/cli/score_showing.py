"""The part of `leadline explain` about scores: the receipt, how it came to be, and what follows."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from leadline.cli.output import Column, time_text
from leadline.cli.refusals import Refused, meant
from leadline.cli.running import reason_words
from leadline.cli.session import Session
from leadline.cli.wording import find
from leadline.domain.points import as_shown, grade_shown

if TYPE_CHECKING:
    from leadline.store.engine import Connection, Store
    from leadline.store.receipts import Receipt

Row = dict[str, Any]
MAIN: Final = "main"
#: Changes of the score and of the lifecycle stage that are listed.
_LISTED: Final = 10
_SUMS: Final = ("points", "fit_points", "engagement_points")
#: Units of durations, as Japanese writes them.
_UNITS: Final = str.maketrans({"d": "日", "h": "時間", "m": "分", "s": "秒"})


def read_score(
    store: Store,
    lead: Mapping[str, Any],
    lang: str,
    *,
    model: str | None = None,
    as_of: datetime | None = None,
) -> Row:
    """Return the receipt of a lead's score with its history, its stages and its other models.

    Args:
        store: the database.
        lead: its row.
        lang: of the words.
        model: whose score; the main one when none is named.
        as_of: at which instant; None for the score as it stands.

    Raises:
        Refused: there is no score of that model.
    """
    from leadline.store.receipts import (
        find_receipt,
        get_receipts,
        list_models,
        list_past_models,
    )

    lead_id, name = lead["id"], model or MAIN
    with store.read() as connection:
        models = list_models(connection, lead_id)
        known = {row["model"] for row in models}
        if as_of is not None:
            known.update(list_past_models(connection, lead_id))
        _check_model(model, known)
        if as_of is None:
            receipt = get_receipts(connection, [lead_id], model=name).get(lead_id)
        else:
            receipt = find_receipt(connection, lead_id, model=name, as_of=as_of)
        found: Row = {"score": None, "routing_skip": read_routing_skip(lead, lang)}
        if receipt is not None:
            found["score"] = {
                **_score(receipt, lang, is_past=as_of is not None),
                **_circumstances(connection, lead_id, name),
                "is_review_due": _is_review_due(lead, as_of),
                "models": {row["model"]: _standing(row) for row in models},
            }
    return found


def _check_model(model: str | None, known: Collection[str]) -> None:
    """Refuse a model by which the lead has no score."""
    if model is not None and model not in known:
        listed = ", ".join(sorted(known))
        raise Refused(code="unknown_model", word=model, near=meant(model, known), known=listed)


def _is_review_due(lead: Mapping[str, Any], as_of: datetime | None) -> bool:
    """Tell whether counts, such as clicks_30d, changed before an instant and were not looked at."""
    due = lead["review_due_at"]
    return as_of is not None and due is not None and due <= as_of


def read_routing_skip(lead: Mapping[str, Any], lang: str) -> Row | None:
    """Return why a lead does not go to a rep, None when it does."""
    skip = lead["routing_skip"]
    return {"reason": skip, "text": reason_words(skip, lang)} if skip else None


def _score(receipt: Receipt, lang: str, *, is_past: bool) -> Row:
    from leadline.domain.receipts import decide_level
    from leadline.rendering.reasons import score_reasons
    from leadline.rendering.receipts import Moment, receipt_document

    held, row = receipt.held, receipt.score
    level = row["engagement_level"]
    if is_past:
        level = decide_level(receipt.rules, held.engagement_points)
    moment = Moment(held.as_of)
    matched = [line for line in receipt.lines if line.kind in {"rule", "event", "cap"}]
    return {
        "model": row["model"],
        **{name: as_shown(getattr(held, name)) for name in _SUMS},
        "grade": row["grade"],
        "level": level,
        "rules": score_reasons(matched, lang, moment),
        "lines": receipt_document(receipt.lines, lang, moment),
        "as_of": time_text(held.as_of),
        "config_hash": row["config_hash"],
    }


def _standing(row: Mapping[str, Any]) -> Row:
    return {
        **{name: as_shown(row[name]) for name in _SUMS},
        "grade": row["grade"],
        "level": row["engagement_level"],
        "as_of": time_text(row["as_of"]),
    }


def _circumstances(connection: Connection, lead_id: int, model: str) -> Row:
    from leadline.store.receipts import (
        count_ignored,
        get_rules,
        list_changes,
        list_stage_changes,
    )

    changes = list_changes(connection, lead_id, model=model, limit=_LISTED + 1)
    rules = get_rules(connection, {row["rule_set_id"] for row in changes})
    return {
        "ignored": count_ignored(connection, lead_id),
        "history": _history(changes, rules),
        "stages": [_stage(row) for row in list_stage_changes(connection, lead_id, limit=_LISTED)],
    }


def _history(changes: Sequence[Mapping[str, Any]], rules: Mapping[int, Any]) -> list[Row]:
    """Return the newest changes with what each differs in from the one before."""
    from leadline.domain.receipts import changed_rules

    told = []
    for place, row in enumerate(changes[:_LISTED]):
        before = changes[place + 1] if place + 1 < len(changes) else None
        earlier = (rules[before["rule_set_id"]], before["matched"]) if before else None
        gained, lost = changed_rules(earlier, (rules[row["rule_set_id"]], row["matched"]))
        told.append(
            {
                **_standing(row),
                "cause": row["cause"],
                "difference": as_shown(row["points"] - (before["points"] if before else 0)),
                "gained": gained,
                "lost": lost,
            }
        )
    return told


def _stage(row: Mapping[str, Any]) -> Row:
    trace = row["trace"]
    return {
        "from": row["from_stage"],
        "to": row["to_stage"],
        "at": time_text(row["at"]),
        "model": row["model"],
        "when": trace.get("when"),
        "points": as_shown(trace.get("points")),
        "grade": trace.get("grade"),
        "level": trace.get("engagement_level"),
    }


def show_score(session: Session, found: Mapping[str, Any], *, is_past: bool = False) -> None:
    """Print the receipt of a score, what led to it and what follows from it."""
    out, score = session.out, found["score"]
    if score is None:
        out.line("explain.no_score_then" if is_past else "explain.no_score")
        return
    grade = grade_shown(score["grade"], score["level"])
    out.line("explain.score", **{**score, "grade": grade})
    columns = (
        Column("explain.points", is_number=True),
        Column("explain.rule"),
        Column("explain.text", may_wrap=True),
        Column("explain.condition", may_shrink=True),
    )
    out.table(columns, [row for line in score["lines"] for row in _rows(session, line)])
    if ignored := score["ignored"]:
        bots, unknown = (ignored.get(actor, 0) for actor in ("suspected_bot", "unknown"))
        out.line("explain.ignored", bots=bots, unknown=unknown)
    if score["is_review_due"]:
        out.line("explain.review_due")
    show_routing_skip(session, found)
    _show_models(session, score)
    _show_history(session, score["history"])
    _show_stages(session, score["stages"])


def show_routing_skip(session: Session, found: Mapping[str, Any]) -> None:
    """Say why a lead does not go to a rep."""
    if skip := found.get("routing_skip"):
        session.out.line("explain.not_routed", reason=skip["text"])


def _rows(session: Session, line: Mapping[str, Any]) -> Iterator[tuple[object, ...]]:
    """Return a line with, below it, the events that it is the sum of."""
    is_ours = line["kind"] in {"rounding", "changed"}
    condition = line["condition"] or ", ".join(line["event"] or ())
    yield (f"{line['points']:+g}", "" if is_ours else line["id"], line["text"], condition)
    if not line["events"]:
        return
    out, life = session.out, _life(line["half_life"], session.out.lang)
    for each in line["events"]:
        key = "explain.event_decayed" if life else "explain.event"
        facts = {**each, "then": f"{each['points_then']:+g}", "life": life}
        yield ("", "", out.words(key, **facts, now=f"{each['points']:+g}"), each["event"])
    if line["earlier"]["count"]:
        facts = {**line["earlier"], "points": f"{line['earlier']['points']:+g}"}
        yield ("", "", out.words("explain.earlier", **facts), "")
    if line["events_rounding"]:
        points = f"{line['events_rounding']:+g}"
        yield ("", "", out.words("explain.events_rounding", points=points), "")


def _life(text: str | None, lang: str) -> str | None:
    """Return a half-life such as `14d 6h` as people write it."""
    return text and (text.translate(_UNITS) if lang == "ja" else text)


def _show_models(session: Session, score: Mapping[str, Any]) -> None:
    models = score["models"]
    if len(models) == 1:
        return
    columns = (
        Column("explain.model"),
        Column("explain.points", is_number=True),
        Column("leads.grade"),
        Column("explain.fit", is_number=True),
        Column("explain.engagement", is_number=True),
    )
    rows = [
        (name, each["points"], grade_shown(each["grade"], each["level"]), *_groups(each))
        for name, each in models.items()
    ]
    session.out.table(columns, rows)


def _groups(each: Mapping[str, Any]) -> tuple[float, float]:
    return each["fit_points"], each["engagement_points"]


def _show_history(session: Session, history: Sequence[Mapping[str, Any]]) -> None:
    if not history:
        return
    out = session.out
    names = ("at", "cause", "points", "difference", "grade", "rules")
    columns = [
        Column(f"explain.history.{name}", is_number=name in {"points", "difference"})
        for name in names
    ]
    rows = [
        (
            row["as_of"],
            find(f"cause.{row['cause']}", out.lang) or row["cause"],
            row["points"],
            f"{row['difference']:+g}",
            grade_shown(row["grade"], row["level"]),
            ", ".join([*(f"+{each}" for each in row["gained"]), *(f"-{e}" for e in row["lost"])]),
        )
        for row in history
    ]
    out.line("explain.history")
    out.table(columns, rows)


def _show_stages(session: Session, stages: Sequence[Mapping[str, Any]]) -> None:
    for row in stages:
        session.out.line("explain.stage", **row)
