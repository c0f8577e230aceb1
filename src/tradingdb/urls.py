"""Database URLs: whatever a cloud console prints, in the form that SQLAlchemy and asyncpg take.

libpq's parameters are translated where asyncpg has the same thing under another name, ignored where they tune only
libpq or another client, and refused by name where nobody knows them: a mistyped `sslmode` must not mean "no TLS".
"""

from __future__ import annotations

import os
import re
import ssl
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, unquote

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
_SESSION_ATTRIBUTES = {"any", "primary", "standby", "read-write", "read-only", "prefer-standby"}
DEFAULT_PORT, LAST_PORT = 5432, 65_535
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
        """Which database of which server, for people."""
        port = self.url.port or self.url.query.get("port")
        return f"the database {self.database} at {', '.join(self.hosts)}{f', port {port}' if port else ''}"

    @property
    def database(self) -> str:
        """The name of the database."""
        return self.url.database or self.url.username or ""

    @property
    def hosts(self) -> tuple[str, ...]:
        """Every host that may be connected to; a path is the folder of a Unix socket."""
        named = self.connect_args.get("host") or self.url.query.get("host") or self.url.host or "localhost"
        return (named,) if isinstance(named, str) else tuple(named)

    @property
    def is_local(self) -> bool:
        """Whether every host is this machine."""
        return all(is_local(host) for host in self.hosts)

    def with_database(self, name: str) -> ConnectionTarget:
        """The same server and login, another database."""
        return ConnectionTarget(self.url.set(database=name), self.connect_args, self.server_settings, self.pgbouncer)


def is_local(host: str) -> bool:
    """Whether a host is this machine: a Unix socket's folder, or the loopback address."""
    return host.startswith("/") or host in _LOCAL_HOSTS


def parse_url(text: str) -> ConnectionTarget:
    """Read a database URL.

    Raises:
        ConfigurationError: it is no PostgreSQL URL, or has a parameter that nobody knows; passwords are not repeated.
    """
    url = _readable(text)
    parameters = {key: value if isinstance(value, str) else ",".join(value) for key, value in url.query.items()}
    for key in _FLAGS_THAT_TUNE_OTHER_CLIENTS:
        parameters.pop(key, None)
    hosts, ports = _hosts_and_ports(url, parameters)
    connect_args = _tls(parameters) | _attempts(parameters)
    server_settings = _server_settings(parameters)
    pgbouncer = parameters.pop("pgbouncer", "false").lower() in {"true", "1", "yes"}
    if parameters:
        raise ConfigurationError(f"DATABASE_URL has a parameter that is not known: {min(parameters)}.")
    if hosts:
        connect_args |= {"host": hosts if len(hosts) > 1 else hosts[0], "port": ports if len(ports) > 1 else ports[0]}
    return ConnectionTarget(_shown(url, hosts, ports), connect_args, server_settings, pgbouncer)


def _readable(text: str) -> URL:
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
    if "@" in (url.host or ""):
        raise ConfigurationError("DATABASE_URL has an @ in its password or user: it has to be percent-encoded, as %40.")
    return url


def _shown(url: URL, hosts: list[str], ports: list[int]) -> URL:
    """The URL without parameters, with the hosts where people look for them."""
    url = url.set(drivername="postgresql+asyncpg", query={})
    if len(hosts) == 1 and hosts[0].startswith("/"):
        return url._replace(host=None, port=None).set(query={"host": hosts[0], "port": str(ports[0])})
    return url.set(host=",".join(hosts)) if len(hosts) > 1 else url


def _hosts_into_query(text: str) -> str:
    """`//user@a:1,b:2/db` is libpq's form for several hosts, which SQLAlchemy cannot read."""
    match = re.fullmatch(r"(?P<start>[\w+]+://(?:[^@/?]*@)?)(?P<hosts>[^/?@]+,[^/?@]+)(?P<rest>[/?].*|)", text)
    if match is None:
        return text
    path, _, query = match["rest"].partition("?")
    return f"{match['start']}{path or '/'}?host={quote(match['hosts'])}{'&' + query if query else ''}"


def _hosts_and_ports(url: URL, parameters: dict[str, str]) -> tuple[list[str], list[int]]:
    """Every host with its port, from wherever the URL names them; none, where it names none and PGHOST does not."""
    default = str(url.port or os.environ.get("PGPORT") or DEFAULT_PORT)
    named = parameters.pop("host", None) or (unquote(url.host) if url.host else os.environ.get("PGHOST"))
    given_ports = parameters.pop("port", "").split(",")
    if not named:
        return [], []
    hosts, ports = [], []
    for at, entry in enumerate(entry for entry in named.split(",") if entry):
        match = re.fullmatch(
            r"\[(?P<ipv6>[^\]]+)\](:(?P<p6>\d+))?|(?P<path>/.*)|(?P<name>[^:]+)(:(?P<port>\d+))?|.*", entry
        )
        assert match is not None  # noqa: S101 - the last branch takes anything
        beside = given_ports[at] if at < len(given_ports) else given_ports[-1]
        hosts.append(match["ipv6"] or match["path"] or match["name"] or entry)
        ports.append(int(_number("port", match["p6"] or match["port"] or beside or default)))
    if not all(0 < port <= LAST_PORT for port in ports):
        raise ConfigurationError(f"DATABASE_URL has a port that does not exist: ports go from 1 to {LAST_PORT}.")
    return hosts, ports


def _tls(parameters: dict[str, str]) -> dict[str, Any]:
    given = {key: parameters.pop(key) for key in _TLS_PARAMETERS if key in parameters}
    mode = given.get("sslmode") or given.get("ssl")
    mode = {"true": "require", "1": "require", "false": "disable", "0": "disable"}.get(mode or "", mode)
    if mode is not None and mode not in _SSL_MODES:
        raise ConfigurationError(f"DATABASE_URL has sslmode={mode}; these exist: {', '.join(sorted(_SSL_MODES))}.")
    root, certificate = given.get("sslrootcert"), given.get("sslcert")
    if mode == "disable" or (root is None and certificate is None):
        return {} if mode is None else {"ssl": mode}
    context = ssl.create_default_context()
    # the system's authorities sign for anybody, so there the name of the host must be checked too, as libpq does
    context.check_hostname = mode == "verify-full" or root == "system"
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


def _attempts(parameters: dict[str, str]) -> dict[str, Any]:
    """How long to try, and with which of several hosts to be content."""
    found: dict[str, Any] = {}
    if (timeout := _number("connect_timeout", parameters.pop("connect_timeout", "0"))) > 0:
        found["timeout"] = timeout
    if (which := parameters.pop("target_session_attrs", None)) is not None:
        if which not in _SESSION_ATTRIBUTES:
            known = ", ".join(sorted(_SESSION_ATTRIBUTES))
            raise ConfigurationError(f"DATABASE_URL has target_session_attrs={which}; these exist: {known}.")
        found["target_session_attrs"] = which
    return found


def _server_settings(parameters: dict[str, str]) -> dict[str, str]:
    given = {key: parameters.pop(key, None) for key in ("application_name", "options", "search_path", "schema")}
    given["search_path"] = given["search_path"] or given.pop("schema")
    return {key: value for key, value in given.items() if value is not None and key != "schema"}


def _number(name: str, text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise ConfigurationError(f"DATABASE_URL has {name}={text}, which is not a number.") from None
