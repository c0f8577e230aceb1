"""Every form of URL that consoles print leads to the same server, and no message repeats a password."""

from __future__ import annotations

import ssl
import traceback
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.dialects.postgresql.asyncpg import PGDialect_asyncpg

from tradingdb.database import Database
from tradingdb.errors import ConfigurationError
from tradingdb.testing import TEMPLATE
from tradingdb.urls import ConnectionTarget, parse_url

SECRET = "s3cr3t"


def given_to_the_driver(target: ConnectionTarget) -> dict[str, Any]:
    """The keyword arguments that asyncpg.connect gets, from the URL and beside it."""
    _, arguments = PGDialect_asyncpg().create_connect_args(target.url)
    return {"port": 5432, **arguments, **target.connect_args}


@pytest.mark.parametrize(
    "scheme", ["postgres", "postgresql", "postgresql+asyncpg", "postgresql+psycopg", "postgresql+psycopg2"]
)
def test_every_scheme_for_postgresql_means_the_same_server(scheme: str) -> None:
    target = parse_url(f" {scheme}://user:{SECRET}@db.example.com:6000/trading\n")
    assert target.url.drivername == "postgresql+asyncpg"
    assert given_to_the_driver(target) == {
        "user": "user",
        "password": SECRET,
        "host": "db.example.com",
        "port": 6000,
        "database": "trading",
    }


@pytest.mark.parametrize(
    ("query", "connect_args", "server_settings", "pgbouncer"),
    [
        ("", {}, {}, False),
        ("sslmode=require", {"ssl": "require"}, {}, False),
        ("sslmode=disable", {"ssl": "disable"}, {}, False),
        ("ssl=true", {"ssl": "require"}, {}, False),
        ("sslmode=require&channel_binding=require", {"ssl": "require"}, {}, False),
        ("sslmode=require&options=endpoint%3Dep-1-23", {"ssl": "require"}, {"options": "endpoint=ep-1-23"}, False),
        ("options=-c%20search_path%3Dapp", {}, {"options": "-c search_path=app"}, False),
        ("pgbouncer=true&connection_limit=1", {}, {}, True),
        ("pgbouncer=false&pool_timeout=10", {}, {}, False),
        ("schema=app", {}, {"search_path": "app"}, False),
        ("application_name=bot&gssencmode=disable", {}, {"application_name": "bot"}, False),
        ("connect_timeout=7", {"timeout": 7.0}, {}, False),
        ("target_session_attrs=read-write", {"target_session_attrs": "read-write"}, {}, False),
        ("supa=base-pooler.x&keepalives=1&uselibpqcompat=true", {}, {}, False),
    ],
)
def test_the_parameters_that_consoles_print_are_translated(
    query: str, connect_args: dict[str, Any], server_settings: dict[str, str], pgbouncer: bool
) -> None:
    target = parse_url(f"postgresql://user:{SECRET}@db.example.com/trading?{query}")
    place = {"user": "user", "password": SECRET, "host": "db.example.com", "port": 5432, "database": "trading"}
    assert given_to_the_driver(target) == place | connect_args
    assert (target.server_settings, target.pgbouncer) == (server_settings, pgbouncer)


@pytest.mark.parametrize("sslmode", ["sslmode=verify-full&", ""])
def test_the_authorities_of_the_system_verify_certificate_and_host(sslmode: str) -> None:
    context = parse_url(f"postgresql://h/db?{sslmode}sslrootcert=system").connect_args["ssl"]
    assert (context.verify_mode, context.check_hostname) == (ssl.CERT_REQUIRED, True)


def test_the_authorities_of_the_system_sign_any_host_so_the_host_is_checked_in_every_mode() -> None:
    context = parse_url("postgresql://h/db?sslmode=require&sslrootcert=system").connect_args["ssl"]
    assert (context.verify_mode, context.check_hostname) == (ssl.CERT_REQUIRED, True)


def test_tls_that_is_switched_off_stays_off_when_a_root_certificate_is_named() -> None:
    assert parse_url("postgresql://h/db?sslmode=disable&sslrootcert=system").connect_args["ssl"] == "disable"


def test_a_connect_timeout_of_zero_means_no_limit_as_in_libpq() -> None:
    timeout = parse_url("postgresql://h/db?connect_timeout=0").connect_args.get("timeout")
    assert timeout is None or timeout > 0


@settings(deadline=None, max_examples=200)
@given(password=st.text(st.characters(exclude_categories=["Cs"]), min_size=1))
def test_a_percent_encoded_password_arrives_and_is_never_shown(password: str) -> None:
    encoded = "".join(f"%{byte:02X}" for byte in password.encode())
    target = parse_url(f"postgresql://user:{encoded}@db.example.com/trading")
    assert given_to_the_driver(target)["password"] == password
    assert target.label == "the database trading at db.example.com"
    assert "user:***@" in repr(target)


