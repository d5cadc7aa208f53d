"""The tutorials as tests: their shell blocks run in order, and print what the pages show.

A block ends with exit code 0 unless a comment before it names another one. Each line of the text
block behind it must come up in its output, in that order; blanks count as one, and `…` stands
for anything.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

DOCS = Path(__file__).resolve().parents[2] / "docs"
BLOCK = re.compile(
    r"(?:^<!-- exit code (?P<code>\d) -->\n)?^```shell\n(?P<script>.*?)^```\n"
    r"(?:\n^```text\n(?P<shown>.*?)^```\n)?",
    re.DOTALL | re.MULTILINE,
)
END = "----- exit code"
SECONDS = 240


@dataclass(frozen=True)
class Block:
    """A shell block with what its page says of it."""

    script: str
    code: int
    shown: tuple[str, ...]


def blocks(page: Path) -> list[Block]:
    found = BLOCK.finditer(page.read_text(encoding="utf-8"))
    return [
        Block(
            each["script"],
            int(each["code"] or 0),
            tuple(filter(None, map(plain, (each["shown"] or "").splitlines()))),
        )
        for each in found
    ]


def plain(line: str) -> str:
    return " ".join(line.split())


def run(page: Path, folder: Path, lang: str) -> list[tuple[str, int]]:
    """Run all blocks in one shell; returns output and exit code of each."""
    script = "".join(f'{block.script}echo "{END} $?"\n' for block in blocks(page))
    environment = {
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


def absent(shown: tuple[str, ...], output: str) -> list[str]:
    """Return the lines of a text block that do not come up where they should."""
    missing, at, text = [], 0, plain(output)
    for line in shown:
        pattern = ".*?".join(map(re.escape, line.split("…")))
        found = re.compile(pattern).search(text, at)
        if found is None:
            missing.append(line)
        else:
            at = found.end()
    return missing


@pytest.mark.parametrize(("name", "lang"), [("tutorial.md", "en"), ("tutorial.ja.md", "ja")])
def test_tutorial_does_what_it_says(name: str, lang: str, tmp_path: Path) -> None:
    page = DOCS / name

    results = run(page, tmp_path, lang)

    for block, (output, code) in zip(blocks(page), results, strict=True):
        assert code == block.code, f"{block.script}\n{output}"
        assert absent(block.shown, output) == [], f"{block.script}\n{output}"


def test_both_tutorials_have_the_same_steps() -> None:
    english, japanese = (blocks(DOCS / name) for name in ("tutorial.md", "tutorial.ja.md"))
    assert [block.code for block in english] == [block.code for block in japanese]
    assert [block.script.count("\n") for block in english] == [
        block.script.count("\n") for block in japanese
    ]
