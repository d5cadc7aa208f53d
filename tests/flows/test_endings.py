"""How a run ends: what asks for a person, and what a run that did its work says."""

from __future__ import annotations

from typing import Any

import pytest

from flows.endings import ending_of
from leadline.domain.batches import Batch
from leadline.domain.endings import Facts


@pytest.mark.parametrize(
    ("stage", "need"),
    [
        ("touches", "2 held by a template that fails: run `leadline check`"),
        ("delivery", "2 mail(s) bounced, failed or of unknown outcome: `leadline status`"),
    ],
)
def test_mails_that_need_a_person_ask_for_attention(stage: str, need: str) -> None:
    state = ending_of(Facts([Batch(stage, claimed=3, done=1, failed=2)]), "en")
    assert (state.name, state.is_completed()) == ("Attention", True)
    assert str(state.message).startswith(need)


def test_mails_that_only_wait_ask_for_nothing() -> None:
    waits: dict[str, Any] = {"skipped": {"deferred": 1, "over_cap": 1}}
    state = ending_of(Facts([Batch("delivery", claimed=3, done=1, **waits)]), "en")
    assert (state.name, state.message) == (
        "Completed",
        "delivery 1 of 3, 1 deferred, 1 over_cap",
    )


def test_run_that_made_up_for_missed_times_is_not_hidden_among_the_idle_ones() -> None:
    late = {"en": "late: was due yesterday", "ja": "遅延"}
    state = ending_of(Facts([], late=late), "en")
    assert (state.name, state.message) == (
        "Completed",
        "late: was due yesterday; nothing was due",
    )
    assert ending_of(Facts([], late={"en": "", "ja": ""}), "en").name == "Idle"
