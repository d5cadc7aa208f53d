"""What receipts of scores are made of: scores, their rules, and the human events they knew."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from struct import unpack
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import and_, func, select, text

from leadline.config.conditions import EVENT_FIELDS
from leadline.domain.events import OURS
from leadline.domain.kept_rules import KeptRules, read_kept
from leadline.domain.past_scores import Past, decide_past
from leadline.domain.receipts import Held, Line, ScoredEvent, decide_receipt
from leadline.store import schema
from leadline.store.bulk import among, as_dicts

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence
    from datetime import datetime

    from sqlalchemy.engine import Connection

_SCORES = schema.scores
_CHANGES = schema.score_changes
_STAGES = schema.stage_changes
_EVENTS = schema.events
_RULE_SETS = schema.rule_sets
Row = dict[str, Any]
#: What a receipt of a time before needs beside the rest.
_OF_PAST: Final = ("base_points", "points_cap", "sums")
_WIDTH: Final = 8  # bytes of a sum


@dataclass(frozen=True, slots=True)
class Receipt:
    """A score with the lines that add up to it.

    Attributes:
        score: the row of the score, or of a change of it.
        rules: that it was made with.
        held: its points at the instant of the receipt.
        lines: which add up to these points.
    """

    score: Mapping[str, Any]
    rules: KeptRules
    held: Held
    lines: tuple[Line, ...]


def get_receipts(
    connection: Connection, lead_ids: Collection[int], *, model: str = "main"
) -> dict[int, Receipt]:
    """Return the receipts of leads that have a score, at a constant number of statements."""
    rows = connection.execute(
        select(*_named(_SCORES)).where(
            _SCORES.c.model == model, among(connection, _SCORES.c.lead_id, lead_ids)
        )
    )
    return _receipts(connection, as_dicts(rows), as_of=None)


def find_receipt(
    connection: Connection, lead_id: int, *, model: str, as_of: datetime
) -> Receipt | None:
    """Return the receipt of a lead's score as it was at an instant, None when it had none.

    The score that was the last one by then is looked at again at that instant: what it knew has
    decayed since, and nothing that came later counts.
    """
    present, past = (
        select(*_named(table), *(table.c[name] for name in _OF_PAST)).where(
            table.c.lead_id == lead_id, table.c.model == model, table.c.as_of <= as_of
        )
        for table in (_SCORES, _CHANGES)
    )
    past = past.add_columns(_CHANGES.c.cause).order_by(_CHANGES.c.id.desc()).limit(1)
    for query in (present, past):
        for row in as_dicts(connection.execute(query)):
            is_gone = row.get("cause") == "removed"
            return None if is_gone else _receipts(connection, [row], as_of=as_of)[lead_id]
    return None


def _named(table: Any) -> list[Any]:  # noqa: ANN401 - a table
    names = (
        *("lead_id", "model", "rule_set_id", "matched", "points", "fit_points"),
        *("engagement_points", "grade", "engagement_level", "last_event_id"),
        *("config_hash", "as_of"),
    )
    return [table.c[name] for name in names]


def _receipts(
    connection: Connection, rows: Sequence[Row], *, as_of: datetime | None
) -> dict[int, Receipt]:
    rules = get_rules(connection, {row["rule_set_id"] for row in rows})
    asked = _asked(rules.values())
    events = _read_events(connection, rows, has_details=bool(asked))
    fitting = _fitting(asked, events)
    receipts = {}
    for row in rows:
        kept, lead_id = rules[row["rule_set_id"]], row["lead_id"]
        known = [event for event, _ in events[lead_id] if event.id <= (row["last_event_id"] or 0)]
        fits = {each.id: fitting[each.condition] for each in kept.event_rules if each.condition}
        if as_of is None:
            names = ("matched", "points", "fit_points", "engagement_points", "as_of")
            held = Held(**{name: row[name] for name in names})
        else:
            held = decide_past(kept, _past(row), known, as_of=as_of, fitting=fits)
        lines = decide_receipt(kept, held, known, fitting=fits)
        receipts[lead_id] = Receipt(row, kept, held, lines)
    return receipts


def _past(row: Row) -> Past:
    sums = row["sums"] or b""
    return Past(
        **{name: row[name] for name in ("matched", "fit_points", "base_points", "points_cap")},
        sums=unpack(f"<{len(sums) // _WIDTH}d", sums),
        made_at=row["as_of"],
    )


def get_rules(connection: Connection, ids: Collection[int]) -> dict[int, KeptRules]:
    """Return stored rule sets by id."""
    rows = connection.execute(
        select(_RULE_SETS.c.id, _RULE_SETS.c.rules).where(among(connection, _RULE_SETS.c.id, ids))
    )
    return {row.id: read_kept(row.rules) for row in rows}


def _asked(rules: Iterable[KeptRules]) -> dict[str, set[str]]:
    """Return the conditions on events that rules have, with the events that they are on."""
    found: dict[str, set[str]] = defaultdict(set)
    for each in (each for kept in rules for each in kept.event_rules if each.condition):
        found[each.condition].update(each.kinds)
    return found


def _read_events(
    connection: Connection, rows: Sequence[Row], *, has_details: bool
) -> dict[int, list[tuple[ScoredEvent, tuple[str | None, ...]]]]:
    """Return the human events that scores may know, with what conditions ask, by lead."""
    found: dict[int, list[Any]] = defaultdict(list)
    known = {row["lead_id"]: row["last_event_id"] or 0 for row in rows}
    if not any(known.values()):
        return found
    names = ("lead_id", "id", "kind", "occurred_at", *(tuple(EVENT_FIELDS) * has_details))
    query = select(*(_EVENTS.c[name] for name in names)).where(
        # word for word as the index has it; an order or a range of ids would lead away from it
        text("actor = 'human' AND lead_id IS NOT NULL"),
        among(connection, _EVENTS.c.lead_id, [each for each, last in known.items() if last]),
    )
    for lead_id, id_, kind, at, *details in sorted(connection.execute(query), key=_id):
        found[lead_id].append((ScoredEvent(id_, kind, at), tuple(details)))
    return found


def _id(row: Any) -> int:  # noqa: ANN401 - a row
    return int(row.id)


def _fitting(
    asked: Mapping[str, Collection[str]],
    events: Mapping[int, Sequence[tuple[ScoredEvent, tuple[str | None, ...]]]],
) -> dict[str, frozenset[int]]:
    """Return which events meet each condition; what no event is asked is not even compiled."""
    details = {event: values for found in events.values() for event, values in found}
    kinds = {event.kind for event in details}
    wheres = {text: text for text, on in asked.items() if kinds.intersection(on)}
    none: dict[str, frozenset[int]] = dict.fromkeys(asked, frozenset())
    if not wheres:
        return none
    from leadline.domain.event_conditions import find_fitting

    by_id = {event.id: values for event, values in details.items()}
    return none | find_fitting(wheres, by_id, fields=EVENT_FIELDS)


def list_model_names(connection: Connection, lead_ids: Collection[int]) -> list[str]:
    """Return the models in which leads have a score."""
    query = select(_SCORES.c.model).where(among(connection, _SCORES.c.lead_id, lead_ids))
    return sorted(connection.execute(query.distinct()).scalars())


def list_models(connection: Connection, lead_id: int) -> list[Row]:
    """Return a lead's score in every model."""
    query = select(*_named(_SCORES)).where(_SCORES.c.lead_id == lead_id)
    return as_dicts(connection.execute(query.order_by(_SCORES.c.model)))


