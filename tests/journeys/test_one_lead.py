"""One lead from the form to the mails on the wire, and everything that may come in between."""

from __future__ import annotations

import email
import email.policy
import itertools
import re
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import event, update

from leadline.domain.intake import decide_intake
from leadline.domain.keys import address_hash, opaque_id
from leadline.domain.tokens import read_token
from leadline.mail.sink import read_mailbox
from leadline.rendering.words import CONSENT_WORDS
from leadline.stages import ORDER, load_stage, run_stages
from leadline.store import schema
from leadline.store.answers import add_post
from leadline.store.assignments import answer_assignment
from leadline.store.submissions import Arrival, add_submissions
from leadline.store.suppressions import add_suppressions
from tests.factories import NOW, a_workspace, rows_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from email.message import EmailMessage

    from leadline.domain.batches import Batch
    from leadline.stages import Workspace

ROOT = Path(__file__).parents[2]
BASE = "https://leads.example.com"
SUZUKI = {
    "full_name": "鈴木 充",
    "email": "mituru.suzuki@example.jp",
    "company": "池田鉱業合同会社",
    "title": "情報システム部長",
    "country": "JP",
    "region": "大阪府",
    "industry": "製造業",
    "employees": "101-300",
    "message": "お見積をお願いします。",
    "consent": "yes",
}
MONDAY = datetime(2026, 11, 23, 0, 30, tzinfo=UTC)  # 09:30 in Tokyo
LATER = NOW + timedelta(days=3)
_POSTS = itertools.count()


@pytest.fixture
def work(tmp_path: Path, database_url: str) -> Iterator[Workspace]:
    with a_workspace(tmp_path / "home", database_url, base_url=BASE) as opened:
        yield opened


def post(work: Workspace, *, now: datetime = NOW, **changes: str) -> None:
    """Store a form post as the web app does."""
    arrival = Arrival(
        source="form:contact",
        content_key=str(next(_POSTS)),
        kind="form",
        raw=SUZUKI | changes,
        consent_version="2026-04",
        consent_wording="メールで受け取ることに同意します。",
    )
    with work.store.write() as connection:
        add_post(connection, arrival, now=now)


async def run(work: Workspace, *stages: str, now: datetime = NOW) -> dict[str, Batch]:
    sums = await run_stages(work, stages or ORDER, now=now)
    return {total.stage: total for total in sums}


def mails(work: Workspace) -> list[EmailMessage]:
    """Return what is in the mailbox, oldest first."""
    return [
        email.message_from_bytes(filed.path.read_bytes(), policy=email.policy.default)
        for filed in read_mailbox(work.environment.state / "mailbox")
    ]


def mails_to(work: Workspace, address: str) -> list[EmailMessage]:
    return [mail for mail in mails(work) if mail["To"] == address]


def text_of(mail: EmailMessage) -> str:
    part = mail.get_body(("plain",))
    assert part is not None
    return str(part.get_content())


def everything(work: Workspace) -> dict[str, list[dict[str, Any]]]:
    from leadline.store import schema

    return {name: rows_of(work, name) for name in schema.metadata.tables}


def changed(file: str, old: str, new: str) -> dict[str, str]:
    """Return a packaged file with something exchanged, for `a_workspace`."""
    text = (ROOT / file).read_text("utf-8")
    assert old in text
    return {file: text.replace(old, new)}


# ---- from the form to the wire ----


async def test_japanese_lead_is_scored_assigned_told_and_answered_in_one_run(
    work: Workspace,
) -> None:
    post(work)
    sums = await run(work)
    (lead,) = rows_of(work, "leads")
    assert (lead["zone"], lead["language"], lead["request"]) == ("Asia/Tokyo", "ja", "quote")
    assert (lead["points"], lead["grade"], lead["owner"]) == (70, "B", "R13")
    (assignment,) = rows_of(work, "assignments")
    assert (assignment["state"], assignment["territory"]) == ("offered", "T02")
    assert NOW + timedelta(hours=4) == assignment["response_due_at"]
    (enrollment,) = rows_of(work, "enrollments")
    assert (enrollment["sequence"], enrollment["step"]) == ("evaluation", 1)
    assert NOW + timedelta(days=3) == enrollment["next_due_at"]
    assert {stage: (total.claimed, total.done) for stage, total in sums.items()} == dict.fromkeys(
        ORDER, (1, 1)
    ) | {"delivery": (2, 2)}
    assert {"sent"} == {row["state"] for row in rows_of(work, "outbox")}


