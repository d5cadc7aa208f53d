"""Tools that nobody wrote a program for: the mapping files of the documentation take them in."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from leadline.stages import run_stages
from tests.factories import NOW, rows_of
from tests.webhooks import FORM, JSON, SECRET, a_webhook_workspace, deliver

if TYPE_CHECKING:
    from collections.abc import Iterator

    from leadline.stages import Workspace

DOCS = Path(__file__).parents[2] / "docs" / "how-to"

_FILE = re.compile(r"^```yaml\n# config/mappings/(\w+)\.yaml\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_BODY = re.compile(r"^```text\n(\{.*?)^```$", re.MULTILINE | re.DOTALL)


def documented(page: str) -> tuple[dict[str, str], list[str]]:
    """Return the mapping files of a page by source, and the bodies that it shows."""
    text = (DOCS / page).read_text(encoding="utf-8")
    return dict(_FILE.findall(text)), _BODY.findall(text)


MAPPINGS, (CHOICES, QUESTIONS) = documented("webhooks.md")


@pytest.fixture
def work(tmp_path: Path, sqlite_url: str) -> Iterator[Workspace]:
    """Give a workspace with every mapping file of the page."""
    sources = {name: text for name, text in MAPPINGS.items() if name != "wrong"}
    with a_webhook_workspace(tmp_path / "home", sqlite_url, sources=sources) as opened:
        yield opened


async def the_lead(
    work: Workspace,
    source: str,
    body: bytes | str,
    **options: Any,  # noqa: ANN401 - of `deliver`
) -> dict[str, Any]:
    """Deliver a body and return the lead that it makes."""
    assert (await deliver(work, source, body, **options)).status_code == 200
    await run_stages(work, ["intake"], now=NOW)
    (lead,) = rows_of(work, "leads")
    return lead


def signed_in_base64(body: str) -> dict[str, str]:
    from tests.webhooks import signed

    header = signed("typeform", body.encode())["Typeform-Signature"]
    return {"Tally-Signature": header.removeprefix("sha256=")}


def test_japanese_page_shows_the_same_mapping_files_and_bodies() -> None:
    files, bodies = documented("webhooks.ja.md")
    assert bodies == [CHOICES, QUESTIONS]
    plain = {name: re.sub(r" +#.*", "", text) for name, text in files.items()}
    assert plain == {name: re.sub(r" +#.*", "", text) for name, text in MAPPINGS.items()}


async def test_choices_given_as_ids_become_their_texts(work: Workspace) -> None:
    lead = await the_lead(work, "tally", CHOICES, headers=signed_in_base64(CHOICES))
    assert (lead["full_name"], lead["email"]) == ("Ann Lee", "ann@example.com")
    assert (lead["employees"], lead["consent"]) == ("11-50", True)
    assert (lead["external_id"], lead["attributes"]) == ("r-81", {"Topics": "Scoring, Mail"})


RAW = {
    "q3_name": {"first": "Ann", "last": "Lee"},
    "q4_email": "ann@example.com",
    "q5_phone": {"full": "(312) 555-0188"},
    "q6_topics": ["Scoring", "Mail"],
    "q7_news": "Yes",
    "q8_address": {"addr_line1": "1 Main St", "city": "Chicago", "state": "IL", "postal": "60601"},
    "path": "/submit/1",
}


@pytest.mark.parametrize("kind", ["multipart", "urlencoded"])
async def test_json_inside_a_form_field_is_read(work: Workspace, kind: str) -> None:
    import httpx

    fields = {"formID": "1", "submissionID": "88", "rawRequest": json.dumps(RAW)}
    given: dict[str, Any] = (
        {"files": {name: (None, text) for name, text in fields.items()}}
        if kind == "multipart"
        else {"data": fields}
    )
    request = httpx.Request("POST", "http://test", **given)
    lead = await the_lead(
        work,
        "jotform",
        request.read(),
        kind=request.headers["content-type"],
        params={"key": SECRET},
        headers={},
    )
    assert (lead["given_name"], lead["family_name"]) == ("Ann", "Lee")
    assert (lead["phone"], lead["product"]) == ("+13125550188", "Scoring, Mail")
    assert (lead["city"], lead["region"], lead["postal_code"]) == ("Chicago", "Illinois", "60601")
    assert (lead["consent"], lead["external_id"]) == (True, "88")
    assert lead["attributes"] == {}


async def test_answers_by_id_get_the_titles_and_choices_of_their_questions(work: Workspace) -> None:
    lead = await the_lead(work, "survey", QUESTIONS)
    assert (lead["full_name"], lead["email"]) == ("山田 太郎", "yamada@example.jp")
    assert (lead["product"], lead["attributes"]) == ("スコアリング, メール配信", {})
    assert (lead["external_id"], lead["language"]) == ("ACYDBNi8", "ja")


async def test_consent_of_a_source_is_kept_with_its_wording(work: Workspace) -> None:
    body = json.dumps({"メールアドレス": "yamada@example.jp", "何名ですか": 30, "メルマガ": True})
    lead = await the_lead(work, "zapier", body)
    assert (lead["employees"], lead["consent"], lead["country"]) == ("30", True, "JP")
    (consent,) = rows_of(work, "consents")
    assert (consent["basis"], consent["version"], consent["source"]) == (
        *("opt_in", "2026-11"),
        "zapier",
    )
    assert consent["wording"].startswith("製品情報")
    assert consent["network_address"] is None


async def test_times_in_a_signature_and_names_in_parts(work: Workspace) -> None:
    import hashlib
    import hmac

    payload = {
        "uri": "u-1",
        "email": "ann@example.com",
        "name": "",
        "first_name": "Ann",
        "last_name": "Lee",
        "questions_and_answers": [{"question": "Company", "answer": "Lee Ltd", "position": 0}],
    }
    body = json.dumps({"event": "invitee.created", "created_at": "2026-11-19", "payload": payload})
    at = int(NOW.timestamp())
    digest = hmac.digest(SECRET.encode(), f"{at}.{body}".encode(), hashlib.sha256).hex()
    headers = {"X-Booking-Signature": f"t={at},v1={digest}"}
    lead = await the_lead(work, "booking", body, headers=headers)
    assert (lead["full_name"], lead["company"]) == ("Ann Lee", "Lee Ltd")
    assert lead["external_id"] == "u-1"


async def test_nested_names_of_a_form_are_objects(tmp_path: Path, sqlite_url: str) -> None:
    mapping = """
