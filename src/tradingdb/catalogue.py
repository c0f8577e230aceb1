"""What a schema is, as PostgreSQL itself prints it.

Alembic compares names; this compares definitions. Two schemas on one server are equal if and only if their snapshots
are, down to CHECK expressions, index predicates, comments, triggers and partition keys.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import text

if TYPE_CHECKING:
    from sqlalchemy import Connection

Snapshot = dict[str, str]
"""Object name to definition, for example `column users.email` to `text not null`."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One object that is not as expected. None stands for: not there."""

    object: str
    expected: str | None
    actual: str | None

    def __str__(self) -> str:
        if self.actual is None:
            return f"{self.object} is missing"
        if self.expected is None:
            return f"{self.object} is not part of the schema"
        return f"{self.object} is {self.actual}, expected {self.expected}"


def snapshot(connection: Connection, schema: str | None = None) -> Snapshot:
    """Every object of a schema (default: the current one). Partitions are left out: they come and go with the data."""
    rows = connection.execute(_OBJECTS, {"schema": schema})
    return {row.object: row.definition for row in rows}


def compare(expected: Snapshot, actual: Snapshot) -> list[Difference]:
    """How `actual` differs, among the tables that `expected` has; other tables are somebody else's."""
    ours = {name.split()[1] for name in expected if name.startswith("table ")}

    def is_ours(name: str) -> bool:
        return name in expected or name.split()[1].partition(".")[0] in ours

    return [
        Difference(name, expected.get(name), actual.get(name))
        for name in sorted(expected.keys() | {name for name in actual if is_ours(name)})
        if expected.get(name) != actual.get(name)
    ]


_OBJECTS = text(
    """
WITH tables AS (
    SELECT c.oid, c.relname, c.relkind, c.relpersistence, c.relrowsecurity
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname = coalesce(:schema, current_schema()) AND c.relkind IN ('r', 'p') AND NOT c.relispartition
      AND c.relname <> 'tradingdb_version'
)
SELECT 'table ' || relname AS object,
       concat_ws(' ',
           CASE relkind WHEN 'p' THEN 'partitioned by ' || pg_get_partkeydef(oid) ELSE 'plain' END,
           CASE relpersistence WHEN 'u' THEN 'unlogged' END,
           CASE WHEN relrowsecurity THEN 'row level security' END,
           'comment ' || obj_description(oid, 'pg_class')) AS definition
FROM tables
UNION ALL
SELECT 'column ' || t.relname || '.' || a.attname,
       concat_ws(' ',
           format_type(a.atttypid, a.atttypmod),
           CASE WHEN a.attnotnull THEN 'not null' END,
           CASE WHEN a.attcollation <> y.typcollation THEN 'collate ' || k.collname END,
           CASE a.attidentity WHEN 'a' THEN 'identity always' WHEN 'd' THEN 'identity' END,
           CASE a.attgenerated WHEN 's' THEN 'stored' WHEN 'v' THEN 'virtual' END,
           CASE WHEN a.attstorage <> y.typstorage THEN 'storage ' || CASE a.attstorage
               WHEN 'p' THEN 'plain' WHEN 'm' THEN 'main' WHEN 'e' THEN 'external' ELSE 'extended' END END,
           'default ' || pg_get_expr(d.adbin, d.adrelid, true),
           'comment ' || col_description(t.oid, a.attnum))
FROM tables t
JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum > 0 AND NOT a.attisdropped
JOIN pg_type y ON y.oid = a.atttypid
LEFT JOIN pg_collation k ON k.oid = a.attcollation
LEFT JOIN pg_attrdef d ON d.adrelid = t.oid AND d.adnum = a.attnum
UNION ALL
SELECT 'constraint ' || t.relname || '.' || c.conname,
       pg_get_constraintdef(c.oid, true) || CASE WHEN c.convalidated THEN '' ELSE ' NOT VALID' END
FROM tables t
JOIN pg_constraint c ON c.conrelid = t.oid AND c.contype IN ('c', 'f', 'p', 'u', 'x') AND c.conparentid = 0
UNION ALL
SELECT 'index ' || t.relname || '.' || i.relname,
       pg_get_indexdef(x.indexrelid, 0, true) || CASE WHEN x.indisvalid THEN '' ELSE ' INVALID' END
FROM tables t JOIN pg_index x ON x.indrelid = t.oid JOIN pg_class i ON i.oid = x.indexrelid
UNION ALL
SELECT 'trigger ' || t.relname || '.' || g.tgname, pg_get_triggerdef(g.oid, true)
FROM tables t JOIN pg_trigger g ON g.tgrelid = t.oid AND NOT g.tgisinternal
UNION ALL
SELECT 'policy ' || t.relname || '.' || p.polname,
       concat_ws(' ', p.polcmd, pg_get_expr(p.polqual, p.polrelid), pg_get_expr(p.polwithcheck, p.polrelid))
FROM tables t JOIN pg_policy p ON p.polrelid = t.oid
UNION ALL
SELECT 'function ' || f.proname, f.prosrc
FROM pg_proc f JOIN pg_namespace n ON n.oid = f.pronamespace
WHERE n.nspname = coalesce(:schema, current_schema()) AND f.proname LIKE 'tradingdb\\_%'
"""
)
