"""SIGTERM while mails are on their way: they arrive, nothing else leaves, nothing is half done."""

from __future__ import annotations

import asyncio
import os
import sys
from typing import TYPE_CHECKING

import pytest

from leadline.clock import SystemClock
from leadline.stages import imports, open_workspace, run_stages
from leadline.store import outbox
from leadline.store.engine import open_store
from tests.clocks import project_variables
from tests.factories import a_project
from tests.smtp_script import scripted

if TYPE_CHECKING:
    from pathlib import Path

    from leadline.config.environment import Environment

pytestmark = pytest.mark.new_database

SCHEDULES = "send_due_touches: every minute\n"
HEADER = "email,full_name,company,country,consent"


async def write_mails(environment: Environment, folder: Path, *, count: int) -> None:
    """Take in leads of many reps, and write the mails to them."""
    rows = [f"pat{number}@example.com,Pat Lee,Acme,US,yes" for number in range(count)]
    file = folder / "leads.csv"
    file.write_text("\n".join([HEADER, *rows]), encoding="utf-8")
    now = SystemClock().now()
    with open_workspace(environment, now=now) as work:
        imports.import_file(work, file, now=now)
        await run_stages(work, ["intake", "scoring", "routing", "notification"], now=now)


def states(environment: Environment) -> dict[str, int]:
    store = open_store(environment.database_url, pepper=environment.pepper)
    try:
        with store.read() as connection:
            return outbox.count_by_state(connection)
    finally:
        store.close()


@pytest.mark.parametrize(
    ("program", "code"),
    [
        (
            (
                "-c",
                "import sys; from leadline.cli import main; sys.exit(main())",
                "run",
                "delivery",
            ),
            143,
        ),
        (("-m", "leadline.cli.embedded"), 0),
    ],
    ids=["run", "clock"],
)
async def test_mail_on_its_way_arrives_and_the_others_stay_queued(
    tmp_path: Path, program: tuple[str, ...], code: int
) -> None:
    files = {"config/schedules.yaml": SCHEDULES}
    environment = a_project(tmp_path / "home", files=files)
    settings = environment.home / "config" / "settings.yaml"
    words = settings.read_text("utf-8").partition("notification:")[0]
    limits = "notification:\n  bundle_above: 500\n  bundle_at_most: 500\n"
    settings.write_text(words + limits, encoding="utf-8")
    await write_mails(environment, tmp_path, count=40)
    waiting = states(environment)["queued"]
    assert waiting > 20
    async with scripted({".": "250 2.0.0 taken<slow>"}) as relay:
        url = f"smtp://127.0.0.1:{relay.port}?tls=none"
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            *program,
            env={**os.environ, **project_variables(environment), "LEADLINE_SMTP_URL": url},
        )
        async with asyncio.timeout(90):
            while not relay.messages:  # noqa: ASYNC110 - the relay only notes what it took
                await asyncio.sleep(0.1)
            process.terminate()
            assert await process.wait() == code
    left = states(environment)
    assert left.keys() == {"sent", "queued"}
    assert left["sent"] == len(relay.messages) < waiting
    assert sum(left.values()) == waiting
