"""Links that answer a form by mail: whose they are, and what is said when they are over."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from leadline.domain.tokens import read_ended, read_token
from leadline.store.confirmations import find_answer
from leadline.web.pages import Refusal, show_page

if TYPE_CHECKING:
    from fastapi.responses import Response

    from leadline.config.forms import FormShape
    from leadline.domain.answers import Kind
    from leadline.domain.tokens import Purpose
    from leadline.stages import Workspace
    from leadline.store.confirmations import Answer
    from leadline.store.engine import Connection
    from leadline.web.site import Visit

_KINDS: Final[dict[Purpose, Kind]] = {"asset": "acknowledgment", "confirmation": "confirmation"}
_GONE: Final = 410


@dataclass(frozen=True, slots=True)
class Opened:
    """A link as it was opened.

    Attributes:
        subject: what its token stands for.
        is_over: whether its time has passed.
    """

    purpose: Purpose
    subject: str
    is_over: bool


def open_link(visit: Visit, purpose: Purpose, token: str) -> Opened:
    """Read the token of a link.

    Raises:
        Refusal: 404, the token is forged, cut short or for another purpose.
    """
    keys = visit.work.environment.secret_keys
    subject = read_token(purpose, token, keys=keys, now=visit.now)
    if subject is not None:
        return Opened(purpose, subject, is_over=False)
    ended = read_ended(purpose, token, keys=keys, now=visit.now)
    if ended is None:
        raise Refusal(404, "not_found")
    return Opened(purpose, ended, is_over=True)


def answer_of(connection: Connection, work: Workspace, link: Opened) -> Answer:
    """Return the mail that a link came with.

    Raises:
        Refusal: 404, it is not there any more.
    """
    domain = work.project.settings.mail.from_address.rpartition("@")[2]
    found = find_answer(connection, _KINDS[link.purpose], link.subject, domain=domain)
    if found is None:
        raise Refusal(404, "not_found")
    return found


def form_name(answer: Answer) -> str:
    """Return the name of the form that a mail answered."""
    return answer.source.removeprefix("form:")


def find_form(work: Workspace, answer: Answer) -> FormShape | None:
    """Return that form as it is now, None when there is none of its name any more."""
    return work.project.forms.get(form_name(answer))


async def show_over(visit: Visit, link: Opened, answer: Answer) -> Response:
    """Say that a link works no longer, and where to ask for another."""
    name = form_name(answer)
    is_there = find_form(visit.work, answer) is not None
    url = f"{visit.work.environment.base_url}/forms/{name}?lang={visit.lang}"
    context = {"purpose": link.purpose, "form_url": url if is_there else ""}
    return await show_page(visit, "link_expired", context, status=_GONE)