async def test_rep_and_lead_are_written_to_in_their_language(work: Workspace) -> None:
    post(work)
    await run(work)
    (to_rep,) = mails_to(work, "rep13@example.jp")
    (to_lead,) = mails_to(work, SUZUKI["email"])
    assert "池田鉱業合同会社" in text_of(to_rep)
    assert "お見積をお願いします。" in text_of(to_rep)
    assert f"{BASE}/a/" in text_of(to_rep)
    assert "鈴木 充 様" in text_of(to_lead)
    assert to_lead["From"].addresses[0].addr_spec == "sales@example.com"


async def test_marketing_mail_can_be_stopped_by_one_click(work: Workspace) -> None:
    post(work)
    await run(work)
    (mail,) = mails_to(work, SUZUKI["email"])
    link = mail["List-Unsubscribe"].strip("<>")
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert link in text_of(mail)
    (touch,) = (row for row in rows_of(work, "outbox") if row["kind"] == "touch")
    environment = work.environment
    subject = read_token(
        "unsubscribe",
        link.removeprefix(f"{BASE}/u/"),
        keys=environment.secret_keys,
        now=NOW + timedelta(days=9_000),
    )
    assert opaque_id(touch["message_key"], pepper=environment.pepper) == subject
    assert mail["Message-ID"] == f"<{subject}@example.com>"


async def test_rep_mail_has_no_unsubscribe_link(work: Workspace) -> None:
    post(work)
    await run(work)
    (mail,) = mails_to(work, "rep13@example.jp")
    assert mail["List-Unsubscribe"] is None


async def test_running_everything_again_changes_nothing(work: Workspace) -> None:
    post(work)
    await run(work)
    before, sent = everything(work), len(mails(work))
    again = await run(work)
    assert {(total.claimed, total.done) for total in again.values()} == {(0, 0)}
    assert (before, sent) == (everything(work), len(mails(work)))


async def test_sequence_goes_on_step_by_step_to_its_end(work: Workspace) -> None:
    post(work)
    for day in range(20):
        await run(work, now=NOW + timedelta(days=day))
    subjects = [mail["Subject"] for mail in mails_to(work, SUZUKI["email"])]
    (enrollment,) = rows_of(work, "enrollments")
    assert (len(set(subjects)), enrollment["state"], enrollment["exit_reason"]) == (
        3,
        "completed",
        "completed",
    )


async def test_touch_keeps_the_basis_on_which_it_was_sent(work: Workspace) -> None:
    post(work)
    await run(work)
    assert [touch["basis"] for touch in rows_of(work, "touches")] == ["opt_in"]


async def test_lead_without_consent_is_assigned_and_not_written_to(work: Workspace) -> None:
    post(work, consent="no")
    sums = await run(work)
    assert sums["enrollment"].skipped == {"refused": 1}
    assert [mail["To"] for mail in mails(work)] == ["rep13@example.jp"]
    assert rows_of(work, "leads")[0]["enrollment_skip"] == "refused"


async def test_lead_who_posts_twice_is_one_lead_with_one_owner(work: Workspace) -> None:
    post(work)
    await run(work)
    post(work, now=NOW + timedelta(hours=1), email="MITURU.SUZUKI@example.jp", title="室長")
    await run(work, now=NOW + timedelta(hours=1))
    (lead,) = rows_of(work, "leads")
    assert (lead["title"], lead["owner"], len(rows_of(work, "assignments"))) == ("室長", "R13", 1)
    assert len(mails(work)) == 2


@pytest.mark.parametrize(
    ("submitted_at", "title"), [(MONDAY, "室長"), (NOW, SUZUKI["title"])], ids=["new", "same"]
)
async def test_consent_that_is_given_again_is_kept_with_the_time_of_giving(
    work: Workspace, submitted_at: datetime, title: str
) -> None:
    post(work)
    await run(work, "intake")
    post(work, now=MONDAY, title=title)
    await run(work, "intake", now=MONDAY)
    assert [row["at"] for row in rows_of(work, "consents")] == [NOW, MONDAY]
    assert rows_of(work, "leads")[0]["submitted_at"] == submitted_at


