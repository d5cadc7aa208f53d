"""Erasure and access: a canary goes through everything, and nothing of it stays."""

from __future__ import annotations

import asyncio
import base64
import csv
import json
import zipfile
from datetime import timedelta
from email import message_from_string
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

import pytest

from leadline.domain.delivery import Phase, Reply
from leadline.domain.keys import address_hash
from leadline.domain.mentions import ERASED
from leadline.mail.sink import read_mailbox
from leadline.stages import ORDER, delivery, imports, inbox, release, run_stages, undo
from leadline.stages.erasure import Erasure, erase_person, rehearse_erasure
from leadline.stages.person import read_person
from leadline.store.answers import add_unsubscribe, find_marketing_message
from leadline.store.outbox import find_by_message_id
from leadline.store.submissions import Arrival, add_submissions
from tests.builders import PEPPER, add_message, add_person, message
from tests.canaries import (
    ADDRESS,
    MARK,
    NAME,
    traces_below,
    traces_in_tables,
)
from tests.factories import NOW, a_workspace, read_everything, rows_of
from tests.fakes import FakeTransport

if TYPE_CHECKING:
    from collections.abc import Iterator

    from leadline.stages import Workspace

#: For what is about files alone.
ON_FILE: Final = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
FORM: Final = {
    "full_name": f"{NAME} 充",
    "email": ADDRESS,
    "company": f"株式会社{NAME}",
    "country": "JP",
    "phone": "06-9876-1098",
    "message": "見積をお願いします。",
    "consent": "true",
}
OTHER: Final = {
    **FORM,
    "full_name": "鈴木 充",
    "email": "mituru.suzuki@ikeda.example",
    "company": "池田鉱業",
    "phone": "06-1654-4579",
    "message": f"詳しくは {ADDRESS.upper()} まで。",
}
BASE: Final = "https://go.example.com"
NEIGHBOR: Final = f"jo-{ADDRESS}"
ROWS: Final = (
    "Email,Name,Company,Phone,Country,Message\n"
    f"{ADDRESS},{NAME},{MARK} Inc,06-9876-1098,JP,quote\n"
    f"not-an-address,Susan Moreno,Harris and Sons,,US,write to {ADDRESS}\n"
    f"{ADDRESS},{NAME},too few\n"
    "paul.perez@harper.example,Paul Perez,Harper and Wade,,FR,Hello\n"
    ",Nobody,No Address Ltd,,US,Hello\n"
)


@pytest.fixture
def work(tmp_path: Path, database_url: str) -> Iterator[Workspace]:
    url = database_url if database_url.startswith("postgresql") else ""
    with a_workspace(tmp_path / "home", url, base_url=BASE, pepper=PEPPER) as work:
        yield work


def add(work: Workspace, *arrivals: Arrival) -> None:
    with work.store.write() as connection:
        add_submissions(connection, arrivals, now=NOW)


def a_post(key: str, fields: dict[str, Any], **changes: Any) -> Arrival:  # noqa: ANN401 - columns
    return Arrival("form:contact", key, "form", fields, network_address="192.0.2.7", **changes)


def take_in(work: Workspace, name: str, text: str) -> dict[str, Any]:
    path = work.environment.home / name
    path.write_text(text, encoding="utf-8")
    run = imports.import_file(work, path, now=NOW)
    return imports.finish_import(work, run, now=NOW)


def run(work: Workspace, *names: str) -> None:
    asyncio.run(run_stages(work, names or ORDER, now=NOW))


