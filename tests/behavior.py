"""Behavior events as tests make them: files, posts, and what the store then holds."""

from __future__ import annotations

import asyncio
import csv
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from leadline.files.sources import Wish
from leadline.stages import run_stages
from leadline.stages.behavior_imports import CHUNK, finish_events, import_events
from leadline.stages.imports import finish_import, import_file
from tests.factories import NOW, rows_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from leadline.domain.batches import Batch
    from leadline.stages import Workspace

SAMPLES: Final = Path(__file__).parent / "samples"
COLUMNS: Final = (
    *("event_id", "email", "anonymous_id", "event", "occurred_at"),
    *("campaign", "url", "user_agent", "ip"),
)


def write_events(path: Path, *rows: Mapping[str, str]) -> Path:
    """Write a file of events; every row names only the cells that it is about."""
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, COLUMNS, restval="")
        writer.writeheader()
        writer.writerows(rows)
    return path


def take_in(
    work: Workspace, path: Path, *, now: datetime = NOW, source: str | None = None, size: int = 0
) -> dict[str, Any]:
    """Import a file of events; returns the report."""
    wish = Wish(source, is_events=True)
    run = import_events(work, path, now=now, wish=wish, size=size or CHUNK)
    return finish_events(work, run, now=now)


def take_leads(work: Workspace, path: Path, *, now: datetime = NOW) -> dict[str, Any]:
    """Import a file of leads; returns the report."""
    return finish_import(work, import_file(work, path, now=now), now=now)


def score(work: Workspace, *, now: datetime = NOW) -> Batch:
    """Run scoring, which attaches and judges events, until nothing is left."""
    return asyncio.run(run_stages(work, ["scoring"], now=now))[0]


def actors_of(work: Workspace) -> dict[str, str]:
    """Return who made each event, by its id in its source."""
    return {row["external_id"]: row["actor"] for row in rows_of(work, "events")}


def truth_of_samples() -> Sequence[Mapping[str, Any]]:
    """Return what is true of the events of the sample file, in its order."""
    text = (SAMPLES / "events.truth.jsonl").read_text(encoding="utf-8")
    return [json.loads(line) for line in text.splitlines()]
