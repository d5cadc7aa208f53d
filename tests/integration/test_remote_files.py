"""Inboxes elsewhere: folders of fsspec's file systems, and settings that name them."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

import fsspec
import pytest
from fsspec.implementations.memory import MemoryFileSystem

from leadline.clock import SystemClock
from leadline.config.loader import check_project
from leadline.domain.endings import Facts
from leadline.files import remote
from leadline.files.remote import FolderUnusable, open_folder
from leadline.stages import imports, inbox
from tests.command_line import CommandLine
from tests.factories import NOW, a_project, a_workspace, rows_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from leadline.stages import Workspace

DAY: Final = "2026-11-20"
URL: Final = "memory://drop/展示会"
ROWS: Final = "Email,Name,Company,Country\n{name}@yamada.example,{name},Yamada,JP\n"


class Watched(MemoryFileSystem):  # type: ignore[misc]  # fsspec has no types
    """A file system that counts what is fetched, and renames as SFTP does."""

    protocol = "watched"
    fetched: Final[list[str]] = []

    @classmethod
    def _strip_protocol(cls, path: str) -> str:
        return str(super()._strip_protocol(path.replace("watched://", "memory://")))

    def get_file(self, rpath: str, lpath: str, **named: Any) -> None:  # noqa: ANN401 - passed on
        self.fetched.append(rpath)
        super().get_file(rpath, lpath, **named)

    def mv(self, path1: str, path2: str, **named: Any) -> None:  # noqa: ANN401 - as above
        del named
        self.store[path2] = self.store.pop(path1)


class ReadOnly(Watched):
    """A file system in which nothing can be changed."""

    protocol = "readonly"

    @classmethod
    def _strip_protocol(cls, path: str) -> str:
        return str(super()._strip_protocol(path.replace("readonly://", "memory://")))

    def mv(self, *arguments: str, **named: Any) -> None:  # noqa: ANN401 - as above
        raise PermissionError(arguments, named)

    def pipe_file(self, *arguments: Any, **named: Any) -> None:  # noqa: ANN401 - as above
        raise PermissionError(arguments, named)


class Torn(MemoryFileSystem):  # type: ignore[misc]  # as above
    """A file system that copies half of a file."""

    protocol = "torn"

    @classmethod
    def _strip_protocol(cls, path: str) -> str:
        return str(super()._strip_protocol(path.replace("torn://", "memory://")))

    def cp_file(self, path1: str, path2: str, **named: Any) -> None:  # noqa: ANN401 - as above
        del named
        self.pipe_file(path2, self.cat_file(path1)[:10])


@pytest.fixture(autouse=True)
def elsewhere() -> Iterator[MemoryFileSystem]:
    """Give an empty memory file system, under several names."""
    for kind in (Watched, ReadOnly, Torn):
        fsspec.register_implementation(kind.protocol, kind, clobber=True)
    files = fsspec.filesystem("memory")
    Watched.fetched.clear()
    yield files
    files.store.clear()
    files.pseudo_dirs[:] = [""]


def put(files: MemoryFileSystem, name: str, *, rows: str = "") -> None:
    text = rows or ROWS.format(name="suzuki")
    files.pipe_file(f"/drop/展示会/{name}", text.encode())


def with_inboxes(folder: Path, text: str) -> Workspace:
    """Open a project whose settings name inboxes."""
    environment = a_project(folder)
    settings = environment.home / "config/settings.yaml"
    settings.write_text(settings.read_text("utf-8") + f"inboxes: {text}\n", "utf-8")
    return a_workspace(folder)


@pytest.fixture
def work(tmp_path: Path) -> Iterator[Workspace]:
    with with_inboxes(tmp_path / "home", f'[{{url: "{URL}"}}]') as opened:
        yield opened


def run(work: Workspace) -> list[dict[str, Any]]:
    """Do what a run of the clock does a minute later; returns what became of the files."""
    seen = inbox.look(work, now=SystemClock().now() + timedelta(minutes=1))
    taken = [inbox.take(work, path, now=NOW, by=imports).facts for path in seen.paths]
    return [*seen.left, *taken]


def lying(files: MemoryFileSystem) -> list[str]:
    names = files.find("/drop/展示会")
    return sorted(name.removeprefix("/drop/展示会/") for name in names)


def test_file_elsewhere_is_taken_in_and_put_away(
    work: Workspace, elsewhere: MemoryFileSystem
) -> None:
    put(elsewhere, "名刺 [1].csv")
    (facts,) = run(work)
    assert (facts["file"], facts["source"]) == (f"{URL}/名刺 [1].csv", "名刺 [1]")
    assert (facts["outcome"], facts["created"]) == ("imported", 1)
    assert lying(elsewhere) == [facts["moved_to"]] == [f"done/{DAY}/名刺 [1].csv"]
    assert list((work.environment.state / "inbox").iterdir()) == [], "no copy is left here"
    assert run(work) == []


def test_sub_folders_elsewhere_are_sources_and_hidden_ones_are_not(
    work: Workspace, elsewhere: MemoryFileSystem
) -> None:
    for name in ("fair/a.csv", ".git/b.csv", "done/2026-01-01/c.csv", "notes.md", "~$d.xlsx"):
        put(elsewhere, name)
    assert [facts["source"] for facts in run(work)] == ["fair"]
    assert f"done/{DAY}/fair/a.csv" in lying(elsewhere)


def test_names_and_contents_elsewhere_are_met_once(
    work: Workspace, elsewhere: MemoryFileSystem
) -> None:
    for rows, outcome in ((ROWS.format(name="sato"), "imported"), ("", "imported"), ("", "known")):
        put(elsewhere, "fair.csv", rows=rows)
        assert run(work)[0]["outcome"] == outcome
    names = [f"done/{DAY}/fair{number}.csv" for number in ("", " (2)", " (3)")]
    assert lying(elsewhere) == sorted(names)
    assert len(rows_of(work, "import_runs")) == 2


def test_inbox_states_source_and_backfill(tmp_path: Path, elsewhere: MemoryFileSystem) -> None:
    text = f'[{{url: "{URL}", source: 展示会, backfill: true}}]'
    with with_inboxes(tmp_path / "home", text) as work:
        people = "".join(f"p{number}@example.com\n" for number in range(201))
        put(elsewhere, "sub/old.csv", rows="Email\n" + people)
        (facts,) = run(work)
    assert (facts["source"], facts["created"], facts["is_backfill"]) == ("展示会", 201, True)


def test_file_that_just_came_elsewhere_waits(work: Workspace, elsewhere: MemoryFileSystem) -> None:
    put(elsewhere, "fair.csv")
    seen = inbox.look(work, now=SystemClock().now())
    assert (seen.paths, seen.waiting) == ([], 1)


def test_failed_file_elsewhere_is_not_fetched_again_until_it_changes(
    tmp_path: Path, elsewhere: MemoryFileSystem
) -> None:
    url = URL.replace("memory", "watched")
    with with_inboxes(tmp_path / "home", f'[{{url: "{url}"}}]') as work:
        put(elsewhere, "fair.csv", rows="hello\n")
        assert [run(work)[0]["outcome"] for _ in range(3)] == ["failed", "reported", "reported"]
        assert len(Watched.fetched) == 1
        report = elsewhere.cat_file("/drop/展示会/fair.csv.report.txt").decode("utf-8-sig")
        assert "leadline import COPY-OF-THE-FILE --source fair --dry-run" in report
        put(elsewhere, "fair.csv")
        assert run(work)[0]["moved_to"] == f"done/{DAY}/fair.csv"
    assert lying(elsewhere) == [f"done/{DAY}/fair.csv"]


def test_file_that_cannot_be_moved_is_known_and_asks_for_a_person(
    tmp_path: Path, elsewhere: MemoryFileSystem
) -> None:
    url = URL.replace("memory", "readonly")
    with with_inboxes(tmp_path / "home", f'[{{url: "{url}"}}]') as work:
        put(elsewhere, "fair.csv")
        for outcome in ("imported", "known"):
            (facts,) = run(work)
            assert (facts["outcome"], facts["unmoved"]) == (outcome, "FolderUnusable")
            ending = Facts([], [facts]).ending("en")
            assert (ending.name, "cannot be moved to done" in ending.message) == ("Attention", True)
        assert len(rows_of(work, "import_runs")) == 1
    assert lying(elsewhere) == ["fair.csv"]


def test_file_whose_copy_is_not_whole_is_not_removed(
    tmp_path: Path, elsewhere: MemoryFileSystem
) -> None:
    with with_inboxes(tmp_path / "home", f'[{{url: "{URL.replace("memory", "torn")}"}}]') as work:
        put(elsewhere, "fair.csv")
        assert run(work)[0]["unmoved"] == "FolderUnusable"
    assert "fair.csv" in lying(elsewhere)


def test_copy_that_a_killed_run_left_is_replaced_and_removed(
    work: Workspace, elsewhere: MemoryFileSystem
) -> None:
    put(elsewhere, "fair.csv")
    folder = open_folder(URL)
    scratch = work.environment.state / "inbox" / "0"
    scratch.mkdir(parents=True)
    (scratch / "fair.csv").write_text("half", "utf-8")
    with folder.fetch("fair.csv", scratch) as path:
        assert path.read_text("utf-8") == ROWS.format(name="suzuki")
    assert not scratch.exists()


def test_file_url_is_read_where_it_lies(tmp_path: Path) -> None:
    folder = tmp_path / "共有 フォルダ"
    folder.mkdir()
    (folder / "fair.csv").write_text(ROWS.format(name="suzuki"), "utf-8")
    os.utime(folder / "fair.csv", (0, 0))
    with with_inboxes(tmp_path / "home", f'[{{url: "file://{folder}"}}]') as work:
        (facts,) = run(work)
        assert (facts["file"], facts["created"]) == (f"file://{folder}/fair.csv", 1)
    assert (folder / facts["moved_to"]).is_file()


def test_folder_that_cannot_be_used_keeps_no_other_from_coming_in(
    tmp_path: Path, elsewhere: MemoryFileSystem
) -> None:
    urls = ("s3://bucket/leads", "memory://nowhere", f"file://{tmp_path}/nowhere", URL)
    text = "".join(f'\n  - url: "{url}"' for url in urls)
    put(elsewhere, "fair.csv")
    with with_inboxes(tmp_path / "home", text) as work:
        facts = run(work)
    assert [each["outcome"] for each in facts] == ["unusable"] * 3 + ["imported"]
    assert (
        "3 inbox(es) cannot be used (s3://bucket/leads, " in Facts([], facts).ending("en").message
    )


def test_folder_says_which_library_is_missing() -> None:
    with pytest.raises(FolderUnusable) as caught:
        open_folder("s3://someone@bucket/leads")
    assert "s3://bucket/leads cannot be used: Install s3fs to access S3." in caught.value.say("en")
    assert "someone" not in caught.value.say("ja")


def test_doctor_tells_of_inboxes(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    elsewhere: MemoryFileSystem,
) -> None:
    put(elsewhere, "fair.csv")
    home = tmp_path / "home"
    with with_inboxes(home, f'[{{url: "{URL}"}}, {{url: "s3://bucket/leads"}}]'):
        pass
    answer = CommandLine(home, monkeypatch, capsys)("doctor", "--quick", "--json")
    told = [check for check in answer.document["checks"] if check["name"] == "inbox"]
    assert [check["ok"] for check in told] == [True, False]
    assert told[0]["message"] == f"{URL} can be listed, 1 file(s) lie there"
    assert "s3fs" in told[1]["message"]


@pytest.mark.parametrize(
    ("url", "code", "suggestion"),
    [
        ("leads", "folder_url_expected", ""),
        ("s3://", "folder_url_expected", ""),
        ("https://example.com/leads", "folder_url_expected", ""),
        ("simplecache::s3://bucket/leads", "folder_url_expected", ""),
        ("sftp://sales:secret@files.example.com/leads", "secret_in_url", ""),
        ("abfs://leads@acc.example.com/x?sig=secret", "secret_in_url", ""),
        ("sfpt://files.example.com/leads", "unknown_protocol", "sftp"),
    ],
)
def test_inbox_that_cannot_be_meant_is_refused_without_its_secret(
    tmp_path: Path, url: str, code: str, suggestion: str
) -> None:
    home = a_project(tmp_path / "home").home
    settings = home / "config/settings.yaml"
    settings.write_text(settings.read_text("utf-8") + f"inboxes:\n  - url: {url}\n", "utf-8")
    project, (problem,) = check_project(home)
    assert project is None
    assert (problem.code, problem.suggestion) == (code, suggestion)
    assert "secret@" not in problem.say("en") + problem.say("ja")
    assert "sig=" not in problem.say("en")


@pytest.mark.parametrize(
    "url", ["sftp://sales@files.example.com/leads", "abfs://leads@account.example.com/in", "s3://b"]
)
def test_inbox_may_name_a_user_and_no_password(tmp_path: Path, url: str) -> None:
    home = a_project(tmp_path / "home").home
    settings = home / "config/settings.yaml"
    settings.write_text(settings.read_text("utf-8") + f"inboxes:\n  - url: {url}\n", "utf-8")
    project, problems = check_project(home)
    assert not problems
    assert project is not None
    assert project.settings.inboxes[0].url == url


@pytest.mark.parametrize(
    "stated",
    [
        *(1_794_700_800, 1_794_700_800.0),
        *("2026-11-15T00:00:00+00:00", "20261115000000", "20261115000000.5"),
        datetime(2026, 11, 15, tzinfo=UTC),
        datetime(2026, 11, 15),  # noqa: DTZ001 - as some file systems state it
    ],
)
def test_time_of_change_is_read_as_file_systems_state_it(stated: object) -> None:
    assert remote._seconds(stated) == datetime(2026, 11, 15, tzinfo=UTC).timestamp()


def test_time_that_nobody_understands_is_none() -> None:
    assert remote._seconds("last Tuesday") is None
    assert remote._seconds(None) is None
