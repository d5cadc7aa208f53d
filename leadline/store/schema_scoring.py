"""The tables of what people did, of the links by which we see it, and of the scores made of it."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
    UniqueConstraint,
)

from leadline.store.columns import BigId, PlainJson, at, id_column, metadata, waiting

events = Table(
    "events",
    metadata,
    id_column(),
    Column("source", Text, nullable=False),
    Column("external_id", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("lead_id", BigId, ForeignKey("leads.id")),
    Column("address_hash", Text),
    Column("visitor_id", Text),
    Column("outbox_id", BigId),
    Column("import_run_id", BigId),
    Column("campaign", Text),
    Column("url", Text),
    Column("network", Text),
    Column("user_agent", Text),
    Column("actor", Text, nullable=False),
    Column("actor_reason", Text),
    Column("detail", PlainJson),
    at("occurred_at", nullable=False),
    at("received_at", nullable=False),
    at("due_at"),
    UniqueConstraint("source", "external_id"),
    CheckConstraint("actor IN ('human', 'suspected_bot', 'unknown')", name="actor"),
    Index("ix_events_lead_id", "lead_id", "occurred_at"),
    waiting("ix_events_due", "due_at", "id", where="due_at IS NOT NULL"),
    # covers what scoring reads, in the order in which it sums
    waiting(
        "ix_events_scored",
        "lead_id",
        "id",
        "kind",
        "occurred_at",
        where="actor = 'human' AND lead_id IS NOT NULL",
    ),
    waiting(
        "ix_events_address_hash",
        "address_hash",
        where="lead_id IS NULL AND address_hash IS NOT NULL",
    ),
    waiting("ix_events_visitor_id", "visitor_id", where="visitor_id IS NOT NULL"),
    waiting("ix_events_outbox_id", "outbox_id", where="outbox_id IS NOT NULL"),
    waiting("ix_events_import_run_id", "import_run_id", where="import_run_id IS NOT NULL"),
    waiting("ix_events_network", "network", "occurred_at", where="network IS NOT NULL"),
)

visitors = Table(
    "visitors",
    metadata,
    Column("visitor_id", Text, primary_key=True),
    Column("lead_id", BigId, ForeignKey("leads.id"), nullable=False),
    at("linked_at", nullable=False),
    Index("ix_visitors_lead_id", "lead_id"),
)

link_targets = Table(
    "link_targets",
    metadata,
    id_column(),
    Column("url_hash", Text, nullable=False, unique=True),
    Column("url", Text, nullable=False),
    Column("is_trap", Boolean, nullable=False),
)

rule_sets = Table(
    "rule_sets",
    metadata,
    id_column(),
    Column("hash", Text, nullable=False, unique=True),
    Column("rules", PlainJson, nullable=False),
    at("created_at", nullable=False),
)

scores = Table(
    "scores",
    metadata,
    Column("lead_id", BigId, ForeignKey("leads.id"), primary_key=True),
    Column("model", Text, primary_key=True),
    Column("rule_set_id", BigId, ForeignKey("rule_sets.id"), nullable=False),
    Column("matched", BigInteger, nullable=False),
    Column("points", Float, nullable=False),
    Column("fit_points", Float, nullable=False),
    Column("engagement_points", Float, nullable=False),
    Column("grade", Text, nullable=False),
    Column("engagement_level", Integer, nullable=False),
    # what decay needs: engagement points by rules alone, the cap of a disqualifier, and one sum of
    # decayed event points per term of the rule set, as of `as_of` (float64, little-endian)
    Column("base_points", Float, nullable=False),
    Column("points_cap", Float),
    Column("sums", LargeBinary),
    Column("last_event_id", BigId),
    Column("config_hash", Text, nullable=False),
    at("as_of", nullable=False),
    Index("ix_scores_rule_set", "rule_set_id", "lead_id"),
    sqlite_with_rowid=False,  # one tree in place of two, in the order in which batches come
)

score_changes = Table(
    "score_changes",
    metadata,
    id_column(),
    Column("lead_id", BigId, ForeignKey("leads.id"), nullable=False),
    Column("model", Text, nullable=False),
    Column("rule_set_id", BigId, ForeignKey("rule_sets.id"), nullable=False),
    Column("cause", Text, nullable=False),
    Column("matched", BigInteger, nullable=False),
    Column("points", Float, nullable=False),
    Column("fit_points", Float, nullable=False),
    Column("engagement_points", Float, nullable=False),
    Column("grade", Text, nullable=False),
    Column("engagement_level", Integer, nullable=False),
    # as in scores: with them a row tells the score of any date until the next row
    Column("base_points", Float, nullable=False),
    Column("points_cap", Float),
    Column("sums", LargeBinary),
    Column("last_event_id", BigId),
    Column("config_hash", Text, nullable=False),
    at("as_of", nullable=False),
    Index("ix_score_changes_lead_id", "lead_id", "model", "id"),
)

stage_changes = Table(
    "stage_changes",
    metadata,
    id_column(),
    Column("lead_id", BigId, ForeignKey("leads.id"), nullable=False),
    Column("from_stage", Text, nullable=False),
    Column("to_stage", Text, nullable=False),
    Column("model", Text),
    Column("trace", PlainJson, nullable=False),
    Column("config_hash", Text, nullable=False),
    at("at", nullable=False),
    Index("ix_stage_changes_lead_id", "lead_id", "id"),
)
