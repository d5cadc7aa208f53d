"""What a body comes to as cells, whatever its shape."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

import pytest

from leadline.config.document import read_document
from leadline.config.shape import MappingShape
from leadline.config.validation import validate
from leadline.config.webhook_readings import reading_of
from leadline.domain.intake import Rejected
from leadline.domain.paths import find_fault, plain_steps
from leadline.domain.payload_answers import as_text
from leadline.domain.payloads import (
    Delivered,
    Reading,
    cut_body,
    decode_body,
    find_leads,
    keep_body,
    kept_body,
    open_body,
    read_payload,
)


def read(mapping: str, body: str, kind: str = "application/json") -> Any:  # noqa: ANN401 - cells
    """Return cells and mapping of a body as an open source with this mapping file reads it."""
    return read_payload(reading(mapping), keep_body(body.encode(), kind))


def leads(mapping: str, body: bytes) -> list[Delivered]:
    """Return what is known of the leads of a body before they are stored."""
    found = reading(mapping)
    value = open_body(found, body, "application/json")
    return find_leads(found, body, "application/json", value=value)


def reading(mapping: str) -> Reading:
    """Return how an open source with this mapping file reads bodies."""
    document, _ = read_document("x.yaml", f"webhook:\n  open: true\n{mapping}")
    shape, problems = validate(MappingShape, document)
    assert shape is not None, problems
    found = reading_of(shape, {})
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, None),
        (True, "true"),
        (False, "false"),
        (12, "12"),
        (12.0, "12"),
        (12.5, "12.5"),
        (["a", None, 2, True], "a, 2, true"),
        ([], ""),
        ([{"b": 1}], '{"b": 1}'),
        ([["a"], ["b"]], "a, b"),
    ],
)
def test_value_is_written_as_a_person_would(value: object, text: str | None) -> None:
    assert as_text(value) == text


def test_members_of_a_body_are_its_answers_when_none_are_named() -> None:
    cells, mapping = read("", '{"E-mail": "a@example.com", "n": null, "Other": {"x": {"y": 1}}}')
    assert cells == {"E-mail": "a@example.com", "n": "", "Other x y": "1"}
    assert mapping == {"E-mail": "email"}


def test_field_that_is_looked_for_comes_before_an_answer() -> None:
    mapping = "  fields: {email: [contact.mail, contact.other]}\n"
    body = '{"Email": "b@example.com", "contact": {"mail": "", "other": "a@example.com"}}'
    cells, fields = read(mapping, body)
    assert cells["email"] == "a@example.com"
    assert next(iter(fields)) == "email"


@pytest.mark.parametrize("named", ["columns: {my_mail: email}\n", "  fields: {email: my_mail}\n"])
@pytest.mark.parametrize("body", ['{"recipient_email": "x@example.com"%s}'])
def test_address_that_is_named_is_the_only_one_that_counts(named: str, body: str) -> None:
    cells, fields = read(named, body % ', "my_mail": "a@example.com"')
    assert [cells[header] for header in fields if fields[header] == "email"] == ["a@example.com"]
    assert cells["recipient_email"] == "x@example.com"
    _, fields = read(named, body % "")
    assert "email" not in fields.values()


def test_addresses_beside_the_one_that_counts_are_attributes() -> None:
    body = '{"company_email": "x@example.com", "confirm_email": "A@example.com", "email": "%s"}'
    _, fields = read("", body % "a@example.com")
    assert "company_email" not in fields
    assert fields["email"] == "email"
    _, fields = read("", body % "")
    assert fields["company_email"] == "email"
    assert "confirm_email" not in fields


def test_two_answers_of_one_name_are_both_kept() -> None:
    mapping = "  answers: [{each: a, name: t, value: v}]\n"
    cells, _ = read(mapping, '{"a": [{"t": "Other", "v": 1}, {"t": "Other", "v": 2}]}')
    assert cells == {"Other": "1", "Other (2)": "2"}


def test_empty_target_keeps_an_answer_as_it_is() -> None:
    cells, mapping = read('columns: {Company: ""}\n', '{"Company": "x"}')
    assert (cells, mapping) == ({"Company": "x"}, {})


def test_names_of_an_answer_are_alike_and_the_readable_one_stays() -> None:
    mapping = """
  answers:
    - {each: a, id: q, value: v, questions: {each: q, id: id, name: title}}
