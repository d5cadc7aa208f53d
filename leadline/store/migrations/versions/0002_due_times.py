"""Due times of schedules, claimed by one clock each; mails to the admin among the messages."""

import sqlalchemy as sa
from alembic import op

from leadline.store.columns import BigId, UtcDateTime

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Make both tables and let the outbox hold alerts."""
    op.create_table(
        "schedules",
        sa.Column("flow", sa.Text(), nullable=False),
        sa.Column("says", sa.Text(), nullable=False),
        sa.Column("since", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("flow", name=op.f("pk_schedules")),
    )
    op.create_table(
        "due_times",
        sa.Column("id", BigId, nullable=False),
        sa.Column("flow", sa.Text(), nullable=False),
        sa.Column("due_at", UtcDateTime(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("ending", sa.Text(), nullable=True),
        sa.Column("skip_reason", sa.Text(), nullable=True),
        sa.Column("clock", sa.Text(), nullable=False),
        sa.Column("flow_run_id", sa.Text(), nullable=True),
        sa.Column("owner", sa.Text(), nullable=True),
        sa.Column("fence", sa.Integer(), nullable=False),
        sa.Column("missed_count", sa.Integer(), nullable=False),
        sa.Column("missed_since", UtcDateTime(), nullable=True),
        sa.Column("leased_until", UtcDateTime(), nullable=True),
        sa.Column("started_at", UtcDateTime(), nullable=False),
        sa.Column("ended_at", UtcDateTime(), nullable=True),
        sa.CheckConstraint(
            "state IN ('running', 'completed', 'failed', 'crashed', 'skipped')",
            name=op.f("ck_due_times_state"),
        ),
        sa.CheckConstraint("clock IN ('prefect', 'embedded')", name=op.f("ck_due_times_clock")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_due_times")),
        sa.UniqueConstraint("flow", "due_at", name=op.f("uq_due_times_flow_due_at")),
    )
    op.create_index(
        "ix_due_times_running",
        "due_times",
        ["leased_until"],
        unique=False,
        sqlite_where=sa.text("state = 'running'"),
        postgresql_where=sa.text("state = 'running'"),
    )
    with op.batch_alter_table("outbox") as outbox:
        outbox.drop_constraint(op.f("ck_outbox_kind"), type_="check")
        outbox.create_check_constraint(
            op.f("ck_outbox_kind"), "kind IN ('alert', 'assignment', 'touch')"
        )