def spread(work: Workspace) -> None:
    """Leave the canary wherever a person can leave something."""
    add(work, a_post("one", FORM, consent_version="1", consent_wording="ok"), a_post("two", OTHER))
    run(work)
    take_in(work, "fair.csv", ROWS)
    (work.environment.home / "fair.csv").unlink()
    body = json.dumps({"answers": [{"email": ADDRESS, "name": NAME}]})
    add(
        work,
        a_post("bot", {**FORM, "website": "http://x.example"}, reason="honeypot"),
        Arrival("typeform", "1", "webhook", {"body": body}, reason="unreadable"),
        Arrival("cf7", "2", "webhook", {"body": f"e={quote(ADDRESS)}"}, reason="unreadable"),
    )
    (work.environment.state / "mailbox" / "newest.html").write_text(f"<p>{ADDRESS}</p>", "utf-8")


def unsubscribe(work: Workspace) -> None:
    (touch,) = [row for row in rows_of(work, "outbox") if row["kind"] == "touch" and row["mail"]]
    with work.store.write() as connection:
        message = find_by_message_id(connection, touch["message_id"])
        assert message is not None
        add_unsubscribe(connection, message, network_address="192.0.2.7", now=NOW)


def forget(work: Workspace) -> Erasure:
    return erase_person(work, ADDRESS, now=NOW)


def hash_of(work: Workspace) -> str:
    return address_hash(ADDRESS, pepper=work.store.pepper)


def test_nothing_of_a_person_is_left_after_an_erasure(work: Workspace) -> None:
    spread(work)
    before, files = traces_in_tables(work), traces_below(work.environment.state)
    assert {"leads", "submissions", "outbox", "import_changes"} <= before.keys()
    assert any(name.startswith("mailbox/new/") for name in files)
    assert any(name.startswith("quarantine/") for name in files)
    done = forget(work)
    assert (done.leads, done.is_compacted, done.in_flight, done.files) == (1, True, 0, [])
    assert done.submissions == 6
    assert done.mentions >= 2
    assert traces_in_tables(work) == {}
    assert traces_below(work.environment.state) == {}
    assert [row["cause"] for row in rows_of(work, "suppressions")] == ["erasure"]
    assert [row["address_hash"] for row in rows_of(work, "suppressions")] == [hash_of(work)]


def test_second_erasure_changes_nothing(work: Workspace) -> None:
    spread(work)
    forget(work)
    before = read_everything(work)
    again = forget(work)
    assert (again.leads, again.submissions, again.messages, again.mentions) == (0, 0, 0, 0)
    assert (again.mailbox, again.quarantine, again.files) == (0, 0, [])
    assert read_everything(work) == before


@ON_FILE
def test_rehearsal_counts_what_the_erasure_does_and_changes_nothing(work: Workspace) -> None:
    spread(work)
    before, files = read_everything(work), traces_below(work.environment.state / "mailbox")
    plan = rehearse_erasure(work, ADDRESS, now=NOW)
    assert read_everything(work) == before
    assert traces_below(work.environment.state / "mailbox") == files
    done = forget(work)
    assert (plan.leads, plan.submissions, plan.messages, plan.mentions, plan.mailbox) == (
        *(done.leads, done.submissions, done.messages, done.mentions, done.mailbox),
    )
    assert plan.quarantine == done.quarantine


def test_person_whose_address_ends_alike_keeps_everything(work: Workspace) -> None:
    add(
        work,
        a_post("one", {**FORM, "email": NEIGHBOR}),
        a_post("two", {**FORM, "email": f"{ADDRESS}.jp"}, reason="honeypot"),
    )
    run(work)
    before = read_everything(work)
    mails = [filed.recipient for filed in read_mailbox(work.environment.state / "mailbox")]
    done = forget(work)
    after = read_everything(work)
    assert after.pop("suppressions") != before.pop("suppressions")
    assert after == before
    assert (done.leads, done.submissions, done.mentions, done.mailbox) == (0, 0, 0, 0)
    left = [filed.recipient for filed in read_mailbox(work.environment.state / "mailbox")]
    assert left == mails


