"""A database full of leads who did things, and two sets of rules to score them with."""

from __future__ import annotations

import random
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import update

from leadline.domain.keys import match_key_hash
from leadline.domain.resolution import WRITTEN
from leadline.store import events as event_store
from leadline.store import leads as lead_store
from leadline.store import schema
from leadline.store.bulk import among, insert_rows
from leadline.store.erasure import erase_leads
from leadline.store.leads import add_keys
from tests.builders import NOW, PEPPER

if TYPE_CHECKING:
    from leadline.stages import Workspace
    from leadline.store.engine import Connection

#: What is live, in every part that scoring has.
LIVE: Final = """
rules:
  - {id: large, when: employees >= 1000, points: 20, says: {en: large, ja: 大企業}}
  - {id: home, when: "country IN ('JP', 'US')", points: 10, says: {en: home, ja: 主要市場}}
  - {id: head, when: "contains(title, '部長')", points: 20, says: {en: head, ja: 部長}}
  - {id: gone, when: "country = 'DE'", points: 5, says: {en: Germany, ja: ドイツ}}
  - {id: busy, group: engagement, when: clicks_30d >= 2, points: 10, says: {en: busy, ja: 活発}}
events:
  - id: clicked
    event: email_clicked
    points: 7
    half_life: 14d
    limit: {count: 2, per: 1d}
    at_most: 20
    says: {en: clicked, ja: クリック}
  - {id: visited, event: page_viewed, points: 1.5, half_life: 30d, says: {en: visited, ja: 閲覧}}
disqualifiers:
  - {id: student, when: "contains(title, '学生')", says: {en: student, ja: 学生}}
groups: {engagement: {at_least: 0, at_most: 60}}
grades: {A: 40, B: 30, C: 10}
lifecycle:
  - {to: mql, when: "grade IN ('A', 'B') AND engagement_points >= 10"}
models:
  cloud:
    rules: [{id: wants, when: "product = 'cloud'", points: 30, says: {en: wants, ja: 希望}}]
    grades: {A: 30, B: 20, C: 10}
"""

#: The same with something changed in every part.
EDITED: Final = """
rules:
  - {id: large, when: employees >= 200, points: 20, says: {en: large, ja: 大企業}}
  - {id: home, when: "country IN ('JP', 'US')", points: 10, says: {en: home, ja: 主要市場}}
  - {id: head, when: "contains(title, '部長')", points: 30, says: {en: head, ja: 部長}}
  - {id: busy, group: engagement, when: clicks_30d >= 1, points: 10, says: {en: busy, ja: 活発}}
  - {id: osaka, when: "region = '大阪府'", points: 15, says: {en: Osaka, ja: 大阪}}
events:
  - id: clicked
    event: email_clicked
    points: 7
    half_life: 21d
    limit: {count: 1, per: 1d}
    at_most: 30
    says: {en: clicked, ja: クリック}
  - {id: visited, event: page_viewed, points: 1.5, half_life: 30d, says: {en: visited, ja: 閲覧}}
  - id: prices
    event: pricing_page_viewed
    where: campaign = 'spring'
    points: 12
    within: 60d
    says: {en: prices, ja: 料金}
disqualifiers:
  - {id: student, when: "contains(title, '学生')", at_most: 5, says: {en: student, ja: 学生}}
  - {id: rival, when: "ends_with(email, '@rival.example')", says: {en: rival, ja: 競合}}
groups: {engagement: {at_least: 0, at_most: 50}}
grades: {A: 45, B: 30, C: 10}
lifecycle:
  - {to: mql, when: "grade = 'A' AND engagement_points >= 15"}
  - {to: lead, from: [mql], when: engagement_points < 3}
hand_over: lifecycle_stage = 'mql' OR grade_cloud = 'A'
models:
  cloud:
    rules: [{id: wants, when: "product = 'cloud'", points: 40, says: {en: wants, ja: 希望}}]
    events: [{id: came, event: page_viewed, points: 2, says: {en: came, ja: 閲覧}}]
    grades: {A: 30, B: 20, C: 10}
  market:
    rules: [{id: japan, when: "country = 'JP'", points: 9, says: {en: Japan, ja: 日本}}]
    grades: {A: 9, B: 5, C: 2}
    lifecycle: [{to: sal, when: "grade_market = 'A' AND points > 60"}]
"""

