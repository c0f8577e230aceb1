"""The column vocabulary: `price: Mapped[Price]` says what a value means; how it is stored is decided here, once."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any
from uuid import UUID

from sqlalchemy import BigInteger, Double, Identity, Integer, SmallInteger, false, func, text, true
from sqlalchemy.orm import mapped_column

from tradingdb.core.ids import uuid7
from tradingdb.core.types import CleanText, ExactNumeric, JsonObject, Sha256, TextArray, UtcDateTime

UuidPK = Annotated[UUID, mapped_column(primary_key=True, default=uuid7)]
"""A key that leaves the system: UUIDv7, made by the client."""

SmallPK = Annotated[int, mapped_column(SmallInteger, Identity(always=False), primary_key=True)]
IntegerPK = Annotated[int, mapped_column(Integer, Identity(always=False), primary_key=True)]
"""Keys of dictionaries, which time series repeat in every row: small, made by the server."""

Price = Annotated[Decimal, mapped_column(ExactNumeric)]
"""Quote currency per unit of base. May be negative (spreads, oil); CHECKs say where it may not."""

Quantity = Annotated[Decimal, mapped_column(ExactNumeric)]
"""Units of base, or contracts."""

Money = Annotated[Decimal, mapped_column(ExactNumeric)]
"""An amount of the currency that a column beside it names."""

Ratio = Annotated[Decimal, mapped_column(ExactNumeric)]
"""A dimensionless exact number, such as an R-multiple or a leverage."""

Share = Annotated[float, mapped_column(Double)]
"""A confidence, score or probability, 0 to 1."""

Code = Annotated[str, mapped_column(CleanText(100))]
"""A short machine name: lower case by convention, indexed or unique."""

Name = Annotated[str, mapped_column(CleanText(300))]
"""A name that people give, indexed or unique."""

Reference = Annotated[str, mapped_column(CleanText(500))]
"""An identifier that somebody else made, such as a venue's order id: any characters, indexed or unique."""

Digest = Annotated[bytes, mapped_column(Sha256)]
"""The SHA-256 of a secret."""

Count = Annotated[int, mapped_column(BigInteger, server_default=text("0"))]

CreatedAt = Annotated[datetime, mapped_column(UtcDateTime, server_default=func.now())]
"""Start of the transaction that stored the row, by the server's clock."""

UpdatedAt = Annotated[datetime, mapped_column(UtcDateTime, server_default=func.now(), onupdate=func.now())]
"""Start of the last transaction that changed the row through the ORM or `bulk.upsert`."""

FalseByDefault = Annotated[bool, mapped_column(server_default=false())]
TrueByDefault = Annotated[bool, mapped_column(server_default=true())]

Texts = Annotated[list[str], mapped_column(TextArray, server_default=text("'{}'"))]
"""A list of texts, empty by default."""

Payload = Annotated[dict[str, Any], mapped_column(JsonObject, server_default=text("'{}'"))]
"""Somebody else's object, kept as it came."""

CText = Annotated[str, mapped_column(CleanText(500, collation="C"))]
"""Text that is compared byte by byte: keys of time series, where a locale would cost time and mean nothing."""
