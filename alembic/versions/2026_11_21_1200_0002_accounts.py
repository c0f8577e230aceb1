"""Watchlists, counted API calls and the audit log.

Why:
    Nobody could keep a list of instruments, calls were not counted, and nothing recorded who changed what.
Locks:
    None that anybody waits for: every table is new.
Safe while old code runs:
    Yes: the release before this one knows none of these tables.
Undo:
    Drops the tables with their data, partitions included.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

if TYPE_CHECKING:
    from collections.abc import Sequence

revision: str = "0002"
down_revision: str | None = "0001"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.create_table(
        "api_usage",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column(
            "agent",
            sa.Text(collation="C"),
            server_default="",
            nullable=False,
            comment="agents.agent_id. Empty: the user, without an agent.",
        ),
        sa.Column("endpoint", sa.Text(collation="C"), nullable=False),
        sa.Column("day", postgresql.TIMESTAMP(timezone=True), nullable=False, comment="Midnight in UTC."),
        sa.Column("request_count", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("last_request_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.CheckConstraint("date_trunc('day', day, 'UTC') = day", name=op.f("ck_api_usage__day_is_midnight")),
        sa.CheckConstraint("request_count >= 0", name=op.f("ck_api_usage__request_count_not_negative")),
        sa.PrimaryKeyConstraint("user_id", "agent", "endpoint", "day", name=op.f("pk_api_usage")),
        comment="How often a user's agent called an endpoint on one day.",
        postgresql_partition_by="RANGE (day)",
    )
    op.create_table(
        "audit_log",
        sa.Column("occurred_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("entry_id", sa.Uuid(), nullable=False, comment="Keeps entries of one instant apart."),
        sa.Column("user_id", sa.Uuid(), nullable=True, comment="Who. NULL: the platform itself."),
        sa.Column("account_id", sa.Uuid(), nullable=True, comment="Whose trading account was touched."),
        sa.Column("action", sa.Text(), nullable=False, comment="For example login, insert, update, delete, approve."),
        sa.Column("table_name", sa.Text(collation="C"), nullable=True),
        sa.Column("row_key", sa.Text(), nullable=True, comment="Primary key of the row, as text."),
        sa.Column("old_values", postgresql.JSONB(), nullable=True),
        sa.Column("new_values", postgresql.JSONB(), nullable=True),
        sa.Column("ip_address", postgresql.INET(), nullable=True),
        sa.Column("user_agent", sa.Text(), nullable=True),
        sa.Column("result", sa.Text(), server_default="succeeded", nullable=False),
        sa.Column("error_message", sa.Text(), nullable=True),
        sa.Column("details", postgresql.JSONB(), server_default=sa.text("'{}'"), nullable=False),
        sa.CheckConstraint("action ~ '\\S'", name=op.f("ck_audit_log__action_not_blank")),
        sa.CheckConstraint("result IN ('succeeded', 'refused', 'failed')", name=op.f("ck_audit_log__result_known")),
        sa.PrimaryKeyConstraint("occurred_at", "entry_id", name=op.f("pk_audit_log")),
        comment="Who did what to which row, from where, and with what result; rows are only ever added.",
        postgresql_partition_by="RANGE (occurred_at)",
    )
    op.create_index("ix_audit_log__row", "audit_log", ["table_name", "row_key", "occurred_at"], unique=False)
    op.create_index("ix_audit_log__user_id_occurred_at", "audit_log", ["user_id", "occurred_at"], unique=False)
    op.create_table(
        "watchlists",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column(
            "is_default",
            sa.Boolean(),
            server_default=sa.text("false"),
            nullable=False,
            comment="Shown first; one per user.",
        ),
        sa.Column("created_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("name ~ '\\S'", name=op.f("ck_watchlists__name_not_blank")),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_watchlists__user_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_watchlists")),
        sa.UniqueConstraint("user_id", "name", name=op.f("uq_watchlists__user_id_name")),
        comment="A named, ordered list of instruments of a user.",
    )
    op.create_index(
        "uq_watchlists__default", "watchlists", ["user_id"], unique=True, postgresql_where=sa.text("is_default")
    )
    op.create_table(
        "watchlist_items",
        sa.Column("watchlist_id", sa.Uuid(), nullable=False),
        sa.Column("instrument_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False, comment="The list's owner."),
        sa.Column("position", sa.Integer(), server_default="0", nullable=False, comment="Order within the list."),
        sa.Column("notes", sa.Text(), nullable=True),
        sa.Column("alert_price", sa.Numeric(), nullable=True, comment="Tell the user when the price crosses it."),
        sa.Column("added_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "alert_price > '-Infinity' AND alert_price < 'Infinity'",
            name=op.f("ck_watchlist_items__alert_price_finite"),
        ),
        sa.ForeignKeyConstraint(
            ["instrument_id"], ["instruments.id"], name=op.f("fk_watchlist_items__instrument_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_watchlist_items__user_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["watchlist_id"], ["watchlists.id"], name=op.f("fk_watchlist_items__watchlist_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("watchlist_id", "instrument_id", name=op.f("pk_watchlist_items")),
        comment="An instrument on a watchlist.",
    )
    op.create_index(op.f("ix_watchlist_items__instrument_id"), "watchlist_items", ["instrument_id"], unique=False)
    op.create_index(op.f("ix_watchlist_items__user_id"), "watchlist_items", ["user_id"], unique=False)
    op.execute(
        "CREATE TRIGGER audit_log_append_only BEFORE UPDATE OR DELETE ON audit_log "
        "FOR EACH ROW EXECUTE FUNCTION tradingdb_refuse_change()"
    )
    op.execute(
        "CREATE TRIGGER audit_log_no_truncate BEFORE TRUNCATE ON audit_log "
        "FOR EACH STATEMENT EXECUTE FUNCTION tradingdb_refuse_change()"
    )


def downgrade() -> None:
    op.drop_index(op.f("ix_watchlist_items__user_id"), table_name="watchlist_items")
    op.drop_index(op.f("ix_watchlist_items__instrument_id"), table_name="watchlist_items")
    op.drop_table("watchlist_items")
    op.drop_index("uq_watchlists__default", table_name="watchlists", postgresql_where=sa.text("is_default"))
    op.drop_table("watchlists")
    op.drop_index("ix_audit_log__user_id_occurred_at", table_name="audit_log")
    op.drop_index("ix_audit_log__row", table_name="audit_log")
    op.drop_table("audit_log")
    op.drop_table("api_usage")
