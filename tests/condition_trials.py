"""Random leads and random conditions over them, the same ones whenever they are made."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from leadline.domain.leads import DERIVED_FIELDS, LEAD_FIELDS
from tests.builders import NOW

if TYPE_CHECKING:
    from random import Random

    from leadline.domain.leads import FieldType
    from leadline.store.engine import Connection

#: Fields of each kind of origin: columns, attributes, counts of events, scores of another model.
FIELDS: Final[dict[str, FieldType]] = {
    **LEAD_FIELDS,
    **DERIVED_FIELDS,
    "plan": "text",
    "seats": "number",
    "is_trial": "boolean",
    "renews_at": "time",
    "clicks_30d": "number",
    "events_7d": "number",
    "demo_watched_30d": "number",
    "days_since_last_visit": "number",
    "points_cloud": "number",
    "grade_cloud": "text",
}
_NAMED: Final[dict[FieldType, tuple[str, ...]]] = {
    "text": ("country", "title", "plan", "grade_cloud"),
    "number": (
        *("employees", "points", "seats", "clicks_30d", "events_7d", "demo_watched_30d"),
        *("days_since_last_visit", "points_cloud"),
    ),
    "boolean": ("consent", "is_free_address", "is_trial"),
    "time": ("submitted_at", "renews_at"),
}
TEXTS: Final = (
    *("JP", "ｊｐ", "US", "us ", "CTO", "副ＣＴＯ室", "営業部長", "ﾊﾟｰﾄﾅｰ", "パートナー"),
    *("Straße", "STRASSE", "Ｅ́tage", "E\u0301TAGE", "étage", "İstanbul", "ΌΣΟΣ", "όσος"),
    *("100%", "a_b", "axb", "it's", 'say "hi"', "a\\b", "a\\%b", "%", "_", "", "  ", " 東　京 "),
    *("\U00020bb7野家", "😀", "ᎠᎡ", "ꭰꭱ", "ᾳ", "ﬁn", "㍿", "ǰ", "J\u030c", "line\nbreak", "A", "B"),
)
PATTERNS: Final = (
    *("%", "", "_", "%cto%", "ＣＴＯ%", "a\\%b", "%\\%", "100％", "%ss_", "_a_", "%東 京%", "%'%"),
)
REGEXES: Final = (r"\bcto\b", "^[a-c]", "部長$", r"\d+", "(us|jp)", "^$", "ß")
NUMBERS: Final = (-5, -1, 0, 1, 2, 2.5, 3, 100, 1000, 0.1, 1e12)
_SEATS: Final = ("5", "-1", "2.5", "1e3", "１００", "many", "", " 3 ", "0.1", "inf", "nan", "1_0")
_TRIALS: Final = ("true", "false", "TRUE", "yes", "1", "")
_TIMES: Final = (
    *("2026-01-01T00:00:00+00:00", "2026-01-01T08:30:00+09:00", "2026-01-02", "now", "2026-02-30"),
    *("2026-01-01T00:00:00.000001+00:00", "9999-12-31T23:59:59-10:00", "", "2026-01-01T24:00Z"),
)
DAYS: Final = ("2025-12-31", "2026-01-01", "2026-11-20", "2028-02-29")
_KINDS: Final = (
    "email_clicked",
    "page_viewed",
    "pricing_page_viewed",
    "email_sent",
    "demo_watched",
)
_OPERATORS: Final = ("=", "<>", "<", "<=", ">", ">=")


def add_random_leads(connection: Connection, random: Random, count: int) -> list[int]:
    """Store leads with every kind of value, their events and their scores under another model."""
    from leadline.domain.resolution import WRITTEN
    from leadline.store import leads, schema
    from leadline.store.bulk import insert_rows, update_rows
    from leadline.store.events import add_events
    from leadline.store.scores import keep_rule_set

    ids = leads.reserve_ids(connection, count)
    rows = [_lead(random, number) for number in ids]
    columns = {name: [row.get(name) for row in rows] for name in ("id", *WRITTEN)}
    columns |= {
        name: [row[name] for row in rows]
        for name in ("zone", "zone_source", "submission_id", "attributes")
    }
    leads.add_leads(connection, columns, now=NOW)
    scored = [
        {"id": number, "points": random.choice((*NUMBERS, None)), "owner": None} for number in ids
    ]
    update_rows(connection, schema.leads, scored)
    add_events(connection, [_event(random, ids, number) for number in range(count * 3)])
    rule_set = keep_rule_set(connection, hash_="cloud", rules={}, now=NOW)
    some = [number for number in ids if random.random() < 0.6]
    insert_rows(connection, schema.scores, [_score(random, id_, rule_set) for id_ in some])
    return ids


def _score(random: Random, lead_id: int, rule_set: int) -> dict[str, Any]:
    points = float(random.choice(NUMBERS))
    return {
        "lead_id": lead_id,
        "model": "cloud",
        "rule_set_id": rule_set,
        "matched": 0,
        "points": points,
        "fit_points": points,
        "engagement_points": 0.0,
        "grade": random.choice("ABCD"),
        "engagement_level": 4,
        "base_points": 0.0,
        "config_hash": "",
        "as_of": NOW,
    }


def _lead(random: Random, number: int) -> dict[str, Any]:
    def one_of(values: tuple[Any, ...]) -> Any:  # noqa: ANN401 - values of any type
        return random.choice(values) if random.random() < 0.75 else None

    said = {
        "plan": one_of(TEXTS),
        "seats": one_of(_SEATS),
        "is_trial": one_of(_TRIALS),
        "renews_at": one_of(_TIMES),
    }
    return {
        "id": number,
        "email": f"lead{number}@example.jp",
        "country": one_of(TEXTS),
        "title": one_of(TEXTS),
        "employees_min": one_of((1, 2, 3, 100, 1000)),
        "consent": one_of((True, False)),
        "is_free_address": one_of((True, False)),
        "submitted_at": one_of(
            (NOW, datetime(2026, 1, 1, tzinfo=UTC), datetime(2025, 12, 31, 23, 59, tzinfo=UTC))
        ),
        "zone": "UTC",
        "zone_source": "place",
        "submission_id": number,
        "attributes": {name: value for name, value in said.items() if value is not None},
    }


def _event(random: Random, ids: list[int], number: int) -> dict[str, Any]:
    back = random.choice((0, 1, 6, 7, 29, 30, 31, -1))
    edge = timedelta(microseconds=random.choice((-1, 0, 1)))
    return {
        "source": "test",
        "external_id": str(number),
        "kind": random.choice(_KINDS),
        "lead_id": random.choice(ids),
        "actor": random.choice(("human", "human", "suspected_bot", "unknown")),
        "occurred_at": NOW - timedelta(days=back) + edge,
        "received_at": NOW,
    }


def a_random_condition(random: Random, depth: int = 3) -> str:
    """Return a condition that is right."""
    if depth == 0 or random.random() < 0.3:
        return _test(random)
    first, second = a_random_condition(random, depth - 1), a_random_condition(random, depth - 1)
    return random.choice(
        (
            f"({first}) AND ({second})",
            f"({first}) OR ({second})",
            f"NOT ({first})",
            f"({first}) IS {random.choice(('', 'NOT '))}{random.choice(('TRUE', 'FALSE', 'NULL'))}",
            f"({first}) {random.choice(('=', '<>'))} ({second})",
        )
    )


def _test(random: Random) -> str:
    kind = random.choice(("text", "text", "number", "number", "boolean", "time"))
    if kind == "text":
        return _text_test(random)
    if kind == "boolean":
        name, other = (random.choice(_NAMED["boolean"]) for _ in range(2))
        return random.choice((name, f"{name} = {other}", f"{name} IN (TRUE)", f"{name} IS NULL"))
    if kind == "time":
        name, day = random.choice(_NAMED["time"]), random.choice(DAYS)
        other = random.choice((*_NAMED["time"], f"'{day}'"))
        return f"{name} {random.choice(_OPERATORS)} {other}"
    return _number_test(random)


def _number_test(random: Random) -> str:
    name, other = (random.choice(_NAMED["number"]) for _ in range(2))
    low, high = (str(random.choice(NUMBERS)) for _ in range(2))
    return random.choice(
        (
            f"{name} {random.choice(_OPERATORS)} {random.choice((other, low))}",
            f"{name} {random.choice(('', 'NOT '))}BETWEEN {low} AND {random.choice((other, high))}",
            f"{name} {random.choice(('', 'NOT '))}IN ({low}, {high})",
            f"coalesce({name}, {other}, {low}) {random.choice(_OPERATORS)} {high}",
            f"{name} IS {random.choice(('', 'NOT '))}NULL",
        )
    )


def _text_test(random: Random) -> str:
    name, other = (random.choice(_NAMED["text"]) for _ in range(2))
    value, more = (in_quotes(random.choice(TEXTS)) for _ in range(2))
    pattern, regex = in_quotes(random.choice(PATTERNS)), in_quotes(random.choice(REGEXES))
    operators = ("=", "<>") if "grade_cloud" in {name, other} else _OPERATORS
    ordered = name if name != "grade_cloud" else "title"
    return random.choice(
        (
            f"{name} {random.choice(operators)} {random.choice((value, other))}",
            f"{random.choice(('lower', 'upper'))}({name}) = {value}",
            f"{name} {random.choice(('', 'NOT '))}{random.choice(('LIKE', 'ILIKE'))} {pattern}",
            f"{name} {random.choice(('', 'NOT '))}IN ({value}, {more})",
            f"{ordered} BETWEEN {value} AND {more}",
            f"contains({name}, {random.choice((value, other))})",
            f"starts_with({name}, {random.choice((value, other))})",
            f"ends_with({name}, {random.choice((value, other))})",
            f"length({name}) {random.choice(_OPERATORS)} {random.choice((0, 2, 3, 7))}",
            f"coalesce({name}, {other}, {value}) = {more}",
            f"{name} IS {random.choice(('', 'NOT '))}NULL",
            f"regexp_matches({name}, {regex})",
            f"{value} < {more}",
        )
    )


def in_quotes(text: str) -> str:
    """Write a text as a condition has it."""
    return "'" + text.replace("'", "''") + "'"
