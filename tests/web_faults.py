"""Posts that arrive while something goes wrong: who is told 2xx is stored once, whatever happens.

`python -m tests.web_faults` (make fault) runs every loop; the suite runs a sample. The server is
`leadline serve`, the posts come over real connections, ten or fifty at the same moment. It is
killed at each system call; the disk fills up or fails; the database is locked; posts repeat each
other or use each other's key; it is told to stop. `tests.web_trials` says what must hold.
"""

from __future__ import annotations

import argparse
import random
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack, contextmanager
from functools import partial
from itertools import chain, islice, product, repeat
from pathlib import Path
from typing import TYPE_CHECKING, Final

import psycopg

from tests import databases, web_kills
from tests.import_faults import held, small_disk
from tests.warm_server import PATIENCE, warm_servers
from tests.web_posting import Post, Posting, Told
from tests.web_trials import (
    WAVES,
    check_kept,
    check_repaired,
    inject,
    prepare,
    traced,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from tests.warm_server import Server, Warm
    from tests.web_trials import Case, Trial

TOGETHER: Final = 50
WAVE: Final = WAVES[2]
#: Of the write-ahead log; SQLite copies a log of a thousand of them into the database.
_PAGE: Final = 4_096 + 24
_PARTS: Final = ("meet", "fail", "kill")
#: What was asked for and could not be tried on this computer.
_LEFT_OUT: Final[list[str]] = []


def _check_answers(server: Server, answers: Iterable[Told | None]) -> int:
    """Check that each is a yes, or a 503 that says when to come back; returns how many are that."""
    refused = 0
    for told in answers:
        assert told is not None, f"nobody answered\n{server.said()}"
        assert told.is_yes or told.status == 503, f"{told}\n{server.said()}"
        assert told.is_yes or told.retry_after, f"{told} without Retry-After"
        refused += told.status == 503
    return refused


# ---- a disk that is full or fails ---------------------------------------------------------------


def fail_calls(case: Case, name: str, how: str) -> str:
    """Post while a system call fails, and again when it does not; the server is the same."""
    with case.trial() as trial:
        with trial.serve() as server:
            with traced(server, *inject(name, how)):
                refused = _check_answers(server, trial.post_waves(server))
            check_kept(trial)
            assert not _check_answers(server, trial.post_waves(server)), server.said()
        check_kept(trial)
        check_repaired(trial)
    return f"{refused} refused"


def fill_disk(case: Case, kib: int) -> str:
    """Post on a disk with so much room until it is full, then make room, with the same server.

    Raises:
        subprocess.CalledProcessError: this process may not mount.
    """
    folder = case.home / f"disk{kib}"
    used = sum(path.stat().st_size for path in (case.home / "prepared").rglob("*")) // 1024
    with small_disk(folder, used + kib) as make_room, case.trial(folder / "state") as trial:
        with trial.serve() as server:
            refused = 0
            for number in range(200):
                refused += _check_answers(server, trial.post(server, _long_posts(number)))
                if refused > TOGETHER:
                    break
            assert refused, "the disk is not full"
            make_room()
            assert not _check_answers(server, trial.post(server, _long_posts(0)))
        stored = len(trial.told)
        check_kept(trial)
        check_repaired(trial)
    return "full early" if stored <= 8 else "full later"


def _long_posts(wave: int) -> list[Post]:
    numbers = range(wave * 8, wave * 8 + 8)
    return [Post(who, f"long {who}", key=f"long-{who}", length=4_500) for who in numbers]


# ---- a database that is locked ------------------------------------------------------------------


@contextmanager
def locked(trial: Trial) -> Iterator[Callable[[], None]]:
    """Keep everybody else from writing; gives what lets them."""
    if trial.case.cluster is None:
        with held(trial.database) as release:
            yield release
        return
    with psycopg.connect(trial.url.replace("+psycopg", "")) as connection:
        connection.execute("LOCK TABLE submissions IN EXCLUSIVE MODE")
        yield connection.rollback


def wait_out(case: Case, *, seconds: float = 0) -> str:
    """Let a lock go once the server has read posts and `seconds` have passed: they must wait."""
    with case.trial() as trial:
        with trial.serve() as server, locked(trial) as release, ExitStack() as stack:
            posting = _send(trial, server, WAVE, stack)
            time.sleep(seconds)
            release()
            _hear(trial, server, posting)
        check_kept(trial)
        check_repaired(trial)
    return "waited"


def lock_out(case: Case, *, patience: int = 1) -> str:
    """Post while the database is locked for longer than the server waits, and afterwards."""
    with case.trial() as trial:
        with trial.serve(seconds=patience) as server:
            with locked(trial):
                refused = _check_answers(server, trial.post(server, WAVE))
                assert refused == len(WAVE), "a post was stored in a locked database"
            assert not trial.rows(), "what was refused is stored"
            assert not _check_answers(server, trial.post(server, WAVE))
        check_kept(trial)
        check_repaired(trial)
    return f"{refused} refused"


def _send(trial: Trial, server: Server, posts: Sequence[Post], stack: ExitStack) -> Posting:
    """Send posts, and wait until the server has read each."""
    trial.note(posts)
    posting = Posting(server.port, posts, stack)
    until = time.monotonic() + PATIENCE
    while _unread(server.port, posting.ports) != dict.fromkeys(posting.ports, 0):
        assert time.monotonic() < until, "the server does not read what is sent"
        time.sleep(0.005)
    return posting


def _hear(trial: Trial, server: Server, posting: Posting) -> None:
    """Wait for the answers to WAVE: each must be a yes."""
    answers = posting.hear()
    trial.note(WAVE)
    trial.keep(WAVE, answers)
    assert not _check_answers(server, answers), server.said()


def _unread(port: int, ports: set[int]) -> dict[int, int]:
    """Return how many bytes wait at the server's end of each connection, by the other's port."""
    unread = {}
    for line in Path("/proc/net/tcp").read_text("ascii").splitlines()[1:]:
        cells = line.split()
        ours, theirs = (int(cell.partition(":")[2], 16) for cell in cells[1:3])
        if ours == port and theirs in ports:
            unread[theirs] = int(cells[4].partition(":")[2], 16)
    return unread


# ---- told to stop -------------------------------------------------------------------------------


def stop_midway(case: Case) -> str:
    """Tell a server to stop while posts wait in it: each is answered, and it ends as it should."""
    with case.trial() as trial:
        with trial.serve() as server, locked(trial) as release, ExitStack() as stack:
            posting = _send(trial, server, WAVE, stack)
            server.signal(15)
            release()
            _hear(trial, server, posting)
            assert server.end() == 0, server.said()
        check_kept(trial)
        check_repaired(trial)
    return "answered"


# ---- the same again -----------------------------------------------------------------------------


def repeat_together(case: Case, *, times: int = 1) -> str:
    """Post the same fifty times at one moment: with a key, without, and as look-alikes."""
    with case.trial() as trial:
        with trial.serve() as server:
            for number in range(times):
                for posts in _repeated(number):
                    assert not _check_answers(server, trial.post(server, posts))
            rows = check_kept(trial)
            assert not rows, "a post is stored whose poster was not told so"
        check_repaired(trial)
    return f"{times * 3 * TOGETHER} posts"


def _repeated(number: int) -> Iterator[list[Post]]:
    yield [Post(number, f"same {number}", key=f"same-{number}")] * TOGETHER
    yield [Post(number, f"no key {number}")] * TOGETHER
    written = (f"PERSON{number}@Fault.Example", f"ｐｅｒｓｏｎ{number}＠fault.example")
    yield [
        Post(number, f"like {number}-{place}", key=f"like-{number}-{place}", email=email)
        for place, email in enumerate(islice(chain.from_iterable(repeat(written)), TOGETHER))
    ]


def contend(case: Case, *, times: int = 1) -> str:
    """Post two bodies under one key at one moment: one is stored, the other is told 409."""
    with case.trial() as trial, trial.serve() as server:
        for number in range(times):
            one, other = (Post(number, f"{word} {number}", key=f"key-{number}") for word in "ab")
            answers = trial.post(server, [one, other] * (TOGETHER // 2))
            first, second = (_statuses(answers[place::2]) for place in (0, 1))
            assert {first, second} == {201, 409}, (first, second)
            assert [_statuses(trial.post(server, [post])) for post in (one, other)] == [
                first,
                second,
            ]
        check_kept(trial)
        assert len(trial.rows()) == times
    return f"{times * TOGETHER} posts"


def _statuses(answers: Sequence[Told | None]) -> int:
    """Return the one status that all answers have."""
    statuses = {told.status if told else 0 for told in answers}
    assert len(statuses) == 1, statuses
    return statuses.pop()


# ---- the long loop ------------------------------------------------------------------------------


class Loop:
    """Runs sections one after the other, and says what came of each.

    Attributes:
        sample: trials of a section at most; every one when 0.
    """

    def __init__(self, sample: int, seed: int) -> None:
        """Take `sample` trials of each section."""
        self.sample = sample
        self.crashes = 0
        self.random = random.Random(seed)  # noqa: S311 - repeatable on purpose

    def some(self, count: int) -> list[int]:
        """Return which of so many points are tried."""
        numbers = range(1, count + 1)
        if not self.sample or count <= self.sample:
            return list(numbers)
        return sorted(self.random.sample(numbers, self.sample))

    def tell(self, what: str, trials: Iterable[str], *, is_crash: bool = False) -> None:
        """Run trials, and print how many there were and what became of them."""
        started, found = time.monotonic(), []
        for outcome in trials:
            sys.stderr.write(f"{what}: {outcome}\n")
            found.append(outcome)
        self.crashes += sum(outcome != "unhurt" for outcome in found) if is_crash else 0
        seen = list(dict.fromkeys(found))
        shown = ", ".join(seen[:6]) + (" ..." if len(seen) > 6 else "")
        seconds = time.monotonic() - started
        sys.stdout.write(
            f"{what}: {len(found)} trials, 0 lost, 0 doubled ({shown}), {seconds:.0f} s\n"
        )
        sys.stdout.flush()

    def kills(self, what: str, kill: Callable[[int], str], *, most: int = 30) -> None:
        """Kill a server everywhere; where a sample is asked for, at some of the first `most`."""
        if self.sample:
            self.tell(what, map(kill, self.some(most)), is_crash=True)
        else:
            self.tell(what, web_kills.kill_everywhere(kill), is_crash=True)


def _kill(loop: Loop, sqlite: Case, server: Case, full: Case) -> None:
    for what, case, names in (
        ("sqlite", sqlite, web_kills.FILE_CALLS),
        ("sqlite with a full log", full, web_kills.SYNCED_CALLS),
        ("postgresql", server, web_kills.WIRE_CALLS),
    ):
        for name in names:
            loop.kills(f"{what}, killed at every {name}", partial(web_kills.kill_at, case, name))
    for name in web_kills.SYNCED_CALLS:
        kill = partial(web_kills.kill_closing, sqlite, name)
        loop.kills(f"sqlite, killed at every {name} of its end", kill, most=4)
    for what, case in (("sqlite", sqlite), ("postgresql", server)):
        kill = partial(web_kills.kill_at_point, case)
        loop.kills(f"{what}, killed at every statement and commit", kill, most=60)
    cut = partial(web_kills.cut_power, sqlite)
    loop.kills("sqlite, power cut at every send", cut)
    _kill_twice(loop, sqlite)


def _kill_twice(loop: Loop, case: Case) -> None:
    points = [*product(("fdatasync",), range(1, 5)), *product(("sendto", "pwrite64"), (1, 7, 19))]
    pairs = loop.random.sample(list(product(points, points)), loop.sample or 60)
    twice = (web_kills.kill_twice(case, *pair) for pair in pairs)
    loop.tell("sqlite, killed and killed again", twice, is_crash=True)


def _fail(loop: Loop, case: Case) -> None:
    for error, name in product(("ENOSPC", "EIO"), ("pwrite64", "fdatasync", "ftruncate")):
        points = loop.some(web_kills.count_calls(case, name))
        for how, words in (("", "once"), ("+", "from then on")):
            trials = (
                fail_calls(case, name, f"error={error}:when={number}{how}") for number in points
            )
            loop.tell(f"sqlite, {error} at every {name}, {words}", trials)
    try:
        sizes = (64, 128, 256, 512, 1024, 2048)[: loop.sample or None]
        loop.tell("sqlite, small disk fills up", (fill_disk(case, kib) for kib in sizes))
    except subprocess.CalledProcessError as error:
        _LEFT_OUT.append(f"small disk fills up: this process may not mount one ({error})")
        sys.stdout.write(f"LEFT OUT: {_LEFT_OUT[-1]}\n")


def _meet(loop: Loop, kind: str, case: Case) -> None:
    times = loop.sample or 20
    loop.tell(f"{kind}, locked for a second", (wait_out(case, seconds=1) for _ in range(2)))
    loop.tell(f"{kind}, locked for long", (lock_out(case, patience=n) for n in (1, 2)))
    loop.tell(f"{kind}, fifty at one moment", (repeat_together(case, times=times) for _ in "1"))
    loop.tell(f"{kind}, two bodies for one key", (contend(case, times=times) for _ in "1"))
    loop.tell(f"{kind}, told to stop", (stop_midway(case) for _ in range(min(times, 5))))


def main() -> int:
    """Run every loop and print one line for each."""
    parser = argparse.ArgumentParser(prog="python -m tests.web_faults", description=__doc__)
    parser.add_argument("--sample", type=int, default=0, help="trials of each loop; 0 for all")
    parser.add_argument("--seed", type=int, default=20261122)
    parser.add_argument("--part", choices=_PARTS, action="append", help="all if not said")
    options = parser.parse_args()
    loop, started = Loop(options.sample, options.seed), time.monotonic()
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        folder, warm = Path(name), stack.enter_context(warm_servers())
        cluster = stack.enter_context(databases.postgresql_cluster(folder / "cluster"))
        sqlite, server = _cases(folder, warm, cluster)
        full = prepare(folder / "full", warm)
        full.log = 990 * _PAGE
        for part in options.part or _PARTS:
            if part == "meet":
                _meet(loop, "sqlite", sqlite)
                _meet(loop, "postgresql", server)
            elif part == "fail":
                _fail(loop, sqlite)
            else:
                _kill(loop, sqlite, server, full)
    seconds = time.monotonic() - started
    sys.stdout.write(f"{loop.crashes} crash points, 0 lost, 0 doubled, {seconds:.0f} s\n")
    sys.stdout.writelines(f"LEFT OUT: {what}\n" for what in _LEFT_OUT)
    return 0


def _cases(folder: Path, warm: Warm, cluster: databases.Cluster) -> tuple[Case, Case]:
    return prepare(folder / "file", warm), prepare(folder / "server", warm, cluster=cluster)


if __name__ == "__main__":
    raise SystemExit(main())
