"""What /openapi.json says of behavior events."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from leadline.web.schema import Answers, Schema

_TEXT: Final[Schema] = {"type": "string"}
_COUNT: Final[Schema] = {"type": "integer", "minimum": 0}
_ERROR: Final[Schema] = {
    "type": "object",
    "required": ["error", "message"],
    "properties": {"error": _TEXT, "message": _TEXT, "en": _TEXT, "ja": _TEXT},
}
_REJECTED: Final[Schema] = {
    "type": "object",
    "required": ["index", "field", "reason"],
    "properties": {
        "index": {**_COUNT, "description": "Its place in the post, from 0."},
        "field": {"type": ["string", "null"]},
        "reason": _TEXT,
    },
}
_EVENT: Final[Schema] = {
    "type": "object",
    "description": "One of email, external_id and anonymous_id says who did it. Whatever else "
    "stands beside is kept with the event.",
    "required": ["event", "occurred_at"],
    "properties": {
        "event_id": {**_TEXT, "description": "The same id again is the same event."},
        "event": {**_TEXT, "description": "Such as page_viewed; any other name is kept too."},
        "occurred_at": {**_TEXT, "description": "Such as 2026-11-20T09:00:00+09:00."},
        **dict.fromkeys(("email", "external_id", "anonymous_id"), _TEXT),
        **dict.fromkeys(("campaign", "url", "user_agent", "ip"), _TEXT),
        "properties": {"type": "object"},
    },
}


def _refused(description: str) -> dict[str, Any]:
    return {"description": description, "content": {"application/json": {"schema": _ERROR}}}


#: Answers to a post of events.
EVENT_ANSWERS: Final[Answers] = {
    200: {
        "description": "Stored, now or before; what was refused is kept in quarantine.",
        "content": {
            "application/json": {
                "schema": {
                    "type": "object",
                    "required": ["accepted", "known", "rejected"],
                    "properties": {
                        "accepted": _COUNT,
                        "known": _COUNT,
                        "rejected": {"type": "array", "items": _REJECTED},
                    },
                }
            }
        },
    },
    400: _refused("The connection was closed before the whole body was there."),
    401: _refused("Signature or key is missing or wrong, or the signature is too old."),
    404: _refused("No such source takes events."),
    408: _refused("Not received within 30 s."),
    413: _refused("Larger than 4 MB."),
    415: _refused("Neither JSON nor one JSON document a line; or compressed."),
    422: _refused("Not JSON, no list of events, or more than 5,000 of them."),
    503: _refused("The database is full, locked or down, or the secret is not set yet."),
}

#: Body of a post of events.
EVENT_REQUEST: Final[Schema] = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {
                "schema": {
                    "anyOf": [
                        {
                            "type": "object",
                            "required": ["events"],
                            "properties": {"events": {"type": "array", "items": _EVENT}},
                        },
                        {"type": "array", "items": _EVENT},
                        _EVENT,
                    ]
                }
            },
            "application/x-ndjson": {"schema": _TEXT},
        },
    }
}
