"""From what a mapping file says of a webhook, and what is known of its vendor, to a reading."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

from leadline.config.webhooks import WebhookShape
from leadline.domain.paths import JmesPath, plain_steps
from leadline.domain.payload_answers import AnswerList, ChoiceList, QuestionList
from leadline.domain.payloads import Reading
from leadline.domain.signatures import Signing

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from leadline.config.shape import MappingShape, Project
    from leadline.config.webhooks import (
        AnswersShape,
        OptionsShape,
        QuestionsShape,
        SignatureShape,
    )

#: What is known of each vendor, as a mapping file would say it.
_VENDORS: Final[dict[str, dict[str, Any]]] = {
    "google_ads": {
        "key": {"body": "google_key"},
        "test": "is_test",
        "id": "lead_id",
        "fields": {"submitted_at": "lead_submit_time"},
        "answers": (
            {
                "each": "user_column_data",
                "id": "column_id",
                "name": "column_name",
                "value": "string_value",
            },
        ),
    },
    "meta": {
        "signature": {"header": "X-Hub-Signature-256", "prefix": "sha256="},
        "leads": "entry[].changes[]",
        "only": ("field == 'leadgen'", "field_data"),
        "id": ("value.leadgen_id", "id"),
        "fields": {"submitted_at": ("created_time", "value.created_time")},
        "answers": ({"each": "field_data", "name": "name", "value": "values"},),
    },
    "typeform": {
        "signature": {
            "header": "Typeform-Signature",
            "encoding": "base64",
            "prefix": "sha256=",
        },
        "only": "event_type == 'form_response'",
        "id": "form_response.token",
        "fields": {
            "submitted_at": "form_response.submitted_at",
            **{
                f"utm_{name}": f"form_response.hidden.utm_{name}"
                for name in ("source", "medium", "campaign")
            },
        },
        "answers": (
            {
                "each": "form_response.answers",
                "id": "field.id",
                "name": "field.ref",
                "value": (
                    *("text", "email", "phone_number", "number", "boolean", "date"),
                    *("url", "file_url", "choice.[label, other][] | [?@]"),
                    "choices.[labels, [other]][] | [?@]",
                ),
                "questions": {
                    "each": "form_response.definition.fields",
                    "id": "id",
                    "name": "title",
                },
            },
            {"each": "form_response.hidden"},
        ),
        "leave_out": ("utm_source", "utm_medium", "utm_campaign"),
    },
    "contact_form_7": {
        "key": {"header": "X-Webhook-Key"},
        "leave_out": ("_wpcf7*", "g-recaptcha-response", "_wpnonce"),
    },
}
#: A vendor whose notice names a lead, and whose answers are asked for.
FETCHED: Final = "meta"
_COMPLETE: Final = "field_data"


def fill_in(webhook: WebhookShape) -> WebhookShape:
    """Return what a file says over what is known of its vendor; `fields` are joined."""
    if webhook.vendor is None:
        return webhook
    known = _vendor(webhook.vendor)
    said = {name: getattr(webhook, name) for name in webhook.model_fields_set - {"fields"}}
    if {"signature", "key", "open"} & said.keys():
        known = known.model_copy(update={"signature": None, "key": None})
    return known.model_copy(update={**said, "fields": {**known.fields, **webhook.fields}})


@lru_cache(maxsize=8)
def _vendor(name: str) -> WebhookShape:
    return WebhookShape.model_validate({"vendor": name, **_VENDORS[name]})


def find_webhook(project: Project, source: str) -> WebhookShape | None:
    """Return how a source posts, with what is known of its vendor; None when it does not."""
    mapping = project.mappings.get(source)
    return None if mapping is None or mapping.webhook is None else fill_in(mapping.webhook)


def reading_of(mapping: MappingShape, custom: Mapping[str, str]) -> Reading | None:
    """Return how the bodies of a source are read; None when it has no webhook."""
    if mapping.webhook is None:
        return None
    webhook = fill_in(mapping.webhook)
    answers = webhook.answers
    return Reading(
        decode=tuple(steps for text in webhook.decode or () if (steps := plain_steps(text))),
        leads=_paths(webhook.leads),
        only=_paths(webhook.only),
        test=_paths(webhook.test),
        id=_paths(webhook.id),
        complete=_paths((_COMPLETE,) if webhook.vendor == FETCHED else None),
        fields=tuple((name, _paths(texts)) for name, texts in webhook.fields.items()),
        answers=tuple(map(_answers, answers)) or (AnswerList(_paths(("@",))),),
        columns=mapping.columns,
        leave_out=(*(webhook.leave_out or ()), *_used(webhook)),
        custom=frozenset(custom),
    )


def all_readings(project: Project) -> dict[str, Reading]:
    """Return how the bodies of every source with a webhook are read."""
    custom = project.settings.fields
    found = {name: reading_of(each, custom) for name, each in project.mappings.items()}
    return {name: reading for name, reading in found.items() if reading is not None}


def _used(webhook: WebhookShape) -> tuple[str, ...]:
    """Return names that are no answers: of a key in the body, and of what is read by itself."""
    texts = [webhook.key.body] if webhook.key and webhook.key.body else []
    if not webhook.answers:  # the body's own members are the answers
        texts += [*(webhook.id or ()), *(text for each in webhook.fields.values() for text in each)]
    paths = [plain_steps(text) for text in texts]
    names = (str(steps[0]) for steps in paths if steps and len(steps) == 1)
    return tuple(name for name in names if name.isidentifier())


def _paths(texts: Sequence[str] | None) -> tuple[JmesPath, ...]:
    return tuple(JmesPath(text) for text in texts or ())


def _answers(shape: AnswersShape) -> AnswerList:
    return AnswerList(
        _paths(shape.each),
        _paths(shape.id),
        _paths(shape.name),
        _paths(shape.value),
        _options(shape.options),
        _questions(shape.questions),
    )


def _options(shape: OptionsShape | None) -> ChoiceList | None:
    return (
        None
        if shape is None
        else ChoiceList(_paths(shape.each), _paths(shape.id), _paths(shape.text))
    )


def _questions(shape: QuestionsShape | None) -> QuestionList | None:
    if shape is None:
        return None
    options = _options(shape.options)
    return QuestionList(_paths(shape.each), _paths(shape.id), _paths(shape.name), options)


def signing_of(shape: SignatureShape) -> Signing:
    """Return how a source signs."""
    time = shape.timestamp
    return Signing(
        header=shape.header.lower(),
        algorithm=shape.algorithm,
        encoding=shape.encoding,
        prefix=shape.prefix,
        signed=shape.signed,
        secret=shape.secret,
        time_header=(time.header or shape.header).lower() if time else "",
        time_prefix=time.prefix if time else "",
        **({"tolerance": time.tolerance} if time else {}),
    )
