"""The locks: hashed, pinned, without addresses, and in step with pyproject.toml."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from typing import TYPE_CHECKING, Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.rules import sources

if TYPE_CHECKING:
    from pathlib import Path

LOCKS = ("requirements.txt", "requirements-dev.txt")
EXTRAS = {"requirements.txt": ("build",), "requirements-dev.txt": ("build", "dev")}
REFUSED = ("://", "--index-url", "--extra-index-url", "--find-links", "--trusted-host")
PIN = re.compile(r"^(?P<name>[A-Za-z0-9._-]+)(\[[^]]+\])?==(?P<version>[^\s;]+)")


def entries(lock: str) -> list[str]:
    """Return the lock's requirements, each with its hashes on one line, without comments."""
    text = (sources.ROOT / lock).read_text(encoding="utf-8").replace("\\\n", " ")
    lines = (re.sub(r"\s+", " ", line.split("#")[0]).strip() for line in text.splitlines())
    return [line for line in lines if line]


def pins(lock: str) -> dict[str, str]:
    found = (PIN.match(entry) for entry in entries(lock))
    return {canonicalize_name(match["name"]): match["version"] for match in found if match}


def declared(lock: str) -> list[Requirement]:
    text = (sources.ROOT / "pyproject.toml").read_text(encoding="utf-8")
    project: dict[str, Any] = tomllib.loads(text)["project"]
    extras = project["optional-dependencies"]
    lines = [*project["dependencies"], *(line for extra in EXTRAS[lock] for line in extras[extra])]
    return [Requirement(line) for line in lines]


@pytest.mark.parametrize("lock", LOCKS)
def test_lock_holds_no_address_and_no_index_option(lock: str) -> None:
    text = (sources.ROOT / lock).read_text(encoding="utf-8")
    assert not [word for word in REFUSED if word in text]


@pytest.mark.parametrize("lock", LOCKS)
def test_lock_pins_and_hashes_every_requirement(lock: str) -> None:
    loose = [entry for entry in entries(lock) if not PIN.match(entry)]
    bare = [entry for entry in entries(lock) if not re.search(r"--hash=sha256:[0-9a-f]{64}", entry)]
    assert (loose, bare) == ([], [])
    assert len(entries(lock)) > 100


@pytest.mark.parametrize("lock", LOCKS)
def test_lock_holds_what_pyproject_declares_within_its_bounds(lock: str) -> None:
    locked = pins(lock)
    wrong = [
        str(requirement)
        for requirement in declared(lock)
        if not requirement.specifier.contains(locked.get(canonicalize_name(requirement.name), "0"))
        or canonicalize_name(requirement.name) not in locked
    ]
    assert wrong == []


def test_development_lock_only_adds_to_the_running_lock() -> None:
    running, development = pins("requirements.txt"), pins("requirements-dev.txt")
    assert {name: development.get(name) for name in running} == running


def test_lock_with_one_altered_hash_refuses_to_install(tmp_path: Path) -> None:
    [entry] = [entry for entry in entries("requirements.txt") if entry.startswith("editables==")]
    lock = tmp_path / "altered.txt"
    lock.write_text(re.sub(r"sha256:[0-9a-f]{8}", "sha256:00000000", entry), encoding="utf-8")
    pip = [sys.executable, "-m", "pip", "install", "--disable-pip-version-check", "--no-cache-dir"]
    aside = ["--no-deps", "--ignore-installed", "--target", str(tmp_path / "aside")]
    done = subprocess.run(
        [*pip, *aside, "--require-hashes", "--requirement", str(lock)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert "DO NOT MATCH THE HASHES" in done.stderr
    assert done.returncode != 0


def test_no_other_lock_format_is_committed() -> None:
    others = {"uv.lock", "poetry.lock", "Pipfile.lock", "pdm.lock", "pylock.toml"}
    assert not [sources.name(path) for path in sources.files() if path.name in others]
