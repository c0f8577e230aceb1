"""Settings come from the environment, a bad one is named, and a password is never shown."""

from __future__ import annotations

import traceback
from pathlib import Path

import pytest

from tradingdb.embedded import data_dir_from
from tradingdb.errors import ConfigurationError
from tradingdb.settings import Environment, Settings

SECRET = "s3cr3t"


@pytest.fixture(autouse=True)
def empty_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("DATABASE_URL", *(f"TRADINGDB_{field.upper()}" for field in Settings.model_fields)):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)


def test_without_an_environment_the_settings_are_those_of_development() -> None:
    found = Settings.load()
    assert found.model_dump() == {
        "database_url": None,
        "environment": Environment.DEVELOPMENT,
        "data_dir": None,
        "embedded_postgres": 18,
        "resettable_hosts": (),
        "pgbouncer": False,
    }
    assert not found.in_production
    assert data_dir_from(found).is_absolute()


def test_every_setting_can_be_given_by_the_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("DATABASE_URL", f"postgresql://user:{SECRET}@h/db")
    monkeypatch.setenv("TRADINGDB_ENVIRONMENT", "production")
    monkeypatch.setenv("TRADINGDB_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("TRADINGDB_EMBEDDED_POSTGRES", "16")
    monkeypatch.setenv("TRADINGDB_RESETTABLE_HOSTS", "ci-1.example.com, ci-2.example.com ,")
    monkeypatch.setenv("TRADINGDB_PGBOUNCER", "yes")
    found = Settings.load()
    assert found.database_url is not None
    assert found.database_url.get_secret_value() == f"postgresql://user:{SECRET}@h/db"
    assert found.in_production
    assert found.embedded_postgres == 16
    assert found.resettable_hosts == ("ci-1.example.com", "ci-2.example.com")
    assert found.pgbouncer
    assert data_dir_from(found) == tmp_path


def test_a_file_in_the_working_directory_gives_what_the_environment_does_not(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / ".env").write_text("TRADINGDB_ENVIRONMENT=staging\nTRADINGDB_PGBOUNCER=true\nOTHER=1\n")
    monkeypatch.setenv("TRADINGDB_PGBOUNCER", "false")
    found = Settings.load()
    assert (found.environment, found.pgbouncer) == (Environment.STAGING, False)


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("TRADINGDB_ENVIRONMENT", "prod"),
        ("TRADINGDB_ENVIRONMENT", ""),
        ("TRADINGDB_EMBEDDED_POSTGRES", "17"),
        ("TRADINGDB_EMBEDDED_POSTGRES", "eighteen"),
        ("TRADINGDB_PGBOUNCER", "maybe"),
    ],
)
@pytest.mark.parametrize("in_file", [False, True], ids=["environment", "file"])
def test_a_value_that_cannot_be_used_is_refused_by_the_name_of_its_variable(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, variable: str, value: str, in_file: bool
) -> None:
    if in_file:
        (tmp_path / ".env").write_text(f"{variable}={value}\nDATABASE_URL=postgresql://user:{SECRET}@h/db\n")
    else:
        monkeypatch.setenv(variable, value)
        monkeypatch.setenv("DATABASE_URL", f"postgresql://user:{SECRET}@h/db")
    with pytest.raises(ConfigurationError, match=f"^{variable} cannot be used: ") as caught:
        Settings.load()
    assert SECRET not in "".join(traceback.format_exception(caught.value, limit=0))


def test_the_password_is_in_no_form_that_settings_are_printed_in(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", f"postgresql://user:{SECRET}@h/db")
    found = Settings.load()
    assert SECRET not in f"{found} {found!r} {found.model_dump()} {found.model_dump_json()}"


def test_settings_do_not_change_after_they_are_read() -> None:
    with pytest.raises(ValueError, match="frozen"):
        Settings.load().environment = Environment.PRODUCTION


def test_a_data_folder_may_start_with_the_home_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRADINGDB_DATA_DIR", "~/candles")
    assert data_dir_from(Settings.load()) == Path.home() / "candles"


def test_a_relative_data_folder_is_fixed_to_the_working_directory(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("TRADINGDB_DATA_DIR", "data")
    assert data_dir_from(Settings.load()) == tmp_path / "data"
