"""What must hold across files: conditions, templates, fields, time zones, texts.

The documents are checked as they were read, so a fault of one entry does not hide those of the
next.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, TypeGuard, get_args
from zoneinfo import ZoneInfo

from leadline.config.assets import LARGEST, asset_fault
from leadline.config.event_sources import check_events
from leadline.config.form_checks import check_form
from leadline.config.problems import nearest
from leadline.config.webhook_checks import check_variables, check_webhook
from leadline.domain.conditions import compile_condition
from leadline.domain.leads import DERIVED_FIELDS, LANGUAGES, LEAD_FIELDS, SCORE_FIELDS, FieldType
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
    "remove_old_runs",
    "watch",
)
#: What every mail of a sequence consists of.
MAIL_PARTS: Final = ("subject.txt", "body.txt", "body.html")
#: A score cannot depend on itself.
_OF_A_SCORE: Final = frozenset(SCORE_FIELDS)


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
    fields = LEAD_FIELDS | DERIVED_FIELDS | custom
    scored = {name: kind for name, kind in fields.items() if name not in _OF_A_SCORE}
    yield from _scoring(documents.scoring, scored)
    for name, sequence in documents.sequences.items():
        yield from _sequence(sequence, name, fields=fields, templates=documents.templates)
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
    declared = ((path[-1], settings.get(path)) for path in _entries(settings, ("fields",)))
    return {str(name): kinds[kind] for name, kind in declared if _is_text(kind) and kind in kinds}


def _is_text(value: object) -> TypeGuard[str]:
    return isinstance(value, str)


def _settings(settings: Document, custom: dict[str, FieldType]) -> Iterator[Problem]:
    yield from _zone(settings, ("timezone",))
    if isinstance(settings.get(("mail",)), dict) and not settings.get(("mail", "admin_address")):
        yield settings.at_key(("mail",)).warning("no_admin_address")
    for name in custom:
        if name in LEAD_FIELDS | DERIVED_FIELDS or name in {"employees_min", "employees_max"}:
            yield settings.at_key(("fields", name)).problem("reserved_field")
    for source in _entries(settings, ("sources",)):
        yield from _zone(settings, (*source, "timezone"))
        yield from _targets(settings, (*source, "mapping"), {*LEAD_FIELDS, *custom})
    for inbox in _entries(settings, ("inboxes",)):
        yield from _protocol(settings, (*inbox, "url"))


def _protocol(settings: Document, path: Path) -> Iterator[Problem]:
    """Yield a fault when a folder's URL begins with no protocol of fsspec's."""
    url = settings.get(path)
    protocol, separator, _ = url.partition("://") if _is_text(url) else ("", "", "")
    if not separator or "::" in protocol:
        return
    from fsspec.registry import known_implementations, registry

    known = known_implementations.keys() | registry.keys()
    if protocol not in known:
        spot = replace(settings.at_value(path), excerpt="")
        yield spot.problem("unknown_protocol", found=protocol, suggestion=nearest(protocol, known))


def _targets(document: Document, at: Path, known: Collection[str]) -> Iterator[Problem]:
    """Yield a fault for each header that is mapped to no field; an empty text is none."""
    for path in _entries(document, at) if isinstance(document.get(at), dict) else ():
        target = document.get(path)
        if _is_text(target) and target and target not in known:
            yield _unknown_field(document.at_value(path), target, known)


def _unknown_field(spot: Spot, name: str, known: Collection[str]) -> Problem:
    return spot.problem("unknown_lead_field", suggestion=nearest(name, known))


def _scoring(scoring: Document, fields: Mapping[str, FieldType]) -> Iterator[Problem]:
    yield from _repeated(scoring, ("rules",))
    for rule in _entries(scoring, ("rules",)):
        yield from _condition(scoring, (*rule, "when"), fields)
        yield from _languages(scoring, (*rule, "says"))


def _sequence(
    sequence: Document, name: str, *, fields: Mapping[str, FieldType], templates: frozenset[str]
) -> Iterator[Problem]:
    yield from _languages(sequence, ("title",))
    yield from _condition(sequence, ("entry",), fields)
    yield from _condition(sequence, ("exit",), fields)
    yield from _repeated(sequence, ("steps",))
    for step in _entries(sequence, ("steps",)):
        path = (*step, "mail")
        if _is_text(mail := sequence.get(path)) and mail:
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
    yield from _languages(form, ("title",))
    entries = list(_entries(form, ("fields",)))
    for path in entries:
        name = str(path[-1])
        if name not in fields:
            yield _unknown_field(form.at_key(path), name, fields)
        yield from _languages(form, (*path, "label"))
    if entries and ("fields", "email") not in entries:
        yield form.at_key(("fields",)).problem("no_email_field")
    yield from _languages(form, ("consent", "wording"))
    target = form.get(("consent", "field"))
    if _is_text(target) and target not in fields:
        yield _unknown_field(form.at_value(("consent", "field")), target, fields)


def _answers(form: Document, documents: Documents) -> Iterator[Problem]:
    """Yield the faults of the mails that answer a form, and of the document that they offer."""
    yield from _languages(form, ("asset", "title"))
    for switch, key in (
        ("acknowledgment", "acknowledgment_mail"),
        ("double_opt_in", "confirmation_mail"),
    ):
        named = form.get((key,))
        mail = named if _is_text(named) and named else key.removesuffix("_mail")
        if form.get((switch,)) is True:
            spot = form.at_value((key,)) if named else form.at_key((switch,))
            yield from _templates(spot, "forms", mail, documents.templates)
    file = form.get(("asset", "file"))
    if _is_text(file) and documents.assets is not None:
        code = asset_fault(file, documents.assets)
        if code is not None:
            known = nearest(file, documents.assets) if code == "asset_missing" else ""
            most = LARGEST // 1_000_000
            yield form.at_value(("asset", "file")).problem(code, suggestion=known, most=most)


def _condition(
    document: Document, path: Path, fields: Mapping[str, FieldType]
) -> Iterator[Problem]:
    text = document.get(path)
    if not _is_text(text) or not text:
        return
    compiled = compile_condition(text, fields=fields)
    for finding in compiled if isinstance(compiled, tuple) else ():
        yield document.within(path, finding.line, finding.column).worded(
            finding.code,
            en=finding.message["en"],
            ja=finding.message["ja"],
            suggestion=finding.suggestion,
        )


def _repeated(document: Document, path: Path) -> Iterator[Problem]:
    """Yield a fault for each entry of a list whose `id` an earlier one has."""
    first_lines: dict[str, int] = {}
    for entry in _entries(document, path):
        name, spot = document.get((*entry, "id")), document.at_value((*entry, "id"))
        if _is_text(name) and first_lines.setdefault(name, spot.line) != spot.line:
            yield spot.problem("duplicate_id", first=first_lines[name])


def _languages(document: Document, path: Path) -> Iterator[Problem]:
    """Yield a warning for each language in which a text is not there."""
    words = document.get(path)
    if isinstance(words, dict) and words.keys() <= set(LANGUAGES) and words:
        for lang in LANGUAGES:
            if lang not in words:
                yield document.at_key(path).warning("missing_language", field=lang)


def _zone(document: Document, path: Path) -> Iterator[Problem]:
    zone = document.get(path)
    if _is_text(zone):
        yield from check_zone(document.at_value(path), zone)


def _entries(document: Document, path: Path) -> Iterator[Path]:
    """Yield the paths of the entries of a list or block; none when there is neither."""
    value = document.get(path)
    if isinstance(value, tuple):
        yield from ((*path, number) for number in range(len(value)))
    elif isinstance(value, dict):
        yield from ((*path, name) for name in value)
