"""A form's document: its link comes by mail, and its button alone gives it and counts it."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import event, update

from leadline.clock import FixedClock
from leadline.config.assets import LARGEST
from leadline.config.loader import check_project
from leadline.domain.tokens import sign_token
from leadline.store import schema
from leadline.web.assets import disposition
from tests.answered import BASE, FORM, PERSON, only_mail, post
from tests.factories import NOW, a_project, a_visitor, a_workspace, read_everything, rows_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from leadline.errors import Problem
    from leadline.stages import Workspace

OFFER = """acknowledgment: true
asset:
  file: {file}
  title: {{en: "The buyer's guide", ja: 導入ガイド}}
  expires_after: 3d
"""
CONTENT = b"%PDF-1.7 " + bytes(range(256)) * 1000
LATE = NOW + timedelta(days=3, seconds=1)


def offering(file: str = "guides/導入ガイド 2026.pdf") -> dict[str, str]:
    """Return a form that offers a file."""
    return {"config/forms/ask.yaml": FORM.format(answers=OFFER.format(file=file))}


def put(home: Path, name: str = "guides/導入ガイド 2026.pdf", content: bytes = CONTENT) -> Path:
    """Put a file into the project's assets/."""
    path = home / "assets" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def become(file: Path, *, content: bytes = b"", link_to: Path | None = None) -> None:
    """Let a file hold something else, lead elsewhere, or be gone."""
    file.unlink()
    if content:
        file.write_bytes(content)
    elif link_to is not None:
        file.symlink_to(link_to)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    a_project(tmp_path / "home")
    return put(tmp_path / "home")


@pytest.fixture
def work(database_url: str, file: Path) -> Iterator[Workspace]:
    home = file.parents[2]
    with a_workspace(home, database_url, base_url=BASE, files=offering()) as opened:
        yield opened


async def link(work: Workspace) -> str:
    """Fill in the form; return the path of the link to the document."""
    await post(work, lang="ja")
    return only_mail(work).path("d")


async def test_button_gives_the_file_and_counts_one_download(work: Workspace) -> None:
    path = await link(work)
    async with a_visitor(work) as visitor:
        answer = await visitor.post(path)
    assert (answer.status_code, answer.content) == (200, CONTENT)
    (found,) = rows_of(work, "events")
    (lead,) = rows_of(work, "leads")
    assert (found["source"], found["kind"], found["actor"]) == (
        "asset:ask",
        "asset_downloaded",
        "human",
    )
    assert (found["lead_id"], found["occurred_at"]) == (lead["id"], NOW)


async def test_each_press_is_an_event_of_its_own(work: Workspace) -> None:
    path = await link(work)
    async with a_visitor(work) as visitor:
        for _ in range(3):
            await visitor.post(path)
    assert len({row["external_id"] for row in rows_of(work, "events")}) == 3


async def test_event_holds_no_personal_data(work: Workspace) -> None:
    path = await link(work)
    async with a_visitor(work) as visitor:
        await visitor.post(path)
    said = str(rows_of(work, "events"))
    assert "mituru" not in said
    assert "鈴木" not in said


async def test_download_is_safe_to_save_and_kept_by_nobody_else(work: Workspace) -> None:
    path = await link(work)
    async with a_visitor(work) as visitor:
        headers = (await visitor.post(path)).headers
    assert headers["content-type"] == "application/pdf"
    assert headers["content-length"] == str(len(CONTENT))
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["cache-control"] == "no-store"
    assert headers["content-disposition"] == (
        'attachment; filename="_____ 2026.pdf"; '
        "filename*=UTF-8''%E5%B0%8E%E5%85%A5%E3%82%AC%E3%82%A4%E3%83%89%202026.pdf"
    )


@pytest.mark.parametrize(
    ("name", "header"),
    [
        ("guide.pdf", 'attachment; filename="guide.pdf"'),
        ('a"b.pdf', "attachment; filename=\"a_b.pdf\"; filename*=UTF-8''a%22b.pdf"),
        (
            "a\r\nX: y.pdf",
            "attachment; filename=\"a__X: y.pdf\"; filename*=UTF-8''a%0D%0AX%3A%20y.pdf",
        ),
        ("é.pdf", "attachment; filename=\"_.pdf\"; filename*=UTF-8''%C3%A9.pdf"),
    ],
    ids=["plain", "quote", "line break", "accent"],
)
def test_file_name_cannot_break_out_of_its_header(name: str, header: str) -> None:
    assert disposition(name) == header


