"""What must hold across files: conditions, templates, fields, time zones, texts.

The documents are checked as they were read, so a fault of one entry does not hide those of the
next.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, get_args
from zoneinfo import ZoneInfo

from leadline.config.assets import LARGEST, asset_fault
from leadline.config.condition_checks import (
    Names,
    check_condition,
    check_segments,
    is_made_name,
    is_usable_name,
)
from leadline.config.entries import entries, is_text, languages, repeated
from leadline.config.event_sources import check_events
from leadline.config.form_checks import check_form
from leadline.config.problems import nearest
from leadline.config.scoring_checks import check_declared_events, check_scoring
from leadline.config.webhook_checks import check_variables, check_webhook
from leadline.domain.leads import DERIVED_FIELDS, LANGUAGES, LEAD_FIELDS, FieldType
from leadline.domain.recurrence_lexicon import suggest_zone

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from leadline.config.assets import Asset
    from leadline.config.document import Document, Path
    from leadline.config.problems import Spot
    from leadline.errors import Problem

#: The flows that schedules.yaml may name.
FLOWS: Final = (
    "import_files",
    "process_submissions",
    "send_due_touches",
    "refresh_scores",
    "remove_old_runs",
    "watch",
)
#: What every mail of a sequence consists of.
MAIL_PARTS: Final = ("subject.txt", "body.txt", "body.html")
#: Columns of a lead that are no fields of the language.
_COLUMNS: Final = frozenset(
    {
        *("id", "employees_min", "employees_max", "request_rule", "as_written", "attributes"),
        *(
            "score",
            "zone",
            "zone_source",
            "submission_id",
            "lead_status",
            "updated_at",
            "erased_at",
        ),
    }
)


@dataclass(frozen=True, slots=True)
class Documents:
    """The YAML files of a project; sequences, forms and mappings by their names.

    Attributes:
        templates: names of all templates.
        assets: the files below assets/ by name, None where nobody can tell.
    """

    settings: Document
    scoring: Document
    segments: Document
    sequences: Mapping[str, Document]
    forms: Mapping[str, Document]
    mappings: Mapping[str, Document]
    templates: frozenset[str]
    assets: Mapping[str, Asset] | None = None


def check_documents(documents: Documents) -> Iterator[Problem]:
    """Yield every fault and warning between the files."""
    custom = _custom_fields(documents.settings)
    yield from _settings(documents.settings, custom)
    names = _names(documents, custom)
    yield from check_segments(documents.segments, names)
    yield from check_scoring(documents.scoring, names)
    for name, sequence in documents.sequences.items():
        yield from _sequence(sequence, name, names=names, templates=documents.templates)
    for form in documents.forms.values():
        yield from _form(form, LEAD_FIELDS | custom)
        yield from check_form(form)
        yield from _answers(form, documents)
    for mapping in documents.mappings.values():
        yield from check_mapping(mapping, custom)
    yield from check_variables(documents.mappings)


def check_mapping(mapping: Document, custom: Collection[str]) -> Iterator[Problem]:
    """Yield the faults of a mapping file that its shape cannot see.

    Args:
        mapping: the file.
        custom: names of the fields that the configuration declares.
    """
    yield from _zone(mapping, ("timezone",))
    yield from _targets(mapping, ("columns",), {*LEAD_FIELDS, *custom})
    yield from check_webhook(mapping, {*LEAD_FIELDS, *custom})
    yield from check_events(mapping)


def check_zone(spot: Spot, zone: str) -> Iterator[Problem]:
    """Yield a fault when `zone` is no IANA time zone."""
    try:
        ZoneInfo(zone)
    except (ValueError, OSError, LookupError):
        yield spot.problem("unknown_time_zone", suggestion=suggest_zone(zone))


def _custom_fields(settings: Document) -> dict[str, FieldType]:
    kinds: dict[str, FieldType] = {kind: kind for kind in get_args(FieldType)}
    declared = ((path[-1], settings.get(path)) for path in entries(settings, ("fields",)))
    return {str(name): kinds[kind] for name, kind in declared if is_text(kind) and kind in kinds}


def _names(documents: Documents, custom: Mapping[str, FieldType]) -> Names:
    settings, scoring = documents.settings, documents.scoring
    events = (settings.get(path) for path in entries(settings, ("events",)))
    models = (str(path[-1]) for path in entries(scoring, ("models",)))
    return Names(custom, tuple(name for name in events if is_text(name)), tuple(models))


def _settings(settings: Document, custom: dict[str, FieldType]) -> Iterator[Problem]:
    yield from _zone(settings, ("timezone",))
    if isinstance(settings.get(("mail",)), dict) and not settings.get(("mail", "admin_address")):
        yield settings.at_key(("mail",)).warning("no_admin_address")
    for name in custom:
        is_taken = name in LEAD_FIELDS or name in DERIVED_FIELDS or name in _COLUMNS
        if is_taken or is_made_name(name):
            yield settings.at_key(("fields", name)).problem("reserved_field")
        elif not is_usable_name(name):
            yield settings.at_key(("fields", name)).warning("quoted_field", found=name)
    yield from check_declared_events(settings)
    for source in entries(settings, ("sources",)):
        yield from _zone(settings, (*source, "timezone"))
        yield from _targets(settings, (*source, "mapping"), {*LEAD_FIELDS, *custom})
    for inbox in entries(settings, ("inboxes",)):
        yield from _protocol(settings, (*inbox, "url"))


def _protocol(settings: Document, path: Path) -> Iterator[Problem]:
    """Yield a fault when a folder's URL begins with no protocol of fsspec's."""
    url = settings.get(path)
    protocol, separator, _ = url.partition("://") if is_text(url) else ("", "", "")
    if not separator or "::" in protocol:
        return
    from fsspec.registry import known_implementations, registry

    known = known_implementations.keys() | registry.keys()
    if protocol not in known:
        spot = replace(settings.at_value(path), excerpt="")
        yield spot.problem("unknown_protocol", found=protocol, suggestion=nearest(protocol, known))


def _targets(document: Document, at: Path, known: Collection[str]) -> Iterator[Problem]:
    """Yield a fault for each header that is mapped to no field; an empty text is none."""
    for path in entries(document, at) if isinstance(document.get(at), dict) else ():
        target = document.get(path)
        if is_text(target) and target and target not in known:
            yield _unknown_field(document.at_value(path), target, known)


def _unknown_field(spot: Spot, name: str, known: Collection[str]) -> Problem:
    return spot.problem("unknown_lead_field", suggestion=nearest(name, known))


def _sequence(
    sequence: Document, name: str, *, names: Names, templates: frozenset[str]
) -> Iterator[Problem]:
    yield from languages(sequence, ("title",))
    yield from check_condition(sequence, ("entry",), names)
    yield from check_condition(sequence, ("exit",), names)
    yield from repeated(sequence, ("steps",))
    for step in entries(sequence, ("steps",)):
        path = (*step, "mail")
        if is_text(mail := sequence.get(path)) and mail:
            yield from _templates(sequence.at_value(path), f"nurture/{name}", mail, templates)


def _templates(spot: Spot, folder: str, mail: str, templates: frozenset[str]) -> Iterator[Problem]:
    depth = folder.count("/") + 1
    mails = {path.split("/")[depth] for path in templates if path.startswith(f"{folder}/")}
    mails = {name for name in mails if not name.startswith("_")}
    if mail not in mails:
        yield spot.problem(
            "unknown_template",
            suggestion=nearest(mail, mails),
            expected=f"templates/{folder}/{mail}/",
        )
        return
    for lang in LANGUAGES:
        for part in MAIL_PARTS:
            if (path := f"{folder}/{mail}/{lang}/{part}") not in templates:
                yield spot.problem("unknown_template", expected=f"templates/{path}")


def _form(form: Document, fields: Mapping[str, FieldType]) -> Iterator[Problem]:
    yield from _zone(form, ("timezone",))
    yield from languages(form, ("title",))
    found = list(entries(form, ("fields",)))
    for path in found:
        name = str(path[-1])
        if name not in fields:
            yield _unknown_field(form.at_key(path), name, fields)
        yield from languages(form, (*path, "label"))
    if found and ("fields", "email") not in found:
        yield form.at_key(("fields",)).problem("no_email_field")
    yield from languages(form, ("consent", "wording"))
    target = form.get(("consent", "field"))
    if is_text(target) and target not in fields:
        yield _unknown_field(form.at_value(("consent", "field")), target, fields)


def _answers(form: Document, documents: Documents) -> Iterator[Problem]:
    """Yield the faults of the mails that answer a form, and of the document that they offer."""
    yield from languages(form, ("asset", "title"))
    for switch, key in (
        ("acknowledgment", "acknowledgment_mail"),
        ("double_opt_in", "confirmation_mail"),
    ):
        named = form.get((key,))
        mail = named if is_text(named) and named else key.removesuffix("_mail")
        if form.get((switch,)) is True:
            spot = form.at_value((key,)) if named else form.at_key((switch,))
            yield from _templates(spot, "forms", mail, documents.templates)
    file = form.get(("asset", "file"))
    if is_text(file) and documents.assets is not None:
        code = asset_fault(file, documents.assets)
        if code is not None:
            known = nearest(file, documents.assets) if code == "asset_missing" else ""
            most = LARGEST // 1_000_000
            yield form.at_value(("asset", "file")).problem(code, suggestion=known, most=most)


def _zone(document: Document, path: Path) -> Iterator[Problem]:
    zone = document.get(path)
    if is_text(zone):
        yield from check_zone(document.at_value(path), zone)
