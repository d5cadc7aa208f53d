"""Alerts: what the admin is told by mail, how often, and what survives a kill."""

from __future__ import annotations

import asyncio
import email
import email.policy
import os
import re
import signal
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from leadline.domain.alerts import Alert, Kind
from leadline.domain.skips import SkipReason
from leadline.errors import ConfigError
from leadline.stages import alerts, delivery, notification, open_workspace, run_stages
from leadline.stages.alerts import alert_overdue, open_last_good, tell_admin
from leadline.store.status import read_standing
from tests.builders import add_message, add_person, message
from tests.factories import NOW, a_project, a_workspace, rows_of
from tests.fakes import NO_SUCH_USER, FakeTransport
from tests.smtp_script import scripted
from tests.wire import Wire, wire

if TYPE_CHECKING:
    from collections.abc import Iterator
    from email.message import EmailMessage

    from leadline.stages import Workspace

SETTINGS = (Path(__file__).parents[2] / "config/settings.yaml").read_text("utf-8")
HOUR = timedelta(hours=1)
FAILED = Alert(
    kind=Kind.FAILED,
    flow="import_files",
    subject="run1",
    at=NOW - timedelta(minutes=1),
    state="Failed",
    message="The database is locked by another program.",
    run_url="https://prefect.example.com/v2/runs/flow-run/run1",
)


@pytest.fixture
def work(tmp_path: Path, database_url: str) -> Iterator[Workspace]:
    with a_workspace(tmp_path / "home", database_url) as opened:
        yield opened


def settings(**changes: str) -> dict[str, str]:
    """Return settings.yaml with other values of some keys."""
    text = SETTINGS
    for key, value in changes.items():
        text = re.sub(rf"^( *){key}:.*$", rf"\1{key}: {value}", text, count=1, flags=re.MULTILINE)
    return {"config/settings.yaml": text}


def tell(work: Workspace, subject: str, *, after: timedelta = timedelta(0), **changes: Any) -> Any:  # noqa: ANN401
    alert = replace(FAILED, subject=subject, **changes)
    return tell_admin(work, alert, now=NOW + after)


async def send(work: Workspace, now: datetime = NOW) -> list[EmailMessage]:
    """Send what is due; returns the messages that left."""
    transport = FakeTransport()
    await delivery.run_batch(work, now=now, transport=transport)
    return [parsed(envelope.message) for envelope in transport.sent]


def parsed(content: bytes) -> EmailMessage:
    return email.message_from_bytes(content, policy=email.policy.default)


def body(mail: EmailMessage, kind: str = "plain") -> str:
    part = mail.get_body((kind,))
    assert part is not None
    return str(part.get_content())


async def test_alert_is_one_mail_that_says_what_happened_when_and_what_to_do(
    work: Workspace,
) -> None:
    told = tell(work, "run1")
    (mail,) = await send(work)
    assert (told.reason, told.held_count, told.counts.done) == (None, 0, 1)
    assert (mail["To"], mail["Subject"]) == ("admin@example.com", "[leadline] import_files failed")
    assert mail["Auto-Submitted"] == "auto-generated"
    for part in (body(mail), body(mail, "html")):
        assert FAILED.message in part
        assert "00:59 (UTC), Fri 20 Nov" in part
        assert "leadline doctor" in part
        assert FAILED.run_url in part
        assert "more time" not in part


async def test_alert_is_written_in_the_language_and_zone_of_the_company(
    tmp_path: Path, database_url: str
) -> None:
    files = settings(language="ja", timezone="Asia/Tokyo")
    with a_workspace(tmp_path / "home", database_url, files=files) as work:
        tell(work, "run1", message="", state_now="Running")
        (mail,) = await send(work)
    assert mail["Subject"] == "[leadline] import_files が失敗しました"
    for part in (body(mail), body(mail, "html")):
        assert "11月20日(金) 09:59 (JST)" in part
        assert "2026-11-20 00:59 UTC" in part
        assert "Running" in part
        assert "メッセージ" not in part


