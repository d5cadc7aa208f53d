"""The tables, in one place: the spine that every stage writes to.

Times are aware UTC. What waits for a stage carries a `*_due_at` (or a state) with a partial
index, so that finding work never needs an anti-join. The tables of what arrives stand in
`leadline.store.schema_arrivals`, those of consent and bans in
`leadline.store.schema_evidence`, those of events and scores in `leadline.store.schema_scoring`;
all are named from here.
"""

from __future__ import annotations

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    Table,
    Text,
    UniqueConstraint,
)

from leadline.domain.leads import HOT_GRADE, LEAD_FIELDS
from leadline.store.columns import BigId, PlainJson, UtcDateTime, at, id_column, waiting
from leadline.store.columns import metadata as metadata  # noqa: PLC0414 - named from here
from leadline.store.schema_arrivals import (
    import_changes as import_changes,  # noqa: PLC0414 - as above
)
from leadline.store.schema_arrivals import import_runs as import_runs  # noqa: PLC0414 - as above
from leadline.store.schema_arrivals import submissions as submissions  # noqa: PLC0414 - as above
from leadline.store.schema_evidence import consents as consents  # noqa: PLC0414 - as above
from leadline.store.schema_evidence import proofs as proofs  # noqa: PLC0414 - as above
from leadline.store.schema_evidence import (
    suppression_lists as suppression_lists,  # noqa: PLC0414 - as above
)
from leadline.store.schema_evidence import suppressions as suppressions  # noqa: PLC0414 - as above
from leadline.store.schema_scoring import events as events  # noqa: PLC0414 - as above
from leadline.store.schema_scoring import link_targets as link_targets  # noqa: PLC0414 - as above
from leadline.store.schema_scoring import rule_sets as rule_sets  # noqa: PLC0414 - as above
from leadline.store.schema_scoring import score_changes as score_changes  # noqa: PLC0414 - as above
from leadline.store.schema_scoring import scores as scores  # noqa: PLC0414 - as above
from leadline.store.schema_scoring import stage_changes as stage_changes  # noqa: PLC0414 - as above
from leadline.store.schema_scoring import visitors as visitors  # noqa: PLC0414 - as above

#: Lead fields kept as columns; `employees` is the text as stated, its bounds stand beside it.
_LEAD_COLUMNS = {"text": Text, "number": Text, "boolean": Boolean, "time": UtcDateTime}
_HOT_UNROUTED = f"grade = '{HOT_GRADE}' AND routing_due_at IS NOT NULL"

leads = Table(
    "leads",
    metadata,
    id_column(),
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
    Column("points", Float),
    Column("fit_points", Float),
    Column("engagement_points", Float),
    Column("grade", Text),
    Column("engagement_level", Integer),
    Column("owner", Text),
    Column("routing_skip", Text),
    Column("enrollment_skip", Text),
    Column("held_import_run_id", BigId),
    Column("is_scoring_only", Boolean),
    at("created_at", nullable=False),
    at("updated_at", nullable=False),
    at("erased_at"),
    at("scoring_due_at"),
    at("review_due_at"),
    at("routing_due_at"),
    at("enrollment_due_at"),
    Index("ix_leads_email", "email"),
    *(
        waiting(f"ix_leads_{duty}_due", f"{duty}_due_at", "id", where=f"{duty}_due_at IS NOT NULL")
        for duty in ("scoring", "review", "routing", "enrollment")
    ),
    waiting("ix_leads_hot_routing_due", "routing_due_at", "id", where=_HOT_UNROUTED),
    waiting("ix_leads_held", "held_import_run_id", "id", where="held_import_run_id IS NOT NULL"),
    waiting("ix_leads_not_ready", "id", where="routing_skip IS NOT NULL"),
)

lead_keys = Table(
    "lead_keys",
    metadata,
    Column("kind", Text, primary_key=True),
    Column("key_hash", Text, primary_key=True),
    Column("lead_id", BigId, ForeignKey("leads.id"), nullable=False),
    Index("ix_lead_keys_lead_id", "lead_id"),
)

config_versions = Table(
    "config_versions",
    metadata,
    Column("hash", Text, primary_key=True),
    Column("files", PlainJson, nullable=False),
    at("first_used_at", nullable=False),
    at("last_used_at", nullable=False),
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
    id_column(),
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
    at("assigned_at", nullable=False),
    at("waiting_since"),
    at("response_due_at"),
    at("answered_at"),
    CheckConstraint(
        "state IN ('queued', 'offered', 'accepted', 'declined', 'expired', 'reassigned')",
        name="state",
    ),
    CheckConstraint("(rep_id IS NULL) = (state = 'queued')", name="queued_or_owned"),
    waiting(
        "uq_assignments_open",
        "lead_id",
        "role",
        where="state IN ('queued', 'offered', 'accepted')",
        unique=True,
    ),
    Index("ix_assignments_lead_id", "lead_id"),
    Index("ix_assignments_rep_id", "rep_id", "assigned_at"),
    waiting("ix_assignments_queued", "id", where="state = 'queued'"),
    waiting("ix_assignments_offered", "response_due_at", where="state = 'offered'"),
)

sequence_versions = Table(
    "sequence_versions",
    metadata,
    id_column(),
    Column("name", Text, nullable=False),
    Column("hash", Text, nullable=False),
    Column("body", PlainJson, nullable=False),
    at("created_at", nullable=False),
    UniqueConstraint("name", "hash"),
)

