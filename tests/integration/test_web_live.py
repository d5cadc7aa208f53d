"""Edits of the project folder: valid ones go live, wrong ones change nothing."""

from __future__ import annotations

import logging
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.factories import NOW, a_visitor, a_workspace

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    import httpx

    from leadline.stages import Workspace

FORM = Path("config/forms/contact.yaml")
PAGE = Path("templates/pages/en/form.html")


class HandMovedClock:
    """A clock that goes on when it is told to."""

    def __init__(self) -> None:
        self.at = NOW

    def now(self) -> datetime:
        self.at += timedelta(seconds=3)
        return self.at


@pytest.fixture
def work(tmp_path: Path, sqlite_url: str) -> Iterator[Workspace]:
    with a_workspace(tmp_path / "home", sqlite_url) as opened:
        yield opened


def edit(work: Workspace, file: Path, old: str, new: str) -> None:
    path = work.environment.home / file
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


async def title(visitor: httpx.AsyncClient) -> str:
    page = (await visitor.get("/forms/contact")).text
    return page.partition("<h1>")[2].partition("</h1>")[0]


async def test_valid_edit_is_live_with_the_next_visit(work: Workspace) -> None:
    async with a_visitor(work, clock=HandMovedClock()) as visitor:
        assert await title(visitor) == "Contact us"
        edit(work, FORM, "Contact us", "Write to us")
        assert await title(visitor) == "Write to us"
        edit(work, PAGE, "<h1>{{ title }}", "<h1>New: {{ title }}")
        assert await title(visitor) == "New: Write to us"


@pytest.mark.parametrize(
    ("file", "words"),
    [
        (FORM, ("title:", "titles:")),
        (FORM, ("title: {en: Contact us,", "title: {en: Contact us")),
        (PAGE, ("{{ title }}", "{{ titles }}")),
        (PAGE, ("{% block main %}", "{% block_ main %}")),
        (Path("config/settings.yaml"), ("company:", "firm:")),
    ],
)
async def test_wrong_edit_leaves_the_last_good_one_live(
    work: Workspace, file: Path, words: tuple[str, str], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING, "leadline.web")
    async with a_visitor(work, clock=HandMovedClock()) as visitor:
        edit(work, file, *words)
        assert [await title(visitor) for _ in range(3)] == ["Contact us"] * 3
        edit(work, file, *reversed(words))
        edit(work, FORM, "Contact us", "Write to us")
        assert await title(visitor) == "Write to us"
    (line,) = [record.getMessage() for record in caplog.records]
    assert "configuration not taken" in line
    assert str(file) in line


async def test_folder_that_vanishes_changes_nothing(work: Workspace) -> None:
    home = work.environment.home
    async with a_visitor(work, clock=HandMovedClock()) as visitor:
        (home / "config").rename(home / "away")
        assert await title(visitor) == "Contact us"
        (home / "away").rename(home / "config")
        assert await title(visitor) == "Contact us"


async def test_new_form_is_served_without_a_restart(work: Workspace) -> None:
    async with a_visitor(work, clock=HandMovedClock()) as visitor:
        assert (await visitor.get("/forms/trial")).status_code == 404
        text = (work.environment.home / FORM).read_text("utf-8")
        (work.environment.home / "config/forms/trial.yaml").write_text(text, encoding="utf-8")
        assert (await visitor.get("/forms/trial")).status_code == 200