async def test_alert_told_again_changes_nothing(work: Workspace) -> None:
    first = tell(work, "run1")
    before = rows_of(work, "outbox")
    again = tell(work, "run1", after=3 * HOUR)
    assert (again.outbox_id, again.reason) == (first.outbox_id, None)
    assert rows_of(work, "outbox") == before


async def test_alerts_of_one_kind_and_flow_are_an_hour_apart_and_the_next_counts_them(
    work: Workspace,
) -> None:
    tell(work, "run1")
    held = [tell(work, f"run{n}", after=timedelta(minutes=n)) for n in (5, 30, 59)]
    assert {each.reason for each in held} == {SkipReason.TOLD_ALREADY}
    assert held[0].counts.skipped == {"told_already": 1}
    assert tell(work, "run60", after=HOUR).held_count == 3
    assert tell(work, "run61", after=HOUR + timedelta(minutes=1)).reason is not None
    assert tell(work, "run121", after=2 * HOUR).held_count == 1
    mails = await send(work, NOW + 3 * HOUR)
    counted = [body(mail).partition("at least ")[2].split(".")[0] for mail in mails]
    assert counted == [
        "",
        "3 more times since the last mail about it",
        "1 more time since the last mail about it",
    ]


async def test_alerts_of_other_kinds_and_flows_do_not_hold_each_other_back(
    work: Workspace,
) -> None:
    tell(work, "run1")
    told = [
        tell(work, "run2", kind=Kind.CRASHED),
        tell(work, "run3", flow="send_due_touches"),
        tell(work, "run4", flow="import"),  # a beginning of another name
        tell(work, "run5", flow="import%files"),
        alert_overdue(work, "import_files", NOW - HOUR, now=NOW),
    ]
    assert [each.reason for each in told] == [None] * 5
    assert len(await send(work)) == 6


async def test_overdue_flow_is_told_once_for_a_due_time_and_without_a_link(
    work: Workspace,
) -> None:
    for _ in range(2):
        alert_overdue(work, "import_files", NOW - HOUR, now=NOW)
    (mail,) = await send(work)
    assert mail["Subject"] == "[leadline] import_files did not run"
    assert "00:00 (UTC), Fri 20 Nov" in body(mail)
    assert "http" not in body(mail)
    assert "State:" not in body(mail)


def test_alert_without_an_address_of_the_admin_says_so_and_leaves_no_row(
    tmp_path: Path, database_url: str
) -> None:
    files = settings(admin_address="")
    with a_workspace(tmp_path / "home", database_url, files=files) as work:
        told = tell(work, "run1")
        assert rows_of(work, "outbox") == []
    assert told.reason is SkipReason.NO_ADMIN_ADDRESS
    assert told.counts.skipped == {"no_admin_address": 1}


async def test_alert_whose_template_fails_is_kept_for_a_person(
    tmp_path: Path, database_url: str
) -> None:
    files = {"templates/admin/alert/en/body.txt": "{{ nonsense }}"}
    with a_workspace(tmp_path / "home", database_url, files=files) as work:
        told = tell(work, "run1")
        assert (told.reason, told.counts.failed) == (SkipReason.TEMPLATE_ERROR, 1)
        assert await send(work) == []
        with work.store.read() as connection:
            assert read_standing(connection, now=NOW).failed == 1
        assert tell(work, "run2").reason is SkipReason.TEMPLATE_ERROR  # nobody was told yet


async def test_admin_is_told_while_the_configuration_is_wrong(
    tmp_path: Path, database_url: str
) -> None:
    environment = a_project(tmp_path / "home", database_url)
    with open_workspace(environment, now=NOW):
        pass
    (environment.home / "config/sending.yaml").write_text("touches_a_day: 1\n", "utf-8")
    with open_last_good(environment, now=NOW) as work:
        tell(work, "run1")
        assert len(await send(work)) == 1


