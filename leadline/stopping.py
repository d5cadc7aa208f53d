"""How a program of ours hears that it shall stop: SIGTERM and SIGINT."""

from __future__ import annotations

import signal
from contextlib import suppress
from queue import Empty, SimpleQueue
from typing import Final

SIGNALS: Final = (signal.SIGINT, signal.SIGTERM)


class Stop:
    """What a signal asks for, and what the main thread waits for.

    `threading.Event` must not be set by a signal's handler: the handler runs between any two
    steps of the main thread, also where that holds the event's own lock, and then waits for itself
    forever. Only `SimpleQueue.put` may be called there, as its documentation says.
    """

    def __init__(self) -> None:
        """Begin unasked."""
        self.is_asked = False
        self._asked: SimpleQueue[None] = SimpleQueue()

    def ask(self) -> None:
        """Ask, from wherever; asking again changes nothing."""
        if not self.is_asked:
            self.is_asked = True
            self._asked.put(None)

    def listen(self) -> None:
        """Have SIGTERM and SIGINT ask from now on."""
        for number in SIGNALS:
            signal.signal(number, lambda *_: self.ask())

    def wait(self, seconds: float | None = None) -> bool:
        """Wait until somebody asks, at most some seconds; returns whether somebody did."""
        if not self.is_asked:
            with suppress(Empty):
                self._asked.get(timeout=seconds)
        return self.is_asked
