"""The tables, in one place: the spine that every stage writes to.

Times are aware UTC. What waits for a stage carries a `*_due_at` (or a state) with a partial
index, so that finding work never needs an anti-join.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    false,
    text,
)

from leadline.domain.leads import HOT_GRADE, LEAD_FIELDS
from leadline.store.columns import BigId, PlainJson, UtcDateTime

if TYPE_CHECKING:
    from datetime import datetime


metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def _id() -> Column[int]:
    return Column("id", BigId, primary_key=True)


def _at(name: str, *, nullable: bool = True) -> Column[datetime]:
    return Column(name, UtcDateTime, nullable=nullable)


def _waiting(name: str, *columns: str, where: str, unique: bool = False) -> Index:
    condition = text(where)
    return Index(name, *columns, unique=unique, sqlite_where=condition, postgresql_where=condition)


import_runs = Table(
    "import_runs",
    metadata,
    _id(),
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
    _at("started_at", nullable=False),
    _at("finished_at"),
    _at("undone_at"),
    Column("undo_counts", PlainJson),
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

submissions = Table(
    "submissions",
    metadata,
    _id(),
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
    _at("received_at", nullable=False),
    Column("state", Text, nullable=False),
    Column("reason", Text),
    Column("field", Text),
    Column("detail", Text),
    Column("outcome", Text),
    Column("lead_id", BigId),
    UniqueConstraint("source", "content_key"),
    CheckConstraint("state IN ('new', 'accepted', 'quarantined', 'undone')", name="state"),
    _waiting("ix_submissions_new", "id", where="state = 'new'"),
    _waiting("ix_submissions_quarantined", "id", where="state = 'quarantined'"),
    Index("ix_submissions_lead_id", "lead_id"),
    Index("ix_submissions_import_run_id", "import_run_id"),
)

#: Lead fields kept as columns; `employees` is the text as stated, its bounds stand beside it.
_LEAD_COLUMNS = {"text": Text, "number": Text, "boolean": Boolean, "time": UtcDateTime}
_HOT_UNROUTED = f"grade = '{HOT_GRADE}' AND routing_due_at IS NOT NULL"

leads = Table(
    "leads",
    metadata,
    _id(),
    *(
        Column(name, _LEAD_COLUMNS[kind])
        for name, kind in LEAD_FIELDS.items()
        if name not in {"owner", "created_at"}
    ),
    Column("employees_min", Integer),
    Column("employees_max", Integer),
    Column("request_rule", Text),
    Column("is_role_address", Boolean),
    Column("is_free_address", Boolean),
    Column("is_disposable_address", Boolean),
    Column("company_key", Text),
    Column("region_code", Text),
    Column("as_written", PlainJson),
    Column("attributes", PlainJson, nullable=False),
    Column("zone", Text, nullable=False),
    Column("zone_source", Text, nullable=False),
    Column("submission_id", BigId, nullable=False),
    Column("lifecycle_stage", Text, nullable=False),
    Column("lead_status", Text, nullable=False),
    Column("points", Integer),
    Column("grade", Text),
    Column("owner", Text),
    Column("enrollment_skip", Text),
    Column("held_import_run_id", BigId),
    Column("is_scoring_only", Boolean),
    _at("created_at", nullable=False),
    _at("updated_at", nullable=False),
    _at("scoring_due_at"),
    _at("routing_due_at"),
    _at("enrollment_due_at"),
    Index("ix_leads_email", "email"),
    *(
        _waiting(f"ix_leads_{duty}_due", f"{duty}_due_at", "id", where=f"{duty}_due_at IS NOT NULL")
        for duty in ("scoring", "routing", "enrollment")
    ),
    _waiting("ix_leads_hot_routing_due", "routing_due_at", "id", where=_HOT_UNROUTED),
    _waiting("ix_leads_held", "held_import_run_id", "id", where="held_import_run_id IS NOT NULL"),
)

lead_keys = Table(
    "lead_keys",
    metadata,
    Column("kind", Text, primary_key=True),
    Column("key_hash", Text, primary_key=True),
    Column("lead_id", BigId, ForeignKey("leads.id"), nullable=False),
    Index("ix_lead_keys_lead_id", "lead_id"),
)

consents = Table(
    "consents",
    metadata,
    _id(),
    Column("lead_id", BigId, ForeignKey("leads.id"), nullable=False),
    Column("purpose", Text, nullable=False),
    Column("channel", Text, nullable=False),
    Column("is_granted", Boolean, nullable=False),
    Column("basis", Text),
    Column("wording", Text),
    Column("version", Text),
    Column("source", Text, nullable=False),
    Column("submission_id", BigId),
    Column("network_address", Text),
    _at("at", nullable=False),
    _at("undone_at"),
    Index("ix_consents_lead_id", "lead_id", "purpose", "channel"),
)

suppressions = Table(
    "suppressions",
    metadata,
    Column("address_hash", Text, primary_key=True),
    Column("scope", Text, primary_key=True),
    Column("cause", Text, nullable=False),
    Column("message_id", Text),
    _at("at", nullable=False),
)

config_versions = Table(
    "config_versions",
    metadata,
    Column("hash", Text, primary_key=True),
    Column("files", PlainJson, nullable=False),
    _at("first_used_at", nullable=False),
    _at("last_used_at", nullable=False),
)

rule_sets = Table(
    "rule_sets",
    metadata,
    _id(),
    Column("hash", Text, nullable=False, unique=True),
    Column("rules", PlainJson, nullable=False),
    _at("created_at", nullable=False),
)

scores = Table(
    "scores",
    metadata,
    Column("lead_id", BigId, ForeignKey("leads.id"), primary_key=True),
    Column("rule_set_id", BigId, ForeignKey("rule_sets.id"), nullable=False),
    Column("matched", BigInteger, nullable=False),
    Column("points", Integer, nullable=False),
    Column("fit_points", Integer, nullable=False),
    Column("grade", Text, nullable=False),
    Column("config_hash", Text, nullable=False),
    _at("as_of", nullable=False),
)

reps = Table(
    "reps",
    metadata,
    Column("rep_id", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("email", Text, nullable=False),
    Column("team", Text, nullable=False),
    Column("languages", PlainJson, nullable=False),
    Column("time_zone", Text, nullable=False),
    Column("weekly_capacity", Integer, nullable=False),
    Column("is_active", Boolean, nullable=False),
    Column("config_hash", Text, nullable=False),
)

assignments = Table(
    "assignments",
    metadata,
    _id(),
    Column("lead_id", BigId, ForeignKey("leads.id"), nullable=False),
    Column("role", Text, nullable=False),
    Column("rep_id", Text, ForeignKey("reps.rep_id")),
    Column("queue", Text),
    Column("state", Text, nullable=False),
    Column("skip_reason", Text),
    Column("territory", Text),
    Column("trace", PlainJson, nullable=False),
    Column("decline_reason", Text),
    Column("config_hash", Text, nullable=False),
    _at("assigned_at", nullable=False),
    _at("waiting_since"),
    _at("response_due_at"),
    _at("answered_at"),
    CheckConstraint(
        "state IN ('queued', 'offered', 'accepted', 'declined', 'expired', 'reassigned')",
        name="state",
    ),
    CheckConstraint("(rep_id IS NULL) = (state = 'queued')", name="queued_or_owned"),
    _waiting(
        "uq_assignments_open",
        "lead_id",
        "role",
        where="state IN ('queued', 'offered', 'accepted')",
        unique=True,
    ),
    Index("ix_assignments_lead_id", "lead_id"),
    Index("ix_assignments_rep_id", "rep_id", "assigned_at"),
    _waiting("ix_assignments_queued", "id", where="state = 'queued'"),
    _waiting("ix_assignments_offered", "response_due_at", where="state = 'offered'"),
)

sequence_versions = Table(
    "sequence_versions",
    metadata,
    _id(),
    Column("name", Text, nullable=False),
    Column("hash", Text, nullable=False),
    Column("body", PlainJson, nullable=False),
    _at("created_at", nullable=False),
    UniqueConstraint("name", "hash"),
)

enrollments = Table(
    "enrollments",
    metadata,
    _id(),
    Column("lead_id", BigId, ForeignKey("leads.id"), nullable=False),
    Column("sequence", Text, nullable=False),
    Column("sequence_version_id", BigId, ForeignKey("sequence_versions.id"), nullable=False),
    Column("step", Integer, nullable=False),
    Column("state", Text, nullable=False),
    Column("exit_reason", Text),
    Column("skip_reason", Text),
    Column("config_hash", Text, nullable=False),
    _at("started_at", nullable=False),
    _at("step_due_at"),
    _at("next_due_at"),
    _at("ended_at"),
    CheckConstraint("state IN ('active', 'completed', 'exited')", name="state"),
    _waiting("uq_enrollments_open", "lead_id", "sequence", where="state = 'active'", unique=True),
    Index("ix_enrollments_lead_id", "lead_id"),
    _waiting("ix_enrollments_due", "next_due_at", "id", where="next_due_at IS NOT NULL"),
)

touches = Table(
    "touches",
    metadata,
    _id(),
    Column("enrollment_id", BigId, ForeignKey("enrollments.id"), nullable=False),
    Column("lead_id", BigId, ForeignKey("leads.id"), nullable=False),
    Column("step", Text, nullable=False),
    Column("occurrence", Integer, nullable=False),
    Column("variant", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("skip_reason", Text),
    Column("config_hash", Text, nullable=False),
    _at("due_at", nullable=False),
    _at("decided_at", nullable=False),
    UniqueConstraint("enrollment_id", "step", "occurrence"),
    CheckConstraint("state IN ('planned', 'skipped')", name="state"),
    Index("ix_touches_lead_id", "lead_id", "decided_at"),
)

OUTBOX_STATES = (
    "queued",
    "leased",
    "sending",
    "sent",
    "deferred",
    "bounced",
    "failed",
    "unknown",
    "skipped",
    "expired",
)

outbox = Table(
    "outbox",
    metadata,
    _id(),
    Column("message_key", Text, nullable=False, unique=True),
    Column("message_id", Text, nullable=False, unique=True),
    Column("kind", Text, nullable=False),
    Column("lead_id", BigId),
    Column("rep_id", Text),
    Column("assignment_id", BigId),
    Column("enrollment_id", BigId),
    Column("touch_id", BigId),
    Column("state", Text, nullable=False),
    Column("skip_reason", Text),
    Column("priority", Integer, nullable=False),
    Column("bundle_id", BigId),
    Column("recipient", Text),
    Column("address_hash", Text),
    Column("subject", Text),
    Column("mail", Text),
    Column("sending_window", Text),
    Column("zone", Text),
    Column("owner", Text),
    Column("fence", Integer, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("resends", Integer, nullable=False),
    Column("phase", Text),
    Column("reply_code", Integer),
    Column("reply", Text),
    Column("config_hash", Text, nullable=False),
    _at("created_at", nullable=False),
    _at("due_at", nullable=False),
    _at("rendered_at"),
    _at("leased_until"),
    _at("sent_at"),
    CheckConstraint(f"state IN {OUTBOX_STATES!r}", name="state"),
    CheckConstraint("kind IN ('alert', 'assignment', 'touch')", name="kind"),
    _waiting(
        "ix_outbox_unrendered",
        "rep_id",
        "id",
        where="state = 'queued' AND rendered_at IS NULL",
    ),
    _waiting(
        "ix_outbox_due",
        "priority",
        "due_at",
        "id",
        where="state IN ('queued', 'deferred') AND rendered_at IS NOT NULL",
    ),
    _waiting("ix_outbox_leased", "leased_until", where="state IN ('leased', 'sending')"),
    _waiting("ix_outbox_unknown", "id", where="state IN ('unknown', 'failed')"),
    Index("ix_outbox_lead_id", "lead_id", "sent_at"),
    Index("ix_outbox_bundle_id", "bundle_id"),
    Index("ix_outbox_address_hash", "address_hash"),
)

delivery_events = Table(
    "delivery_events",
    metadata,
    _id(),
    Column("outbox_id", BigId, ForeignKey("outbox.id"), nullable=False),
    Column("kind", Text, nullable=False),
    Column("external_id", Text, nullable=False),
    Column("reply_code", Integer),
    Column("reply", Text),
    _at("at", nullable=False),
    UniqueConstraint("outbox_id", "kind", "external_id"),
)

stage_batches = Table(
    "stage_batches",
    metadata,
    _id(),
    Column("stage", Text, nullable=False),
    Column("claimed", Integer, nullable=False),
    Column("done", Integer, nullable=False),
    Column("skipped", PlainJson, nullable=False),
    Column("failed", Integer, nullable=False),
    Column("seconds", Float, nullable=False),
    Column("process", Text, nullable=False),
    Column("config_hash", Text, nullable=False),
    _at("at", nullable=False),
    Index("ix_stage_batches_stage", "stage", "id"),
)

schedules = Table(
    "schedules",
    metadata,
    Column("flow", Text, primary_key=True),
    Column("says", Text, nullable=False),
    _at("since", nullable=False),
)

DUE_TIME_STATES = ("running", "completed", "failed", "crashed", "skipped")

due_times = Table(
    "due_times",
    metadata,
    _id(),
    Column("flow", Text, nullable=False),
    _at("due_at", nullable=False),
    Column("state", Text, nullable=False),
    Column("ending", Text),
    Column("skip_reason", Text),
    Column("clock", Text, nullable=False),
    Column("flow_run_id", Text),
    Column("owner", Text),
    Column("fence", Integer, nullable=False),
    Column("missed_count", Integer, nullable=False),
    _at("missed_since"),
    _at("leased_until"),
    _at("started_at", nullable=False),
    _at("ended_at"),
    UniqueConstraint("flow", "due_at"),
    CheckConstraint(f"state IN {DUE_TIME_STATES!r}", name="state"),
    CheckConstraint("clock IN ('prefect', 'embedded')", name="clock"),
    _waiting("ix_due_times_running", "leased_until", where="state = 'running'"),
)