def test_rows_of_others_stay_without_the_address(work: Workspace) -> None:
    add(work, a_post("two", OTHER))
    run(work, *ORDER[:-1])
    assert forget(work).mentions == 2
    (lead,), (submission,) = rows_of(work, "leads"), rows_of(work, "submissions")
    assert (lead["email"], lead["message"]) == (OTHER["email"], "詳しくは [erased] まで。")
    assert (submission["state"], submission["raw"]["message"]) == ("accepted", lead["message"])
    run(work, "notification")
    (mail,) = [row for row in rows_of(work, "outbox") if row["kind"] == "assignment"]
    assert (mail["state"], mail["skip_reason"]) == ("queued", None)
    assert mail["mail"] is not None


def test_numbers_and_links_between_rows_stay(work: Workspace) -> None:
    spread(work)
    counts = {name: len(rows) for name, rows in read_everything(work).items()}
    forget(work)
    after = {name: len(rows) for name, rows in read_everything(work).items()}
    gone = ("lead_keys", "consents", "scores", "score_changes", "import_changes")
    assert {name: n for name, n in after.items() if n != counts[name]}.keys() <= {
        *gone,
        "suppressions",
    }
    lead = next(row for row in rows_of(work, "leads") if row["erased_at"])
    assert (lead["email"], lead["erased_at"], lead["zone"]) == (None, NOW, "UTC")
    due = [lead[f"{duty}_due_at"] for duty in ("scoring", "routing", "enrollment")]
    assert due == [None, None, None]
    ours = [row for row in rows_of(work, "assignments") if row["lead_id"] == lead["id"]]
    assert {(row["state"], row["skip_reason"]) for row in ours} == {("reassigned", "erased")}
    exits = [row for row in rows_of(work, "enrollments") if row["lead_id"] == lead["id"]]
    assert {(row["state"], row["exit_reason"]) for row in exits} == {("exited", "erased")}


def test_mail_that_waits_is_skipped_and_no_stage_takes_the_person_up_again(
    work: Workspace,
) -> None:
    add(work, a_post("one", FORM))
    run(work, *ORDER[:-1])
    forget(work)
    run(work)
    states = {(row["state"], row["skip_reason"]) for row in rows_of(work, "outbox")}
    assert states == {("skipped", "erased")}
    assert read_mailbox(work.environment.state / "mailbox") == []
    assert traces_in_tables(work) == {}


def colleagues(count: int) -> list[Arrival]:
    return [
        a_post(
            f"c{number}",
            {
                "full_name": f"Colleague {number}",
                "email": f"colleague{number}@example.jp",
                "company": f"Company {number}",
                "country": "JP",
            },
        )
        for number in range(count)
    ]


def bundled(work: Workspace) -> None:
    """Leave one mail to a rep that tells of the canary and of others; it waits."""
    settings = work.environment.home / "config" / "settings.yaml"
    text = settings.read_text("utf-8").replace("bundle_above: 5", "bundle_above: 1")
    settings.write_text(text, "utf-8")
    add(work, a_post("one", FORM), *colleagues(12))
    with a_workspace_again(work) as again:
        run(again, *ORDER[:-1])


def a_workspace_again(work: Workspace) -> Workspace:
    """Open the same folder and database with what the configuration says now."""
    from leadline.stages import open_workspace

    return open_workspace(work.environment, now=NOW)


def rep_mails(work: Workspace) -> list[dict[str, Any]]:
    return [row for row in rows_of(work, "outbox") if row["kind"] == "assignment"]


def bundle_of_the_canary(work: Workspace) -> list[dict[str, Any]]:
    (lead,) = [row["id"] for row in rows_of(work, "leads") if row["email"] == ADDRESS]
    (own,) = [row for row in rep_mails(work) if row["lead_id"] == lead]
    head = own["bundle_id"] or own["id"]
    found = [row for row in rep_mails(work) if head in {row["id"], row["bundle_id"]}]
    assert len(found) > 1, "nobody shares the mail"
    return found


