"""Simulating a scoring configuration: the outcome of a live run, and a database left alone."""

from __future__ import annotations

import asyncio
from collections import Counter
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from sqlite3 import connect
from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy as sa

from leadline.domain.score_changes import Change, Outcome
from leadline.errors import ConfigError, StoreError
from leadline.stages import open_workspace, run_stages
from leadline.stages.simulation import open_unchanged, read_edited, simulate_scoring
from leadline.store import schema
from leadline.store.copies import CopyFailed, hold_folder, repeat_copy, told_of_copy
from leadline.store.engine import Store
from leadline.store.outcomes import list_outcomes
from tests.builders import NOW, PEPPER
from tests.factories import a_project, read_everything, rows_of
from tests.scored import EDITED, LIVE, add_scored_leads, erase_some

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from leadline.domain.score_changes import Comparison
    from leadline.stages import Workspace

LEADS = 220
MODELS = ("main", "cloud", "market")


@pytest.fixture
def work(tmp_path: Path, database_url: str) -> Iterator[Workspace]:
    files = {"config/scoring.yaml": LIVE, "draft/scoring.yaml": EDITED}
    environment = a_project(tmp_path / "home", database_url, files=files, pepper=PEPPER)
    with open_workspace(environment, now=NOW) as opened:
        yield opened


@pytest.fixture
def ids(work: Workspace) -> list[int]:
    """Give leads that were scored two weeks ago, and some that are due."""
    ids = add_scored_leads(work, LEADS)
    score(work, now=NOW - timedelta(days=14))
    erase_some(work, ids)
    make_due(work, ids[6::11])
    return ids


def score(work: Workspace, *, now: datetime = NOW) -> None:
    asyncio.run(run_stages(work, ["scoring"], now=now))


def make_due(work: Workspace, ids: list[int]) -> None:
    leads = schema.leads
    with work.store.write() as connection:
        is_meant = leads.c.id.in_(ids) & leads.c.erased_at.is_(None)
        connection.execute(sa.update(leads).where(is_meant).values(scoring_due_at=NOW))


def simulate(work: Workspace, **options: Any) -> tuple[Comparison, dict[int, Change]]:  # noqa: ANN401
    changes: list[Change] = []
    edited = read_edited(work, work.environment.home / "draft", now=NOW)
    found = simulate_scoring(work, edited, now=NOW, on_change=changes.append, **options)
    assert [each.lead_id for each in changes] == sorted(each.lead_id for each in changes)
    assert found.changed == len(changes)
    return found, {each.lead_id: each for each in changes}


def apply_edit(work: Workspace) -> None:
    """Put the edit into use, and score."""
    home = work.environment.home
    (home / "config" / "scoring.yaml").write_text(EDITED, encoding="utf-8")
    with open_workspace(work.environment, now=NOW) as live:
        score(live)


def outcomes(work: Workspace) -> dict[int, Outcome]:
    with work.store.read() as connection:
        return list_outcomes(connection, models=MODELS, after=0, limit=1000)[0]


def test_simulation_equals_the_live_run_lead_by_lead(work: Workspace, ids: list[int]) -> None:
    make_due(work, ids)
    score(work)
    before = outcomes(work)

    found, changes = simulate(work)
    apply_edit(work)

    after = outcomes(work)
    assert before.keys() == after.keys()
    assert len(after) == LEADS - len(ids[5::11])
    expected = {
        lead_id: Change(lead_id, before[lead_id], after[lead_id])
        for lead_id in before
        if before[lead_id] != after[lead_id]
    }
    assert changes == expected
    assert found.leads == len(after)
    assert len({change.after.lifecycle_stage for change in changes.values()}) == 3
    assert found.more == 0
    assert found.fewer > 10


def test_simulation_of_scores_that_grew_old_equals_the_live_run(
    work: Workspace, ids: list[int]
) -> None:
    _, changes = simulate(work)
    apply_edit(work)

    after = outcomes(work)
    assert len(changes) > LEADS / 2
    assert {lead_id: each.after for lead_id, each in changes.items()} == {
        lead_id: after[lead_id] for lead_id in changes
    }
    assert not changes.keys() & set(ids[5::11])


