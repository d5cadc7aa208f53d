"""Form posts: what is stored, what is refused, and what the sender is told."""

from __future__ import annotations

import asyncio
import email
import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from leadline.clock import FixedClock
from leadline.stages import ORDER, run_stages
from tests.factories import NOW, a_visitor, a_workspace, rows_of
from tests.form_pages import FormPage

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator, Mapping
    from pathlib import Path

    import httpx

    from leadline.stages import Workspace

SHOP = "https://www.shop.example"
LAUREN = {"full_name": "Lauren Anderson", "email": "lauren@example.com", "company": "Ramirez"}
FORM = f"""
title: {{en: Ask us, ja: お問い合わせ}}
fields:
  full_name: {{label: {{en: Name, ja: お名前}}, required: true}}
  email: {{label: {{en: Email, ja: メール}}, required: true, max_length: 254}}
  company: {{label: {{en: Company, ja: 会社名}}}}
  message: {{label: {{en: Message, ja: 内容}}, max_length: 2000}}
consent:
  version: "3"
  wording: {{en: Send me news., ja: 案内を希望します。}}
origins: [{SHOP}]
return_urls: [{SHOP}/thanks]
"""
BROWSER = {"Accept": "text/html,application/xhtml+xml;q=0.9"}


@pytest.fixture
def work(tmp_path: Path, database_url: str) -> Iterator[Workspace]:
    """Give a workspace with one form, `ask`, which one foreign web site may post to."""
    files = {"config/forms/ask.yaml": FORM}
    with a_workspace(tmp_path / "home", database_url, files=files) as opened:
        yield opened


@pytest.fixture
def front(tmp_path: Path, sqlite_url: str) -> Iterator[Workspace]:
    """Give the same on SQLite alone, for what is decided before the store is asked."""
    files = {"config/forms/ask.yaml": FORM}
    with a_workspace(tmp_path / "home", sqlite_url, files=files) as opened:
        yield opened


async def post(
    work: Workspace,
    body: Mapping[str, str] | None = None,
    **options: Any,  # noqa: ANN401 - httpx's
) -> httpx.Response:
    """Post to the form `ask`: a dict as urlencoded fields, anything else by `options`."""
    now = options.pop("now", NOW)
    form = options.pop("form", "ask")
    async with a_visitor(work, clock=FixedClock(now)) as visitor:
        return await visitor.post(f"/forms/{form}", data=body, **options)


async def test_post_is_stored_word_for_word_with_the_consent_seen(work: Workspace) -> None:
    body = {**LAUREN, "company": " 山田製作所 ", "consent": "true"}
    answer = await post(work, body, params={"lang": "ja"})
    assert (answer.status_code, answer.json()) == (201, {"submission": 1})
    (stored,) = rows_of(work, "submissions")
    assert stored["raw"] == body
    assert (stored["source"], stored["kind"], stored["state"]) == ("form:ask", "form", "new")
    assert (stored["consent_version"], stored["consent_wording"]) == ("3", "案内を希望します。")
    assert (stored["received_at"], stored["network_address"]) == (NOW, "127.0.0.1")


@pytest.mark.parametrize("kind", ["data", "json", "files"])
async def test_post_is_taken_urlencoded_as_json_and_as_multipart(
    work: Workspace, kind: str
) -> None:
    body: Any = {name: (None, text) for name, text in LAUREN.items()} if kind == "files" else LAUREN
    async with a_visitor(work) as visitor:
        answer = await visitor.request("POST", "/forms/ask", **{kind: body})
    assert answer.status_code == 201
    assert rows_of(work, "submissions")[0]["raw"] == LAUREN


@pytest.mark.parametrize("consent", ["no", "いいえ", "on", "yes", "maybe", ""])
async def test_consent_box_comes_back_as_it_was_sent(front: Workspace, consent: str) -> None:
    answer = await post(front, {"email": "x", "consent": consent}, headers=BROWSER)
    box = FormPage(answer.text).one("consent")
    assert answer.status_code == 422
    assert ("checked" in box) == (consent in {"on", "yes"})


@pytest.mark.parametrize(
    ("start", "minutes", "count"), [(599, 0.1, 1), (599, 9.9, 1), (0, 9.9, 1), (599, 10, 2)]
)
async def test_double_click_counts_once_whatever_the_clock_shows(
    work: Workspace, start: int, minutes: float, count: int
) -> None:
    begin = NOW.replace(minute=0, second=0) + timedelta(seconds=start)
    first = await post(work, LAUREN, now=begin)
    second = await post(work, LAUREN, now=begin + timedelta(minutes=minutes))
    assert (first.status_code, second.status_code) == (201, 201)
    assert (first.json() == second.json()) == (count == 1)
    assert len(rows_of(work, "submissions")) == count


