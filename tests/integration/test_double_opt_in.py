"""Double opt-in: a consent counts once it is confirmed, by a person, in time, and never again."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import update

from leadline.clock import FixedClock
from leadline.domain.keys import address_hash
from leadline.domain.tokens import sign_token
from leadline.stages import ORDER, run_stages
from leadline.store import schema
from leadline.store.answers import add_unsubscribe
from leadline.store.suppressions import add_suppressions
from tests.answered import (
    AGREED,
    BASE,
    BOTH,
    CONFIRMED,
    FORM,
    PERSON,
    answers,
    mail_of,
    only_mail,
    post,
)
from tests.factories import NOW, a_visitor, a_workspace, read_everything, rows_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime
    from pathlib import Path

    import httpx

    from leadline.stages import Workspace

LATER = NOW + timedelta(hours=2)
WORDING = "製品情報をメールで受け取ることに同意します。"


@pytest.fixture
def work(tmp_path: Path, database_url: str) -> Iterator[Workspace]:
    with a_workspace(tmp_path / "home", database_url, base_url=BASE, files=CONFIRMED) as opened:
        yield opened


async def agree(work: Workspace, *people: dict[str, str], now: datetime = NOW) -> str:
    """Agree with the form; return the path of the link in the last confirmation mail."""
    await post(work, *(people or (AGREED,)), lang="ja", now=now)

    return mail_of(answers(work, "confirmation")[-1]).path("confirm")


async def press(work: Workspace, path: str, *, now: datetime = LATER) -> httpx.Response:
    async with a_visitor(work, clock=FixedClock(now)) as visitor:
        return await visitor.post(path)


def consents(work: Workspace) -> list[tuple[Any, ...]]:
    names = ("is_granted", "is_pending", "basis", "source")
    return [tuple(row[name] for name in names) for row in rows_of(work, "consents")]


def lead(work: Workspace) -> dict[str, Any]:
    (found,) = rows_of(work, "leads")
    return found


def hash_of(work: Workspace) -> str:
    return address_hash(AGREED["email"], pepper=work.store.pepper)


async def test_unconfirmed_consent_is_kept_with_its_proof_and_counts_for_nothing(
    work: Workspace,
) -> None:
    await agree(work)
    (row,) = rows_of(work, "consents")
    assert consents(work) == [(True, True, "opt_in", "form:ask")]
    assert (row["wording"], row["version"]) == (WORDING, "v7")
    assert row["network_address"] == "127.0.0.1"
    assert lead(work)["consent"] is None


async def test_nobody_is_enrolled_before_confirming_and_is_afterwards(work: Workspace) -> None:
    path = await agree(work)
    await run_stages(work, ORDER, now=NOW)
    assert lead(work)["enrollment_skip"] == "no_consent"
    assert rows_of(work, "enrollments") == []
    assert (await press(work, path)).status_code == 200
    await run_stages(work, ORDER, now=LATER)
    assert lead(work)["enrollment_skip"] is None
    assert len(rows_of(work, "enrollments")) == 1


async def test_confirming_keeps_what_when_and_from_where(work: Workspace) -> None:
    path = await agree(work)
    await press(work, path)
    _, row = rows_of(work, "consents")
    assert consents(work)[1] == (True, False, "opt_in", "confirmation:ask")
    assert (row["wording"], row["version"], row["at"]) == (WORDING, "v7", LATER)
    assert row["network_address"] == "127.0.0.1"
    assert row["submission_id"] == rows_of(work, "submissions")[0]["id"]
    assert lead(work)["consent"] is True
    assert lead(work)["enrollment_due_at"] == LATER


async def test_mail_quotes_the_wording_and_says_until_when(work: Workspace) -> None:
    await agree(work)
    mail = only_mail(work, "confirmation")
    for part in (mail.text, mail.html):
        assert WORDING in part
        assert "11月27日(金) 10:00 (JST)" in part
    assert mail.message["List-Unsubscribe"] is None
    assert mail.message["Auto-Submitted"] == "auto-replied"


async def test_looking_a_hundred_times_changes_nothing(work: Workspace) -> None:
    path = await agree(work)
    before = read_everything(work)
    async with a_visitor(work, headers={"Sec-Purpose": "prefetch;prerender"}) as visitor:
        for method in ("GET", "HEAD") * 50:
            assert (await visitor.request(method, path)).status_code == 200
    assert read_everything(work) == before


@pytest.mark.parametrize(("lang", "button"), [("en", "I confirm"), ("ja", "同意を確定する")])
async def test_page_shows_the_wording_and_one_button(
    work: Workspace, lang: str, button: str
) -> None:
    path = (await agree(work)).partition("?")[0]
    async with a_visitor(work) as visitor:
        page = (await visitor.get(path, params={"lang": lang})).text
    assert f"<blockquote>{WORDING}</blockquote>" in page
    assert f'<button type="submit">{button}</button>' in page
    assert page.count("<button") == 1
    assert "mituru" not in page
    assert "<script" not in page


async def test_fifty_presses_at_once_and_later_ones_change_what_one_does(work: Workspace) -> None:
    path = await agree(work)
    async with a_visitor(work, clock=FixedClock(LATER)) as visitor:
        found = await asyncio.gather(*(visitor.post(path) for _ in range(50)))
    assert {each.status_code for each in found} == {200}
    after = read_everything(work)
    assert (await press(work, path, now=LATER + timedelta(hours=1))).status_code == 200
    assert read_everything(work) == after
    assert len(consents(work)) == 2


async def test_expired_link_says_how_to_go_on_and_changes_nothing(work: Workspace) -> None:
    path = await agree(work)
    before, late = read_everything(work), FixedClock(NOW + timedelta(days=7, seconds=1))
    async with a_visitor(work, clock=late) as visitor:
        for method in ("GET", "HEAD", "POST"):
            for lang in ("en", "ja"):
                answer = await visitor.request(
                    method, path.partition("?")[0], params={"lang": lang}
                )
                assert answer.status_code == 410
                if method != "HEAD":
                    assert f'href="{BASE}/forms/ask?lang={lang}"' in answer.text
    assert read_everything(work) == before


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST"])
async def test_link_that_is_not_ours_or_for_something_else_is_not_found(
    work: Workspace, method: str
) -> None:
    path = (await agree(work)).partition("?")[0]
    before, keys = read_everything(work), work.environment.secret_keys
    ours = only_mail(work, "confirmation").row["message_id"].strip("<").partition("@")[0]
    wrong = [
        path[:-1],
        f"{path}x",
        "/confirm/x",
        f"/confirm/{sign_token('unsubscribe', ours, keys=keys)}",
        f"/confirm/{sign_token('asset', ours, keys=keys)}",
        f"/confirm/{sign_token('assignment', ours, keys=keys)}",
        f"/confirm/{sign_token('confirmation', ours, keys=['another key'])}",
        f"/confirm/{sign_token('confirmation', 'a' * 26, keys=keys)}",
        path.replace("/confirm/", "/u/"),
        path.replace("/confirm/", "/d/"),
        path.replace("/confirm/", "/a/"),
    ]
    async with a_visitor(work) as visitor:
        statuses = {(await visitor.request(method, each)).status_code for each in wrong}
    assert statuses == {404}
    assert read_everything(work) == before


async def test_link_holds_no_address_and_survives_a_rotation_of_keys(work: Workspace) -> None:
    from dataclasses import replace

    path = await agree(work)
    assert "mituru" not in path
    keys = (*work.environment.secret_keys, "a newer key")
    rotated = replace(work, environment=replace(work.environment, secret_keys=keys))
    assert (await press(rotated, path)).status_code == 200


async def test_earlier_refusal_stays_until_it_is_confirmed(work: Workspace) -> None:
    await post(work, {**PERSON, "consent": "no"}, lang="ja")
    assert lead(work)["consent"] is False
    path = await agree(work)
    assert lead(work)["consent"] is False
    await press(work, path)
    assert lead(work)["consent"] is True


async def test_no_in_the_form_is_a_refusal_at_once_and_asks_for_nothing(work: Workspace) -> None:
    await post(work, {**PERSON, "consent": "no"}, lang="ja")
    assert consents(work) == [(False, False, None, "form:ask")]
    assert answers(work, "confirmation") == []


async def test_post_without_a_consent_asks_for_no_confirmation(work: Workspace) -> None:
    await post(work, PERSON)
    assert answers(work, "confirmation") == []
    assert consents(work) == []


async def test_who_may_be_mailed_already_is_not_asked_again(work: Workspace) -> None:
    path = await agree(work)
    await press(work, path)
    await post(work, {**AGREED, "message": "more"}, lang="ja", now=LATER)
    states = [(row["state"], row["skip_reason"]) for row in answers(work, "confirmation")]
    assert states == [("queued", None), ("skipped", "consented_already")]
    assert lead(work)["consent"] is True
    assert consents(work)[-1] == (True, True, "opt_in", "form:ask")


async def test_confirming_lifts_the_persons_own_unsubscribe(work: Workspace) -> None:
    await press(work, await agree(work))
    unsubscribe(work, now=LATER + timedelta(hours=1))
    again = await agree(work, {**AGREED, "message": "after all"}, now=LATER + timedelta(hours=2))
    assert lead(work)["consent"] is False
    end = LATER + timedelta(hours=3)
    assert (await press(work, again, now=end)).status_code == 200
    (ban,) = rows_of(work, "suppressions")
    assert (ban["cause"], ban["lifted_at"]) == ("unsubscribe", end)
    await run_stages(work, ORDER, now=end)
    assert len(rows_of(work, "enrollments")) == 1


async def test_unsubscribing_again_arms_the_lifted_ban_anew(work: Workspace) -> None:
    await press(work, await agree(work))
    unsubscribe(work, now=LATER + timedelta(hours=1))
    path = await agree(work, {**AGREED, "message": "after all"}, now=LATER + timedelta(hours=2))
    await press(work, path, now=LATER + timedelta(hours=3))
    unsubscribe(work, now=LATER + timedelta(hours=4))
    (ban,) = rows_of(work, "suppressions")
    assert (ban["lifted_at"], ban["at"]) == (None, LATER + timedelta(hours=4))
    assert lead(work)["consent"] is False


async def test_used_link_does_not_take_back_a_later_unsubscribe(work: Workspace) -> None:
    path = await agree(work)
    await press(work, path)
    unsubscribe(work, now=LATER + timedelta(hours=1))
    before = read_everything(work)
    answer = await press(work, path, now=LATER + timedelta(hours=2))
    assert answer.status_code == 410
    assert f'href="{BASE}/forms/ask?lang=ja"' in answer.text
    assert read_everything(work) == before


@pytest.mark.parametrize(
    ("scope", "cause"),
    [
        ("global", "hard_bounce"),
        ("global", "complaint"),
        ("marketing", "manual"),
        ("marketing", "legal"),
        ("global", "unsubscribe"),
    ],
)
async def test_confirming_lifts_no_other_ban(work: Workspace, scope: str, cause: str) -> None:
    path = await agree(work)
    row = {"address_hash": hash_of(work), "message_id": None, "at": NOW}
    with work.store.write() as connection:
        add_suppressions(connection, [{**row, "scope": scope, "cause": cause}])
    await press(work, path)
    (ban,) = rows_of(work, "suppressions")
    assert (ban["cause"], ban["lifted_at"]) == (cause, None)
    await run_stages(work, ORDER, now=LATER)
    assert lead(work)["enrollment_skip"] == "suppressed"


async def test_link_is_over_for_a_lead_that_has_another_address_now(work: Workspace) -> None:
    path = await agree(work)
    with work.store.write() as connection:
        connection.execute(update(schema.leads).values(email="other@example.jp"))
    before = read_everything(work)
    assert (await press(work, path)).status_code == 410
    assert read_everything(work) == before


async def test_link_of_an_erased_person_leads_nowhere(work: Workspace) -> None:
    path = await agree(work)
    with work.store.write() as connection:
        connection.execute(update(schema.leads).values(erased_at=NOW))
    before = read_everything(work)
    assert (await press(work, path)).status_code == 404
    assert read_everything(work) == before


async def test_acknowledgment_says_that_another_mail_asks(tmp_path: Path) -> None:
    with a_workspace(tmp_path / "home", base_url=BASE, files=BOTH) as work:
        path = await agree(work)
        first = only_mail(work).text
        await press(work, path)
        await post(work, {**AGREED, "message": "more"}, lang="ja", now=LATER)

        second = mail_of(answers(work)[-1]).text
    assert "確認のリンクをお送りしております" in first
    assert "ご同意いただきましたとおり" not in first
    assert "ご同意いただきましたとおり" in second


async def test_form_that_is_gone_still_confirms_what_it_asked(
    tmp_path: Path, database_url: str
) -> None:
    home = tmp_path / "home"
    with a_workspace(home, database_url, base_url=BASE, files=CONFIRMED) as work:
        path = await agree(work)
    (home / "config/forms/ask.yaml").unlink()
    with a_workspace(home, database_url, base_url=BASE) as work:
        assert (await press(work, path)).status_code == 200
        assert lead(work)["consent"] is True
        late = await press(work, path, now=NOW + timedelta(days=8))
    assert late.status_code == 410
    assert "/forms/ask" not in late.text


@pytest.mark.parametrize("edit", ["removed", "renamed", "edited"])
async def test_promise_of_the_form_that_was_filled_in_decides(
    tmp_path: Path,
    edit: str,
) -> None:
    home = tmp_path / "home"
    form = home / "config/forms/ask.yaml"
    with a_workspace(home, base_url=BASE, files=CONFIRMED) as work:
        await send(work, AGREED)
    if edit == "renamed":
        form.with_name("asked.yaml").write_text(form.read_text())
    if edit == "edited":
        form.write_text(form.read_text().replace("double_opt_in: true", ""))
    else:
        form.unlink()
    with a_workspace(home, base_url=BASE) as work:
        await run_stages(work, ["intake"], now=NOW)
        assert consents(work) == [(True, True, "opt_in", "form:ask")]
        assert lead(work)["consent"] is None
        if edit == "edited":
            await press(work, only_mail(work, "confirmation").path("confirm"))
            assert lead(work)["consent"] is True


async def test_consent_that_needed_no_confirmation_needs_none_later(tmp_path: Path) -> None:
    home = tmp_path / "home"
    plain = {"config/forms/ask.yaml": FORM.format(answers="")}
    with a_workspace(home, base_url=BASE, files=plain) as work:
        await send(work, AGREED)
    with a_workspace(home, base_url=BASE, files=CONFIRMED) as work:
        await run_stages(work, ["intake"], now=NOW)
        assert consents(work) == [(True, False, "opt_in", "form:ask")]
        assert answers(work, "confirmation") == []


async def test_consent_with_a_promise_that_nobody_knows_waits(work: Workspace) -> None:
    await send(work, AGREED)
    with work.store.write() as connection:
        unknown = {"source": "form:gone", "asks_to_confirm": None}
        connection.execute(update(schema.submissions).values(unknown))
    await run_stages(work, ["intake"], now=NOW)
    assert consents(work) == [(True, True, "opt_in", "form:gone")]


async def test_old_link_that_was_never_used_does_not_lift_a_later_unsubscribe(
    work: Workspace,
) -> None:
    old = await agree(work)
    unsubscribe(work, now=NOW + timedelta(hours=1))
    before = read_everything(work)
    assert (await press(work, old)).status_code == 410
    assert read_everything(work) == before


async def test_old_link_does_not_take_back_a_later_refusal(work: Workspace) -> None:
    old = await agree(work)
    await post(work, {**PERSON, "consent": "no"}, lang="ja", now=NOW + timedelta(hours=1))
    before = read_everything(work)
    assert (await press(work, old)).status_code == 410
    assert read_everything(work) == before
    new = await agree(work, {**AGREED, "message": "after all"}, now=LATER)
    assert (await press(work, new, now=LATER + timedelta(hours=1))).status_code == 200
    assert lead(work)["consent"] is True


async def send(work: Workspace, body: dict[str, str]) -> None:
    """Fill in the form; intake has not seen it yet."""
    async with a_visitor(work) as visitor:
        assert (await visitor.post("/forms/ask", data=body)).status_code == 201


async def test_log_names_no_token(work: Workspace, caplog: pytest.LogCaptureFixture) -> None:
    path = await agree(work)
    caplog.set_level("INFO", "leadline.web")
    await press(work, path)
    assert "POST /confirm/{token} 200" in caplog.text
    assert path.split("/")[2].partition("?")[0] not in caplog.text


def unsubscribe(work: Workspace, *, now: datetime) -> None:
    """Do what the link in a marketing mail does."""
    mail = next(row for row in rows_of(work, "outbox") if row["recipient"] == AGREED["email"])
    with work.store.write() as connection:
        add_unsubscribe(connection, mail, network_address=None, now=now)
