"""Erasure and access: a canary goes through everything, and nothing of it stays."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

import pytest

from leadline.domain.keys import address_hash
from leadline.mail.sink import read_mailbox
from leadline.stages import ORDER, imports, run_stages
from leadline.stages.erasure import Erasure, erase_person, rehearse_erasure
from leadline.stages.person import read_person
from leadline.store.answers import add_unsubscribe
from leadline.store.outbox import find_by_message_id
from leadline.store.submissions import Arrival, add_submissions
from tests.canaries import (
    ADDRESS,
    MARK,
    NAME,
    PHONE,
    traces_below,
    traces_in_tables,
)
from tests.factories import NOW, a_workspace, read_everything, rows_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from leadline.stages import Workspace

FORM: Final = {
    "full_name": f"{NAME} 充",
    "email": ADDRESS,
    "company": f"株式会社{NAME}",
    "country": "JP",
    "phone": "06-9876-1098",
    "message": "見積をお願いします。",
    "consent": "true",
}
OTHER: Final = {
    **FORM,
    "full_name": "鈴木 充",
    "email": "mituru.suzuki@ikeda.example",
    "company": "池田鉱業",
    "phone": "06-1654-4579",
    "message": f"詳しくは {ADDRESS.upper()} まで。",
}
NEIGHBOR: Final = f"jo-{ADDRESS}"
ROWS: Final = (
    "Email,Name,Company,Phone,Country,Message\n"
    f"{ADDRESS},{NAME},{MARK} Inc,06-9876-1098,JP,quote\n"
    f"not-an-address,Susan Moreno,Harris and Sons,,US,write to {ADDRESS}\n"
    f"{ADDRESS},{NAME},too few\n"
    "paul.perez@harper.example,Paul Perez,Harper and Wade,,FR,Hello\n"
    ",Nobody,No Address Ltd,,US,Hello\n"
)


@pytest.fixture
def work(tmp_path: Path, database_url: str) -> Iterator[Workspace]:
    url = database_url if database_url.startswith("postgresql") else ""
    with a_workspace(tmp_path / "home", url, base_url="https://go.example.com") as work:
        yield work


def add(work: Workspace, *arrivals: Arrival) -> None:
    with work.store.write() as connection:
        add_submissions(connection, arrivals, now=NOW)


def a_post(key: str, fields: dict[str, Any], **changes: Any) -> Arrival:
    return Arrival("form:contact", key, "form", fields, network_address="192.0.2.7", **changes)


def take_in(work: Workspace, name: str, text: str) -> dict[str, Any]:
    path = work.environment.home / name
    path.write_text(text, encoding="utf-8")
    run = imports.import_file(work, path, now=NOW)
    return imports.finish_import(work, run, now=NOW)


def run(work: Workspace, *names: str) -> None:
    asyncio.run(run_stages(work, names or ORDER, now=NOW))


def spread(work: Workspace) -> None:
    """Leave the canary wherever a person can leave something."""
    add(work, a_post("one", FORM, consent_version="1", consent_wording="ok"), a_post("two", OTHER))
    run(work)
    take_in(work, "fair.csv", ROWS)
    (work.environment.home / "fair.csv").unlink()
    body = json.dumps({"answers": [{"email": ADDRESS, "name": NAME}]})
    add(
        work,
        a_post("bot", {**FORM, "website": "http://x.example"}, reason="honeypot"),
        Arrival("typeform", "1", "webhook", {"body": body}, reason="unreadable"),
        Arrival("cf7", "2", "webhook", {"body": f"e={quote(ADDRESS)}"}, reason="unreadable"),
    )
    (work.environment.state / "mailbox" / "newest.html").write_text(f"<p>{ADDRESS}</p>", "utf-8")


def unsubscribe(work: Workspace) -> None:
    (touch,) = [row for row in rows_of(work, "outbox") if row["kind"] == "touch" and row["mail"]]
    with work.store.write() as connection:
        message = find_by_message_id(connection, touch["message_id"])
        assert message is not None
        add_unsubscribe(connection, message, network_address="192.0.2.7", now=NOW)


def forget(work: Workspace) -> Erasure:
    return erase_person(work, ADDRESS, now=NOW)


def hash_of(work: Workspace) -> str:
    return address_hash(ADDRESS, pepper=work.store.pepper)


def test_nothing_of_a_person_is_left_after_an_erasure(work: Workspace) -> None:
    spread(work)
    before, files = traces_in_tables(work), traces_below(work.environment.state)
    assert {"leads", "submissions", "outbox", "import_changes"} <= before.keys()
    assert any(name.startswith("mailbox/new/") for name in files)
    assert any(name.startswith("quarantine/") for name in files)
    done = forget(work)
    assert (done.leads, done.is_compacted, done.in_flight, done.files) == (1, True, 0, [])
    assert done.submissions == 6
    assert done.mentions >= 2
    assert traces_in_tables(work) == {}
    assert traces_below(work.environment.state) == {}
    assert [row["cause"] for row in rows_of(work, "suppressions")] == ["erasure"]
    assert [row["address_hash"] for row in rows_of(work, "suppressions")] == [hash_of(work)]
