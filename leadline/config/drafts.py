"""Configurations that do not stand in the project folder: one that was kept, one that is tried."""

from __future__ import annotations

import shutil
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, ClassVar, Final

from leadline.config.loader import check_project, read_project
from leadline.errors import ConfigError, LeadlineError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

    from leadline.config.shape import Project
    from leadline.errors import Problem

_SETTINGS: Final = "settings.yaml"
#: What may be tried alone; all other files are then those of the project folder.
_ALONE: Final = ("scoring.yaml", "segments.yaml")


class DraftMissing(ConfigError):
    """The folder to try holds no configuration."""

    texts: ClassVar[Mapping[str, str]] = {
        "en": "{folder} holds no configuration. Name a copy of the project folder or of its "
        "`config`, or a folder with an edited scoring.yaml or segments.yaml.",
        "ja": "{folder} に設定ファイルがありません。プロジェクトフォルダまたは `config` のコピー、"
        "あるいは編集した scoring.yaml や segments.yaml を含むフォルダを指定してください。",
    }

    def __init__(self, *, folder: object) -> None:
        """Keep the folder."""
        self.problems = ()
        LeadlineError.__init__(self, folder=folder)

    def say(self, lang: str) -> str:
        """Return the message in `lang`."""
        return LeadlineError.say(self, lang)


def check_draft(
    folder: Path, *, home: Path, now: datetime | None = None
) -> tuple[Project | None, tuple[Problem, ...]]:
    """Read an edited configuration; what it leaves out is that of the project folder.

    Args:
        folder: a project folder, a `config` folder, or either of them with `scoring.yaml` or
            `segments.yaml` alone.
        home: the project folder, for templates and for what `folder` leaves out.
        now: the time that is kept as `read_at` (aware UTC).

    Returns:
        The project, None when it has an error, and all errors and warnings by file and line.

    Raises:
        DraftMissing: there is no configuration in `folder`.
    """
    inner = folder / "config"
    config = inner if inner.is_dir() else folder
    is_whole = (config / _SETTINGS).is_file()
    alone = [name for name in _ALONE if (config / name).is_file()]
    if not is_whole and not alone:
        raise DraftMissing(folder=folder)
    has_templates = (folder / "templates").is_dir()
    if is_whole and has_templates and config == inner:
        return check_project(folder, now=now)
    with TemporaryDirectory(prefix="leadline-") as made:
        target = Path(made)
        _copy((folder if has_templates else home) / "templates", target / "templates")
        _copy(config if is_whole else home / "config", target / "config")
        for name in alone:
            shutil.copyfile(config / name, target / "config" / name)
        return check_project(target, now=now, has_assets=False)


def _copy(source: Path, target: Path) -> None:
    if source.is_dir():
        shutil.copytree(source, target, copy_function=shutil.copyfile)


def read_kept(kept: Mapping[str, Any]) -> Project:
    """Read a configuration from the texts that are kept of it.

    Args:
        kept: the files of `config` and `templates`, by folder and name.

    Raises:
        ConfigError: another version of leadline kept it, or it was made of workbooks.
    """
    with _written(kept) as folder:
        return read_project(folder, has_assets=False)


@contextmanager
def _written(kept: Mapping[str, Any]) -> Iterator[Path]:
    with TemporaryDirectory(prefix="leadline-") as folder:
        for part in ("config", "templates"):
            for name, text in kept[part].items():
                path = Path(folder, part, name)
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text, encoding="utf-8")
        yield Path(folder)