async def test_declined_lead_goes_to_somebody_else_or_waits(work: Workspace) -> None:
    post(work)
    await run(work)
    with work.store.write() as connection:
        assert answer_assignment(connection, 1, state="declined", reason="x", now=NOW)
        assert not answer_assignment(connection, 1, state="accepted", reason=None, now=NOW)
    sums = await run(work, "routing")
    assert sums["routing"].skipped == {"no_rep": 1}
    assert [row["state"] for row in rows_of(work, "assignments")] == ["declined", "queued"]
    assert rows_of(work, "leads")[0]["owner"] is None


async def test_lead_that_was_offered_to_a_rep_who_left_is_offered_to_another(
    tmp_path: Path, database_url: str
) -> None:
    home, reps = tmp_path / "home", "config/reps.csv"
    left = changed(reps, "R13,", "R14,")
    with a_workspace(home, database_url, base_url=BASE) as work:
        post(work)
        await run(work, *ORDER[:3])  # R13 is not told yet
    with a_workspace(home, database_url, files=left, base_url=BASE) as work:
        sums = await run(work)
        assert (sums["notification"].done, sums["notification"].skipped) == (1, {"superseded": 1})
        found = [(row["rep_id"], row["state"]) for row in rows_of(work, "assignments")]
        assert found == [("R13", "reassigned"), ("R14", "offered")]
        assert rows_of(work, "leads")[0]["owner"] == "R14"
        assert len(mails_to(work, "rep13@example.jp")) == 1


async def test_row_with_an_invalid_address_is_quarantined_and_the_others_go_on(
    work: Workspace,
) -> None:
    post(work, email="no address")
    post(work)
    sums = await run(work)
    assert (sums["intake"].done, sums["intake"].skipped) == (1, {"invalid_email": 1})
    assert sums["delivery"].done == 2


# ---- after a pause ----


async def catch_up(work: Workspace, *instants: datetime) -> Counter[str]:
    """Run everything at each instant; return how many mails the lead got on each date."""
    for now in instants:
        await run(work, now=now)
    dates = (mail["Date"].datetime for mail in mails_to(work, SUZUKI["email"]))
    return Counter((at + timedelta(hours=9)).date().isoformat() for at in dates)


async def enroll_in_both(work: Workspace) -> None:
    post(work, message="資料をお送りください。")
    await run(work, *ORDER[:5])
    post(work)
    await run(work, *ORDER[:5])
    assert len(rows_of(work, "enrollments")) == 2


async def test_twenty_late_runs_after_three_days_send_one_mail_and_expire_the_rest(
    work: Workspace,
) -> None:
    await enroll_in_both(work)
    late = [MONDAY + timedelta(minutes=n) for n in range(20)]
    assert await catch_up(work, *late) == {"2026-11-23": 1}
    await run(work, now=MONDAY + timedelta(days=1))
    touches = [(row["state"], row["skip_reason"]) for row in rows_of(work, "touches")]
    assert touches == [("planned", None), ("skipped", "expired")]


async def test_lead_gets_at_most_one_mail_a_day_and_every_step_has_a_reason(
    work: Workspace,
) -> None:
    await enroll_in_both(work)
    hours = [MONDAY + timedelta(hours=12 * n) for n in range(2 * 18)]
    per_day = await catch_up(work, *hours)
    assert max(per_day.values()) == 1
    touches = rows_of(work, "touches")
    assert len(touches) == 6
    assert all(row["state"] == "planned" or row["skip_reason"] for row in touches)
    assert sum(row["state"] == "planned" for row in touches) == per_day.total()


async def test_relay_that_was_away_for_days_gets_one_mail_a_day(work: Workspace) -> None:
    await enroll_in_both(work)
    for day in (0, 3, 4, 5):  # delivery stands still
        await run(work, *ORDER[:6], now=NOW + timedelta(days=day))
    waiting = [row for row in rows_of(work, "outbox") if row["kind"] == "touch"]
    assert len(waiting) >= 3
    per_day = await catch_up(work, *(NOW + timedelta(days=5 + n, hours=1) for n in range(8)))
    assert max(per_day.values()) == 1
    states = Counter(row["state"] for row in rows_of(work, "outbox") if row["kind"] == "touch")
    assert states.keys() <= {"sent", "expired"}