async def test_event_is_committed_before_the_first_byte(work: Workspace) -> None:
    path = await link(work)

    def refuse(_connection: object) -> None:
        raise RuntimeError

    event.listen(work.store.engine, "commit", refuse)
    async with a_visitor(work) as visitor:
        answer = await visitor.post(path)
    event.remove(work.store.engine, "commit", refuse)
    assert answer.status_code == 500
    assert CONTENT[:100] not in answer.content
    assert rows_of(work, "events") == []


async def test_looking_a_hundred_times_changes_nothing_and_gives_nothing(work: Workspace) -> None:
    path = await link(work)
    before = read_everything(work)
    async with a_visitor(work, headers={"Sec-Purpose": "prefetch;prerender"}) as visitor:
        for method in ("GET", "HEAD") * 50:
            answer = await visitor.request(method, path)
            assert answer.status_code == 200
            assert b"%PDF" not in answer.content
    assert read_everything(work) == before


@pytest.mark.parametrize(
    ("lang", "title", "button"),
    [("en", "The buyer&#39;s guide", "Download"), ("ja", "導入ガイド", "ダウンロードする")],
)
async def test_page_names_the_document_and_has_one_button(
    work: Workspace, lang: str, title: str, button: str
) -> None:
    path = (await link(work)).partition("?")[0]
    async with a_visitor(work) as visitor:
        page = (await visitor.get(path, params={"lang": lang})).text
    assert f"<h1>{title}</h1>" in page
    assert f'<button type="submit">{button}</button>' in page
    assert page.count("<button") == 1
    assert "<script" not in page


async def test_page_tells_the_end_of_the_link_in_the_zone_of_the_mail(work: Workspace) -> None:
    await post(work, {**PERSON, "country": "US"}, lang="en")
    with work.store.write() as connection:
        connection.execute(update(schema.leads).values(zone="America/New_York"))
    path = only_mail(work).path("d")
    async with a_visitor(work) as visitor:
        page = (await visitor.get(path)).text
    assert "(EST)" in page
    assert "(JST)" not in page


async def test_mail_names_the_document_in_subject_text_and_html(work: Workspace) -> None:
    await post(work, lang="ja")
    mail = only_mail(work)
    assert mail.subject == "資料「導入ガイド」のダウンロードのご案内"
    for part in (mail.text, mail.html):
        assert "導入ガイド" in part
        assert "11月23日(月) 10:00 (JST)" in part


async def test_expired_link_says_how_to_get_another_and_counts_nothing(work: Workspace) -> None:
    path = (await link(work)).partition("?")[0]
    before = read_everything(work)
    async with a_visitor(work, clock=FixedClock(LATE)) as visitor:
        for method in ("GET", "HEAD", "POST"):
            for lang in ("en", "ja"):
                answer = await visitor.request(method, path, params={"lang": lang})
                assert answer.status_code == 410
                if method != "HEAD":
                    assert f'href="{BASE}/forms/ask?lang={lang}"' in answer.text
    assert read_everything(work) == before


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST"])
async def test_link_that_is_not_ours_or_for_something_else_is_not_found(
    work: Workspace, method: str
) -> None:
    path = (await link(work)).partition("?")[0]
    before, keys = read_everything(work), work.environment.secret_keys
    ours = only_mail(work).row["message_id"].strip("<").partition("@")[0]
    wrong = [
        path[:-1],
        f"{path}x",
        "/d/x",
        "/d/..%2f..%2fetc%2fpasswd",
        f"/d/{sign_token('confirmation', ours, keys=keys)}",
        f"/d/{sign_token('unsubscribe', ours, keys=keys)}",
        f"/d/{sign_token('asset', ours, keys=['another key'])}",
        f"/d/{sign_token('asset', '../../config/settings.yaml', keys=keys)}",
        path.replace("/d/", "/u/"),
        path.replace("/d/", "/confirm/"),
    ]
    async with a_visitor(work) as visitor:
        statuses = {(await visitor.request(method, each)).status_code for each in wrong}
    assert statuses == {404}
    assert read_everything(work) == before


