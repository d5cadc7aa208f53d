"""Scores by model with decayed sums and history; events with what tells people from machines."""

from typing import Any

import sqlalchemy as sa
from alembic import op

from leadline.store.columns import BigId, PlainJson, UtcDateTime
from leadline.store.condition_functions import postgresql_functions

revision = "0006"
down_revision = "0005"

_HUMAN = "actor = 'human' AND lead_id IS NOT NULL"
_UNKNOWN = "lead_id IS NULL AND address_hash IS NOT NULL"
_PARTIAL = (
    ("ix_events_due", "events", ["due_at", "id"], "due_at IS NOT NULL"),
    ("ix_events_scored", "events", ["lead_id", "id", "kind", "occurred_at"], _HUMAN),
    ("ix_events_address_hash", "events", ["address_hash"], _UNKNOWN),
    ("ix_events_visitor_id", "events", ["visitor_id"], "visitor_id IS NOT NULL"),
    ("ix_events_outbox_id", "events", ["outbox_id"], "outbox_id IS NOT NULL"),
    ("ix_events_import_run_id", "events", ["import_run_id"], "import_run_id IS NOT NULL"),
    ("ix_events_network", "events", ["network", "occurred_at"], "network IS NOT NULL"),
    ("ix_leads_not_ready", "leads", ["id"], "routing_skip IS NOT NULL"),
    ("ix_leads_review_due", "leads", ["review_due_at", "id"], "review_due_at IS NOT NULL"),
)


def upgrade() -> None:
    """Widen points to fractions, key scores by model, and add what events and decay need.

    Every score is made anew by the next run: the hashes of rule sets are formed differently.
    """
    _widen_leads()
    _rebuild_scores()
    _make_tables()
    _make_functions()
    for table, columns in _new_columns().items():
        for column in columns:
            op.add_column(table, column)
    for name, table, names, where in _PARTIAL:
        condition = sa.text(where)
        op.create_index(
            name,
            table,
            names,
            unique=False,
            sqlite_where=condition,
            postgresql_where=condition,
        )


def _make_functions() -> None:
    """Let PostgreSQL compare text as every other engine does; SQLite asks us at each connection."""
    if op.get_bind().dialect.name == "postgresql":
        for statement in postgresql_functions():
            op.get_bind().exec_driver_sql(statement)


def _new_columns() -> dict[str, list[sa.Column[Any]]]:
    texts = (
        "address_hash",
        "visitor_id",
        "campaign",
        "url",
        "network",
        "user_agent",
        "actor_reason",
    )
    return {
        "leads": [
            sa.Column("fit_points", sa.Float(), nullable=True),
            sa.Column("engagement_points", sa.Float(), nullable=True),
            sa.Column("engagement_level", sa.Integer(), nullable=True),
            sa.Column("routing_skip", sa.Text(), nullable=True),
            sa.Column("review_due_at", UtcDateTime(), nullable=True),
        ],
        "events": [
            *(sa.Column(name, sa.Text(), nullable=True) for name in texts),
            sa.Column("outbox_id", BigId, nullable=True),
            sa.Column("import_run_id", BigId, nullable=True),
            sa.Column("due_at", UtcDateTime(), nullable=True),
        ],
        "import_runs": [
            sa.Column("kind", sa.Text(), nullable=False, server_default="leads"),
        ],
    }


def _widen_leads() -> None:
    """Let points have fractions; SQLite stores them in an INTEGER column as they are."""
    if op.get_bind().dialect.name == "postgresql":
        op.alter_column("leads", "points", type_=sa.Float())
        return
    op.add_column("leads", sa.Column("whole_points", sa.Float(), nullable=True))
    op.execute("UPDATE leads SET whole_points = points WHERE points IS NOT NULL")
    op.execute("ALTER TABLE leads DROP COLUMN points")
    op.execute("ALTER TABLE leads RENAME COLUMN whole_points TO points")


