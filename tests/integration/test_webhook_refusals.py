"""Who may post to a webhook, what is refused, and what is kept although it cannot be read."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import logging
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from leadline.clock import FixedClock
from leadline.stages import run_stages
from leadline.stages.replay import replay_selected
from leadline.store.dead_letters import Selection
from tests.factories import NOW, a_visitor, read_everything, rows_of
from tests.webhooks import (
    FORM,
    SECRET,
    SOURCES,
    a_webhook_workspace,
    deliver,
    sample,
    signed,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from pathlib import Path

    from leadline.stages import Workspace

STAMPED = """
webhook:
  signature:
    header: X-Signature
    prefix: v1=
    signed: "{timestamp}.{body}"
    timestamp: {prefix: t=}
  id: id
  only: kind == 'lead'
"""
QUERY = "webhook: {key: {query: key}}\n"
OPEN = "webhook: {open: true}\n"
MANY = {**SOURCES, "stamped": STAMPED, "query": QUERY, "open": OPEN, "file_only": "country: JP\n"}
BODY = '{"id": "7", "kind": "lead", "Email": "ann@example.com", "Name": "Ann Lee"}'


@pytest.fixture
def work(tmp_path: Path, sqlite_url: str) -> Iterator[Workspace]:
    """Give a workspace with sources of every kind of proof, on SQLite."""
    with a_webhook_workspace(tmp_path / "home", sqlite_url, sources=MANY) as opened:
        yield opened


def stamped(body: str = BODY, *, age: timedelta = timedelta(0), secret: str = SECRET) -> str:
    """Return the header of a signature with its time."""
    at = int((NOW - age).timestamp())
    digest = hmac.digest(secret.encode(), f"{at}.{body}".encode(), hashlib.sha256)
    return f"t={at}, v1={digest.hex()}"


@pytest.mark.parametrize(
    ("source", "name", "headers"),
    [
        ("facebook", "meta_lead_webhook.json", {}),
        ("facebook", "meta_lead_webhook.json", {"X-Hub-Signature-256": "sha256="}),
        ("facebook", "meta_lead_webhook.json", {"X-Hub-Signature-256": "sha256=" + "0" * 64}),
        ("facebook", "meta_lead_webhook.json", {"X-Hub-Signature-256": "sha256=\u00e9"}),
        ("facebook", "meta_lead_webhook.json", {"X-Hub-Signature": "sha1=" + "0" * 40}),
        ("typeform", "typeform.json", {"Typeform-Signature": "sha256=AAAA"}),
        ("typeform", "typeform.json", {"Typeform-Signature": "=" * 3000}),
        ("generic", "generic_form.json", {}),
        ("generic", "generic_form.json", {"X-Webhook-Key": "another"}),
        ("generic", "generic_form.json", {"X-Webhook-Key": SECRET[:-1]}),
        ("stamped", "generic_form.json", {"X-Webhook-Key": SECRET}),
    ],
)
async def test_post_without_the_right_proof_is_refused_and_not_stored(
    work: Workspace, source: str, name: str, headers: dict[str, str]
) -> None:
    sent = {name: value.encode("latin-1") for name, value in headers.items()}
    answer = await deliver(work, source, sample(name), headers=sent)
    assert (answer.status_code, answer.json()["error"]) == (401, "not_authentic")
    assert rows_of(work, "submissions") == []


async def test_signature_of_another_body_is_refused(work: Workspace) -> None:
    body = sample("typeform.json")
    headers = signed("typeform", body)
    answer = await deliver(work, "typeform", body.replace(b"Shane", b"Ann"), headers=headers)
    assert answer.status_code == 401
    assert rows_of(work, "submissions") == []


async def test_wrong_google_key_is_told_in_a_message(work: Workspace) -> None:
    body = sample("google_ads_lead_form.json").replace(SECRET.encode(), b"wrong")
    answer = await deliver(work, "google", body)
    assert answer.status_code == 401
    assert "Nothing was stored" in answer.json()["message"]


@pytest.mark.parametrize("body", ["", "{", "[]", "null", '{"google_key": {"a": 1}}', "x=1"])
async def test_body_that_cannot_hold_the_key_is_refused(work: Workspace, body: str) -> None:
    assert (await deliver(work, "google", body)).status_code == 401
    assert rows_of(work, "submissions") == []


@pytest.mark.parametrize(
    ("age", "status"),
    [(0, 200), (299, 200), (301, 401), (-299, 200), (-301, 401), (86_400, 401)],
)
async def test_time_of_a_signature_may_lie_five_minutes_off(
    work: Workspace, age: int, status: int
) -> None:
    headers = {"X-Signature": stamped(age=timedelta(seconds=age))}
    assert (await deliver(work, "stamped", BODY, headers=headers)).status_code == status
    assert len(rows_of(work, "submissions")) == (status == 200)


@pytest.mark.parametrize(
    "header",
    [
        stamped().partition(", ")[2],
        stamped().partition(", ")[0],
        stamped(secret="another"),  # noqa: S106 - the wrong one
        stamped().replace("t=1", "t=2", 1),
        stamped().replace("t=", "t=x"),
        "",
    ],
)
async def test_signature_whose_time_was_changed_is_refused(work: Workspace, header: str) -> None:
    answer = await deliver(work, "stamped", BODY, headers={"X-Signature": header})
    assert answer.status_code == 401
    assert rows_of(work, "submissions") == []


async def test_replayed_post_changes_nothing_and_is_refused_once_it_is_old(
    work: Workspace,
) -> None:
    headers = {"X-Signature": stamped()}
    await deliver(work, "stamped", BODY, headers=headers)
    before = read_everything(work)
    again = await deliver(work, "stamped", BODY, headers=headers)
    late = NOW + timedelta(hours=1)
    old = await deliver(work, "stamped", BODY, headers=headers, now=late)
    assert (again.status_code, old.status_code) == (200, 401)
    assert read_everything(work) == before


async def test_same_id_with_another_body_is_a_second_submission_of_the_same_lead(
    tmp_path: Path, database_url: str
) -> None:
    mapping = "webhook: {open: true, id: id}\ncolumns: {ok: consent}\n"
    bodies = [
        '{"id": "7", "email": "ann@example.com", "ok": true}',
        '{"id": "7", "email": "ann.lee@example.com", "ok": false, "message": "call me"}',
    ]
    with a_webhook_workspace(tmp_path / "home", database_url, sources={"x": mapping}) as work:
        for body in bodies * 2:
            answer = await deliver(work, "x", body, headers={})
            assert (answer.status_code, answer.json()) == (200, {})
        await run_stages(work, ["intake"], now=NOW)
        await deliver(work, "x", bodies[1], headers={})
        assert [row["raw"]["body"] for row in rows_of(work, "submissions")] == bodies
        (lead,) = rows_of(work, "leads")
        assert lead["message"] == "call me"
        assert {row["is_granted"] for row in rows_of(work, "consents")} == {True, False}


async def test_changed_body_that_many_post_at_once_is_stored_once(
    tmp_path: Path, database_url: str
) -> None:
    bodies = [f'{{"id": "7", "Email": "ann@example.com", "n": {n % 2}}}' for n in range(8)]
    source = "webhook: {open: true, id: id}\n"
    with a_webhook_workspace(tmp_path / "home", database_url, sources={"x": source}) as work:
        await asyncio.gather(*(deliver(work, "x", body, headers={}) for body in bodies))
        assert sorted(row["raw"]["body"] for row in rows_of(work, "submissions")) == bodies[:2]


async def test_body_that_was_stored_whole_is_cut_when_it_is_judged(
    tmp_path: Path, sqlite_url: str
) -> None:
    body = json.dumps({"items": [{"id": n, "email": f"lead{n}@example.com"} for n in range(3)]})
    before = "webhook: {open: true}\n"
    after = "webhook: {open: true, leads: items, id: id, only: id != `1`}\n"
    with a_webhook_workspace(tmp_path / "a", sqlite_url, sources={"x": before}) as work:
        await deliver(work, "x", body, headers={})
        await run_stages(work, ["intake"], now=NOW)
        assert [row["reason"] for row in rows_of(work, "submissions")] == ["missing_email"]
        replay_selected(work.store, Selection())
        with a_webhook_workspace(tmp_path / "b", sqlite_url, sources={"x": after}) as mended:
            later = replace(work, project=mended.project)
            await run_stages(later, ["intake"], now=NOW)
            assert [lead["external_id"] for lead in rows_of(work, "leads")] == ["0", "2"]
            outcomes = [row["outcome"] for row in rows_of(work, "submissions")]
            assert outcomes == ["cut", "created", "created"]
            await deliver(later, "x", body, headers={})
            await run_stages(later, ["intake"], now=NOW)
            assert len(rows_of(work, "submissions")) == 3


async def test_too_many_leads_are_told_apart_from_a_damaged_body(
    tmp_path: Path, sqlite_url: str
) -> None:
    source = "webhook: {open: true, leads: items}\n"
    with a_webhook_workspace(tmp_path / "a", sqlite_url, sources={"x": source}) as work:
        await deliver(work, "x", json.dumps({"items": [{}] * 501}), headers={})
        (stored,) = rows_of(work, "submissions")
        found = (stored["reason"], stored["detail"])
        assert found == ("too_many_leads", "501 leads, at most 500")


async def test_what_is_answered_and_not_kept_is_logged_with_its_rule(
    tmp_path: Path, sqlite_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    source = "webhook: {open: true, leads: items, only: kind, test: is_test}\n"
    bodies = ['{"items": []}', '{"items": [{"kind": 0}]}', '{"items": [{"kind": 1, "is_test": 1}]}']
    with a_webhook_workspace(tmp_path / "a", sqlite_url, sources={"x": source}) as work:
        for body in bodies:
            await deliver(work, "x", body, headers={})
        assert rows_of(work, "submissions") == []
    told = [record.getMessage() for record in caplog.records if "not kept" in record.getMessage()]
    assert [line.rpartition(" ")[2] for line in told] == ["`leads`", "`only`", "`test`"]


async def test_other_kinds_of_deliveries_are_answered_and_not_kept(work: Workspace) -> None:
    body = BODY.replace('"lead"', '"ping"')
    answer = await deliver(work, "stamped", body, headers={"X-Signature": stamped(body)})
    assert (answer.status_code, answer.json()) == (200, {})
    assert rows_of(work, "submissions") == []


@pytest.mark.parametrize("secret", ["old", "new"])
async def test_either_of_two_secrets_is_right(tmp_path: Path, sqlite_url: str, secret: str) -> None:
    secrets = {"LEADLINE_WEBHOOK_SECRET_TYPEFORM": ("old", "new")}
    with a_webhook_workspace(tmp_path / "home", sqlite_url, secrets=secrets) as work:
        body = sample("typeform.json")
        headers = signed("typeform", body, secret)
        assert (await deliver(work, "typeform", body, headers=headers)).status_code == 200


async def test_source_without_its_secret_takes_nothing_and_the_log_names_the_variable(
    tmp_path: Path, sqlite_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    secrets: dict[str, tuple[str, ...]] = {"LEADLINE_WEBHOOK_SECRET_TYPEFORM": ()}
    with a_webhook_workspace(tmp_path / "home", sqlite_url, secrets=secrets) as work:
        answer = await deliver(work, "typeform", sample("typeform.json"))
        assert (answer.status_code, answer.json()["error"]) == (503, "webhook_not_ready")
        assert answer.headers["retry-after"] == "300"
        assert "LEADLINE_WEBHOOK_SECRET_TYPEFORM" in caplog.text
        assert rows_of(work, "submissions") == []


@pytest.mark.parametrize(("key", "status"), [(SECRET, 200), ("x", 401), (None, 401)])
async def test_key_may_stand_in_the_query(work: Workspace, key: str | None, status: int) -> None:
    params = {} if key is None else {"key": key}
    answer = await deliver(work, "query", BODY, headers={}, params=params)
    assert answer.status_code == status


async def test_key_may_come_as_bearer(tmp_path: Path, sqlite_url: str) -> None:
    sources = {"generic": "webhook: {key: {header: Authorization}}\n"}
    with a_webhook_workspace(tmp_path / "home", sqlite_url, sources=sources) as work:
        headers = {"Authorization": f"Bearer {SECRET}"}
        assert (await deliver(work, "generic", BODY, headers=headers)).status_code == 200


async def test_open_source_takes_posts_of_anybody(work: Workspace) -> None:
    assert (await deliver(work, "open", BODY, headers={})).status_code == 200
    await run_stages(work, ["intake"], now=NOW)
    assert [lead["email"] for lead in rows_of(work, "leads")] == ["ann@example.com"]


@pytest.mark.parametrize("source", ["nothing", "file_only", "..", "form:contact", "%00", "ｘ"])
async def test_source_that_takes_no_posts_looks_like_one_that_does_not_exist(
    work: Workspace, source: str
) -> None:
    answers = [await deliver(work, name, BODY) for name in (source, "unknown")]
    assert [answer.status_code for answer in answers] == [404, 404]
    assert rows_of(work, "submissions") == []


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE", "OPTIONS"])
async def test_other_methods_change_nothing(work: Workspace, method: str) -> None:
    before = read_everything(work)
    async with a_visitor(work) as visitor:
        answer = await visitor.request(method, "/webhooks/generic", content=BODY)
    assert answer.status_code in {404, 405}
    assert read_everything(work) == before


@pytest.mark.parametrize("is_announced", [True, False])
async def test_ten_megabytes_are_refused(work: Workspace, *, is_announced: bool) -> None:
    async def stream() -> AsyncIterator[bytes]:
        for _ in range(160):
            yield b"x" * 65_536

    content = b"x" * 10_485_760 if is_announced else stream()
    async with a_visitor(work) as visitor:
        answer = await visitor.post("/webhooks/open", content=content)
    assert (answer.status_code, answer.json()["error"]) == (413, "too_large")


@pytest.mark.parametrize(("coding", "status"), [("gzip", 415), ("Identity", 200)])
async def test_compressed_body_is_refused(work: Workspace, coding: str, status: int) -> None:
    answer = await deliver(work, "open", BODY, headers={"Content-Encoding": coding})
    assert answer.status_code == status
    assert len(rows_of(work, "submissions")) == (status == 200)


UNREADABLE = [
    (b"", "application/json"),
    (b"{", "application/json"),
    (b"[" * 100_000, "application/json"),
    (b'{"a":' * 500 + b"1" + b"}" * 500, "application/json"),
    (b'{"a": NaN}', "application/json"),
    (b'{"a": ' + b"9" * 5000 + b"}", "application/json"),
    (b"\xff\xfe\x00{", "application/json"),
    (b"a\0b", "image/png"),
    (b"a=%81", FORM),
    (b"x", "multipart/form-data"),
    (b"x", "multipart/form-data; boundary=y"),
    (b"<xml/>", "application/xml"),
]


@pytest.mark.parametrize(("body", "kind"), UNREADABLE)
async def test_body_that_cannot_be_read_is_answered_and_kept_apart(
    work: Workspace, body: bytes, kind: str
) -> None:
    answer = await deliver(work, "open", body, kind=kind, headers={})
    assert (answer.status_code, answer.json()) == (200, {})
    (stored,) = rows_of(work, "submissions")
    assert (stored["state"], stored["reason"]) == ("quarantined", "unreadable")
    assert stored["detail"]


@pytest.mark.parametrize("body", [b'{"Email": "\xff@example.com"}', b"{} \0 x"])
async def test_bytes_that_are_no_text_are_kept_exactly(
    database_url: str, tmp_path: Path, body: bytes
) -> None:
    from leadline.domain.payloads import kept_body

    with a_webhook_workspace(tmp_path / "home", database_url, sources={"open": OPEN}) as work:
        await deliver(work, "open", body, headers={})
        (stored,) = rows_of(work, "submissions")
        assert kept_body(stored["raw"]) == (body, "application/json")


@pytest.mark.parametrize("body", ["[]", "1", '"x"', "{}", '{"Email": "x"}', '{"Name": "\\u0000"}'])
async def test_body_that_makes_no_lead_is_quarantined_with_a_reason(
    work: Workspace, body: str
) -> None:
    await deliver(work, "open", body, headers={})
    await run_stages(work, ["intake"], now=NOW)
    (stored,) = rows_of(work, "submissions")
    assert stored["state"] == "quarantined"
    assert stored["reason"] in {"missing_email", "invalid_email"}


async def test_signs_that_no_database_takes_are_cleaned(database_url: str, tmp_path: Path) -> None:
    answers = {
        "Email": "ann@example.com",
        "Name": "A\0nn\ud800",
        "a\0b\ud800": "x\0\ud800y",
        "id": "7\0\ud800",
    }
    source = "webhook: {open: true, id: id}\n"
    with a_webhook_workspace(tmp_path / "home", database_url, sources={"open": source}) as work:
        await deliver(work, "open", json.dumps(answers), headers={})
        await run_stages(work, ["intake"], now=NOW)
        (lead,) = rows_of(work, "leads")
        assert (lead["full_name"], lead["external_id"]) == ("Ann", "7")
        assert lead["attributes"] == {"ab": "xy"}


async def test_post_to_a_full_or_locked_store_is_told_to_come_back(work: Workspace) -> None:
    from leadline.errors import StoreError

    class Full:
        is_sqlite = True

        def write(self, **_: object) -> None:
            raise StoreError(message="database or disk is full")

    from typing import Any, cast

    full = replace(work, store=cast("Any", Full()))
    async with a_visitor(full, clock=FixedClock(NOW)) as visitor:
        answer = await visitor.post("/webhooks/open", content=BODY)
    assert (answer.status_code, answer.json()["error"]) == (503, "store_unavailable")
    assert answer.headers["retry-after"] == "30"


async def test_nothing_of_a_post_is_logged(
    work: Workspace, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    canary = BODY.replace("ann@", "canary@").replace("Ann Lee", "Canary Lee")
    for body in (canary, "{" + canary, canary.replace("@", " at ")):
        await deliver(work, "open", body, headers={})
        await deliver(work, "query", body, headers={}, params={"key": "canary-key"})
        await deliver(work, "stamped", body, headers={"X-Signature": "canary-signature"})
    await run_stages(work, ["intake"], now=NOW)
    ours = [r.getMessage() for r in caplog.records if r.name.startswith("leadline")]
    assert len(ours) > 9
    assert "canary" not in " ".join(ours).lower()
    assert SECRET not in " ".join(ours)
