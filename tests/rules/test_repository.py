"""The repository's texts: no machine's own paths or registries, and documents that are complete."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from leadline import errors
from leadline.domain.skips import SkipReason
from tests.rules import sources

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

REGISTRY = re.compile(
    r"://[^\s/\"')]*(pypi|pythonhosted|debian\.org|npmjs|artifactory|nexus|mirror)", re.IGNORECASE
)
MACHINE_PATH = re.compile(r"(?<![\w./-])/(work|root|home/[a-z]+|Users/[A-Za-z]+)/")
LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)")
HEADING = re.compile(r"^(#{1,6}) ", re.MULTILINE)


def texts() -> Iterator[tuple[str, str]]:
    """Give every text file of the repository but the rules themselves, by name."""
    for path in sources.files():
        if not sources.name(path).startswith("tests/rules/"):
            try:
                yield sources.name(path), path.read_text(encoding="utf-8")
            except UnicodeDecodeError:
                continue  # samples in the encodings that the reader is tested with


@pytest.mark.parametrize("pattern", [REGISTRY, MACHINE_PATH], ids=["registry", "machine path"])
def test_no_file_names_a_package_registry_or_a_path_of_one_machine(
    pattern: re.Pattern[str],
) -> None:
    found = [
        f"{name}:{number}"
        for name, text in texts()
        for number, line in enumerate(text.splitlines(), 1)
        if pattern.search(line)
    ]
    assert found == []


def prose(path: Path) -> str:
    """Return a document without its fenced blocks."""
    return re.sub(
        r"^```.*?^```", "", path.read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE
    )


def test_both_readmes_have_the_same_headings() -> None:
    english, japanese = (
        [len(marks) for marks in HEADING.findall(prose(sources.ROOT / name))]
        for name in ("README.md", "README.ja.md")
    )
    assert english
    assert english == japanese


def test_links_between_documents_lead_somewhere() -> None:
    dead = []
    for path in sources.files():
        if path.suffix == ".md":
            targets = (target.split("#")[0] for target in LINK.findall(prose(path)))
            inside = [target for target in targets if target and "://" not in target]
            dead += [
                (sources.name(path), t)
                for t in inside
                if not t.startswith("mailto:") and not (path.parent / t).exists()
            ]
    assert dead == []


def reference() -> str:
    pages = sorted((sources.ROOT / "docs" / "reference").rglob("*.md"))
    return "\n".join(page.read_text(encoding="utf-8") for page in pages)


def error_classes() -> list[str]:
    found = (value for value in vars(errors).values() if isinstance(value, type))
    return sorted(each.__name__ for each in found if issubclass(each, errors.LeadlineError))


def test_reference_lists_every_skip_reason() -> None:
    text = reference()
    assert [reason.value for reason in SkipReason if f"`{reason.value}`" not in text] == []


def test_reference_lists_every_error() -> None:
    text = reference()
    assert [error for error in error_classes() if f"`{error}`" not in text] == []
