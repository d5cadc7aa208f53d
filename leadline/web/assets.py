"""Documents that forms offer: a page with one button, and the download that the button is for.

The link comes by mail, so that the document goes to whoever reads the address. A GET counts
nothing and gives nothing away: mail scanners open every link.
"""

from __future__ import annotations

import logging
import mimetypes
import re
import secrets
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, BinaryIO, Final
from urllib.parse import quote
from zoneinfo import ZoneInfo

from fastapi import APIRouter
from fastapi.responses import HTMLResponse, Response, StreamingResponse

from leadline.config.assets import find_asset
from leadline.domain.tokens import read_end
from leadline.rendering.words import clock_text
from leadline.store.confirmations import add_download
from leadline.web.mail_links import answer_of, find_form, form_name, open_link, show_over
from leadline.web.pages import Refusal, show_page
from leadline.web.schema import DOWNLOAD_ANSWERS, PAGE_ANSWERS
from leadline.web.site import Visit, Visiting

if TYPE_CHECKING:
    from collections.abc import Iterator

    from leadline.config.forms import FormAsset
    from leadline.stages import Workspace
    from leadline.store.confirmations import Answer
    from leadline.web.mail_links import Opened

_LOG = logging.getLogger("leadline.web")
router: Final = APIRouter()
_CHUNK: Final = 1 << 16
_UNSAFE: Final = re.compile(r'[^ -~]|["\\%]')


@dataclass(frozen=True, slots=True)
class _Download:
    """A document that is open: what is read is what was counted, whatever becomes of its name."""

    file: BinaryIO
    name: str
    size: int

    def parts(self) -> Iterator[bytes]:
        with self.file:
            while part := self.file.read(_CHUNK):
                yield part

    def answer(self) -> Response:
        kind = mimetypes.guess_type(self.name)[0] or "application/octet-stream"
        headers = {
            "Content-Disposition": disposition(self.name),
            "Content-Length": str(self.size),
        }
        return StreamingResponse(self.parts(), media_type=kind, headers=headers)


@router.get("/d/{token}", response_class=HTMLResponse, responses=PAGE_ANSWERS)
@router.head("/d/{token}", include_in_schema=False)
async def show_asset(visit: Visiting, token: str) -> Response:
    """Show the document's title and the button that downloads it; nothing is counted yet."""
    link = open_link(visit, "asset", token)
    answer, asset = await visit.site.in_turn(_find, visit.work, link)
    if link.is_over or asset is None:
        return await show_over(visit, link, answer)
    zone = ZoneInfo(answer.zone)
    ends_at = read_end("asset", token, keys=visit.work.environment.secret_keys)
    context = {
        "asset_title": asset.title[visit.lang],
        "action": f"?lang={visit.lang}",
        "expires_text": clock_text(ends_at, zone=zone, lang=visit.lang) if ends_at else "",
    }
    return await show_page(visit, "asset", context)


@router.post("/d/{token}", response_class=StreamingResponse, responses=DOWNLOAD_ANSWERS)
async def download(visit: Visiting, token: str) -> Response:
    """Give the document; the download is recorded before its first byte is sent."""
    link = open_link(visit, "asset", token)
    found = await visit.site.in_turn(_download, visit, link)
    if isinstance(found, _Download):
        return found.answer()
    return await show_over(visit, link, found)


def _find(work: Workspace, link: Opened) -> tuple[Answer, FormAsset | None]:
    with work.store.read() as connection:
        answer = answer_of(connection, work, link)
    form = find_form(work, answer)
    return answer, form.asset if form else None


def _download(visit: Visit, link: Opened) -> _Download | Answer:
    """Open the document and record the download; the mail that the link came with when it is over.

    Raises:
        Refusal: 404, the document is gone.
    """
    work = visit.work
    answer, asset = _find(work, link)
    if link.is_over or asset is None:
        return answer
    found = _open(work, answer, asset)
    try:
        with work.store.write() as connection:
            press = secrets.token_hex(16)
            add_download(connection, answer, press=press, file=asset.file, now=visit.now)
    except BaseException:
        found.file.close()
        raise
    return found


def _open(work: Workspace, answer: Answer, asset: FormAsset) -> _Download:
    path = find_asset(work.environment.home, asset.file)
    try:
        if path is None:
            raise FileNotFoundError
        file = path.open("rb")
    except OSError as error:
        _LOG.error("the asset of form %s: %s", form_name(answer), type(error).__name__)
        raise Refusal(404, "asset_gone") from None
    size = file.seek(0, 2)
    file.seek(0)
    return _Download(file, PurePosixPath(asset.file).name, size)


def disposition(name: str) -> str:
    """Return the header by which a browser saves a file under its name (RFC 6266)."""
    plain = _UNSAFE.sub("_", name)
    header = f'attachment; filename="{plain}"'
    return header if plain == name else f"{header}; filename*=UTF-8''{quote(name, safe='')}"
