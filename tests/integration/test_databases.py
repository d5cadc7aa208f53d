"""The databases that the other tests stand on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import sqlalchemy as sa

from tests import databases

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.new_database


def ask(url: str, *statements: str) -> object:
    """Run the statements in one transaction, and return the last one's first value."""
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    with engine.begin() as connection:
        *others, last = map(sa.text, statements)
        for statement in others:
            connection.execute(statement)
        answer: object = connection.execute(last).scalar()
    return answer


def test_database_url_names_an_empty_database_that_keeps_japanese(database_url: str) -> None:
    made = "CREATE TABLE cities (name TEXT)"
    assert ask(database_url, made, "INSERT INTO cities VALUES ('大阪') RETURNING name") == "大阪"


def test_postgresql_sorts_by_language_unless_told_otherwise(postgresql_url: str) -> None:
    assert ask(postgresql_url, "SELECT 'a' < 'B'") is True
    assert ask(postgresql_url, "SELECT 'a' COLLATE \"C\" < 'B'") is False


def test_postgresql_is_durable_and_on_loopback_only(postgresql_url: str) -> None:
    assert ask(postgresql_url, "SHOW fsync") == "on"
    assert ask(postgresql_url, "SHOW listen_addresses") == "127.0.0.1"


def test_database_can_be_a_copy_of_another(postgresql: databases.Cluster) -> None:
    first = postgresql.create_database("first_of_two")
    ask(first, "CREATE TABLE cities AS SELECT '札幌' AS name", "SELECT 1")
    second = postgresql.create_database("second_of_two", template="first_of_two")
    assert ask(second, "SELECT name FROM cities") == "札幌"
    for name in ("first_of_two", "second_of_two"):
        postgresql.drop_database(name)


def test_missing_postgresql_is_a_failure_that_names_the_remedy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(databases, "PROGRAMS", tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(databases.PostgreSQLMissingError, match="make test"):
        databases.postgresql_programs()