def test_mail_about_several_that_waits_is_written_anew_without_the_person(
    work: Workspace,
) -> None:
    bundled(work)
    shared = {row["id"] for row in bundle_of_the_canary(work)}
    forget(work)
    with a_workspace_again(work) as again:
        run(again)
        told = [row for row in rep_mails(again) if row["id"] in shared]
    states = [(row["state"], row["skip_reason"]) for row in told]
    assert states.count(("skipped", "erased")) == 1
    assert all(state == "sent" or reason in {"bundled", "erased"} for state, reason in states)
    assert any(state == "sent" for state, _ in states)
    assert traces_below(work.environment.state / "mailbox") == {}
    assert traces_in_tables(work) == {}


def test_mail_about_several_that_was_sent_is_emptied(work: Workspace) -> None:
    bundled(work)
    shared = {row["id"] for row in bundle_of_the_canary(work)}
    run(work, "delivery")
    sent = {row["id"] for row in rep_mails(work) if row["state"] == "sent"} & shared
    forget(work)
    for row in rep_mails(work):
        if row["id"] in sent:
            assert (row["state"], row["mail"], row["subject"]) == ("sent", None, None)
    assert traces_below(work.environment.state / "mailbox") == {}
    assert traces_in_tables(work) == {}


def test_mail_that_was_leased_before_the_erasure_is_not_sent_after_it(work: Workspace) -> None:
    with work.store.write() as connection:
        first = add_message(connection, add_person(connection))
        canary = add_message(connection, add_person(connection, email=ADDRESS))
    erased: list[Erasure] = []

    async def erase(_envelopes: object) -> None:
        if not erased:
            erased.append(await asyncio.to_thread(forget, work))

    transport = FakeTransport(before=erase)
    asyncio.run(delivery.run_batch(work, now=NOW, transport=transport))
    assert transport.ids == [first]
    assert message(work.store, canary)["state"] == "skipped"
    assert traces_in_tables(work) == {}


def test_mail_on_its_way_is_reported_and_the_next_erasure_takes_its_answer(
    work: Workspace,
) -> None:
    with work.store.write() as connection:
        id_ = add_message(connection, add_person(connection, email=ADDRESS))
    told = []

    async def erase(_envelopes: object) -> None:
        told.append(await asyncio.to_thread(forget, work))

    answer = Reply(Phase.DONE, 250, f"<{ADDRESS}> taken")
    transport = FakeTransport(before=erase, answers={id_: answer})
    asyncio.run(delivery.run_batch(work, now=NOW, transport=transport))
    (first,) = told
    assert (first.in_flight, first.is_whole) == (1, False)
    assert message(work.store, id_)["state"] == "sent"
    assert forget(work).is_whole
    assert traces_in_tables(work) == {}


def test_mail_emptied_on_its_way_is_never_sent_a_second_time(work: Workspace) -> None:
    with work.store.write() as connection:
        person = add_person(connection, email=ADDRESS)
        id_ = add_message(connection, person, kind="assignment", recipient="rep@example.com")

    async def erase(_envelopes: object) -> None:
        await asyncio.to_thread(forget, work)

    lost = Reply(Phase.BODY, None, "connection lost")
    transport = FakeTransport(before=erase, answers={id_: lost})
    asyncio.run(delivery.run_batch(work, now=NOW, transport=transport))
    again = FakeTransport()
    asyncio.run(delivery.run_batch(work, now=NOW + timedelta(days=1), transport=again))
    assert again.ids == []
    assert message(work.store, id_)["state"] in {"skipped", "unknown"}