@pytest.mark.parametrize(
    ("url", "hosts", "ports", "is_local"),
    [
        ("postgresql://u:p@a:5432,b:6000/db", ["a", "b"], [5432, 6000], False),
        ("postgresql://u:p@a,b/db", ["a", "b"], [5432, 5432], False),
        ("postgresql://u:p@a,b:6000/db?sslmode=require", ["a", "b"], [5432, 6000], False),
        ("postgresql://localhost:5432,127.0.0.1:5433/db", ["localhost", "127.0.0.1"], [5432, 5433], True),
        ("postgresql://localhost:5432,db.example.com:5432/db", ["localhost", "db.example.com"], [5432, 5432], False),
        ("postgresql://u:p@[::1]:5432,[fe80::1]:6000/db", ["::1", "fe80::1"], [5432, 6000], False),
        (
            "postgresql:///db?host=/run/a,db.example.com&port=5432,6000",
            ["/run/a", "db.example.com"],
            [5432, 6000],
            False,
        ),
        ("postgresql:///db?host=/run/a&host=/run/b", ["/run/a", "/run/b"], [5432, 5432], True),
    ],
)
def test_several_hosts_are_all_given_to_the_driver_and_all_count_as_hosts(
    url: str, hosts: list[str], ports: list[int], is_local: bool
) -> None:
    target = parse_url(url)
    arguments = given_to_the_driver(target)
    assert (list(arguments["host"]), list(arguments["port"])) == (hosts, ports)
    assert (target.hosts, target.is_local) == (tuple(hosts), is_local)


@pytest.mark.parametrize(
    ("url", "host", "is_local"),
    [
        ("postgresql://u:p@[::1]:5433/db", "::1", True),
        ("postgresql://u:p@[2001:db8::1]/db", "2001:db8::1", False),
        ("postgresql://u:p@127.0.0.1/db", "127.0.0.1", True),
        ("postgresql://u:p@localhost.example.com/db", "localhost.example.com", False),
        ("postgresql:///db?host=/var/run/postgresql", "/var/run/postgresql", True),
        ("postgresql://u:p@/db?host=/cloudsql/project:region:instance", "/cloudsql/project:region:instance", True),
        ("postgresql://u@%2Fvar%2Frun%2Fpostgresql/db", "/var/run/postgresql", True),
        ("postgresql://localhost/db?host=db.example.com", "db.example.com", False),
    ],
)
def test_the_host_that_counts_as_local_is_the_one_that_is_connected_to(url: str, host: str, is_local: bool) -> None:
    target = parse_url(url)
    assert given_to_the_driver(target)["host"] == host
    assert (target.hosts, target.is_local) == ((host,), is_local)


def test_a_host_from_the_driver_s_environment_does_not_count_as_local(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PGHOST", "db.example.com")
    target = parse_url("postgresql:///db")
    connects_to = given_to_the_driver(target).get("host", "db.example.com")
    assert target.hosts == (connects_to,)
    assert target.is_local is (connects_to == "localhost")


def test_another_database_of_the_same_server_keeps_everything_else() -> None:
    target = parse_url(f"postgresql://u:{SECRET}@h:1/db?sslmode=require&schema=app&pgbouncer=true")
    other = target.with_database("other")
    assert other.database == "other"
    assert given_to_the_driver(other) == {**given_to_the_driver(target), "database": "other"}
    assert given_to_the_driver(other)["ssl"] == "require"
    assert (other.server_settings, other.pgbouncer) == ({"search_path": "app"}, True)


@pytest.mark.parametrize(
    ("url", "says"),
    [
        (f"mysql://user:{SECRET}@h/db", "mysql://.*use postgresql://"),
        (f"sqlite:///{SECRET}.db", "sqlite://"),
        (f"postgresql://user:{SECRET}@h/db?sslmod=require", "not known: sslmod"),
        (f"postgresql://user:{SECRET}@h/db?password={SECRET}", "not known: password"),
        (f"postgresql://user:{SECRET}@h/db?sslmode=REQUIRED", "sslmode=REQUIRED; these exist: allow, disable"),
        (f"postgresql://user:{SECRET}@h/db?connect_timeout=soon", "connect_timeout=soon"),
        (f"postgresql://user:{SECRET}@h/db?target_session_attrs=primry", "target_session_attrs"),
        (f"postgresql://user:{SECRET}@h/db?sslrootcert=/no/such.pem", "certificate of DATABASE_URL.*No such file"),
        (f"postgresql://user:{SECRET}@h:port/db", "cannot be read"),
        (f"postgresql://user:half@{SECRET}@h/db", "percent-encoded"),
        (f"psql 'postgresql://user:{SECRET}@h/db'", "cannot be read"),
        (f"host=h password={SECRET}", "cannot be read"),
        ("", "cannot be read"),
    ],
)
def test_a_url_that_cannot_be_used_is_refused_without_repeating_the_password(url: str, says: str) -> None:
    with pytest.raises(ConfigurationError, match=says) as caught:
        parse_url(url)
    assert SECRET not in "".join(traceback.format_exception(caught.value, limit=0))


@pytest.mark.parametrize(
    ("parameters", "setting", "value"),
    [
        ("schema=pg_temp", "search_path", "pg_temp"),
        ("options=-c%20geqo%3Doff", "geqo", "off"),
        ("application_name=bot", "application_name", "bot"),
        ("sslmode=prefer&channel_binding=prefer&connection_limit=1", "timezone", "UTC"),
    ],
)
async def test_parameters_of_the_url_reach_the_server(
    server: ConnectionTarget, parameters: str, setting: str, value: str
) -> None:
    url = server.with_database(TEMPLATE).url.render_as_string(hide_password=False)
    async with Database(f"{url}&{parameters}") as database, database.read() as session:
        assert await session.scalar(text("SELECT current_setting(:name)"), {"name": setting}) == value
