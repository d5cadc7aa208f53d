"""Pictures of every page, in both languages and three widths: `python -m tests.screenshots DIR`.

A person looks at them before a release; nothing is compared. The widths are a small phone, a
tablet (or a screen at 200 %), and a desk; the last also in dark colors.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Final

from tests.pages import LANGUAGES, PAGES, a_browser, a_site

if TYPE_CHECKING:
    from playwright.sync_api import Browser

    from tests.pages import Site

WIDTHS: Final = (320, 640, 1280)
_HEIGHT: Final = 640


def take_pictures(browser: Browser, site: Site, folder: Path) -> list[Path]:
    """Write one picture per page, language and width; returns their paths."""
    taken = []
    with browser.new_context() as context:
        page = context.new_page()
        for name, visit in PAGES.items():
            for lang in LANGUAGES:
                visit(page, site, lang)
                for width in WIDTHS:
                    page.set_viewport_size({"width": width, "height": _HEIGHT})
                    taken.append(folder / f"{name}-{lang}-{width}.png")
                    page.screenshot(path=taken[-1], full_page=True)
                page.emulate_media(color_scheme="dark")
                taken.append(folder / f"{name}-{lang}-dark.png")
                page.screenshot(path=taken[-1], full_page=True)
                page.emulate_media(color_scheme="light")
    return taken


def main(folder: Path) -> None:
    """Take all pictures into a folder, which is made when it is not there."""
    folder.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory() as home,
        a_site(Path(home) / "home") as site,  # before the browser: it starts loops of asyncio
        a_browser() as browser,
    ):
        taken = take_pictures(browser, site, folder)
    sys.stdout.write(f"{len(taken)} pictures in {folder}\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
