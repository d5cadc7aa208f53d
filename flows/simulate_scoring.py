"""What an edited scoring configuration would change, as counts on a page of Prefect."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from prefect import flow
from prefect.artifacts import acreate_markdown_artifact
from prefect.client.schemas.objects import State

from flows.run import Run, carry_out, name_for
from leadline.stages.simulation import open_unchanged
from tasks.simulation import simulation

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

ARTIFACT: Final = "leadline-simulate-scoring"
_SAYS: Final = {
    "en": {
        "changed": "{changed} of {leads} lead(s) would change. Nothing was written.",
        "hand_over": "Go to a rep: {before} now, {after} then ({more} more, {fewer} fewer).",
        "grades": ("Grade from", "to", "leads"),
        "stages": ("Stage from", "to", "leads"),
        "rules": ("Model", "rule", "edit", "matched now", "matched then"),
    },
    "ja": {
        "changed": "リード {leads} 件中 {changed} 件の評価が変わります。データは変更していません。",
        "hand_over": "営業への引き渡し: 現行 {before} 件、変更後 {after} 件 "
        "(増加 {more}、減少 {fewer})。",
        "grades": ("グレード (現行)", "変更後", "件数"),
        "stages": ("ステージ (現行)", "変更後", "件数"),
        "rules": ("モデル", "ルール", "変更", "該当 (現行)", "該当 (変更後)"),
    },
}
_CHANGES: Final = {
    "en": {"changed": "changed", "new": "new", "removed": "removed", "same": ""},
    "ja": {"changed": "変更", "new": "追加", "removed": "削除", "same": ""},
}


@flow(
    name="leadline-simulate-scoring",
    flow_run_name=name_for("simulate-scoring"),
    timeout_seconds=4 * 3600,
    persist_result=False,
)
async def simulate_scoring(
    config: str, since: str | None = None, now: str | None = None
) -> State[Any]:
    """Try an edited scoring.yaml on a copy of all leads, and show in counts what would change.

    Args:
        config: the folder with the edit, below the project folder.
        since: only leads that arrived, changed or did something within, such as `30d`.
        now: the instant to score at (ISO with zone); the present if None.
    """

    async def follow(run: Run) -> None:
        counts = await simulation(config, since, run.at)
        await acreate_markdown_artifact(
            key=ARTIFACT, markdown=write_counts(counts, run.work.environment.lang)
        )
        leads, changed = counts["leads"], counts["changed_count"]
        run.add({"stage": "simulation", "claimed": leads, "done": changed})

    return await carry_out(now, follow, opening=open_unchanged)


def write_counts(counts: Mapping[str, Any], lang: str) -> str:
    """Return the counts of a simulation as Markdown."""
    says: dict[str, Any] = _SAYS[lang]
    changed = says["changed"].format(changed=counts["changed_count"], leads=counts["leads"])
    parts = [changed, says["hand_over"].format(**counts["hand_over"])]
    for name in ("grades", "stages"):
        rows = [(each["from"], each["to"], each["leads"]) for each in counts[name]]
        parts += _table(says[name], rows)
    rules = [
        (
            *(each["model"], each["id"], _CHANGES[lang][each["change"]]),
            *("" if each[name] is None else each[name] for name in ("before", "after")),
        )
        for each in counts["rules"]
        if each["change"] != "same" or each["before"] != each["after"]
    ]
    parts += _table(says["rules"], rules)
    return "\n\n".join(parts)


def _table(header: Sequence[str], rows: Iterable[Sequence[object]]) -> list[str]:
    """Return a table as one part, none without rows."""
    lines = [_row(row) for row in rows]
    return ["\n".join([_row(header), _row(["---"] * len(header)), *lines])] if lines else []


def _row(cells: Sequence[object]) -> str:
    return f"| {' | '.join(map(str, cells))} |"
