"""Bans can be lifted, consents wait for their confirmation, forms are answered, people erased."""

import sqlalchemy as sa
from alembic import op

from leadline.store.columns import BigId, PlainJson, UtcDateTime

revision = "0005"
down_revision = "0004"

_SUBMISSION_STATES = "'new', 'waiting', 'accepted', 'quarantined', 'undone', 'erased'"
_OUTBOX_KINDS = "'alert', 'assignment', 'touch', 'acknowledgment', 'confirmation'"


def upgrade() -> None:
    """Add columns, empty, and tables; widen what a submission and a mail may be."""
    _add_columns()
    _make_tables()
    with op.batch_alter_table("submissions") as submissions:
        submissions.drop_constraint(op.f("ck_submissions_state"), type_="check")
        submissions.create_check_constraint(
            op.f("ck_submissions_state"), f"state IN ({_SUBMISSION_STATES})"
        )
    with op.batch_alter_table("outbox") as outbox:
        outbox.drop_constraint(op.f("ck_outbox_kind"), type_="check")
        outbox.create_check_constraint(op.f("ck_outbox_kind"), f"kind IN ({_OUTBOX_KINDS})")
    _make_partial_indexes()


def _add_columns() -> None:
    for table, column in (
        ("leads", sa.Column("erased_at", UtcDateTime(), nullable=True)),
        (
            "consents",
            sa.Column("is_pending", sa.Boolean(), nullable=False, server_default=sa.false()),
        ),
        ("suppressions", sa.Column("lifted_at", UtcDateTime(), nullable=True)),
        ("submissions", sa.Column("address_hash", sa.Text(), nullable=True)),
        ("submissions", sa.Column("mailbox_hash", sa.Text(), nullable=True)),
        ("submissions", sa.Column("asks_to_confirm", sa.Boolean(), nullable=True)),
        ("submissions", sa.Column("suspicion", sa.Text(), nullable=True)),
        ("submissions", sa.Column("language", sa.Text(), nullable=True)),
        ("submissions", sa.Column("attempts", sa.Integer(), nullable=True)),
        ("submissions", sa.Column("due_at", UtcDateTime(), nullable=True)),
        ("touches", sa.Column("basis", sa.Text(), nullable=True)),
        ("outbox", sa.Column("submission_id", BigId, nullable=True)),
    ):
        op.add_column(table, column)


def _make_tables() -> None:
    op.create_table(
        "suppression_lists",
        sa.Column("id", BigId, nullable=False),
        sa.Column("file_name", sa.Text(), nullable=True),
        sa.Column("file_hash", sa.Text(), nullable=True),
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("cause", sa.Text(), nullable=False),
        sa.Column("records", sa.Integer(), nullable=False),
        sa.Column("added", sa.Integer(), nullable=False),
        sa.Column("known", sa.Integer(), nullable=False),
        sa.Column("rejected", sa.Integer(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_suppression_lists")),
    )
    op.create_table(
        "proofs",
        sa.Column("proof_hash", sa.Text(), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("proof_hash", name=op.f("pk_proofs")),
    )
    op.create_index("ix_proofs_expires_at", "proofs", ["expires_at"], unique=False)
    op.create_table(
        "events",
        sa.Column("id", BigId, nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("external_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("lead_id", BigId, nullable=True),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("detail", PlainJson(), nullable=True),
        sa.Column("occurred_at", UtcDateTime(), nullable=False),
        sa.Column("received_at", UtcDateTime(), nullable=False),
        sa.CheckConstraint(
            "actor IN ('human', 'suspected_bot', 'unknown')", name=op.f("ck_events_actor")
        ),
        sa.ForeignKeyConstraint(["lead_id"], ["leads.id"], name=op.f("fk_events_lead_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_events")),
        sa.UniqueConstraint("source", "external_id", name=op.f("uq_events_source_external_id")),
    )
    op.create_index("ix_events_lead_id", "events", ["lead_id", "occurred_at"], unique=False)


def _make_partial_indexes() -> None:
    for name, table, columns, where in (
        ("ix_submissions_waiting", "submissions", ["due_at", "id"], "state = 'waiting'"),
        (
            "ix_submissions_mailbox_hash",
            "submissions",
            ["mailbox_hash", "received_at"],
            "mailbox_hash IS NOT NULL",
        ),
        ("ix_outbox_submission_id", "outbox", ["submission_id"], "submission_id IS NOT NULL"),
    ):
        condition = sa.text(where)
        op.create_index(
            name,
            table,
            columns,
            unique=False,
            sqlite_where=condition,
            postgresql_where=condition,
        )