def list_past_models(connection: Connection, lead_id: int) -> list[str]:
    """Return the models in which a lead ever had a score."""
    query = select(_CHANGES.c.model).where(_CHANGES.c.lead_id == lead_id)
    return sorted(connection.execute(query.distinct()).scalars())


def list_changes(connection: Connection, lead_id: int, *, model: str, limit: int) -> list[Row]:
    """Return the newest changes of a lead's score in a model, the newest first."""
    query = select(*_named(_CHANGES), _CHANGES.c.cause).where(
        _CHANGES.c.lead_id == lead_id, _CHANGES.c.model == model
    )
    return as_dicts(connection.execute(query.order_by(_CHANGES.c.id.desc()).limit(limit)))


def list_stage_changes(connection: Connection, lead_id: int, *, limit: int) -> list[Row]:
    """Return the newest lifecycle stages that a lead entered, the newest first."""
    query = select(_STAGES).where(_STAGES.c.lead_id == lead_id)
    return as_dicts(connection.execute(query.order_by(_STAGES.c.id.desc()).limit(limit)))


def count_ignored(connection: Connection, lead_id: int) -> dict[str, int]:
    """Return how many events of a lead do not count, by who is thought to have caused them.

    What we did ourselves, such as sending a mail, is not among them.
    """
    theirs = and_(
        _EVENTS.c.lead_id == lead_id, _EVENTS.c.actor != "human", _EVENTS.c.kind.not_in(OURS)
    )
    rows = connection.execute(
        select(_EVENTS.c.actor, func.count()).where(theirs).group_by(_EVENTS.c.actor)
    )
    return {actor: int(count) for actor, count in rows}
