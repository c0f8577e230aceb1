"""Database URLs: whatever a cloud console prints, in the form that SQLAlchemy and asyncpg take.

libpq's parameters are translated where asyncpg has the same thing under another name, ignored where they tune only
libpq or another client, and refused by name where nobody knows them: a mistyped `sslmode` must not mean "no TLS".
"""

from __future__ import annotations

import re
import ssl
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

from tradingdb.errors import ConfigurationError

_DRIVERS = {"postgres", "postgresql", "postgresql+asyncpg", "postgresql+psycopg", "postgresql+psycopg2"}
_SSL_MODES = {"disable", "allow", "prefer", "require", "verify-ca", "verify-full"}
_FLAGS_THAT_TUNE_OTHER_CLIENTS = {
    "channel_binding",
    "connection_limit",
    "gssencmode",
    "keepalives",
    "keepalives_count",
    "keepalives_idle",
    "keepalives_interval",
    "load_balance_hosts",
    "pool_timeout",
    "prepared_statements",
    "prepare_threshold",
    "sslnegotiation",
    "supa",
    "tcp_user_timeout",
    "uselibpqcompat",
}
_TLS_PARAMETERS = ("sslmode", "ssl", "sslrootcert", "sslcert", "sslkey", "sslpassword")
_LOCAL_HOSTS = {"localhost", "127.0.0.1", "::1"}


@dataclass(frozen=True, slots=True)
class ConnectionTarget:
    """Where to connect and how, as read from a URL."""

    url: URL
    """`postgresql+asyncpg://`, without parameters that asyncpg does not take."""
    connect_args: dict[str, Any] = field(default_factory=dict)
    """Keyword arguments of `asyncpg.connect`."""
    server_settings: dict[str, str] = field(default_factory=dict)
    """Parameters for the server, such as `search_path`."""
    pgbouncer: bool = False
    """The URL says that PgBouncer is in between."""

    @property
    def label(self) -> str:
        """The URL for people: without password."""
        return self.url.render_as_string(hide_password=True)

    @property
    def database(self) -> str:
        """The name of the database."""
        return self.url.database or self.url.username or ""

    @property
    def hosts(self) -> tuple[str, ...]:
        """Every host that the URL names; a path is the folder of a Unix socket."""
        hosts = self.url.query.get("host", ())
        named = (hosts,) if isinstance(hosts, str) else hosts
        return tuple(host.rsplit(":", 1)[0] if not host.startswith("/") else host for host in named) or (
            self.url.host or "localhost",
        )

    @property
    def is_local(self) -> bool:
        """Whether every host is this machine."""
        return all(host.startswith("/") or host in _LOCAL_HOSTS for host in self.hosts)

    def with_database(self, name: str) -> ConnectionTarget:
        """The same server and login, another database."""
        return ConnectionTarget(self.url.set(database=name), self.connect_args, self.server_settings, self.pgbouncer)


def parse_url(text: str) -> ConnectionTarget:
    """Read a database URL.

    Raises:
        ConfigurationError: it is no PostgreSQL URL, or has a parameter that nobody knows; passwords are not repeated.
    """
    try:
        url = make_url(_hosts_into_query(text.strip()))
    except (ArgumentError, ValueError):
        raise ConfigurationError(
            "DATABASE_URL cannot be read: it looks like postgresql://user:password@host:5432/database "
            "(special characters in the password are percent-encoded)."
        ) from None
    if url.drivername not in _DRIVERS:
        raise ConfigurationError(
            f"DATABASE_URL starts with {url.drivername}://, and this is a library for PostgreSQL: use postgresql://."
        )
    parameters = {key: value if isinstance(value, str) else value[-1] for key, value in url.query.items()}
    hosts = {key: url.query[key] for key in ("host", "port") if key in url.query}
    for key in hosts:
        parameters.pop(key)
    for key in _FLAGS_THAT_TUNE_OTHER_CLIENTS:
        parameters.pop(key, None)

    connect_args = _tls(parameters)
    server_settings = _server_settings(parameters)
    if (timeout := parameters.pop("connect_timeout", None)) is not None:
        connect_args["timeout"] = _number("connect_timeout", timeout)
    if (which := parameters.pop("target_session_attrs", None)) is not None:
        connect_args["target_session_attrs"] = which
    pgbouncer = parameters.pop("pgbouncer", "false").lower() in {"true", "1", "yes"}
    if parameters:
        raise ConfigurationError(f"DATABASE_URL has a parameter that is not known: {min(parameters)}.")
    return ConnectionTarget(
        url.set(drivername="postgresql+asyncpg", query=hosts), connect_args, server_settings, pgbouncer
    )


def _hosts_into_query(text: str) -> str:
    """`//user@a:1,b:2/db` is libpq's form for several hosts; SQLAlchemy takes them as `?host=a:1&host=b:2`."""
    match = re.fullmatch(r"(?P<start>[\w+]+://(?:[^@/?]*@)?)(?P<hosts>[^/?@]+,[^/?@]+)(?P<rest>[/?].*|)", text)
    if match is None:
        return text
    path, _, query = match["rest"].partition("?")
    hosts = "&".join(f"host={host}" for host in match["hosts"].split(","))
    return f"{match['start']}{path or '/'}?{hosts}{'&' + query if query else ''}"


def _tls(parameters: dict[str, str]) -> dict[str, Any]:
    given = {key: parameters.pop(key) for key in _TLS_PARAMETERS if key in parameters}
    mode = given.get("sslmode") or given.get("ssl")
    mode = {"true": "require", "1": "require", "false": "disable", "0": "disable"}.get(mode or "", mode)
    if mode is not None and mode not in _SSL_MODES:
        raise ConfigurationError(f"DATABASE_URL has sslmode={mode}; these exist: {', '.join(sorted(_SSL_MODES))}.")
    root, certificate = given.get("sslrootcert"), given.get("sslcert")
    if root is None and certificate is None:
        return {} if mode is None else {"ssl": mode}
    context = ssl.create_default_context()
    context.check_hostname = mode == "verify-full" or (mode is None and root == "system")
    try:
        if root not in {None, "system"}:
            context.load_verify_locations(root)
        elif root is None and mode not in {"verify-ca", "verify-full"}:
            context.verify_mode = ssl.CERT_NONE
        if certificate is not None:
            context.load_cert_chain(certificate, given.get("sslkey"), given.get("sslpassword"))
    except (OSError, ssl.SSLError) as error:
        raise ConfigurationError(f"A certificate of DATABASE_URL cannot be used: {error.strerror or error}.") from None
    return {"ssl": context}


def _server_settings(parameters: dict[str, str]) -> dict[str, str]:
    given = {key: parameters.pop(key, None) for key in ("application_name", "options", "search_path", "schema")}
    given["search_path"] = given["search_path"] or given.pop("schema")
    return {key: value for key, value in given.items() if value is not None and key != "schema"}


def _number(name: str, text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise ConfigurationError(f"DATABASE_URL has {name}={text}, which is not a number.") from None
