"""Imports keep what they changed, can be held back and taken back, and leads their raw text."""

import sqlalchemy as sa
from alembic import op

from leadline.store.columns import BigId, PlainJson, UtcDateTime

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Add the columns, empty, and the table; no older row is held or undone."""
    for column in (
        sa.Column("is_role_address", sa.Boolean(), nullable=True),
        sa.Column("is_free_address", sa.Boolean(), nullable=True),
        sa.Column("is_disposable_address", sa.Boolean(), nullable=True),
        sa.Column("company_key", sa.Text(), nullable=True),
        sa.Column("region_code", sa.Text(), nullable=True),
        sa.Column("as_written", PlainJson(), nullable=True),
        sa.Column("held_import_run_id", BigId, nullable=True),
        sa.Column("is_scoring_only", sa.Boolean(), nullable=True),
    ):
        op.add_column("leads", column)
    op.create_index(
        "ix_leads_held",
        "leads",
        ["held_import_run_id", "id"],
        unique=False,
        sqlite_where=sa.text("held_import_run_id IS NOT NULL"),
        postgresql_where=sa.text("held_import_run_id IS NOT NULL"),
    )
    for column in (
        sa.Column("dialect", PlainJson(), nullable=True),
        sa.Column("header", PlainJson(), nullable=True),
        sa.Column("header_line", sa.Integer(), nullable=True),
        sa.Column("is_backfill", sa.Boolean(), nullable=False, server_default=sa.false()),
        sa.Column("records", sa.Integer(), nullable=True),
        sa.Column("owner", sa.Text(), nullable=True),
        sa.Column("undone_at", UtcDateTime(), nullable=True),
        sa.Column("undo_counts", PlainJson(), nullable=True),
        sa.Column("last_removed_id", BigId, nullable=True),
    ):
        op.add_column("import_runs", column)
    op.create_table(
        "import_changes",
        sa.Column("import_run_id", BigId, nullable=False),
        sa.Column("lead_id", BigId, nullable=False),
        sa.Column("submission_id", BigId, nullable=True),
        sa.Column("before", PlainJson(), nullable=False),
        sa.Column("after", PlainJson(), nullable=False),
        sa.ForeignKeyConstraint(
            ["import_run_id"],
            ["import_runs.id"],
            name=op.f("fk_import_changes_import_run_id"),
        ),
        sa.PrimaryKeyConstraint("import_run_id", "lead_id", name=op.f("pk_import_changes")),
    )
    op.create_index("ix_import_changes_lead_id", "import_changes", ["lead_id"], unique=False)
    op.add_column("consents", sa.Column("undone_at", UtcDateTime(), nullable=True))
    with op.batch_alter_table("submissions") as submissions:
        submissions.drop_constraint(op.f("ck_submissions_state"), type_="check")
        submissions.create_check_constraint(
            op.f("ck_submissions_state"),
            "state IN ('new', 'accepted', 'quarantined', 'undone')",
        )
    # half of a digest tells rows and keys apart as surely, and is half as long in three indexes
    op.execute(
        "UPDATE submissions SET content_key = substr(content_key, 1, 32) "
        "WHERE length(content_key) = 64"
    )
    op.execute("UPDATE lead_keys SET key_hash = substr(key_hash, 1, 32)")