def test_file_that_names_the_person_is_refused_row_by_row(work: Workspace) -> None:
    spread(work)
    forget(work)
    before = len(rows_of(work, "leads"))
    report = take_in(work, "again.csv", ROWS.replace("Hello", "Hello again"))
    (work.environment.home / "again.csv").unlink()
    reasons = [reject["reason"] for reject in report["rejects"]]
    assert reasons == ["erased", "invalid_email", "erased", "missing_email"]
    assert (report["rejected"], report["created"]) == (4, 0)
    assert len(rows_of(work, "leads")) == before
    own = [row for row in rows_of(work, "submissions") if row["reason"] == "erased"]
    assert [row["raw"] for row in own] == [{}, {}]
    assert traces_in_tables(work) == {}
    assert traces_below(work.environment.home) == {}
    assert len(Path(report["quarantine"]).read_text("utf-8-sig").splitlines()) == 3


@ON_FILE
def test_preview_says_what_an_import_refuses(work: Workspace) -> None:
    forget(work)
    path = work.environment.home / "again.csv"
    path.write_text(ROWS, "utf-8")
    preview = imports.preview_import(work, path)
    assert [reject["reason"] for reject in preview.rejects][:1] == ["erased"]
    assert preview.created == 1


@ON_FILE
def test_same_file_after_the_erasure_is_unchanged(work: Workspace) -> None:
    take_in(work, "fair.csv", ROWS)
    forget(work)
    report = take_in(work, "fair.csv", ROWS)
    assert (report["created"], report["updated"]) == (0, 0)
    (work.environment.home / "fair.csv").unlink()
    assert traces_in_tables(work) == {}


@ON_FILE
def test_mended_quarantine_file_does_not_bring_the_person_back(work: Workspace) -> None:
    report = take_in(work, "fair.csv", ROWS)
    text = Path(report["quarantine"]).read_text("utf-8-sig")
    forget(work)
    mended = text.replace("not-an-address", ADDRESS)
    take_in(work, "mended.csv", mended)
    (work.environment.home / "mended.csv").unlink()
    (work.environment.home / "fair.csv").unlink()
    assert traces_in_tables(work) == {}
    assert traces_below(work.environment.home) == {}


@ON_FILE
def test_inbox_does_not_bring_the_person_back(work: Workspace) -> None:
    forget(work)
    (work.environment.home / "inbox" / "fair.csv").write_text(ROWS, "utf-8")
    taken = inbox.take(work, "inbox/fair.csv", now=NOW, by=imports)
    assert taken.facts["outcome"] == "imported"
    assert [row["email"] for row in rows_of(work, "leads")] == ["paul.perez@harper.example"]
    assert traces_in_tables(work) == {}


@ON_FILE
def test_backfill_that_is_released_leaves_the_person_out(work: Workspace) -> None:
    path = work.environment.home / "old.csv"
    path.write_text(ROWS, "utf-8")
    run_ = imports.import_file(work, path, now=NOW, is_backfill=True)
    imports.finish_import(work, run_, now=NOW)
    forget(work)
    assert release.release_import(work, run_.run_id, condition=None, now=NOW) == 1
    run(work)
    assert {row["lead_id"] for row in rep_mails(work)} == {
        row["id"] for row in rows_of(work, "leads") if row["email"]
    }


def test_undo_of_an_import_leaves_what_was_erased_as_it_is(work: Workspace) -> None:
    report = take_in(work, "fair.csv", ROWS)
    (work.environment.home / "fair.csv").unlink()
    forget(work)
    undone = undo.undo_import(work, report["run"], now=NOW)
    assert (undone.created_removed, undone.is_repeat) == (1, False)
    assert [row["erased_at"] for row in rows_of(work, "leads")] == [NOW]
    take_in(work, "fair.csv", ROWS)
    (work.environment.home / "fair.csv").unlink()
    assert traces_in_tables(work) == {}


def test_new_post_of_the_person_is_taken_in_and_marketing_stays_banned(work: Workspace) -> None:
    add(work, a_post("one", FORM))
    run(work)
    forget(work)
    add(work, a_post("new", FORM))
    run(work)
    assert [row["email"] for row in rows_of(work, "leads")] == [None, ADDRESS]
    assert any(row["kind"] == "assignment" and row["mail"] for row in rows_of(work, "outbox"))
    assert not [row for row in rows_of(work, "outbox") if row["kind"] == "touch" and row["mail"]]
    assert take_in(work, "fair.csv", ROWS)["rejects"][0]["reason"] == "erased"


