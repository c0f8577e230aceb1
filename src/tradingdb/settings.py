"""Settings, from the environment and from a `.env` file in the working directory. Nothing is read at import."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path  # noqa: TC003 - pydantic evaluates the annotation
from typing import Annotated, Literal, Self

import platformdirs
from pydantic import BeforeValidator, Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from tradingdb.errors import ConfigurationError


def _whole_number(value: object) -> object:
    """Variables are text, and a Literal takes only the number itself."""
    return int(value) if isinstance(value, str) and value.isdecimal() else value


class Environment(StrEnum):
    """Where this process runs. Production refuses what development may do."""

    DEVELOPMENT = "development"
    TEST = "test"
    STAGING = "staging"
    PRODUCTION = "production"


class Settings(BaseSettings):
    """What can be set from outside. Every name except `DATABASE_URL` has the prefix `TRADINGDB_`."""

    model_config = SettingsConfigDict(
        env_prefix="TRADINGDB_",
        env_file=".env",
        extra="ignore",
        frozen=True,
        hide_input_in_errors=True,
        populate_by_name=True,
    )

    database_url: SecretStr | None = Field(default=None, validation_alias="DATABASE_URL")
    """Where PostgreSQL is. Unset: the embedded PostgreSQL."""

    environment: Environment = Environment.DEVELOPMENT

    data_dir: Path | None = None
    """Where the embedded PostgreSQL keeps its data. Unset: the platform's user data folder."""

    embedded_postgres: Annotated[Literal[16, 18], BeforeValidator(_whole_number)] = 18
    """Major version of the embedded PostgreSQL."""

    resettable_hosts: Annotated[tuple[str, ...], NoDecode] = ()
    """Hosts, besides this machine, whose databases may be dropped by a reset. Comma-separated."""

    pgbouncer: bool = False
    """Connections pass through PgBouncer in transaction mode."""

    @field_validator("resettable_hosts", mode="before")
    @classmethod
    def _split_hosts(cls, value: object) -> object:
        if isinstance(value, str):
            return tuple(host.strip() for host in value.split(",") if host.strip())
        return value

    @classmethod
    def load(cls) -> Self:
        """Read the environment now.

        Raises:
            ConfigurationError: a variable has a value that cannot be used; the message names the variable.
        """
        try:
            return cls()
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            field = str(first["loc"][0]) if first["loc"] else "settings"
            variable = field if field == "DATABASE_URL" else f"TRADINGDB_{field.upper()}"
            raise ConfigurationError(f"{variable} cannot be used: {first['msg']}.") from None

    @property
    def in_production(self) -> bool:
        """Whether destructive and convenience features are refused."""
        return self.environment is Environment.PRODUCTION

    @property
    def user_data_dir(self) -> Path:
        """Where data goes when `data_dir` is not set."""
        return platformdirs.user_data_path("tradingdb", appauthor=False)
