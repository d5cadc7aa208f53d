"""A server that takes posts is killed wherever that can happen; `tests.web_faults` runs the loops.

Its system calls are counted for each thread, from the first post on, or from when it is told to
stop: closing the database is among what is cut short.
"""

from __future__ import annotations

import os
import re
import signal
from collections import Counter
from itertools import count
from typing import TYPE_CHECKING, Final

from tests.web_trials import check_kept, check_repaired, inject, traced

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from tests.warm_server import Server
    from tests.web_trials import Case, Trial

#: What a server does to its database file, its log and the wire.
FILE_CALLS: Final = (
    *("fsync", "fdatasync", "pwrite64", "ftruncate", "unlink"),
    *("fcntl", "sendto", "recvfrom", "write"),
)
#: The same for a database elsewhere, which is spoken to over the wire alone.
WIRE_CALLS: Final = ("sendto", "recvfrom", "write")
#: What decides what is on the disk.
SYNCED_CALLS: Final = ("fsync", "fdatasync", "pwrite64")
#: How posts meet differs from time to time: so many runs in turn must pass unhurt.
_UNHURT: Final = 3
_CALL: Final = re.compile(r"^(\d+) +(?:<\.\.\. )?(\w+)", re.MULTILINE)


def count_calls(case: Case, name: str) -> int:
    """Return how often one thread makes a system call at most while nothing disturbs it."""
    log = case.home / "calls.txt"
    with case.trial() as trial:
        _run(trial, ("-e", f"trace={name}"), output=str(log))
    calls = Counter(_CALL.findall(_begun(log)))
    return max((number for (_, found), number in calls.items() if found == name), default=0)


def _begun(log: Path) -> str:
    """Return the lines of a log at which a system call begins."""
    lines = log.read_text("utf-8", errors="replace").splitlines()
    return "\n".join(line for line in lines if " resumed>" not in line)


def stop(server: Server) -> int:
    """Have a server end as it should, if it still runs; returns its exit code."""
    if server.is_alive():
        server.signal(signal.SIGTERM)
    return server.end()


def _run(trial: Trial, options: Sequence[str], *, output: str = "/dev/null") -> int:
    """Post to a server under strace, and have it end; returns its exit code."""
    with trial.serve() as server, traced(server, *options, output=output):
        trial.post_waves(server)
        return stop(server)


def kill_at(case: Case, name: str, number: int) -> str:
    """Kill a server as one of its threads enters a system call for the n-th time.

    Returns:
        What became of it: "unhurt", or how many posters were told yes.
    """
    with case.trial() as trial:
        return _judge(trial, _run(trial, inject(name, f"signal=KILL:when={number}")))


def kill_closing(case: Case, name: str, number: int) -> str:
    """Kill a server that has answered all and was told to stop, as `kill_at` does."""
    with case.trial() as trial:
        with trial.serve() as server:
            trial.post_waves(server)
            with traced(server, *inject(name, f"signal=KILL:when={number}")):
                code = stop(server)
        return _judge(trial, code)


def kill_at_point(case: Case, number: int) -> str:
    """Kill a server before or after a statement or commit, counted from its start."""
    with case.trial() as trial:
        with trial.serve(point=number) as server:
            trial.post_waves(server)
            code = stop(server)
        return _judge(trial, code)


def _judge(trial: Trial, code: int) -> str:
    assert code in {0, -signal.SIGKILL}, f"the server ended with {code}"
    told = trial.tally["201"] + trial.tally["200"]
    if code == 0:
        assert told == trial.tally.total(), trial.tally
    untold = check_kept(trial)
    check_repaired(trial)
    if code == 0:
        return "unhurt"
    return f"{told} told" + (f" and {untold} kept" if untold else "")


def kill_everywhere(kill: Callable[[int], str]) -> Iterator[str]:
    """Kill a server at the first, second ... n-th place until it passes unhurt."""
    unhurt = 0
    for number in count(1):
        found = kill(number)
        unhurt = unhurt + 1 if found == "unhurt" else 0
        if unhurt == _UNHURT:
            return
        if found != "unhurt":
            yield found


def kill_twice(case: Case, first: tuple[str, int], second: tuple[str, int]) -> str:
    """Kill a server, and the one that comes after it."""
    with case.trial() as trial:
        name, number = first
        _run(trial, inject(name, f"signal=KILL:when={number}"))
        check_kept(trial)
        name, number = second
        return _judge(trial, _run(trial, inject(name, f"signal=KILL:when={number}")))


# ---- the power fails ----------------------------------------------------------------------------


def cut_power(case: Case, number: int) -> str:
    """Kill a server at its n-th send, and take away what it had not had synced until then."""
    log = case.home / "writes.txt"
    with case.trial() as trial:
        with trial.serve() as server:
            options = ("-y", "-e", "trace=pwrite64,fsync,fdatasync,sendto")
            kill = ("-e", f"inject=sendto:signal=KILL:when={number}")
            with traced(server, *options, *kill, output=str(log)):
                # who hears nothing may know it before the killed process has ended
                is_hurt = None in trial.post_waves(server) or not server.is_alive()
            if not is_hurt:
                return "unhurt"
            code = server.end()
        _forget(trial.database, log.read_text("utf-8", errors="replace"))
        return _judge(trial, code)


_WRITE: Final = re.compile(r"^(\d+) +pwrite64\(\d+<([^>]*)>, .*, (\d+), (\d+)(?:\)| <unf)")
_SYNC: Final = re.compile(r"^(\d+) +(?:fsync|fdatasync)\(\d+<([^>]*)>(.*)")
_SYNCED: Final = re.compile(r"^(\d+) +<\.\.\. (?:fsync|fdatasync) resumed>\) += 0")


def _forget(database: Path, log: str) -> None:
    """Cut the write-ahead log where the last sync that came back had found its end."""
    ahead = f"{database.resolve()}-wal"
    written, synced = 0, 0
    under_way: dict[str, int] = {}
    for line in log.splitlines():
        if found := _WRITE.match(line):
            assert found[2] != str(database.resolve()), "the database itself was written"
            written = max(written, int(found[3]) + int(found[4])) if found[2] == ahead else written
        elif found := _SYNC.match(line):
            if found[2] == ahead and found[3].endswith("= 0"):
                synced = written
            elif found[2] == ahead:
                under_way[found[1]] = written
        elif (found := _SYNCED.match(line)) and found[1] in under_way:
            synced = under_way.pop(found[1])
    os.truncate(ahead, synced)
    database.with_name(f"{database.name}-shm").unlink(missing_ok=True)
