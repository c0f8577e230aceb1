"""How the database itself is: sizes, use, waiting and what needs care. Partitions count as their table."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import BigInteger, Boolean, Double, Integer, Text, bindparam, text

from tradingdb.core.types import UtcDateTime
from tradingdb.errors import InvalidValueError
from tradingdb.services.reports.scope import at_most

if TYPE_CHECKING:
    from sqlalchemy import TextClause, TextualSelect


def table_sizes(*, limit: int = 50) -> TextualSelect:
    """Tables by size with indexes and TOAST, in bytes. Rows are an estimate; NULL before the first ANALYZE."""
    statement = text(
        """
        SELECT coalesce(pg_partition_root(c.oid), c.oid)::regclass::text AS "table",
               count(*) FILTER (WHERE c.relispartition) AS partitions,
               sum(nullif(c.reltuples, -1)) FILTER (WHERE c.relkind = 'r')::bigint AS rows_estimate,
               sum(pg_table_size(c.oid))::bigint AS table_bytes,
               sum(pg_indexes_size(c.oid))::bigint AS index_bytes,
               sum(pg_total_relation_size(c.oid))::bigint AS total_bytes
        FROM pg_class c
        WHERE c.relkind IN ('r', 'p') AND c.relnamespace = current_schema()::regnamespace
        GROUP BY 1 ORDER BY total_bytes DESC, 1 LIMIT :limit
        """
    ).bindparams(bindparam("limit", at_most(limit), type_=BigInteger))
    return statement.columns(
        table=Text,
        partitions=BigInteger,
        rows_estimate=BigInteger,
        table_bytes=BigInteger,
        index_bytes=BigInteger,
        total_bytes=BigInteger,
    )


def partitions(*, limit: int = 200) -> TextualSelect:
    """Partitions with what they cover, newest first in each table. `covers` is for those that are not of a time."""
    statement = text(
        r"""
        SELECT pg_partition_root(c.oid)::regclass::text AS "table", c.relname::text AS partition,
               (span.ends)[1]::timestamptz AS starts_at, (span.ends)[2]::timestamptz AS ends_at,
               CASE WHEN span.ends IS NULL THEN bounds.said END AS covers,
               nullif(c.reltuples, -1)::bigint AS rows_estimate, pg_total_relation_size(c.oid) AS total_bytes
        FROM pg_class c
        CROSS JOIN LATERAL (SELECT pg_get_expr(c.relpartbound, c.oid) AS said) AS bounds
        LEFT JOIN LATERAL regexp_match(
            bounds.said, 'FROM \(''(\d{4}-[^'']+)''\) TO \(''(\d{4}-[^'']+)''\)'
        ) AS span (ends) ON true
        WHERE c.relkind = 'r' AND c.relispartition AND c.relnamespace = current_schema()::regnamespace
        ORDER BY 1, starts_at DESC, 2 LIMIT :limit
        """
    ).bindparams(bindparam("limit", at_most(limit), type_=BigInteger))
    return statement.columns(
        table=Text,
        partition=Text,
        starts_at=UtcDateTime,
        ends_at=UtcDateTime,
        covers=Text,
        rows_estimate=BigInteger,
        total_bytes=BigInteger,
    )


def index_usage(*, limit: int = 50) -> TextualSelect:
    """Indexes by how often they were used since the statistics were last reset."""
    statement = text(_INDEXES + "ORDER BY scans DESC, bytes DESC, 1, 2 LIMIT :limit")
    return _as_indexes(statement.bindparams(bindparam("limit", at_most(limit), type_=BigInteger)))


def unused_indexes(*, limit: int = 50) -> TextualSelect:
    """Indexes that no query has used since the statistics were last reset, largest first; unique ones guard and stay.

    One on a foreign key may still be needed, for deletes in the table that it points to.
    """
    statement = text(
        _INDEXES + "HAVING sum(s.idx_scan) = 0 AND NOT bool_or(x.indisunique) ORDER BY bytes DESC, 1, 2 LIMIT :limit"
    )
    return _as_indexes(statement.bindparams(bindparam("limit", at_most(limit), type_=BigInteger)))


def connections() -> TextualSelect:
    """Connections to this database, by who holds them and what they do. Ages are in seconds, of the oldest of a row."""
    statement = text(
        """
        SELECT usename::text AS "user", application_name AS application, coalesce(state, 'unknown') AS state,
               count(*) AS connections,
               max(extract(epoch FROM clock_timestamp() - xact_start))::float8 AS transaction_seconds,
               max(extract(epoch FROM clock_timestamp() - backend_start))::float8 AS connected_seconds
        FROM pg_stat_activity
        WHERE datname = current_database() AND backend_type = 'client backend'
        GROUP BY 1, 2, 3 ORDER BY connections DESC, 1, 2, 3
        """
    )
    return statement.columns(
        user=Text,
        application=Text,
        state=Text,
        connections=BigInteger,
        transaction_seconds=Double,
        connected_seconds=Double,
    )


def blocked_sessions() -> TextualSelect:
    """Sessions that wait for a lock, with each session that keeps them waiting; the longest wait first.

    Statements are cut at 500 characters.
    """
    statement = text(
        r"""
        SELECT a.pid, b.pid AS blocked_by, w.mode AS wanted_lock, w.relation::regclass::text AS "table",
               extract(epoch FROM clock_timestamp() - w.waitstart)::float8 AS waiting_seconds,
               left(regexp_replace(a.query, '\s+', ' ', 'g'), 500) AS statement,
               h.state AS blocker_state,
               left(regexp_replace(h.query, '\s+', ' ', 'g'), 500) AS blocker_statement
        FROM pg_stat_activity a
        CROSS JOIN LATERAL unnest(pg_blocking_pids(a.pid)) AS b (pid)
        LEFT JOIN pg_stat_activity h ON h.pid = b.pid
        LEFT JOIN pg_locks w ON w.pid = a.pid AND NOT w.granted
        WHERE a.datname = current_database()
        ORDER BY w.waitstart, a.pid, b.pid
        """
    )
    return statement.columns(
        pid=Integer,
        blocked_by=Integer,
        wanted_lock=Text,
        table=Text,
        waiting_seconds=Double,
        statement=Text,
        blocker_state=Text,
        blocker_statement=Text,
    )


def long_statements(*, seconds: float = 5, limit: int = 50) -> TextualSelect:
    """Statements that run for `seconds` or longer, and transactions that are idle for as long; the oldest first.

    Statements are cut at 500 characters.

    Raises:
        InvalidValueError: `seconds` is negative.
    """
    if not 0 <= seconds < float("inf"):
        raise InvalidValueError(f"{seconds} seconds were asked for: a statement runs for 0 seconds or more.")
    statement = text(
        r"""
        SELECT pid, usename::text AS "user", application_name AS application, state,
               concat_ws(': ', wait_event_type, wait_event) AS waits_for,
               extract(epoch FROM clock_timestamp() - since)::float8 AS seconds,
               extract(epoch FROM clock_timestamp() - xact_start)::float8 AS transaction_seconds,
               left(regexp_replace(query, '\s+', ' ', 'g'), 500) AS statement
        FROM pg_stat_activity
        CROSS JOIN LATERAL (SELECT CASE state WHEN 'active' THEN query_start ELSE state_change END) AS at (since)
        WHERE datname = current_database() AND backend_type = 'client backend' AND state <> 'idle'
          AND pid <> pg_backend_pid() AND extract(epoch FROM clock_timestamp() - since) >= :seconds
        ORDER BY since, pid LIMIT :limit
        """
    ).bindparams(bindparam("seconds", seconds, type_=Double), bindparam("limit", at_most(limit), type_=BigInteger))
    return statement.columns(
        pid=Integer,
        user=Text,
        application=Text,
        state=Text,
        waits_for=Text,
        seconds=Double,
        transaction_seconds=Double,
        statement=Text,
    )


def cache_hit_rate(*, limit: int = 50) -> TextualSelect:
    """Blocks of tables and indexes that were found in PostgreSQL's memory, and that were not; all tables first."""
    statement = text(
        """
        SELECT coalesce(root::regclass::text, '(all)') AS "table", sum(hit)::bigint AS hit, sum(missed)::bigint AS read,
               sum(hit)::float8 / nullif(sum(hit) + sum(missed), 0) AS hit_rate
        FROM (
            SELECT coalesce(pg_partition_root(relid), relid) AS root,
                   coalesce(heap_blks_hit, 0) + coalesce(idx_blks_hit, 0) + coalesce(toast_blks_hit, 0) AS hit,
                   coalesce(heap_blks_read, 0) + coalesce(idx_blks_read, 0) + coalesce(toast_blks_read, 0) AS missed
            FROM pg_statio_user_tables WHERE schemaname = current_schema()
        ) AS blocks
        GROUP BY ROLLUP (root) HAVING grouping(root) = 1 OR sum(hit) + sum(missed) > 0
        ORDER BY grouping(root) DESC, sum(missed) DESC, sum(hit) DESC, 1 LIMIT :limit
        """
    ).bindparams(bindparam("limit", at_most(limit), type_=BigInteger))
    return statement.columns(table=Text, hit=BigInteger, read=BigInteger, hit_rate=Double)


