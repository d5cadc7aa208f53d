"""The flow that writes due mails and sends what is ready."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pytest
from sqlalchemy import text

from flows.process_submissions import process_submissions
from flows.send_due_touches import send_due_touches
from leadline.mail.sink import read_mailbox
from leadline.store.submissions import Arrival, add_submissions
from tests.factories import NOW, a_workspace
from tests.flows.runs import artifacts, end_of, task_names

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from leadline.stages import Workspace

pytestmark = pytest.mark.usefixtures("prefect_engine")
AT: Final = NOW.isoformat()
FORM: Final = {
    "full_name": "鈴木 充",
    "email": "mitsuru.suzuki@yamada.example",
    "company": "株式会社山田製作所",
    "country": "JP",
    "message": "見積をお願いします。",
    "consent": "true",
}


@pytest.fixture
async def work(tmp_path: Path) -> AsyncIterator[Workspace]:
    """Give a workspace whose one lead is enrolled, and whose rep's mail is written."""
    with a_workspace(tmp_path / "home") as opened:
        with opened.store.write() as connection:
            add_submissions(connection, [Arrival("form:contact", "1", "form", FORM)], now=NOW)
        await end_of(process_submissions, opened, now=AT)
        yield opened


async def test_run_sends_the_reps_mail_and_the_first_step(work: Workspace) -> None:
    state = await end_of(send_due_touches, work, now=AT)
    assert (state.name, state.message) == ("Completed", "touches 1 of 1; delivery 2 of 2")
    assert await task_names(state, 2) == ["touches-1", "delivery-1"]
    assert set(await artifacts(state)) == {"leadline-touches", "leadline-delivery"}
    recipients = {mail.recipient for mail in read_mailbox(work.environment.state / "mailbox")}
    assert FORM["email"] in recipients
    assert len(recipients) == 2


async def test_run_again_is_idle_and_sends_nothing(work: Workspace) -> None:
    await end_of(send_due_touches, work, now=AT)
    assert (await end_of(send_due_touches, work, now=AT)).name == "Idle"
    assert len(read_mailbox(work.environment.state / "mailbox")) == 2


async def test_run_asks_for_attention_while_a_mail_is_of_unknown_outcome(work: Workspace) -> None:
    with work.store.write() as connection:
        connection.execute(
            text(
                "INSERT INTO outbox (message_key, message_id, kind, lead_id, priority, state,"
                " created_at, due_at, fence, attempts, resends, config_hash)"
                " SELECT 'lost', 'lost', kind, lead_id, priority, 'unknown', created_at, due_at,"
                " 1, 1, 0, config_hash FROM outbox LIMIT 1"
            )
        )
    state = await end_of(send_due_touches, work, now=AT)
    assert state.name == "Attention"
    assert str(state.message).startswith("1 mail(s) of unknown outcome in all")


async def test_unforeseen_error_shows_its_place_and_not_what_it_met(
    work: Workspace, capfd: pytest.CaptureFixture[str]
) -> None:
    with work.store.write() as connection:
        connection.execute(text("UPDATE leads SET zone = 'Yamada/Suzuki'"))
    state = await end_of(send_due_touches, work, now=AT)
    assert state.is_failed()
    assert "Stage touches failed: ZoneInfoNotFoundError at leadline/" in str(state.message)
    assert "Yamada" not in str(state.message) + "".join(capfd.readouterr())
