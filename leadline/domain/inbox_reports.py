"""The report that lies beside a file which was not taken in: why, what to do, and for which bytes.

It quotes no row. Its last line says for which content and configuration it holds, so that a file
is tried again when either has changed, and not before.
"""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_STAMP: Final = re.compile(
    r"^leadline-report content=(?P<content>\w+) settings=(?P<settings>\w+) mark=(?P<mark>\S+)\s*$",
    re.MULTILINE,
)
_FAILED: Final = {
    "en": """\
leadline did not take this file in: {file}

{why}

What to do: mend the file and save it here again, or change the configuration (config/). It is
then tried again by itself. To have it tried again as it is, delete this report. More about the
file:
  leadline import {path}{source} --dry-run
""",
    "ja": """\
このファイルは取り込まれていません: {file}

{why}

対処: ファイルを直してこの場所に保存し直すか、設定 (config/) を変更してください。次回、自動で
再度取り込みます。そのまま再試行するには、この報告ファイルを削除してください。詳しい確認:
  leadline import {path}{source} --dry-run
""",
}
_HELD: Final = {
    "en": """\
leadline did not take this file in: {file}

It would make {created} new leads{also}, more than the {threshold} that go on without
being asked for (backfill_threshold). Nothing was taken in, and nobody was told. Choose:

1. Old leads: they are stored, matched and scored, and nobody is told until `leadline release`.
  leadline import {path}{source} --backfill
2. New leads that are to go on at once: reps are told, and sequences begin.
  leadline import {path}{source} --yes

After either the file moves to done/ by itself. For every file of this source: `backfill: true`
or a larger `backfill_threshold` in config/mappings/{name}.yaml.
""",
    "ja": """\
このファイルは取り込まれていません: {file}

新規リードが {created} 件{also}あり、確認なしで処理する上限 {threshold} 件 (backfill_threshold) を
超えます。取込も通知もしていません。次のいずれかを選んでください。

1. 過去のリード: 保存・名寄せ・スコアのみ行い、`leadline release` まで通知・配信しません。
  leadline import {path}{source} --backfill
2. すぐに対応を始める新規リード: 担当への通知とシナリオの配信を始めます。
  leadline import {path}{source} --yes

どちらの場合も、ファイルは自動で done/ に移動します。この取込元のすべてのファイルに適用するには、
config/mappings/{name}.yaml に `backfill: true` か、より大きい `backfill_threshold` を指定します。
""",
}
#: Behind the new leads, where the file would let others go.
_RELEASED: Final = {
    "en": " and let {released} go that a backfill holds",
    "ja": "、保留が解除されるリードが {released} 件",
}
_COPY: Final = {"en": "COPY-OF-THE-FILE", "ja": "ファイルのコピー"}


@dataclass(frozen=True, slots=True)
class Stamp:
    """What a report holds for.

    Attributes:
        content: digest of the file's bytes.
        settings: digest of the configuration and of the program's version.
        mark: what the folder said of the file, so that nobody need read it again.
    """

    content: str
    settings: str
    mark: str


@dataclass(frozen=True, slots=True)
class Subject:
    """The file that a report is about.

    Attributes:
        shown: its name for people, with the folder.
        source: whose it is.
        is_stated: whether the folder says so; the command line must be told then.
        path: by which the command line reaches it, "" when it is elsewhere.
    """

    shown: str
    source: str
    is_stated: bool
    path: str


def write_failure(subject: Subject, why: Mapping[str, str], stamp: Stamp) -> str:
    """Return the report on a file that cannot be taken in.

    Args:
        subject: the file.
        why: what is wrong, per language.
        stamp: what the report holds for.
    """
    return _written(_FAILED, subject, stamp, lambda lang: {"why": why[lang]})


def write_hold(
    subject: Subject, *, created: int, released: int, threshold: int, stamp: Stamp
) -> str:
    """Return the report on a file with more leads than may go on without being asked for.

    Args:
        subject: the file.
        created: leads that would be new.
        released: leads that a backfill holds, and that the file would let go.
        threshold: how many may go on.
        stamp: what the report holds for.
    """

    def details(lang: str) -> dict[str, object]:
        also = _RELEASED[lang].format(released=released) if released else ""
        return {"created": created, "also": also, "threshold": threshold}

    return _written(_HELD, subject, stamp, details)


def read_stamp(report: str) -> Stamp | None:
    """Return what a report holds for, None when it is none of ours."""
    found = list(_STAMP.finditer(report))
    return Stamp(**found[-1].groupdict()) if found else None


def _written(
    words: Mapping[str, str],
    subject: Subject,
    stamp: Stamp,
    details: Callable[[str], Mapping[str, object]],
) -> str:
    """Return a report in both languages, with its stamp."""
    parts = []
    for lang in ("en", "ja"):
        path = shlex.quote(subject.path) if subject.path else _COPY[lang]
        is_named = subject.is_stated or not subject.path
        source = f" --source {shlex.quote(subject.source)}" if is_named else ""
        named = {"file": subject.shown, "path": path, "source": source, "name": subject.source}
        parts.append(words[lang].format(**named, **details(lang)))
    line = f"leadline-report content={stamp.content} settings={stamp.settings} mark={stamp.mark}"
    return "\n".join([*parts, line, ""])
