"""The types of a form's fields: how the page asks for each, and what a post of it may hold."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.factories import a_visitor, a_workspace, rows_of
from tests.form_pages import FormPage

if TYPE_CHECKING:
    from collections.abc import Iterator

    import httpx

    from leadline.stages import Workspace

FORM = """
title: {en: Ask us, ja: お問い合わせ}
fields:
  email: {label: {en: Email, ja: メール}, required: true, max_length: 254}
  second_email: {type: email, label: {en: Second email, ja: 予備のメール}}
  phone: {label: {en: Phone, ja: 電話番号}}
  website: {type: url, label: {en: Web site, ja: サイト}}
  seats: {type: number, label: {en: Seats, ja: 席数}}
  notes: {type: long_text, label: {en: Notes, ja: 備考}}
  size:
    type: choice
    required: true
    label: {en: Size, ja: 規模}
    options:
      - {value: small, label: {en: 1 to 50, ja: 1〜50名}}
      - {value: large, label: {en: More, ja: 51名以上}}
  area:
    type: choice
    label: {en: Area, ja: 地域}
    options:
      - {value: east, label: {en: East, ja: 東}}
      - {value: west, label: {en: West, ja: 西}}
      - {value: north, label: {en: North, ja: 北}}
      - {value: south, label: {en: South, ja: 南}}
      - {value: else, label: {en: Elsewhere, ja: その他}}
  topics:
    type: choices
    label: {en: Topics, ja: ご関心}
    options:
      - {value: price, label: {en: Price, ja: 価格}}
      - {value: demo, label: {en: Demo, ja: デモ}}
  terms: {type: checkbox, required: true, label: {en: I accept the terms, ja: 規約に同意します}}
  utm_source: {type: hidden, max_length: 20, label: {en: Source, ja: 流入元}}