async def test_file_that_is_gone_is_a_page_and_a_log_line(
    work: Workspace, file: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = await link(work)
    become(file)
    before = read_everything(work)
    async with a_visitor(work) as visitor:
        answer = await visitor.post(path)
    assert answer.status_code == 404
    assert "資料が見つかりません" in answer.text
    assert "the asset of form ask: FileNotFoundError" in caplog.text
    assert "Traceback" not in caplog.text + answer.text
    assert read_everything(work) == before


async def test_file_that_now_leads_out_of_the_folder_is_not_given(
    work: Workspace, file: Path
) -> None:
    path = await link(work)
    become(file, link_to=work.environment.home / "config/settings.yaml")
    async with a_visitor(work) as visitor:
        answer = await visitor.post(path)
    assert answer.status_code == 404
    assert "company" not in answer.text


async def test_file_that_was_replaced_is_given_as_it_is_now(work: Workspace, file: Path) -> None:
    path = await link(work)
    become(file, content=b"second edition")
    async with a_visitor(work) as visitor:
        assert (await visitor.post(path)).content == b"second edition"


async def test_link_of_an_erased_person_leads_nowhere(work: Workspace) -> None:
    path = await link(work)
    with work.store.write() as connection:
        connection.execute(update(schema.leads).values(erased_at=NOW))
    async with a_visitor(work) as visitor:
        assert (await visitor.post(path)).status_code == 404
    assert rows_of(work, "events") == []


def faults(home: Path, file: str) -> list[Problem]:
    """Return what `leadline check` says of a form that offers a file."""
    a_project(home, files=offering(file))
    return [each for each in check_project(home)[1] if each.code.startswith("asset")]


def test_check_accepts_a_file_that_is_there(tmp_path: Path) -> None:
    a_project(tmp_path)
    put(tmp_path, "guide.pdf")
    assert faults(tmp_path, "guide.pdf") == []


def test_check_names_the_nearest_file_and_the_line(tmp_path: Path) -> None:
    a_project(tmp_path)
    put(tmp_path, "guide.pdf")
    (problem,) = faults(tmp_path, "giude.pdf")
    lines = offering("giude.pdf")["config/forms/ask.yaml"].splitlines()
    assert (problem.code, problem.suggestion) == ("asset_missing", "guide.pdf")
    assert problem.line == lines.index("  file: giude.pdf") + 1


@pytest.mark.parametrize(
    "name", ["../config/settings.yaml", "/etc/passwd", "a/../../b", "..", "c:\\x", "a\\..\\b"]
)
def test_check_refuses_a_path_out_of_the_folder(tmp_path: Path, name: str) -> None:
    a_project(tmp_path)
    put(tmp_path, "guide.pdf")
    assert [each.code for each in faults(tmp_path, name)] == ["asset_outside"]


def test_check_refuses_a_link_out_of_the_folder(tmp_path: Path) -> None:
    a_project(tmp_path)
    put(tmp_path, "inside.pdf")
    (tmp_path / "assets/guide.pdf").symlink_to(tmp_path / "config/settings.yaml")
    (tmp_path / "assets/own.pdf").symlink_to(tmp_path / "assets/inside.pdf")
    assert [each.code for each in faults(tmp_path, "guide.pdf")] == ["asset_outside"]
    assert faults(tmp_path, "own.pdf") == []


def test_check_refuses_a_file_that_is_too_large(tmp_path: Path) -> None:
    a_project(tmp_path)
    with put(tmp_path, "guide.pdf").open("wb") as file:
        file.truncate(LARGEST + 1)
    (problem,) = faults(tmp_path, "guide.pdf")
    assert problem.code == "asset_too_large"
    assert "100 MB" in problem.message["en"]


async def test_last_good_configuration_is_found_without_the_documents(work: Workspace) -> None:
    from leadline.stages.alerts import open_last_good

    (work.environment.home / "config/scoring.yaml").write_text("rules: [", "utf-8")
    with open_last_good(work.environment, now=NOW) as opened:
        form = opened.project.forms["ask"]
    assert form.asset is not None
    assert PERSON["email"] not in str(form)
