"""Puts a whole process, and those that it starts, under a wall clock that a test sets.

Found through PYTHONPATH by Python itself. The file that LEADLINE_TESTS_TIME names holds a time,
at which the clock stands still, or a number of seconds by which it is ahead. The monotonic clock
goes on as usual.
"""

import os
import threading
from datetime import datetime, timedelta
from pathlib import Path

_FILE = os.environ.get("LEADLINE_TESTS_TIME")


def _follow(path: Path) -> None:
    import time_machine

    from leadline.clock import SystemClock

    pause = threading.Event()
    words = path.read_text("ascii").strip()
    if words.startswith("+"):
        ahead = timedelta(seconds=float(words))
        time_machine.travel(SystemClock().now() + ahead, tick=True).start()
        return
    clock = time_machine.travel(datetime.fromisoformat(words), tick=False).start()

    def look() -> None:
        seen = words
        while not pause.wait(0.05):
            now = path.read_text("ascii").strip()
            if now != seen:
                clock.move_to(datetime.fromisoformat(now), tick=False)
                seen = now

    threading.Thread(target=look, daemon=True, name="time").start()


if _FILE:
    _follow(Path(_FILE))