"""
#: The project's own fields; the rest of what the form asks are fields of every lead.
OWN = "second_email: text, seats: number, notes: text, size: text, area: text, topics: text"
SETTINGS = (
    Path("config/settings.yaml")
    .read_text(encoding="utf-8")
    .replace("fields: {}", f"fields: {{{OWN}, terms: boolean}}")
)
RIGHT = {"email": "lauren@example.com", "size": "small", "terms": "true"}
BROWSER = {"Accept": "text/html"}
every_language = pytest.mark.parametrize("lang", ["en", "ja"])


@pytest.fixture
def work(tmp_path: Path, sqlite_url: str) -> Iterator[Workspace]:
    files = {"config/forms/ask.yaml": FORM, "config/settings.yaml": SETTINGS}
    with a_workspace(tmp_path / "home", sqlite_url, files=files) as opened:
        yield opened


async def post(work: Workspace, body: dict[str, Any], **options: Any) -> httpx.Response:  # noqa: ANN401 - httpx's
    async with a_visitor(work) as visitor:
        return await visitor.post("/forms/ask", data=body, **options)


async def page(work: Workspace, lang: str = "en", **query: str) -> FormPage:
    async with a_visitor(work) as visitor:
        answer = await visitor.get("/forms/ask", params={"lang": lang, **query}, headers=BROWSER)
    assert answer.status_code == 200
    return FormPage(answer.text)


@every_language
async def test_line_is_asked_for_with_its_type_and_keyboard(work: Workspace, lang: str) -> None:
    shown = await page(work, lang)
    lines = [shown.one(name) for name in ("email", "second_email", "phone", "website", "seats")]
    assert [(line["type"], line["inputmode"]) for line in lines] == [
        ("email", "email"),
        ("email", "email"),
        ("tel", "tel"),
        ("url", "url"),
        ("text", "decimal"),
    ]


@every_language
async def test_choices_stand_in_a_group_with_a_legend(work: Workspace, lang: str) -> None:
    shown = await page(work, lang)
    radios, boxes = shown.all("input", type="radio"), shown.all("input", type="checkbox")
    assert [(each["name"], each["value"]) for each in radios] == [
        ("size", "small"),
        ("size", "large"),
    ]
    topics = [each["value"] for each in boxes if each["name"] == "topics"]
    assert topics == ["price", "demo"]
    assert len(shown.all("fieldset")) == len(shown.all("legend")) == 2
    assert shown.all("fieldset", role="radiogroup")[0]["aria-required"] == "true"


async def test_many_choices_are_a_list_to_open(work: Workspace) -> None:
    shown = await page(work)
    assert shown.all("select", name="area")
    assert [option["value"] for option in shown.all("option")] == [
        "",
        "east",
        "west",
        "north",
        "south",
        "else",
    ]


async def test_every_field_has_an_id_of_its_own_that_the_list_of_errors_leads_to(
    work: Workspace,
) -> None:
    answer = await post(work, {}, headers=BROWSER)
    shown = FormPage(answer.text)
    ids = [attributes["id"] for _, attributes in shown.elements if "id" in attributes]
    targets = [each["href"].removeprefix("#") for each in shown.all("a")]
    assert answer.status_code == 422
    assert len(ids) == len(set(ids))
    assert targets == ["field-email", "field-size", "field-terms"]
    assert set(targets) <= set(ids)


async def test_hidden_field_is_filled_from_the_query_if_it_is_declared(work: Workspace) -> None:
    shown = await page(work, utm_source="newsletter", utm_medium="email", owner="R01")
    assert shown.hidden["utm_source"] == "newsletter"
    assert {"utm_medium", "owner"}.isdisjoint(shown.hidden)


async def test_hidden_field_is_stored_as_far_as_it_may_be_and_never_refused(
    work: Workspace,
) -> None:
    answer = await post(work, RIGHT | {"utm_source": "\0" + "x" * 500})
    assert answer.status_code == 201
    assert rows_of(work, "submissions")[0]["raw"]["utm_source"] == "x" * 20


@pytest.mark.parametrize(
    ("name", "text", "code"),
    [
        ("email", "a@example.com, b@example.com", "invalid_email"),
        ("email", "a@example.com b@example.com", "invalid_email"),
        ("email", "a@example.com;b@example.com", "invalid_email"),
        ("second_email", "nobody", "invalid_email"),
        ("email", "太郎@example.jp", "unsendable_email"),
        ("second_email", "müller@example.com", "unsendable_email"),
        ("website", "example.com", "not_a_url"),
        ("website", "javascript:alert(1)", "not_a_url"),
        ("website", "ftp://example.com/", "not_a_url"),
        ("website", "https://", "not_a_url"),
        ("website", "https://exa mple.com", "not_a_url"),
        ("website", "http://[::1", "not_a_url"),
        ("seats", "twelve", "not_a_number"),
        ("seats", "1e5", "not_a_number"),
        ("seats", "nan", "not_a_number"),
        ("size", "huge", "unknown_choice"),
        ("size", "Small", "unknown_choice"),
        ("topics", "price, demo", "unknown_choice"),
        ("terms", "false", "required"),
        ("terms", "", "required"),
        ("size", "", "required"),
    ],
)
async def test_text_that_its_type_does_not_take_is_named_in_both_languages(
    work: Workspace, name: str, text: str, code: str
) -> None:
    answer = await post(work, RIGHT | {name: text})
    assert answer.status_code == 422
    (field, error), *others = answer.json()["errors"].items()
    assert (field, error["code"], others) == (name, code, [])
    assert error["en"].isascii()
    assert not error["ja"].isascii()
    assert rows_of(work, "submissions") == []


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("email", "Lauren@Example.com"),
        ("website", "https://www.example.com/path?x=1"),
        ("website", "HTTP://EXAMPLE.COM"),
        ("website", "https://例え.example"),
        ("seats", "120"),
        ("seats", "1,200"),
        ("seats", "-3.5"),
        ("seats", "\uff11\uff12\uff10"),
        ("seats", ""),
        ("size", "large"),
        ("terms", "on"),
        ("terms", "はい"),
        ("phone", "03-1234-5678 (内線 12)"),
    ],
)
async def test_text_that_its_type_takes_is_stored_word_for_word(
    work: Workspace, name: str, text: str
) -> None:
    assert (await post(work, RIGHT | {name: text})).status_code == 201
    assert rows_of(work, "submissions")[0]["raw"][name] == text


@pytest.mark.parametrize("kind", ["data", "json"])
async def test_several_choices_are_stored_together(work: Workspace, kind: str) -> None:
    given: Any = {kind: {**RIGHT, "topics": ["price", "demo"]}}
    async with a_visitor(work) as visitor:
        answer = await visitor.post("/forms/ask", **given)
    assert answer.status_code == 201
    assert rows_of(work, "submissions")[0]["raw"]["topics"] == "price, demo"


async def test_two_answers_to_one_choice_are_refused(work: Workspace) -> None:
    answer = await post(work, {**RIGHT, "size": ["small", "large"]})
    assert answer.json()["errors"]["size"]["code"] == "one_choice"


@pytest.mark.parametrize(("value", "status"), [(True, 201), (False, 422), (None, 422)])
async def test_box_of_a_json_post_is_a_truth_value(
    work: Workspace, value: object, status: int
) -> None:
    async with a_visitor(work) as visitor:
        answer = await visitor.post("/forms/ask", json={**RIGHT, "terms": value})
    assert answer.status_code == status


async def test_page_with_errors_keeps_what_was_chosen(work: Workspace) -> None:
    body = {"email": "wrong", "size": "large", "topics": ["demo"], "area": "west", "terms": "on"}
    answer = await post(work, body | {"utm_source": "ads", "seats": "12"}, headers=BROWSER)
    shown = FormPage(answer.text)
    ticked = [(each["name"], each["value"]) for each in shown.all("input") if "checked" in each]
    assert answer.status_code == 422
    assert ticked == [("size", "large"), ("topics", "demo"), ("terms", "true")]
    assert [each["value"] for each in shown.all("option") if "selected" in each] == ["west"]
    assert (shown.hidden["utm_source"], shown.one("seats")["value"]) == ("ads", "12")


@pytest.mark.parametrize(
    "text",
    [
        "lauren@example.com",
        " LAUREN@EXAMPLE.COM ",
        "lauren\uff20\uff45xample.com",
        "lau\u200bren@example.com",
        "lauren@example\u3002com",
        "mailto:lauren@example.com",
    ],
)
async def test_ways_to_write_one_address_have_one_hash(work: Workspace, text: str) -> None:
    await post(work, RIGHT)
    assert (await post(work, RIGHT | {"email": text, "notes": "again"})).status_code == 201
    assert len({row["address_hash"] for row in rows_of(work, "submissions")}) == 1
