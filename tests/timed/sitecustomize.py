"""Puts a whole process, and those that it starts, under a wall clock that a test sets.

Found through PYTHONPATH by Python itself. The file that LEADLINE_TESTS_TIME names holds a time,
at which the clock stands still, or a number of seconds by which it is ahead of the real one and
goes on. What is written there later counts at once. The monotonic clock goes on as usual.
SIGUSR1 has the process write where each of its threads stands.
"""

import faulthandler
import os
import signal
import threading
import time
from datetime import datetime, timedelta
from pathlib import Path

_FILE = os.environ.get("LEADLINE_TESTS_TIME")


def _follow(path: Path) -> None:
    import time_machine

    from leadline.clock import SystemClock

    def read() -> str:
        return path.read_text("ascii").strip()

    def meant(words: str) -> datetime:
        if words.startswith("+"):
            return real + timedelta(seconds=float(words[1:]) + time.monotonic() - began)
        return datetime.fromisoformat(words)

    def look() -> None:
        seen = words
        while not pause.wait(0.05):
            now = read()
            if now != seen:
                clock.move_to(meant(now), tick=now.startswith("+"))
                seen = now

    real, began = SystemClock().now(), time.monotonic()
    words, pause = read(), threading.Event()
    clock = time_machine.travel(meant(words), tick=words.startswith("+")).start()
    threading.Thread(target=look, daemon=True, name="time").start()


if _FILE:
    _follow(Path(_FILE))
    faulthandler.register(signal.SIGUSR1)
