"""The mail that answers a form: who gets it, who does not and why, what it says, how it leaves."""

from __future__ import annotations

import asyncio
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import event, update

from leadline.clock import FixedClock
from leadline.domain.delivery import Phase, Reply
from leadline.domain.keys import address_hash
from leadline.mail.sink import read_mailbox
from leadline.stages import ORDER, delivery, intake, run_stages
from leadline.store import schema
from leadline.store.outbox import PRIORITY_HOT, PRIORITY_REP
from leadline.store.suppressions import add_suppressions
from tests.answered import (
    ACKNOWLEDGED,
    AGREED,
    BASE,
    BOTH,
    FORM,
    PERSON,
    answers,
    mail_of,
    only_mail,
    post,
)
from tests.builders import a_lease, an_owner, claim_all
from tests.command_line import CommandLine
from tests.factories import NOW, a_visitor, a_workspace, read_everything, rows_of
from tests.fakes import NO_SUCH_USER, FakeTransport
from tests.smtp_script import scripted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from leadline.stages import Workspace

#: Saturday night in Tokyo: no sending window is open.
NIGHT = NOW + timedelta(days=1, hours=14)
TEMPLATES = Path(__file__).parents[2] / "templates"


@pytest.fixture
def work(tmp_path: Path, database_url: str) -> Iterator[Workspace]:
    with a_workspace(tmp_path / "home", database_url, base_url=BASE, files=ACKNOWLEDGED) as opened:
        yield opened


async def deliver(work: Workspace, **replies: Any) -> FakeTransport:  # noqa: ANN401 - of the fake
    transport = FakeTransport(**replies)
    await delivery.run_batch(work, now=NOW, transport=transport)
    return transport


def ban(work: Workspace, **changes: str) -> None:
    hash_ = address_hash(PERSON["email"], pepper=work.store.pepper)
    row = {"address_hash": hash_, "scope": "global", "cause": "complaint", "message_id": None}
    with work.store.write() as connection:
        add_suppressions(connection, [{**row, "at": NOW, **changes}])


def states(work: Workspace, kind: str = "acknowledgment") -> list[tuple[str, str | None]]:
    return [(row["state"], row["skip_reason"]) for row in answers(work, kind)]


async def test_post_is_answered_at_once_and_also_at_night(work: Workspace) -> None:
    await post(work, now=NIGHT)
    await run_stages(work, ["delivery"], now=NIGHT)
    (row,) = answers(work)
    (told,) = read_mailbox(work.environment.state / "mailbox")
    assert (row["state"], row["sent_at"], told.recipient) == ("sent", NIGHT, PERSON["email"])


async def test_answer_names_its_post_and_its_lead(work: Workspace) -> None:
    await post(work)
    (row,), (submission,) = answers(work), rows_of(work, "submissions")
    assert row["message_key"] == f"acknowledgment:{submission['id']}"
    assert (row["submission_id"], row["lead_id"]) == (submission["id"], submission["lead_id"])
    assert row["recipient"] == PERSON["email"]


async def test_form_that_asks_for_no_answer_gives_none(work: Workspace) -> None:
    async with a_visitor(work) as visitor:
        assert (await visitor.post("/forms/contact", data=PERSON)).status_code == 201
    await run_stages(work, ["intake"], now=NOW)
    assert len(rows_of(work, "leads")) == 1
    assert answers(work) == []


async def test_post_is_answered_once_however_often_it_comes(work: Workspace) -> None:
    async with a_visitor(work) as visitor:
        for _ in range(3):
            await visitor.post("/forms/ask", data=PERSON, headers={"Idempotency-Key": "k"})
    await run_stages(work, ORDER, now=NOW)
    before = read_everything(work)
    await run_stages(work, ORDER, now=NOW)
    assert len(answers(work)) == 1
    assert read_everything(work) == before


async def test_post_that_is_judged_again_is_not_answered_again(work: Workspace) -> None:
    await post(work)
    submissions = schema.submissions
    with work.store.write() as connection:
        connection.execute(update(submissions).values(state="new", outcome=None, lead_id=None))
    await run_stages(work, ["intake"], now=NOW + timedelta(minutes=5))
    assert rows_of(work, "submissions")[0]["state"] == "accepted"
    assert len(answers(work)) == 1


