"""Cash movements, holdings and equity.

Why:
    The ledger knew orders and trades, and not the money.
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

revision: str = "0007"
down_revision: str | None = "0006"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.create_table(
        "portfolio_snapshots",
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("taken_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("cash", sa.Numeric(), nullable=False),
        sa.Column("positions_value", sa.Numeric(), nullable=False),
        sa.Column("equity", sa.Numeric(), nullable=False),
        sa.Column("realized_pnl", sa.Numeric(), nullable=True, comment="Since the account was opened."),
        sa.Column("unrealized_pnl", sa.Numeric(), nullable=True),
        sa.Column("drawdown", sa.Double(), nullable=True, comment="Below the highest equity so far, 0 to 1."),
        sa.Column(
            "holdings",
            postgresql.JSONB(),
            server_default=sa.text("'{}'"),
            nullable=False,
            comment="Asset to quantity and value.",
        ),
        sa.Column("source", sa.Text(), nullable=True, comment="Ours, or the venue's report."),
        sa.CheckConstraint(
            "cash > '-Infinity' AND cash < 'Infinity'", name=op.f("ck_portfolio_snapshots__cash_finite")
        ),
        sa.CheckConstraint(
            "equity > '-Infinity' AND equity < 'Infinity'", name=op.f("ck_portfolio_snapshots__equity_finite")
        ),
        sa.CheckConstraint(
            "positions_value > '-Infinity' AND positions_value < 'Infinity'",
            name=op.f("ck_portfolio_snapshots__positions_value_finite"),
        ),
        sa.CheckConstraint(
            "realized_pnl > '-Infinity' AND realized_pnl < 'Infinity'",
            name=op.f("ck_portfolio_snapshots__realized_pnl_finite"),
        ),
        sa.CheckConstraint(
            "unrealized_pnl > '-Infinity' AND unrealized_pnl < 'Infinity'",
            name=op.f("ck_portfolio_snapshots__unrealized_pnl_finite"),
        ),
        sa.CheckConstraint("drawdown BETWEEN 0 AND 1", name=op.f("ck_portfolio_snapshots__drawdown_share")),
        sa.PrimaryKeyConstraint("account_id", "taken_at", name=op.f("pk_portfolio_snapshots")),
        comment="What an account was worth at one instant.",
        postgresql_partition_by="RANGE (taken_at)",
    )
    op.create_table(
        "portfolios",
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("asset", sa.Text(), nullable=False, comment="Currency or token."),
        sa.Column("instrument_id", sa.Integer(), nullable=True, comment="Where its price comes from."),
        sa.Column("quantity", sa.Numeric(), nullable=False),
        sa.Column("available", sa.Numeric(), nullable=True, comment="Not bound in orders or margin."),
        sa.Column("average_price", sa.Numeric(), nullable=True),
        sa.Column("current_price", sa.Numeric(), nullable=True),
        sa.Column("market_value", sa.Numeric(), nullable=True),
        sa.Column("cost_basis", sa.Numeric(), nullable=True),
        sa.Column("unrealized_pnl", sa.Numeric(), nullable=True),
        sa.Column("realized_pnl", sa.Numeric(), nullable=True),
        sa.Column("currency", sa.Text(), nullable=True, comment="Of prices and values."),
        sa.Column(
            "valued_at",
            postgresql.TIMESTAMP(timezone=True),
            nullable=False,
            comment="When prices and values were true.",
        ),
        sa.Column("updated_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "available > '-Infinity' AND available < 'Infinity'", name=op.f("ck_portfolios__available_finite")
        ),
        sa.CheckConstraint(
            "average_price > '-Infinity' AND average_price < 'Infinity'",
            name=op.f("ck_portfolios__average_price_finite"),
        ),
        sa.CheckConstraint(
            "cost_basis > '-Infinity' AND cost_basis < 'Infinity'", name=op.f("ck_portfolios__cost_basis_finite")
        ),
        sa.CheckConstraint(
            "current_price > '-Infinity' AND current_price < 'Infinity'",
            name=op.f("ck_portfolios__current_price_finite"),
        ),
        sa.CheckConstraint(
            "market_value > '-Infinity' AND market_value < 'Infinity'", name=op.f("ck_portfolios__market_value_finite")
        ),
        sa.CheckConstraint(
            "quantity > '-Infinity' AND quantity < 'Infinity'", name=op.f("ck_portfolios__quantity_finite")
        ),
        sa.CheckConstraint(
            "realized_pnl > '-Infinity' AND realized_pnl < 'Infinity'", name=op.f("ck_portfolios__realized_pnl_finite")
        ),
        sa.CheckConstraint(
            "unrealized_pnl > '-Infinity' AND unrealized_pnl < 'Infinity'",
            name=op.f("ck_portfolios__unrealized_pnl_finite"),
        ),
        sa.CheckConstraint(
            "num_nonnulls(market_value, current_price) = 0 OR currency IS NOT NULL",
            name=op.f("ck_portfolios__value_has_currency"),
        ),
        sa.ForeignKeyConstraint(
            ["account_id"], ["trading_accounts.id"], name=op.f("fk_portfolios__account_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["instrument_id"], ["instruments.id"], name=op.f("fk_portfolios__instrument_id"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("account_id", "asset", name=op.f("pk_portfolios")),
        comment="What an account holds now of one asset, valued.",
    )
    op.create_index(op.f("ix_portfolios__instrument_id"), "portfolios", ["instrument_id"], unique=False)
    op.create_table(
        "cash_movements",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column(
            "dedupe_key",
            sa.Text(),
            nullable=False,
            comment="The same movement has the same key, however often it is sent.",
        ),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("amount", sa.Numeric(), nullable=False, comment="Positive: it came in."),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("occurred_at", postgresql.TIMESTAMP(timezone=True), nullable=False, comment="By the venue's clock."),
        sa.Column("instrument_id", sa.Integer(), nullable=True, comment="What it was about, if one thing."),
        sa.Column("fill_id", sa.Uuid(), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column(
            "details",
            postgresql.JSONB(),
            server_default=sa.text("'{}'"),
            nullable=False,
            comment="What the venue sent, as it came.",
        ),
        sa.Column("created_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "amount > '-Infinity' AND amount < 'Infinity'", name=op.f("ck_cash_movements__amount_finite")
        ),
        sa.CheckConstraint("currency ~ '\\S'", name=op.f("ck_cash_movements__currency_not_blank")),
        sa.CheckConstraint("dedupe_key ~ '\\S'", name=op.f("ck_cash_movements__dedupe_key_not_blank")),
        sa.CheckConstraint("kind <> 'deposit' OR amount > 0", name=op.f("ck_cash_movements__deposit_comes_in")),
        sa.CheckConstraint("kind <> 'withdrawal' OR amount < 0", name=op.f("ck_cash_movements__withdrawal_goes_out")),
        sa.CheckConstraint(
            "kind IN ('deposit', 'withdrawal', 'transfer', 'fee', 'funding', 'realized_pnl', 'rebate', 'interest', 'adjustment')",
            name=op.f("ck_cash_movements__kind_known"),
        ),
        sa.CheckConstraint("amount <> 0", name=op.f("ck_cash_movements__amount_moves_something")),
        sa.ForeignKeyConstraint(
            ["account_id"], ["trading_accounts.id"], name=op.f("fk_cash_movements__account_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["fill_id"], ["fills.id"], name=op.f("fk_cash_movements__fill_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["instrument_id"], ["instruments.id"], name=op.f("fk_cash_movements__instrument_id"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cash_movements")),
        sa.UniqueConstraint("account_id", "dedupe_key", name=op.f("uq_cash_movements__account_id_dedupe_key")),
        comment="An amount that came into an account or left it; rows are only ever added.",
    )
    op.create_index(
        "ix_cash_movements__account_id_currency_occurred_at",
        "cash_movements",
        ["account_id", "currency", "occurred_at"],
        unique=False,
    )
    op.create_index(op.f("ix_cash_movements__fill_id"), "cash_movements", ["fill_id"], unique=False)
    op.create_index(op.f("ix_cash_movements__instrument_id"), "cash_movements", ["instrument_id"], unique=False)
    op.execute(
        "CREATE TRIGGER cash_movements_append_only BEFORE UPDATE OR DELETE ON cash_movements "
        "FOR EACH ROW EXECUTE FUNCTION tradingdb_refuse_change()"
    )
    op.execute(
        "CREATE TRIGGER cash_movements_no_truncate BEFORE TRUNCATE ON cash_movements "
        "FOR EACH STATEMENT EXECUTE FUNCTION tradingdb_refuse_change()"
    )


def downgrade() -> None:
    op.drop_index(op.f("ix_cash_movements__instrument_id"), table_name="cash_movements")
    op.drop_index(op.f("ix_cash_movements__fill_id"), table_name="cash_movements")
    op.drop_index("ix_cash_movements__account_id_currency_occurred_at", table_name="cash_movements")
    op.drop_table("cash_movements")
    op.drop_index(op.f("ix_portfolios__instrument_id"), table_name="portfolios")
    op.drop_table("portfolios")
    op.drop_table("portfolio_snapshots")
