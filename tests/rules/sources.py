"""The repository as the rule tests read it."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[2]
PACKAGES: Final = ("leadline", "flows", "tasks", "deployments")
#: Made by tools or by people's runs, and never committed.
LEFT_OUT: Final = frozenset(
    {".git", ".venv", ".env", "build", "dist", "demo", ".leadline", "__pycache__", ".hypothesis"}
    | {".mypy_cache", ".ruff_cache", ".pytest_cache", ".import_linter_cache"}
)


@cache
def files() -> tuple[Path, ...]:
    """Return every file of the repository, sorted; a folder is left out at the top or if hidden."""
    found = []
    for path in sorted(ROOT.rglob("*")):
        parts = path.relative_to(ROOT).parts
        hidden = {part for part in parts if part.startswith((".", "__pycache__"))}
        if path.is_file() and not (LEFT_OUT & ({parts[0]} | hidden)):
            found.append(path)
    return tuple(found)


def modules(*folders: str) -> list[Path]:
    """Return the Python files below the named top folders (or `leadline/domain`, ...)."""
    return [path for path in files() if path.suffix == ".py" and name(path).startswith(folders)]


def name(path: Path) -> str:
    """Return a file's path below the repository, with forward slashes."""
    return path.relative_to(ROOT).as_posix()


@cache
def tree(path: Path) -> ast.Module:
    """Return a module's syntax tree."""
    return ast.parse(path.read_text(encoding="utf-8"), filename=name(path))


def dotted(node: ast.expr) -> str:
    """Return `a.b.c` for an attribute chain, and "" for anything else."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute) and (inner := dotted(node.value)):
        return f"{inner}.{node.attr}"
    return ""
