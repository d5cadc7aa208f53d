"""The table of attacks names tests that are there."""

from __future__ import annotations

import re
from typing import Final

from tests.rules import sources

PAGE: Final = sources.ROOT / "docs" / "security" / "attacks.md"
NAMED: Final = re.compile(r"`(tests/\S+\.py)::(test_\w+)`")


def test_every_test_that_the_table_of_attacks_names_is_there() -> None:
    named = NAMED.findall(PAGE.read_text("utf-8"))
    assert len(named) == PAGE.read_text("utf-8").count("\n| ") - 8, "one test in each line"
    texts = {file: (sources.ROOT / file).read_text("utf-8") for file, _ in named}
    assert [test for file, test in named if f"def {test}(" not in texts[file]] == []
