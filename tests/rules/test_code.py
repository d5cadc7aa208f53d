"""What the linters do not see: calls of the domain, tasks, flows, entry points, and lengths."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

from leadline import stages
from tests.rules import sources

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

#: Whose length counts; a migration is written once, and reads as a list of tables.
MEASURED = ("leadline/", "flows/", "tasks/", "deployments/", "benchmarks/")
MIGRATIONS = "leadline/store/migrations/versions/"
LONGEST_MODULE = 450
LONGEST_FUNCTION = 50
OUTWARD = re.compile(
    r"(^|\.)(open|print|input|breakpoint)$"
    r"|\.(read_(csv|parquet|sql|json|excel|table|pickle|feather|orc|xml|html|text|bytes)\w*)$"
    r"|\.(to_(csv|parquet|sql|json|excel|pickle|feather|orc|hdf|clipboard|gbq|stata)"
    r"|write_(text|bytes|csv|parquet|table))$"
)
DUCKDB_FACTORY = "leadline/domain/conditions.py"

Function = ast.FunctionDef | ast.AsyncFunctionDef


def functions(path: Path) -> Iterator[Function]:
    return (node for node in ast.walk(sources.tree(path)) if isinstance(node, Function))


def measured() -> list[Path]:
    found = sources.modules(*MEASURED)
    return [path for path in found if not sources.name(path).startswith(MIGRATIONS)]


def calls(node: ast.AST) -> list[ast.Call]:
    """Return the calls below `node` in the order of the text."""
    found = [each for each in ast.walk(node) if isinstance(each, ast.Call)]
    return sorted(found, key=lambda call: (call.lineno, call.col_offset))


def test_modules_stay_short() -> None:
    lengths = {
        sources.name(path): len(path.read_text(encoding="utf-8").splitlines())
        for path in measured()
    }
    assert not {path: lines for path, lines in lengths.items() if lines > LONGEST_MODULE}


def test_functions_stay_short() -> None:
    long = [
        f"{sources.name(path)}:{function.lineno} {function.name}: {lines} lines"
        for path in measured()
        for function in functions(path)
        if (lines := (function.end_lineno or 0) - function.lineno + 1) > LONGEST_FUNCTION
    ]
    assert long == []


def test_domain_calls_nothing_that_reads_or_writes() -> None:
    found = [
        f"{sources.name(path)}:{call.lineno}: {sources.dotted(call.func)}"
        for path in sources.modules("leadline/domain/")
        for call in calls(sources.tree(path))
        if OUTWARD.search(sources.dotted(call.func))
    ]
    assert found == []


def test_domain_opens_duckdb_in_one_place_and_without_the_outside() -> None:
    found = [
        (sources.name(path), ast.unparse(call))
        for path in sources.modules("leadline/")
        for call in calls(sources.tree(path))
        if sources.dotted(call.func).endswith("duckdb.connect")
    ]
    assert [path for path, _ in found] == [DUCKDB_FACTORY]
    for setting in (
        "':memory:'",
        "'enable_external_access': 'false'",
        "'lock_configuration': 'true'",
    ):
        assert setting in found[0][1]


def decorators(function: Function, decorator: str) -> Iterator[ast.expr]:
    """Give the function's decorators of that name, called or bare."""
    for node in function.decorator_list:
        target = node.func if isinstance(node, ast.Call) else node
        if sources.dotted(target).split(".")[-1] == decorator:
            yield node


def test_tasks_state_retries_and_a_time_limit() -> None:
    tasks = [
        (f"{sources.name(path)}:{function.name}", decorator)
        for path in sources.modules("tasks/")
        for function in functions(path)
        for decorator in decorators(function, "task")
    ]
    stated = {
        name: {keyword.arg for keyword in decorator.keywords}
        if isinstance(decorator, ast.Call)
        else set()
        for name, decorator in tasks
    }
    assert stated, "no task was found in tasks/"
    assert not [
        name for name, keywords in stated.items() if not keywords >= {"retries", "timeout_seconds"}
    ]


def stage_names(path: Path) -> dict[str, str]:
    """Return which local names of a module stand for which stage's task module."""
    found: dict[str, str] = {}
    for node in ast.walk(sources.tree(path)):
        if isinstance(node, ast.ImportFrom) and node.module == "tasks":
            found |= {alias.asname or alias.name: alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("tasks."):
            stage = (node.module or "").split(".")[1]
            found |= {alias.asname or alias.name: stage for alias in node.names}
        elif isinstance(node, ast.Import):
            found |= {a.name: a.name.split(".")[1] for a in node.names if a.name[:6] == "tasks."}
    return found


def called_stages(function: Function, names: dict[str, str]) -> list[str]:
    """Return the stages of ORDER that a flow calls, in the order of the text."""
    called: list[str] = []
    for call in calls(function):
        target = sources.dotted(call.func)
        stage = next((names[n] for n in names if target == n or target.startswith(f"{n}.")), "")
        if stage in stages.ORDER and called[-1:] != [stage]:
            called.append(stage)
    return called


def test_flows_call_the_stages_in_their_order() -> None:
    seen = {}
    for path in sources.modules("flows/"):
        names = stage_names(path)
        for function in functions(path):
            if called := called_stages(function, names):
                seen[f"{sources.name(path)}:{function.name}"] = called
    wrong = {
        flow: called
        for flow, called in seen.items()
        if called != sorted(called, key=stages.ORDER.index)
    }
    assert seen, "no flow in flows/ calls a stage"
    assert wrong == {}


def entry_points(path: Path) -> Iterator[str]:
    """Give the texts that a Python module names as entry points."""
    for node in ast.walk(sources.tree(path)):
        values: list[ast.expr | None] = []
        if isinstance(node, ast.keyword) and node.arg == "entrypoint":
            values = [node.value]
        elif isinstance(node, ast.Dict):
            pairs = zip(node.keys, node.values, strict=True)
            values = [
                v for k, v in pairs if isinstance(k, ast.Constant) and k.value == "entrypoint"
            ]
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            if any("entrypoint" in sources.dotted(target).lower() for target in targets):
                values = [each for each in ast.walk(node) if isinstance(each, ast.Constant)]
        yield from (
            v.value for v in values if isinstance(v, ast.Constant) and isinstance(v.value, str)
        )


def test_entry_points_are_module_paths_and_never_file_paths() -> None:
    named = [
        (sources.name(path), text)
        for path in sources.modules("deployments/", "flows/", "leadline/")
        for text in entry_points(path)
    ]
    for path in sources.files():
        if path.suffix in {".yaml", ".yml"}:
            text = path.read_text(encoding="utf-8")
            named += [
                (sources.name(path), found) for found in re.findall(r"entrypoint:\s*(\S+)", text)
            ]
    assert not [each for each in named if re.search(r"\.py\b|[/:]", each[1])]


def test_no_pattern_repeats_a_group_possessively() -> None:
    # Python before 3.11.5, and so Debian 12, matches such a group wrongly (gh-106052)
    possessive = re.compile(r"\)(?:[*+?]|\{[\d,]+\})\+(?!\d)|\(\?>")
    found = [
        f"{sources.name(path)}:{number}"
        for path in sources.modules("leadline/", "flows/", "tasks/", "deployments/")
        for number, line in enumerate(path.read_text("utf-8").splitlines(), start=1)
        if possessive.search(line)
    ]
    assert found == []
