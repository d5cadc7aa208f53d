"""Intake: what further submissions change about a lead that is known, and what they leave."""

from __future__ import annotations

import itertools
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from leadline.stages import run_stages
from leadline.store.answers import add_post
from leadline.store.submissions import Arrival
from tests.factories import NOW, a_workspace, rows_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime
    from pathlib import Path

    from leadline.stages import Workspace

EMAIL = "mituru.suzuki@example.jp"
OSAKA = {
    "country": "JP",
    "region": "大阪府",
    "city": "大阪市",
    "postal_code": "530-0001",
    "address": "梅田1",
}
_POSTS = itertools.count()


@pytest.fixture
def work(tmp_path: Path, database_url: str) -> Iterator[Workspace]:
    """Give a workspace whose sources are American unless they say otherwise."""
    with a_workspace(tmp_path / "home", database_url) as opened:
        assert opened.project.settings.country == "US"
        yield opened


async def lead_after(work: Workspace, *posts: dict[str, str], at: datetime = NOW) -> dict[str, Any]:
    """Post each, judge it, and return the one lead that comes of them."""
    for raw in posts:
        arrival = Arrival("form:contact", str(next(_POSTS)), "form", {"email": EMAIL} | raw)
        with work.store.write() as connection:
            add_post(connection, arrival, now=at)
        await run_stages(work, ["intake"], now=at)
    (lead,) = rows_of(work, "leads")
    return lead


async def test_submission_without_a_place_leaves_the_place_of_a_known_lead(
    work: Workspace,
) -> None:
    before = await lead_after(work, OSAKA)
    after = await lead_after(work, {"title": "Manager"})
    kept = (*OSAKA, "zone", "language")
    assert {name: after[name] for name in kept} == {name: before[name] for name in kept}
    assert (after["title"], after["zone"], after["language"]) == ("Manager", "Asia/Tokyo", "ja")


async def test_region_without_a_country_is_one_of_the_sources_country(work: Workspace) -> None:
    lead = await lead_after(work, OSAKA, {"region": "Texas"})
    kept = [lead[name] for name in ("country", "region", "city", "zone")]
    assert kept == ["US", "Texas", None, "America/Chicago"]


async def test_new_lead_without_a_place_has_that_of_its_source(work: Workspace) -> None:
    lead = await lead_after(work, {"title": "Manager"})
    assert (lead["country"], lead["language"]) == ("US", "en")


async def test_lead_that_writes_japanese_later_is_written_to_in_japanese(work: Workspace) -> None:
    lead = await lead_after(work, {"title": "Manager"}, {"message": "見積をお願いします。"})
    assert (lead["country"], lead["language"]) == ("US", "ja")


def said(consent: str, hour: int) -> dict[str, str]:
    """Return what was said about mail at an hour of the day of `NOW`."""
    return {"consent": consent, "submitted_at": f"{NOW:%Y-%m-%d}T{hour:02}:00:00Z"}


@pytest.mark.parametrize(
    ("consent", "posts"),
    [
        (False, [said("yes", 1), {"title": "部長"}, said("no", 2)]),
        (False, [said("no", 1), {"consent": "no"}, said("yes", 2)]),
        (True, [said("no", 1), said("yes", 3), said("no", 2)]),
        (True, [said("yes", 3), said("no", 2), {"title": "部長"}]),
    ],
    ids=["refusal after a silent post", "refusal said twice", "yes is the newest", "late row"],
)
async def test_consent_is_what_was_said_last_in_whatever_order_it_arrives(
    work: Workspace, posts: list[dict[str, str]], *, consent: bool
) -> None:
    lead = await lead_after(work, *posts, at=NOW + timedelta(hours=6))
    assert lead["consent"] is consent
