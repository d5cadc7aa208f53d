"""Erasure behind the flows: what Prefect keeps of its runs holds nothing of who is forgotten."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

import pytest

from flows.import_files import import_files
from flows.process_submissions import process_submissions
from flows.send_due_touches import send_due_touches
from leadline.mail.sink import read_mailbox
from leadline.stages.erasure import erase_person
from leadline.store.submissions import Arrival, add_submissions
from tests.canaries import ADDRESS, NAME, traces_below, traces_in, traces_in_tables
from tests.factories import NOW, a_workspace
from tests.flows.runs import database_files, end_of

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.usefixtures("prefect_engine")
_PATIENCE: Final = 100  # times 0.1 s
_RUNS: Final = 4
AT: Final = NOW.isoformat()
FORM: Final = {
    "full_name": f"{NAME} 充",
    "email": ADDRESS,
    "company": f"株式会社{NAME}",
    "country": "JP",
    "phone": "06-9876-1098",
    "consent": "true",
}


async def everything_that_prefect_stored() -> bytes:
    """Return the server's database, once the last run's log lines (sent every 2 s) are there."""
    stored = b""
    for _ in range(_PATIENCE):
        stored = b"".join(path.read_bytes() for path in database_files())
        if stored.count(b"Finished in state") >= _RUNS:
            return stored
        await asyncio.sleep(0.1)
    raise AssertionError


async def test_person_who_went_through_the_flows_is_found_nowhere_after_an_erasure(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    with a_workspace(tmp_path / "home") as work:
        with work.store.write() as connection:
            add_submissions(connection, [Arrival("form:contact", "1", "form", FORM)], now=NOW)
        await end_of(process_submissions, work, now=AT)
        await end_of(send_due_touches, work, now=AT)
        assert read_mailbox(work.environment.state / "mailbox")
        done = erase_person(work, ADDRESS, now=NOW)
        assert (done.leads, done.is_whole) == (1, True)
        file = work.environment.home / "inbox" / "fair.csv"
        file.write_text(f"Email,Name,Country\n{ADDRESS},{NAME},JP\n", encoding="utf-8")
        await end_of(import_files, work, paths=["inbox/fair.csv"], now=AT)
        await end_of(process_submissions, work, now=AT)
        assert traces_in_tables(work) == {}
        assert traces_below(work.environment.state) == {}
    assert traces_in(await everything_that_prefect_stored()) == set()
    assert traces_in("".join((*capfd.readouterr(), caplog.text)).encode()) == set()