columns: {q2: company}
"""
    body = (
        '{"a": [{"q": "q1", "v": "x"}, {"q": "q2", "v": "Lee"}, {"q": "q9", "v": "z"}],'
        ' "q": [{"id": "q1", "title": "Why {{name}}?"}, {"id": "q2", "title": "Where?"}]}'
    )
    cells, fields = read(mapping, body)
    assert cells == {"Why ?": "x", "q2": "Lee", "q9": "z"}
    assert fields == {"q2": "company"}


@pytest.mark.parametrize(
    ("value", "fields"),
    [
        ('{"first": "Ann", "last": "Lee"}', {"given_name": "Ann", "family_name": "Lee"}),
        (
            '{"prefix": "Dr", "firstName": "Ann", "last_name": "Lee"}',
            {"given_name": "Ann", "family_name": "Lee"},
        ),
        (
            '{"fname": "Ann", "lname": "Lee"}',
            {"given_name": "Ann", "family_name": "Lee"},
        ),
        ('{"sei": "山田", "mei": "太郎"}', {"given_name": "太郎", "family_name": "山田"}),
        ('{"セイ": "ヤマダ", "メイ": "タロウ"}', {"given_name": "タロウ", "family_name": "ヤマダ"}),
        ('{"state": "enabled", "country": "US"}', {"country": "US"}),
        (
            '{"state": "enabled", "city": "Chicago", "zip": "1"}',
            {"city": "Chicago", "postal_code": "1"},
        ),
        (
            '{"addr_line1": "1 Main St", "city": "Chicago", "zip": "60601", "x": "y"}',
            {"address": "1 Main St", "city": "Chicago", "postal_code": "60601"},
        ),
    ],
)
def test_names_and_addresses_in_parts_are_recognized(value: str, fields: dict[str, str]) -> None:
    cells, mapping = read("", f'{{"q3": {value}}}')
    assert {field: cells[header] for header, field in mapping.items()} == fields


@pytest.mark.parametrize(
    ("body", "cells", "fields"),
    [
        ('{"consent": {"terms": true}}', {"consent terms": "true"}, {}),
        ('{"consent": {"value": true}}', {"consent": "true"}, {"consent": "consent"}),
        ('{"company": {"id": 77}}', {"company id": "77"}, {}),
        ('{"phone": {"full": "1"}}', {"phone": "1"}, {"phone": "phone"}),
        ('{"name": {"first": "Ann"}}', {"name first": "Ann"}, {"name first": "given_name"}),
    ],
)
def test_one_member_keeps_its_name_unless_it_says_nothing(
    body: str, cells: dict[str, str], fields: dict[str, str]
) -> None:
    assert read("", body) == (cells, fields)


def test_numbers_stay_as_they_are_written() -> None:
    written = ["1.10", "1e3", "12345678901234567890.0", "9007199254740993.0", "0", "-7"]
    members = ", ".join(f'"{number}": {number}' for number in written)
    cells, _ = read("", f'{{{members}, "list": [1.10, {{"x": 2.50}}]}}')
    assert list(cells.values()) == [*written, '1.10, {"x": 2.50}']
    cells, _ = read('  fields: {budget: "[?n > `1`].n | [0]"}\n', '[{"n": 1.10}]')
    assert cells["budget"] == "1.10"


def test_more_answers_than_a_form_has_are_refused_and_not_cut_off() -> None:
    body = json.dumps({f"q{number}": number for number in range(1_001)})
    assert read("", body) == Rejected("unreadable", "", "too many answers")


def test_answer_without_a_name_is_kept_by_its_number() -> None:
    cells, _ = read(
        "  answers: [{each: a, name: t, value: v}]\n", '{"a": [{"v": 1}, {"v": 2, "t": "x"}]}'
    )
    assert cells == {"answer 1": "1", "x": "2"}


def test_number_without_end_is_refused() -> None:
    assert read("", '{"a": 1e999}').detail == "not JSON: a number that is none"


@pytest.mark.parametrize("value", ['"false"', '"0"', '"No"', '" off "', '""', "false", "0", "null"])
def test_texts_that_mean_no_are_no_trial(value: str) -> None:
    body = f'{{"is_test": {value}}}'.encode()
    assert [each.rule for each in leads("  test: is_test\n", body)] == [""]
    assert [each.rule for each in leads("  only: is_test\n", body)] == ["only"]


def test_list_of_leads_that_is_empty_holds_none() -> None:
    assert leads("  leads: items\n", b'{"items": []}') == []
    assert len(leads("  leads: items\n", b'{"other": []}')) == 1


def test_part_of_a_list_keeps_its_numbers_and_is_not_cut_again() -> None:
    (part,) = leads("  leads: items\n", b'{"items": [{"n": 1.10, "items": [1, 2]}]}')
    assert part.raw["body"] == '{"n": 1.10,"items": [1,2]}'
    assert cut_body(reading("  leads: items\n"), part.raw) is None


def test_one_numbered_field_keeps_its_number() -> None:
    cells, _ = read("", "fields[1]=x", "application/x-www-form-urlencoded")
    assert cells == {"fields 1": "x"}


def test_reading_of_a_name_in_parts_is_one_reading() -> None:
    cells, fields = read("", '{"フリガナ": {"セイ": "ヤマダ", "メイ": "タロウ"}}')
    assert (cells, fields) == ({"フリガナ": "ヤマダ タロウ"}, {"フリガナ": "name_kana"})


def test_object_that_is_left_out_is_left_out_with_its_members() -> None:
    cells, _ = read("  leave_out: [meta]\n", '{"meta": {"a": 1, "b": {"c": 2}}, "x": "y"}')
    assert cells == {"x": "y"}


def test_choices_by_id_may_be_an_object_of_texts() -> None:
    mapping = "  answers: [{each: a, name: t, value: v, options: {each: o}}]\n"
    cells, _ = read(mapping, '{"a": [{"t": "T", "v": ["1", 2, "9"], "o": {"1": "A", "2": "B"}}]}')
    assert cells == {"T": "A, B, 9"}


def test_json_in_texts_may_lie_in_each_other() -> None:
    mapping = '  decode: [raw, raw.inner, "rows[*].json"]\n  answers: [{each: raw.inner}]\n'
    inner = json.dumps({"inner": json.dumps({"Name": "Ann"})})
    body = json.dumps({"raw": inner, "rows": [{"json": ""}]})
    cells, _ = read(mapping, body)
    assert cells == {"Name": "Ann"}


def test_damaged_json_in_a_text_is_said_with_its_place() -> None:
    found = read("  decode: raw\n", '{"raw": "{\\"a\\": }"}')
    assert found == Rejected("unreadable", "", "not JSON from line 1, column 7")


def test_expression_that_meets_another_kind_of_value_gives_nothing() -> None:
    cells, _ = read("  fields: {email: \"join(' ', a)\", company: a.b.c}\n", '{"a": 5}')
    assert cells == {"a": "5"}


@pytest.mark.parametrize(
    ("body", "found"),
    [
        (b"a=1&a=2&b=", {"a": ["1", "2"], "b": ""}),
        (b"n[first]=A&n[last]=B", {"n": {"first": "A", "last": "B"}}),
        (b"t[]=1&t[]=2", {"t": ["1", "2"]}),
        (b"f[t][v][]=1&f[t][v][]=2", {"f": {"t": {"v": ["1", "2"]}}}),
        (b"r[][x]=1&r[][x]=2", {"r": {"0": {"x": "1"}, "1": {"x": "2"}}}),
        (b"r[0][x]=1&r[1][x]=2", {"r": {"0": {"x": "1"}, "1": {"x": "2"}}}),
        (b"a=1&a[b]=2", {"a": {"": "1", "b": "2"}}),
        (b"a[=1&]=2", {"a[": "1", "]": "2"}),
        ("名前=%8ER%93c".encode("cp932"), {"名前": "山田"}),
    ],
)
def test_form_is_read_as_an_object(body: bytes, found: dict[str, Any]) -> None:
    assert decode_body(body, "application/x-www-form-urlencoded") == found


@pytest.mark.parametrize(
    ("codec", "charset", "kind"),
    [
        ("euc_jp", "EUC-JP", "application/x-www-form-urlencoded"),
        ("euc_jp", '"euc-jp"', "application/json"),
        ("cp932", "Shift_JIS", "application/json"),
        ("latin-1", "ISO-8859-1", "application/json"),
        ("utf-8", "nonsense", "application/json"),
        ("utf-8", "base64", "application/json"),
        ("cp932", "utf-8", "application/x-www-form-urlencoded"),
    ],
)
def test_encoding_that_is_declared_is_used_first(codec: str, charset: str, kind: str) -> None:
    name = "Jürg" if codec == "latin-1" else "山田①" if codec == "cp932" else "山田"
    is_form = "form" in kind
    text = f"name={quote(name, encoding=codec)}" if is_form else f'{{"name": "{name}"}}'
    assert decode_body(text.encode(codec), f"{kind}; charset={charset}") == {"name": name}


@pytest.mark.parametrize("kind", ["", "text/plain", "application/vnd.x+json", "APPLICATION/JSON"])
def test_json_is_read_whatever_its_content_type_is_called(kind: str) -> None:
    assert decode_body(b'\xef\xbb\xbf {"a": 1}', kind) == {"a": 1}


@pytest.mark.parametrize("body", [b"", b"{}", "名".encode(), b"\xff", b"a\0b"])
def test_kept_body_is_the_body(body: bytes) -> None:
    assert kept_body(keep_body(body, "x/y")) == (body, "x/y")


@pytest.mark.parametrize(
    ("text", "steps"),
    [
        ("raw", ("raw",)),
        ('data."raw request"', ("data", "raw request")),
        ("rows[*].x", ("rows", "*", "x")),
        ("rows[0]", ("rows", 0)),
        ("a[?b]", None),
        ("keys(a)", None),
    ],
)
def test_plain_path_is_names_and_places(text: str, steps: tuple[str | int, ...] | None) -> None:
    assert plain_steps(text) == steps


@pytest.mark.parametrize("text", ["a.b", "a[?b == 'x'].c | [0]", "join(' ', [a, b])", "@", "!a"])
def test_right_expression_has_no_fault(text: str) -> None:
    assert find_fault(text) is None
