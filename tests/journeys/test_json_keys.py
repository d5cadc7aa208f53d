"""The JSON document of each command has the keys that the reference lists, and no others."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest

from deployments.reference_commands import JSON_KEYS
from leadline.cli import main

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

LISTED = re.compile(r"(?P<name>\w+)(?P<is_list>\[\])?(?:\{(?P<keys>[^}]*)\})?")
NOW = "2030-06-03T00:25:00Z"


@pytest.fixture
def ask(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., dict[str, Any]]:
    """Give a function that runs a command in a demo project and returns its document."""

    def run(*words: str) -> dict[str, Any]:
        main([*words, "--json"])
        document: dict[str, Any] = json.loads(capsys.readouterr().out)
        return document

    monkeypatch.setenv("LEADLINE_HOME", str(tmp_path / "project"))
    monkeypatch.setenv("LEADLINE_LANG", "en")
    return run


def different(document: dict[str, Any], listed: tuple[str, ...]) -> list[str]:
    """Return the keys, with those one level below, that the document and the list do not share."""
    found = [each for text in listed if (each := LISTED.fullmatch(text))]
    wrong = set(document) ^ {each["name"] for each in found}
    for each in found:
        value = document.get(each["name"])
        first = value[0] if each["is_list"] and value else value
        if each["keys"] and isinstance(first, dict):
            below = set(first) ^ set(each["keys"].replace("[]", "").split(", "))
            wrong |= {f"{each['name']}.{name}" for name in below}
    return sorted(wrong)


def test_documents_have_the_keys_that_the_reference_lists(
    ask: Callable[..., dict[str, Any]], tmp_path: Path
) -> None:
    home = str(tmp_path / "project")
    documents = {
        "init": ask("init", home, "--demo"),
        "check": ask("check"),
        "doctor": ask("doctor", "--quick"),
        "migrate": ask("migrate"),
        "import": ask("import", f"{home}/inbox/generic_ja_cp932.csv", "--yes"),
        "run": ask("run", "--now", NOW),
        "leads list": ask("leads", "list", "--where", "consent AND request = 'quote'"),
        "segments": ask("segments"),
        "leads export": ask("leads", "export", "--out", str(tmp_path / "leads.csv")),
        "mailbox": ask("mailbox"),
        "status": ask("status"),
    }
    lead = str(documents["leads list"]["leads"][0]["id"])
    documents |= {"leads show": ask("leads", "show", lead), "explain": ask("explain", lead)}
    documents |= {"simulate scoring": ask("simulate", "scoring")}
    documents |= {
        "files inspect": ask("files", "inspect", f"{home}/inbox/generic_ja_cp932.csv"),
        "release": ask("release", "--import", "1"),
        "suppress": ask("suppress", "lead@sample.example", "no address"),
        "consents": ask("consents", lead),
        "submissions list": ask("submissions", "list"),
        "submissions show": ask("submissions", "show", "1"),
        "submissions replay": ask("submissions", "replay", "1"),
    }

    assert set(documents) == set(JSON_KEYS) - {"deploy"}  # it needs a server: test_deploy
    wrong = {name: different(found, JSON_KEYS[name]) for name, found in documents.items()}
    assert {name: keys for name, keys in wrong.items() if keys} == {}


def conditional(command: str, option: str) -> str:
    """Return what the reference says of the keys that a command has with an option."""
    return next(text for text in JSON_KEYS[command] if text.startswith(f"with {option}"))


def test_documents_have_the_keys_that_the_reference_lists_for_options(
    ask: Callable[..., dict[str, Any]], tmp_path: Path
) -> None:
    home = tmp_path / "project"
    ask("init", str(home), "--demo")
    few = home / "few.csv"
    few.write_text("Email,Company\na@sample.example,Sample Inc.\n", encoding="utf-8")
    ask("import", str(few))

    runs = ask("import", "--list")
    undone = ask("import", "--undo", "1")
    [dry] = ask("import", str(few), "--dry-run")["files"]
    [stopped] = ask("import", f"{home}/inbox/generic_ja_cp932.csv")["files"]
    none = ask("suppress", "--none")

    assert set(none) == set(conditional("suppress", "--none").partition(": ")[2].split(", "))
    assert different(runs, (conditional("import", "--list").partition(": ")[2],)) == []
    assert set(undone) == set(conditional("import", "--undo").partition(": ")[2].split(", "))
    said = set(re.findall(r"\w+", " ".join(JSON_KEYS["import"])))
    assert set(dry) | set(stopped) <= said
    assert {"joined", "consequences", "backfill_threshold"} <= set(dry) & set(stopped)
    assert dry["is_dry_run"]
    assert stopped["stopped"] == "backfill_threshold"