async def test_page_with_errors_still_knows_where_to_go_afterwards(front: Workspace) -> None:
    wrong = await post(
        front, {**LAUREN, "email": "x", "return_url": f"{SHOP}/thanks"}, headers=BROWSER
    )
    (form,) = FormPage(wrong.text).all("form")
    async with a_visitor(front) as visitor:
        answer = await visitor.post(f"/forms/ask{form['action']}", data=LAUREN, headers=BROWSER)
    assert (answer.status_code, answer.headers["location"]) == (303, f"{SHOP}/thanks")


@pytest.mark.parametrize("kind", ["Application/JSON", "application/json ; charset=utf-8"])
@pytest.mark.parametrize("field", ["idempotency_key", "full_name", "page_token"])
async def test_half_a_sign_is_refused_as_json_however_the_type_is_written(
    front: Workspace, kind: str, field: str
) -> None:
    body = json.dumps({**LAUREN, "email": "x", field: "\ud800"})
    answer = await post(front, content=body, headers={**BROWSER, "Content-Type": kind})
    assert (answer.status_code, answer.json()["error"]) == (422, "invalid_fields")


@pytest.mark.parametrize("field", ["idempotency_key", "page_token", "altcha", "website_url"])
async def test_half_a_sign_beside_the_fields_breaks_nothing(front: Workspace, field: str) -> None:
    body = json.dumps({**LAUREN, field: "\ud800"})
    headers = {**BROWSER, "Content-Type": "APPLICATION/JSON"}
    assert (await post(front, content=body, headers=headers)).json() == {"submission": 1}


@pytest.mark.parametrize("cut", [4, 10, 60])
async def test_multipart_body_that_was_cut_off_is_refused(front: Workspace, cut: int) -> None:
    parts = [
        f'--B\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{text}\r\n'
        for name, text in LAUREN.items()
    ]
    whole, headers = (
        "".join([*parts, "--B--\r\n"]),
        {"Content-Type": "multipart/form-data; boundary=B"},
    )
    assert (await post(front, content=whole[:-cut], headers=headers)).status_code == 400
    assert rows_of(front, "submissions") == []
    assert (await post(front, content=whole, headers=headers)).status_code == 201


async def test_post_of_a_shift_jis_page_is_read(work: Workspace) -> None:
    body = "full_name=%8ER%93c&email=yamada%40example.jp"
    header = {"Content-Type": "application/x-www-form-urlencoded"}
    answer = await post(work, content=body, headers=header)
    assert answer.status_code == 201
    assert rows_of(work, "submissions")[0]["raw"]["full_name"] == "山田"


async def test_post_becomes_a_lead_with_consent_as_evidence(work: Workspace) -> None:
    await post(work, {**LAUREN, "consent": "on"})
    await run_stages(work, ["intake"], now=NOW)
    (lead,) = rows_of(work, "leads")
    (consent,) = rows_of(work, "consents")
    assert (lead["email"], lead["consent"]) == ("lauren@example.com", True)
    assert (consent["is_granted"], consent["wording"]) == (True, "Send me news.")


async def test_undeclared_fields_are_ignored(work: Workspace) -> None:
    extra = {"owner_id": "R01", "score": "99", "grade": "A", "owner": "R02", "state": "accepted"}
    await post(work, json={**LAUREN, **extra, "deep": {"er": ["x"]}})
    assert rows_of(work, "submissions")[0]["raw"] == LAUREN


async def test_consent_is_ignored_when_the_form_asks_for_none(work: Workspace) -> None:
    form = work.project.forms["ask"].model_copy(update={"consent": None})
    work.project.forms["ask"] = form
    await post(work, {**LAUREN, "consent": "true"})
    assert rows_of(work, "submissions")[0]["raw"] == LAUREN


async def test_signs_of_sql_are_stored_as_text(work: Workspace) -> None:
    nasty = "'; DROP TABLE leads; -- \" \\ %s ? :x $1"
    body = {**LAUREN, "full_name": nasty, "company": nasty, "message": nasty}
    assert (await post(work, body)).status_code == 201
    await run_stages(work, ["intake"], now=NOW)
    assert rows_of(work, "leads")[0]["message"] == nasty