def test_decay_alone_is_no_change(work: Workspace, ids: list[int]) -> None:
    old = outcomes(work)

    found = simulate_scoring(work, work.project, now=NOW)

    assert found.leads == LEADS - len(ids[5::11])
    assert found.changed == 0
    assert found.before == found.after
    make_due(work, ids)
    score(work)
    assert old != outcomes(work)


def test_counts_are_those_of_the_leads_listed(work: Workspace, ids: list[int]) -> None:
    assert ids
    found, changes = simulate(work)

    moves = Counter((c.before.cell, c.after.cell) for c in changes.values())
    assert found.cells == {move: n for move, n in moves.items() if move[0] != move[1]}
    stages = Counter((c.before.lifecycle_stage, c.after.lifecycle_stage) for c in changes.values())
    assert found.stages == {move: n for move, n in stages.items() if move[0] != move[1]}
    assert found.after - found.before == found.more - found.fewer


def test_rules_are_counted_by_what_the_edit_did_to_them(work: Workspace, ids: list[int]) -> None:
    found, _ = simulate(work)

    rules = {(each.model, each.id): each for each in found.rules}
    fates = {key: each.fate for key, each in rules.items()}
    assert fates["main", "gone"] == "removed"
    assert fates["main", "osaka"] == fates["main", "prices"] == fates["market", "japan"] == "new"
    assert fates["main", "large"] == fates["main", "clicked"] == fates["main", "student"]
    assert fates["main", "large"] == fates["cloud", "wants"] == "changed"
    assert fates["main", "home"] == fates["main", "visited"] == "same"
    leads = [row for row in rows_of(work, "leads") if row["erased_at"] is None]
    large = [sum((row["employees_min"] or 0) >= n for row in leads) for n in (1000, 200)]
    assert [rules["main", "large"].before, rules["main", "large"].after] == large
    gone = rules["main", "gone"]
    assert (gone.before, gone.after) == (sum(row["country"] == "DE" for row in leads), None)
    visitors = {
        event["lead_id"]
        for event in rows_of(work, "events")
        if (event["kind"], event["actor"]) == ("page_viewed", "human")
        and event["occurred_at"] <= NOW
    }
    there = {row["id"] for row in leads}
    assert rules["main", "visited"].after == len(visitors & there)
    assert ids


def test_since_leaves_out_leads_to_whom_nothing_happened(work: Workspace, ids: list[int]) -> None:
    active = {
        event["lead_id"]
        for event in rows_of(work, "events")
        if event["actor"] == "human" and event["occurred_at"] >= NOW - timedelta(days=9)
    }
    there = {row["id"] for row in rows_of(work, "leads") if row["erased_at"] is None}
    _, every = simulate(work)

    found, changes = simulate(work, since=NOW - timedelta(days=9))

    assert found.leads == len(active & there) < len(there)
    assert changes == {lead_id: each for lead_id, each in every.items() if lead_id in active}
    assert ids


def test_simulation_writes_nothing(work: Workspace, ids: list[int]) -> None:
    assert ids
    everything = read_everything(work)
    state = sorted(path.name for path in work.environment.state.iterdir())

    simulate(work)

    assert read_everything(work) == everything
    assert sorted(path.name for path in work.environment.state.iterdir()) == state


def test_simulation_leaves_the_file_as_it_is(tmp_path: Path, sqlite_url: str) -> None:
    files = {"config/scoring.yaml": LIVE, "draft/scoring.yaml": EDITED}
    environment = a_project(tmp_path / "home", sqlite_url, files=files, pepper=PEPPER)
    with open_workspace(environment, now=NOW) as opened:
        add_scored_leads(opened, 30)
        score(opened)
    file = Path(str(opened.store.engine.url.database))
    with closing(connect(file)) as watcher:
        version = watcher.execute("PRAGMA data_version").fetchone()
        content = file.read_bytes()
        with open_unchanged(environment, now=NOW) as work:
            found, _ = simulate(work)
        assert found.changed
        assert watcher.execute("PRAGMA data_version").fetchone() == version
    assert file.read_bytes() == content