webhook:
  open: true
  answers: [{each: fields, name: title, value: value}]
"""
    body = (
        "form%5Bid%5D=7&fields%5Bname%5D%5Btitle%5D=Name&fields%5Bname%5D%5Bvalue%5D=Ann+Lee"
        "&fields%5Bmail%5D%5Btitle%5D=E-mail&fields%5Bmail%5D%5Bvalue%5D=ann%40example.com"
        "&fields%5Btopics%5D%5Btitle%5D=Topics"
        "&fields%5Btopics%5D%5Bvalue%5D%5B%5D=A&fields%5Btopics%5D%5Bvalue%5D%5B%5D=B"
    )
    with a_webhook_workspace(tmp_path / "home", sqlite_url, sources={"x": mapping}) as work:
        lead = await the_lead(work, "x", body, kind=FORM, headers={})
        assert (lead["full_name"], lead["email"]) == ("Ann Lee", "ann@example.com")
        assert lead["attributes"] == {"Topics": "A, B"}


async def test_one_post_of_several_leads_stores_one_submission_each(
    tmp_path: Path, database_url: str
) -> None:
    mapping = "webhook: {open: true, leads: '@', id: uid, test: trial}\n"
    rows = [{"uid": n, "Email": f"lead{n}@example.com", "trial": n == 2} for n in range(4)]
    with a_webhook_workspace(tmp_path / "home", database_url, sources={"x": mapping}) as work:
        for _ in range(2):
            answer = await deliver(work, "x", json.dumps(rows), kind=JSON, headers={})
            assert answer.status_code == 200
        await run_stages(work, ["intake"], now=NOW)
        assert [lead["external_id"] for lead in rows_of(work, "leads")] == ["0", "1", "3"]
        stored = rows_of(work, "submissions")
        assert [json.loads(row["raw"]["body"])["uid"] for row in stored] == [0, 1, 3]
        assert all(row["address_hash"] for row in stored)
