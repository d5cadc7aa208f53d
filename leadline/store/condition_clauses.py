"""Writes a condition as a clause of the database, from the same checked meaning as DuckDB's SQL.

What a database cannot decide alike (a regular expression, a time kept as text, text of unusual
scripts on PostgreSQL), or would be slow at (many counts of events), it lets through, and says so:
who selects decides those rows elsewhere.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import (
    Boolean,
    Float,
    Integer,
    Text,
    and_,
    between,
    case,
    cast,
    extract,
    false,
    func,
    literal,
    literal_column,
    not_,
    or_,
    select,
    true,
)
from sqlalchemy.sql.elements import Grouping

from leadline.domain.condition_tree import COMPARISONS, text_of
from leadline.domain.condition_values import BOOLEANS, NUMBER
from leadline.domain.events import OURS
from leadline.domain.leads import find_score_field
from leadline.store import schema
from leadline.store.columns import UtcDateTime
from leadline.store.frames import aggregates_among

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sqlalchemy import ColumnElement

    from leadline.domain.condition_tree import Term
    from leadline.domain.conditions import Condition
    from leadline.domain.events import Aggregate

    Clause = ColumnElement[Any]

_LEADS = schema.leads
_EVENTS = schema.events
_SCORES = schema.scores
#: Beyond so many counts of events one pass over them outside is cheaper than one look for each.
_MOST_COUNTS: Final = 16
#: Beyond these SQLite's parser may give up; such a condition is decided outside.
_DEEPEST: Final = 20
_LARGEST: Final = 2_000
#: What holds no more often than its parts let it, also where not all of them are known.
_OPEN: Final = frozenset({"and", "or", "known"})
_DAY_SECONDS: Final = 86_400
_STORED: Final = {"employees": "employees_min"}
_OPERATORS: Final[dict[str, Callable[[Any, Any], Any]]] = {
    "=": lambda left, right: left == right,
    "<>": lambda left, right: left != right,
    "<": lambda left, right: left < right,
    "<=": lambda left, right: left <= right,
    ">": lambda left, right: left > right,
    ">=": lambda left, right: left >= right,
}


class Clauses:
    """Writes conditions for one kind of database, as of one instant."""

    def __init__(self, condition: Condition, *, is_sqlite: bool, as_of: datetime) -> None:
        """Take the condition, the database, and the instant up to which events count."""
        self._meaning = condition.meaning
        self._is_sqlite = is_sqlite
        self._as_of = as_of
        self._counts_outside = len(aggregates_among(condition.fields)) > _MOST_COUNTS
        self._makers: dict[str, Callable[[Term], Clause]] = {
            **dict.fromkeys(COMPARISONS, self._comparison),
            "and": lambda term: and_(*map(self._of, term.parts)),
            "or": lambda term: or_(*map(self._of, term.parts)),
            "not": lambda term: not_(self._of(term.parts[0])),
            "between": self._between,
            "in": self._in,
            "is_null": lambda term: self._of(term.parts[0]).is_(None),
            "is": lambda term: self._of(term.parts[0]).is_(true() if term.value else false()),
            "like": self._like,
            "contains": self._contains,
            "starts_with": self._starts_with,
            "ends_with": self._ends_with,
            "length": lambda term: func.length(self._of(term.parts[0]), type_=Integer),
            "coalesce": self._coalesce,
            "known": self._known,
            "field": self._field,
            "literal": self._literal,
        }

    def possible(self) -> Clause:
        """Return a clause that holds wherever the condition may, as far as the database knows."""
        return or_(self._possible(self._meaning), self._misread())

    def doubtful(self) -> Clause:
        """Return a clause that holds wherever this database may decide wrongly."""
        return self._misread() if self._is_exact(self._meaning) else true()

    def _possible(self, term: Term) -> Clause:
        """Return a clause that holds wherever `term` does, and no more than it can help."""
        if self._is_exact(term):
            return self._of(term)
        parts = [self._possible(part) for part in term.parts if term.kind in _OPEN]
        if not parts:
            return true()
        return or_(*parts) if term.kind == "or" else and_(*parts)

    def _misread(self) -> Clause:
        """Return a clause that holds wherever this database may misread what it decides."""
        if self._is_sqlite:
            return false()
        fields = [each for each in self._decided(self._meaning) if each.kind == "field"]
        kinds = {text_of(each): each.type for each in fields}
        raws = [self._raw_text(name, kinds[name]) for name in sorted(kinds)]
        ordinary = [func.leadline_is_ordinary(raw) for raw in raws if raw is not None]
        return not_(and_(true(), *(func.coalesce(each, true()) for each in ordinary)))

    def _decided(self, term: Term) -> Iterator[Term]:
        """Yield all terms that `_possible` leaves to the database."""
        if self._is_exact(term):
            yield from _terms(term)
        elif term.kind in _OPEN:
            for part in term.parts:
                yield from self._decided(part)

    def _is_exact(self, term: Term) -> bool:
        """Tell whether this database decides `term` as DuckDB does."""
        if term.size > _LARGEST or term.depth > _DEEPEST:
            return False
        return not any(self._is_hard(each) for each in _terms(term))

    def _is_hard(self, term: Term) -> bool:
        if term.kind != "field":
            return term.kind == "regex"
        if self._counts_outside and aggregates_among([text_of(term)]):
            return True
        return term.type == "time" and not self._is_sqlite and text_of(term) not in _LEADS.c

    def _of(self, term: Term) -> Clause:
        return Grouping(self._makers[term.kind](term))

    def _comparison(self, term: Term) -> Clause:
        left, right = map(self._of, term.parts)
        found: Clause = _OPERATORS[term.kind](left, right)
        return found

    def _between(self, term: Term) -> Clause:
        value, low, high = map(self._of, term.parts)
        return between(value, low, high)

    def _in(self, term: Term) -> Clause:
        value, *items = map(self._of, term.parts)
        return value.in_(items)

    def _like(self, term: Term) -> Clause:
        # PostgreSQL takes \ for an escape unless told that there is none
        escape = None if self._is_sqlite else ""
        return self._of(term.parts[0]).like(literal(text_of(term), Text), escape=escape)

    def _contains(self, term: Term) -> Clause:
        text, part = map(self._of, term.parts)
        place = func.instr if self._is_sqlite else func.strpos
        return place(text, part, type_=Integer) > 0

    def _starts_with(self, term: Term) -> Clause:
        text, part = map(self._of, term.parts)
        found: Clause = func.substr(text, 1, func.length(part), type_=Text) == part
        return found

    def _ends_with(self, term: Term) -> Clause:
        text, part = map(self._of, term.parts)
        start = func.length(text, type_=Integer) - func.length(part, type_=Integer) + 1
        found: Clause = func.substr(text, start, type_=Text) == part
        return found

    def _coalesce(self, term: Term) -> Clause:
        parts = list(map(self._of, term.parts))
        return func.coalesce(*parts, type_=parts[0].type)

    def _known(self, term: Term) -> Clause:
        return func.coalesce(self._of(term.parts[0]), false(), type_=Boolean)

    def _literal(self, term: Term) -> Clause:
        if isinstance(term.value, bool):
            return true() if term.value else false()
        if isinstance(term.value, float):
            return literal(term.value, Float)
        if isinstance(term.value, datetime):
            return literal(term.value, UtcDateTime)
        return self._by_code_point(literal(text_of(term), Text))

    def _by_code_point(self, text: Clause) -> Clause:
        """Compare as every other engine does; PostgreSQL's own order is that of a language."""
        return text if self._is_sqlite else text.collate("C")

    def _field(self, term: Term) -> Clause:
        name = text_of(term)
        for aggregate in aggregates_among([name]):
            return self._count(aggregate)
        if term.type == "text":
            raw = self._raw_text(name, "text")
            return self._by_code_point(func.leadline_fold(raw, type_=Text))
        if found := find_score_field(name):
            return _score(*found)
        stored = _STORED.get(name, name)
        if stored in _LEADS.c:
            return _LEADS.c[stored]
        return self._attribute(name, term)

    def _raw_text(self, name: str, kind: str | None) -> Clause | None:
        """Return the text behind a field as it is stored, None for a field that is not text."""
        if aggregates_among([name]):
            return None
        if found := find_score_field(name):
            return _score(*found) if kind == "text" else None
        stored = _STORED.get(name, name)
        if stored in _LEADS.c:
            return _LEADS.c[stored] if kind == "text" else None
        if self._is_sqlite:
            return func.json_extract(_LEADS.c.attributes, f'$."{name}"', type_=Text)
        return func.jsonb_extract_path_text(_LEADS.c.attributes, name, type_=Text)

    def _attribute(self, name: str, term: Term) -> Clause:
        """Return a custom field, which is kept as text, in its type."""
        raw = self._raw_text(name, term.type)
        if self._is_sqlite:
            kinds = {"number": Float, "boolean": Boolean, "time": UtcDateTime}
            read = getattr(func, f"leadline_{term.type}")
            found: Clause = read(raw, type_=kinds[str(term.type)])
            return found
        folded = func.leadline_fold(raw, type_=Text)
        if term.type == "number":
            return case((folded.op("~")(NUMBER), cast(folded, Float(53))))
        return case(*((folded == text, value) for text, value in _truths()))

    def _count(self, aggregate: Aggregate) -> Clause:
        """Count a lead's human events, or the days since the last, as of the instant."""
        named = aggregate.kinds - OURS
        kinds = (
            _EVENTS.c.kind.in_(sorted(named)) if aggregate.kinds else _EVENTS.c.kind.not_in(OURS)
        )
        chosen = [
            _EVENTS.c.lead_id == _LEADS.c.id,
            _EVENTS.c.actor == literal_column("'human'"),  # in the words of the partial index
            kinds,
            _EVENTS.c.occurred_at <= self._as_of,
        ]
        if aggregate.days is not None:
            chosen.append(_EVENTS.c.occurred_at > self._as_of - timedelta(days=aggregate.days))
            return select(func.count()).where(*chosen).correlate(_LEADS).scalar_subquery()
        last = func.max(_EVENTS.c.occurred_at)
        as_of = literal(self._as_of, UtcDateTime)
        if self._is_sqlite:
            days: Clause = func.leadline_days(last, as_of, type_=Integer)
        else:
            days = func.floor(extract("epoch", as_of - last) / _DAY_SECONDS, type_=Float)
        return select(days).where(*chosen).correlate(_LEADS).scalar_subquery()


def _truths() -> Iterator[tuple[str, Clause]]:
    for text, value in BOOLEANS.items():
        yield text, true() if value else false()


def _score(field: str, model: str) -> Clause:
    """Return what another model than the main one says of the lead."""
    chosen = select(_SCORES.c[field]).where(
        _SCORES.c.lead_id == _LEADS.c.id, _SCORES.c.model == model
    )
    return chosen.correlate(_LEADS).scalar_subquery()


def _terms(term: Term) -> Iterator[Term]:
    """Yield a term and everything below it."""
    waiting = [term]
    while waiting:
        one = waiting.pop()
        yield one
        waiting.extend(one.parts)