# ---- settings ----


@pytest.mark.parametrize(("count", "letters"), [(5, 5), (6, 1)], ids=["five", "six"])
async def test_many_leads_at_once_are_told_in_one_mail(
    work: Workspace, count: int, letters: int
) -> None:
    for number in range(count):
        post(work, email=f"lead{number}@example.jp", company=f"会社{number}", consent="no")
    await run(work)
    told = mails_to(work, "rep13@example.jp")
    assert len(told) == letters
    text = "".join(text_of(mail) for mail in told)
    assert all(f"会社{number}" in text for number in range(count))
    rows = rows_of(work, "outbox")
    (head, *_) = (row["id"] for row in rows if row["state"] == "sent")
    bundled = [row["bundle_id"] for row in rows if row["skip_reason"] == "bundled"]
    assert [head] * (count - letters) == bundled


async def test_every_mail_goes_to_the_one_address_that_is_set(
    tmp_path: Path, database_url: str
) -> None:
    files = changed("config/settings.yaml", "# redirect_all_to:", "redirect_all_to:")
    with a_workspace(tmp_path / "home", database_url, files=files, base_url=BASE) as work:
        post(work)
        await run(work)
        assert {"me@example.com"} == {mail["To"] for mail in mails(work)}
        subjects = sorted(mail["Subject"] for mail in mails(work))
        assert [subject.split("]")[0] for subject in subjects] == [
            "[mituru.suzuki@example.jp",
            "[rep13@example.jp",
        ]


async def test_without_a_public_address_leads_wait_and_reps_answer_by_mail(
    tmp_path: Path, database_url: str
) -> None:
    relay = "smtp://relay.example.com"
    with a_workspace(tmp_path / "home", database_url, smtp_url=relay) as work:
        post(work)
        sums = await run(work, *ORDER[:6])
        assert sums["touches"].skipped == {"no_public_url": 1}
        (row,) = rows_of(work, "outbox")
        (enrollment,) = rows_of(work, "enrollments")
        assert NOW + timedelta(hours=1) == enrollment["next_due_at"]
    written: EmailMessage = email.message_from_string(row["mail"], policy=email.policy.default)
    links = re.findall(r"(?:承諾|辞退)する: (\S+)", text_of(written))
    assert [link.partition("?")[0] for link in links] == ["mailto:sales@example.com"] * 2
    assert "127.0.0.1" not in text_of(written)


async def test_lead_finishes_on_the_version_that_it_started_on(
    tmp_path: Path, database_url: str
) -> None:
    home, sequence = tmp_path / "home", "config/sequences/evaluation.yaml"
    step = "templates/nurture/evaluation/comparison/ja"
    with a_workspace(home, database_url, base_url=BASE) as work:
        post(work)
        await run(work)
    edited = changed(f"{step}/subject.txt", "", "") | changed(sequence, "wait: 3d", "wait: 1d")
    edited |= {f"{step}/subject.txt": "まったく新しい件名", f"{step}/body.txt": "新しい本文\n"}
    edited[f"{step}/body.txt"] += '{% include "nurture/_footer/ja.txt" %}'
    with a_workspace(home, database_url, files=edited, base_url=BASE) as work:
        later = NOW + timedelta(days=3)
        post(work, email="second@example.jp", full_name="佐藤 花", now=NOW + timedelta(days=2))
        for day in (1, 2, 3, 4):
            await run(work, now=NOW + timedelta(days=day))
        first = mails_to(work, SUZUKI["email"])
        second = mails_to(work, "second@example.jp")
        assert [mail["Date"].datetime for mail in first] == [NOW, later]
        assert "新しい" not in first[1]["Subject"] + text_of(first[1])
        assert "新しい件名" in [mail["Subject"] for mail in second][-1]


