"""Where commands end: errors become one line and an exit code, never a traceback."""

from __future__ import annotations

import asyncio
import os
import sys
from typing import TYPE_CHECKING, Any, TypeVar

from tradingdb.errors import TradingDBError
from tradingdb.failures import sqlstate_of

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

T = TypeVar("T")

DEBUG = "TRADINGDB_DEBUG"
INTERRUPTED, BROKEN_PIPE, DEFECT = 130, 141, 70


def run_command(command: Callable[[], object]) -> None:
    """Run a command line and exit as `docs/reference/exit-codes.md` says."""
    try:
        command()
        sys.stdout.flush()
    except TradingDBError as error:
        _say(str(error))
        _exit(error.exit_code)
    except KeyboardInterrupt:
        _say("Interrupted; what was not finished was rolled back.")
        _exit(INTERRUPTED)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        _exit(BROKEN_PIPE)
    except Exception as error:
        if os.environ.get(DEBUG):
            raise
        state = f" (sqlstate {state})" if (state := sqlstate_of(error)) else ""
        _say(f"{type(error).__name__}{state}: this is a defect of tradingdb; set {DEBUG}=1 to see where it happened.")
        _exit(DEFECT)


def wait_for(work: Coroutine[Any, Any, T]) -> T:
    """Run asynchronous work to its end; Ctrl-C cancels it, so that transactions are rolled back."""
    return asyncio.run(work)


def _say(sentence: str) -> None:
    sys.stderr.write(f"error: {sentence}\n")


def _exit(code: int) -> None:
    raise SystemExit(code)
