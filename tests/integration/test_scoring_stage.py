"""Scores of a database: the same by every path, and a history that tells any date."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, func, select, update

from leadline.config.models import read_scoring
from leadline.domain.rescoring import as_scores
from leadline.domain.scoring import decide_points
from leadline.stages import open_workspace, refresh, scoring
from leadline.store import schema
from tests.builders import NOW, PEPPER
from tests.factories import a_project, rows_of
from tests.scored import EDITED, LIVE, add_scored_leads, erase_some

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime
    from pathlib import Path

    from leadline.stages import Workspace

DAY = timedelta(days=1)
START = NOW - 10 * DAY
COUNT = 44
#: What two ways to the same date must agree on.
KEPT = (
    *("lead_id", "model", "matched", "points", "fit_points", "engagement_points", "grade"),
    *("engagement_level", "base_points", "points_cap", "last_event_id"),
)
HISTORY = "score_changes"


#: Ends as if the power failed: in the middle of its third batch.
_KILLED = """
import os, signal, sys
from dataclasses import replace
from datetime import datetime
from leadline.config.environment import read_environment
from leadline.stages import open_workspace, refresh, scoring
from leadline.store import leads

now, stage, left = datetime.fromisoformat(sys.argv[1]), sys.argv[2], 3
write = leads.update_columns

def write_and_die(*given, **more):
    global left
    write(*given, **more)
    left -= 1
    if not left:
        os.kill(os.getpid(), signal.SIGKILL)

leads.update_columns = write_and_die
environment = replace(read_environment(os.environ), pepper=sys.argv[3])
with open_workspace(environment, now=now) as work:
    after = 0
    while True:
        if stage == "scoring":
            scoring.run_batch(work, now=now, limit=5)
        else:
            after = refresh.refresh_batch(work, now=now, after=after, limit=5).after
