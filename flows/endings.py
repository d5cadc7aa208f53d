"""How a run ends: its state in words, and one table of counts per stage. No row is quoted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from prefect.artifacts import acreate_table_artifact
from prefect.states import Completed, Failed

from leadline.domain.skips import WORDS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from prefect.client.schemas.objects import State

    from leadline.domain.batches import Batch
    from leadline.errors import LeadlineError

IDLE: Final = "Idle"
ATTENTION: Final = "Attention"
_SAYS: Final = {
    "idle": {"en": "nothing was due", "ja": "処理対象はありません"},
    "waiting": {
        "en": "{count} file(s) still being written are left for the next run",
        "ja": "書き込み中のファイル{count}件は次回に取り込みます",
    },
    "stage": {"en": "{stage} {done} of {claimed}", "ja": "{stage} {claimed}件中{done}件"},
    "files": {
        "en": "{accepted} of {records} rows of {count} file(s), {rejected} quarantined",
        "ja": "{count}ファイル {records}行中{accepted}行、隔離{rejected}行",
    },
    "quarantined": {
        "en": "{count} quarantined: mend the rows that `leadline status` names and import them "
        "again",
        "ja": "隔離{count}件: `leadline status` が示す行を修正し、再度取り込んでください",
    },
    "unreadable": {
        "en": "{count} file(s) not taken in ({files}): `leadline import FILE` says what is wrong",
        "ja": "取り込めないファイル{count}件 ({files}): `leadline import FILE` で原因を確認して"
        "ください",
    },
    "held": {
        "en": "{count} held by a template that fails: run `leadline check`",
        "ja": "テンプレートの誤りで保留{count}件: `leadline check` を実行してください",
    },
    "failed": {
        "en": "{count} mail(s) bounced, failed or of unknown outcome: `leadline status` lists them",
        "ja": "不達・失敗・結果不明のメール{count}件: `leadline status` で確認してください",
    },
    "unknown": {
        "en": "{count} mail(s) of unknown outcome in all, never sent again by themselves: "
        "`leadline status`",
        "ja": "結果不明のメール 計{count}件 (自動では再送しません): `leadline status`",
    },
}
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


@dataclass(frozen=True)
class Facts:
    """What a run did, in counts.

    Attributes:
        batches: the sum of each stage that had work, in the order run.
        files: `store_file` and `count_file` joined, by file.
        waiting: files left for the next run.
        unknown: mails of unknown outcome in the outbox, counted when this run sent any.
    """

    batches: Sequence[Batch]
    files: Sequence[Mapping[str, Any]] = ()
    waiting: int = 0
    unknown: int = 0

    def sum_of(self, name: str) -> int:
        """Return the sum of one count over the files that were read."""
        return sum(file.get(name, 0) for file in self.files)

    def needs(self, lang: str) -> list[str]:
        """Return what needs a person, each with the command that mends it."""
        stages = {batch.stage: batch for batch in self.batches}
        intake, touches, delivery = map(stages.get, ("intake", "touches", "delivery"))
        judged = sum(intake.skipped.values()) if intake else 0
        unreadable = [file["file"] for file in self.files if "error" in file]
        counts = {
            "quarantined": max(self.sum_of("rejected"), judged),
            "unreadable": len(unreadable),
            "held": touches.failed if touches else 0,
            "failed": delivery.failed if delivery else 0,
            "unknown": self.unknown,
        }
        return [
            _SAYS[need][lang].format(count=count, files=", ".join(unreadable))
            for need, count in counts.items()
            if count
        ]

    def summary(self, lang: str) -> str:
        """Return what was done, in one line."""
        parts = [_SAYS["waiting"][lang].format(count=self.waiting)] if self.waiting else []
        read = [file for file in self.files if "error" not in file]
        if read:
            counts = {name: self.sum_of(name) for name in ("records", "accepted", "rejected")}
            parts.append(_SAYS["files"][lang].format(count=len(read), **counts))
        return "; ".join([*parts, *(_said(batch, lang) for batch in self.batches)])


def _said(batch: Batch, lang: str) -> str:
    """Return `scoring 484 of 500, 16 over_cap`."""
    text = _SAYS["stage"][lang].format(stage=batch.stage, done=batch.done, claimed=batch.claimed)
    return ", ".join([text, *(f"{count} {reason}" for reason, count in batch.skipped.items())])


def ending_of(facts: Facts, lang: str) -> State[Any]:
    """Return the end state of a run in which nothing failed."""
    needs, summary = facts.needs(lang), facts.summary(lang)
    if needs:
        return Completed(name=ATTENTION, message=". ".join([*needs, summary]))
    if facts.batches or facts.files:
        return Completed(message=summary)
    return Completed(name=IDLE, message=summary or _SAYS["idle"][lang])


def failed(error: LeadlineError, lang: str) -> State[Any]:
    """Return the end state of a run that could not do its work."""
    return Failed(message=error.say(lang))


async def publish(facts: Facts, lang: str) -> None:
    """Write one table of counts per stage that had work; an idle run leaves none."""
    for batch in facts.batches:
        await acreate_table_artifact(
            key=f"leadline-{batch.stage}",
            table=table_of(batch, lang),
            description=_said(batch, lang),
        )
    if facts.files:
        await acreate_table_artifact(
            key="leadline-imports", table=[dict(file) for file in facts.files]
        )


def table_of(batch: Batch, lang: str) -> list[dict[str, Any]]:
    """Return a stage's counts by reason, for a table of Prefect's pages."""
    what, meaning, rows = _TABLE[lang]
    reasons = {reason.value: words for reason, words in WORDS.items()}
    counts = {"claimed": batch.claimed, "done": batch.done, **batch.skipped, "failed": batch.failed}
    return [
        {what: name, meaning: {**reasons, **_LINES}.get(name, {}).get(lang, ""), rows: count}
        for name, count in counts.items()
    ]