async def test_fourth_answer_to_an_address_within_a_day_is_refused(work: Workspace) -> None:
    people = [{**PERSON, "message": f"{number}"} for number in range(5)]
    await post(work, *people)
    refused = ("skipped", "address_cap")
    assert states(work) == [("queued", None)] * 3 + [refused] * 2
    assert len(rows_of(work, "leads")) == 1


async def test_cap_counts_over_batches_whatever_the_spelling_and_ends_after_a_day(
    work: Workspace,
) -> None:
    for hour, address in enumerate(
        ("mituru@example.jp", "MITURU@example.jp", "ｍituru@example.jp")
    ):
        await post(work, {**PERSON, "email": address}, now=NOW + timedelta(hours=hour))
    await post(work, now=NOW + timedelta(hours=23, minutes=59))
    await post(work, {**PERSON, "message": "again"}, now=NOW + timedelta(hours=24, minutes=1))
    assert [state for state, _ in states(work)] == ["queued"] * 3 + ["skipped", "queued"]


async def test_cap_counts_every_address_of_one_box(tmp_path: Path) -> None:
    addresses = (
        *("mituru+a@gmail.com", "mi.turu@gmail.com", "m.i.t.u.r.u+b@googlemail.com"),
        *("mituru@gmail.com", "mituru@googlemail.com", "other@gmail.com"),
        *("mituru@example.jp", "mi.turu@example.jp", "mituru+1@example.jp"),
    )
    with a_workspace(tmp_path / "home", base_url=BASE, files=ACKNOWLEDGED) as work:
        await post(work, *({**PERSON, "email": address} for address in addresses[:4]))
        await post(work, *({**PERSON, "email": address} for address in addresses[4:]))
        found = [state for state, _ in states(work)]
        recipients = [row["recipient"] for row in answers(work)]
    assert found == ["queued"] * 3 + ["skipped"] * 2 + ["queued"] * 4
    assert recipients == list(addresses)


async def test_cap_counts_both_kinds_of_answer_together(tmp_path: Path) -> None:
    people = [{**AGREED, "message": f"{number}"} for number in range(2)]
    with a_workspace(tmp_path / "home", base_url=BASE, files=BOTH) as work:
        await post(work, *people)
        assert states(work, "confirmation") == [("queued", None)] * 2
        assert states(work) == [("queued", None), ("skipped", "address_cap")]


async def test_suspicious_post_is_not_answered_even_when_a_person_lets_it_through(
    work: Workspace,
) -> None:
    async with a_visitor(work) as visitor:
        await visitor.post("/forms/ask", data={**PERSON, "website_url": "x"})
    await run_stages(work, ["intake"], now=NOW)
    assert answers(work) == []
    released = {"state": "new", "reason": None, "field": None}
    with work.store.write() as connection:
        connection.execute(update(schema.submissions).values(**released))
    await run_stages(work, ["intake"], now=NOW)
    assert len(rows_of(work, "leads")) == 1
    assert states(work) == [("skipped", "suspicious")]


@pytest.mark.parametrize("cause", ["hard_bounce", "complaint"])
async def test_address_under_a_global_ban_is_not_answered(work: Workspace, cause: str) -> None:
    ban(work, cause=cause)
    await post(work)
    assert states(work) == [("skipped", "suppressed")]
    assert len(rows_of(work, "leads")) == 1


async def test_ban_that_comes_before_the_mail_leaves_stops_it(work: Workspace) -> None:
    await post(work)
    ban(work)
    transport = await deliver(work)
    assert transport.sent == []
    assert states(work) == [("skipped", "suppressed")]


async def test_unsubscribed_person_is_answered_and_told_nothing_of_products(
    work: Workspace,
) -> None:
    ban(work, scope="marketing", cause="unsubscribe")
    await post(work, AGREED, lang="ja")
    assert "製品" not in only_mail(work).text
    transport = await deliver(work)
    assert [each.recipient for each in transport.sent] == [PERSON["email"]]


async def test_ban_that_was_lifted_stops_nothing(work: Workspace) -> None:
    ban(work)
    with work.store.write() as connection:
        connection.execute(update(schema.suppressions).values(lifted_at=NOW))
    await post(work)
    assert len((await deliver(work)).sent) == 1


async def test_answer_speaks_of_products_only_to_who_agreed_in_this_post(work: Workspace) -> None:
    other = {**PERSON, "email": "other@example.jp"}
    await post(work, AGREED, other, lang="ja")
    agreed, silent = (mail_of(row) for row in answers(work))
    assert "製品に関するご案内" in agreed.text
    assert "製品に関するご案内" in agreed.html
    assert "ご案内をメールで" not in silent.text + silent.html