@ON_FILE
def test_same_post_again_makes_nothing_new(work: Workspace) -> None:
    add(work, a_post("one", FORM, body_hash="0" * 64))
    run(work)
    forget(work)
    add(work, a_post("one", FORM))
    run(work)
    (row,) = rows_of(work, "submissions")
    assert (row["state"], row["body_hash"]) == ("erased", None)
    assert traces_in_tables(work) == {}


def test_earlier_bans_do_not_hinder_the_erasure_and_end_in_one(work: Workspace) -> None:
    add(work, a_post("one", FORM))
    run(work)
    unsubscribe(work)
    (touch,) = [row for row in rows_of(work, "outbox") if row["kind"] == "touch"]
    forget(work)
    assert [row["cause"] for row in rows_of(work, "suppressions")] == ["erasure"]
    before = read_everything(work)
    with work.store.write() as connection:  # the link in the mail that they still have
        local_part, _, domain = touch["message_id"].strip("<>").partition("@")
        found = find_marketing_message(connection, local_part, domain=domain)
        assert found is not None
        add_unsubscribe(connection, found, network_address="192.0.2.7", now=NOW)
    assert read_everything(work) == before


def a_mail_about(text: str) -> str:
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = "a@example.com", "b@example.com", f"Re: {text}"
    mail.set_content(f"様\n{text}\n", cte="base64")
    mail.add_alternative(f"<p>{text}</p>", subtype="html")
    return mail.as_string()


@ON_FILE
def test_mail_to_another_that_names_the_person_keeps_whom_it_goes_to(work: Workspace) -> None:
    with work.store.write() as connection:
        bob = add_person(connection, email="bob@example.com", company=f"c/o {ADDRESS}")
        sent = add_message(connection, bob, state="sent", mail=a_mail_about(ADDRESS))
        waits = add_message(connection, bob, mail=a_mail_about(ADDRESS), subject=f"Re: {ADDRESS}")
    forget(work)
    first, second = message(work.store, sent), message(work.store, waits)
    assert (first["recipient"], first["address_hash"]) == ("bob@example.com", bob.address_hash)
    assert (first["state"], first["mail"], first["subject"]) == ("sent", None, None)
    assert (second["state"], second["skip_reason"]) == ("queued", None)
    assert (second["recipient"], second["subject"]) == ("bob@example.com", "Re: [erased]")
    parts = [*message_from_string(second["mail"], policy=default).walk()]
    assert [part.get_content().strip() for part in parts if not part.is_multipart()] == [
        *("様\n[erased]", "<p>[erased]</p>"),
    ]
    assert traces_in_tables(work) == {}
    with work.store.write() as connection:  # the link in the mail that the other has
        found = find_by_message_id(connection, first["message_id"])
        assert found is not None
        add_unsubscribe(connection, found, network_address=None, now=NOW)
    bans = {row["address_hash"]: row["cause"] for row in rows_of(work, "suppressions")}
    assert bans[bob.address_hash] == "unsubscribe"
    assert message(work.store, waits)["skip_reason"] == "suppressed"


def from_two_addresses(work: Workspace) -> str:
    """Let a person write from the canary's address and from another; returns the other."""
    other = "second.address@example.net"
    add(work, a_post("old", {**FORM, "email": other}))
    run(work, "intake")
    add(work, a_post("new", FORM))
    run(work, "intake")
    (lead,) = rows_of(work, "leads")
    assert lead["email"] in {ADDRESS, other}
    return other


