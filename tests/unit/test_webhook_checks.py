"""Faults of a webhook in a mapping file: code, line, column, and the nearest word."""

from __future__ import annotations

import pytest

from leadline.config.checks import check_mapping
from leadline.config.document import read_document
from leadline.config.shape import MappingShape
from leadline.config.validation import validate


def faults(text: str) -> list[tuple[str, int, int, str]]:
    """Return code, line, column and suggestion of every fault of a mapping file."""
    document, problems = read_document("config/mappings/x.yaml", text)
    _, found = validate(MappingShape, document)
    every = (*problems, *found, *check_mapping(document, ()))
    return [(each.code, each.line, each.column, each.suggestion) for each in every]


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("webhook:\n  id: x\n", ("webhook_unguarded", 1, 1, "")),
        ("webhook: {vendor: typefrm}\n", ("unknown_word", 1, 19, "typeform")),
        (
            "webhook:\n  open: true\n  key: {header: K}\n",
            ("open_and_guarded", 1, 1, ""),
        ),
        ("webhook:\n  key: {header: K, query: k}\n", ("one_key_place", 2, 3, "")),
        ("webhook:\n  key: {}\n", ("one_key_place", 2, 3, "")),
        (
            'webhook:\n  signature: {header: S, signed: "{timestamp}"}\n',
            ("body_not_signed", 2, 3, ""),
        ),
        (
            'webhook:\n  signature: {header: S, signed: "{timestamp}.{body}"}\n',
            ("timestamp_unknown", 2, 3, ""),
        ),
        ("webhook:\n  open: true\n  id: data..x\n", ("bad_path", 3, 12, "")),
        ('webhook:\n  open: true\n  id: [a, "b["]\n', ("bad_path", 3, 14, "")),
        ("webhook:\n  open: true\n  only: kind = 'x'\n", ("bad_path", 3, 14, "")),
        (
            "webhook:\n  open: true\n  fields: {email: jion(x)}\n",
            ("unknown_function", 3, 19, "join"),
        ),
        (
            "webhook:\n  open: true\n  fields:\n    email: join(' ')\n",
            ("wrong_arity", 4, 12, ""),
        ),
        (
            "webhook:\n  open: true\n  fields: {emial: x}\n",
            ("unknown_lead_field", 3, 12, "email"),
        ),
        ('webhook:\n  open: true\n  decode: "a[?b]"\n', ("no_plain_path", 3, 11, "")),
        (
            "webhook:\n  open: true\n  answers:\n    - {each: x, values: y}\n",
            ("extra_forbidden", 4, 17, "value"),
        ),
        (
            "webhook:\n  open: true\n  answers:\n    - {each: x, options: {each: 'a b'}}\n",
            ("bad_path", 4, 36, ""),
        ),
        (
            "webhook:\n  open: true\n  answers: [{each: x, questions: {each: q, name: 'a b'}}]\n",
            ("bad_path", 3, 53, ""),
        ),
        ("webhook:\n  open: true\ncolumns: {a: emial}\n", ("unknown_lead_field", 3, 14, "email")),
        ("webhook:\n  open: true\n  graph_version: 24\n", ("text_expected", 3, 18, "")),
    ],
)
def test_fault_is_named_where_it_stands(text: str, fault: tuple[str, int, int, str]) -> None:
    assert faults(text) == [fault]


@pytest.mark.parametrize("vendor", ["google_ads", "meta", "typeform", "contact_form_7"])
def test_known_vendor_needs_one_line(vendor: str) -> None:
    assert faults(f"webhook: {{vendor: {vendor}}}\n") == []
