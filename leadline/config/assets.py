"""Documents that forms offer for download: files below `assets/` in the project folder.

Only a form's file names one, and never a visitor. What leads out of the folder is refused all the
same, be it written so or linked so.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

FOLDER: Final = "assets"
#: A mail leads to it and a phone loads it: what is larger belongs elsewhere.
LARGEST: Final = 100_000_000


@dataclass(frozen=True, slots=True)
class Asset:
    """One file below `assets/`.

    Attributes:
        is_inside: whether it stands there itself, and no link leads out of the folder.
    """

    size: int
    is_inside: bool = True


def list_assets(home: Path) -> dict[str, Asset]:
    """Return the files below `assets/` by their path there with `/`; hidden ones do not count."""
    root = home / FOLDER
    found: dict[str, Asset] = {}
    for folder, folders, files in os.walk(root):  # follows no link
        folders[:] = [name for name in folders if not name.startswith(".")]
        for name in files:
            path = Path(folder, name)
            if not name.startswith(".") and path.is_file():
                inside = path.resolve().is_relative_to(root.resolve())
                key = path.relative_to(root).as_posix()
                found[key] = Asset(path.stat().st_size, is_inside=inside)
    return found


def is_below(file: str) -> bool:
    """Tell whether a name stays below the folder in which it is looked up."""
    path = PurePosixPath(file)
    return not path.is_absolute() and ".." not in path.parts and not set(file) & {"\\", "\0", ":"}


def asset_fault(file: str, known: Mapping[str, Asset]) -> str | None:
    """Return the code of what is wrong with the file that a form names, None for nothing."""
    name = PurePosixPath(file).as_posix()
    if not is_below(file) or (name in known and not known[name].is_inside):
        return "asset_outside"
    if name not in known:
        return "asset_missing"
    return "asset_too_large" if known[name].size > LARGEST else None


def find_asset(home: Path, file: str) -> Path | None:
    """Return where a form's document is now, None when it is gone or leads out of the folder."""
    root = home / FOLDER
    if not is_below(file):
        return None
    try:
        path = (root / file).resolve(strict=True)
    except (OSError, ValueError, RuntimeError):
        return None
    return path if path.is_relative_to(root.resolve()) and path.is_file() else None
