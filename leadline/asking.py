"""Asking a vendor for answers that its notice leaves out: the one place that calls out by HTTP.

It is no stage: intake calls it before it looks for new submissions. A notice is claimed by putting
it off, then asked for, then marked; whoever dies in between leaves it due again. The host is fixed,
no redirect is followed, time and size are bounded, and the address of a call holds the vendor's id
alone.
"""

from __future__ import annotations

import asyncio
import json
import logging
import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from leadline.config.environment import META_TOKEN, webhook_variable
from leadline.config.webhook_readings import FETCHED, find_webhook
from leadline.domain.retries import WITHOUT_TOKEN, is_last
from leadline.store.deliveries import (
    claim_notices,
    mark_answered,
    mark_given_up,
    mark_not_asked,
)

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    import httpx

    from leadline.config.environment import Environment
    from leadline.config.shape import Project
    from leadline.store.deliveries import Notice
    from leadline.store.engine import Store

_LOG: Final = logging.getLogger("leadline.intake")
_GRAPH: Final = "https://graph.facebook.com"
_FIELDS: Final = "id,created_time,ad_id,form_id,field_data"
_AT_ONCE: Final = 50
#: For all notices of one round together: form posts do not wait longer for a slow vendor.
_SECONDS: Final = 5.0
_MAX_BYTES: Final = 256 * 1024
_ID: Final = re.compile(r"[0-9A-Za-z_-]{1,64}")


@dataclass(frozen=True, slots=True)
class _Question:
    """One notice, and what is needed to ask for its answers."""

    notice: Notice
    lead_id: str
    version: str
    token: str


def ask_for_answers(
    store: Store, project: Project, environment: Environment, *, now: datetime
) -> int:
    """Ask for the answers of notices that are due; returns how many have them now.

    Args:
        store: where the notices are.
        project: how each source posts.
        environment: the access tokens.
        now: what is due by then is asked for.
    """
    with store.write(lock="intake") as connection:
        notices = claim_notices(connection, now=now, limit=_AT_ONCE)
    if not notices:
        return 0
    questions = [_question(notice, project, environment) for notice in notices]
    asked = [each for each in questions if isinstance(each, _Question)]
    found = _run(asked, environment.graph_url or _GRAPH)
    _log(questions)
    with store.write(lock="intake") as connection:
        count = mark_answered(connection, list(found.items()))
        unasked = [n for n, q in zip(notices, questions, strict=True) if isinstance(q, str)]
        mark_not_asked(connection, unasked, due_at=now + WITHOUT_TOKEN)
        lost = [q.notice.id for q in asked if q.notice.id not in found]
        spent = {q.notice.id for q in asked if is_last(q.notice.attempts)}
        odd = [n.id for n, q in zip(notices, questions, strict=True) if q is None]
        mark_given_up(connection, [id_ for id_ in lost if id_ in spent], detail="asked for 3 days")
        mark_given_up(connection, odd, detail="no id to ask with")
    return count


def _question(notice: Notice, project: Project, environment: Environment) -> _Question | str | None:
    """Return what to ask; the variable that is missing; or None when nothing can be asked."""
    webhook = find_webhook(project, notice.source)
    lead_id = _lead_id(notice.raw)
    if lead_id is None or webhook is None or webhook.vendor != FETCHED:
        return None
    own = webhook_variable("TOKEN", notice.source)
    secrets = environment.webhook_secrets
    tokens = secrets.get(own) or secrets.get(META_TOKEN)
    if not tokens:
        return META_TOKEN
    return _Question(notice, lead_id, webhook.graph_version, tokens[-1])


def _lead_id(raw: dict[str, Any]) -> str | None:
    """Return the id that a notice names; None when it names none that could be one."""
    try:
        found = json.loads(str(raw.get("body", "")))["value"]["leadgen_id"]
    except (ValueError, KeyError, TypeError):
        return None
    return str(found) if _ID.fullmatch(str(found)) else None


def _log(questions: Sequence[_Question | str | None]) -> None:
    """Say which variable is missing; the notices wait."""
    for variable in sorted({each for each in questions if isinstance(each, str)}):
        waiting = sum(each == variable for each in questions)
        _LOG.warning("%d notice(s) wait for answers: %s is not set", waiting, variable)


def _run(questions: Sequence[_Question], base: str) -> dict[int, dict[str, Any]]:
    """Return the answers by submission, as they are to be stored."""
    if not questions:
        return {}
    # a thread of its own: the caller's may have an event loop
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, _ask_all(questions, base)).result()


async def _ask_all(questions: Sequence[_Question], base: str) -> dict[int, dict[str, Any]]:
    import httpx

    found: dict[int, dict[str, Any]] = {}
    client = httpx.AsyncClient(base_url=base, follow_redirects=False, trust_env=False)
    async with client:
        tasks = [asyncio.create_task(_ask(client, each, found)) for each in questions]
        _, late = await asyncio.wait(tasks, timeout=_SECONDS)
        for task in late:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    if len(found) < len(questions):
        _LOG.warning("%d of %d notice(s) got no answers", len(questions) - len(found), len(tasks))
    return found


async def _ask(client: httpx.AsyncClient, question: _Question, found: dict[int, Any]) -> None:
    """Ask for one lead; what is not an answer is logged by its status alone."""
    import httpx

    headers = {"Authorization": f"Bearer {question.token}", "Accept": "application/json"}
    path = f"/{question.version}/{question.lead_id}"
    try:
        async with client.stream(
            "GET", path, headers=headers, params={"fields": _FIELDS}, timeout=_SECONDS
        ) as answer:
            text = await _read(answer) if answer.status_code == httpx.codes.OK else None
            status = answer.status_code
    except httpx.HTTPError as error:
        _LOG.warning("answers could not be asked for: %s", type(error).__name__)
        return
    if text is None or not _is_answer(text, question.lead_id):
        _LOG.warning("no answers came: HTTP status %d", status)
        return
    notice = question.notice.raw.get("notice") or question.notice.raw.get("body")
    found[question.notice.id] = {"body": text, "type": "application/json", "notice": notice}


async def _read(answer: httpx.Response) -> str | None:
    """Return a body as text; None when it is too large or no text."""
    body = bytearray()
    async for part in answer.aiter_bytes():
        body += part
        if len(body) > _MAX_BYTES:
            return None
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError:
        return None
    return None if "\0" in text else text


def _is_answer(text: str, lead_id: str) -> bool:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return False
    return (
        isinstance(found, dict)
        and str(found.get("id")) == lead_id
        and isinstance(found.get("field_data"), list)
    )
