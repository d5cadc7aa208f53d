"""A file import that is cut short wherever that can happen.

`python -m tests.import_faults` (make fault) runs every loop; the suite runs a sample. An import is
killed at each system call that makes data durable, and at each statement; the disk fills up or
fails; the database is locked; two imports meet. `tests.import_trials` says what must hold.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import re
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from unittest.mock import patch

import pytest
from sqlalchemy import event
from sqlalchemy.engine import Engine
from sqlalchemy.engine.default import DefaultDialect

from leadline.clock import SystemClock
from leadline.config.environment import read_environment
from leadline.stages import imports, open_workspace
from leadline.store.engine import DatabaseLocked
from tests import databases
from tests.import_trials import DIFFERENCES, Answer, Case, check_resumed, prepare, strace
from tests.imported import check_equal, check_once
from tests.small_command import small

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from tests.import_trials import Trial

#: What makes data durable; SQLite uses the second where it is there.
DURABLE: Final = ("fsync", "fdatasync")
#: What a full disk is answered with.
MAKE_ROOM: Final = {"en": "Make room", "ja": "空きを確保"}
_HOLD: Final = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("BEGIN IMMEDIATE")
print("held", flush=True)
sys.stdin.read()
"""


# ---- killed at a system call --------------------------------------------------------------------


def list_calls(case: Case, *names: str) -> list[tuple[str, str]]:
    """Return the system calls of an undisturbed import in their order, with the file of each."""
    log = case.home / "calls.txt"
    with case.trial() as trial:
        options = ("-y", "-e", f"trace={','.join(names)}")
        with trial.start(*strace(*options, output=str(log))) as process:
            process.communicate()
        assert process.returncode == DIFFERENCES
    found = re.findall(r"^\d+ +(\w+)\(\d+<([^>]*)>", log.read_text("utf-8"), re.MULTILINE)
    return [(name, path) for name, path in found if name in names]


def count_calls(case: Case, *names: str) -> dict[str, int]:
    """Return how often an undisturbed import makes each system call."""
    found = [name for name, _ in list_calls(case, *names)]
    return {name: found.count(name) for name in names}


def kill_at(case: Case, name: str, number: int, *, is_repeated: bool = True) -> int | None:
    """Kill an import as it enters a system call for the n-th time; returns where it went on."""
    with case.trial() as trial:
        answer = trial.disturbed(name, f"signal=KILL:when={number}")
        assert answer.code == -signal.SIGKILL, f"{name} {number}: {answer.code} {answer.err}"
        return check_resumed(trial, is_repeated=is_repeated)


# ---- killed at a statement ----------------------------------------------------------------------


class Points:
    """Counts what passes between the program and its database, and kills this process there."""

    def __init__(self, at: int = 0) -> None:
        """Kill at the `at`-th point; only count when it is 0."""
        self.count, self._at = 0, at
        for name in ("before_cursor_execute", "after_cursor_execute"):
            event.listen(Engine, name, self._pass)
        patch.object(DefaultDialect, "do_commit", self._around(DefaultDialect.do_commit)).start()

    def _pass(self, *_: object) -> None:
        self.count += 1
        if self.count == self._at:
            os.kill(os.getpid(), signal.SIGKILL)

    def _around(self, commit: Callable[..., None]) -> Callable[..., None]:
        def do_commit(*arguments: object) -> None:
            self._pass()
            commit(*arguments)
            self._pass()

        return do_commit


def count_points(case: Case) -> int:
    """Return how many points an undisturbed import passes."""
    with case.trial() as trial:
        pid, out = _fork(trial, at=0)
        os.waitpid(pid, 0)
        return int(json.loads(out.read_text("utf-8"))["points"])


def kill_at_point(case: Case, number: int, *, is_repeated: bool = True) -> int | None:
    """Kill an import at the n-th point; returns the line from which it went on."""
    with case.trial() as trial:
        pid, _ = _fork(trial, at=number)
        _, status = os.waitpid(pid, 0)
        assert os.WIFSIGNALED(status), f"point {number}: status {status}"
        return check_resumed(trial, is_repeated=is_repeated)


