"""The tables of what people agreed to and of standing bans."""

from __future__ import annotations

from sqlalchemy import (
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    Table,
    Text,
    false,
)

from leadline.store.columns import BigId, at, id_column, metadata

consents = Table(
    "consents",
    metadata,
    id_column(),
    Column("lead_id", BigId, ForeignKey("leads.id"), nullable=False),
    Column("purpose", Text, nullable=False),
    Column("channel", Text, nullable=False),
    Column("is_granted", Boolean, nullable=False),
    Column("is_pending", Boolean, nullable=False, server_default=false()),
    Column("basis", Text),
    Column("wording", Text),
    Column("version", Text),
    Column("source", Text, nullable=False),
    Column("submission_id", BigId),
    Column("network_address", Text),
    at("at", nullable=False),
    at("undone_at"),
    Index("ix_consents_lead_id", "lead_id", "purpose", "channel"),
)

suppressions = Table(
    "suppressions",
    metadata,
    Column("address_hash", Text, primary_key=True),
    Column("scope", Text, primary_key=True),
    Column("cause", Text, nullable=False),
    Column("message_id", Text),
    at("at", nullable=False),
    at("lifted_at"),
)

suppression_lists = Table(
    "suppression_lists",
    metadata,
    id_column(),
    Column("file_name", Text),
    Column("file_hash", Text),
    Column("scope", Text, nullable=False),
    Column("cause", Text, nullable=False),
    Column("records", Integer, nullable=False),
    Column("added", Integer, nullable=False),
    Column("known", Integer, nullable=False),
    Column("rejected", Integer, nullable=False),
    at("at", nullable=False),
)

proofs = Table(
    "proofs",
    metadata,
    Column("proof_hash", Text, primary_key=True),
    at("expires_at", nullable=False),
    Index("ix_proofs_expires_at", "expires_at"),
)
