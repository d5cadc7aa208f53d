"""What webhooks are tested with: sources, secrets, samples with their truth, and signed posts."""

from __future__ import annotations

import hashlib
import hmac
import json
from base64 import b64encode
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from leadline.clock import FixedClock
from tests.factories import NOW, a_visitor, a_workspace, rows_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    import httpx

    from leadline.stages import Workspace

SAMPLES: Final = Path(__file__).parent / "samples" / "webhooks"
SECRET: Final = "a secret of the tool"  # noqa: S105 - of no tool
JSON: Final = "application/json"
FORM: Final = "application/x-www-form-urlencoded"

#: Mapping files by source.
SOURCES: Final[dict[str, str]] = {
    "google": "webhook: {vendor: google_ads}\n",
    "facebook": "webhook: {vendor: meta}\n",
    "typeform": "webhook: {vendor: typeform}\ncolumns: {consent: consent}\n",
    "site": "country: JP\nwebhook: {vendor: contact_form_7}\n",
    "generic": """
country: US
webhook:
  key: {header: X-Webhook-Key}
  id: submission_id
  fields: {submitted_at: submitted_at}
  answers: [{each: fields}]
columns: {Newsletter: consent}
""",
}


def a_webhook_workspace(
    folder: Path,
    database_url: str,
    *,
    sources: Mapping[str, str] = SOURCES,
    **changes: Any,  # noqa: ANN401 - attributes of the environment
) -> Workspace:
    """Open a workspace whose sources have the secret `SECRET`."""
    files = {f"config/mappings/{name}.yaml": text for name, text in sources.items()}
    work = a_workspace(folder, database_url, files=files)
    names = {f"LEADLINE_WEBHOOK_SECRET_{name.upper()}": (SECRET,) for name in sources}
    secrets = {**names, **changes.pop("secrets", {})}
    environment = replace(work.environment, webhook_secrets=secrets, **changes)
    return replace(work, environment=environment)


def sample(name: str) -> bytes:
    """Return a sample; the key in Google's is ours."""
    return (SAMPLES / name).read_bytes().replace(b"replace-with-your-webhook-key", SECRET.encode())


def truth_of(name: str) -> list[dict[str, Any]]:
    """Return the leads that a sample makes."""
    lines = (SAMPLES / name).with_suffix(".truth.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]


def signed(source: str, body: bytes, secret: str = SECRET) -> dict[str, str]:
    """Return the headers with which the tool of a source posts a body."""
    digest = hmac.digest(secret.encode(), body, hashlib.sha256)
    return {
        "facebook": {"X-Hub-Signature-256": f"sha256={digest.hex()}"},
        "typeform": {"Typeform-Signature": f"sha256={b64encode(digest).decode()}"},
    }.get(source, {"X-Webhook-Key": secret})


async def deliver(
    work: Workspace,
    source: str,
    body: bytes | str,
    *,
    kind: str = JSON,
    **options: Any,  # noqa: ANN401 - httpx's
) -> httpx.Response:
    """Post a body as the tool of a source does; `headers` replace its signature."""
    content = body.encode() if isinstance(body, str) else body
    headers = options.pop("headers", None)
    headers = signed(source, content) if headers is None else headers
    clock = FixedClock(options.pop("now", NOW))
    async with a_visitor(work, clock=clock) as visitor:
        return await visitor.post(
            f"/webhooks/{source}",
            content=content,
            headers={"Content-Type": kind, **headers},
            **options,
        )


def leads_of(work: Workspace, fields: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the leads of the store, of each only the named fields, as a truth file has them."""
    return [{name: _plain(row[name]) for name in fields} for row in rows_of(work, "leads")]


def _plain(value: object) -> object:
    return value.strftime("%Y-%m-%dT%H:%M:%SZ") if isinstance(value, datetime) else value
