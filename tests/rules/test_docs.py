"""The documents say what is so: paths, commands, codes, configuration, generated parts."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
from typing import TYPE_CHECKING, Any

import pytest

from deployments import reference, reference_commands
from deployments.reference_shapes import FILES, keys_of
from deployments.reference_words import KEY_MEANINGS
from leadline.config.folder import create_project
from leadline.config.loader import check_project
from leadline.domain.calendars import Calendar
from leadline.domain.condition_findings import FUNCTIONS
from leadline.domain.recurrence_sentences import restate
from leadline.domain.recurrence_words import read_words
from leadline.domain.recurrences import Recurrence
from tests.rules import sources

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

DOCS = sources.ROOT / "docs"
FENCE = re.compile(
    r"(?:^<!-- (?P<mark>[^>\n]+) -->\n)?^```(?P<kind>\w+)\n(?P<text>.*?)^```$",
    re.DOTALL | re.MULTILINE,
)
CODE = re.compile(r"`([^`\n]+)`")
#: Blocks of these kinds are run by tests/journeys, on these pages alone.
RUN = {
    "shell": {
        *("docs/tutorial.md", "docs/tutorial.ja.md"),
        *("docs/how-to/schedules.md", "docs/how-to/schedules.ja.md"),
        *("docs/how-to/scoring.md", "docs/how-to/scoring.ja.md"),
        *("docs/how-to/events.md", "docs/how-to/events.ja.md"),
        *("docs/how-to/segments.md", "docs/how-to/segments.ja.md"),
        "docs/how-to/prefect-server.md",
    }
}
KINDS = {"shell", "text", "console", "yaml", "csv", "sql", "html", "ini"}
#: Files that `init` adds to or that exist only in a project or when the product runs.
NOT_HERE = re.compile(r"^(inbox|mailbox|logs|prefect|quarantine)/")
#: Pages that describe what the reader makes.
FREE = {"CHANGELOG.md"}


def pages() -> list[Path]:
    return [*sorted(sources.ROOT.glob("*.md")), *sorted(DOCS.rglob("*.md"))]


def fences(kind: str, *, refused: bool = False) -> Iterator[tuple[str, str]]:
    """Give the blocks of a kind; those that are meant to be wrong when asked, else the others."""
    for page in pages():
        for found in FENCE.finditer(page.read_text(encoding="utf-8")):
            if found["kind"] == kind and (found["mark"] == "refused") == refused:
                yield sources.name(page), found["text"]


def test_generated_parts_are_what_the_code_says() -> None:
    stale = [sources.name(page) for page, _ in reference.out_of_date()]
    assert stale == [], "run `python -m deployments.reference`"


def test_every_block_states_a_kind_that_is_checked() -> None:
    kinds = {
        (sources.name(page), line.strip())
        for page in pages()
        for line in page.read_text(encoding="utf-8").splitlines()
        if line.startswith("```") and line != "```"
    }
    assert {kind for _, kind in kinds} <= {f"```{kind}" for kind in KINDS}
    for kind, allowed in RUN.items():
        assert {page for page, fence in kinds if fence == f"```{kind}"} == allowed


def test_index_lists_every_decision_and_each_has_its_four_parts() -> None:
    folder = DOCS / "decisions"
    index = (folder / "README.md").read_text(encoding="utf-8")
    records = sorted(folder.glob("[0-9]*.md"))
    assert [int(record.name[:4]) for record in records] == list(range(1, len(records) + 1))
    for record in records:
        text = record.read_text(encoding="utf-8")
        assert f"]({record.name})" in index
        assert re.findall(r"^## (\w+)$", text, re.MULTILINE) == [
            *("Context", "Decision", "Consequences", "Alternatives")
        ]
        assert 40 <= len(text.splitlines()) <= 70, record.name


@pytest.mark.parametrize("page", ["README.md", "CONTRIBUTING.md", "docs/why/one-lead.md"])
def test_paths_that_a_page_names_exist(page: str) -> None:
    text = FENCE.sub("", (sources.ROOT / page).read_text(encoding="utf-8"))
    named = {word for word in CODE.findall(text) if is_path(word)}
    assert named
    assert [path for path in sorted(named) if not exists(path)] == []


def is_path(word: str) -> bool:
    return "/" in word and " " not in word and re.fullmatch(r"[\w.<>/-]+", word) is not None


def exists(path: str) -> bool:
    """Tell whether a path is there; `<name>` stands for any name, and may leave the folder out."""
    if NOT_HERE.match(path) or path.startswith(("/", "build/")):
        return True
    pattern = re.sub(r"<\w+>", "*", path.rstrip("/"))
    return any(
        next(sources.ROOT.glob(prefix + pattern), None) is not None for prefix in ("", "leadline/")
    )


def test_contributing_lists_four_to_six_files_for_each_addition() -> None:
    text = (sources.ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    additions = re.findall(r"^## Adding [^\n]+\n(.*?)(?=^## )", text, re.DOTALL | re.MULTILINE)
    assert len(additions) == 4
    for addition in additions:
        assert 4 <= len(re.findall(r"^\d\. ", addition, re.MULTILINE)) <= 6


def spoken_commands() -> Iterator[tuple[str, list[str]]]:
    """Give the `leadline` command lines of all pages, from console blocks and from code."""
    for page in pages():
        name, text = sources.name(page), page.read_text(encoding="utf-8")
        if name in FREE or "reference/" in name:
            continue
        typed = [each["text"] for each in FENCE.finditer(text) if each["kind"] != "text"]
        lines = [line for each in typed for line in each.splitlines()]
        lines = [re.sub(r"^(\$ )?(\w+=\S+ )*", "", line) for line in lines]
        for line in [*lines, *CODE.findall(FENCE.sub("", text))]:
            words = shlex.split(line.partition(" #")[0]) if line.startswith("leadline ") else []
            if len(words) > 1:
                yield name, words[1:]


def test_commands_of_the_pages_exist_with_their_options() -> None:
    known = {tuple(path.split()): command for path, command in reference_commands.commands()}
    seen = list(spoken_commands())
    wrong = [(page, words) for page, words in seen if not is_command(words, known)]
    assert len(seen) > 50
    assert wrong == []


def is_command(words: list[str], known: dict[tuple[str, ...], Any]) -> bool:
    command = known.get(tuple(words[:2])) or known.get(tuple(words[:1]))
    if command is None:
        return words[-1] == "--help" and words[0] in {"--help", "COMMAND", "コマンド"}
    options = {option for each in command.params for option in each.opts}
    used = {
        word.strip("[]").partition("=")[0] for word in words if word.lstrip("[").startswith("--")
    }
    return used <= options | {"--json", "--lang", "--help"}


def slug(heading: str) -> str:
    """Return the name by which a heading is linked to, as hosts of repositories make it."""
    return re.sub(r"[^\w -]", "", heading.lower()).strip().replace(" ", "-")


def test_links_into_pages_name_a_heading() -> None:
    dead = []
    for page in pages():
        text = FENCE.sub("", page.read_text(encoding="utf-8"))
        for path, anchor in re.findall(r"\]\(([^)#:]*)#([^)]+)\)", text):
            target = (page.parent / path if path else page).read_text(encoding="utf-8")
            headings = re.findall(r"^#+ (.+)$", target, re.MULTILINE)
            if anchor not in map(slug, headings):
                dead.append((sources.name(page), f"{path}#{anchor}"))
    assert dead == []


def test_make_targets_of_the_pages_exist() -> None:
    makefile = (sources.ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z]+):", makefile, re.MULTILINE))
    named = {
        target
        for page in pages()
        for words in re.findall(r"(?:`|\$ |# )make ([a-z ]+)", page.read_text(encoding="utf-8"))
        for target in words.split()
    }
    assert named >= {"setup", "demo", "test", "fault"}
    assert named <= targets


def test_every_configuration_key_has_a_meaning_and_every_meaning_a_key() -> None:
    assert {key for model in FILES.values() for _, key, _ in keys_of(model)} == set(KEY_MEANINGS)


def test_both_pages_on_conditions_name_every_function() -> None:
    for name in ("conditions.md", "conditions.ja.md"):
        text = (DOCS / "reference" / name).read_text(encoding="utf-8")
        assert [function for function in FUNCTIONS if f"`{function}`" not in text] == []


def examples(*, refused: bool = False) -> Iterator[tuple[str, str, str]]:
    """Give the YAML blocks that name the file which they would be."""
    for page, text in fences("yaml", refused=refused):
        named = re.match(r"# (config/\S+\.yaml)\n", text)
        assert named, f"{page}: a YAML block begins with its file, `# config/...yaml`"
        yield page, named[1], text


@pytest.mark.parametrize(("page", "file", "text"), list(examples()))
def test_configuration_example_is_valid_in_a_fresh_project(
    page: str, file: str, text: str, tmp_path: Path
) -> None:
    del page
    create_project(tmp_path / "project", demo=False)
    (tmp_path / "project" / file).write_text(text, encoding="utf-8")
    _, problems = check_project(tmp_path / "project")
    errors = [each for each in problems if not each.is_warning]
    elsewhere = {"unknown_template", "asset_missing"}  # files that the example leaves to the reader
    assert [each.say("en") for each in errors if each.code not in elsewhere] == []


@pytest.mark.parametrize(("page", "file", "text"), list(examples(refused=True)))
def test_configuration_example_that_is_meant_to_be_wrong_is_refused(
    page: str, file: str, text: str, tmp_path: Path
) -> None:
    del page
    create_project(tmp_path / "project", demo=False)
    (tmp_path / "project" / file).write_text(text, encoding="utf-8")
    project, problems = check_project(tmp_path / "project")
    assert project is None
    assert {each.file for each in problems if not each.is_warning} == {file}


SCHEDULES = ("how-to/schedules.md", "how-to/schedules.ja.md")


def table_below(page: str, heading: str) -> list[list[str]]:
    """Return the rows of the table that has a word in its heading, as the codes of each cell."""
    text = (DOCS / page).read_text(encoding="utf-8")
    [table] = re.findall(
        rf"^\|[^\n]*{heading}[^\n]*\|\n\|[ |-]+\|\n((?:\|.*\n)+)", text, re.MULTILINE
    )
    return [
        [code for cell in row.split(" | ") for code in CODE.findall(cell)]
        for row in table.splitlines()
    ]


@pytest.mark.parametrize(
    ("page", "heading"), list(zip(SCHEDULES, ("I want", "やりたいこと"), strict=True))
)
def test_words_of_a_schedule_mean_the_same_in_both_languages(page: str, heading: str) -> None:
    rows = table_below(page, heading)
    assert len(rows) == 8
    for row in rows:
        read = [read_words(words, timezone="Asia/Tokyo", calendar=Calendar()) for words in row]
        found = [restate(each) for each in read if isinstance(each, Recurrence)]
        assert len(found) == len(row) == 2, row
        assert found[0] == found[1], row


@pytest.mark.parametrize(
    ("page", "heading"), list(zip(SCHEDULES, ("refused", "代わりに"), strict=True))
)
def test_words_that_a_page_calls_refused_are_and_the_others_are_not(
    page: str, heading: str
) -> None:
    rows = table_below(page, heading)
    assert len(rows) == 4
    for wrong, *right in rows:
        read = [read_words(w, timezone="UTC", calendar=Calendar()) for w in (wrong, *right)]
        assert [isinstance(each, Recurrence) for each in read] == [False, *(True for _ in right)]
        assert right


SYSTEMD = shutil.which("systemd-analyze")


@pytest.mark.skipif(SYSTEMD is None, reason="systemd is not here")
@pytest.mark.parametrize(("page", "text"), [e for e in fences("ini") if "[Service]" in e[1]])
def test_service_unit_is_one_that_systemd_takes(page: str, text: str, tmp_path: Path) -> None:
    del page
    unit = tmp_path / "leadline.service"
    here = re.sub(r"^ExecStart=\S+", "ExecStart=/bin/true", text, flags=re.MULTILINE)
    unit.write_text(here, encoding="utf-8")
    done = subprocess.run(
        [str(SYSTEMD), "verify", "--man=no", str(unit)], capture_output=True, text=True, check=False
    )
    assert [line for line in done.stderr.splitlines() if "leadline.service" in line] == []
    assert "TimeoutStopSec=60" in text


@pytest.mark.parametrize("name", ["territories.md", "territories.ja.md"])
def test_territory_example_is_valid(name: str, tmp_path: Path) -> None:
    [(_, text)] = [each for each in fences("csv") if each[0].endswith(f"how-to/{name}")]
    create_project(tmp_path / "project", demo=False)
    (tmp_path / "project/config/territories.csv").write_text(text, encoding="utf-8")
    _, problems = check_project(tmp_path / "project")
    own = [each.say("en") for each in problems if each.file == "config/territories.csv"]
    assert [each for each in own if "team_without_rep" not in each] == []


@pytest.mark.parametrize("page", sorted((DOCS / "how-to").glob("*.ja.md")), ids=lambda p: p.name)
def test_japanese_how_to_has_the_sections_of_the_english_one(page: Path) -> None:
    english = page.with_name(page.name.replace(".ja.md", ".md"))
    shapes = [
        [
            *re.findall(r"^(#+) ", each.read_text(encoding="utf-8"), re.MULTILINE),
            *(found["kind"] for found in FENCE.finditer(each.read_text(encoding="utf-8"))),
        ]
        for each in (english, page)
    ]
    assert shapes[0] == shapes[1]
