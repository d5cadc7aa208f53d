"""What is installed is whole: a wheel, away from the checkout, imports every module."""

from __future__ import annotations

import shutil
import subprocess
import sys
import sysconfig
import venv
import zipfile
from typing import TYPE_CHECKING

import pytest

from tests.rules import sources

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

IMPORT_ALL = """
import importlib, pkgutil, sys
names = []
for package in sys.argv[2:]:
    found = importlib.import_module(package)
    assert found.__file__.startswith(sys.argv[1]), found.__file__
    names += [package, *(m.name for m in pkgutil.walk_packages(found.__path__, f"{package}."))]
for name in names:
    importlib.import_module(name)
print(len(names))
"""


def run(command: Sequence[str | Path], folder: Path) -> str:
    done = subprocess.run(
        list(map(str, command)), cwd=folder, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the wheel from a copy, so that the checkout stays as it is."""
    folder = tmp_path_factory.mktemp("wheel")
    for path in sources.files():
        target = folder / "copy" / sources.name(path)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(path, target)
    shutil.copy2(sources.ROOT / ".gitignore", folder / "copy")
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder / "dist")]
    run(build, folder / "copy")
    [built] = (folder / "dist").glob("*.whl")
    return built


@pytest.mark.xdist_group("wheel")
def test_wheel_holds_every_file_of_our_packages(wheel: Path) -> None:
    ours = tuple(f"{package}/" for package in sources.PACKAGES)
    expected = {
        sources.name(path) for path in sources.files() if sources.name(path).startswith(ours)
    }
    assert expected - set(zipfile.ZipFile(wheel).namelist()) == set()


@pytest.mark.xdist_group("wheel")
def test_wheel_holds_the_configuration_and_templates_that_init_writes(wheel: Path) -> None:
    inside = set(zipfile.ZipFile(wheel).namelist())
    names = [sources.name(path) for path in sources.files()]
    wanted = {
        f"leadline/project/{name}" for name in names if name.startswith(("config/", "templates/"))
    }
    assert wanted
    assert wanted - inside == set()


@pytest.mark.xdist_group("wheel")
def test_wheel_imports_every_module_away_from_the_checkout(wheel: Path, tmp_path: Path) -> None:
    venv.create(tmp_path / "env", with_pip=False)
    python = tmp_path / "env" / "bin" / "python"
    [packages] = (tmp_path / "env").glob("lib/python*/site-packages")
    # Our own libraries from the environment of the tests; its .pth files are not read from there.
    (packages / "libraries.pth").write_text(sysconfig.get_path("purelib"), encoding="utf-8")
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--python", str(python)]
    run([*pip, "install", "--no-index", "--no-deps", "--quiet", str(wheel)], tmp_path)
    count = run([python, "-I", "-c", IMPORT_ALL, packages, *sources.PACKAGES], tmp_path)
    assert int(count) >= len(sources.PACKAGES)
