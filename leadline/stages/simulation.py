"""Simulation: what edited rules would do, found out by the live stage on a throwaway copy.

The same copy is scored twice at the same instant, with the live rules and with the edited ones.
What differs afterwards is what the edit does; what only time does is in both. The database is
read and never written, and nothing that follows from a score happens.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Final

from leadline.config.drafts import check_draft, read_kept
from leadline.config.loader import read_project
from leadline.config.models import compile_models
from leadline.config.values import Duration, ShapeFault
from leadline.domain.score_changes import Comparison, compare_rules, count_matches
from leadline.errors import ConfigError, UsageError
from leadline.stages import Workspace, load_stage
from leadline.store.copies import copy_rows, hold_folder, open_copy, repeat_copy, told_of_copy
from leadline.store.engine import open_store
from leadline.store.events import read_log
from leadline.store.outcomes import list_outcomes
from leadline.store.stage_batches import find_live_files, is_live

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime, timedelta
    from pathlib import Path

    from leadline.config.environment import Environment
    from leadline.config.models import LiveModel
    from leadline.config.shape import Project
    from leadline.domain.engagement import EventRule
    from leadline.domain.score_changes import Change, Key
    from leadline.store.engine import Connection, Store

LIMIT: Final = 10_000


class BadSince(UsageError):
    """The span of time to look at is none."""

    texts: ClassVar[Mapping[str, str]] = {
        "en": "{word} is no span of time to look at. Write a number and a unit, such as 30d, 12h "
        "or 2w.",
        "ja": "{word} は期間ではありません。30d・12h・2w のように指定してください。",
    }


@dataclass
class _World:
    """A copy, and the rules that it was scored with.

    Attributes:
        work: the copy as a workspace.
        models: the score models in use.
        matched: how many leads each rule was given to.
    """

    work: Workspace
    models: tuple[LiveModel, ...]
    matched: Counter[Key]

    @property
    def names(self) -> list[str]:
        """Return the names of the models."""
        return [live.model.name for live in self.models]


def open_unchanged(environment: Environment, *, now: datetime) -> Workspace:
    """Open the database with the configuration that is live; nothing is written.

    An edit of the project folder that no run has used yet is not live. A database without a
    configuration takes that of the folder.

    Raises:
        ConfigError: no configuration was ever used, and the project folder has faults.
        StoreError: the database cannot be used.
    """
    environment.require_secrets()
    store = open_store(environment.database_url, pepper=environment.pepper)
    try:
        return Workspace(store, _live_project(store, environment, now=now), environment)
    except BaseException:
        store.close()
        raise


def _live_project(store: Store, environment: Environment, *, now: datetime) -> Project:
    fault, project = None, None
    try:
        project = read_project(environment.home, now=now)
    except ConfigError as error:
        fault = error
    with store.read() as connection:
        if project is not None and is_live(connection, project.hash):
            return project
        kept = find_live_files(connection)
    try:
        if kept is not None:
            return read_kept(kept)
    except ConfigError:  # another version kept it, or it was made of workbooks
        pass
    if project is None:
        raise fault or ConfigError([])
    return project


def read_edited(work: Workspace, folder: Path | None, *, now: datetime) -> Project:
    """Return the configuration to try: that of a folder, or of the project folder as it stands.

    Raises:
        ConfigError: it has faults, or there is none.
    """
    home = work.environment.home
    project, problems = check_draft(folder or home, home=home, now=now)
    if project is None:
        raise ConfigError([problem for problem in problems if not problem.is_warning])
    return project


def read_since(text: str | None, *, now: datetime) -> datetime | None:
    """Return the start of a span such as `30d` that ends now; None for all time.

    Raises:
        BadSince: it is no span.
    """
    from pydantic import TypeAdapter, ValidationError

    if text is None:
        return None
    try:
        span: timedelta = TypeAdapter(Duration).validate_python(text)
    except (ValidationError, ShapeFault, OverflowError):
        raise BadSince(word=text) from None
    return now - span


def simulate_scoring(
    work: Workspace,
    edited: Project,
    *,
    now: datetime,
    since: datetime | None = None,
    on_change: Callable[[Change], None] | None = None,
    on_leads: Callable[[int], None] | None = None,
) -> Comparison:
    """Score a copy with the live and with the edited rules, and compare lead by lead.

    Args:
        work: the database, which is only read, and the live configuration.
        edited: the configuration to try.
        now: the instant that both are scored at.
        since: leave out leads that neither arrived nor changed nor did anything since then.
        on_change: told of every lead that differs, in order of id.
        on_leads: told how many leads were scored since; in the end twice their number.

    Raises:
        StoreError: the database cannot be read, or the copy cannot be made.
    """
    with hold_folder(work.environment.state) as folder:
        first, second = folder / "before.db", folder / "after.db"
        copy_rows(work.store, first, since=since, now=now)
        repeat_copy(first, second)
        pepper = work.store.pepper
        with (
            told_of_copy(folder),
            open_copy(first, pepper=pepper) as one,
            open_copy(second, pepper=pepper) as two,
        ):
            before = _score(work, one, work.project, now=now, on_leads=on_leads)
            after = _score(work, two, edited, now=now, on_leads=on_leads)
            return _compare(before, after, now=now, on_change=on_change)


def _score(
    work: Workspace,
    copy: Store,
    project: Project,
    *,
    now: datetime,
    on_leads: Callable[[int], None] | None,
) -> _World:
    """Run the live stage on a copy until nothing is due."""
    stage = load_stage("scoring")
    world = Workspace(copy, project, work.environment)
    while True:
        batch = stage.run_batch(world, now=now, limit=LIMIT)
        if on_leads is not None:
            on_leads(batch.claimed)
        if not batch.has_more:
            return _World(world, compile_models(project), Counter())


def _compare(
    before: _World,
    after: _World,
    *,
    now: datetime,
    on_change: Callable[[Change], None] | None,
) -> Comparison:
    found, last = Comparison(), 0
    while True:
        with before.work.store.read() as old, after.work.store.read() as new:
            olds = _read_page(before, old, after=last, now=now)
            news = _read_page(after, new, after=last, now=now)
        if not olds:
            break
        for change in found.add(olds, news):
            if on_change is not None:
                on_change(change)
        last = max(olds)
    models = [[live.model for live in world.models] for world in (before, after)]
    found.rules = compare_rules(models[0], models[1], (before.matched, after.matched))
    return found


def _read_page(
    world: _World, connection: Connection, *, after: int, now: datetime
) -> dict[int, Any]:
    outcomes, matched = list_outcomes(connection, models=world.names, after=after, limit=LIMIT)
    if outcomes:
        for live in world.models:
            world.matched.update(count_matches(live.model, matched[live.model.name]))
        _count_events(world, connection, list(outcomes), now=now)
    return outcomes


def _count_events(
    world: _World, connection: Connection, lead_ids: Sequence[int], *, now: datetime
) -> None:
    """Count the leads to which each rule over events gives points."""
    import numpy as np

    from leadline.domain.engagement import counted

    rules: list[tuple[str, EventRule]] = [
        (live.model.name, rule) for live in world.models for rule in live.model.event_rules
    ]
    if not rules:
        return
    has_details = any(rule.where for _, rule in rules)
    log = read_log(connection, lead_ids, has_details=has_details).up_to(now)
    for model, rule in rules:
        leads = np.unique(log.lead[counted(log, rule, as_of=now)])
        world.matched[model, "event", rule.id] += len(leads)