async def test_exit_that_a_lead_started_with_outlives_the_field_that_it_names(
    tmp_path: Path, database_url: str
) -> None:
    home, exit_ = tmp_path / "home", "exit: lifecycle_stage IN ('opportunity', 'customer')"
    sequence, settings = "config/sequences/evaluation.yaml", "config/settings.yaml"
    files = changed(sequence, exit_, "exit: plan = 'gold'")
    files |= changed(settings, "fields: {}", "fields: {plan: text}")
    with a_workspace(home, database_url, files=files, base_url=BASE) as work:
        post(work, plan="gold")
        post(work, email="second@example.jp", full_name="佐藤 花", plan="silver")
        await run(work, *ORDER[:5])
    files = {name: (ROOT / name).read_text("utf-8") for name in files}
    with a_workspace(home, database_url, files=files, base_url=BASE) as work:
        sums = await run(work)
        assert (sums["touches"].done, sums["touches"].skipped) == (1, {"exited": 1})
        assert len(mails_to(work, "second@example.jp")) == 1


# ---- cost ----


def counted(work: Workspace, stage: str, *, now: datetime = NOW) -> int:
    """Run one batch of a stage; return how many statements it sent."""
    sent: list[str] = []

    def note(*facts: Any) -> None:  # noqa: ANN401 - SQLAlchemy's event
        sent.append(facts[2])

    event.listen(work.store.engine, "before_cursor_execute", note)
    batch = load_stage(stage).run_batch(work, now=now)
    event.remove(work.store.engine, "before_cursor_execute", note)
    assert batch.claimed > 0
    return len(sent)


def add_crowd(work: Workspace, count: int) -> None:
    """Store many submissions of several kinds: consenting or not, some of no territory."""
    places = ({"country": "JP"}, {"country": "US"}, {"country": "GB"})
    arrivals = [
        Arrival(
            source="form:contact",
            content_key=f"{count}-{number}",
            kind="form",
            raw={
                "email": f"lead{number}@crowd{count}.example",
                "message": ("見積", "資料")[number % 2],
                "consent": ("yes", "no")[number % 5 == 0],
                **places[number % 3],
            },
        )
        for number in range(count)
    ]
    with work.store.write() as connection:
        add_submissions(connection, arrivals, now=NOW)


def test_stages_send_as_many_statements_for_five_hundred_leads_as_for_fifty(
    work: Workspace,
) -> None:
    costs = []
    for count in (50, 500):
        add_crowd(work, count)
        costs.append({stage: counted(work, stage) for stage in ORDER[:6]})
    assert costs[0] == costs[1]
    assert max(costs[0].values()) < 25


# ---- what is held back, and why ----


def ban(work: Workspace) -> None:
    """Ban the address as the bounce of another lead with it does."""
    hash_ = address_hash(SUZUKI["email"], pepper=work.store.pepper)
    cause = {"scope": "global", "cause": "hard_bounce", "message_id": None, "at": NOW}
    with work.store.write() as connection:
        add_suppressions(connection, [{"address_hash": hash_, **cause}])


async def test_banned_address_enters_no_sequence(work: Workspace) -> None:
    ban(work)
    post(work)
    sums = await run(work)
    assert sums["enrollment"].skipped == {"suppressed": 1}
    assert rows_of(work, "enrollments") == []


def withdraw(work: Workspace) -> None:
    post(work, now=LATER, consent="no")


def win(work: Workspace) -> None:
    with work.store.write() as connection:
        connection.execute(update(schema.leads).values(lifecycle_stage="customer"))


@pytest.mark.parametrize(
    ("change", "skip", "exit_reason"),
    [
        (ban, "suppressed", "suppressed"),
        (withdraw, "refused", "unsubscribed"),
        (win, "exited", "goal_reached"),
    ],
)
async def test_lead_leaves_the_sequence_when_its_next_step_may_not_go(
    work: Workspace, change: Callable[[Workspace], None], skip: str, exit_reason: str
) -> None:
    post(work)
    await run(work)
    change(work)
    sums = await run(work, now=LATER)
    (enrollment,) = rows_of(work, "enrollments")
    assert sums["touches"].skipped == {skip: 1}
    assert (enrollment["state"], enrollment["exit_reason"]) == ("exited", exit_reason)
    assert len(mails_to(work, SUZUKI["email"])) == 1