enrollments = Table(
    "enrollments",
    metadata,
    id_column(),
    Column("lead_id", BigId, ForeignKey("leads.id"), nullable=False),
    Column("sequence", Text, nullable=False),
    Column("sequence_version_id", BigId, ForeignKey("sequence_versions.id"), nullable=False),
    Column("step", Integer, nullable=False),
    Column("state", Text, nullable=False),
    Column("exit_reason", Text),
    Column("skip_reason", Text),
    Column("config_hash", Text, nullable=False),
    at("started_at", nullable=False),
    at("step_due_at"),
    at("next_due_at"),
    at("ended_at"),
    CheckConstraint("state IN ('active', 'completed', 'exited')", name="state"),
    waiting("uq_enrollments_open", "lead_id", "sequence", where="state = 'active'", unique=True),
    Index("ix_enrollments_lead_id", "lead_id"),
    waiting("ix_enrollments_due", "next_due_at", "id", where="next_due_at IS NOT NULL"),
)

touches = Table(
    "touches",
    metadata,
    id_column(),
    Column("enrollment_id", BigId, ForeignKey("enrollments.id"), nullable=False),
    Column("lead_id", BigId, ForeignKey("leads.id"), nullable=False),
    Column("step", Text, nullable=False),
    Column("occurrence", Integer, nullable=False),
    Column("variant", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("skip_reason", Text),
    Column("basis", Text),
    Column("config_hash", Text, nullable=False),
    at("due_at", nullable=False),
    at("decided_at", nullable=False),
    UniqueConstraint("enrollment_id", "step", "occurrence"),
    CheckConstraint("state IN ('planned', 'skipped')", name="state"),
    Index("ix_touches_lead_id", "lead_id", "decided_at"),
)

#: What a mail is: to the admin, to a rep, of a sequence, and the two that answer a form.
OUTBOX_KINDS = ("alert", "assignment", "touch", "acknowledgment", "confirmation")
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
    id_column(),
    Column("message_key", Text, nullable=False, unique=True),
    Column("message_id", Text, nullable=False, unique=True),
    Column("kind", Text, nullable=False),
    Column("lead_id", BigId),
    Column("rep_id", Text),
    Column("assignment_id", BigId),
    Column("enrollment_id", BigId),
    Column("touch_id", BigId),
    Column("submission_id", BigId),
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
    at("created_at", nullable=False),
    at("due_at", nullable=False),
    at("rendered_at"),
    at("leased_until"),
    at("sent_at"),
    CheckConstraint(f"state IN {OUTBOX_STATES!r}", name="state"),
    CheckConstraint(f"kind IN {OUTBOX_KINDS!r}", name="kind"),
    waiting(
        "ix_outbox_unrendered",
        "rep_id",
        "id",
        where="state = 'queued' AND rendered_at IS NULL",
    ),
    waiting(
        "ix_outbox_due",
        "priority",
        "due_at",
        "id",
        where="state IN ('queued', 'deferred') AND rendered_at IS NOT NULL",
    ),
    waiting("ix_outbox_leased", "leased_until", where="state IN ('leased', 'sending')"),
    waiting("ix_outbox_unknown", "id", where="state IN ('unknown', 'failed')"),
    Index("ix_outbox_lead_id", "lead_id", "sent_at"),
    Index("ix_outbox_bundle_id", "bundle_id"),
    Index("ix_outbox_address_hash", "address_hash"),
    waiting("ix_outbox_submission_id", "submission_id", where="submission_id IS NOT NULL"),
)

delivery_events = Table(
    "delivery_events",
    metadata,
    id_column(),
    Column("outbox_id", BigId, ForeignKey("outbox.id"), nullable=False),
    Column("kind", Text, nullable=False),
    Column("external_id", Text, nullable=False),
    Column("reply_code", Integer),
    Column("reply", Text),
    at("at", nullable=False),
    UniqueConstraint("outbox_id", "kind", "external_id"),
)

stage_batches = Table(
    "stage_batches",
    metadata,
    id_column(),
    Column("stage", Text, nullable=False),
    Column("claimed", Integer, nullable=False),
    Column("done", Integer, nullable=False),
    Column("skipped", PlainJson, nullable=False),
    Column("failed", Integer, nullable=False),
    Column("seconds", Float, nullable=False),
    Column("process", Text, nullable=False),
    Column("config_hash", Text, nullable=False),
    at("at", nullable=False),
    Index("ix_stage_batches_stage", "stage", "id"),
)

schedules = Table(
    "schedules",
    metadata,
    Column("flow", Text, primary_key=True),
    Column("says", Text, nullable=False),
    at("since", nullable=False),
)

DUE_TIME_STATES = ("running", "completed", "failed", "crashed", "skipped")

due_times = Table(
    "due_times",
    metadata,
    id_column(),
    Column("flow", Text, nullable=False),
    at("due_at", nullable=False),
    Column("state", Text, nullable=False),
    Column("ending", Text),
    Column("skip_reason", Text),
    Column("clock", Text, nullable=False),
    Column("flow_run_id", Text),
    Column("owner", Text),
    Column("fence", Integer, nullable=False),
    Column("missed_count", Integer, nullable=False),
    at("missed_since"),
    at("leased_until"),
    at("started_at", nullable=False),
    at("ended_at"),
    UniqueConstraint("flow", "due_at"),
    CheckConstraint(f"state IN {DUE_TIME_STATES!r}", name="state"),
    CheckConstraint("clock IN ('prefect', 'embedded')", name="clock"),
    waiting("ix_due_times_running", "leased_until", where="state = 'running'"),
)
