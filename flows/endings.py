"""How a run ends on Prefect's pages: its state, and one table of counts per stage."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from prefect.artifacts import acreate_table_artifact
from prefect.states import Completed, Failed

from leadline.domain.alerts import sign
from leadline.domain.endings import IDLE, said
from leadline.domain.skips import WORDS

if TYPE_CHECKING:
    from prefect.client.schemas.objects import State

    from leadline.domain.batches import Batch
    from leadline.domain.endings import Facts
    from leadline.errors import LeadlineError

#: Columns and lines of the tables.
_TABLE: Final = {
    "en": ("What", "Meaning", "Rows"),
    "ja": ("区分", "意味", "件数"),
}
_LINES: Final = {
    "claimed": {"en": "taken", "ja": "対象"},
    "done": {"en": "done", "ja": "完了"},
    "failed": {"en": "needs a person", "ja": "要対応"},
}
#: Shown by the flow itself.
_SHOWN_APART: Final = frozenset({"simulation"})


def ending_of(facts: Facts, lang: str) -> State[Any]:
    """Return the end state of a run in which nothing failed."""
    ending = facts.ending(lang)
    return Completed(name=ending.name, message=ending.message)


def idle(message: str) -> State[Any]:
    """Return the end state of a run that had nothing to do."""
    return Completed(name=IDLE, message=message)


def failed(error: LeadlineError, lang: str) -> State[Any]:
    """Return the end state of a run that could not do its work."""
    return Failed(message=sign(error.say(lang), type(error).__name__))


async def publish(facts: Facts, lang: str) -> None:
    """Write one table of counts per stage that had work; an idle run leaves none."""
    for batch in (each for each in facts.batches if each.stage not in _SHOWN_APART):
        await acreate_table_artifact(
            key=f"leadline-{batch.stage.replace('_', '-')}",
            table=table_of(batch, lang),
            description=said(batch, lang),
        )
    if files := facts.handled:
        columns = list(dict.fromkeys(name for file in files for name in file))
        table = [{name: file.get(name, "") for name in columns} for file in files]
        await acreate_table_artifact(key="leadline-imports", table=table)


def table_of(batch: Batch, lang: str) -> list[dict[str, Any]]:
    """Return a stage's counts by reason, for a table of Prefect's pages."""
    what, meaning, rows = _TABLE[lang]
    reasons = {reason.value: words for reason, words in WORDS.items()}
    counts = {"claimed": batch.claimed, "done": batch.done, **batch.skipped, "failed": batch.failed}
    return [
        {what: name, meaning: {**reasons, **_LINES}.get(name, {}).get(lang, ""), rows: count}
        for name, count in counts.items()
    ]
