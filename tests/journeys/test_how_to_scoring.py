"""The pages on scores, segments and events as tests: a reader does what they say, in order."""

from __future__ import annotations

import os
import re
import shutil
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import pytest

from leadline.cli.prefect_server import free_port
from leadline.clock import SystemClock
from leadline.domain.decay import as_microseconds, decayed, landmark_weights
from tests.clocks import FakeTime
from tests.documents import DOCS, Reader, blocks
from tests.factories import a_project

#: A Wednesday on which no rep of the sample project is away.
DAY: Final = datetime(2026, 11, 18, 1, 0, tzinfo=UTC)
PAGES: Final = ("scoring", "events", "segments")


def a_reader(folder: Path, lang: str) -> Reader:
    """Return a reader in a fresh folder with the sample files, on the day of the pages."""
    home = a_project(folder / "home", demo=True).home
    time = FakeTime(folder / "now")
    time.set_ahead(DAY - SystemClock().now())  # it goes on, so an edit is newer than what was live
    variables = {
        **time.variables,
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
        "HOME": str(folder),
        "LANG": "C.UTF-8",
        "LEADLINE_LANG": lang,
    }
    return Reader(home, variables)


def text_of(name: str, lang: str) -> str:
    ending = ".ja.md" if lang == "ja" else ".md"
    return (DOCS / "how-to" / f"{name}{ending}").read_text(encoding="utf-8")


@pytest.mark.parametrize("lang", ["en", "ja"])
@pytest.mark.parametrize("name", ["scoring", "segments"])
def test_page_does_what_it_says(name: str, lang: str, tmp_path: Path) -> None:
    reader = a_reader(tmp_path, lang)

    # a whole file that a page shows is an example of its own (tests/rules/test_docs.py)
    text = re.sub(r"^```yaml\n.*?^```\n", "", text_of(name, lang), flags=re.DOTALL | re.MULTILINE)

    assert reader.follow(text) == {"scoring": 10, "segments": 5}[name]


@pytest.mark.skipif(
    not (shutil.which("curl") and shutil.which("openssl")), reason="curl or openssl is not here"
)
@pytest.mark.parametrize("lang", ["en", "ja"])
def test_page_on_events_does_what_it_says(lang: str, tmp_path: Path) -> None:
    reader = a_reader(tmp_path, lang)
    reader.instead = {"8080": str(free_port())}

    try:
        assert reader.follow(text_of("events", lang)) == 5
    finally:
        reader.stop()


@pytest.mark.parametrize("name", PAGES)
def test_commands_of_both_languages_are_the_same(name: str) -> None:
    english, japanese = (
        [(block.text, block.code) for block in blocks(text_of(name, lang)) if block.kind == "shell"]
        for lang in ("en", "ja")
    )
    assert english == japanese


@pytest.mark.parametrize("lang", ["en", "ja"])
def test_table_of_decay_is_what_decay_comes_to(lang: str) -> None:
    table = re.findall(r"^\| (\d+) \| ([\d.]+) \|$", text_of("scoring", lang), re.MULTILINE)
    import numpy as np

    half_life = timedelta(days=14)
    clicked = np.array([as_microseconds(DAY)])

    assert len(table) == 6
    for days, shown in table:
        as_of = DAY + timedelta(days=int(days))
        sums = 10 * landmark_weights(clicked, half_life=half_life, as_of=as_of)
        [left] = decayed(
            sums, half_life=half_life, made_at=np.array([as_microseconds(as_of)]), as_of=as_of
        )
        assert round(float(left), 2) == float(shown), days
