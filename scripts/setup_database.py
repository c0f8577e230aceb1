#!/usr/bin/env python3
"""Make the database: create it if it is missing, its extensions and its tables. Safe to repeat.

    scripts/setup_database.py [--seed development|production]
    scripts/setup_database.py --reset [--yes]
    scripts/setup_database.py --stamp [REV]

The same as `tradingdb db setup`, `reset` and `stamp`.
"""

from __future__ import annotations

import argparse

from tradingdb.cli.boundary import run_command
from tradingdb.cli.db import run_setup
from tradingdb.seeds import World


def main() -> None:
    """Read the arguments, and call."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--reset", action="store_true", help="drop the database with everything in it first")
    what.add_argument(
        "--stamp",
        nargs="?",
        const="head",
        metavar="REV",
        help="mark an existing schema, after verifying that it is one",
    )
    parser.add_argument("--seed", choices=[world.value for world in World], help="fill it")
    parser.add_argument("--yes", "-y", action="store_true", help="do not ask")
    parser.add_argument("--database-url", metavar="URL", help="where PostgreSQL is, instead of DATABASE_URL")
    parser.add_argument("--json", action="store_true", help="print JSON instead of text")
    given = parser.parse_args()
    if given.stamp and given.seed:
        parser.error("argument --seed: not allowed with argument --stamp")
    run_setup(
        url=given.database_url,
        drop_first=given.reset,
        stamp=given.stamp,
        world=World(given.seed) if given.seed else None,
        yes=given.yes,
        as_json=given.json,
    )


if __name__ == "__main__":
    run_command(main)
