"""Where commands end: errors become one line and an exit code, never a traceback."""

from __future__ import annotations

import asyncio
import os
import sys
from typing import TYPE_CHECKING, Any, TypeVar

import typer
from typer.exceptions import TyperException

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
        code = command()
        sys.stdout.flush()
    except TradingDBError as error:
        _say(str(error))
        code = error.exit_code
    except TyperException as error:
        if error.format_message().strip():  # empty where a command was expected, and the help was shown
            _say(f"{error.format_message()} See --help.")
        code = error.exit_code
    except (KeyboardInterrupt, typer.Abort):
        code = INTERRUPTED
    except (BrokenPipeError, SystemExit) as error:
        if not isinstance(error, BrokenPipeError) and not isinstance(error.__context__, BrokenPipeError):
            raise
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = BROKEN_PIPE
    except Exception as error:
        if os.environ.get(DEBUG):
            raise
        state = f" (sqlstate {state})" if (state := sqlstate_of(error)) else ""
        _say(f"{type(error).__name__}{state}: this is a defect of tradingdb; set {DEBUG}=1 to see where it happened.")
        code = DEFECT
    if code == INTERRUPTED:  # Typer turns Ctrl-C into this code, and says nothing
        _say("Interrupted; transactions that were not finished were rolled back.")
    raise SystemExit(code)


def run_app(app: typer.Typer) -> None:
    """The same for a Typer app, which would otherwise handle interruptions and broken pipes in its own way."""
    run_command(lambda: app(standalone_mode=False))


def wait_for(work: Coroutine[Any, Any, T]) -> T:
    """Run asynchronous work to its end; Ctrl-C cancels it, so that transactions are rolled back."""
    return asyncio.run(work)


def _say(sentence: str) -> None:
    sys.stderr.write(f"error: {sentence}\n")
