"""The pages on schedules and on Prefect's server as tests: a reader does what they say, in order.

One real server stands for "your company's". `leadline check` looks at a clock of the test's own,
so that the pages can show its next times.
"""

from __future__ import annotations

import os
import re
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import httpx
import pytest

from leadline.cli.prefect_server import free_port, start_server
from tests.clocks import FakeTime
from tests.documents import DOCS, Reader, blocks, sections
from tests.factories import a_project

if TYPE_CHECKING:
    from collections.abc import Iterator

    from leadline.cli.prefect_server import PrefectServer

pytestmark = pytest.mark.xdist_group("prefect")
PROGRAMS: Final = Path(sys.executable).parent
PASSWORD: Final = "user:password"  # noqa: S105 - the example of the pages
#: A Friday, 15:00 in Tokyo.
CHRISTMAS: Final = datetime(2026, 12, 25, 6, 0, tzinfo=UTC)
#: `up` on free ports, because others may be taken here; `check` under the clock of the pages.
COMMAND: Final = """#!/bin/sh
case "$1" in
  up) shift; exec {leadline} up --port {port} --prefect-port {prefect_port} "$@" ;;
  check) {time} exec {leadline} "$@" ;;
  *) exec {leadline} "$@" ;;
esac
"""
DEPLOY: Final = "```shell\nleadline deploy\n```\n"
REMOVE: Final = "```shell\nleadline deploy --remove\n```\n"
#: Behind these words the page goes on in a shell that has seen none of its exports.
ELSEWHERE: Final = re.compile("In a second shell|Then, on each machine")
ADMIN_PAGE: Final = (DOCS / "how-to" / "prefect-server.md").read_text("utf-8")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PrefectServer]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PREFECT_SERVER_API_AUTH_STRING", PASSWORD)
        environment = a_project(tmp_path_factory.mktemp("server") / "home")
        with start_server(environment) as started:
            yield started


def a_reader(folder: Path, lang: str, **more: str) -> Reader:
    """Return a reader in a fresh project folder, with the programs of this environment."""
    home = a_project(folder / "home").home
    time = FakeTime(folder / "now")
    time.set(CHRISTMAS)
    command = folder / "bin" / "leadline"
    command.parent.mkdir()
    command.write_text(
        COMMAND.format(
            leadline=PROGRAMS / "leadline",
            port=free_port(),
            prefect_port=free_port(),
            time=" ".join(f"{name}={value}" for name, value in time.variables.items()),
        ),
        encoding="utf-8",
    )
    command.chmod(0o755)
    variables = {
        "PATH": os.pathsep.join([str(command.parent), str(PROGRAMS), os.environ["PATH"]]),
        "HOME": str(folder),
        "LANG": "C.UTF-8",
        "LEADLINE_LANG": lang,
        "DO_NOT_TRACK": "1",
    }
    return Reader(home, variables | more)


def found(server: PrefectServer, path: str) -> dict[str, dict[str, Any]]:
    """Return what the server has of a kind, by name."""
    user, _, password = PASSWORD.partition(":")
    url = f"{server.api_url}/{path}/filter"
    answer = httpx.post(url, json={}, auth=(user, password), timeout=60).raise_for_status()
    return {each["name"]: each for each in answer.json()}


def deployments(server: PrefectServer) -> dict[str, dict[str, Any]]:
    return found(server, "deployments")


@pytest.mark.parametrize(
    ("page", "words"),
    [
        ("schedules.md", "business days every 15 min 08-12 (Asia/Tokyo)"),
        ("schedules.ja.md", "営業日 15分ごと 8時-12時 (Asia/Tokyo)"),
    ],
)
def test_marketing_page_does_what_it_says(
    page: str, words: str, server: PrefectServer, tmp_path: Path
) -> None:
    named = {"PREFECT_API_URL": server.api_url, "PREFECT_API_AUTH_STRING": PASSWORD}
    reader = a_reader(tmp_path, "ja" if ".ja." in page else "en", **named)
    reader.follow(DEPLOY)  # what the admin has done before

    try:
        assert reader.follow((DOCS / "how-to" / page).read_text("utf-8")) == 8
        imports = deployments(server)["leadline-import-files"]
    finally:
        reader.follow(REMOVE)

    assert words in imports["description"]
    schedules = {(each["schedule"]["timezone"], each["active"]) for each in imports["schedules"]}
    assert schedules == {("Asia/Tokyo", True)}


SECTIONS: Final = {
    name: text
    for name, text in sections(ADMIN_PAGE).items()
    if any(block.kind == "shell" for block in blocks(text))
}


def test_every_way_of_running_has_commands() -> None:
    assert len(SECTIONS) == 5


@pytest.mark.parametrize("section", SECTIONS)
def test_section_for_admins_does_what_it_says(
    section: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    reader = a_reader(tmp_path, "en")
    reader.instead = {"/srv/leadline-project": str(reader.home)}
    server: PrefectServer | None = None
    if "prefect.example.com" in SECTIONS[section]:
        server = request.getfixturevalue("server")
        reader.instead |= {"https://prefect.example.com/api": server.api_url}
    try:
        for shell in ELSEWHERE.split(SECTIONS[section]):
            (reader.home.parent / "exported").unlink(missing_ok=True)
            assert reader.follow(shell)
        if server is not None and "work pool" in section:
            assert found(server, "work_pools/leadline/workers"), "it found the server that is named"
        reader.stop()
        if server is not None:
            reader.follow(REMOVE)
            assert deployments(server) == {}
    finally:
        reader.stop()
