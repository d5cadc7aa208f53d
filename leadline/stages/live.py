"""The workspace of a program that keeps running: an edit is taken up, a wrong one is not."""

from __future__ import annotations

import logging
import time
from contextlib import suppress
from stat import S_ISREG
from threading import Lock
from typing import TYPE_CHECKING, Final

from leadline.errors import ConfigError, StoreError
from leadline.stages import open_workspace

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime
    from pathlib import Path

    from leadline.config.environment import Environment
    from leadline.stages import Workspace

_LOG: Final = logging.getLogger("leadline.live")
#: How long, in seconds, a folder stays as it is before an edit of it is over. Editors empty a file
#: before they write it, and an empty file may be a good configuration.
_RESTS: Final = 1.0


class LiveWorkspace:
    """The last good configuration of a project folder, with its database open."""

    def __init__(self, environment: Environment, *, rests: float = _RESTS) -> None:
        """Look at a project folder; nothing is opened yet.

        Args:
            environment: where it is.
            rests: for how many seconds it has to stay as it is before an edit counts.
        """
        self.environment = environment
        self._rests = rests
        self._work: Workspace | None = None
        self._seen: frozenset[tuple[str, int, int]] = frozenset()
        self._edited: frozenset[tuple[str, int, int]] = frozenset()
        self._edited_at = 0.0
        self._looking = Lock()

    def refresh(self, now: datetime) -> Workspace:
        """Return the workspace; a project folder that changed is read again once it rests.

        Args:
            now: recorded when the configuration is new.

        Raises:
            ConfigError: it has faults, and there was no good one before.
            StoreError: the database cannot be used.
        """
        with self._looking:
            seen = frozenset(_files(self.environment.home))
            if self._work is not None and (seen == self._seen or self._is_edited_still(seen)):
                return self._work
            try:
                fresh = open_workspace(self.environment, now=now)
            except ConfigError as error:
                if self._work is None:
                    raise
                self._seen = seen
                _LOG.warning(
                    "%s\ngoing on with the last good configuration (%s)",
                    error.say(self.environment.lang),
                    self._work.project.hash[:12],
                )
                return self._work
            except StoreError:
                raise
            except Exception as error:  # a fault that `check` overlooked may not stop a clock
                if self._work is None:
                    raise
                self._seen = seen
                _LOG.warning(
                    "the configuration cannot be used (%s); going on with the last good one (%s)",
                    type(error).__name__,
                    self._work.project.hash[:12],
                )
                return self._work
            self.close()
            self._work, self._seen = fresh, seen
            return fresh

    def _is_edited_still(self, seen: frozenset[tuple[str, int, int]]) -> bool:
        if seen != self._edited:
            self._edited, self._edited_at = seen, time.monotonic()
        return time.monotonic() - self._edited_at < self._rests

    def close(self) -> None:
        """Give the database connections back."""
        if self._work is not None:
            self._work.store.close()


def _files(home: Path) -> Iterator[tuple[str, int, int]]:
    """Give name, size and time of change of every file that a project is made of."""
    for folder in ("config", "templates"):
        for path in (home / folder).rglob("*"):
            with suppress(FileNotFoundError):  # an editor's own file may be gone again
                stat = path.stat()
                if S_ISREG(stat.st_mode):
                    yield str(path), stat.st_size, stat.st_mtime_ns
