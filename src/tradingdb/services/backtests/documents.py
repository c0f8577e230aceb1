"""Files that freqtrade's backtesting writes, as parsed JSON: plain, or inside the zip of newer versions.

Every number with a fraction or an exponent becomes the Decimal that its digits say; none goes through a float.
"""

from __future__ import annotations

import json
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path, PurePosixPath
from typing import Any

from tradingdb.errors import InvalidValueError, UnusableFileError

MOST_BYTES = 1_000_000_000
"""Of JSON inside a zip: a small file that unpacks to more was not written by a backtest."""

DEEPEST = 100
"""Levels of nesting; results have about ten."""

BYTE_ORDER_MARK = "\ufeff"


@dataclass(frozen=True, slots=True)
class ResultDocument:
    """The parsed JSON of a result, the name to say where it is wrong, and the exchange if the file tells it."""

    name: str
    content: Mapping[str, Any]
    exchange: str | None = None

    def metadata_of(self, strategy: str) -> Mapping[str, Any]:
        """What stands beside the results of a strategy: in older files the engine's run_id and when it started."""
        metadata = self.content.get("metadata")
        told = metadata.get(strategy) if isinstance(metadata, Mapping) else None
        return told if isinstance(told, Mapping) else {}

    def refused(self, place: str, reason: str) -> UnusableFileError:
        """The error that names file, place and reason."""
        where = f"{self.name}, {place}" if place else self.name
        return UnusableFileError(f"{where}: {reason}. Nothing was stored.")


def read_document(source: Path | str | Mapping[str, Any]) -> ResultDocument:
    """The document of a file, or of what was parsed already (with `parse_float=Decimal`).

    A zip is what newer versions write: `NAME.json` with the results, `NAME_config.json` with the configuration, from
    which the exchange's name is taken, and the strategies' files. What a member is, its content decides.

    Raises:
        UnusableFileError: it cannot be read, is not JSON, or holds a float, NaN or infinity.
    """
    if isinstance(source, Mapping):
        document = ResultDocument("the given result", source)
    else:
        path = Path(source)
        try:
            document = _of_zip(path) if zipfile.is_zipfile(path) else _of_json(path)
        except OSError as error:
            raise UnusableFileError(f"{path}: it cannot be read ({error.strerror}). Nothing was stored.") from None
        except (InvalidValueError, zipfile.BadZipFile, zlib.error) as error:
            reason = str(error).rstrip(".") if isinstance(error, InvalidValueError) else "the zip is damaged"
            raise UnusableFileError(f"{path}: {reason}. Nothing was stored.") from None
    _refuse_inexact(document, document.content, ())
    return document


def _of_json(path: Path) -> ResultDocument:
    content = _parsed(path.read_bytes(), "it")
    if not isinstance(content, dict):
        raise InvalidValueError("it is no object with the results of strategies (freqtrade 2021.1 and later write one)")
    return ResultDocument(str(path), content)


def _of_zip(path: Path) -> ResultDocument:
    results: dict[str, dict[str, Any]] = {}
    exchange: str | None = None
    with zipfile.ZipFile(path) as archive:
        for member in archive.infolist():
            if PurePosixPath(member.filename).suffix.lower() != ".json":
                continue
            if member.file_size > MOST_BYTES:
                raise InvalidValueError(f"{member.filename} in it unpacks to more than {MOST_BYTES:,} bytes")
            try:
                content = _parsed(archive.read(member), f"{member.filename} in it")
            except RuntimeError:
                raise InvalidValueError(f"{member.filename} in it is encrypted") from None
            if not isinstance(content, dict):
                continue
            if isinstance(content.get("strategy"), dict):
                results[member.filename] = content
            exchange = exchange or _exchange_of(content)
    if len(results) != 1:
        raise InvalidValueError(f"{len(results) or 'no'} JSON files with results of strategies are in it, not one")
    ((name, content),) = results.items()
    return ResultDocument(f"{path}, {name}", content, exchange)


def _exchange_of(config: dict[str, Any]) -> str | None:
    """The name of the exchange, as the configuration of a bot gives it."""
    exchange = config.get("exchange")
    name = exchange.get("name") if isinstance(exchange, dict) else None
    return name.lower() if isinstance(name, str) and name.strip() else None


def _parsed(content: bytes, what: str) -> Any:
    try:
        text = content.decode().removeprefix(BYTE_ORDER_MARK)
    except UnicodeDecodeError:
        raise InvalidValueError(f"{what} is not UTF-8 text") from None
    if not text.strip():
        raise InvalidValueError(f"{what} is empty")
    try:
        return json.loads(text, parse_float=Decimal, parse_constant=Decimal)
    except json.JSONDecodeError as error:
        raise InvalidValueError(
            f"{what} is not JSON (line {error.lineno}, column {error.colno}: {error.msg})"
        ) from None
    except RecursionError:
        raise InvalidValueError(f"{what} is JSON that is nested too deeply") from None
    except ValueError:
        raise InvalidValueError(f"{what} has a whole number of more than 4,300 digits") from None


def _refuse_inexact(document: ResultDocument, value: Any, at: tuple[str | int, ...]) -> None:
    """Refuse NaN, infinity and floats wherever they stand: what cannot be kept exactly is not half kept."""
    if len(at) > DEEPEST:
        raise document.refused(place_of(at[:4]), "it is JSON that is nested too deeply")
    if isinstance(value, Mapping):
        for key, item in value.items():
            _refuse_inexact(document, item, (*at, key))
    elif isinstance(value, (list, tuple)):
        for index, item in enumerate(value):
            _refuse_inexact(document, item, (*at, index))
    elif isinstance(value, float):
        raise document.refused(place_of(at), "it is a float; parse the JSON with parse_float=Decimal, or give the path")
    elif isinstance(value, Decimal) and not value.is_finite():
        raise document.refused(place_of(at), f"it is {value}, which is no amount")


def place_of(path: tuple[str | int, ...]) -> str:
    """A path into a document as people write it: `strategy.Name.trades[17].open_rate`."""
    told = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)
    return told.removeprefix(".")
