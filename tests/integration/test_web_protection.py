"""What keeps programs out of a form: held apart with a reason, and answered like anybody."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any

import pytest

from leadline.config.environment import ProxiesUnreadable, read_environment
from leadline.domain.reject_words import REJECT_WORDS
from leadline.web.network import find_client, network_of
from leadline.web.pace import Pace
from tests.factories import NOW, a_visitor, a_workspace, rows_of
from tests.form_pages import FormPage, MovingClock, solve

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import httpx

    from leadline.stages import Workspace

FORM = """
title: {en: Ask us, ja: お問い合わせ}
fields:
  full_name: {label: {en: Name, ja: お名前}, required: true}
  email: {label: {en: Email, ja: メール}, required: true, max_length: 254}
  message: {label: {en: Message, ja: 内容}, max_length: 2000}
"""
GUIDE = """
title: {en: Guide, ja: 資料}
fields:
  full_name: {label: {en: Name, ja: お名前}}
  email: {label: {en: Email, ja: メール}, required: true}
consent: {version: v1, wording: {en: News, ja: ご案内}}
acknowledgment: true
double_opt_in: true
asset: {file: guide.pdf, title: {en: Guide, ja: 資料}}
"""
FILES = {
    "config/forms/guide.yaml": GUIDE,
    "assets/guide.pdf": "%PDF",
    "config/forms/ask.yaml": FORM,
    "config/forms/other.yaml": FORM + "protection: {posts_per_address: 3}\n",
    "config/forms/strict.yaml": FORM + "protection: {page_required: true}\n",
    "config/forms/slow.yaml": FORM + "protection: {posts_per_minute: 3}\n",
    "config/forms/proof.yaml": FORM + "protection: {proof_of_work: true, minimum_seconds: 0}\n",
}
LAUREN = {"full_name": "Lauren Anderson", "email": "lauren@example.com"}
BROWSER = {"Accept": "text/html"}


@pytest.fixture
def work(tmp_path: Path, sqlite_url: str) -> Iterator[Workspace]:
    with a_workspace(tmp_path / "home", sqlite_url, files=FILES) as opened:
        yield opened


@pytest.fixture
def either(tmp_path: Path, database_url: str) -> Iterator[Workspace]:
    """Give the same on either database, for what the store decides."""
    with a_workspace(tmp_path / "home", database_url, files=FILES) as opened:
        yield opened


class Person:
    """Somebody with a browser, and a clock that goes on."""

    def __init__(self, work: Workspace, form: str = "ask") -> None:
        self.clock = MovingClock(NOW)
        self.path = f"/forms/{form}"
        self.visitor = a_visitor(work, clock=self.clock, headers=BROWSER)

    async def open(self) -> FormPage:
        answer = await self.visitor.get(self.path)
        assert answer.status_code == 200
        return FormPage(answer.text)

    async def post(self, body: dict[str, str], **options: Any) -> httpx.Response:  # noqa: ANN401 - httpx's
        return await self.visitor.post(self.path, data=LAUREN | body, **options)


def suspicions(work: Workspace) -> list[str | None]:
    rows = rows_of(work, "submissions")
    held = {"state": "quarantined", "reason": "", "suspicion": ""}
    for row in rows:
        if row["suspicion"]:
            assert {**held, "reason": row["suspicion"], "suspicion": row["suspicion"]} == {
                name: row[name] for name in held
            }
        else:
            assert (row["state"], row["reason"]) == ("new", None)
    return [row["suspicion"] for row in rows]


@pytest.mark.parametrize(("seconds", "suspicion"), [(0, "too_fast"), (1.9, "too_fast"), (2, None)])
async def test_post_sooner_than_a_person_types_is_held_apart(
    work: Workspace, seconds: float, suspicion: str | None
) -> None:
    person = Person(work)
    shown = await person.open()
    person.clock.move(seconds=seconds)
    assert (await person.post(shown.hidden)).status_code == 201
    assert suspicions(work) == [suspicion]


async def test_page_that_came_back_with_errors_is_as_old_as_it_was(work: Workspace) -> None:
    person = Person(work)
    shown = await person.open()
    person.clock.move(seconds=30)
    wrong = await person.post(shown.hidden | {"email": "wrong"})
    again = FormPage(wrong.text)
    assert (wrong.status_code, again.hidden["page_token"]) == (422, shown.hidden["page_token"])
    assert (await person.post(again.hidden)).status_code == 201
    assert suspicions(work) == [None]


@pytest.mark.parametrize("opened", [True, False])
async def test_person_may_correct_an_error_as_fast_as_it_is_read(
    work: Workspace,
    opened: bool,  # noqa: FBT001 - pytest's
) -> None:
    person = Person(work)
    body = (await person.open()).hidden if opened else {}
    wrong = await person.post(body | {"email": "wrong"})
    person.clock.move(seconds=1)
    assert (await person.post(FormPage(wrong.text).hidden)).status_code == 201
    assert suspicions(work) == [None]


async def test_page_is_worth_one_post_whatever_key_a_header_names(work: Workspace) -> None:
    person = Person(work)
    shown = await person.open()
    person.clock.move(seconds=30)
    for number in range(3):
        body = shown.hidden | {"message": str(number)}
        await person.post(body, headers={"Idempotency-Key": f"key {number}"})
    own = {"Idempotency-Key": shown.hidden["idempotency_key"]}
    assert (await person.post(shown.hidden, headers=own)).status_code == 201
    assert suspicions(work) == ["forged_page"] * 3 + [None]


@pytest.mark.parametrize(("hours", "suspicion"), [(24, None), (24.1, "forged_page")])
async def test_page_that_was_open_for_longer_than_a_day_is_held_apart(
    work: Workspace, hours: float, suspicion: str | None
) -> None:
    person = Person(work)
    shown = await person.open()
    person.clock.move(hours=hours)
    assert (await person.post(shown.hidden)).status_code == 201
    assert suspicions(work) == [suspicion]


@pytest.mark.parametrize("second", ["", "x"])
async def test_page_that_is_given_twice_is_forged_unless_both_are_the_same(
    work: Workspace, second: str
) -> None:
    person = Person(work)
    shown, other = await person.open(), await person.open()
    person.clock.move(seconds=30)
    once, twice = shown.hidden["page_token"], other.hidden["page_token"]
    for body in (
        shown.hidden | {"page_token": [second, once]},
        other.hidden | {"page_token": [twice, twice]},
    ):
        await person.visitor.post(person.path, data=LAUREN | body)
    assert suspicions(work) == ["forged_page", None]


@pytest.mark.parametrize(
    "sent",
    [
        {"data": {**LAUREN, "website_url": ["spam", ""]}},
        {"data": {**LAUREN, "website_url": [" "]}},
        {"json": {**LAUREN, "website_url": {"a": "spam"}}},
        {"json": {**LAUREN, "website_url": ["spam", ""]}},
        {"json": {**LAUREN, "website_url": [{"a": 1}]}},
        {"json": {**LAUREN, "website_url": False}},
        {"data": LAUREN, "files": {"website_url": ("a.txt", b"spam")}},
    ],
    ids=["two", "blank", "object", "list", "list of objects", "no", "file"],
)
async def test_trap_closes_on_anything_that_is_put_into_it(
    work: Workspace, sent: dict[str, Any]
) -> None:
    answer = await Person(work).visitor.post("/forms/ask", **sent)
    assert answer.status_code == 201
    assert suspicions(work) == ["honeypot"]


@pytest.mark.parametrize("token", ["x", "MTIz.abc", "W10.x", "\u3042", "a.b.c.d", "0" * 5_000])
async def test_post_with_a_forged_page_is_held_apart(work: Workspace, token: str) -> None:
    person = Person(work)
    person.clock.move(hours=1)
    assert (await person.post({"page_token": token})).status_code == 201
    assert suspicions(work) == ["forged_page"]


async def test_page_is_worth_something_for_its_own_form_and_key_alone(work: Workspace) -> None:
    person, other = Person(work), Person(work, "other")
    shown = await person.open()
    for one in (person, other):
        one.clock.move(seconds=60)
    await person.post(shown.hidden | {"idempotency_key": "another"})
    await other.post(shown.hidden)
    await person.post(shown.hidden)
    assert suspicions(work) == ["forged_page", "forged_page", None]


@pytest.mark.parametrize(("form", "suspicion"), [("ask", None), ("strict", "no_page")])
async def test_post_without_a_page_is_suspicious_where_the_form_says_so(
    work: Workspace, form: str, suspicion: str | None
) -> None:
    assert (await Person(work, form).post({})).status_code == 201
    assert suspicions(work) == [suspicion]


async def test_every_suspicious_post_is_answered_like_a_good_one(work: Workspace) -> None:
    good, trapped, fast = Person(work), Person(work), Person(work)
    accepted = await good.post({})
    caught = await trapped.post({"website_url": "https://spam.example"})
    hurried = await fast.post((await fast.open()).hidden)
    assert suspicions(work) == [None, "honeypot", "too_fast"]
    for other in (caught, hurried):
        assert (other.status_code, other.text) == (accepted.status_code, accepted.text)
        assert dict(other.headers) == dict(accepted.headers)


@pytest.mark.parametrize("lang", ["en", "ja"])
async def test_page_after_a_post_promises_what_the_form_does(work: Workspace, lang: str) -> None:
    person, guide = a_visitor(work, headers=BROWSER), LAUREN | {"consent": "on"}
    asked = await person.post(f"/forms/ask?lang={lang}", data=LAUREN)
    ordered = await person.post(f"/forms/guide?lang={lang}", data=guide)
    refused = await person.post(f"/forms/guide?lang={lang}", data=guide | {"consent": "no"})
    caught = await person.post(f"/forms/guide?lang={lang}", data=guide | {"website_url": "x"})
    answers, document, confirm, folder = {
        "en": ("a person reads it", "link to the document", "open it and confirm", "for spam"),
        "ja": ("担当者が確認", "資料のリンク", "同意を確定してください", "迷惑メールフォルダー"),
    }[lang]
    assert answers in asked.text
    assert all(each not in asked.text for each in (document, confirm, folder))
    assert answers not in ordered.text
    assert all(each in ordered.text for each in (document, confirm, folder))
    assert confirm not in refused.text
    assert caught.text == ordered.text


async def test_suspicious_json_post_has_an_id_like_any_other(work: Workspace) -> None:
    async with a_visitor(work) as visitor:
        body = LAUREN | {"page_token": "forged"}
        answer = await visitor.post("/forms/ask", json=body)
    assert (answer.status_code, answer.json()) == (201, {"submission": 1})


def test_every_suspicion_is_told_in_both_languages() -> None:
    for code in ("too_fast", "forged_page", "no_page", "no_proof", "too_many_for_address"):
        assert set(REJECT_WORDS[code]) == {"en", "ja"}


async def test_address_that_too_many_posts_name_is_held_apart_over_all_forms(
    either: Workspace,
) -> None:
    ask, other = Person(either), Person(either, "other")
    for number in range(2):
        await ask.post({"message": str(number)})
    statuses = [(await other.post({"message": str(number)})).status_code for number in range(2)]
    await other.post({"message": "0", "email": "somebody@example.com"})
    assert statuses == [201, 201]
    assert suspicions(either) == [None, None, None, "too_many_for_address", None]


async def test_posts_are_counted_by_box_whatever_the_address(work: Workspace) -> None:
    person = Person(work, "other")
    for address in ("a.b@gmail.com", "ab+1@gmail.com", "ab@googlemail.com", "a.b+2@gmail.com"):
        await person.post({"email": address})
    await person.post({"email": "abc@gmail.com"})
    assert suspicions(work) == [None, None, None, "too_many_for_address", None]


async def test_address_is_free_again_after_a_day(either: Workspace) -> None:
    person = Person(either, "other")
    for number in range(4):
        await person.post({"message": str(number)})
    person.clock.move(hours=24)
    await person.post({"message": "tomorrow"})
    assert suspicions(either) == [None, None, None, "too_many_for_address", None]


async def test_same_post_again_counts_once_for_its_address(either: Workspace) -> None:
    person = Person(either, "other")
    for _ in range(8):
        await person.post({}, headers={"Idempotency-Key": "one"})
    assert suspicions(either) == [None]


async def test_network_that_posts_too_fast_is_told_when_to_come_back(work: Workspace) -> None:
    person = Person(work, "slow")
    for number in range(3):
        assert (await person.post({"message": str(number)})).status_code == 201
        person.clock.move(seconds=10)
    refused = await person.post({"message": "late"})
    assert (refused.status_code, refused.headers["retry-after"]) == (429, "30")
    assert "Too many messages at once" in refused.text
    person.clock.move(seconds=30)
    assert (await person.post({"message": "late"})).status_code == 201
    assert len(rows_of(work, "submissions")) == 4


async def test_network_that_waits_is_told_so_in_japanese_and_in_json(work: Workspace) -> None:
    person = Person(work, "slow")
    for number in range(3):
        await person.post({"message": str(number)})
    japanese = await person.post({}, params={"lang": "ja"})
    answer = await person.visitor.post(person.path, json=LAUREN)
    assert "送信が集中しています" in japanese.text
    assert (answer.status_code, answer.json()["error"]) == (429, "too_many_posts")


@pytest.mark.parametrize("header", ["X-Forwarded-For", "Forwarded", "X-Real-IP"])
async def test_header_that_anybody_can_write_is_no_other_network(
    work: Workspace, header: str
) -> None:
    person = Person(work, "slow")
    statuses = [
        (await person.post({"message": str(number)}, headers={header: f"203.0.113.{number}"}))
        for number in range(5)
    ]
    assert [answer.status_code for answer in statuses] == [201, 201, 201, 429, 429]
    assert {row["network_address"] for row in rows_of(work, "submissions")} == {"127.0.0.1"}


async def test_hundred_posts_a_minute_from_one_address_are_too_many(work: Workspace) -> None:
    person = Person(work)
    answers = [
        (await person.post({"email": f"p{number}@example.com"})).status_code
        for number in range(100)
    ]
    assert answers == [201] * 60 + [429] * 40


def a_request(peer: tuple[str, int] | None, *forwarded: str) -> dict[str, Any]:
    headers = [(b"x-forwarded-for", value.encode()) for value in forwarded]
    return {"client": peer, "headers": headers}


PROXIES = read_environment({"LEADLINE_TRUSTED_PROXIES": "127.0.0.1, 10.0.0.0/8,::1"})


@pytest.mark.parametrize(
    ("peer", "forwarded", "client"),
    [
        ("127.0.0.1", ["203.0.113.7"], "203.0.113.7"),
        ("127.0.0.1", ["198.51.100.1, 203.0.113.7"], "203.0.113.7"),
        ("127.0.0.1", ["198.51.100.1", "203.0.113.7, 10.1.2.3"], "203.0.113.7"),
        ("127.0.0.1", ["10.9.9.9, 10.1.2.3"], "10.9.9.9"),
        ("127.0.0.1", ["203.0.113.7:4711"], "203.0.113.7"),
        ("127.0.0.1", ["[2001:db8::7]:4711"], "2001:db8::7"),
        ("127.0.0.1", ["203.0.113.7, nonsense"], "127.0.0.1"),
        ("127.0.0.1", [], "127.0.0.1"),
        ("::ffff:127.0.0.1", ["203.0.113.7"], "203.0.113.7"),
        ("192.0.2.1", ["203.0.113.7"], "192.0.2.1"),
    ],
)
def test_client_is_the_last_whom_no_trusted_proxy_stands_for(
    peer: str, forwarded: list[str], client: str
) -> None:
    request = a_request((peer, 4711), *forwarded)
    assert find_client(request, PROXIES.trusted_proxies) == client


def test_without_trusted_proxies_the_peer_is_the_client() -> None:
    assert find_client(a_request(("127.0.0.1", 4711), "203.0.113.7"), ()) == "127.0.0.1"


def test_peer_that_a_server_in_between_has_rewritten_is_nobody() -> None:
    assert find_client(a_request(("203.0.113.7", 0), "203.0.113.7"), ()) is None
    assert find_client(a_request(None), ()) is None


def test_proxy_that_is_no_address_is_named() -> None:
    with pytest.raises(ProxiesUnreadable, match=r"LEADLINE_TRUSTED_PROXIES names proxy\.example"):
        read_environment({"LEADLINE_TRUSTED_PROXIES": "127.0.0.1,proxy.example"})


def test_ipv6_subscriber_is_one_network_whatever_the_address() -> None:
    assert network_of("2001:db8:1:2::1") == network_of("2001:db8:1:2:ffff::9")
    assert network_of("2001:db8:1:2::1") != network_of("2001:db8:1:3::1")
    assert network_of("::ffff:192.0.2.1") == network_of("192.0.2.1")
    assert network_of("192.0.2.1") != network_of("192.0.2.2")
    assert network_of(None) == ""


def test_pace_remembers_the_networks_seen_last_and_no_more() -> None:
    pace = Pace(most=100)
    for number in range(1_000):
        assert pace.take(number, limit=1, now=NOW) is None
    assert len(pace) == 100
    assert pace.take(999, limit=1, now=NOW) is not None


def test_clock_that_was_set_back_locks_nobody_out() -> None:
    pace, clock = Pace(), MovingClock(NOW)
    assert pace.take("network", limit=1, now=clock.now()) is None
    clock.move(hours=-1)
    assert pace.take("network", limit=1, now=clock.now()) is None


async def test_page_asks_for_a_proof_of_work_with_a_script_of_its_own(work: Workspace) -> None:
    person = Person(work, "proof")
    answer = await person.visitor.get(person.path)
    (script,) = FormPage(answer.text).all("script")
    policy = answer.headers["content-security-policy"]
    source = await person.visitor.get(f"/forms/{script['src']}")
    assert f"script-src 'nonce-{script['nonce']}';" in policy
    assert "default-src 'none'" in policy
    assert source.headers["content-type"].startswith("text/javascript")
    assert "crypto.subtle.digest" in source.text
    assert not [
        name for _, each in FormPage(answer.text).elements for name in each if name[:2] == "on"
    ]


async def test_page_without_proof_of_work_runs_no_script(work: Workspace) -> None:
    person = Person(work)
    answer = await person.visitor.get(person.path)
    assert FormPage(answer.text).all("script") == []
    assert "script-src" not in answer.headers["content-security-policy"]


async def test_solved_proof_is_accepted_and_kept_as_spent(either: Workspace) -> None:
    person = Person(either, "proof")
    answer = await person.post((await person.open()).solved())
    assert (answer.status_code, suspicions(either)) == (201, [None])
    assert len(rows_of(either, "proofs")) == 1


async def test_solution_used_twice_is_refused_and_the_same_post_again_is_not(
    either: Workspace,
) -> None:
    person = Person(either, "proof")
    first, second = (await person.open()).solved(), await person.open()
    accepted = await person.post(first)
    repeated = await person.post(first)
    reused = await person.post(second.hidden | {"altcha": first["altcha"], "message": "more"})
    assert [each.status_code for each in (accepted, repeated, reused)] == [201, 201, 409]
    assert "Already sent" in reused.text
    assert suspicions(either) == [None]


def tampered(challenge: str, changes: dict[str, object]) -> str:
    said = json.loads(base64.b64decode(solve(challenge))) | changes
    return base64.b64encode(json.dumps(said).encode()).decode()


@pytest.mark.parametrize(
    "proof",
    [
        {"number": -1},
        {"number": 1.5},
        {"number": "1"},
        {"signature": "0" * 64},
        {"algorithm": "SHA-1"},
        {"salt": "x?form=proof&expires=99999999999&"},
        {"salt": 5},
        {"challenge": None},
    ],
)
async def test_wrong_proof_is_held_apart(work: Workspace, proof: dict[str, object]) -> None:
    person = Person(work, "proof")
    shown = await person.open()
    sent = tampered(shown.one("altcha")["data-challenge"], proof)
    assert (await person.post(shown.hidden | {"altcha": sent})).status_code == 201
    assert suspicions(work) == ["no_proof"]
    assert rows_of(work, "proofs") == []


@pytest.mark.parametrize("proof", ["", "x", "W10=", "bnVsbA==", "\u3042", "A" * 4_000])
async def test_post_without_a_proof_is_held_apart_and_not_lost(work: Workspace, proof: str) -> None:
    answer = await Person(work, "proof").post({"altcha": proof})
    assert answer.status_code == 201
    assert suspicions(work) == ["no_proof"]


async def test_proof_is_worth_nothing_once_it_has_expired(work: Workspace) -> None:
    person = Person(work, "proof")
    body = (await person.open()).solved()
    person.clock.move(hours=4, seconds=1)
    await person.post(body)
    assert suspicions(work) == ["no_proof"]


async def test_spent_proofs_are_forgotten_once_they_have_expired(either: Workspace) -> None:
    person = Person(either, "proof")
    await person.post((await person.open()).solved())
    person.clock.move(hours=5)
    await person.post((await person.open()).solved())
    assert suspicions(either) == [None, None]
    assert len(rows_of(either, "proofs")) == 1
