"""The tutorials as tests: their shell blocks run in order, and print what the pages show."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from leadline.clock import SystemClock
from tests.clocks import FakeTime
from tests.documents import DOCS, SECONDS, absent, blocks

if TYPE_CHECKING:
    from tests.documents import Block

END = "----- exit code"
#: A Wednesday on which no rep of the sample project is away.
DAY = datetime(2026, 11, 18, 1, 0, tzinfo=UTC)


def blocks_of(page: Path) -> list[Block]:
    return blocks(page.read_text(encoding="utf-8"))


def run(page: Path, folder: Path, lang: str) -> list[tuple[str, int]]:
    """Run all blocks in one shell; returns output and exit code of each."""
    script = "".join(f'{block.text}echo "{END} $?"\n' for block in blocks_of(page))
    time = FakeTime(folder / "now")
    time.set_ahead(DAY - SystemClock().now())
    environment = {
        **time.variables,
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
        "HOME": str(folder),
        "LANG": "C.UTF-8",
        "LEADLINE_LANG": lang,
    }
    done = subprocess.run(
        ["bash", "-c", f"exec 2>&1\n{script}"],
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        encoding="utf-8",
        timeout=SECONDS,
        check=False,
    )
    outputs = re.split(rf"^{END} (\d+)\n", done.stdout, flags=re.MULTILINE)
    return [(output, int(code)) for output, code in zip(outputs[::2], outputs[1::2], strict=False)]


@pytest.mark.parametrize(("name", "lang"), [("tutorial.md", "en"), ("tutorial.ja.md", "ja")])
def test_tutorial_does_what_it_says(name: str, lang: str, tmp_path: Path) -> None:
    page = DOCS / name

    results = run(page, tmp_path, lang)

    for block, (output, code) in zip(blocks_of(page), results, strict=True):
        assert code == block.code, f"{block.text}\n{output}"
        assert absent(block.shown, output) == [], f"{block.text}\n{output}"


def test_both_tutorials_have_the_same_steps() -> None:
    english, japanese = (blocks_of(DOCS / name) for name in ("tutorial.md", "tutorial.ja.md"))
    assert [block.code for block in english] == [block.code for block in japanese]
    assert [block.text.count("\n") for block in english] == [
        block.text.count("\n") for block in japanese
    ]