def test_wrong_configuration_is_told_as_such_when_there_was_no_good_one(tmp_path: Path) -> None:
    files = {"config/sending.yaml": "touches_a_day: 1\n"}
    with pytest.raises(ConfigError, match=r"sending\.yaml:1:1"):
        open_last_good(a_project(tmp_path / "home", files=files), now=NOW)


async def test_alert_leaves_after_rep_mail_and_before_marketing_mail(work: Workspace) -> None:
    with work.store.write() as connection:
        person = add_person(connection)
        nurture = add_message(connection, person)
        rep = add_message(connection, person, kind="assignment")
    alert = tell(work, "run1").outbox_id
    transport = FakeTransport()
    await delivery.run_batch(work, now=NOW, transport=transport)
    assert transport.ids[:2] == [rep, alert]
    assert nurture not in transport.ids[:2]


async def test_alert_waits_for_no_consent_window_or_ban(work: Workspace) -> None:
    sunday = datetime(2026, 11, 22, 18, 0, tzinfo=UTC)
    first = tell_admin(work, FAILED, now=sunday)
    refusing = FakeTransport(answers={first.outbox_id or 0: NO_SUCH_USER})
    await delivery.run_batch(work, now=sunday, transport=refusing)
    assert len(rows_of(work, "suppressions")) == 1  # as of any address that does not exist
    tell_admin(work, replace(FAILED, subject="run2"), now=sunday + HOUR)
    assert len(await send(work, sunday + HOUR)) == 1


def test_alert_is_nothing_for_notification_and_counts_as_waiting_mail(work: Workspace) -> None:
    tell(work, "run1")
    tell(work, "run2")
    assert not notification.has_due(work, now=NOW)
    with work.store.read() as connection:
        standing = read_standing(connection, now=NOW)
    assert (standing.queued, standing.due["delivery"], standing.due["notification"]) == (1, 1, 0)


async def test_alert_cut_off_after_the_dot_is_repeated_once_with_the_same_id(
    tmp_path: Path, database_url: str
) -> None:
    async with scripted({".": ["<drop>"]}) as server:
        url = f"smtp://127.0.0.1:{server.port}?tls=none"
        with a_workspace(tmp_path / "home", database_url, smtp_url=url) as work:
            told = tell(work, "run1")
            for minutes in (0, 30, 60):
                later = NOW + timedelta(minutes=minutes)
                await run_stages(work, ["delivery"], now=later)
            found = message(work.store, told.outbox_id or 0)
    assert (found["state"], found["resends"], len(server.messages)) == ("unknown", 1, 2)
    assert all(found["message_id"].encode() in each for each in server.messages)


@pytest.mark.parametrize("place", ["rcpt", "written"])
async def test_alert_whose_process_is_killed_before_the_body_leaves_once_when_it_runs_again(
    tmp_path: Path, database_url: str, place: str
) -> None:
    with wire(tmp_path / "wire") as server:
        environment = a_project(tmp_path / "home", database_url, smtp_url=server.url)
        assert os.WTERMSIG(_killed(environment, server, place)) == signal.SIGKILL
        with open_workspace(environment, now=NOW) as work:
            told = tell(work, "run1")
            await run_stages(work, ["delivery"], now=NOW)
            (row,) = rows_of(work, "outbox")
        assert (row["id"], row["state"]) == (told.outbox_id, "sent")
        assert server.taken() == {row["message_id"]: 1}


def _killed(environment: Any, server: Wire, place: str) -> int:  # noqa: ANN401
    """Tell and send in a process that is killed on the way; returns how it ended."""
    pid = os.fork()
    if pid == 0:
        try:
            with open_workspace(environment, now=NOW) as work:
                tell(work, "run1")
                if place == "written":
                    os.kill(os.getpid(), signal.SIGKILL)
                server.kill_sender(os.getpid(), at="rcpt", message=1)
                asyncio.run(run_stages(work, ["delivery"], now=NOW))
        finally:
            os._exit(1)
    return os.waitpid(pid, 0)[1]


def test_alert_is_no_stage_of_the_pipeline() -> None:
    from leadline.stages import ORDER

    assert alerts.NAME not in ORDER
