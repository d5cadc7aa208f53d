"""A real server, killed in the middle of posts: whoever was told 201 is on disk."""

from __future__ import annotations

import signal
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import httpx

from leadline.store.engine import open_store
from tests.factories import a_project, rows_of
from tests.web_server import START_SECONDS, free_port, uvicorn_serve

if TYPE_CHECKING:
    from leadline.config.environment import Environment

PEOPLE = 400
ENOUGH = 60
POSTERS = 8
#: All posts come from one network, as fast as they can.
FORM = Path("config/forms/contact.yaml").read_text(encoding="utf-8")
FILES = {"config/forms/contact.yaml": f"{FORM}\nprotection: {{posts_per_minute: 100000}}\n"}


def post_until_dead(
    url: str, numbers: range, told: dict[int, int], enough: threading.Event
) -> None:
    """Post one person after another; note the submission id of each who was told 201."""
    with httpx.Client() as client:
        for number in numbers:
            body = {"full_name": "P", "company": "C", "email": f"p{number}@example.com"}
            try:
                answer = client.post(url, data=body)
            except httpx.TransportError:
                return
            if answer.status_code == 201:
                told[number] = answer.json()["submission"]
            if len(told) >= ENOUGH:
                enough.set()


def kill_while_posting(environment: Environment, port: int) -> dict[int, int]:
    """Kill a server that takes posts; return whom it told 201, with their submission ids."""
    told: dict[int, int] = {}
    enough = threading.Event()
    url = f"http://127.0.0.1:{port}/forms/contact"
    parts = [range(first, PEOPLE, POSTERS) for first in range(POSTERS)]
    with uvicorn_serve(environment, port) as server:
        arguments = [(url, part, told, enough) for part in parts]
        threads = [threading.Thread(target=post_until_dead, args=each) for each in arguments]
        for thread in threads:
            thread.start()
        assert enough.wait(START_SECONDS)
        server.send_signal(signal.SIGKILL)
        for thread in threads:
            thread.join()
    return told


def test_killed_server_has_everybody_on_disk_who_was_told_201(
    tmp_path: Path, database_url: str
) -> None:
    environment = a_project(tmp_path / "home", database_url, files=FILES)
    told = kill_while_posting(environment, free_port())
    store = open_store(environment.database_url, pepper=environment.pepper)
    kept = {row["id"]: row["raw"]["email"] for row in rows_of(store, "submissions")}
    store.close()
    assert ENOUGH <= len(told) < PEOPLE
    assert {id_: kept.get(id_) for id_ in told.values()} == {
        id_: f"p{number}@example.com" for number, id_ in told.items()
    }
    assert 0 <= len(kept) - len(told) <= POSTERS