def test_simulation_needs_no_right_to_write(tmp_path: Path, postgresql_url: str) -> None:
    files = {"config/scoring.yaml": LIVE, "draft/scoring.yaml": EDITED}
    environment = a_project(tmp_path / "home", postgresql_url, files=files, pepper=PEPPER)
    with open_workspace(environment, now=NOW) as opened:
        add_scored_leads(opened, 30)
        score(opened)
        name = opened.store.engine.url.database
        with opened.store.write() as connection:
            refuse = f'ALTER DATABASE "{name}" SET default_transaction_read_only = on'
            connection.exec_driver_sql(refuse)
    # every connection made from now on is refused when it writes
    with open_unchanged(environment, now=NOW) as work:
        found, _ = simulate(work)
        assert found.changed
    with (
        open_unchanged(environment, now=NOW) as work,
        pytest.raises(StoreError, match="ReadOnlySqlTransaction"),
    ):
        make_due(work, [1])


def test_copy_is_removed_when_the_simulation_fails(work: Workspace, ids: list[int]) -> None:
    assert ids
    seen: list[list[Path]] = []

    def fail(_count: int) -> None:
        seen.append(list(work.environment.state.glob("simulation-*/before.db")))
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        simulate_scoring(work, work.project, now=NOW, on_leads=fail)

    assert [len(found) for found in seen] == [1]
    assert list(work.environment.state.glob("simulation-*")) == []


def test_copy_of_a_killed_process_is_removed_by_the_next(tmp_path: Path) -> None:
    left = tmp_path / "simulation-left"
    left.mkdir()
    (left / "lock").touch()
    (left / "before.db").write_text("somebody")

    with hold_folder(tmp_path) as held:
        assert list(tmp_path.iterdir()) == [held]
        assert held.stat().st_mode & 0o077 == 0
        with hold_folder(tmp_path) as other:  # what is in use stays
            assert sorted(tmp_path.iterdir()) == sorted([held, other])
    assert list(tmp_path.iterdir()) == []


def test_state_folder_that_cannot_be_written_is_a_plain_error(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(CopyFailed, match="only read"), hold_folder(tmp_path / "file" / "state"):
        pass


def test_disk_that_is_full_under_the_copy_is_not_told_of_the_database(tmp_path: Path) -> None:
    def fill() -> None:
        with told_of_copy(tmp_path), closing(store), store.write() as connection:
            connection.exec_driver_sql("PRAGMA max_page_count = 3")
            connection.exec_driver_sql("CREATE TABLE much (text TEXT)")
            connection.exec_driver_sql("INSERT INTO much VALUES (zeroblob(100000))")

    store = Store(sa.create_engine(f"sqlite:///{tmp_path / 'copy.db'}"), pepper=PEPPER)
    with pytest.raises(CopyFailed, match=r"is full\. The database was only read"):
        fill()


def test_second_copy_that_finds_no_room_is_a_plain_error(tmp_path: Path) -> None:
    (tmp_path / "before.db").write_bytes(b"rows")
    with pytest.raises(CopyFailed, match="only read"):
        repeat_copy(tmp_path / "before.db", tmp_path / "missing" / "after.db")


def test_live_rules_are_those_that_last_ran_and_not_an_edit_that_never_did(
    work: Workspace, ids: list[int]
) -> None:
    assert ids
    home = work.environment.home
    (home / "config" / "scoring.yaml").write_text(EDITED, encoding="utf-8")

    with open_unchanged(work.environment, now=NOW) as looked:
        assert looked.project.scoring == work.project.scoring
        assert read_edited(looked, None, now=NOW).scoring != work.project.scoring
    (home / "config" / "scoring.yaml").write_text("rules: {", encoding="utf-8")
    with open_unchanged(work.environment, now=NOW) as looked:
        assert looked.project.scoring == work.project.scoring
        with pytest.raises(ConfigError, match="scoring"):
            read_edited(looked, None, now=NOW)
