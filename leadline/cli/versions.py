"""The packages that leadline stands on, against the versions that it was declared to need."""

from __future__ import annotations

import re
from importlib.metadata import PackageNotFoundError, requires, version
from typing import Final

#: Worth showing: what the product is made of, and what has broken it before.
SHOWN: Final = ("leadline", "prefect", "fastapi", "sqlalchemy", "alembic", "pandas", "duckdb")
_REQUIREMENT: Final = re.compile(r"^([A-Za-z0-9._-]+)(?:\[[^\]]*\])?\s*([^;]*)(;.*)?$")
_BOUND: Final = re.compile(r"(>=|<)\s*([0-9.]+)")


def list_versions() -> dict[str, str]:
    """Return the installed versions of the packages worth showing."""
    found = {name: _installed(name) for name in SHOWN}
    return {name: installed for name, installed in found.items() if installed}


def find_outdated() -> list[str]:
    """Return what is missing or outside its declared bounds: `fastapi 0.155.0 (<0.140,>=0.139)`."""
    wrong = []
    for line in requires("leadline") or ():
        match = _REQUIREMENT.match(line)
        if match is None or "extra" in (match[3] or ""):
            continue
        name, bounds = match[1], match[2].strip()
        installed = _installed(name)
        if installed is None or not _fits(installed, bounds):
            wrong.append(f"{name} {installed or '-'} ({bounds or '*'})")
    return wrong


def _installed(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def _fits(installed: str, bounds: str) -> bool:
    """Tell whether a version lies within bounds such as `<4,>=3.8.8`."""
    found = _numbers(installed)
    return all(
        found >= _numbers(bound) if sign == ">=" else found < _numbers(bound)
        for sign, bound in _BOUND.findall(bounds)
    )


def _numbers(text: str) -> tuple[int, ...]:
    """Return the leading numbers of a version, without zeros at its end: 3.0 equals 3."""
    parts = [int(part) for part in re.match(r"\d+(?:\.\d+)*", text)[0].split(".")]  # type: ignore[index]
    while parts and parts[-1] == 0:
        parts.pop()
    return tuple(parts)
