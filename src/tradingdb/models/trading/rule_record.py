"""What keeps the record of a rule (`trade_count`, `win_rate`, `avg_r_multiple`) that of its closed trades: triggers.

Trades are noted when they change, and their rules are counted anew at COMMIT, once each and in the order of their ids:
no transaction holds a rule while it works, and none can wait for another in a circle. Why it is done so is told in
`docs/decisions/0015-records-of-rules.md`. Revisions carry the same statements.
"""

from __future__ import annotations

RECORD_FUNCTION = """
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
"""
"""What the trades of a rule say: of live ones, or of those on paper as long as none was live ('live' sorts first).

Never of both together, and never of backtests. The mean is rounded once, behind its 40th decimal or later.
"""

COUNT_FUNCTION = """
CREATE OR REPLACE FUNCTION tradingdb_count_rules(rules uuid[]) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM FROM strategy_rules WHERE id = ANY (rules) ORDER BY id FOR NO KEY UPDATE;
    UPDATE strategy_rules AS rule
    SET trade_count = record.trade_count, win_rate = record.win_rate, avg_r_multiple = record.avg_r_multiple
    FROM unnest(rules) AS counted (id) CROSS JOIN LATERAL tradingdb_rule_record(counted.id) AS record
    WHERE rule.id = counted.id;
END
$$
"""
"""Counts rules anew, under their locks. The UPDATE is a statement of its own, so that it sees what others committed
while the locks were waited for; and it writes rows that stay equal too, so that an older snapshot fails on them.
"""

NOTE_FUNCTION = """
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
"""
"""Notes which rules a statement's trades counted for before and count for now, in a setting of the transaction.

A savepoint that is rolled back takes its notes with it. Where constraints are IMMEDIATE, the row trigger below has
fired before this one and said so: then, and for the rest of the transaction, each statement counts its rules itself.
"""

COUNT_NOTED_FUNCTION = """
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
"""
"""Counts all that was noted, at the first of a transaction's trades; for the others nothing is left to do."""

NOTE_TRIGGERS = [
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
]
"""All but the last only note, and lock nothing; TRUNCATE holds the whole table anyway, and counts at once."""

COUNT_TRIGGER = """
CREATE CONSTRAINT TRIGGER trades_rule_record AFTER INSERT OR DELETE OR UPDATE OF rule_id, mode, outcome, pnl_r ON trades
DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION tradingdb_count_noted_rules()
"""
"""Fires at COMMIT, or at `SET CONSTRAINTS trades_rule_record IMMEDIATE`."""

CREATE_RULE_RECORD = [
    RECORD_FUNCTION,
    COUNT_FUNCTION,
    NOTE_FUNCTION,
    COUNT_NOTED_FUNCTION,
    *NOTE_TRIGGERS,
    COUNT_TRIGGER,
]

DROP_RULE_RECORD = [
    "DROP TRIGGER IF EXISTS trades_rule_record ON trades",
    "DROP TRIGGER IF EXISTS trades_note_rules_truncated ON trades",
    "DROP TRIGGER IF EXISTS trades_note_rules_deleted ON trades",
    "DROP TRIGGER IF EXISTS trades_note_rules_updated ON trades",
    "DROP TRIGGER IF EXISTS trades_note_rules_inserted ON trades",
    "DROP FUNCTION IF EXISTS tradingdb_count_noted_rules()",
    "DROP FUNCTION IF EXISTS tradingdb_note_rules()",
    "DROP FUNCTION IF EXISTS tradingdb_count_rules(uuid[])",
    "DROP FUNCTION IF EXISTS tradingdb_rule_record(uuid)",
]

COUNT_ALL_RULES = "SELECT tradingdb_count_rules(ARRAY(SELECT id FROM strategy_rules))"
"""Makes the records true that were kept before the triggers were there."""