async def test_earlier_consent_is_no_reason_to_speak_of_products(work: Workspace) -> None:
    await post(work, AGREED, {**PERSON, "message": "and one more thing"}, lang="en")
    _, later = (mail_of(row) for row in answers(work))
    assert "products" not in later.text


@pytest.mark.parametrize(
    ("lang", "says"), [("en", "Thank you."), ("ja", "誠にありがとうございます。")]
)
async def test_answer_is_in_the_language_of_the_page(work: Workspace, lang: str, says: str) -> None:
    await post(work, lang=lang)
    assert says in only_mail(work).text


async def test_answer_is_in_the_leads_language_when_no_page_says_one(work: Workspace) -> None:
    await post(work)
    assert only_mail(work).subject == "【自動返信】「お問い合わせ」を受け付けました"


async def test_japanese_answer_addresses_company_and_person_and_shows_the_sender(
    work: Workspace,
) -> None:
    await post(work, lang="ja")
    mail, company = only_mail(work), work.project.settings.company
    assert mail.text.startswith("池田鉱業合同会社\n鈴木 充 様\n")
    for part in (mail.text, mail.html):
        assert "自動送信" in part
        assert "11月20日(金) 10:00 (JST)" in part
        assert all(each in part for each in (company.name, company.postal_address, company.contact))


@pytest.mark.parametrize(
    "spam",
    [
        {"message": "Win at https://spam.example/now"},
        {"full_name": "Win at spam.example"},
        {"full_name": "Win at spam．example"},
        {"full_name": "See www.spam.example now"},
        {"company": "http://spam.example"},
        {"company": "Call 03-1234-5678 for spam.example"},
        {"full_name": "spam.example " + "x" * 200},
        {"phone": "spam.example"},
    ],
    ids=["message", "name", "wide dot", "www", "company", "number", "long", "phone"],
)
@pytest.mark.parametrize("lang", ["en", "ja"])
async def test_answer_never_carries_what_a_stranger_wrote(
    tmp_path: Path, lang: str, spam: dict[str, str]
) -> None:
    with a_workspace(tmp_path / "home", base_url=BASE, files=ACKNOWLEDGED) as work:
        await post(work, {**PERSON, "full_name": "Lauren", **spam}, lang=lang)
        mail = only_mail(work)
    assert "spam" not in mail.subject + mail.text + mail.html
    assert "1234" not in mail.text + mail.html


@pytest.mark.parametrize("lang", ["en", "ja"])
async def test_answer_promises_no_person_where_nobody_can_ask_anything(
    tmp_path: Path, lang: str
) -> None:
    says = {"en": "a person reads it", "ja": "担当者が拝見し"}[lang]
    lines = FORM.format(answers="acknowledgment: true").splitlines(keepends=True)
    without = "".join(line for line in lines if "message:" not in line)
    for name, form, is_said in (("with", "".join(lines), True), ("without", without, False)):
        files = {"config/forms/ask.yaml": form}
        with a_workspace(tmp_path / name, base_url=BASE, files=files) as work:
            await post(work, lang=lang)
            mail = only_mail(work)
        assert [says in mail.text, says in mail.html] == [is_said, is_said]


async def test_name_is_no_template_and_no_markup(work: Workspace) -> None:
    await post(work, {**PERSON, "full_name": "{{7*7}} <b>Bo"}, lang="en")
    mail = only_mail(work)
    assert "Hello {{7*7}} <b>Bo," in mail.text
    assert "&lt;b&gt;Bo," in mail.html


async def test_headers_tell_machines_that_a_machine_wrote_it(work: Workspace) -> None:
    await post(work)
    headers = only_mail(work).message
    assert headers["Auto-Submitted"] == "auto-replied"
    assert headers["X-Auto-Response-Suppress"] == "All"
    assert headers["Reply-To"] == work.project.settings.mail.reply_to
    assert headers["List-Unsubscribe"] is None
    assert headers["Precedence"] is None


async def test_answer_goes_after_hot_leads_and_before_all_else(work: Workspace) -> None:
    await post(work)
    (row,) = answers(work)
    assert PRIORITY_HOT < row["priority"] < PRIORITY_REP


