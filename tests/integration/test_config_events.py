"""`events:` in a mapping file: what is wrong with it is told by place and cure."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from leadline.config.loader import check_project
from leadline.config.mappings import event_columns, find_events
from tests.factories import NOW, a_project

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("text", "code", "line"),
    [
        ("events: {}\n", "events_unguarded", 1),
        ("events:\n  open: true\n  key: {header: X-Key}\n", "open_and_guarded", 1),
        ("events:\n  columns:\n    Who: emial\n", "unknown_event_field", 3),
        ("events:\n  key:\n    body: 'a =='\n", "bad_expression", 3),
        ("events: {opn: true}\n", "extra_forbidden", 1),
    ],
)
def test_faults_are_told_with_their_line(tmp_path: Path, text: str, code: str, line: int) -> None:
    files = {"config/mappings/tool.yaml": text}
    home = a_project(tmp_path / "home", files=files).home
    _, problems = check_project(home, now=NOW)
    found = [(each.code, each.line) for each in problems if not each.is_warning]
    if code == "bad_expression":
        assert [each[1] for each in found] == [line]
    else:
        assert (code, line) in found


def test_two_sources_do_not_share_a_secret(tmp_path: Path) -> None:
    text = "events: {key: {header: X-Key}}\n"
    files = {f"config/mappings/{name}.yaml": text for name in ("my-app", "my.app")}
    _, problems = check_project(a_project(tmp_path / "home", files=files).home, now=NOW)
    assert "same_secret_variable" in {each.code for each in problems}


def test_columns_alone_let_nobody_post(tmp_path: Path) -> None:
    files = {
        "config/mappings/files.yaml": "events: {columns: {Who: email}}\n",
        "config/mappings/posts.yaml": "events: {key: {header: X-Key}, columns: {who: email}}\n",
    }
    project, _ = check_project(a_project(tmp_path / "home", files=files).home, now=NOW)
    assert project is not None
    assert find_events(project, "files") is None
    assert find_events(project, "nobody") is None
    assert find_events(project, "posts") is not None
    assert event_columns(project, "files") == {"Who": "email"}
