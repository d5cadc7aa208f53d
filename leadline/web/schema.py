"""What /openapi.json says of bodies and answers that FastAPI cannot read off the code."""

from __future__ import annotations

from typing import Any, Final

Schema = dict[str, Any]
Answers = dict[int | str, dict[str, Any]]

_TEXT: Final[Schema] = {"type": "string"}
_WORDS: Final[Schema] = {"en": _TEXT, "ja": _TEXT}
_ERROR: Final[Schema] = {
    "type": "object",
    "required": ["error"],
    "properties": {"error": _TEXT, **_WORDS},
}
_FIELD_ERRORS: Final[Schema] = {
    "type": "object",
    "required": ["error", "errors"],
    "properties": {
        "error": _TEXT,
        "errors": {
            "type": "object",
            "additionalProperties": {"type": "object", "properties": {"code": _TEXT, **_WORDS}},
        },
    },
}
_STORED: Final[Schema] = {
    "type": "object",
    "required": ["submission"],
    "properties": {"submission": {"type": "integer"}},
}
_FIELDS: Final[Schema] = {
    "type": "object",
    "description": "The form's own fields by name; others are ignored.",
    "additionalProperties": {"anyOf": [_TEXT, {"type": "array", "items": _TEXT}]},
    "properties": {
        "idempotency_key": {**_TEXT, "maxLength": 200},
        "return_url": {**_TEXT, "description": "One of the form's return_urls."},
        "page_token": {**_TEXT, "description": "From the hosted page: when it was made."},
        "altcha": {**_TEXT, "description": "From the hosted page: a solved proof of work."},
    },
}
_FORM_KINDS: Final = ("application/x-www-form-urlencoded", "multipart/form-data")


def _answer(description: str, schema: Schema) -> dict[str, Any]:
    content = {"application/json": {"schema": schema}, "text/html": {"schema": _TEXT}}
    return {"description": description, "content": content}


#: Answers of every route that shows a page.
PAGE_ANSWERS: Final[Answers] = {
    "4XX": _answer("What is wrong, in words.", _ERROR),
    503: _answer("The database is full, locked or down; see Retry-After.", _ERROR),
}

#: Answers to the button that downloads a document.
DOWNLOAD_ANSWERS: Final[Answers] = {
    200: {
        "description": "The document, as an attachment.",
        "content": {"*/*": {"schema": {"type": "string", "format": "binary"}}},
    },
    **PAGE_ANSWERS,
}

#: Answers to a form post.
POST_ANSWERS: Final[Answers] = {
    201: _answer("Stored.", _STORED),
    303: {"description": "Stored; the browser goes to return_url."},
    400: _answer("Not readable, more than 200 fields, or a foreign return_url.", _ERROR),
    403: _answer("Posted by a web site that is not among the form's origins.", _ERROR),
    404: _answer("There is no such form.", _ERROR),
    408: _answer("Not received within 30 s.", _ERROR),
    409: _answer(
        "Another body was stored under this Idempotency-Key, or the proof of work was spent.",
        _ERROR,
    ),
    413: _answer("Larger than 256 KB.", _ERROR),
    415: _answer("Neither urlencoded nor multipart nor JSON.", _ERROR),
    422: _answer("A field is missing or wrong.", _FIELD_ERRORS),
    429: _answer("The network posted too much within a minute; see Retry-After.", _ERROR),
    503: _answer("The database is full, locked or down; nothing was stored.", _ERROR),
}

#: Answers of the script of our pages.
SCRIPT_ANSWERS: Final[Answers] = {
    200: {"description": "The script.", "content": {"text/javascript": {"schema": _TEXT}}},
}

#: Answers of the page script.
PAGE_SCRIPT_ANSWERS: Final[Answers] = {
    **SCRIPT_ANSWERS,
    404: _answer("The page script is off.", _ERROR),
}

#: Answers of a link of a mail.
CLICK_ANSWERS: Final[Answers] = {
    302: {"description": "The way on to where the link leads."},
    **PAGE_ANSWERS,
}

#: Answers to a page view.
VISIT_ANSWERS: Final[Answers] = {
    204: {"description": "Stored."},
    400: _answer("Not what the page script sends.", _ERROR),
    403: _answer("Posted by a web site that is not among the origins of page_script.", _ERROR),
    404: _answer("The page script is off.", _ERROR),
    408: _answer("Not received within 30 s.", _ERROR),
    413: _answer("Larger than 256 KB.", _ERROR),
    429: _answer("The network posted too much within a minute; see Retry-After.", _ERROR),
    503: _answer("The database is full, locked or down; nothing was stored.", _ERROR),
}

_NUMBER: Final[Schema] = {**_TEXT, "pattern": "^[0-9a-f]{32}$"}
_VIEW: Final[Schema] = {
    "type": "object",
    "required": ["id", "visitor", "url"],
    "properties": {
        "id": {**_NUMBER, "description": "Of this view; the same when it is sent again."},
        "visitor": {**_NUMBER, "description": "Of the browser."},
        "url": {**_TEXT, "maxLength": 2000, "description": "A page of the site that posts."},
        "token": {**_TEXT, "description": "From the address of a page that a mail led to."},
    },
}
#: Body of a page view; a browser sends it as text, so that it need not ask first.
VISIT_REQUEST: Final[Schema] = {
    "requestBody": {
        "required": True,
        "content": {kind: {"schema": _VIEW} for kind in ("application/json", "text/plain")},
    }
}

#: Headers, query and body of a form post.
POST_REQUEST: Final[Schema] = {
    "parameters": [
        {"name": "Idempotency-Key", "in": "header", "schema": {**_TEXT, "maxLength": 200}},
        {"name": "lang", "in": "query", "schema": {**_TEXT, "enum": ["en", "ja"]}},
    ],
    "requestBody": {
        "required": True,
        "content": {kind: {"schema": _FIELDS} for kind in (*_FORM_KINDS, "application/json")},
    },
}

#: Body of a rep's answer.
ANSWER_REQUEST: Final[Schema] = {
    "requestBody": {
        "content": {
            _FORM_KINDS[0]: {
                "schema": {
                    "type": "object",
                    "properties": {
                        "answer": {**_TEXT, "enum": ["accept", "decline"]},
                        "reason": _TEXT,
                    },
                }
            }
        }
    }
}

#: Body of a one-click unsubscribe (RFC 8058); the page's button posts none. Nobody is kept from
#: unsubscribing by what stands in it.
ONE_CLICK_REQUEST: Final[Schema] = {
    "requestBody": {
        "description": "List-Unsubscribe=One-Click, or nothing; it is not read.",
        "content": {kind: {"schema": {}} for kind in _FORM_KINDS},
    }
}

_HEALTH: Final[Schema] = {
    "type": "object",
    "required": ["ok", "store"],
    "properties": {
        "ok": {"type": "boolean"},
        "store": {**_TEXT, "enum": ["writable", "unavailable"]},
        "oldest_unclaimed_seconds": {"type": ["integer", "null"]},
    },
}

#: Answers of /healthz.
HEALTH_ANSWERS: Final[Answers] = {
    status: {"description": words, "content": {"application/json": {"schema": _HEALTH}}}
    for status, words in ((200, "The store takes writes."), (503, "It does not."))
}
