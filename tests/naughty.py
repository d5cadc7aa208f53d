"""Strings that break programs which trust what people type, and files that hold them."""

from __future__ import annotations

import csv
import io
import json
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_LIST: Final = Path(__file__).parent / "samples" / "naughty.txt"


@cache
def naughty_strings() -> tuple[str, ...]:
    """Return every string of the list, in its order."""
    lines = _LIST.read_text(encoding="utf-8").splitlines()
    return tuple(json.loads(line) for line in lines if line and not line.startswith("# "))


def a_table(rows: Iterable[Sequence[str]], **dialect: Any) -> str:  # noqa: ANN401 - any option
    """Return rows as CSV; `dialect` is that of the standard library's writer."""
    out = io.StringIO()
    options = {"lineterminator": "\n", **dialect}
    csv.writer(out, **options).writerows(rows)
    return out.getvalue()
