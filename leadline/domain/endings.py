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
    "known": {
        "en": "{count} file(s) known already, moved to done",
        "ja": "取込済みのファイル{count}件を done に移動",
    },
    "reported": {
        "en": "{count} file(s) in the inbox wait for you, each with a report beside it",
        "ja": "報告付きで取込フォルダに残っているファイル{count}件",
    },
    "busy": {
        "en": "another run is at {count} file(s)",
        "ja": "別の実行が処理中のファイル{count}件",
    },
    "failed_files": {
        "en": "{count} file(s) not taken in ({files}): the report beside it, or `leadline import "
        "FILE --dry-run`, says what is wrong",
        "ja": "取り込めないファイル{count}件 ({files}): ファイルの横の報告か `leadline import FILE "
        "--dry-run` で原因を確認してください",
    },
    "held_files": {
        "en": "{count} file(s) with more new leads than backfill_threshold left for you to decide "
        "({files}): `leadline import FILE --backfill` for old leads, `--yes` to let them go",
        "ja": "新規リードが backfill_threshold を超えるファイル{count}件 ({files}): 過去のリードは "
        "`leadline import FILE --backfill`、すぐに対応するなら `--yes` で取り込んでください",
    },
    "unmoved": {
        "en": "{count} file(s) taken in cannot be moved to done ({files}): check who may write "
        "there",
        "ja": "取り込んだファイル{count}件を done に移動できません ({files}): 書き込み権限を確認"
        "してください",
    },
    "unusable": {
        "en": "{count} inbox(es) cannot be used ({files}): `leadline doctor` says why",
        "ja": "利用できない取込フォルダ{count}件 ({files}): `leadline doctor` で原因を確認して"
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


#: What became of files that this run left as they were.
_LEFT: Final = frozenset({"reported", "busy", "gone"})
#: Needs of a person, by what became of a file.
_NEEDS: Final = {"failed_files": "failed", "held_files": "held", "unusable": "unusable"}


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
        files: what became of each file, see `leadline.stages.inbox.take`.
        waiting: files left for the next run.
        unknown: mails of unknown outcome in the outbox, counted when this run sent any.
        late: per language, that the run is late or makes up for missed times; None when not.
    """

    batches: Sequence[Batch]
    files: Sequence[Mapping[str, Any]] = ()
    waiting: int = 0
    unknown: int = 0
    late: Mapping[str, str] | None = None

    @property
    def handled(self) -> list[Mapping[str, Any]]:
        """Return the files that this run did not just leave as they were."""
        return [file for file in self.files if file["outcome"] not in _LEFT]

    def _named(self, outcome: str) -> list[str]:
        return [str(file["file"]) for file in self.files if file["outcome"] == outcome]

    def sum_of(self, name: str) -> int:
        """Return the sum of one count over the files that were read."""
        return sum(file.get(name, 0) for file in self.files)

    def needs(self, lang: str) -> list[str]:
        """Return what needs a person, each with the command that mends it."""
        stages = {batch.stage: batch for batch in self.batches}
        intake, touches, delivery = map(stages.get, ("intake", "touches", "delivery"))
        alerts = stages.get("alerts", Batch("alerts"))
        judged = sum(intake.skipped.values()) if intake else 0
        names = {need: self._named(outcome) for need, outcome in _NEEDS.items()}
        names["unmoved"] = [str(file["file"]) for file in self.files if file.get("unmoved")]
        counts = {
            "quarantined": max(self.sum_of("rejected"), judged),
            **{need: len(found) for need, found in names.items()},
            "held": (touches.failed if touches else 0) + alerts.failed,
            "untold": alerts.skipped.get("no_admin_address", 0),
            "failed": delivery.failed if delivery else 0,
            "unknown": self.unknown,
        }
        return [
            _SAYS[need][lang].format(count=count, files=", ".join(names.get(need, ())))
            for need, count in counts.items()
            if count
        ]

    def summary(self, lang: str) -> str:
        """Return what was done, in one line."""
        outcomes = {name: len(self._named(name)) for name in ("reported", "busy", "known")}
        counted = {"waiting": self.waiting, **outcomes}
        parts = [_SAYS[name][lang].format(count=count) for name, count in counted.items() if count]
        if read := self._named("imported"):
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
        is_idle = not (self.batches or self.handled or late)
        return Ending(IDLE if is_idle else COMPLETED, "; ".join([*late, done]))


def said(batch: Batch, lang: str) -> str:
    """Return what a stage did, such as `scoring 484 of 500, 16 over_cap`."""
    text = _SAYS["stage"][lang].format(stage=batch.stage, done=batch.done, claimed=batch.claimed)
    return ", ".join([text, *(f"{count} {reason}" for reason, count in batch.skipped.items())])
