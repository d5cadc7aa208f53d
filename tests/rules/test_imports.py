"""Who may import whom: the contracts of pyproject.toml, and what the linter cannot see."""

from __future__ import annotations

import ast
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

from tests.rules import sources

#: Whoever alone may import the named library; everybody else is listed in the contract.
SOLE_IMPORTERS = {
    "sqlalchemy": "leadline.store",
    "aiosmtplib": "leadline.mail",
    "jinja2": "leadline.rendering",
    "apscheduler": "leadline.schedule",
    "ruamel": "leadline.config",
}
NOT_FOR_UNIT_TESTS = {"prefect", "sqlalchemy", "psycopg", "sqlite3", "aiosmtplib", "fastapi"}

#: Imports every module of the two packages that handle mail, then looks for smtplib.
IMPORT_MAIL = """
import importlib, pkgutil, sys
import leadline.mail
for module in pkgutil.walk_packages(leadline.mail.__path__, "leadline.mail."):
    importlib.import_module(module.name)
sys.exit("smtplib" in sys.modules)
"""


def contracts() -> list[dict[str, Any]]:
    settings = tomllib.loads((sources.ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    found: list[dict[str, Any]] = settings["tool"]["importlinter"]["contracts"]
    return found


def run(*command: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        list(map(str, command)), cwd=sources.ROOT, capture_output=True, text=True, check=False
    )


def test_import_contracts_are_kept() -> None:
    done = run(Path(sys.executable).with_name("lint-imports"), "--no-logo", "--no-cache")
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("library", SOLE_IMPORTERS)
def test_contract_names_everybody_but_the_sole_importer(library: str) -> None:
    below = (sources.ROOT / "leadline").iterdir()
    inside = {f"leadline.{path.stem}" for path in below if is_module(path)}
    everybody = inside | {"flows", "tasks", "deployments"}
    [contract] = [
        each
        for each in contracts()
        if library in each.get("forbidden_modules", ()) and each.get("allow_indirect_imports")
    ]
    assert set(contract["source_modules"]) == everybody - {SOLE_IMPORTERS[library]}


def is_module(path: Path) -> bool:
    is_package = (path / "__init__.py").exists()
    return is_package or (path.suffix == ".py" and path.stem != "__init__")


def test_mail_modules_do_not_load_smtplib() -> None:
    done = run(sys.executable, "-c", IMPORT_MAIL)
    assert done.returncode == 0, done.stderr or "smtplib was loaded"


def imports(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(sources.tree(path)):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module.split(".")[0])
    return found


def test_unit_tests_import_no_database_and_no_prefect() -> None:
    found = {
        sources.name(path): imports(path) & NOT_FOR_UNIT_TESTS
        for path in sources.modules("tests/unit/")
    }
    assert not {path: names for path, names in found.items() if names}


def test_package_data_folder_is_no_python_package() -> None:
    assert not sources.modules("leadline/project/")
