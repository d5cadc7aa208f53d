"""The generated parts of the documentation: `python -m deployments.reference`, or `--check`.

A page is written by hand; between `<!-- generated: NAME -->` and `<!-- end -->` stands what the
code says: codes with their words, the columns of tables, what a template may name. The program
writes these parts anew; with `--check` it only tells which are out of date.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

from deployments import reference_codes, reference_commands, reference_shapes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

ROOT: Final = Path(__file__).resolve().parents[1]
BLOCK: Final = re.compile(
    r"(?P<begin><!-- generated: (?P<name>[a-z.-]+) -->\n).*?(?P<end><!-- end -->)", re.DOTALL
)
#: What writes each block; the part of a name behind the dot is the language.
MAKERS: Final[Mapping[str, Callable[[str], str]]] = {
    **reference_codes.MAKERS,
    **reference_commands.MAKERS,
    **reference_shapes.MAKERS,
}


def make(name: str) -> str:
    """Return the text of one block, which ends with a line break.

    Raises:
        KeyError: nobody makes a block of that name.
    """
    kind, _, lang = name.partition(".")
    return f"\n{MAKERS[kind](lang or 'en').strip()}\n\n"


def renewed(text: str) -> str:
    """Return a page with its generated parts written anew."""
    return BLOCK.sub(lambda found: found["begin"] + make(found["name"]) + found["end"], text)


def out_of_date(root: Path = ROOT) -> Iterator[tuple[Path, str]]:
    """Give each page below `docs/` whose generated parts differ, with the text it should have."""
    for page in sorted((root / "docs").rglob("*.md")):
        text = page.read_text(encoding="utf-8")
        wanted = renewed(text)
        if wanted != text:
            yield page, wanted


def main(arguments: list[str]) -> int:
    """Write what is out of date; with `--check` name it and return 1."""
    is_check = "--check" in arguments
    pages = list(out_of_date())
    for page, wanted in pages:
        name = page.relative_to(ROOT).as_posix()
        if is_check:
            print(f"{name} is out of date: run `python -m deployments.reference`", file=sys.stderr)
        else:
            page.write_text(wanted, encoding="utf-8")
            print(f"reference: {name} written")
    return 1 if is_check and pages else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