_TITLES: Final = ("部長", "学生", "営業部長", "CEO", "clerk", None)
_DOMAINS: Final = ("a.example", "rival.example")
_KINDS: Final = ("email_clicked", "page_viewed", "pricing_page_viewed", "email_sent")
_ACTORS: Final = ("human", "human", "human", "suspected_bot", "unknown")


def add_scored_leads(work: Workspace, count: int, *, seed: int = 1) -> list[int]:
    """Add leads of every sort: due, held, owned, queued, erased, and due for a score alone."""
    chance = random.Random(seed)  # noqa: S311 - repeatable data
    with work.store.write() as connection:
        ids = lead_store.reserve_ids(connection, count)
        _add_leads(connection, ids, chance)
        _add_events(connection, ids, chance)
        leads = schema.leads
        kinds: dict[int, dict[str, Any]] = {
            0: {"held_import_run_id": 7},
            1: {"is_scoring_only": True},
            2: {"routing_skip": "not_ready"},
        }
        for place, change in kinds.items():
            chosen = among(connection, leads.c.id, ids[place::11])
            connection.execute(update(leads).where(chosen).values(**change))
        _assign(connection, ids)
    return ids


def _add_leads(connection: Connection, ids: list[int], chance: random.Random) -> None:
    rows = []
    for number, lead_id in enumerate(ids):
        domain = chance.choice(_DOMAINS)
        row: dict[str, Any] = dict.fromkeys(WRITTEN)
        row |= {
            "id": lead_id,
            "email": f"lead{number}@{domain}",
            "title": chance.choice(_TITLES),
            "country": chance.choice(("JP", "US", "DE", None)),
            "region": chance.choice(("大阪府", "東京都", None)),
            "employees_min": chance.choice((5, 250, 1200, None)),
            "product": chance.choice(("cloud", "desk", None)),
            "attributes": {},
            "zone": "UTC",
            "zone_source": "default",
            "submission_id": number + 1,
        }
        rows.append(row)
    columns = {name: [row[name] for row in rows] for name in rows[0]}
    lead_store.add_leads(connection, columns, now=NOW - timedelta(days=90))
    keys = [
        ("email", match_key_hash("email", row["email"], pepper=PEPPER), row["id"]) for row in rows
    ]
    add_keys(connection, keys)


def _add_events(connection: Connection, ids: list[int], chance: random.Random) -> None:
    rows = []
    for number in range(len(ids) * 5):
        at = NOW - timedelta(days=chance.uniform(-3, 80))
        lead_id = chance.choice(ids)
        is_waiting = number % 20 == 0  # known by its address alone until its lead is scored
        address = f"lead{ids.index(lead_id)}@{chance.choice(_DOMAINS)}"
        rows.append(
            {
                "source": "test",
                "external_id": str(number),
                "kind": chance.choice(_KINDS),
                "lead_id": None if is_waiting else lead_id,
                "address_hash": match_key_hash("email", address, pepper=PEPPER)
                if is_waiting
                else None,
                "campaign": chance.choice(("spring", "Spring", "autumn", None)),
                "actor": chance.choice(_ACTORS),
                "occurred_at": at,
                "received_at": at,
            }
        )
    event_store.add_events(connection, rows)


def _assign(connection: Connection, ids: list[int]) -> None:
    """Give some leads to a rep, and let others wait in the queue."""
    same = {"role": "inside_sales", "trace": {}, "config_hash": "", "assigned_at": NOW}
    owner = {"rep_id": "R01", "queue": None, "state": "accepted"}
    queue = {"rep_id": None, "queue": "unassigned", "state": "queued"}
    for change, chosen in ((owner, ids[3::11]), (queue, ids[4::11])):
        rows = [{**same, **change, "lead_id": lead_id} for lead_id in chosen]
        insert_rows(connection, schema.assignments, rows)


def erase_some(work: Workspace, ids: list[int]) -> list[int]:
    """Erase some leads; returns them."""
    gone = ids[5::11]
    with work.store.write() as connection:
        erase_leads(connection, gone, now=NOW)
    return gone
