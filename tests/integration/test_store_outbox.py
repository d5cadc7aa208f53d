"""The outbox: who may send what, and what becomes of what a dead process left."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import select

from leadline.store import outbox, schema
from leadline.store.leases import LEASE, Owner, is_gone, this_process
from tests.builders import (
    NOW,
    a_lease,
    a_store,
    add_message,
    add_person,
    an_owner,
    claim_all,
    message,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from leadline.store.engine import Store
    from leadline.store.outbox import Claim, Lease

#: Larger than any process id that Linux gives out (2**22).
NOBODY = 2**22 + 1
SENT: dict[str, Any] = {"state": "sent", "due_at": NOW, "sent_at": NOW, "attempts": 1, "resends": 0}
ANSWER: dict[str, Any] = {"phase": "done", "reply_code": 250, "reply": "ok", "event": "sent"}
LATER = NOW + LEASE + timedelta(seconds=1)


@pytest.fixture
def store(database_url: str) -> Iterator[Store]:
    with a_store(database_url) as opened:
        yield opened


def queue(store: Store, count: int = 1, **changes: Any) -> list[int]:  # noqa: ANN401
    with store.write() as connection:
        return [add_message(connection, add_person(connection), **changes) for _ in range(count)]


def mark(store: Store, claims: list[Claim], lease: Lease | None = None) -> set[int]:
    owner = (lease or a_lease()).owner
    with store.write() as connection:
        return outbox.mark_sending(connection, claims, owner=owner, now=NOW)


def record(store: Store, claims: list[Claim], lease: Lease | None = None) -> int:
    owner = (lease or a_lease()).owner
    rows = [{"id": claim.id, "fence": claim.fence, **SENT, **ANSWER} for claim in claims]
    with store.write() as connection:
        return outbox.mark_outcomes(connection, rows, owner=owner, now=NOW)


def recover(store: Store, lease: Lease) -> dict[str, int]:
    with store.write(lock="outbox") as connection:
        return outbox.recover(connection, lease=lease)


def events(store: Store, id_: int) -> list[str]:
    found = schema.delivery_events
    with store.read() as connection:
        query = select(found.c.kind).where(found.c.outbox_id == id_).order_by(found.c.id)
        return list(connection.execute(query).scalars())


def ids(claims: list[Claim]) -> list[int]:
    return [claim.id for claim in claims]


# ---- claims ----


def test_two_owners_partition_what_is_due(store: Store) -> None:
    queued = queue(store, 7)
    first = claim_all(store, a_lease(an_owner(1)), limit=4)
    second = claim_all(store, a_lease(an_owner(2)), limit=4)
    assert (len(first), len(second)) == (4, 3)
    assert queued == sorted(ids(first) + ids(second))


def test_two_transactions_at_once_partition_what_is_due(postgresql_url: str) -> None:
    with a_store(postgresql_url) as store:
        queued = queue(store, 7)
        with store.write() as one, store.write() as two:
            first = outbox.claim_due(one, lease=a_lease(an_owner(1)), now=NOW, limit=4)
            second = outbox.claim_due(two, lease=a_lease(an_owner(2)), now=NOW, limit=4)
        assert queued == sorted(ids(first) + ids(second))
        assert len(first) == 4


def test_message_that_waits_or_is_not_rendered_is_not_claimed(store: Store) -> None:
    queue(store, due_at=NOW + timedelta(seconds=1))
    queue(store, rendered_at=None)
    with store.write() as connection:
        add_message(connection, add_person(connection), state="sent")
    assert claim_all(store) == []


def test_rep_mail_goes_before_nurture_mail_and_the_oldest_first(store: Store) -> None:
    (late,) = queue(store)
    (early,) = queue(store, due_at=NOW - timedelta(hours=1))
    (rep,) = queue(store, kind="assignment")
    assert ids(claim_all(store)) == [rep, early, late]


def test_rep_mail_that_waits_to_be_written_is_claimed_rep_by_rep(store: Store) -> None:
    for rep in ("R02", "R01", "R02", "R01"):
        queue(store, rep_id=rep, kind="assignment", rendered_at=None)
    with store.write() as connection:
        claims = outbox.claim_unrendered(connection, lease=a_lease(), limit=2)
    assert {"R01"} == {message(store, claim.id)["rep_id"] for claim in claims}


def test_claim_carries_owner_fence_and_end(store: Store) -> None:
    queue(store)
    (claim,) = claim_all(store)
    row = message(store, claim.id)
    assert ("leased", 1, str(an_owner(1))) == (row["state"], row["fence"], row["owner"])
    assert row["leased_until"] == NOW + LEASE


def test_message_key_that_is_known_is_queued_once(store: Store) -> None:
    with store.write() as connection:
        person = add_person(connection)
        first = add_message(connection, person, message_key="touch:1:hello:0")
        second = add_message(connection, person, message_key="touch:1:hello:0")
    assert first == second


def test_mail_to_a_rep_is_not_skipped_with_the_marketing_mail_to_the_same_address(
    store: Store,
) -> None:
    with store.write() as connection:
        person = add_person(connection)
        touch, rep = (
            add_message(connection, person),
            add_message(connection, person, kind="assignment"),
        )
        assert outbox.skip_waiting(connection, person.address_hash, reason="suppressed") == 1
    assert [message(store, id_)["state"] for id_ in (touch, rep)] == ["skipped", "queued"]


# ---- late writers ----


@pytest.mark.parametrize("writer", ["another owner", "the same owner"])
def test_writer_whose_claim_was_taken_over_changes_nothing(store: Store, writer: str) -> None:
    queue(store, 2)
    late = a_lease(an_owner(1))
    stale = claim_all(store, late)
    mark(store, stale[:1], late)
    recover(store, a_lease(an_owner(2), LATER))
    claim_all(store, a_lease(an_owner(2) if writer == "another owner" else an_owner(1), LATER))
    before = [message(store, claim.id) for claim in stale]

    row = {"id": stale[1].id, "fence": stale[1].fence, "state": "skipped", "skip_reason": "x"}
    with store.write() as connection:
        assert outbox.mark_refused(connection, [row | {"due_at": NOW}], owner=late.owner) == 0
        assert outbox.mark_rendered(connection, [row], owner=late.owner) == 0
        assert outbox.release(connection, stale, owner=late.owner) == 0
        assert outbox.renew(connection, stale, lease=late) == 0
        assert outbox.read_gate(connection, stale, owner=late.owner) == []
    assert mark(store, stale, late) == set()
    assert record(store, stale, late) == 0
    assert before == [message(store, claim.id) for claim in stale]


def test_claim_is_worth_nothing_in_the_hands_of_another_process(store: Store) -> None:
    queue(store)
    claims, thief = claim_all(store), an_owner(2)
    with store.write() as connection:
        assert outbox.read_gate(connection, claims, owner=thief) == []
        assert outbox.renew(connection, claims, lease=a_lease(thief)) == 0
        assert outbox.release(connection, claims, owner=thief) == 0
        assert outbox.mark_sending(connection, claims, owner=thief, now=NOW) == set()
        assert len(outbox.read_gate(connection, claims, owner=an_owner(1))) == 1


def test_outcome_of_another_process_is_not_recorded(store: Store) -> None:
    queue(store)
    claims = claim_all(store)
    mark(store, claims)
    assert record(store, claims, a_lease(an_owner(2))) == 0
    assert record(store, claims) == 1


def test_outcome_is_recorded_once_with_its_event(store: Store) -> None:
    (id_,) = queue(store)
    claims = claim_all(store)
    mark(store, claims)
    assert [record(store, claims), record(store, claims)] == [1, 0]
    row = message(store, id_)
    assert tuple(row[name] for name in ("state", "owner", "leased_until", "reply_code")) == (
        "sent",
        None,
        None,
        250,
    )
    assert events(store, id_) == ["sent"]


def test_message_that_was_not_marked_has_no_outcome(store: Store) -> None:
    queue(store)
    claims = claim_all(store)
    assert record(store, claims) == 0


def test_message_is_marked_once(store: Store) -> None:
    (id_,) = queue(store)
    claims = claim_all(store)
    assert [{id_}, set()] == [mark(store, claims), mark(store, claims)]
    assert message(store, id_)["attempts"] == 1


def test_released_message_is_due_again_in_the_state_that_it_had(store: Store) -> None:
    (fresh,), (tried,) = queue(store), queue(store, attempts=2)
    claims = claim_all(store)
    with store.write() as connection:
        assert outbox.release(connection, claims, owner=an_owner(1)) == 2
    assert message(store, fresh)["state"] == "queued"
    assert message(store, tried)["state"] == "deferred"
    assert sorted(ids(claim_all(store))) == [fresh, tried]


# ---- what dead processes left ----


def test_lease_of_a_dead_process_of_this_computer_is_free_at_once(store: Store) -> None:
    (id_,) = queue(store)
    claim_all(store, a_lease(an_owner(NOBODY, here=True)))
    assert recover(store, a_lease(this_process())) == {"queued": 1, "unknown": 0}
    assert message(store, id_)["state"] == "queued"


def test_process_id_that_was_given_out_again_is_not_the_same_process(store: Store) -> None:
    queue(store)
    claim_all(store, a_lease(an_owner(os.getpid(), here=True, started="1")))
    assert recover(store, a_lease(this_process()))["queued"] == 1


@pytest.mark.parametrize(
    "owner",
    [
        an_owner(NOBODY),
        an_owner(NOBODY, here=True, boot="another"),
        an_owner(NOBODY, here=True, host="another"),
        an_owner(os.getpid(), here=True),
    ],
    ids=["elsewhere", "before the last boot or in a container", "another host", "alive"],
)
def test_lease_of_somebody_who_may_live_waits_until_it_ends(store: Store, owner: Owner) -> None:
    (id_,) = queue(store)
    claim_all(store, a_lease(owner))
    observer = an_owner(1, here=True, started="2")
    assert recover(store, a_lease(observer, NOW + LEASE)) == {}
    assert message(store, id_)["state"] == "leased"
    assert recover(store, a_lease(observer, LATER))["queued"] == 1


def test_lease_that_this_process_lost_hold_of_ends_like_any_other(store: Store) -> None:
    (id_,) = queue(store)
    claim_all(store, a_lease(this_process()))
    queue(store)
    claim_all(store, a_lease(this_process(), LATER))  # the batch that it works on now
    assert recover(store, a_lease(this_process(), LATER)) == {"queued": 1, "unknown": 0}
    assert message(store, id_)["state"] == "queued"


def test_renewed_lease_is_not_taken_away(store: Store) -> None:
    queue(store)
    claims = claim_all(store)
    with store.write() as connection:
        assert outbox.renew(connection, claims, lease=a_lease(an_owner(1), LATER)) == 1
    assert recover(store, a_lease(an_owner(2), LATER)) == {}


def test_nurture_mail_of_unknown_outcome_is_shown_and_never_sent_again(store: Store) -> None:
    (id_,) = queue(store)
    lease = a_lease(an_owner(NOBODY, here=True))
    mark(store, claim_all(store, lease), lease)
    assert recover(store, a_lease(this_process())) == {"queued": 0, "unknown": 1}
    assert (message(store, id_)["state"], events(store, id_)) == ("unknown", ["unknown"])
    assert claim_all(store) == []


def test_rep_mail_of_unknown_outcome_is_sent_once_more_and_then_unknown(store: Store) -> None:
    (id_,) = queue(store, kind="assignment")
    lease = a_lease(an_owner(NOBODY, here=True))
    mark(store, claim_all(store, lease), lease)
    assert recover(store, a_lease(this_process())) == {"queued": 1, "unknown": 0}
    row = message(store, id_)
    assert (row["resends"], row["state"]) == (1, "deferred")
    mark(store, claim_all(store, lease), lease)
    assert recover(store, a_lease(this_process())) == {"queued": 0, "unknown": 1}
    assert message(store, id_)["message_id"] == row["message_id"]


def test_recovering_again_changes_nothing(store: Store) -> None:
    queue(store, 2)
    lease = a_lease(an_owner(NOBODY, here=True))
    mark(store, claim_all(store, lease)[:1], lease)
    assert recover(store, a_lease(this_process())) == {"queued": 1, "unknown": 1}
    assert recover(store, a_lease(this_process())) == {}


def test_what_a_dead_process_left_is_told_before_it_is_taken_back(store: Store) -> None:
    queue(store)
    claim_all(store, a_lease(an_owner(NOBODY, here=True)))
    with store.read() as connection:
        assert outbox.has_left_behind(connection, lease=a_lease(this_process()))
        assert not outbox.has_due(connection, rendered=True, now=NOW)
    recover(store, a_lease(this_process()))
    with store.read() as connection:
        assert not outbox.has_left_behind(connection, lease=a_lease(this_process()))


# ---- owners ----


def test_owner_is_read_back_from_its_text() -> None:
    assert Owner.parse(str(this_process())) == this_process()


def test_this_process_is_not_gone() -> None:
    assert not is_gone(this_process(), observer=this_process())


def test_killed_process_that_nobody_waited_for_is_gone() -> None:
    program = (
        "from leadline.store.leases import this_process; print(this_process(), flush=True); input()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as child:
        assert child.stdout is not None
        owner = Owner.parse(child.stdout.readline().strip())
        assert not is_gone(owner, observer=this_process())
        child.kill()
        os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
        assert is_gone(owner, observer=this_process())


def test_nobody_is_called_gone_where_processes_cannot_be_looked_up() -> None:
    unknown = Owner("host", "", NOBODY, "")
    assert not is_gone(unknown, observer=Owner("host", "", 1, ""))