@ON_FILE
@pytest.mark.parametrize("asks_with", ["one", "other"])
def test_lead_that_wrote_from_two_addresses_is_one_person(work: Workspace, asks_with: str) -> None:
    other = from_two_addresses(work)
    address = ADDRESS if asks_with == "one" else other
    held = read_person(work, address, lang="en")
    assert (len(held["leads"]), len(held["submissions"])) == (1, 2)
    done = erase_person(work, address, now=NOW)
    assert (done.leads, done.submissions) == (1, 2)
    assert traces_in_tables(work) == {}
    hashes = {row["address_hash"] for row in rows_of(work, "suppressions")}
    assert hashes == {address_hash(each, pepper=PEPPER) for each in (ADDRESS, other)}
    report = take_in(work, "again.csv", f"Email,Country\n{other},JP\n{ADDRESS},JP\n")
    assert [reject["reason"] for reject in report["rejects"]] == ["erased", "erased"]


@ON_FILE
def test_address_of_a_function_that_the_person_also_used_is_not_banned(work: Workspace) -> None:
    add(work, a_post("old", FORM), a_post("new", {**FORM, "email": "info@ikeda.example"}))
    run(work, "intake")
    forget(work)
    assert [row["address_hash"] for row in rows_of(work, "suppressions")] == [hash_of(work)]


@ON_FILE
def test_arrival_of_another_that_names_the_person_stays_without_the_address(
    work: Workspace,
) -> None:
    body = json.dumps({"email": "bob@example.net", "message": f"{ADDRESS} told me"})
    add(
        work,
        Arrival("partner", "1", "webhook", {"body": body}),
        Arrival("partner", "2", "webhook", {"body": body}, reason="unreadable"),
        a_post("3", {**OTHER, "referrer": ADDRESS}, reason="honeypot", suspicion="honeypot"),
        a_post("4", OTHER),
    )
    before = rows_of(work, "submissions")
    assert read_person(work, ADDRESS, lang="en")["submissions"] == []
    done = forget(work)
    assert (done.submissions, done.mentions) == (0, 4)
    after = rows_of(work, "submissions")
    assert [row["state"] for row in after] == [row["state"] for row in before]
    assert [json.loads(row["raw"]["body"])["email"] for row in after[:2]] == ["bob@example.net"] * 2
    assert after[2]["raw"] == {
        **OTHER,
        "referrer": "[erased]",
        "message": "詳しくは [erased] まで。",
    }
    assert traces_in_tables(work) == {}


@ON_FILE
def test_address_that_others_wrote_in_code_is_found(work: Workspace) -> None:
    wide = "".join(chr(ord(sign) + 0xFEE0) for sign in MARK) + ADDRESS.removeprefix(MARK)
    coded = {
        "percent": f"https://z.example/?email={quote(ADDRESS)}",
        "percent twice": quote(quote(ADDRESS)),
        "full width": wide,
        "entities": ADDRESS.replace("@", "&#64;"),
        "base64": base64.b64encode(f"mail {ADDRESS}".encode()).decode(),
        "quoted-printable": ADDRESS.replace("@", "=40"),
    }
    posts = [
        a_post(name, {**OTHER, "email": f"o{n}@y.example", "phone": "", "message": f"see {text} !"})
        for n, (name, text) in enumerate(coded.items())
    ]
    add(work, *posts)
    run(work, "intake")
    assert forget(work).mentions == 2 * len(coded)
    assert all(ERASED in row["message"] for row in rows_of(work, "leads"))
    assert {row["message"][:4] for row in rows_of(work, "leads")} == {"see "}
    assert traces_in_tables(work) == {}


