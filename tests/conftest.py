"""Fixtures that every kind of test may ask for: real databases, and Prefect's test engine.

Nothing heavy is imported here: tests/unit runs without a database library and without Prefect.
"""

from __future__ import annotations

import gc
import itertools
import os
import shutil
from typing import TYPE_CHECKING

import pytest

from tests import databases

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

_NUMBERS = itertools.count(1)


def pytest_configure() -> None:
    """Forget the developer's own settings: a test states what it depends on."""
    for name in list(os.environ):
        if name.startswith(("LEADLINE_", "PREFECT_")):
            del os.environ[name]
    # Prefect reads these when it is imported; neither its server nor its client calls out.
    os.environ.update(
        DO_NOT_TRACK="1",
        PREFECT_SERVER_ANALYTICS_ENABLED="false",
        PREFECT_TELEMETRY_ENABLE_RESOURCE_METRICS="false",
    )


@pytest.hookimpl(tryfirst=True)  # before xdist reads the groups
def pytest_collection_modifyitems(items: Sequence[pytest.Item]) -> None:
    """Keep the tests that need Prefect's engine in one worker: it takes 20 s to start.

    Prefect leaves sockets to the garbage collector, in those tests only.
    """
    for item in items:
        if _uses_prefect(item):
            item.add_marker(pytest.mark.xdist_group("prefect"))
            for leak in (r"Exception ignored in. <socket\.socket", "unclosed"):
                item.add_marker(pytest.mark.filterwarnings(f"ignore:{leak}"))


def pytest_runtest_teardown(item: pytest.Item) -> None:
    """Collect what Prefect left before the next test, which forgives no leak."""
    if _uses_prefect(item):
        gc.collect()


def _uses_prefect(item: pytest.Item) -> bool:
    """Tell whether a test asks for Prefect's engine."""
    return "prefect_engine" in getattr(item, "fixturenames", ())


@pytest.fixture(scope="session")
def postgresql(tmp_path_factory: pytest.TempPathFactory) -> Iterator[databases.Cluster]:
    """Give a private PostgreSQL cluster, one per test process."""
    with databases.postgresql_cluster(tmp_path_factory.mktemp("postgresql")) as cluster:
        yield cluster


@pytest.fixture
def sqlite_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Give the URL of a SQLite file without rows; it is not there where a test asks for that."""
    file = tmp_path / "leadline.db"
    if not _wants_nothing(request):
        shutil.copyfile(databases.migrated_file(), file)
    return databases.sqlite_url(file)


@pytest.fixture(scope="session")
def migrated_database(postgresql: databases.Cluster) -> str:
    """Give the name of a PostgreSQL database at the newest schema, to be copied."""
    from leadline.store.engine import open_store

    open_store(postgresql.create_database("migrated"), pepper="-").close()
    return "migrated"


@pytest.fixture
def postgresql_url(request: pytest.FixtureRequest, postgresql: databases.Cluster) -> Iterator[str]:
    """Give the URL of a PostgreSQL database without rows, dropped after the test."""
    name = f"leadline_{next(_NUMBERS)}"
    template = "template0" if _wants_nothing(request) else _migrated(request)
    yield postgresql.create_database(name, template=template)
    postgresql.drop_database(name)


def _migrated(request: pytest.FixtureRequest) -> str:
    name: str = request.getfixturevalue("migrated_database")
    return name


def _wants_nothing(request: pytest.FixtureRequest) -> bool:
    """Tell whether a test is about how a database is made; for others it is made already."""
    return request.node.get_closest_marker("new_database") is not None


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest) -> str:
    """Give the URL of a database without rows, once on SQLite and once on PostgreSQL."""
    url: str = request.getfixturevalue(f"{request.param}_url")
    return url


@pytest.fixture(scope="session")
def prefect_engine() -> Iterator[None]:
    """Run Prefect's temporary server for the tests of flows, without the heartbeat thread.

    Asked for by name and never automatic: starting it costs about 20 s.
    """
    from prefect.settings import PREFECT_FLOWS_HEARTBEAT_FREQUENCY, temporary_settings
    from prefect.testing.utilities import prefect_test_harness

    no_heartbeat = temporary_settings({PREFECT_FLOWS_HEARTBEAT_FREQUENCY: None})
    with prefect_test_harness(server_startup_timeout=120), no_heartbeat:
        yield
