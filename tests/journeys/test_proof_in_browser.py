"""The proof of work in a real browser: our script solves it while a person types."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from leadline.store.engine import open_store
from tests.factories import a_project, rows_of
from tests.pages import a_browser
from tests.web_server import free_port, leadline_serve

if TYPE_CHECKING:
    from pathlib import Path

FORM = """
title: {en: Ask us, ja: お問い合わせ}
fields:
  full_name: {label: {en: Name, ja: お名前}, required: true}
  email: {label: {en: Email, ja: メール}, required: true}
protection: {proof_of_work: true, minimum_seconds: 0}
"""

pytestmark = pytest.mark.xdist_group("pages")  # one browser at a time


def test_form_that_is_sent_at_once_waits_for_its_proof_and_is_accepted(tmp_path: Path) -> None:
    environment = a_project(tmp_path / "home", files={"config/forms/ask.yaml": FORM})
    port = free_port()
    complaints: list[str] = []
    with leadline_serve(environment, port), a_browser() as browser:
        page = browser.new_page()
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(f"http://127.0.0.1:{port}/forms/ask?lang=en")
        page.get_by_label("Name").fill("Lauren Anderson")
        page.get_by_label("Email").fill("lauren@example.com")
        page.get_by_role("button", name="Send").click()
        page.get_by_role("heading", name="Thank you").wait_for()
        page.close()
    store = open_store(environment.database_url, pepper=environment.pepper)
    (row,) = rows_of(store, "submissions")
    spent = len(rows_of(store, "proofs"))
    store.close()
    assert (row["state"], row["suspicion"], spent, complaints) == ("new", None, 1, [])
