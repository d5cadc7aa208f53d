"""The one script of our pages: it solves the proof of work where a form asks for one."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from fastapi import APIRouter
from fastapi.responses import Response

from leadline.web.schema import SCRIPT_ANSWERS

router: Final = APIRouter()
#: Its path from the root; a page names it from where it stands.
PROOF_SCRIPT: Final = "/scripts/proof.js"
_PROOF: Final = Path(__file__).with_name("proof.js").read_bytes()


@router.get(PROOF_SCRIPT, response_class=Response, responses=SCRIPT_ANSWERS)
@router.head(PROOF_SCRIPT, include_in_schema=False)
async def show_script() -> Response:
    """Give the script that solves a page's proof of work."""
    return Response(_PROOF, media_type="text/javascript")