async def test_template_that_fails_holds_its_mail_and_never_the_lead(
    tmp_path: Path, database_url: str
) -> None:
    broken = {"templates/forms/acknowledgment/ja/body.txt": "{{ lead.name.first.last }}\n"}
    files = {**BOTH, **broken}
    with a_workspace(tmp_path / "home", database_url, base_url=BASE, files=files) as work:
        await post(work, AGREED, lang="ja")
        english = {**AGREED, "email": "lauren@example.com"}
        await post(work, english, lang="en")
        assert states(work) == [("failed", "template_error"), ("queued", None)]
        assert states(work, "confirmation") == [("queued", None)] * 2
        assert len(rows_of(work, "leads")) == 2


async def test_confirmation_whose_template_forgets_the_link_is_held(tmp_path: Path) -> None:
    folder = TEMPLATES / "forms/confirmation/en"
    kept = (folder / "body.txt").read_text("utf-8").replace("{{ confirm_url }}", "")
    files = {**BOTH, "templates/forms/confirmation/en/body.txt": kept}
    with a_workspace(tmp_path / "home", base_url=BASE, files=files) as work:
        await post(work, AGREED, lang="en")
        assert states(work, "confirmation") == [("failed", "template_error")]
        assert "Another email asks you" not in only_mail(work).text


async def test_answer_of_unknown_outcome_is_never_sent_again(work: Workspace) -> None:
    await post(work)
    (row,) = answers(work)
    lost = Reply(Phase.BODY, None, "connection lost")
    await deliver(work, answers={row["id"]: lost})
    assert states(work) == [("unknown", None)]
    assert (await deliver(work)).sent == []


async def test_answer_that_a_dead_process_was_sending_is_never_sent_again(work: Workspace) -> None:
    from leadline.store import outbox

    await post(work)
    claims = claim_all(work.store, a_lease(an_owner(1)))
    with work.store.write() as connection:
        outbox.mark_sending(connection, claims, owner=an_owner(1), now=NOW)
    late = a_lease(an_owner(2), NOW + timedelta(hours=1))
    with work.store.write() as connection:
        assert outbox.recover(connection, lease=late) == {"queued": 0, "unknown": 1}
    assert states(work) == [("unknown", None)]


async def test_address_that_does_not_exist_is_banned(work: Workspace) -> None:
    await post(work, AGREED)
    await run_stages(work, ORDER[:-1], now=NOW)
    (row,) = answers(work)
    await deliver(work, answers={row["id"]: NO_SUCH_USER})
    (found,) = rows_of(work, "suppressions")
    assert (found["scope"], found["cause"]) == ("global", "hard_bounce")
    (enrollment,) = rows_of(work, "enrollments")
    assert (enrollment["state"], enrollment["exit_reason"]) == ("exited", "bounced")


async def test_real_server_is_spoken_to_once(work: Workspace) -> None:
    from dataclasses import replace

    async with scripted() as server:
        there = replace(work.environment, smtp_url=f"smtp://127.0.0.1:{server.port}?tls=none")
        sender = replace(work, environment=there)
        await post(sender, lang="ja")
        await run_stages(sender, ["delivery"], now=NOW)
        await run_stages(sender, ["delivery"], now=NOW)
    (body,) = server.messages
    assert b"Auto-Submitted: auto-replied" in body


async def test_pause_of_nurture_mail_does_not_stop_answers(
    tmp_path: Path, database_url: str
) -> None:
    paused = {"config/schedules.yaml": "send_due_touches: {when: every minute, paused: true}\n"}
    files = {**ACKNOWLEDGED, **paused}
    with a_workspace(tmp_path / "home", database_url, base_url=BASE, files=files) as work:
        assert work.is_nurture_paused
        await post(work)
        assert len((await deliver(work)).sent) == 1


async def test_old_answer_is_sent_however_late(work: Workspace) -> None:
    await post(work)
    transport = FakeTransport()
    await delivery.run_batch(work, now=NOW + timedelta(days=30), transport=transport)
    assert len(transport.sent) == 1


class Killed(Exception):
    """Stands for a process that dies."""


