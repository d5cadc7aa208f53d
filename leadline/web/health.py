"""Whether the app can do its work: the store takes writes, and how long the oldest post waits."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Final

from fastapi import APIRouter
from fastapi.responses import JSONResponse, Response

from leadline.store.answers import find_oldest_new, try_writing
from leadline.web.schema import HEALTH_ANSWERS
from leadline.web.site import Visiting

if TYPE_CHECKING:
    from datetime import datetime

    from leadline.stages import Workspace

router: Final = APIRouter()
_LOG = logging.getLogger("leadline.web")
#: A store that takes longer than this is as good as down for whoever asks.
ANSWER_SECONDS: Final = 5.0


@router.get("/healthz", responses=HEALTH_ANSWERS)
@router.head("/healthz", include_in_schema=False)
async def show_health(visit: Visiting) -> Response:
    """Tell whether the store is writable, and the age of the oldest unclaimed submission."""
    try:
        async with asyncio.timeout(ANSWER_SECONDS):
            oldest = await visit.site.probe(_look)
    except Exception as error:  # noqa: BLE001 - whatever it is, the store cannot be used
        _LOG.warning("the store cannot be written: %s", type(error).__name__)
        return JSONResponse(
            {"ok": False, "store": "unavailable"}, 503, headers={"Retry-After": "30"}
        )
    age = None if oldest is None else max(0, int((visit.now - oldest).total_seconds()))
    return JSONResponse({"ok": True, "store": "writable", "oldest_unclaimed_seconds": age})


def _look(work: Workspace) -> datetime | None:
    with work.store.write() as connection:
        try_writing(connection)
        return find_oldest_new(connection)