async def test_line_breaks_in_a_name_make_no_header(work: Workspace) -> None:
    trick = "Lauren\r\nBcc: everybody@example.com\r\n\r\nBuy!"
    body = {"full_name": trick, "company": trick, "email": "lauren@example.com", "consent": "true"}
    assert (await post(work, body)).status_code == 201
    await run_stages(work, ORDER[:-1], now=NOW + timedelta(hours=16))
    mails = [email.message_from_string(row["mail"]) for row in rows_of(work, "outbox")]
    assert mails
    assert all("bcc" not in mail and "\n" not in (mail["Subject"] or "") for mail in mails)


@pytest.mark.parametrize(
    "address", ["a@x.example, b@y.example", "no address", "a@b@c.example", "a@x.example\nBcc: b@y"]
)
async def test_anything_but_one_address_is_refused_beside_the_field(
    front: Workspace, address: str
) -> None:
    answer = await post(front, {**LAUREN, "email": address})
    assert answer.status_code == 422
    error = answer.json()["errors"]["email"]
    assert error["code"] == "invalid_email"
    assert "one email address" in error["en"]
    assert "メールアドレスを1件" in error["ja"]
    assert rows_of(front, "submissions") == []


async def test_full_width_address_is_accepted(work: Workspace) -> None:
    answer = await post(work, {**LAUREN, "email": "ｌａｕｒｅｎ＠ｅｘａｍｐｌｅ．ｃｏｍ"})
    assert answer.status_code == 201


async def test_missing_long_and_unreadable_fields_are_all_named(front: Workspace) -> None:
    body = {"email": "", "company": "a\0b", "message": "x" * 2001, "full_name": {"no": "text"}}
    errors = (await post(front, json=body)).json()["errors"]
    assert {name: error["code"] for name, error in errors.items()} == {
        "full_name": "not_text",
        "email": "required",
        "company": "not_text",
        "message": "too_long",
    }
    assert errors["message"]["en"] == "Please shorten this to 2000 characters (now 2001)."


async def test_lone_surrogate_is_refused_and_not_a_crash(front: Workspace) -> None:
    body = json.dumps({**LAUREN, "company": "\ud800", "website_url": "\ud800"})
    answer = await post(front, content=body, headers={"Content-Type": "application/json"})
    assert answer.json()["errors"]["company"]["code"] == "not_text"


@pytest.mark.parametrize("is_announced", [True, False])
async def test_ten_megabytes_are_refused(front: Workspace, *, is_announced: bool) -> None:
    async def stream() -> AsyncIterator[bytes]:
        for _ in range(160):
            yield b"x" * 65_536

    content = b"x" * 10_485_760 if is_announced else stream()
    header = {"Content-Type": "application/x-www-form-urlencoded"}
    answer = await post(front, content=content, headers=header)
    assert (answer.status_code, answer.json()["error"]) == (413, "too_large")


MANY = {f"f{number}": "x" for number in range(1000)}


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        ("&".join(f"{name}=x" for name in MANY), "application/x-www-form-urlencoded"),
        (json.dumps(MANY), "application/json"),
        ('{"a":' * 20 + "1" + "}" * 20, "application/json"),
        ("[" * 100_000, "application/json"),
        ('{"email": NaN}', "application/json"),
        ("[]", "application/json"),
        ("{", "application/json"),
        (b"\xff\xfe\x00", "application/json"),
        (b"full_name=\x81", "application/x-www-form-urlencoded"),
        ("x", "multipart/form-data"),
    ],
)
async def test_bodies_that_make_no_sense_are_refused(
    front: Workspace, content: str | bytes, kind: str
) -> None:
    answer = await post(front, content=content, headers={"Content-Type": kind})
    assert (answer.status_code, answer.json()["error"]) == (400, "bad_request")


async def test_multipart_of_a_thousand_fields_is_refused(front: Workspace) -> None:
    answer = await post(front, files=dict.fromkeys(MANY, (None, "x")))
    assert answer.status_code == 400


async def test_file_in_a_multipart_post_is_left_out(work: Workspace) -> None:
    fields = {name: (None, text) for name, text in LAUREN.items()}
    answer = await post(work, files={**fields, "message": ("../../x\0", b"#!/bin/sh")})
    assert answer.status_code == 201
    assert rows_of(work, "submissions")[0]["raw"] == LAUREN


