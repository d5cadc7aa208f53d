"""What /openapi.json says of webhooks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from leadline.web.schema import Answers, Schema

_TEXT: Final[Schema] = {"type": "string"}
_ERROR: Final[Schema] = {
    "type": "object",
    "required": ["error", "message"],
    "properties": {"error": _TEXT, "message": _TEXT, "en": _TEXT, "ja": _TEXT},
}


def _refused(description: str) -> dict[str, Any]:
    return {"description": description, "content": {"application/json": {"schema": _ERROR}}}


#: Answers to what a tool posts.
WEBHOOK_ANSWERS: Final[Answers] = {
    200: {
        "description": "Stored, now or before; or nothing to store, such as a trial.",
        "content": {"application/json": {"schema": {"type": "object", "maxProperties": 0}}},
    },
    400: _refused("The connection was closed before the whole body was there."),
    401: _refused("Signature or key is missing or wrong, or the signature is too old."),
    404: _refused("No such source takes posts."),
    408: _refused("Not received within 30 s."),
    413: _refused("Larger than 256 KB."),
    415: _refused("Compressed: a Content-Encoding other than identity."),
    503: _refused("The database is full, locked or down, or the secret is not set yet."),
}

#: Body of what a tool posts.
WEBHOOK_REQUEST: Final[Schema] = {
    "requestBody": {
        "description": "Whatever the tool posts; config/mappings/{source}.yaml reads it.",
        "content": {
            "application/json": {"schema": {}},
            "application/x-www-form-urlencoded": {"schema": {}},
            "multipart/form-data": {"schema": {}},
        },
    }
}

#: Answers to Meta's handshake.
HANDSHAKE_ANSWERS: Final[Answers] = {
    200: {"description": "The challenge.", "content": {"text/plain": {"schema": _TEXT}}},
    403: _refused("Another verify token, or no handshake."),
    404: _refused("No such source has a handshake."),
    503: _refused("The configuration cannot be used."),
}

#: Query of Meta's handshake.
HANDSHAKE_REQUEST: Final[Schema] = {
    "parameters": [
        {"name": name, "in": "query", "schema": _TEXT}
        for name in ("hub.mode", "hub.verify_token", "hub.challenge")
    ]
}
