"""How a run ends: what it did and what needs a person, in words and counts. No row is quoted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from leadline.domain.batches import Batch

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

COMPLETED: Final = "Completed"
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
    "untold": {
        "en": "nobody was told: name the admin's address as mail.admin_address in "
        "config/settings.yaml",
        "ja": "通知先がありません: config/settings.yaml の mail.admin_address に管理者のアドレスを"
        "設定してください",
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


@dataclass(frozen=True, slots=True)
class Ending:
    """How a run in which nothing failed ends.

    Attributes:
        name: Completed, Idle (nothing was due) or Attention (rows need a person).
        message: what was done, and what a person must do.
    """

    name: str
    message: str


@dataclass(frozen=True)
class Facts:
    """What a run did, in counts.

    Attributes:
        batches: the sum of each stage that had work, in the order run.
        files: `store_file` and `count_file` joined, by file.
        waiting: files left for the next run.
        unknown: mails of unknown outcome in the outbox, counted when this run sent any.
        late: per language, that the run is late or makes up for missed times; None when not.
    """

    batches: Sequence[Batch]
    files: Sequence[Mapping[str, Any]] = ()
    waiting: int = 0
    unknown: int = 0
    late: Mapping[str, str] | None = None

    def sum_of(self, name: str) -> int:
        """Return the sum of one count over the files that were read."""
        return sum(file.get(name, 0) for file in self.files)

    def needs(self, lang: str) -> list[str]:
        """Return what needs a person, each with the command that mends it."""
        stages = {batch.stage: batch for batch in self.batches}
        intake, touches, delivery = map(stages.get, ("intake", "touches", "delivery"))
        alerts = stages.get("alerts", Batch("alerts"))
        judged = sum(intake.skipped.values()) if intake else 0
        unreadable = [file["file"] for file in self.files if "error" in file]
        counts = {
            "quarantined": max(self.sum_of("rejected"), judged),
            "unreadable": len(unreadable),
            "held": (touches.failed if touches else 0) + alerts.failed,
            "untold": alerts.skipped.get("no_admin_address", 0),
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
        return "; ".join([*parts, *(said(batch, lang) for batch in self.batches)])

    def ending(self, lang: str) -> Ending:
        """Return how the run ends."""
        needs, summary = self.needs(lang), self.summary(lang)
        late = [self.late[lang]] if self.late and self.late[lang] else []
        if needs:
            return Ending(ATTENTION, ". ".join([*needs, *late, summary]))
        done = summary or _SAYS["idle"][lang]
        is_idle = not (self.batches or self.files or late)
        return Ending(IDLE if is_idle else COMPLETED, "; ".join([*late, done]))


def said(batch: Batch, lang: str) -> str:
    """Return what a stage did, such as `scoring 484 of 500, 16 over_cap`."""
    text = _SAYS["stage"][lang].format(stage=batch.stage, done=batch.done, claimed=batch.claimed)
    return ", ".join([text, *(f"{count} {reason}" for reason, count in batch.skipped.items())])
