"""The ledger of batches, and the configuration versions that they ran with."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select, update

from leadline.domain.batches import Batch
from leadline.store import schema
from leadline.store.bulk import insert_rows
from leadline.store.leases import this_process

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.engine import Connection

_BATCHES = schema.stage_batches
_VERSIONS = schema.config_versions


def add_batch(connection: Connection, batch: Batch, *, config_hash: str, now: datetime) -> None:
    """Record what a batch did, in the transaction that did it."""
    if batch.claimed == 0:
        return
    insert_rows(
        connection,
        _BATCHES,
        [
            {
                "stage": batch.stage,
                "claimed": batch.claimed,
                "done": batch.done,
                "skipped": batch.skipped,
                "failed": batch.failed,
                "seconds": batch.seconds,
                "process": str(this_process()),
                "config_hash": config_hash,
                "at": now,
            }
        ],
    )


def sum_batches(connection: Connection, *, after: int = 0) -> dict[str, Batch]:
    """Return the sum of all batches by stage, or of those with an id above `after`."""
    sums: dict[str, Batch] = {}
    query = select(_BATCHES).where(_BATCHES.c.id > after).order_by(_BATCHES.c.id)
    for row in connection.execute(query):
        batch = Batch(row.stage, row.claimed, row.done, row.skipped, row.failed, row.seconds)
        sums[row.stage] = sums[row.stage] + batch if row.stage in sums else batch
    return sums


def last_batch_id(connection: Connection) -> int:
    """Return the id of the newest batch, 0 when there is none."""
    return int(connection.execute(select(func.max(_BATCHES.c.id))).scalar() or 0)


def is_live(connection: Connection, config_hash: str) -> bool:
    """Tell whether this configuration is the one that was used last."""
    newest = select(_VERSIONS.c.hash).order_by(_VERSIONS.c.last_used_at.desc()).limit(1)
    return connection.execute(newest).scalar() == config_hash


def find_live_files(connection: Connection) -> dict[str, Any] | None:
    """Return the files of the configuration that was used last, None when none ever was."""
    newest = select(_VERSIONS.c.files).order_by(_VERSIONS.c.last_used_at.desc()).limit(1)
    found: dict[str, Any] | None = connection.execute(newest).scalar()
    return found


def keep_config(
    connection: Connection, *, config_hash: str, files: dict[str, Any], at: datetime
) -> None:
    """Record that a configuration is in use from now on, with its files.

    `at` is the real time, like that of a lease: which edit is live does not depend on the
    instant that a run is told to take for now.
    """
    row = {"hash": config_hash, "files": files, "first_used_at": at, "last_used_at": at}
    insert_rows(connection, _VERSIONS, [row], ignore_known=True)
    connection.execute(
        update(_VERSIONS).where(_VERSIONS.c.hash == config_hash).values(last_used_at=at)
    )
