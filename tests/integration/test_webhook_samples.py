"""Every sample of a webhook gives its truth, whatever the database."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from leadline.stages import run_stages
from tests.factories import NOW, rows_of
from tests.webhooks import FORM, JSON, a_webhook_workspace, deliver, leads_of, sample, truth_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from leadline.stages import Workspace

CASES = [
    ("google", "google_ads_lead_form.json", JSON),
    ("google", "google_ads_lead_form_test.json", JSON),
    ("facebook", "field_data.json", JSON),
    ("typeform", "typeform.json", JSON),
    ("site", "contact_form_7.txt", FORM),
    ("generic", "generic_form.json", JSON),
]


@pytest.fixture
def work(tmp_path: Path, database_url: str) -> Iterator[Workspace]:
    """Give a workspace with every source of the samples."""
    with a_webhook_workspace(tmp_path / "home", database_url) as opened:
        yield opened


@pytest.mark.parametrize(("source", "name", "kind"), CASES)
async def test_sample_gives_its_truth(work: Workspace, source: str, name: str, kind: str) -> None:
    answer = await deliver(work, source, sample(name), kind=kind)
    assert (answer.status_code, answer.json()) == (200, {})
    await run_stages(work, ["intake"], now=NOW)
    truth = truth_of(name)
    assert leads_of(work, truth[0] if truth else {}) == truth


@pytest.mark.parametrize(("source", "name", "kind"), CASES)
async def test_sample_delivered_twice_is_one_submission(
    work: Workspace, source: str, name: str, kind: str
) -> None:
    for _ in range(2):
        assert (await deliver(work, source, sample(name), kind=kind)).status_code == 200
        await run_stages(work, ["intake"], now=NOW)
    count = len(truth_of(name))
    assert len(rows_of(work, "submissions")) == len(rows_of(work, "leads")) == count


async def test_body_is_stored_word_for_word(work: Workspace) -> None:
    body = sample("contact_form_7.txt")
    await deliver(work, "site", body, kind=FORM)
    (stored,) = rows_of(work, "submissions")
    assert stored["raw"] == {"body": body.decode(), "type": FORM}
    assert (stored["source"], stored["kind"], stored["state"]) == ("site", "webhook", "new")
    assert stored["network_address"] is None


@pytest.mark.parametrize("first", ["notice", "answers"])
async def test_notice_and_answers_are_one_lead(work: Workspace, first: str) -> None:
    bodies = [sample("meta_lead_webhook.json"), sample("field_data.json")]
    for body in bodies if first == "notice" else reversed(bodies):
        assert (await deliver(work, "facebook", body)).status_code == 200
    assert len(rows_of(work, "submissions")) == 1
    await run_stages(work, ["intake"], now=NOW)
    truth = truth_of("field_data.json")
    assert leads_of(work, truth[0]) == truth


async def test_answers_that_nobody_maps_are_kept_as_attributes(work: Workspace) -> None:
    await deliver(work, "google", sample("google_ads_lead_form.json"))
    await deliver(work, "typeform", sample("typeform.json"))
    await run_stages(work, ["intake"], now=NOW)
    google, typeform = rows_of(work, "leads")
    assert google["budget"] == "10k - 25k"
    assert google["attributes"] == {}
    assert typeform["utm_source"] == "newsletter"
    assert typeform["attributes"] == {"What interests you?": "Scoring, Nurture"}
