"""The documentation as pages: `python -m deployments.docs`, or `--check` to build and throw away.

Every Markdown file of the repository's root and of `docs/` becomes an HTML page below
`build/docs`; a link to a file that is not there is an error.
"""

from __future__ import annotations

import html
import re
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Final

from markdown_it import MarkdownIt

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT: Final = Path(__file__).resolve().parents[1]
TARGET: Final = ROOT / "build" / "docs"
HEADING: Final = re.compile(r"^# +(.+)$", re.MULTILINE)
LINK: Final = re.compile(r'(?<=href=")([^":#]+)\.md(?=[#"])')
ANY_LINK: Final = re.compile(r'(?:href|src)="([^":#?]+)')
PAGE: Final = """<!doctype html>
<html lang="{lang}"><head><meta charset="utf-8"><title>{title}</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<style>body{{max-width:48rem;margin:2rem auto;padding:0 1rem;font:1rem/1.6 system-ui,sans-serif}}
pre{{overflow:auto;background:#f5f5f5;padding:.8rem}}table{{border-collapse:collapse}}
td,th{{border:1px solid #ccc;padding:.3rem .6rem;text-align:left}}</style></head>
<body>{body}</body></html>
"""


def sources() -> list[Path]:
    """Return the documents: the root's, and everything below `docs/`."""
    return [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md"))]


def dead_links(document: Path, body: str) -> Iterator[str]:
    """Give the document's links to files that do not exist."""
    for target in ANY_LINK.findall(body):
        if not (document.parent / html.unescape(target)).exists():
            yield f"{document.relative_to(ROOT)}: {target} is not there"


def language(document: Path) -> str:
    """Return the language that a document's name or folder states."""
    is_japanese = ".ja." in document.name or "ja" in document.relative_to(ROOT).parts
    return "ja" if is_japanese else "en"


def page(document: Path, body: str) -> str:
    """Return a whole HTML page, with links between documents led to their pages."""
    heading = HEADING.search(document.read_text(encoding="utf-8"))
    title = html.escape(heading[1] if heading else document.stem)
    return PAGE.format(lang=language(document), title=title, body=LINK.sub(r"\1.html", body))


def build(target: Path) -> list[str]:
    """Write every page below `target`, and return the faults."""
    faults: list[str] = []
    markdown = MarkdownIt("commonmark").enable("table")
    for document in sources():
        body = markdown.render(document.read_text(encoding="utf-8"))
        faults += dead_links(document, body)
        written = target / document.relative_to(ROOT).with_suffix(".html")
        written.parent.mkdir(parents=True, exist_ok=True)
        written.write_text(page(document, body), encoding="utf-8")
    return faults


def main(arguments: list[str]) -> int:
    """Build the pages; return 1 when a link leads nowhere."""
    with tempfile.TemporaryDirectory() as aside:
        faults = build(Path(aside) if "--check" in arguments else TARGET)
    for fault in faults:
        print(fault, file=sys.stderr)
    if "--check" not in arguments:
        print(f"docs: {len(sources())} pages in {TARGET.relative_to(ROOT)}. Next: README.html")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
