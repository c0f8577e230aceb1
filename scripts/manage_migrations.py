#!/usr/bin/env python3
"""The schema's history, forward and back: the same as `tradingdb migrate`.

scripts/manage_migrations.py init|current|history|status|check|validate
scripts/manage_migrations.py upgrade [REV|+N] | downgrade REV|-N | stamp REV | sql [REV]
scripts/manage_migrations.py generate "MSG" | create "MSG"
"""

from __future__ import annotations

from tradingdb.cli.boundary import run_app
from tradingdb.cli.migrate import app

if __name__ == "__main__":
    run_app(app)