def dead_rows(*, limit: int = 50) -> TextualSelect:
    """Tables and partitions by rows that VACUUM would free, and whether autovacuum is due by the server's settings."""
    statement = text(
        """
        SELECT s.relname::text AS "table", s.n_live_tup AS live_rows, s.n_dead_tup AS dead_rows,
               s.n_dead_tup::float8 / nullif(s.n_live_tup + s.n_dead_tup, 0) AS dead_share,
               s.n_dead_tup > current_setting('autovacuum_vacuum_threshold')::float8
                   + current_setting('autovacuum_vacuum_scale_factor')::float8 * greatest(c.reltuples, 0)
                   AS is_vacuum_due,
               greatest(s.last_vacuum, s.last_autovacuum) AS last_vacuum,
               greatest(s.last_analyze, s.last_autoanalyze) AS last_analyze,
               age(c.relfrozenxid) AS transactions_since_freeze
        FROM pg_stat_user_tables s JOIN pg_class c ON c.oid = s.relid
        WHERE s.schemaname = current_schema() AND c.relkind = 'r'
        ORDER BY s.n_dead_tup DESC, age(c.relfrozenxid) DESC, 1 LIMIT :limit
        """
    ).bindparams(bindparam("limit", at_most(limit), type_=BigInteger))
    return statement.columns(
        table=Text,
        live_rows=BigInteger,
        dead_rows=BigInteger,
        dead_share=Double,
        is_vacuum_due=Boolean,
        last_vacuum=UtcDateTime,
        last_analyze=UtcDateTime,
        transactions_since_freeze=BigInteger,
    )


_INDEXES = """
    SELECT coalesce(pg_partition_root(s.relid), s.relid)::regclass::text AS "table",
           coalesce(pg_partition_root(s.indexrelid), s.indexrelid)::regclass::text AS index,
           sum(s.idx_scan)::bigint AS scans, sum(s.idx_tup_read)::bigint AS rows_read,
           sum(pg_relation_size(s.indexrelid))::bigint AS bytes, bool_or(x.indisunique) AS is_unique
    FROM pg_stat_user_indexes s JOIN pg_index x ON x.indexrelid = s.indexrelid
    WHERE s.schemaname = current_schema()
    GROUP BY 1, 2
"""


def _as_indexes(statement: TextClause) -> TextualSelect:
    return statement.columns(
        table=Text, index=Text, scans=BigInteger, rows_read=BigInteger, bytes=BigInteger, is_unique=Boolean
    )
