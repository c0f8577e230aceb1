"""Analyses, decisions, predictions, and what came of them.

Why:
    Orders named a decision that had no table.
Locks:
    The foreign keys of older tables are NOT VALID: no row is read, and each lock is held for an instant.
Safe while old code runs:
    Yes, unless it writes ids of its own invention into the columns that refer to these tables: those are refused.
Undo:
    Drops the tables with their data, partitions included, and clears what refers to them: evidence that rests on
    an outcome of a decision is deleted.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

if TYPE_CHECKING:
    from collections.abc import Sequence

revision: str = "0011"
down_revision: str | None = "0010"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.create_table(
        "ai_analyses",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=True),
        sa.Column("agent_id", sa.Uuid(), nullable=True),
        sa.Column("instrument_id", sa.Integer(), nullable=False),
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("analysis_type", sa.Text(), nullable=False),
        sa.Column("prompt_sha256", sa.LargeBinary(), nullable=True, comment="Of what was asked."),
        sa.Column("signal", sa.Text(), nullable=True, comment="The model's own word."),
        sa.Column("confidence", sa.Double(), nullable=True),
        sa.Column("analysis", sa.Text(), nullable=False),
        sa.Column("raw_response", sa.Text(), nullable=True, comment="As it came."),
        sa.Column("input_tokens", sa.Integer(), nullable=True),
        sa.Column("output_tokens", sa.Integer(), nullable=True),
        sa.Column("cost", sa.Numeric(), nullable=True, comment="In US dollars."),
        sa.Column("known_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("created_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("analysis ~ '\\S'", name=op.f("ck_ai_analyses__analysis_not_blank")),
        sa.CheckConstraint("analysis_type ~ '\\S'", name=op.f("ck_ai_analyses__analysis_type_not_blank")),
        sa.CheckConstraint("cost >= 0 AND cost < 'Infinity'", name=op.f("ck_ai_analyses__cost_not_negative")),
        sa.CheckConstraint("model ~ '\\S'", name=op.f("ck_ai_analyses__model_not_blank")),
        sa.CheckConstraint("confidence BETWEEN 0 AND 1", name=op.f("ck_ai_analyses__confidence_share")),
        sa.CheckConstraint("input_tokens >= 0", name=op.f("ck_ai_analyses__input_tokens_not_negative")),
        sa.CheckConstraint("octet_length(prompt_sha256) = 32", name=op.f("ck_ai_analyses__prompt_sha256_sha256")),
        sa.CheckConstraint("output_tokens >= 0", name=op.f("ck_ai_analyses__output_tokens_not_negative")),
        sa.ForeignKeyConstraint(
            ["agent_id"], ["agents.id"], name=op.f("fk_ai_analyses__agent_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["instrument_id"], ["instruments.id"], name=op.f("fk_ai_analyses__instrument_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_ai_analyses__user_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ai_analyses")),
        comment="What a model answered when it was asked about an instrument.",
    )
    op.create_index(op.f("ix_ai_analyses__agent_id"), "ai_analyses", ["agent_id"], unique=False)
    op.create_index(
        "ix_ai_analyses__instrument_id_created_at",
        "ai_analyses",
        ["instrument_id", sa.literal_column("created_at DESC")],
        unique=False,
    )
    op.create_index(op.f("ix_ai_analyses__user_id"), "ai_analyses", ["user_id"], unique=False)
    op.create_table(
        "ml_models",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False, comment="The same for all versions."),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("model_type", sa.Text(), nullable=False),
        sa.Column("algorithm", sa.Text(), nullable=True),
        sa.Column("parameters", postgresql.JSONB(), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("training_metrics", postgresql.JSONB(), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("validation_metrics", postgresql.JSONB(), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("dataset_id", sa.Uuid(), nullable=True),
        sa.Column("artifact_path", sa.Text(), nullable=True, comment="File of the trained model."),
        sa.Column("artifact_url", sa.Text(), nullable=True, comment="Where it can be fetched."),
        sa.Column("artifact_sha256", sa.LargeBinary(), nullable=True),
        sa.Column(
            "trained_until", postgresql.TIMESTAMP(timezone=True), nullable=True, comment="End of the training data."
        ),
        sa.Column("stage", sa.Text(), server_default="trained", nullable=False),
        sa.Column("deployed_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("created_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("model_type ~ '\\S'", name=op.f("ck_ml_models__model_type_not_blank")),
        sa.CheckConstraint("name ~ '\\S'", name=op.f("ck_ml_models__name_not_blank")),
        sa.CheckConstraint(
            "stage IN ('trained', 'staging', 'production', 'archived', 'failed')",
            name=op.f("ck_ml_models__stage_known"),
        ),
        sa.CheckConstraint("version ~ '\\S'", name=op.f("ck_ml_models__version_not_blank")),
        sa.CheckConstraint("octet_length(artifact_sha256) = 32", name=op.f("ck_ml_models__artifact_sha256_sha256")),
        sa.ForeignKeyConstraint(
            ["dataset_id"], ["datasets.id"], name=op.f("fk_ml_models__dataset_id"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ml_models")),
        sa.UniqueConstraint("name", "version", name=op.f("uq_ml_models__name_version")),
        comment="One version of a model that predicts.",
    )
    op.create_index(op.f("ix_ml_models__dataset_id"), "ml_models", ["dataset_id"], unique=False)
    op.create_index("ix_ml_models__stage", "ml_models", ["stage", sa.literal_column("created_at DESC")], unique=False)
    op.create_table(
        "ai_insights",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=True),
        sa.Column("analysis_id", sa.Uuid(), nullable=True),
        sa.Column("instrument_id", sa.Integer(), nullable=True, comment="NULL: the market as a whole."),
        sa.Column("insight_type", sa.Text(), nullable=False),
        sa.Column("recommendation", sa.Text(), nullable=False),
        sa.Column("confidence", sa.Double(), nullable=True),
        sa.Column("score", sa.Double(), nullable=True, comment="In the model's own unit."),
        sa.Column("risk_level", sa.Text(), nullable=True),
        sa.Column("reasoning", sa.Text(), nullable=True),
        sa.Column("source", sa.Text(), nullable=True, comment="The model or program that it came from."),
        sa.Column("raw_response", sa.Text(), nullable=True, comment="As it came."),
        sa.Column("session_key", sa.Text(), nullable=True, comment="The session that it came up in."),
        sa.Column("known_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("created_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("insight_type ~ '\\S'", name=op.f("ck_ai_insights__insight_type_not_blank")),
        sa.CheckConstraint("recommendation ~ '\\S'", name=op.f("ck_ai_insights__recommendation_not_blank")),
        sa.CheckConstraint("score > '-Infinity' AND score < 'Infinity'", name=op.f("ck_ai_insights__score_finite")),
        sa.CheckConstraint("confidence BETWEEN 0 AND 1", name=op.f("ck_ai_insights__confidence_share")),
        sa.ForeignKeyConstraint(
            ["analysis_id"], ["ai_analyses.id"], name=op.f("fk_ai_insights__analysis_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["instrument_id"], ["instruments.id"], name=op.f("fk_ai_insights__instrument_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_ai_insights__user_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ai_insights")),
        comment="A recommendation of a model, with its reasons.",
    )
    op.create_index(op.f("ix_ai_insights__analysis_id"), "ai_insights", ["analysis_id"], unique=False)
    op.create_index(
        "ix_ai_insights__instrument_id_created_at",
        "ai_insights",
        ["instrument_id", sa.literal_column("created_at DESC")],
        unique=False,
    )
    op.create_index(op.f("ix_ai_insights__session_key"), "ai_insights", ["session_key"], unique=False)
    op.create_index(op.f("ix_ai_insights__user_id"), "ai_insights", ["user_id"], unique=False)
    op.create_table(
        "ml_predictions",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("model_id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=True),
        sa.Column("instrument_id", sa.Integer(), nullable=False),
        sa.Column("prediction_type", sa.Text(), nullable=False, comment="price, return, direction, volatility …"),
        sa.Column("horizon", sa.Text(), nullable=True),
        sa.Column("made_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("target_at", postgresql.TIMESTAMP(timezone=True), nullable=True, comment="When it can be checked."),
        sa.Column("predicted_value", sa.Double(), nullable=True),
        sa.Column("probability", sa.Double(), nullable=True, comment="That what was predicted happens."),
        sa.Column("lower_value", sa.Double(), nullable=True),
        sa.Column("upper_value", sa.Double(), nullable=True),
        sa.Column("confidence", sa.Double(), nullable=True),
        sa.Column(
            "features",
            postgresql.JSONB(),
            server_default=sa.text("'{}'"),
            nullable=False,
            comment="What it was computed from.",
        ),
        sa.Column("session_key", sa.Text(), nullable=True, comment="The session that it came up in."),
        sa.Column("actual_value", sa.Double(), nullable=True),
        sa.Column("error", sa.Double(), nullable=True, comment="Predicted minus actual."),
        sa.Column("accuracy", sa.Double(), nullable=True, comment="In the scorer's own unit."),
        sa.Column(
            "resolved_at",
            postgresql.TIMESTAMP(timezone=True),
            nullable=True,
            comment="When the actual value was known.",
        ),
        sa.Column("created_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "accuracy > '-Infinity' AND accuracy < 'Infinity'", name=op.f("ck_ml_predictions__accuracy_finite")
        ),
        sa.CheckConstraint(
            "actual_value > '-Infinity' AND actual_value < 'Infinity'",
            name=op.f("ck_ml_predictions__actual_value_finite"),
        ),
        sa.CheckConstraint("error > '-Infinity' AND error < 'Infinity'", name=op.f("ck_ml_predictions__error_finite")),
        sa.CheckConstraint(
            "lower_value > '-Infinity' AND lower_value < 'Infinity'", name=op.f("ck_ml_predictions__lower_value_finite")
        ),
        sa.CheckConstraint(
            "predicted_value > '-Infinity' AND predicted_value < 'Infinity'",
            name=op.f("ck_ml_predictions__predicted_value_finite"),
        ),
        sa.CheckConstraint("prediction_type ~ '\\S'", name=op.f("ck_ml_predictions__prediction_type_not_blank")),
        sa.CheckConstraint(
            "upper_value > '-Infinity' AND upper_value < 'Infinity'", name=op.f("ck_ml_predictions__upper_value_finite")
        ),
        sa.CheckConstraint(
            "actual_value IS NULL OR resolved_at IS NOT NULL", name=op.f("ck_ml_predictions__actual_has_time")
        ),
        sa.CheckConstraint("confidence BETWEEN 0 AND 1", name=op.f("ck_ml_predictions__confidence_share")),
        sa.CheckConstraint(
            "num_nonnulls(predicted_value, probability) > 0", name=op.f("ck_ml_predictions__says_something")
        ),
        sa.CheckConstraint("probability BETWEEN 0 AND 1", name=op.f("ck_ml_predictions__probability_share")),
        sa.CheckConstraint("target_at >= made_at", name=op.f("ck_ml_predictions__target_is_ahead")),
        sa.CheckConstraint("upper_value >= lower_value", name=op.f("ck_ml_predictions__interval_ordered")),
        sa.ForeignKeyConstraint(
            ["instrument_id"], ["instruments.id"], name=op.f("fk_ml_predictions__instrument_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["model_id"], ["ml_models.id"], name=op.f("fk_ml_predictions__model_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_ml_predictions__user_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ml_predictions")),
        comment="What a model said would happen, and, once, what did.",
    )
    op.create_index(
        "ix_ml_predictions__instrument_id_made_at",
        "ml_predictions",
        ["instrument_id", sa.literal_column("made_at DESC")],
        unique=False,
    )
    op.create_index(
        "ix_ml_predictions__model_id_made_at",
        "ml_predictions",
        ["model_id", sa.literal_column("made_at DESC")],
        unique=False,
    )
    op.create_index(op.f("ix_ml_predictions__session_key"), "ml_predictions", ["session_key"], unique=False)
    op.create_index(
        "ix_ml_predictions__unresolved",
        "ml_predictions",
        ["target_at"],
        unique=False,
        postgresql_where=sa.text("resolved_at IS NULL"),
    )
    op.create_index(op.f("ix_ml_predictions__user_id"), "ml_predictions", ["user_id"], unique=False)
    op.create_table(
        "trading_decisions",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=True),
        sa.Column("account_id", sa.Uuid(), nullable=True),
        sa.Column("agent_id", sa.Uuid(), nullable=True),
        sa.Column("strategy_id", sa.Uuid(), nullable=True),
        sa.Column("instrument_id", sa.Integer(), nullable=False),
        sa.Column("parent_insight_id", sa.Uuid(), nullable=True),
        sa.Column("decision_type", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False, comment="buy, sell, hold, close …"),
        sa.Column("amount", sa.Numeric(), nullable=True),
        sa.Column("price", sa.Numeric(), nullable=True),
        sa.Column("confidence", sa.Double(), nullable=True),
        sa.Column("expected_value", sa.Numeric(), nullable=True, comment="In quote currency."),
        sa.Column("risk_score", sa.Double(), nullable=True),
        sa.Column("reasoning", sa.Text(), nullable=True),
        sa.Column("algorithm", sa.Text(), nullable=True),
        sa.Column("model", sa.Text(), nullable=True, comment="The model that decided."),
        sa.Column(
            "model_trained_until",
            postgresql.TIMESTAMP(timezone=True),
            nullable=True,
            comment="What the model may know of the world.",
        ),
        sa.Column("session_key", sa.Text(), nullable=True, comment="The session that it came up in."),
        sa.Column("status", sa.Text(), server_default="proposed", nullable=False),
        sa.Column(
            "decided_as_of",
            postgresql.TIMESTAMP(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
            comment="It rests only on what was known then.",
        ),
        sa.Column("executed_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("details", postgresql.JSONB(), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("created_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("action ~ '\\S'", name=op.f("ck_trading_decisions__action_not_blank")),
        sa.CheckConstraint(
            "amount >= 0 AND amount < 'Infinity'", name=op.f("ck_trading_decisions__amount_not_negative")
        ),
        sa.CheckConstraint("decision_type ~ '\\S'", name=op.f("ck_trading_decisions__decision_type_not_blank")),
        sa.CheckConstraint(
            "expected_value > '-Infinity' AND expected_value < 'Infinity'",
            name=op.f("ck_trading_decisions__expected_value_finite"),
        ),
        sa.CheckConstraint(
            "price > '-Infinity' AND price < 'Infinity'", name=op.f("ck_trading_decisions__price_finite")
        ),
        sa.CheckConstraint(
            "status IN ('proposed', 'approved', 'rejected', 'executed', 'successful', 'failed', 'cancelled')",
            name=op.f("ck_trading_decisions__status_known"),
        ),
        sa.CheckConstraint(
            "status NOT IN ('executed', 'successful') OR executed_at IS NOT NULL",
            name=op.f("ck_trading_decisions__executed_has_time"),
        ),
        sa.CheckConstraint("confidence BETWEEN 0 AND 1", name=op.f("ck_trading_decisions__confidence_share")),
        sa.CheckConstraint("risk_score BETWEEN 0 AND 1", name=op.f("ck_trading_decisions__risk_score_share")),
        sa.ForeignKeyConstraint(
            ["account_id"], ["trading_accounts.id"], name=op.f("fk_trading_decisions__account_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["agent_id"], ["agents.id"], name=op.f("fk_trading_decisions__agent_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["instrument_id"], ["instruments.id"], name=op.f("fk_trading_decisions__instrument_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["parent_insight_id"],
            ["ai_insights.id"],
            name=op.f("fk_trading_decisions__parent_insight_id"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["strategy_id"], ["strategies.id"], name=op.f("fk_trading_decisions__strategy_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_trading_decisions__user_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_trading_decisions")),
        comment="A decision about an instrument, also the one to do nothing.",
    )
    op.create_index(op.f("ix_trading_decisions__account_id"), "trading_decisions", ["account_id"], unique=False)
    op.create_index(op.f("ix_trading_decisions__agent_id"), "trading_decisions", ["agent_id"], unique=False)
    op.create_index(
        "ix_trading_decisions__instrument_id_created_at",
        "trading_decisions",
        ["instrument_id", sa.literal_column("created_at DESC")],
        unique=False,
    )
    op.create_index(
        op.f("ix_trading_decisions__parent_insight_id"), "trading_decisions", ["parent_insight_id"], unique=False
    )
    op.create_index(op.f("ix_trading_decisions__session_key"), "trading_decisions", ["session_key"], unique=False)
    op.create_index(
        "ix_trading_decisions__status",
        "trading_decisions",
        ["status", sa.literal_column("created_at DESC")],
        unique=False,
    )
    op.create_index(op.f("ix_trading_decisions__strategy_id"), "trading_decisions", ["strategy_id"], unique=False)
    op.create_index(op.f("ix_trading_decisions__user_id"), "trading_decisions", ["user_id"], unique=False)
    op.create_table(
        "decision_evidence",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("decision_id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=True, comment="The decision's owner."),
        sa.Column("insight_id", sa.Uuid(), nullable=True),
        sa.Column("entry_id", sa.Uuid(), nullable=True),
        sa.Column("prediction_id", sa.Uuid(), nullable=True),
        sa.Column("signal_id", sa.Uuid(), nullable=True),
        sa.Column("memory_id", sa.Uuid(), nullable=True),
        sa.Column("role", sa.Text(), server_default="for", nullable=False),
        sa.Column("weight", sa.Numeric(), server_default="1", nullable=False),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("created_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("role IN ('for', 'against', 'context')", name=op.f("ck_decision_evidence__role_known")),
        sa.CheckConstraint(
            "weight >= 0 AND weight < 'Infinity'", name=op.f("ck_decision_evidence__weight_not_negative")
        ),
        sa.CheckConstraint(
            "num_nonnulls(insight_id, entry_id, prediction_id, signal_id, memory_id) = 1",
            name=op.f("ck_decision_evidence__one_source"),
        ),
        sa.ForeignKeyConstraint(
            ["decision_id"],
            ["trading_decisions.id"],
            name=op.f("fk_decision_evidence__decision_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["entry_id"], ["learning_entries.id"], name=op.f("fk_decision_evidence__entry_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["insight_id"], ["ai_insights.id"], name=op.f("fk_decision_evidence__insight_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["memory_id"], ["semantic_memories.id"], name=op.f("fk_decision_evidence__memory_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["prediction_id"],
            ["ml_predictions.id"],
            name=op.f("fk_decision_evidence__prediction_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["signal_id"], ["signals.id"], name=op.f("fk_decision_evidence__signal_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_decision_evidence__user_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_decision_evidence")),
        sa.UniqueConstraint(
            "decision_id",
            "insight_id",
            "entry_id",
            "prediction_id",
            "signal_id",
            "memory_id",
            name="uq_decision_evidence__decision_and_source",
            postgresql_nulls_not_distinct=True,
        ),
        comment="One thing that a decision rested on.",
    )
    op.create_index(op.f("ix_decision_evidence__decision_id"), "decision_evidence", ["decision_id"], unique=False)
    op.create_index(op.f("ix_decision_evidence__entry_id"), "decision_evidence", ["entry_id"], unique=False)
    op.create_index(op.f("ix_decision_evidence__insight_id"), "decision_evidence", ["insight_id"], unique=False)
    op.create_index(op.f("ix_decision_evidence__memory_id"), "decision_evidence", ["memory_id"], unique=False)
    op.create_index(op.f("ix_decision_evidence__prediction_id"), "decision_evidence", ["prediction_id"], unique=False)
    op.create_index(op.f("ix_decision_evidence__signal_id"), "decision_evidence", ["signal_id"], unique=False)
    op.create_index(op.f("ix_decision_evidence__user_id"), "decision_evidence", ["user_id"], unique=False)
    op.create_table(
        "decision_outcomes",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("decision_id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=True, comment="The decision's owner."),
        sa.Column(
            "horizon", sa.Text(), server_default="final", nullable=False, comment="After what time: 1h, 1d, final …"
        ),
        sa.Column("outcome_type", sa.Text(), nullable=False),
        sa.Column("expected_outcome", sa.Numeric(), nullable=True),
        sa.Column("actual_outcome", sa.Numeric(), nullable=True),
        sa.Column("profit_loss", sa.Numeric(), nullable=True, comment="In quote currency."),
        sa.Column("execution_price", sa.Numeric(), nullable=True),
        sa.Column("executed_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("market_conditions", postgresql.JSONB(), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("is_success", sa.Boolean(), nullable=True, comment="NULL: not to be said."),
        sa.Column("lessons_learned", sa.Text(), nullable=True),
        sa.Column(
            "known_at",
            postgresql.TIMESTAMP(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
            comment="When this system learned the outcome.",
        ),
        sa.Column("created_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "actual_outcome > '-Infinity' AND actual_outcome < 'Infinity'",
            name=op.f("ck_decision_outcomes__actual_outcome_finite"),
        ),
        sa.CheckConstraint(
            "execution_price > '-Infinity' AND execution_price < 'Infinity'",
            name=op.f("ck_decision_outcomes__execution_price_finite"),
        ),
        sa.CheckConstraint(
            "expected_outcome > '-Infinity' AND expected_outcome < 'Infinity'",
            name=op.f("ck_decision_outcomes__expected_outcome_finite"),
        ),
        sa.CheckConstraint("horizon ~ '\\S'", name=op.f("ck_decision_outcomes__horizon_not_blank")),
        sa.CheckConstraint("outcome_type ~ '\\S'", name=op.f("ck_decision_outcomes__outcome_type_not_blank")),
        sa.CheckConstraint(
            "profit_loss > '-Infinity' AND profit_loss < 'Infinity'",
            name=op.f("ck_decision_outcomes__profit_loss_finite"),
        ),
        sa.ForeignKeyConstraint(
            ["decision_id"],
            ["trading_decisions.id"],
            name=op.f("fk_decision_outcomes__decision_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_decision_outcomes__user_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_decision_outcomes")),
        sa.UniqueConstraint("decision_id", "horizon", name=op.f("uq_decision_outcomes__decision_id_horizon")),
        comment="What came of a decision after a certain time.",
    )
    op.create_index(op.f("ix_decision_outcomes__user_id"), "decision_outcomes", ["user_id"], unique=False)
    op.create_foreign_key(
        "fk_orders__decision_id",
        "orders",
        "trading_decisions",
        ["decision_id"],
        ["id"],
        ondelete="SET NULL",
        postgresql_not_valid=True,
    )
    op.create_foreign_key(
        "fk_learning_evidence__outcome_id",
        "learning_evidence",
        "decision_outcomes",
        ["outcome_id"],
        ["id"],
        ondelete="RESTRICT",
        postgresql_not_valid=True,
    )


def downgrade() -> None:
    op.execute("UPDATE orders SET decision_id = NULL WHERE decision_id IS NOT NULL")
    op.execute("SET LOCAL tradingdb.maintenance = 'on'")
    op.execute("DELETE FROM learning_evidence WHERE outcome_id IS NOT NULL")
    op.execute("SET LOCAL tradingdb.maintenance = 'off'")
    op.drop_constraint("fk_learning_evidence__outcome_id", "learning_evidence", type_="foreignkey")
    op.drop_constraint("fk_orders__decision_id", "orders", type_="foreignkey")
    op.drop_index(op.f("ix_decision_outcomes__user_id"), table_name="decision_outcomes")
    op.drop_table("decision_outcomes")
    op.drop_index(op.f("ix_decision_evidence__user_id"), table_name="decision_evidence")
    op.drop_index(op.f("ix_decision_evidence__signal_id"), table_name="decision_evidence")
    op.drop_index(op.f("ix_decision_evidence__prediction_id"), table_name="decision_evidence")
    op.drop_index(op.f("ix_decision_evidence__memory_id"), table_name="decision_evidence")
    op.drop_index(op.f("ix_decision_evidence__insight_id"), table_name="decision_evidence")
    op.drop_index(op.f("ix_decision_evidence__entry_id"), table_name="decision_evidence")
    op.drop_index(op.f("ix_decision_evidence__decision_id"), table_name="decision_evidence")
    op.drop_table("decision_evidence")
    op.drop_index(op.f("ix_trading_decisions__user_id"), table_name="trading_decisions")
    op.drop_index(op.f("ix_trading_decisions__strategy_id"), table_name="trading_decisions")
    op.drop_index("ix_trading_decisions__status", table_name="trading_decisions")
    op.drop_index(op.f("ix_trading_decisions__session_key"), table_name="trading_decisions")
    op.drop_index(op.f("ix_trading_decisions__parent_insight_id"), table_name="trading_decisions")
    op.drop_index("ix_trading_decisions__instrument_id_created_at", table_name="trading_decisions")
    op.drop_index(op.f("ix_trading_decisions__agent_id"), table_name="trading_decisions")
    op.drop_index(op.f("ix_trading_decisions__account_id"), table_name="trading_decisions")
    op.drop_table("trading_decisions")
    op.drop_index(op.f("ix_ml_predictions__user_id"), table_name="ml_predictions")
    op.drop_index(
        "ix_ml_predictions__unresolved", table_name="ml_predictions", postgresql_where=sa.text("resolved_at IS NULL")
    )
    op.drop_index(op.f("ix_ml_predictions__session_key"), table_name="ml_predictions")
    op.drop_index("ix_ml_predictions__model_id_made_at", table_name="ml_predictions")
    op.drop_index("ix_ml_predictions__instrument_id_made_at", table_name="ml_predictions")
    op.drop_table("ml_predictions")
    op.drop_index(op.f("ix_ai_insights__user_id"), table_name="ai_insights")
    op.drop_index(op.f("ix_ai_insights__session_key"), table_name="ai_insights")
    op.drop_index("ix_ai_insights__instrument_id_created_at", table_name="ai_insights")
    op.drop_index(op.f("ix_ai_insights__analysis_id"), table_name="ai_insights")
    op.drop_table("ai_insights")
    op.drop_index("ix_ml_models__stage", table_name="ml_models")
    op.drop_index(op.f("ix_ml_models__dataset_id"), table_name="ml_models")
    op.drop_table("ml_models")
    op.drop_index(op.f("ix_ai_analyses__user_id"), table_name="ai_analyses")
    op.drop_index("ix_ai_analyses__instrument_id_created_at", table_name="ai_analyses")
    op.drop_index(op.f("ix_ai_analyses__agent_id"), table_name="ai_analyses")
    op.drop_table("ai_analyses")
