"""The pages of `docs/` as tests run them: their blocks, in order, and what they say comes of each.

- `shell`: is run and ends with exit code 0, or with the one of the comment before it
  (`<!-- exit code 2 -->`). After `<!-- keeps running -->` its last line is started and left
  running, until whoever runs the page ends it.
- `text` behind it: each line must come up in its output, in that order; blanks count as one, and
  `…` stands for anything.
- `yaml`, `csv`: the file that its first line, or the comment before it, names is saved. A file
  after `<!-- refused -->` is meant to be wrong.

Blocks of other kinds (`console`, `ini`) are not run.
"""

from __future__ import annotations

import contextlib
import re
import signal
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

DOCS: Final = Path(__file__).resolve().parents[1] / "docs"
BLOCK: Final = re.compile(
    r"(?:^<!-- (?P<mark>[^>\n]+) -->\n)?^```(?P<kind>shell|yaml|csv)\n(?P<text>.*?)^```\n"
    r"(?:\n^```text\n(?P<shown>.*?)^```\n)?",
    re.DOTALL | re.MULTILINE,
)
SECONDS: Final = 240
KEEPS_RUNNING: Final = "keeps running"


@dataclass(frozen=True)
class Block:
    """A block that something comes of.

    Attributes:
        kind: shell, yaml or csv.
        text: what is in it.
        mark: the comment before it.
        shown: the lines that its output has.
    """

    kind: str
    text: str
    mark: str = ""
    shown: tuple[str, ...] = ()

    @property
    def code(self) -> int:
        """Return the exit code that its page states."""
        found = re.fullmatch(r"exit code (\d)", self.mark)
        return int(found[1]) if found else 0

    @property
    def file(self) -> str:
        """Return the file of the project folder that it is."""
        named = re.match(r"# (config/\S+)\n", self.text)
        return named[1] if named else self.mark


def blocks(text: str) -> list[Block]:
    """Return the blocks of a page, or of a part of one."""
    return [
        Block(
            each["kind"],
            each["text"],
            each["mark"] or "",
            tuple(filter(None, map(plain, (each["shown"] or "").splitlines()))),
        )
        for each in BLOCK.finditer(text)
    ]


def sections(text: str) -> dict[str, str]:
    """Return the parts of a page by their headings of the second level."""
    parts = re.split(r"^## (.+)\n", text, flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def plain(line: str) -> str:
    """Return a line with single blanks."""
    return " ".join(line.split())


def absent(shown: Iterable[str], output: str) -> list[str]:
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


@dataclass
class Reader:
    """Somebody who does in a project folder what a page says.

    Attributes:
        home: the project folder.
        variables: the environment; what a block exports is kept for the next ones.
        instead: what stands for examples of the page, such as the address of a server.
    """

    home: Path
    variables: Mapping[str, str]
    instead: Mapping[str, str] = field(default_factory=dict)
    _running: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def follow(self, text: str) -> int:
        """Do what the blocks of a text say, and check what they promise; returns how many ran."""
        found = blocks(self._fill_in(text))
        for block in found:
            if block.kind != "shell":
                (self.home / block.file).write_text(block.text, encoding="utf-8")
            elif block.mark == KEEPS_RUNNING:
                self._start(block)
            else:
                self._run(block)
        return sum(block.kind == "shell" for block in found)

    def stop(self) -> None:
        """End what keeps running, the last first."""
        while self._running:
            process = self._running.pop()
            try:
                _ask_to_stop(process)
            except subprocess.TimeoutExpired:
                process.kill()  # it fails its own test, and must not stay for the next
                process.wait()
                raise

    def _fill_in(self, text: str) -> str:
        for example, real in self.instead.items():
            text = text.replace(example, real)
        return text

    @property
    def _exported(self) -> Path:
        return self.home.parent / "exported"

    def _before(self) -> str:
        return f". {self._exported}\n" if self._exported.exists() else ""

    def _run(self, block: Block) -> None:
        after = f"code=$?\nexport -p > {self._exported}\nexit $code\n"
        done = subprocess.run(
            ["bash", "-c", f"exec 2>&1\n{self._before()}{block.text}{after}"],
            cwd=self.home,
            env=dict(self.variables),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            encoding="utf-8",
            timeout=SECONDS,
            check=False,
        )
        assert done.returncode == block.code, f"{block.text}\n{done.stdout}"
        assert absent(block.shown, done.stdout) == [], f"{block.text}\n{done.stdout}"

    def _start(self, block: Block) -> None:
        *first, last = block.text.splitlines(keepends=True)
        script = f"{self._before()}{''.join(first)}export -p > {self._exported}\nexec {last}"
        log = self.home.parent / f"running-{len(self._running)}.log"
        with log.open("wb") as words:
            process = subprocess.Popen(
                ["bash", "-c", script],
                cwd=self.home,
                env=dict(self.variables),
                stdin=subprocess.DEVNULL,
                stdout=words,
                stderr=subprocess.STDOUT,
            )
        self._running.append(process)
        ends_at = time.monotonic() + SECONDS
        while absent(block.shown, said := log.read_text("utf-8")):
            assert process.poll() is None, f"{block.text}\n{said}"
            assert time.monotonic() < ends_at, f"{block.text}\n{said}"
            time.sleep(0.5)


def _ask_to_stop(process: subprocess.Popen[bytes]) -> None:
    """Send SIGTERM, and again when nothing comes of it: a worker of Prefect may miss one."""
    for seconds in (30, 30):
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(seconds)
    process.wait(0)