@ON_FILE
def test_files_of_the_company_are_named_and_left_alone(work: Workspace) -> None:
    home = work.environment.home
    plain, wide = home / "inbox" / "done" / "fair.csv", home / "list.txt"
    plain.parent.mkdir(parents=True, exist_ok=True)
    plain.write_text(ROWS, "utf-8")
    wide.write_bytes(f"\ufeff{ADDRESS.upper()}".encode("utf-16"))
    (home / f"{ADDRESS}.txt").write_text("", "utf-8")
    with zipfile.ZipFile(home / "packed.xlsx", "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("sheet.xml", f"<v>{ADDRESS}</v>")
    (home / "other.csv").write_text(NEIGHBOR, "utf-8")
    done = forget(work)
    names = {path.relative_to(home).as_posix() for path in done.files}
    assert names == {"inbox/done/fair.csv", "list.txt", f"{ADDRESS}.txt", "packed.xlsx"}
    assert not done.is_whole
    assert plain.read_text("utf-8") == ROWS


@ON_FILE
def test_quarantine_file_keeps_the_other_rows_byte_for_byte(work: Workspace) -> None:
    path = Path(take_in(work, "fair.csv", ROWS)["quarantine"])
    before = path.read_bytes()
    forget(work)
    after = path.read_bytes()
    lines, first = after.splitlines(keepends=True), before.splitlines(keepends=True)
    assert (len(first), len(lines)) == (4, 3)
    assert (lines[0], lines[2]) == (first[0], first[-1])
    assert b"Susan" in lines[1]
    cells, told = (next(iter(csv.reader([line.decode()]))) for line in (lines[1], first[1]))
    assert [cell for cell in cells if cell not in told] == ["write to [erased]", cells[-2]]


@ON_FILE
def test_quarantined_row_of_another_can_still_be_mended(work: Workspace) -> None:
    path = Path(take_in(work, "fair.csv", ROWS)["quarantine"])
    forget(work)
    mended = path.read_text("utf-8-sig").replace("not-an-address", "susan@harris.example")
    take_in(work, "mended.csv", mended)
    found = {row["email"]: row["message"] for row in rows_of(work, "leads")}
    assert found["susan@harris.example"] == "write to [erased]"


@ON_FILE
def test_row_of_another_whose_address_ends_alike_is_not_refused_as_erased(
    work: Workspace,
) -> None:
    forget(work)
    rows = f"Email,Name\no'{ADDRESS},Owen\nd/{ADDRESS},Dan,too many\no'{ADDRESS},Owen,too many\n"
    report = take_in(work, "fair.csv", rows)
    assert "erased" not in [reject["reason"] for reject in report["rejects"]]
    assert report["created"] == 1


@ON_FILE
@pytest.mark.parametrize("encoding", ["utf-16", "cp932"])
def test_quarantine_file_that_a_spreadsheet_saved_is_rewritten_in_its_encoding(
    work: Workspace, encoding: str
) -> None:
    folder = work.environment.state / "quarantine"
    folder.mkdir(parents=True)
    rows = ("会社,email", "池田鉱業,bad", f'"渚\n砂",{ADDRESS}', "表,also bad")
    (folder / "fair-9.csv").write_bytes("\r\n".join(rows).encode(encoding))
    assert forget(work).quarantine == 1
    kept = (folder / "fair-9.csv").read_bytes().decode(encoding)
    assert kept == "\r\n".join((rows[0], rows[1], rows[3]))


def test_access_shows_what_is_held_and_nothing_of_others(work: Workspace) -> None:
    spread(work)
    found = read_person(work, ADDRESS, lang="en")
    text = json.dumps(found, ensure_ascii=False)
    assert (found["is_held"], len(found["leads"]), len(found["submissions"])) == (True, 1, 6)
    assert all(word in text for word in (NAME, "06-9876-1098", "192.0.2.7"))
    assert {message["is_to_person"] for message in found["messages"]} == {True, False}
    assert all(NAME in message["text"] for message in found["messages"] if "text" in message)
    assert found["scores"][0]["reasons"][0]["text"]
    assert OTHER["email"] not in text
    assert work.store.pepper not in text
    forget(work)
    after = read_person(work, ADDRESS, lang="ja")
    assert after.pop("suppressions")[0]["cause"] == "erasure"
    assert [name for name, value in after.items() if value] == ["address"]
