"""Where the files are that tests read and run."""

from __future__ import annotations

from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[1]
SETUP_SCRIPT = CHECKOUT / "scripts" / "setup_database.py"
SHARED_DATA = CHECKOUT.parent / "shared" / "data"