def _rebuild_scores() -> None:
    op.rename_table("scores", "old_scores")
    if op.get_bind().dialect.name == "postgresql":
        op.execute("ALTER TABLE old_scores RENAME CONSTRAINT pk_scores TO pk_old_scores")
        for name in ("lead_id", "rule_set_id"):
            op.drop_constraint(f"fk_scores_{name}", "old_scores", type_="foreignkey")
    op.create_table(
        "scores",
        sa.Column("lead_id", BigId, nullable=False),
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("rule_set_id", BigId, nullable=False),
        sa.Column("matched", sa.BigInteger(), nullable=False),
        sa.Column("points", sa.Float(), nullable=False),
        sa.Column("fit_points", sa.Float(), nullable=False),
        sa.Column("engagement_points", sa.Float(), nullable=False),
        sa.Column("grade", sa.Text(), nullable=False),
        sa.Column("engagement_level", sa.Integer(), nullable=False),
        sa.Column("base_points", sa.Float(), nullable=False),
        sa.Column("points_cap", sa.Float(), nullable=True),
        sa.Column("sums", sa.LargeBinary(), nullable=True),
        sa.Column("last_event_id", BigId, nullable=True),
        sa.Column("config_hash", sa.Text(), nullable=False),
        sa.Column("as_of", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["lead_id"], ["leads.id"], name=op.f("fk_scores_lead_id")),
        sa.ForeignKeyConstraint(
            ["rule_set_id"], ["rule_sets.id"], name=op.f("fk_scores_rule_set_id")
        ),
        sa.PrimaryKeyConstraint("lead_id", "model", name=op.f("pk_scores")),
        sqlite_with_rowid=False,
    )
    op.execute(
        "INSERT INTO scores (lead_id, model, rule_set_id, matched, points, fit_points, "
        "engagement_points, grade, engagement_level, base_points, config_hash, as_of) "
        "SELECT lead_id, 'main', rule_set_id, matched, points, fit_points, points - fit_points, "
        "grade, 4, points - fit_points, config_hash, as_of FROM old_scores"
    )
    op.drop_table("old_scores")
    op.create_index("ix_scores_rule_set", "scores", ["rule_set_id", "lead_id"], unique=False)


def _make_tables() -> None:
    op.create_table(
        "visitors",
        sa.Column("visitor_id", sa.Text(), nullable=False),
        sa.Column("lead_id", BigId, nullable=False),
        sa.Column("linked_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["lead_id"], ["leads.id"], name=op.f("fk_visitors_lead_id")),
        sa.PrimaryKeyConstraint("visitor_id", name=op.f("pk_visitors")),
    )
    op.create_index("ix_visitors_lead_id", "visitors", ["lead_id"], unique=False)
    op.create_table(
        "link_targets",
        sa.Column("id", BigId, nullable=False),
        sa.Column("url_hash", sa.Text(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("is_trap", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_link_targets")),
        sa.UniqueConstraint("url_hash", name=op.f("uq_link_targets_url_hash")),
    )
    op.create_table(
        "score_changes",
        sa.Column("id", BigId, nullable=False),
        sa.Column("lead_id", BigId, nullable=False),
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("rule_set_id", BigId, nullable=False),
        sa.Column("cause", sa.Text(), nullable=False),
        sa.Column("matched", sa.BigInteger(), nullable=False),
        sa.Column("points", sa.Float(), nullable=False),
        sa.Column("fit_points", sa.Float(), nullable=False),
        sa.Column("engagement_points", sa.Float(), nullable=False),
        sa.Column("grade", sa.Text(), nullable=False),
        sa.Column("engagement_level", sa.Integer(), nullable=False),
        sa.Column("base_points", sa.Float(), nullable=False),
        sa.Column("points_cap", sa.Float(), nullable=True),
        sa.Column("sums", sa.LargeBinary(), nullable=True),
        sa.Column("last_event_id", BigId, nullable=True),
        sa.Column("config_hash", sa.Text(), nullable=False),
        sa.Column("as_of", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["lead_id"], ["leads.id"], name=op.f("fk_score_changes_lead_id")),
        sa.ForeignKeyConstraint(
            ["rule_set_id"], ["rule_sets.id"], name=op.f("fk_score_changes_rule_set_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_score_changes")),
    )
    op.create_index(
        "ix_score_changes_lead_id", "score_changes", ["lead_id", "model", "id"], unique=False
    )
    op.create_table(
        "stage_changes",
        sa.Column("id", BigId, nullable=False),
        sa.Column("lead_id", BigId, nullable=False),
        sa.Column("from_stage", sa.Text(), nullable=False),
        sa.Column("to_stage", sa.Text(), nullable=False),
        sa.Column("model", sa.Text(), nullable=True),
        sa.Column("trace", PlainJson(), nullable=False),
        sa.Column("config_hash", sa.Text(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["lead_id"], ["leads.id"], name=op.f("fk_stage_changes_lead_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_stage_changes")),
    )
    op.create_index("ix_stage_changes_lead_id", "stage_changes", ["lead_id", "id"], unique=False)