"""


@pytest.fixture
def work(tmp_path: Path, database_url: str) -> Iterator[Workspace]:
    with opened(tmp_path / "home", EDITED, database_url) as workspace:
        yield workspace


@pytest.fixture
def alone(tmp_path: Path) -> Iterator[Workspace]:
    with opened(tmp_path / "alone", EDITED) as workspace:
        yield workspace


def opened(home: Path, rules: str, database_url: str = "") -> Workspace:
    files = {"config/scoring.yaml": rules}
    environment = a_project(home, database_url, files=files, pepper=PEPPER)
    return open_workspace(environment, now=NOW)


def edited(work: Workspace, rules: str) -> Workspace:
    """Open the workspace again with other rules."""
    (work.environment.home / "config" / "scoring.yaml").write_text(rules, encoding="utf-8")
    return open_workspace(work.environment, now=NOW)


def score(work: Workspace, now: datetime, *, limit: int = 1000) -> int:
    """Score until nothing is due; returns how many leads were."""
    count = 0
    while scoring.has_due(work, now=now):
        batch = scoring.run_batch(work, now=now, limit=limit)
        assert batch.claimed, "what is due can be claimed"
        count += batch.claimed
    return count


def decay(work: Workspace, now: datetime, *, limit: int = 1000) -> int:
    """Refresh all leads; returns how many changed."""
    after, count, has_more = 0, 0, True
    while has_more:
        found = refresh.refresh_batch(work, now=now, after=after, limit=limit)
        after, has_more = found.after, found.batch.has_more
        count += found.batch.done
    return count


def scores_of(work: Workspace) -> list[dict[str, Any]]:
    return [{name: row[name] for name in KEPT} for row in rows_of(work, "scores")]


def start_again(work: Workspace) -> None:
    """Let every lead wait for its first score."""
    leads = schema.leads
    with work.store.write() as connection:
        for table in (schema.scores, schema.score_changes, schema.stage_changes):
            connection.execute(delete(table))
        names = ("points", "fit_points", "engagement_points", "grade", "engagement_level")
        cleared = dict.fromkeys((*names, "review_due_at", "routing_skip", "routing_due_at"))
        connection.execute(
            update(leads).values(**cleared, scoring_due_at=START, lifecycle_stage="lead")
        )


def write_leads(work: Workspace, lead_ids: Sequence[int], **values: Any) -> None:  # noqa: ANN401
    leads = schema.leads
    with work.store.write() as connection:
        connection.execute(update(leads).where(leads.c.id.in_(lead_ids)).values(**values))


def write_events(work: Workspace, lead_id: int, **values: Any) -> None:  # noqa: ANN401
    """Change what is known of the events of a lead, and let it be scored."""
    events = schema.events
    with work.store.write() as connection:
        connection.execute(update(events).where(events.c.lead_id == lead_id).values(**values))
    write_leads(work, [lead_id], scoring_due_at=NOW)


def test_score_is_the_same_by_every_path(work: Workspace) -> None:
    add_scored_leads(work, COUNT)
    chance, at = random.Random(7), START  # noqa: S311 - repeatable
    for day in range(31):
        at = START + day * DAY
        if day % 3 == 0:
            decay(work, at, limit=chance.randint(3, 60))
        score(work, at, limit=chance.randint(3, 60))
        decay(work, at, limit=chance.randint(3, 60))
    by_days = scores_of(work)
    start_again(work)
    score(work, at)
    assert by_days == scores_of(work)
    assert len({row["points"] for row in by_days}) > 20


def test_score_depends_on_no_day_batch_or_refresh_before(alone: Workspace) -> None:
    add_scored_leads(alone, COUNT)
    steps = st.tuples(st.integers(2, 70), st.booleans())

    @settings(max_examples=8, database=None, deadline=None)
    @given(days=st.dictionaries(st.integers(0, 40), steps, min_size=1, max_size=5))
    def agree(days: dict[int, tuple[int, bool]]) -> None:
        start_again(alone)
        for day, (limit, is_decayed) in sorted(days.items()):
            score(alone, START + day * DAY, limit=limit)
            if is_decayed:
                decay(alone, START + day * DAY, limit=limit)
        last = START + max(days) * DAY
        decay(alone, last)
        found = scores_of(alone)
        start_again(alone)
        score(alone, last)
        assert found == scores_of(alone)

    agree()


def test_score_does_not_depend_on_the_order_in_which_events_arrive(alone: Workspace) -> None:
    add_scored_leads(alone, COUNT)
    score(alone, NOW)
    before = {(row["lead_id"], row["model"]): row["points"] for row in scores_of(alone)}
    events = rows_of(alone, "events")
    with alone.store.write() as connection:
        connection.execute(delete(schema.events))
        random.Random(3).shuffle(events)  # noqa: S311 - repeatable
        rows = [{**row, "id": number} for number, row in enumerate(events, start=1)]
        connection.execute(schema.events.insert(), rows)
    start_again(alone)
    score(alone, NOW)
    assert before == {(row["lead_id"], row["model"]): row["points"] for row in scores_of(alone)}


def test_history_tells_the_score_of_any_date(alone: Workspace) -> None:
    add_scored_leads(alone, COUNT)
    seen = {}
    for day in range(0, 30, 2):
        at = START + day * DAY
        score(alone, at)
        decay(alone, at)
        seen[at] = {row["lead_id"]: row for row in scores_of(alone) if row["model"] == "main"}
    model = read_scoring(alone.project).models[0].model
    history = [row for row in rows_of(alone, HISTORY) if row["model"] == "main"]
    for at, leads in seen.items():
        last = {row["lead_id"]: row for row in history if row["as_of"] <= at}
        rows = [last[lead_id] for lead_id in sorted(leads)]
        columns = {name: [row[name] for row in rows] for name in rows[0]}
        told, _ = as_scores(columns, sorted(leads), len(model.terms))
        import pandas as pd

        names = ("fit_points", "base_points", "points_cap")
        points = decide_points(
            pd.DataFrame({name: getattr(told, name) for name in names}),
            told.sums,
            model,
            made_at=told.made_at,
            as_of=at,
        )
        for name in ("points", "engagement_points", "engagement_level"):
            assert points[name].tolist() == [leads[each][name] for each in sorted(leads)]
        assert told.grade.tolist() == [leads[each]["grade"] for each in sorted(leads)]


def test_decay_alone_leaves_no_history_unless_the_level_changes(alone: Workspace) -> None:
    add_scored_leads(alone, COUNT)
    score(alone, NOW)
    levels = {(row["lead_id"], row["model"]): row["engagement_level"] for row in scores_of(alone)}
    before = len(rows_of(alone, HISTORY))
    assert decay(alone, NOW + timedelta(hours=9)) > 10
    fresh = rows_of(alone, HISTORY)[before:]
    assert {row["cause"] for row in fresh} <= {"decay"}
    changed = [
        row
        for row in scores_of(alone)
        if row["engagement_level"] != levels[row["lead_id"], row["model"]]
    ]
    assert len(fresh) == len(changed)


def test_refreshing_twice_changes_nothing(work: Workspace) -> None:
    add_scored_leads(work, COUNT)
    score(work, START)
    later = START + DAY / 2
    assert decay(work, later) > 10
    tables = ("scores", "leads", HISTORY, "stage_changes", "stage_batches")
    before = [rows_of(work, table) for table in tables]
    assert decay(work, later) == 0
    assert before == [rows_of(work, table) for table in tables]


def test_scoring_again_rewrites_no_score_that_is_as_it_was(work: Workspace) -> None:
    ids = add_scored_leads(work, COUNT)
    score(work, NOW)
    before = rows_of(work, "scores"), rows_of(work, HISTORY)
    write_leads(work, ids, scoring_due_at=NOW)
    assert score(work, NOW) == COUNT
    assert before == (rows_of(work, "scores"), rows_of(work, HISTORY))


def cause_after(work: Workspace, lead_id: int, now: datetime = NOW) -> set[str]:
    before = len(rows_of(work, HISTORY))
    score(work, now)
    fresh = rows_of(work, HISTORY)[before:]
    return {row["cause"] for row in fresh if row["lead_id"] == lead_id and row["model"] == "main"}


def lead_with_clicks(work: Workspace) -> int:
    """Return a lead of which nothing but human clicks, long ago, is known."""
    ids = add_scored_leads(work, COUNT)
    score(work, NOW)
    (lead_id, *others) = ids[7::11]
    with work.store.write() as connection:
        events = schema.events
        connection.execute(update(events).where(events.c.lead_id == lead_id).values(lead_id=None))
        rows = rows_of(work, "events")[:2]
        for number, row in enumerate(rows):
            at = NOW - (9 - number) * DAY
            changed = {"lead_id": lead_id, "kind": "email_clicked", "occurred_at": at}
            changed |= {"actor": "human", "address_hash": None}
            connection.execute(update(events).where(events.c.id == row["id"]).values(**changed))
    write_leads(work, [lead_id], scoring_due_at=NOW)
    score(work, NOW)
    assert others
    return lead_id


def test_history_says_what_changed_a_score(alone: Workspace) -> None:
    lead_id = lead_with_clicks(alone)
    assert {row["cause"] for row in rows_of(alone, HISTORY)} >= {"new"}
    write_leads(alone, [lead_id], employees_min=20_000, scoring_due_at=NOW)
    assert cause_after(alone, lead_id) <= {"changed"}
    write_leads(alone, [lead_id], country="XX", title="部長", scoring_due_at=NOW)
    assert cause_after(alone, lead_id) == {"changed"}
    write_events(alone, lead_id, actor="suspected_bot")
    assert cause_after(alone, lead_id) == {"reclassified"}
    write_events(alone, lead_id, actor="human")
    assert cause_after(alone, lead_id) == {"events"}
    assert cause_after(alone, lead_id, NOW + 25 * DAY) == {"window"}
    with edited(alone, EDITED.replace("points: 7", "points: 9")) as other:
        assert cause_after(other, lead_id, NOW + 25 * DAY) == {"rules"}


@pytest.mark.parametrize(
    ("old", "new", "cause"),
    [("ja: 大企業", "ja: 大きい企業", "reclassified"), ("points: 7", "points: 9", "rules")],
)
def test_history_names_the_rules_only_when_they_changed_the_score(
    alone: Workspace, old: str, new: str, cause: str
) -> None:
    lead_id = lead_with_clicks(alone)
    write_events(alone, lead_id, occurred_at=NOW - 40 * DAY)  # so that no rule counts them
    score(alone, NOW)
    write_events(alone, lead_id, actor="suspected_bot")
    with edited(alone, EDITED.replace(old, new)) as other:
        assert cause_after(other, lead_id) == {cause}


def test_added_event_rule_is_the_cause_when_there_were_no_event_points(alone: Workspace) -> None:
    lead_id = lead_with_clicks(alone)
    with edited(alone, EDITED.replace("event: email_clicked", "event: webinar_attended")) as none:
        score(none, NOW)
    with edited(alone, EDITED) as again:
        assert cause_after(again, lead_id) == {"rules"}


def test_new_wording_of_a_rule_is_no_history(alone: Workspace) -> None:
    add_scored_leads(alone, COUNT)
    score(alone, NOW)
    before = rows_of(alone, HISTORY)
    with edited(alone, EDITED.replace("ja: 大企業", "ja: 大きい企業")) as other:
        assert score(other, NOW) == COUNT
        assert rows_of(other, HISTORY) == before


def test_edited_rules_come_to_what_they_would_have_come_to_at_once(work: Workspace) -> None:
    add_scored_leads(work, COUNT)
    with edited(work, LIVE) as before:
        score(before, START)
    with edited(work, EDITED) as after:
        assert score(after, NOW) == COUNT
        found = scores_of(after)
        start_again(after)
        score(after, NOW)
        assert found == scores_of(after)


def test_edited_rules_reach_every_lead_when_scores_of_models_are_interleaved(
    work: Workspace,
) -> None:
    add_scored_leads(work, COUNT)
    score(work, START)
    scores = schema.scores
    with work.store.write() as connection:  # as PostgreSQL finds them, in no order of the models
        first = connection.execute(select(func.min(scores.c.rule_set_id))).scalar_one()
        connection.execute(update(scores).values(rule_set_id=first))
    with edited(work, EDITED.replace("points: 7", "points: 9")) as after:
        taken, has_more = 0, True
        while has_more:
            batch = scoring.run_batch(after, now=START, limit=10)
            taken, has_more = taken + batch.claimed, batch.has_more
        assert taken == COUNT
        assert not scoring.has_due(after, now=START)


@pytest.mark.parametrize(
    ("entry", "is_scored"),
    [("visits_7d >= 2", True), ("days_since_last_click > 9", True), ("points >= 40", False)],
)
def test_edited_entry_of_a_sequence_is_asked_of_every_lead_when_it_names_events(
    alone: Workspace, entry: str, *, is_scored: bool
) -> None:
    add_scored_leads(alone, COUNT)
    score(alone, NOW)
    before = [row["review_due_at"] for row in rows_of(alone, "leads")]
    (sequence,) = list((alone.environment.home / "config" / "sequences").glob("*.yaml"))[:1]
    text = sequence.read_text("utf-8")
    entry_before = next(line for line in text.splitlines() if line.startswith("entry:"))
    sequence.write_text(text.replace(entry_before, f'entry: "{entry}"'), "utf-8")
    with open_workspace(alone.environment, now=NOW) as other:
        assert score(other, NOW) == (COUNT if is_scored else 0)
        assert is_scored == (before != [row["review_due_at"] for row in rows_of(other, "leads")])


def test_process_with_old_rules_leaves_scores_to_the_live_one(alone: Workspace) -> None:
    add_scored_leads(alone, COUNT)
    score(alone, NOW)
    with edited(alone, LIVE) as live:
        assert not scoring.has_due(alone, now=NOW)
        assert not refresh.refresh_batch(alone, now=NOW + DAY).batch.claimed
        assert score(live, NOW) == COUNT
        assert not scoring.has_due(live, now=NOW)


def test_removed_model_leaves_no_score_and_history_says_when(work: Workspace) -> None:
    add_scored_leads(work, COUNT)
    score(work, NOW)
    with edited(work, LIVE) as live:
        score(live, NOW + DAY)
        assert {row["model"] for row in rows_of(live, "scores")} == {"main", "cloud"}
        gone = [row for row in rows_of(live, HISTORY) if row["cause"] == "removed"]
        assert {(row["model"], row["as_of"]) for row in gone} == {("market", NOW + DAY)}
        assert len(gone) == COUNT


def test_added_model_scores_every_lead(alone: Workspace) -> None:
    ids = add_scored_leads(alone, COUNT)
    with edited(alone, LIVE) as live:
        score(live, NOW)
    with edited(alone, EDITED) as more:
        score(more, NOW)
        added = [row["lead_id"] for row in rows_of(more, "scores") if row["model"] == "market"]
        assert added == ids


def test_erased_lead_is_never_scored(work: Workspace) -> None:
    ids = add_scored_leads(work, COUNT)
    score(work, NOW)
    gone = erase_some(work, ids)
    write_leads(work, gone, scoring_due_at=NOW, review_due_at=NOW)
    score(work, NOW)
    assert not {row["lead_id"] for row in rows_of(work, "scores")} & set(gone)
    assert not any(
        row["scoring_due_at"] or row["review_due_at"]
        for row in rows_of(work, "leads")
        if row["id"] in gone
    )


def test_decay_moves_stages_and_takes_back_who_waits_for_a_rep(work: Workspace) -> None:
    add_scored_leads(work, COUNT)
    for day in range(0, 130, 5):
        at = START + day * DAY
        score(work, at)
        decay(work, at)
    moves = rows_of(work, "stage_changes")
    back = [row for row in moves if (row["from_stage"], row["to_stage"]) == ("mql", "lead")]
    assert back
    leads = {row["id"]: row for row in rows_of(work, "leads")}
    scores = {row["lead_id"]: row for row in scores_of(work) if row["model"] == "main"}
    for lead_id, lead in leads.items():
        if lead["lifecycle_stage"] == "mql":
            assert scores[lead_id]["engagement_points"] >= 3
    held = [leads[row["lead_id"]] for row in back]
    unowned = [row for row in held if row["lifecycle_stage"] == "lead" and not row["owner"]]
    assert {row["routing_due_at"] for row in unowned if row["routing_skip"]} <= {None}


def test_refresh_leaves_a_lead_that_waits_for_its_score(work: Workspace) -> None:
    ids = add_scored_leads(work, COUNT)
    score(work, START)
    write_leads(work, ids[:20], scoring_due_at=START)
    decay(work, START + DAY / 4)
    main = [row for row in rows_of(work, "scores") if row["model"] == "main"]
    as_of = {row["lead_id"]: row["as_of"] for row in main}
    assert {as_of[each] for each in ids[:20]} == {START}
    assert any(as_of[each] > START for each in ids[20:])


@pytest.mark.parametrize("stage", ["scoring", "refresh"])
def test_killed_in_a_batch_it_converges(alone: Workspace, stage: str) -> None:
    add_scored_leads(alone, COUNT)
    at = START if stage == "scoring" else START + DAY
    if stage == "refresh":
        score(alone, START)
        score(alone, at)
    home = str(alone.environment.home)
    killed = subprocess.run(
        [sys.executable, "-c", _KILLED, at.isoformat(), stage, PEPPER],
        env={**os.environ, "LEADLINE_HOME": home},
        check=False,
    )
    assert killed.returncode == -signal.SIGKILL
    score(alone, at)
    decay(alone, at)
    found = scores_of(alone)
    start_again(alone)
    score(alone, at)
    assert found == scores_of(alone)
