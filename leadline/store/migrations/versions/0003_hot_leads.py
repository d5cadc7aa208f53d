"""Hot leads are found first, and an assignment keeps since when its lead waited for us."""

import sqlalchemy as sa
from alembic import op

from leadline.store.columns import UtcDateTime

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Add the index and the column; older assignments do not know."""
    op.create_index(
        "ix_leads_hot_routing_due",
        "leads",
        ["routing_due_at", "id"],
        unique=False,
        sqlite_where=sa.text("grade = 'A' AND routing_due_at IS NOT NULL"),
        postgresql_where=sa.text("grade = 'A' AND routing_due_at IS NOT NULL"),
    )
    op.add_column("assignments", sa.Column("waiting_since", UtcDateTime(), nullable=True))