async def test_filled_trap_is_quarantined_behind_the_same_answer(work: Workspace) -> None:
    person = await post(work, LAUREN)
    program = await post(work, {**LAUREN, "website_url": "https://spam.example"})
    assert (person.status_code, person.json()) == (201, {"submission": 1})
    assert (program.status_code, program.json()) == (201, {"submission": 2})
    assert person.headers.keys() == program.headers.keys()
    states = [(row["state"], row["reason"]) for row in rows_of(work, "submissions")]
    assert states == [("new", None), ("quarantined", "honeypot")]


async def test_known_and_unknown_address_get_the_same_answer(work: Workspace) -> None:
    await post(work, LAUREN)
    await run_stages(work, ["intake"], now=NOW)
    known = await post(work, {**LAUREN, "message": "Again"})
    unknown = await post(work, {**LAUREN, "email": "new@example.com"})
    assert known.status_code == unknown.status_code == 201
    assert known.json().keys() == unknown.json().keys()
    assert known.headers == unknown.headers


async def test_fifty_equal_posts_at_once_are_one_submission(work: Workspace) -> None:
    async with a_visitor(work) as visitor:
        posts = [visitor.post("/forms/ask", data=LAUREN) for _ in range(50)]
        answers = await asyncio.gather(*posts)
    assert {(answer.status_code, answer.text) for answer in answers} == {(201, '{"submission":1}')}
    assert len(rows_of(work, "submissions")) == 1


async def test_fifty_posts_of_one_address_in_other_shapes_are_one_lead(work: Workspace) -> None:
    shapes = [
        "lauren@example.com",
        "LAUREN@Example.com",
        "ｌauren＠example.com",
        " lauren@example.com",
    ]
    async with a_visitor(work) as visitor:
        bodies = [{**LAUREN, "email": shapes[n % 4], "message": str(n)} for n in range(50)]
        await asyncio.gather(*(visitor.post("/forms/ask", data=body) for body in bodies))
    await run_stages(work, ["intake"], now=NOW)
    assert len(rows_of(work, "submissions")) == 50
    assert len(rows_of(work, "leads")) == 1


async def test_same_words_next_week_are_another_submission(work: Workspace) -> None:
    first = await post(work, LAUREN)
    again = await post(work, LAUREN, now=NOW + timedelta(days=7))
    assert first.json() != again.json()


@pytest.mark.parametrize("is_header", [True, False])
async def test_key_gives_the_same_answer_and_refuses_another_body(
    work: Workspace, *, is_header: bool
) -> None:
    header = {"Idempotency-Key": "k-1"} if is_header else {}
    hidden = {} if is_header else {"idempotency_key": "k-1"}
    first = await post(work, {**LAUREN, **hidden}, headers=header)
    later = await post(work, {**LAUREN, **hidden}, headers=header, now=NOW + timedelta(days=1))
    other = await post(work, {**LAUREN, "message": "New", **hidden}, headers=header)
    assert (first.status_code, later.status_code) == (201, 201)
    assert first.json() == later.json()
    assert (other.status_code, other.json()["error"]) == (409, "key_reused")
    assert len(rows_of(work, "submissions")) == 1


async def test_key_longer_than_200_characters_is_refused(front: Workspace) -> None:
    answer = await post(front, LAUREN, headers={"Idempotency-Key": "k" * 201})
    assert answer.status_code == 400


@pytest.mark.parametrize("kind", ["application/json", "text/plain"])
@pytest.mark.parametrize("origin", ["https://evil.example", f"{SHOP}.evil.example", "http://["])
async def test_page_of_a_foreign_site_cannot_post(front: Workspace, kind: str, origin: str) -> None:
    headers = {"Content-Type": kind, "Origin": origin}
    answer = await post(front, content=json.dumps(LAUREN), headers=headers)
    assert (answer.status_code, answer.json()["error"]) == (403, "foreign_origin")
    assert "access-control-allow-origin" not in answer.headers
    assert rows_of(front, "submissions") == []


async def test_text_plain_is_refused_even_from_a_listed_site(front: Workspace) -> None:
    headers = {"Content-Type": "text/plain", "Origin": SHOP}
    answer = await post(front, content=json.dumps(LAUREN), headers=headers)
    assert answer.status_code == 415


async def test_listed_site_may_post_json_and_read_the_answer(work: Workspace) -> None:
    answer = await post(work, json=LAUREN, headers={"Origin": SHOP})
    assert answer.status_code == 201
    assert answer.headers["access-control-allow-origin"] == SHOP
    wrong = await post(work, json={}, headers={"Origin": SHOP})
    assert (wrong.status_code, wrong.headers["access-control-allow-origin"]) == (422, SHOP)


