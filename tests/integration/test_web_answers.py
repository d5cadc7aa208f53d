"""Every answer: its headers, its log line, and what an error does not tell."""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text

from tests.factories import NOW, a_visitor, a_workspace, rows_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime
    from pathlib import Path

    from leadline.stages import Workspace

LAUREN = {"full_name": "Lauren Anderson", "email": "lauren@example.com", "company": "Ramirez"}
PAGE = {"Accept": "text/html"}
PATHS = ("/", "/forms/contact", "/forms/none", "/u/x", "/a/x", "/healthz", "/openapi.json", "/docs")


@pytest.fixture
def work(tmp_path: Path, sqlite_url: str) -> Iterator[Workspace]:
    base = "https://leads.example.com"
    with a_workspace(tmp_path / "home", sqlite_url, base_url=base) as opened:
        yield opened


class StoppedClock:
    """A clock that fails when it is asked a second time, and says more than it should."""

    def __init__(self) -> None:
        self.instants = [NOW]

    def now(self) -> datetime:
        if self.instants:
            return self.instants.pop()
        raise RuntimeError("no time for Lauren")


def without_page(work: Workspace, name: str) -> Workspace:
    """Break one page of both languages, as a wrong edit of a template would."""
    broken = {f"pages/{lang}/{name}.html": "{{ secret.word }}" for lang in ("en", "ja")}
    templates = {**work.project.templates, **broken}
    return replace(work, project=work.project.model_copy(update={"templates": templates}))


@pytest.mark.parametrize("path", PATHS)
async def test_every_answer_is_guarded(work: Workspace, path: str) -> None:
    async with a_visitor(work) as visitor:
        headers = (await visitor.get(path)).headers
    assert headers["content-security-policy"].startswith("default-src 'none'; ")
    assert "frame-ancestors" in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["cache-control"] == "no-store"
    assert headers["strict-transport-security"] == "max-age=31536000"
    assert "set-cookie" not in headers
    assert "access-control-allow-origin" not in headers


async def test_only_forms_may_stand_in_a_frame(work: Workspace) -> None:
    async with a_visitor(work) as visitor:
        for path in ("/u/x", "/a/x", "/"):
            policy = (await visitor.get(path)).headers["content-security-policy"]
            assert "frame-ancestors 'none'" in policy


@pytest.mark.parametrize(("path", "status"), [("/nothing", 404), ("/docs", 404), ("/redoc", 404)])
async def test_unknown_page_is_explained_in_both_languages(
    work: Workspace, path: str, status: int
) -> None:
    async with a_visitor(work) as visitor:
        english = await visitor.get(path, headers=PAGE)
        japanese = await visitor.get(path, headers=PAGE, params={"lang": "ja"})
        plain = await visitor.get(path, headers={"Accept": "application/json"})
    assert {answer.status_code for answer in (english, japanese, plain)} == {status}
    assert "This page does not exist" in english.text
    assert "ページが見つかりません" in japanese.text
    assert plain.json()["error"] == "not_found"


async def test_wrong_method_names_the_right_one(work: Workspace) -> None:
    async with a_visitor(work) as visitor:
        answer = await visitor.delete("/forms/contact")
    assert answer.status_code == 405
    assert answer.headers["allow"] == "GET, HEAD, POST"


@pytest.mark.parametrize("headers", [PAGE, {}])
async def test_failure_shows_no_trace_no_version_and_no_data(
    work: Workspace, headers: dict[str, str], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    async with a_visitor(work, headers=headers, clock=StoppedClock()) as visitor:
        answer = await visitor.post("/forms/contact", data=LAUREN)
    assert answer.status_code == 500
    for word in ("Traceback", "RuntimeError", "Lauren", "python", "uvicorn", ".py"):
        assert word not in answer.text
    assert "server" not in answer.headers
    said = [record for record in caplog.records if record.name == "leadline.web"]
    assert said[0].getMessage().startswith("RuntimeError at tests.integration.")
    assert not any(record.exc_info or "Lauren" in record.getMessage() for record in said)


async def test_refused_statement_is_503_without_its_text(
    work: Workspace, caplog: pytest.LogCaptureFixture
) -> None:
    with work.store.write() as connection:
        connection.execute(text("DROP TABLE submissions"))
    async with a_visitor(work) as visitor:
        answer = await visitor.post("/forms/contact", data=LAUREN)
    assert (answer.status_code, "submissions" in answer.text) == (503, False)
    assert "Lauren" not in caplog.text


async def test_log_has_one_line_per_request_without_tokens_or_people(
    work: Workspace, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "leadline.web")
    async with a_visitor(work) as visitor:
        await visitor.post("/forms/contact", data=LAUREN)
        await visitor.get("/u/SECRETTOKEN")
        await visitor.get("/lauren@example.com%0D%0Afake 200")
        await visitor.request("LAUREN", "/healthz")
    lines = [record.getMessage() for record in caplog.records if record.name == "leadline.web"]
    assert lines == [
        "POST /forms/{form} 201",
        "GET /u/{token} 404",
        "GET (no route) 404",
        "OTHER /healthz 405",
    ]


async def test_thanks_are_said_even_when_their_page_is_broken(work: Workspace) -> None:
    broken = without_page(work, "thanks")
    async with a_visitor(broken, headers=PAGE) as visitor:
        answer = await visitor.post("/forms/contact", data=LAUREN)
    assert (answer.status_code, "We have received what you sent." in answer.text) == (201, True)
    assert len(rows_of(work, "submissions")) == 1


async def test_broken_page_is_an_error_without_its_source(work: Workspace) -> None:
    async with a_visitor(without_page(work, "form"), headers=PAGE) as visitor:
        answer = await visitor.get("/forms/contact", params={"lang": "ja"})
    assert (answer.status_code, "エラーが発生しました" in answer.text) == (500, True)
    assert "secret" not in answer.text


async def test_error_is_worded_even_when_the_page_for_errors_is_broken(work: Workspace) -> None:
    async with a_visitor(without_page(work, "message"), headers=PAGE) as visitor:
        answer = await visitor.get("/nothing")
    assert (answer.status_code, "This page does not exist" in answer.text) == (404, True)


async def test_schema_names_every_route(work: Workspace) -> None:
    async with a_visitor(work) as visitor:
        schema = (await visitor.get("/openapi.json")).json()
    methods = {path: sorted(routes) for path, routes in schema["paths"].items()}
    assert methods == {
        "/forms/{form}": ["get", "post"],
        "/u/{token}": ["get", "post"],
        "/a/{token}": ["get", "post"],
        "/confirm/{token}": ["get", "post"],
        "/d/{token}": ["get", "post"],
        "/webhooks/{source}": ["get", "post"],
        "/healthz": ["get"],
        "/scripts/proof.js": ["get"],
        "/c/{token}": ["get"],
        "/e.js": ["get"],
        "/visits": ["post"],
        "/events/{source}": ["post"],
    }
    assert "422" in schema["paths"]["/forms/{form}"]["post"]["responses"]
