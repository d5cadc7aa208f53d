"""How a program hears that it shall stop."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import threading
import time

from leadline.stopping import Stop

#: Waits again and again, busy in other threads; ends when it was stopped 500 times.
PROGRAM = """
import os, threading
from leadline.stopping import Stop

def work():
    while True:
        sum(range(2000))

for _ in range(2):
    threading.Thread(target=work, daemon=True).start()
stop = Stop()
stop.listen()
print("ready", flush=True)
for _ in range(500):
    while not stop.wait(0.0001):
        pass
    stop = Stop()
    stop.listen()
os._exit(0)  # without an interpreter's long end, in which a signal kills again
"""


def test_signal_at_any_moment_of_the_waiting_ends_it() -> None:
    chance = random.Random(4)  # noqa: S311 - repeatable moments
    with subprocess.Popen([sys.executable, "-c", PROGRAM], stdout=subprocess.PIPE) as program:
        assert program.stdout is not None
        program.stdout.readline()
        ends_at = time.monotonic() + 120
        while program.poll() is None and time.monotonic() < ends_at:
            os.kill(program.pid, chance.choice([signal.SIGTERM, signal.SIGINT]))
            time.sleep(chance.uniform(0, 0.002))
        has_ended = program.poll() is not None
        program.kill()
    assert has_ended
    assert program.returncode == 0


def test_waiting_is_over_when_another_thread_asks_and_stays_over() -> None:
    stop = Stop()
    assert not stop.wait(0)
    threading.Timer(0.05, stop.ask).start()
    assert stop.wait(60)
    stop.ask()
    assert stop.wait()
    assert stop.is_asked
