"""The tables of what arrives: import runs, what they changed, and submissions."""

from __future__ import annotations

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    Table,
    Text,
    UniqueConstraint,
    false,
)

from leadline.store.columns import BigId, PlainJson, at, id_column, metadata, waiting

import_runs = Table(
    "import_runs",
    metadata,
    id_column(),
    Column("kind", Text, nullable=False, server_default="leads"),
    Column("source", Text, nullable=False),
    Column("file_name", Text, nullable=False),
    Column("file_hash", Text, nullable=False),
    Column("encoding", Text, nullable=False),
    Column("delimiter", Text, nullable=False),
    Column("mapping", PlainJson, nullable=False),
    Column("dialect", PlainJson),
    Column("header", PlainJson),
    Column("header_line", Integer),
    Column("is_backfill", Boolean, nullable=False, server_default=false()),
    Column("records", Integer),
    Column("counts", PlainJson),
    Column("owner", Text),
    at("started_at", nullable=False),
    at("finished_at"),
    at("undone_at"),
    Column("undo_counts", PlainJson),
    Column("last_removed_id", BigId),
    Index("ix_import_runs_file_hash", "file_hash"),
)

import_changes = Table(
    "import_changes",
    metadata,
    Column("import_run_id", BigId, ForeignKey("import_runs.id"), primary_key=True),
    Column("lead_id", BigId, primary_key=True),
    Column("submission_id", BigId),
    Column("before", PlainJson, nullable=False),
    Column("after", PlainJson, nullable=False),
    Index("ix_import_changes_lead_id", "lead_id"),
)

#: `waiting` is for what a vendor tells in a second call, `erased` for what a person had removed.
SUBMISSION_STATES = ("new", "waiting", "accepted", "quarantined", "undone", "erased")

submissions = Table(
    "submissions",
    metadata,
    id_column(),
    Column("source", Text, nullable=False),
    Column("content_key", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("import_run_id", BigId, ForeignKey("import_runs.id")),
    Column("line", Integer),
    Column("raw", PlainJson, nullable=False),
    Column("body_hash", Text),
    Column("consent_version", Text),
    Column("consent_wording", Text),
    Column("network_address", Text),
    Column("address_hash", Text),
    Column("mailbox_hash", Text),
    Column("asks_to_confirm", Boolean),
    Column("suspicion", Text),
    Column("language", Text),
    at("received_at", nullable=False),
    Column("state", Text, nullable=False),
    Column("reason", Text),
    Column("field", Text),
    Column("detail", Text),
    Column("outcome", Text),
    Column("lead_id", BigId),
    Column("attempts", Integer),
    at("due_at"),
    UniqueConstraint("source", "content_key"),
    CheckConstraint(f"state IN {SUBMISSION_STATES!r}", name="state"),
    waiting("ix_submissions_waiting", "due_at", "id", where="state = 'waiting'"),
    waiting(
        "ix_submissions_mailbox_hash",
        "mailbox_hash",
        "received_at",
        where="mailbox_hash IS NOT NULL",
    ),
    waiting("ix_submissions_new", "id", where="state = 'new'"),
    waiting("ix_submissions_quarantined", "id", where="state = 'quarantined'"),
    Index("ix_submissions_lead_id", "lead_id"),
    Index("ix_submissions_import_run_id", "import_run_id"),
)
