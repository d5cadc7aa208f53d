"""Making a project folder: commented configuration, templates, an inbox and fresh secrets.

Nothing that is there is ever overwritten, and a folder half made by an interrupted run is
completed by the next.
"""

from __future__ import annotations

import os
import secrets
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Final

from leadline.config.environment import SECRETS_FILE
from leadline.errors import LeadlineError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_PACKAGE: Final = Path(__file__).resolve().parents[1]
_MARK: Final = "config/settings.yaml"


class FolderOccupied(LeadlineError):
    """The folder holds something else; nothing was written."""

    texts: ClassVar[Mapping[str, str]] = {
        "en": "{home} is not empty and is no leadline project. Nothing was written. Name a new "
        "or empty folder: `leadline init DIR`.",
        "ja": "{home} は空ではなく、leadline のプロジェクトでもありません。何も書き込んでいません。"
        "新しいフォルダか空のフォルダを指定してください: `leadline init DIR`。",
    }


def create_project(home: Path, *, demo: bool, state: Path | None = None) -> list[str]:
    """Make or complete a project folder.

    Args:
        home: the folder; it is made when it is not there.
        demo: whether to use the demo's reps and territories and to put its two sample files
            into the inbox.
        state: the state folder; `.leadline` in the project folder when None.

    Returns:
        The paths of the files that were written, below `home` where they are; [] when
        everything was there.

    Raises:
        FolderOccupied: if the folder holds something else than a project.
    """
    if not _is_free(home):
        raise FolderOccupied(home=home)
    wanted = _defaults() | (_demo() if demo else {})
    written = [name for name, source in wanted.items() if _add(home / name, source.read_bytes())]
    if _add(home / ".gitignore", b".leadline/\n"):
        written.append(".gitignore")
    (home / "inbox").mkdir(exist_ok=True)
    secrets_file = (state or home / ".leadline") / SECRETS_FILE
    if _add_secrets(secrets_file):
        inside = secrets_file.is_relative_to(home)
        written.append(str(secrets_file.relative_to(home) if inside else secrets_file))
    return written


def _is_free(home: Path) -> bool:
    """Tell whether `home` is absent, empty but for hidden files, or a project."""
    if not home.exists() or (home / _MARK).is_file():
        return True
    return home.is_dir() and all(entry.name.startswith(".") for entry in home.iterdir())


def _defaults() -> dict[str, Path]:
    """Return the packaged files by their path in a project; the one that marks it comes first."""
    packaged = _PACKAGE / "project" / "config"
    root = packaged.parent if packaged.is_dir() else _PACKAGE.parent
    names = {
        f"{folder}/{name}": path
        for folder in ("config", "templates")
        for name, path in _files(root / folder)
    }
    return dict(sorted(names.items(), key=lambda item: (item[0] != _MARK, item[0])))


def _demo() -> dict[str, Path]:
    project = _PACKAGE / "project"
    tables = {f"config/{name}": path for name, path in _files(project / "demo")}
    return tables | {f"inbox/{name}": path for name, path in _files(project / "samples")}


def _files(folder: Path) -> Iterator[tuple[str, Path]]:
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder)
        if path.is_file() and not any(part.startswith((".", "__")) for part in name.parts):
            yield name.as_posix(), path


def _add(target: Path, content: bytes) -> bool:
    """Write a file that is not there yet, whole or not at all; tell whether it was written."""
    if target.exists():
        return False
    target.parent.mkdir(parents=True, exist_ok=True)
    _place(target, content, mode=0o644)
    return True


def _add_secrets(target: Path) -> bool:
    if target.exists():
        return False
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    lines = (
        "# Keep this file secret and back it up: without the pepper the suppression list is lost.",
        "# 秘密のファイルです。必ずバックアップしてください (失うと配信停止リストが無効です)。",
        "# LEADLINE_SECRET_KEYS: comma-separated, newest last; add a key to rotate.",
        f"LEADLINE_SECRET_KEYS={secrets.token_urlsafe(32)}",
        f"LEADLINE_PEPPER={secrets.token_urlsafe(32)}",
        "",
    )
    return _place(target, "\n".join(lines).encode(), mode=0o600)


def _place(target: Path, content: bytes, *, mode: int) -> bool:
    """Put a complete file at `target` unless another process was first."""
    handle, name = tempfile.mkstemp(dir=target.parent, prefix=".new-")
    new = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        new.chmod(mode)
        try:
            target.hardlink_to(new)
        except FileExistsError:
            return False
        return True
    finally:
        new.unlink()
