"""While `send_due_touches` is paused no mail to a lead leaves; reps and the admin are told."""

from __future__ import annotations

from typing import TYPE_CHECKING

from leadline.mail.sink import read_mailbox
from leadline.stages import ORDER, delivery, run_stages, touches
from leadline.store.submissions import Arrival, add_submissions
from tests.factories import NOW, a_project, a_workspace, rows_of

if TYPE_CHECKING:
    from pathlib import Path

SCHEDULES = "send_due_touches: {{when: every minute, paused: {paused}}}\n"
FORM = {
    "full_name": "鈴木 充",
    "email": "mitsuru.suzuki@yamada.example",
    "company": "株式会社山田製作所",
    "country": "JP",
    "message": "見積をお願いします。",
    "consent": "true",
}


async def test_paused_nurture_mail_waits_while_the_rep_is_told(
    tmp_path: Path, database_url: str
) -> None:
    files = {"config/schedules.yaml": SCHEDULES.format(paused="true")}
    home = tmp_path / "home"
    with a_workspace(home, database_url, files=files) as work:
        with work.store.write() as connection:
            add_submissions(connection, [Arrival("form:contact", "1", "form", FORM)], now=NOW)
        await run_stages(work, ORDER, now=NOW)
        assert [row["kind"] for row in rows_of(work, "outbox")] == ["assignment"]
        assert len(read_mailbox(work.environment.state / "mailbox")) == 1
        assert not touches.has_due(work, now=NOW)
    files = {"config/schedules.yaml": SCHEDULES.format(paused="false")}
    with a_workspace(home, database_url, files=files) as work:
        await run_stages(work, ["touches"], now=NOW)
        (touch,) = [row for row in rows_of(work, "outbox") if row["kind"] == "touch"]
        assert delivery.has_due(work, now=NOW)
    a_project(home, database_url, files={"config/schedules.yaml": SCHEDULES.format(paused="true")})
    with a_workspace(home, database_url) as work:
        assert not delivery.has_due(work, now=NOW), "written before the pause, and held by it"
        await run_stages(work, ["delivery"], now=NOW)
        assert rows_of(work, "outbox")[-1]["state"] == touch["state"] == "queued"