@pytest.mark.parametrize("at", ["render", "insert", "mark"])
async def test_kill_before_the_commit_leaves_neither_lead_nor_answer(
    work: Workspace, monkeypatch: pytest.MonkeyPatch, at: str
) -> None:
    async with a_visitor(work) as visitor:
        await visitor.post("/forms/ask", data=PERSON)
    before = read_everything(work)

    def die(*facts: Any) -> None:  # noqa: ANN401 - an event's
        words = {"insert": "INSERT INTO outbox", "mark": "UPDATE submissions"}
        if at != "render" and words[at] in str(facts[2]):
            raise Killed

    def fail(*_: Any, **__: Any) -> None:  # noqa: ANN401
        raise Killed

    with ExitStack() as stack:
        patch = stack.enter_context(monkeypatch.context())
        if at == "render":
            patch.setattr(type(work.renderer), "render_mail", fail)
        event.listen(work.store.engine, "before_cursor_execute", die)
        stack.callback(event.remove, work.store.engine, "before_cursor_execute", die)
        with pytest.raises(Killed):
            intake.run_batch(work, now=NOW)
    assert read_everything(work) == before
    await run_stages(work, ["intake"], now=NOW)
    assert states(work) == [("queued", None)]


async def test_statements_do_not_grow_with_the_posts(work: Workspace) -> None:
    counts = []
    for size in (5, 50):
        people = [{**PERSON, "email": f"p{size}-{n}@example.jp"} for n in range(size)]
        async with a_visitor(work, clock=FixedClock(NOW + timedelta(hours=size))) as visitor:
            for person in people:
                answer = await visitor.post("/forms/ask", data=person)
                assert answer.status_code == 201
        found: list[str] = []

        def note(*facts: Any, found: list[str] = found) -> None:  # noqa: ANN401 - an event's
            found.append(facts[2])

        event.listen(work.store.engine, "before_cursor_execute", note)
        intake.run_batch(work, now=NOW)
        event.remove(work.store.engine, "before_cursor_execute", note)
        counts.append(len(found))
    assert counts[0] == counts[1]
    assert len(answers(work)) == 55


async def test_no_link_is_sent_that_cannot_be_opened(tmp_path: Path) -> None:
    away: dict[str, Any] = {
        "smtp_url": "smtp://relay.example.com",
        "base_url": "http://127.0.0.1:8080",
    }
    with a_workspace(tmp_path / "home", files=BOTH, **away) as work:
        await post(work, AGREED, lang="en")
        assert states(work, "confirmation") == [("skipped", "no_public_url")]
        assert states(work) == [("queued", None)]


async def test_no_personal_data_is_logged(
    work: Workspace, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG", "leadline")
    await post(work, AGREED)
    await run_stages(work, ORDER, now=NOW)
    assert "mituru" not in caplog.text
    assert "鈴木" not in caplog.text


def test_form_names_a_mail_that_is_there(tmp_path: Path) -> None:
    from leadline.config.loader import check_project
    from tests.factories import a_project

    said = FORM.format(answers="acknowledgment: true\nacknowledgment_mail: acknowledgments")
    a_project(tmp_path / "home", files={"config/forms/ask.yaml": said})
    _, problems = check_project(tmp_path / "home")
    (problem,) = [each for each in problems if each.code == "unknown_template"]
    assert (problem.file, problem.suggestion) == ("config/forms/ask.yaml", "acknowledgment")
    assert problem.line == said.splitlines().index("acknowledgment_mail: acknowledgments") + 1


@pytest.mark.parametrize("name", ["lead.message", "message", "lead.email", "unsubscribe_url"])
def test_template_cannot_name_what_a_stranger_wrote(name: str) -> None:
    from leadline.rendering.checks import check_templates
    from tests.contexts import read_templates

    path = "forms/acknowledgment/en/body.txt"
    templates = read_templates()
    templates[path] += "{{ " + name + " }}"
    found = [each.code for each in check_templates(templates) if each.file.endswith(path)]
    assert found == ["unknown_variable"]


def test_template_of_an_answer_must_show_the_sender() -> None:
    from leadline.rendering.checks import check_templates

    body = "Hello {{ lead.name }}, {{ company.name }}, {{ company.contact }}\n"
    path = "forms/thanks/en/body.txt"
    found = [each for each in check_templates({path: body}) if each.code == "legal_part_missing"]
    assert [each.line for each in found] == [0]
    assert "company.postal_address" in found[0].message["en"]


def test_explain_tells_what_became_of_the_answer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with a_workspace(tmp_path / "home", base_url=BASE, files=ACKNOWLEDGED) as work:
        ban(work)
        asyncio.run(post(work))
    found = CommandLine(tmp_path / "home", monkeypatch, capsys)
    said = found("explain", PERSON["email"], "touches", "--lang", "en").out
    assert "Answer to a form: not sent (the address is on the suppression list)" in said
