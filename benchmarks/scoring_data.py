"""What scoring is measured on: seeded leads, 30 rules in words and in Python, and events."""

# ruff: noqa: PLR2004 - the numbers of the rules in words stand in those in Python

from __future__ import annotations

import json
import random
import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from leadline.config.folder import create_project
from leadline.domain.resolution import WRITTEN
from leadline.store import events as event_store
from leadline.store import leads as lead_store

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from leadline.store.engine import Store

NOW: Final = datetime(2026, 11, 18, 18, 0, tzinfo=UTC)
SEED: Final = 20_261_118
CHUNK: Final = 20_000
_Lead = dict[str, Any]

_TITLES: Final = (
    *("CEO", "CTO", "VP Marketing", "Head of IT", "Sales Director", "Marketing Manager"),
    *("Team Lead", "Engineer", "Analyst", "Student", "Consultant", "Owner", "Buyer"),
    *("取締役", "代表取締役社長", "営業部長", "情報システム部 課長", "係長", "担当", None),
)
_INDUSTRIES: Final = (
    *("Manufacturing", "Software", "Financial Services", "Retail", "Healthcare", "Education"),
    *("製造業", "金融業", "情報通信業", "小売業", "Government", None),
)
_COUNTRIES: Final = ("JP", "JP", "JP", "US", "US", "DE", "GB", "SG", "IN", None)
_REGIONS: Final = ("Tokyo", "Osaka", "Aichi", "California", "New York", "Texas", None, None)
_SIZES: Final = (3, 12, 40, 80, 150, 220, 450, 900, 1500, 6000, None)
_SOURCES: Final = ("Web", "Referral", "Partner", "Trade Show", "Webinar", "Purchased List", None)
_REQUESTS: Final = ("quote", "demo", "document", "consultation", "support", None, None, None)
_MAILS: Final = (
    "company{}.example",
    "company{}.example",
    "gmail.com",
    "yahoo.co.jp",
    "uni{}.ac.jp",
)
_CAMPAIGNS: Final = ("spring_2026", "autumn-2026", "webinar 12", "brand", None)
_MESSAGES: Final = (
    *(
        "Please send pricing for {} seats",
        "{}名分の見積をお願いします",
        "Can we have a demo in {} days?",
    ),
    *("資料を{}部ください", "Unsubscribe me, request {}", None, None, None),
)
_DEPARTMENTS: Final = ("Sales", "IT", "情報システム部", "Marketing", "経営企画", None)

#: Conditions, points, whether they count for the grade, and the same test in Python.
RULES: Final[tuple[tuple[str, int, bool, Callable[[_Lead], object] | None], ...]] = (
    ("country = 'JP'", 8, True, lambda r: r["country"] == "jp"),
    ("country = 'US'", 6, True, lambda r: r["country"] == "us"),
    ("source = 'Referral'", 10, False, lambda r: r["source"] == "referral"),
    ("source = 'Purchased List'", -10, True, lambda r: r["source"] == "purchased list"),
    ("request = 'quote'", 30, False, lambda r: r["request"] == "quote"),
    ("request = 'demo'", 25, False, lambda r: r["request"] == "demo"),
    ("department = 'IT'", 5, True, lambda r: r["department"] == "it"),
    ("campaign = 'brand'", 1, False, lambda r: r["campaign"] == "brand"),
    (
        "industry IN ('Manufacturing', 'Software', '製造業')",
        *(5, True),
        lambda r: r["industry"] in {"manufacturing", "software", "製造業"},
    ),
    (
        "industry IN ('Financial Services', '金融業')",
        *(4, True),
        lambda r: r["industry"] in {"financial services", "金融業"},
    ),
    (
        "industry IN ('Education', 'Government')",
        *(-5, True),
        lambda r: r["industry"] in {"education", "government"},
    ),
    ("region IN ('Tokyo', 'Osaka')", 6, True, lambda r: r["region"] in {"tokyo", "osaka"}),
    (
        "source IN ('Web', 'Webinar')",
        *(3, False),
        lambda r: r["source"] in {"web", "webinar"},
    ),
    (
        "request IN ('document', 'consultation')",
        *(15, False),
        lambda r: r["request"] in {"document", "consultation"},
    ),
    ("employees >= 1000", 20, True, lambda r: (r["employees"] or 0) >= 1000),
    ("employees BETWEEN 200 AND 999", 12, True, lambda r: 200 <= (r["employees"] or 0) <= 999),
    ("employees BETWEEN 50 AND 199", 5, True, lambda r: 50 <= (r["employees"] or 0) <= 199),
    (
        "employees < 20",
        *(-5, True),
        lambda r: r["employees"] is not None and r["employees"] < 20,
    ),
    (
        "employees >= 100 AND country <> 'JP'",
        *(2, True),
        lambda r: (r["employees"] or 0) >= 100 and r["country"] not in {None, "jp"},
    ),
    ("regexp_matches(title, '\\b(ceo|cfo|cto|cio|founder|owner)\\b')", 30, True, None),
    ("regexp_matches(title, '\\b(vp|vice president|head of|director)\\b')", 20, True, None),
    ("regexp_matches(title, '\\b(manager|lead)\\b')", 10, True, None),
    ("regexp_matches(email, '@(gmail|yahoo|outlook|hotmail|icloud)\\.')", -20, True, None),
    ("regexp_matches(email, '\\.(edu|ac\\.jp)$')", -15, True, None),
    ("regexp_matches(message, 'pric|quote|見積')", 10, False, None),
    ("contains(title, '取締役')", 35, True, lambda r: "取締役" in (r["title"] or "")),
    ("contains(title, '部長')", 20, True, lambda r: "部長" in (r["title"] or "")),
    ("contains(message, 'demo')", 10, False, lambda r: "demo" in (r["message"] or "")),
    ("message IS NOT NULL", 5, False, lambda r: r["message"] is not None),
    ("title IS NULL", -3, True, lambda r: r["title"] is None),
)
EVENT_RULES: Final[tuple[dict[str, Any], ...]] = (
    {"id": "click", "event": "email_clicked", "points": 5, "half_life": "14d"},
    {"id": "visit", "event": "page_viewed", "points": 1, "half_life": "7d", "at_most": 10},
    {"id": "pricing", "event": "pricing_page_viewed", "points": 10, "half_life": "14d"},
    {"id": "download", "event": "asset_downloaded", "points": 15, "half_life": "30d"},
)
KINDS: Final = ("email_clicked", "page_viewed", "pricing_page_viewed", "asset_downloaded")