def _fork(
    trial: Trial, *, at: int, wait: tuple[int, int] | None = None, name: str = "child"
) -> tuple[int, Path]:
    """Import in a forked process; returns its number and the file that it leaves its answer in."""
    out = trial.state / f"{name}.json"
    pid = os.fork()
    if pid:
        return pid, out
    try:
        if wait is not None:
            os.close(wait[1])
            os.read(wait[0], 1)  # ends when the starter closes its side, for all at once
        points = Points(at)
        answer = trial.again()
        found = {"code": answer.code, "out": answer.out, "err": answer.err, "points": points.count}
        out.write_text(json.dumps(found), "utf-8")
    except BaseException as error:  # noqa: BLE001 - a forked child must never return
        sys.stderr.write(f"{type(error).__name__}: {error}\n")
    finally:
        os._exit(0)


# ---- a disk that is full or fails ---------------------------------------------------------------


def fail_calls(case: Case, name: str, how: str, *, lang: str = "en") -> Answer:
    """Import while a system call fails, then again; returns what the first import said."""
    with case.trial() as trial:
        answer = trial.disturbed(name, how, lang=lang)
        if answer.code != DIFFERENCES:  # what fails behind the last commit costs nothing
            assert answer.code == 1, f"{answer.code} {answer.err}"
            assert answer.error["code"] != "unforeseen", answer.error["message"]
        check_resumed(trial)
    return answer


def fail_quarantine(case: Case, error: str, *, lang: str = "en") -> Answer:
    """Import while the quarantine file cannot be written; returns what that import said."""
    writes = list_calls(case, "write")
    first = next(number for number, (_, path) in enumerate(writes, 1) if "/quarantine/" in path)
    answer = fail_calls(case, "write", f"error={error}:when={first}", lang=lang)
    assert answer.code == 1
    assert "/quarantine/" in answer.error["message"]
    return answer


@contextmanager
def small_disk(folder: Path, kib: int) -> Iterator[Callable[[], None]]:
    """Put a file system of its own under a folder; gives what makes room in it.

    Raises:
        subprocess.CalledProcessError: this process may not mount.
    """
    folder.mkdir()
    _mount("-t", "tmpfs", "-o", f"size={kib}k", "tmpfs", str(folder))
    try:
        yield lambda: _mount("-o", "remount,size=256m", str(folder))
    finally:
        subprocess.run(["umount", str(folder)], check=True)


def _mount(*words: str) -> None:
    subprocess.run(["mount", *words], check=True, capture_output=True)


def fill_disk(case: Case, kib: int, *, lang: str = "en") -> Answer:
    """Import on a disk with so much room, make room, import again; returns what was said."""
    folder = case.home / f"disk{kib}"
    used = sum(path.stat().st_size for path in (case.home / "prepared").rglob("*")) // 1024
    with small_disk(folder, used + 256 + kib) as make_room, case.trial(folder / "state") as trial:
        with trial.start(lang=lang) as process:
            out, err = process.communicate()
        answer = Answer(process.returncode, out, err)
        if answer.code != DIFFERENCES:
            assert answer.code == 1, err
            assert MAKE_ROOM[lang] in answer.error["message"], answer.error
        make_room()
        check_resumed(trial)
    return answer


# ---- locked, and two at once --------------------------------------------------------------------