@pytest.mark.parametrize(
    ("origin", "site", "status"),
    [
        ("http://127.0.0.1:8080", "same-origin", 201),
        ("null", "same-origin", 201),
        ("null", None, 201),
        ("null", "cross-site", 403),
    ],
)
async def test_own_page_may_post_although_it_sends_no_referrer(
    front: Workspace, origin: str, site: str | None, status: int
) -> None:
    headers = {"Origin": origin} | ({"Sec-Fetch-Site": site} if site else {})
    assert (await post(front, LAUREN, headers=headers)).status_code == status


async def test_form_without_origins_takes_posts_of_its_own_page_alone(front: Workspace) -> None:
    headers = {"Origin": SHOP}
    assert (await post(front, LAUREN, form="contact", headers=headers)).status_code == 403
    assert (await post(front, LAUREN, form="contact")).status_code == 201


@pytest.mark.parametrize(("origin", "status"), [(SHOP, 204), ("https://evil.example", 403)])
async def test_preflight_is_answered_for_listed_sites(
    front: Workspace, origin: str, status: int
) -> None:
    headers = {"Origin": origin, "Access-Control-Request-Method": "POST"}
    async with a_visitor(front, headers=headers) as visitor:
        answer = await visitor.options("/forms/ask")
    assert answer.status_code == status
    assert answer.headers.get("access-control-allow-origin") == (SHOP if status == 204 else None)


async def test_browser_is_sent_to_the_allowed_return_url(work: Workspace) -> None:
    body = {**LAUREN, "return_url": f"{SHOP}/thanks"}
    answer = await post(work, body, headers=BROWSER)
    assert (answer.status_code, answer.headers["location"]) == (303, f"{SHOP}/thanks")
    assert len(rows_of(work, "submissions")) == 1


@pytest.mark.parametrize(
    "url",
    ["https://evil.example/", f"{SHOP}/other", f"{SHOP}@evil.example/thanks", "//evil.example"],
)
async def test_foreign_return_url_is_refused(front: Workspace, url: str) -> None:
    for options in ({"body": {**LAUREN, "return_url": url}}, {"params": {"return_url": url}}):
        answer = await post(front, headers=BROWSER, **{"body": LAUREN, **options})
        assert answer.status_code == 400
        assert "location" not in answer.headers
    assert rows_of(front, "submissions") == []


async def test_browser_without_return_url_is_thanked(work: Workspace) -> None:
    answer = await post(work, LAUREN, headers=BROWSER, params={"lang": "ja"})
    assert answer.status_code == 201
    assert "送信を受け付けました" in answer.text


async def test_browser_sees_errors_beside_fields_and_keeps_what_was_typed(front: Workspace) -> None:
    body = {"full_name": '<b>"Lauren"', "email": "x", "consent": "true", "idempotency_key": "k"}
    answer = await post(
        front, body, headers={**BROWSER, "Accept-Language": "fr, ja;q=0.5, en;q=0.1"}
    )
    assert answer.status_code == 422
    assert 'aria-describedby="error-email"' in answer.text
    assert "メールアドレスを1件" in answer.text
    assert "&lt;b&gt;&#34;Lauren&#34;" in answer.text
    assert 'value="k"' in answer.text
    assert 'name="consent" value="true" checked' in answer.text


async def test_hosted_form_is_shown_in_the_visitor_s_language(front: Workspace) -> None:
    async with a_visitor(front, headers={"Accept-Language": "ja-JP,ja;q=0.9"}) as visitor:
        japanese = await visitor.get("/forms/ask")
        english = await visitor.get("/forms/ask", params={"lang": "en"})
    assert '<html lang="ja">' in japanese.text
    assert '<html lang="en">' in english.text
    assert "Send me news." in english.text


async def test_hosted_form_may_be_framed_and_left_as_configured(front: Workspace) -> None:
    async with a_visitor(front) as visitor:
        policy = (await visitor.get("/forms/ask")).headers["content-security-policy"]
        other = (await visitor.get("/forms/contact")).headers["content-security-policy"]
    assert f"frame-ancestors 'self' {SHOP}" in policy
    assert f"form-action 'self' {SHOP}" in policy
    assert other.endswith("form-action 'self'; frame-ancestors 'self'")


async def test_each_hosted_form_has_a_key_of_its_own(front: Workspace) -> None:
    async with a_visitor(front) as visitor:
        pages = {(await visitor.get("/forms/ask")).text for _ in range(3)}
    assert len(pages) == 3


async def test_unknown_form_is_not_found(front: Workspace) -> None:
    assert (await post(front, LAUREN, form="nothing")).status_code == 404
