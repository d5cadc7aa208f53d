"""Who holds a lease: one running process, told apart from any other and from its own past.

Leases use the real clock, never the `now` of a run. What a process of this computer and boot left
when it died is free at once; anybody else's rows are free when the lease ends.
"""

from __future__ import annotations

import os
import socket
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Final

LEASE: Final = timedelta(seconds=60)
_BOOT_ID: Final = Path("/proc/sys/kernel/random/boot_id")
_PID_NAMESPACE: Final = Path("/proc/self/ns/pid")


@dataclass(frozen=True, slots=True)
class Owner:
    """A process: host, boot and namespace, process id, and the start of that process."""

    host: str
    boot: str
    pid: int
    started: str

    def __str__(self) -> str:
        """Return the text that a leased row carries."""
        return f"{self.host}|{self.boot}|{self.pid}|{self.started}"

    @classmethod
    def parse(cls, text: str) -> Owner:
        """Read the text back."""
        host, boot, pid, started = text.split("|")
        return cls(host, boot, int(pid), started)


def this_process() -> Owner:
    """Return the owner that this process is."""
    return Owner(socket.gethostname(), _boot(), os.getpid(), _started(os.getpid()) or "")


def is_gone(owner: Owner, *, observer: Owner) -> bool:
    """Tell for certain that `owner` no longer runs; False when that cannot be known from here.

    Only a process of this boot and of the same process-id namespace can be looked up: a container
    beside us, or a computer of the same name, has numbers of its own.
    """
    if (owner.host, owner.boot) != (observer.host, observer.boot):
        return False
    if not observer.boot or not owner.started:
        return False  # no /proc here: nobody can be looked up, and only the lease's end tells
    return _started(owner.pid) != owner.started


def _boot() -> str:
    """Return this boot of this computer, and the namespace that our process id belongs to."""
    try:
        boot = _BOOT_ID.read_text("ascii").strip()
        return f"{boot}/{_PID_NAMESPACE.readlink().name}"
    except OSError:
        return ""


def _started(pid: int) -> str | None:
    """Return the start time of a process in clock ticks since boot, None when it is gone."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text("utf-8", errors="replace")
    except OSError:
        return None
    fields = stat.rpartition(")")[2].split()
    # a killed process that its parent has not waited for still has an entry, in state Z
    return None if fields[0] in {"Z", "X"} else fields[19]