async def test_consent_that_a_file_rests_on_fills_a_blank_and_never_undoes_a_refusal(
    work: Workspace,
) -> None:
    post(work, consent="no")
    await run(work, "intake")
    silent = {name: text for name, text in SUZUKI.items() if name != "consent"}
    people = (SUZUKI["email"], "second@example.jp")
    rows = [Arrival("generic_ja_cp932", who, "file", silent | {"email": who}) for who in people]
    with work.store.write() as connection:
        add_submissions(connection, rows, now=LATER)
    await run(work, "intake", now=LATER)
    assert [lead["consent"] for lead in rows_of(work, "leads")] == [False, True]
    evidence = [(row["is_granted"], row["basis"]) for row in rows_of(work, "consents")]
    assert evidence == [(False, None), (True, "business_relationship")]


@pytest.mark.parametrize(
    ("said", "basis"), [(("yes",), "opt_in"), (("no",), "none"), (("yes", "no"), "none")]
)
async def test_rep_reads_whether_the_lead_agrees_to_marketing_mail(
    work: Workspace, said: tuple[str, ...], basis: str
) -> None:
    for minute, consent in enumerate(said):
        post(work, consent=consent, now=NOW + timedelta(minutes=minute))
    await run(work, now=NOW + timedelta(hours=1))
    (mail,) = mails_to(work, "rep13@example.jp")
    assert CONSENT_WORDS[basis]["ja"] in text_of(mail)


async def test_rep_who_is_configured_no_more_is_not_told(tmp_path: Path, database_url: str) -> None:
    with a_workspace(tmp_path / "home", database_url, base_url=BASE) as work:
        post(work)
        await run(work, *ORDER[:3])
    file = "config/reps.csv"
    lines = (ROOT / file).read_text("utf-8").splitlines(keepends=True)
    fewer = {file: "".join(line for line in lines if not line.startswith("R13,"))}
    with a_workspace(tmp_path / "home", database_url, files=fewer, base_url=BASE) as work:
        sums = await run(work, *ORDER[3:])
        assert sums["notification"].skipped == {"superseded": 1}
        assert mails_to(work, "rep13@example.jp") == []


async def test_row_that_nobody_foresaw_is_quarantined_and_the_others_go_on(
    work: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    def judge(raw: dict[str, str], **rest: Any) -> Any:  # noqa: ANN401
        if raw["email"] == "odd@example.jp":
            raise KeyError(raw["email"])
        return decide_intake(raw, **rest)

    monkeypatch.setattr("leadline.stages.intake.decide_intake", judge)
    post(work, email="odd@example.jp")
    post(work)
    sums = await run(work, "intake")
    assert (sums["intake"].done, sums["intake"].skipped) == (1, {"unreadable": 1})
    assert rows_of(work, "submissions")[0]["detail"] == "KeyError"


async def test_rep_who_declined_before_the_mail_was_written_gets_none(work: Workspace) -> None:
    post(work)
    await run(work, *ORDER[:3])
    with work.store.write() as connection:
        assert answer_assignment(connection, 1, state="declined", reason="x", now=NOW)
    sums = await run(work, *ORDER[3:])
    assert sums["notification"].skipped == {"superseded": 1}
    assert mails_to(work, "rep13@example.jp") == []


BROKEN = {
    f"templates/{folder}/ja/body.txt": "{{ lead.compnay }}"
    for folder in ("rep/assignment", "nurture/evaluation/first_answer")
}


async def test_template_that_fails_holds_its_mails_for_a_person(
    tmp_path: Path, database_url: str
) -> None:
    with a_workspace(tmp_path / "home", database_url, files=BROKEN, base_url=BASE) as work:
        post(work)
        sums = await run(work)
        (row,) = rows_of(work, "outbox")
        (enrollment,) = rows_of(work, "enrollments")
        assert (sums["notification"].failed, sums["touches"].failed) == (1, 1)
        assert (row["state"], row["skip_reason"]) == ("failed", "template_error")
        held = ("step", "state", "next_due_at", "skip_reason")
        assert [enrollment[name] for name in held] == [0, "active", None, "template_error"]
        assert mails(work) == []