@contextmanager
def held(database: Path) -> Iterator[Callable[[], None]]:
    """Hold the lock of a SQLite file in another process; gives what lets it go."""
    with subprocess.Popen(
        [sys.executable, "-c", _HOLD, str(database)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as holder:
        assert holder.stdin is not None
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"

        def release() -> None:
            holder.communicate("")

        try:
            yield release
        finally:
            if holder.poll() is None:
                release()


def lock_out(case: Case, *, lang: str = "en") -> Answer:
    """Import while the database is locked for longer than we wait; returns what was said."""
    with case.trial() as trial:
        with held(trial.state / "leadline.db"):
            answer = trial.again(lang=lang, seconds=1)
        assert answer.code == 1
        check_resumed(trial)
    return answer


def lock_midway(case: Case, *, chunks: int) -> int | None:
    """Lock the database when some chunks are in; returns the line from which it went on."""
    with case.trial() as trial, ExitStack() as stack:
        database, passed = trial.state / "leadline.db", 0

        def on_chunk(_: int) -> None:
            nonlocal passed
            passed += 1
            if passed == chunks:
                stack.enter_context(held(database))

        environment, now = read_environment(trial.variables), SystemClock().now()
        with (
            small(rows=case.rows, seconds=1),
            open_workspace(environment, now=now) as work,
            pytest.raises(DatabaseLocked),
        ):
            imports.import_file(work, case.file, now=now, on_chunk=on_chunk)
        stack.close()
        return check_resumed(trial)


def wait_out(case: Case) -> str:
    """Let a lock go once the import has met it: it must have waited, and go on."""
    with case.trial() as trial, held(trial.state / "leadline.db") as release:
        with trial.start("strace", "-f", "-qq", "-e", "trace=fcntl") as process:
            assert process.stderr is not None
            met = any("F_WRLCK" in line and "EAGAIN" in line for line in process.stderr)
            release()
            process.communicate()
        assert met, "the import did not meet the lock"
        assert process.returncode == DIFFERENCES
        check_equal(trial.left(), case.whole)
    return "waited"


def import_together(case: Case, *, processes: int = 2) -> int:
    """Import the file in several processes at the same time; returns how many runs that made."""
    with case.trial() as trial:
        start, go = os.pipe()
        forked = [
            _fork(trial, at=0, wait=(start, go), name=f"child{number}")
            for number in range(processes)
        ]
        os.close(start)
        os.close(go)
        for pid, _ in forked:
            os.waitpid(pid, 0)
        found = [json.loads(out.read_text("utf-8")) for _, out in forked]
        for each in found:
            assert each["code"] == DIFFERENCES, each["err"]
        left = trial.left()
        check_once(left, case.whole)
        reports = [json.loads(each["out"])["files"][0] for each in found]
        _check_shared(case, reports)
        assert all(is_closed for _, is_closed, _ in left.runs)
    return len(left.runs)


def _check_shared(case: Case, reports: list[dict[str, Any]]) -> None:
    """Check that the runs have made every lead once between them."""
    by_run = {report["run"]: report for report in reports}
    created, others = 0, 0
    for report in by_run.values():
        created += report["created"]
        others += report["updated"] + report["duplicates"]
    assert created == case.report["created"]
    assert others == case.report["updated"] + case.report["duplicates"]
    for report in reports:
        for name in ("records", "accepted", "rejected", "rejects"):
            assert report[name] == case.report[name], name
        assert Path(report["quarantine"]).read_bytes() == case.report["bytes"]


# ---- the long loop ------------------------------------------------------------------------------


def _kill_everywhere(case: Case, new: Case, big: Case, random_: random.Random) -> None:
    calls = count_calls(case, *DURABLE, "pwrite64")
    points = [(name, number + 1) for name in DURABLE for number in range(calls[name])]
    _tell("killed at every fsync", (kill_at(case, *point) for point in points))
    writes = sorted(random_.sample(range(1, calls["pwrite64"] + 1), 24))
    _tell("killed at a write", (kill_at(case, "pwrite64", number) for number in writes))
    calls = count_calls(new, *DURABLE)
    points = [(name, number + 1) for name in DURABLE for number in range(calls[name])]
    _tell("killed at every fsync, no database yet", (kill_at(new, *point) for point in points))
    calls = count_calls(big, *DURABLE)
    points = [(name, number + 1) for name in DURABLE for number in range(0, calls[name], 3)]
    _tell("killed at an fsync, 50,000 rows", (kill_at(big, *point) for point in points))


def _fill_and_fail(case: Case, random_: random.Random) -> None:
    calls = count_calls(case, *DURABLE, "pwrite64")
    writes = sorted(random_.sample(range(1, calls["pwrite64"] + 1), 12))
    languages = ["en", "ja"] * len(writes)
    full = (
        fail_calls(case, "pwrite64", f"error=ENOSPC:when={number}+", lang=lang)
        for number, lang in zip(writes, languages, strict=False)
    )
    _tell("disk full at a write", map(_said, full))
    failing = (fail_calls(case, "pwrite64", f"error=EIO:when={number}+") for number in writes)
    _tell("disk fails at a write", map(_said, failing))
    points = [(name, number + 1) for name in DURABLE for number in range(calls[name])]
    failing = (fail_calls(case, name, f"error=EIO:when={number}+") for name, number in points)
    _tell("disk fails at every fsync", map(_said, failing))
    refused = (
        fail_quarantine(case, error, lang=lang)
        for error in ("ENOSPC", "EIO")
        for lang in ("en", "ja")
    )
    _tell("quarantine file cannot be written", map(_said, refused))
    sizes = (64, 256, 512, 1024, 2048, 4096, 8192, 65536)
    try:
        full = (
            fill_disk(case, kib, lang=lang) for kib, lang in zip(sizes, languages, strict=False)
        )
        _tell("small disk fills up", map(_said, full))
    except subprocess.CalledProcessError:
        sys.stdout.write("small disk fills up: left out, this process may not mount one\n")


def _meet(kind: str, case: Case) -> None:
    points = range(1, count_points(case) + 1)
    trials = (kill_at_point(case, point, is_repeated=point % 5 == 0) for point in points)
    _tell(f"killed at every statement and commit, {kind}", trials)
    _tell(f"two at once, {kind}, in so many runs", (import_together(case) for _ in range(10)))


def _said(answer: Answer) -> str:
    return "done" if answer.code == DIFFERENCES else str(answer.error["code"])


def _tell(what: str, trials: Iterable[object]) -> None:
    """Run trials and print how many there were, and from where they went on."""
    started, found = time.monotonic(), []
    for outcome in trials:
        sys.stderr.write(f"{what}: {outcome}\n")
        found.append(outcome)
    seen = ", ".join(map(str, dict.fromkeys(found)))
    seconds = time.monotonic() - started
    sys.stdout.write(f"{what}: {len(found)} trials, 0 lost, 0 twice ({seen}), {seconds:.0f} s\n")
    sys.stdout.flush()


def main() -> int:
    """Run every loop and print one line for each."""
    parser = argparse.ArgumentParser(prog="python -m tests.import_faults", description=__doc__)
    parser.add_argument("--seed", type=int, default=20261120)
    random_ = random.Random(parser.parse_args().seed)  # noqa: S311 - repeatable on purpose
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        folder = Path(name)
        case = prepare(folder / "small", count=2_000, rows=400)
        new = prepare(folder / "new", count=500, rows=200, is_new=True)
        _kill_everywhere(case, new, prepare(folder / "big", count=50_000, rows=None), random_)
        _fill_and_fail(case, random_)
        _tell("locked for long", (_said(lock_out(case, lang=lang)) for lang in ("en", "ja")))
        _tell("locked midway", (lock_midway(case, chunks=chunks) for chunks in (1, 2, 3)))
        _tell("locked for a while", (wait_out(case) for _ in range(2)))
        cluster = stack.enter_context(databases.postgresql_cluster(folder / "cluster"))
        _meet("sqlite", prepare(folder / "file", count=900, rows=300))
        _meet("postgresql", prepare(folder / "server", count=900, rows=300, cluster=cluster))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
