"""A canary: one person goes through the whole line, and Prefect knows nothing of her."""

from __future__ import annotations

import asyncio
import json
import logging
from typing import TYPE_CHECKING, Final

import pytest
from sqlalchemy import text

from flows.import_files import import_files
from flows.process_submissions import process_submissions
from flows.send_due_touches import send_due_touches
from leadline.mail.sink import read_mailbox
from leadline.store.submissions import Arrival, add_submissions
from tests.factories import NOW, a_workspace, rows_of
from tests.flows.runs import database_files, end_of

if TYPE_CHECKING:
    from pathlib import Path

    from leadline.stages import Workspace

pytestmark = pytest.mark.usefixtures("prefect_engine")
AT: Final = NOW.isoformat()
MARK: Final = "zqxcanary"
MARK_JA: Final = "渚砂鴇羽"
FORM: Final = {
    "full_name": f"{MARK_JA} 充",
    "email": f"{MARK}.form@example.jp",
    "company": f"株式会社{MARK_JA}",
    "country": "JP",
    "phone": "06-9876-1098",
    "message": f"{MARK}: 見積をお願いします。",
    "consent": "true",
}
ROWS: Final = (
    "Email,Name,Company,Country,Message\n"
    f"{MARK}.file@example.com,{MARK} Morgan,{MARK} Inc,US,quote\n"
    f"{MARK} has no address,{MARK} Reject,{MARK} Ltd,US,quote\n"
)
#: Whatever Prefect may have written a text as: plain, escaped in JSON, or escaped twice.
FORMS: Final = {
    MARK.encode(),
    MARK_JA.encode(),
    json.dumps(MARK_JA).strip('"').encode(),
    json.dumps(json.dumps(MARK_JA)).strip('"').encode(),
    b"9876-1098",
    b"98761098",
}


def found_in(data: bytes) -> set[bytes]:
    return {form for form in FORMS if form in data}


async def everything_that_prefect_stored() -> bytes:
    """Return the server's database, once logs (sent every 2 s) and events have arrived."""
    await asyncio.sleep(5)
    return b"".join(path.read_bytes() for path in database_files())


async def take_through(work: Workspace) -> list[str]:
    """Send a form, a file and a failing stage through all flows; returns how each ended."""
    with work.store.write() as connection:
        add_submissions(connection, [Arrival("form:contact", "1", "form", FORM)], now=NOW)
    (work.environment.home / "inbox" / "fair.csv").write_text(ROWS, encoding="utf-8")
    states = [
        await end_of(process_submissions, work, now=AT),
        await end_of(import_files, work, paths=["inbox/fair.csv"], now=AT),
        await end_of(send_due_touches, work, now=AT),
    ]
    with work.store.write() as connection:
        change = text("UPDATE leads SET zone = :mark, scoring_due_at = created_at")
        connection.execute(change, {"mark": MARK})
        connection.execute(text("UPDATE enrollments SET next_due_at = started_at"))
    states += [
        await end_of(process_submissions, work, now=AT),
        await end_of(send_due_touches, work, now=AT),
    ]
    return [f"{state.name}: {state.message}" for state in states]


async def test_nothing_of_a_lead_reaches_prefect_or_a_log(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    for logger in ("leadline", "prefect"):
        caplog.set_level(logging.DEBUG, logger)
    with a_workspace(tmp_path / "home") as work:
        endings = await take_through(work)
        leads = rows_of(work, "leads")
        mails = read_mailbox(work.environment.state / "mailbox")
    stored = await everything_that_prefect_stored()
    output = "".join((*capfd.readouterr(), caplog.text, *endings))
    assert [ending.split(":")[0] for ending in endings][:3] == [
        "Completed",
        "Attention",
        "Completed",
    ]
    assert endings[-1].startswith("Failed: Stage touches failed: ZoneInfoNotFoundError")
    assert {lead["email"].partition(".")[0] for lead in leads} == {MARK}
    assert mails
    assert b"leadline-imports" in stored
    assert b"Finished in state" in stored
    assert found_in(stored) == set()
    assert found_in(output.encode()) == set()
