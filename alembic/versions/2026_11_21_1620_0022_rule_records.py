"""Have PostgreSQL keep the record of each rule that of its closed trades.

Why:
    trade_count, win_rate and avg_r_multiple of strategy_rules were kept by whoever closed trades, and were untrue after
    two of them at once. Now statement triggers on trades note which rules a change concerns, and a deferred trigger
    counts these anew at COMMIT, under their locks and in the order of their ids.
Locks:
    SHARE ROW EXCLUSIVE on trades while the triggers are made: writers of trades wait, readers go on. Every rule is
    counted once, which reads the trades.
Safe while old code runs:
    Yes: what it writes into the three columns is overwritten at the COMMIT that closes the next trade of the rule.
Undo:
    Drops triggers and functions; the columns keep what they have.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from alembic import op

if TYPE_CHECKING:
    from collections.abc import Sequence

revision: str = "0022"
down_revision: str | None = "0021"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

CREATE = (
    """
CREATE OR REPLACE FUNCTION tradingdb_rule_record(rule uuid)
RETURNS TABLE (trade_count bigint, win_rate double precision, avg_r_multiple numeric) LANGUAGE sql STABLE AS $$
    SELECT coalesce(record.trades, 0), record.won, record.average_r
    FROM (VALUES (1)) AS always
    LEFT JOIN (
        SELECT
            count(*) AS trades,
            count(*) FILTER (WHERE outcome = 'win')::double precision / count(*) AS won,
            trim_scale((sum(pnl_r) + 0.0000000000000000000000000000000000000000) / nullif(count(pnl_r), 0)) AS average_r
        FROM trades
        WHERE rule_id = rule AND mode IN ('live', 'paper') AND outcome IN ('win', 'loss', 'breakeven')
        GROUP BY mode
        ORDER BY mode
        LIMIT 1
    ) AS record ON true
$$
""",
    """
CREATE OR REPLACE FUNCTION tradingdb_count_rules(rules uuid[]) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM FROM strategy_rules WHERE id = ANY (rules) ORDER BY id FOR NO KEY UPDATE;
    UPDATE strategy_rules AS rule
    SET trade_count = record.trade_count, win_rate = record.win_rate, avg_r_multiple = record.avg_r_multiple
    FROM unnest(rules) AS counted (id) CROSS JOIN LATERAL tradingdb_rule_record(counted.id) AS record
    WHERE rule.id = counted.id;
END
$$
""",
    """
CREATE OR REPLACE FUNCTION tradingdb_note_rules() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    noted text := coalesce(current_setting('tradingdb.rules_to_count', true), '');
    touched uuid[];
BEGIN
    IF TG_OP = 'INSERT' THEN
        touched := ARRAY(
            SELECT DISTINCT rule_id FROM added
            WHERE rule_id IS NOT NULL AND mode <> 'backtest' AND outcome IN ('win', 'loss', 'breakeven')
        );
    ELSIF TG_OP = 'DELETE' THEN
        touched := ARRAY(
            SELECT DISTINCT rule_id FROM removed
            WHERE rule_id IS NOT NULL AND mode <> 'backtest' AND outcome IN ('win', 'loss', 'breakeven')
        );
    ELSIF TG_OP = 'UPDATE' THEN
        touched := ARRAY(
            SELECT DISTINCT rule_id FROM (
                (SELECT id, rule_id, mode, outcome, pnl_r FROM removed
                 EXCEPT SELECT id, rule_id, mode, outcome, pnl_r FROM added)
                UNION ALL
                (SELECT id, rule_id, mode, outcome, pnl_r FROM added
                 EXCEPT SELECT id, rule_id, mode, outcome, pnl_r FROM removed)
            ) AS changed
            WHERE rule_id IS NOT NULL AND mode <> 'backtest' AND outcome IN ('win', 'loss', 'breakeven')
        );
    ELSE
        PERFORM tradingdb_count_rules(ARRAY(SELECT id FROM strategy_rules WHERE trade_count <> 0));
        RETURN NULL;
    END IF;
    IF cardinality(touched) = 0 THEN
        RETURN NULL;
    END IF;
    IF current_setting('tradingdb.rules_count_early', true) = 'on' THEN
        PERFORM tradingdb_count_rules(touched);
    ELSE
        touched := ARRAY(SELECT unnest(touched) UNION SELECT unnest(string_to_array(noted, ',')::uuid[]));
        PERFORM set_config('tradingdb.rules_to_count', array_to_string(touched, ','), true);
    END IF;
    RETURN NULL;
END
$$
""",
    """
CREATE OR REPLACE FUNCTION tradingdb_count_noted_rules() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    noted text := coalesce(current_setting('tradingdb.rules_to_count', true), '');
BEGIN
    IF noted = '' THEN
        PERFORM set_config('tradingdb.rules_count_early', 'on', true);
    ELSE
        PERFORM set_config('tradingdb.rules_to_count', '', true);
        PERFORM tradingdb_count_rules(string_to_array(noted, ',')::uuid[]);
    END IF;
    RETURN NULL;
END
$$
""",
    """
CREATE TRIGGER trades_note_rules_inserted AFTER INSERT ON trades REFERENCING NEW TABLE AS added
FOR EACH STATEMENT EXECUTE FUNCTION tradingdb_note_rules()
""",
    """
CREATE TRIGGER trades_note_rules_updated AFTER UPDATE ON trades
REFERENCING OLD TABLE AS removed NEW TABLE AS added
FOR EACH STATEMENT EXECUTE FUNCTION tradingdb_note_rules()
""",
    """
CREATE TRIGGER trades_note_rules_deleted AFTER DELETE ON trades REFERENCING OLD TABLE AS removed
FOR EACH STATEMENT EXECUTE FUNCTION tradingdb_note_rules()
""",
    """
CREATE TRIGGER trades_note_rules_truncated AFTER TRUNCATE ON trades
FOR EACH STATEMENT EXECUTE FUNCTION tradingdb_note_rules()
""",
    """
CREATE CONSTRAINT TRIGGER trades_rule_record AFTER INSERT OR DELETE OR UPDATE OF rule_id, mode, outcome, pnl_r ON trades
DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION tradingdb_count_noted_rules()
""",
)
DROP = (
    "DROP TRIGGER IF EXISTS trades_rule_record ON trades",
    "DROP TRIGGER IF EXISTS trades_note_rules_truncated ON trades",
    "DROP TRIGGER IF EXISTS trades_note_rules_deleted ON trades",
    "DROP TRIGGER IF EXISTS trades_note_rules_updated ON trades",
    "DROP TRIGGER IF EXISTS trades_note_rules_inserted ON trades",
    "DROP FUNCTION IF EXISTS tradingdb_count_noted_rules()",
    "DROP FUNCTION IF EXISTS tradingdb_note_rules()",
    "DROP FUNCTION IF EXISTS tradingdb_count_rules(uuid[])",
    "DROP FUNCTION IF EXISTS tradingdb_rule_record(uuid)",
)


def upgrade() -> None:
    for statement in CREATE:
        op.execute(statement)
    op.execute("SELECT tradingdb_count_rules(ARRAY(SELECT id FROM strategy_rules))")


def downgrade() -> None:
    for statement in DROP:
        op.execute(statement)
