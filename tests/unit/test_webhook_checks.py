"""Faults of a webhook in a mapping file: code, line, column, and the nearest word."""

from __future__ import annotations

import pytest

from leadline.config.checks import check_mapping
from leadline.config.document import read_document
from leadline.config.shape import MappingShape
from leadline.config.validation import validate
from leadline.config.webhook_checks import check_variables


def faults(text: str) -> list[tuple[str, int, int, str]]:
    """Return code, line, column and suggestion of every fault of a mapping file."""
    document, problems = read_document("config/mappings/x.yaml", text)
    _, found = validate(MappingShape, document)
    every = (*problems, *found, *check_mapping(document, ()))
    return [(each.code, each.line, each.column, each.suggestion) for each in every]


ZERO = """webhook:
  signature:
    header: S
    signed: "{timestamp}{body}"
    timestamp: {tolerance: 0s}
"""


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
        ("webhook:\n  open: true\n  only: kind = 'x'\n", ("single_equals", 3, 14, "")),
        ('webhook:\n  open: true\n  only: kind == "x"\n', ("name_compared", 3, 9, "")),
        ("webhook:\n  open: true\n  id: 会社.id\n", ("name_needs_quotes", 3, 7, '"会社"')),
        ("webhook:\n  open: true\n  fields: {email: 5}\n", ("text_expected", 3, 19, "")),
        ("webhook:\n  key: {header: 'X Key:'}\n", ("no_header_name", 2, 17, "")),
        (
            'webhook:\n  signature: {header: S, signed: "{bodyy}"}\n',
            ("placeholder_misspelled", 2, 34, "{body}"),
        ),
        (
            "webhook:\n  signature: {header: S, timestamp: {prefix: t=}}\n",
            ("timestamp_not_signed", 2, 3, ""),
        ),
        (
            ZERO,
            ("no_tolerance", 5, 28, ""),
        ),
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


def test_time_that_is_signed_by_the_name_of_its_header_is_right() -> None:
    signed = 'signed: "{webhook-id}.{webhook-timestamp}.{body}"'
    time = "timestamp: {header: Webhook-Timestamp}"
    assert faults(f"webhook:\n  signature: {{header: S, {signed}, {time}}}\n") == []


def test_double_quotes_in_a_text_are_no_name() -> None:
    assert faults("webhook:\n  open: true\n  only: a == 'x == \"y\"'\n") == []


@pytest.mark.parametrize("vendor", ["google_ads", "meta", "typeform", "contact_form_7"])
def test_known_vendor_needs_one_line(vendor: str) -> None:
    assert faults(f"webhook: {{vendor: {vendor}}}\n") == []


def test_sources_whose_secrets_would_have_one_variable_are_refused() -> None:
    text = "webhook: {key: {header: K}}\n"
    names = ["my-tool", "my_tool", "other"]
    files = {name: read_document(f"config/mappings/{name}.yaml", text)[0] for name in names}
    (problem,) = check_variables(files)
    assert (problem.code, problem.file) == ("same_secret_variable", "config/mappings/my_tool.yaml")
    assert "config/mappings/my-tool.yaml" in problem.message["en"]
    assert "LEADLINE_WEBHOOK_SECRET_MY_TOOL" in problem.message["ja"]


def test_open_sources_need_no_variable_of_their_own() -> None:
    text = "webhook: {open: true}\n"
    files = {name: read_document(f"{name}.yaml", text)[0] for name in ("展示会", "資料請")}
    assert list(check_variables(files)) == []
