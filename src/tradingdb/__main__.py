"""Where the `tradingdb` command, which is also `python -m tradingdb`, starts."""

from __future__ import annotations

import gc
import importlib
import sys


def main() -> None:
    """Import the commands, which takes a moment and may be interrupted like everything else, and run one."""
    gc.disable()
    try:
        cli = importlib.import_module("tradingdb.cli")
    except KeyboardInterrupt:
        sys.stderr.write("error: Interrupted; nothing was done yet.\n")
        raise SystemExit(130) from None
    gc.freeze()  # what is imported stays: looking for garbage in it takes a third of a short command's time
    gc.enable()
    cli.main()


if __name__ == "__main__":
    main()