def as_pattern(condition: str) -> tuple[str, re.Pattern[str]]:
    """Return field and compiled pattern of a `regexp_matches`."""
    field, _, rest = condition.removeprefix("regexp_matches(").partition(", '")
    return field, re.compile(rest.removesuffix("')"))


def make_leads(count: int) -> dict[str, list[Any]]:
    """Return columns of leads as intake writes them; the same every time."""
    chance = random.Random(SEED + count)
    columns: dict[str, list[Any]] = {name: [None] * count for name in WRITTEN}
    pools = {
        "title": _TITLES,
        "industry": _INDUSTRIES,
        "country": _COUNTRIES,
        "region": _REGIONS,
        "employees_min": _SIZES,
        "source": _SOURCES,
        "request": _REQUESTS,
        "campaign": _CAMPAIGNS,
        "department": _DEPARTMENTS,
    }
    for name, pool in pools.items():
        columns[name] = chance.choices(pool, k=count)
    columns["message"] = [
        each and each.format(number)
        for number, each in enumerate(chance.choices(_MESSAGES, k=count))
    ]
    columns["email"] = [
        f"lead{number}@{mail.format(number % 977)}"
        for number, mail in enumerate(chance.choices(_MAILS, k=count))
    ]
    fixed = {"consent": True, "language": "ja", "attributes": {}, "zone": "Asia/Tokyo"}
    fixed |= {"zone_source": "place", "submitted_at": NOW - timedelta(days=2)}
    columns |= {name: [value] * count for name, value in fixed.items()}
    return {**columns, "submission_id": list(range(1, count + 1))}


def store_leads(store: Store, columns: dict[str, list[Any]]) -> None:
    """Store leads that wait for their first score."""
    count = len(columns["email"])
    for start in range(0, count, CHUNK):
        some = {name: values[start : start + CHUNK] for name, values in columns.items()}
        with store.write() as connection:
            ids = lead_store.reserve_ids(connection, len(some["email"]))
            lead_store.add_leads(connection, {"id": ids, **some}, now=NOW - timedelta(days=1))


def store_events(store: Store, *, leads: int, count: int) -> None:
    """Store human events of the last 90 days of leads 1 to `leads`."""
    chance = random.Random(SEED)
    fixed = {"source": "benchmark", "actor": "human", "received_at": NOW}
    for start in range(0, count, CHUNK):
        rows = [
            {
                **fixed,
                "external_id": str(number),
                "kind": chance.choice(KINDS),
                "lead_id": chance.randint(1, leads),
                "occurred_at": NOW - timedelta(seconds=chance.randrange(90 * 86_400)),
            }
            for number in range(start, min(start + CHUNK, count))
        ]
        with store.write() as connection:
            event_store.add_events(connection, rows)


def prepare(folder: Path) -> None:
    """Make the demo's project with the rules of this benchmark."""
    create_project(folder, demo=True)
    rules = [
        {"id": f"rule_{number}", "when": when, "points": points, "says": {"en": when, "ja": when}}
        | ({} if is_fit else {"group": "engagement"})
        for number, (when, points, is_fit, _) in enumerate(RULES)
    ]
    events = [{**each, "says": {"en": each["id"], "ja": each["id"]}} for each in EVENT_RULES]
    lifecycle = [{"to": "mql", "from": ["subscriber", "lead"], "when": "grade IN ('A', 'B')"}]
    document = {
        "rules": rules,
        "events": events,
        "lifecycle": lifecycle,
        "grades": {"A": 45, "B": 30, "C": 15},
    }
    text = json.dumps(document, ensure_ascii=False, indent=1)  # JSON is YAML
    (folder / "config" / "scoring.yaml").write_text(text + "\n", "utf-8")
