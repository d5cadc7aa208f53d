"""The inbox: files are taken in once each by their content, put away, or left with a report."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from threading import Barrier, Event
from typing import TYPE_CHECKING, Any, Final

import pytest

from leadline.cli.embedded import import_files
from leadline.clock import SystemClock
from leadline.domain.endings import Facts
from leadline.stages import imports, inbox, open_workspace
from tests.factories import NOW, a_project, a_workspace, rows_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from leadline.stages import Workspace

DAY: Final = "2026-11-20"
HEADER: Final = "Email,Name,Company,Country\n"
PERSON: Final = "山田 花子"


@pytest.fixture
def work(tmp_path: Path) -> Iterator[Workspace]:
    with a_workspace(tmp_path / "home") as opened:
        yield opened


def put(work: Workspace, name: str, *people: str, header: str = HEADER) -> Path:
    """Write a file of leads into the inbox, where it has been lying for a minute."""
    path = work.environment.home / "inbox" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    rows = "".join(f"{each}@yamada.example,{each},Yamada,JP\n" for each in people)
    path.write_text(header + rows, encoding="utf-8")
    let_lie(path)
    return path


def let_lie(path: Path, seconds: float = 60.0) -> None:
    at = SystemClock().now().timestamp() - seconds
    os.utime(path, (at, at))


def many(count: int) -> list[str]:
    return [f"person{number}" for number in range(count)]


def run(work: Workspace) -> list[dict[str, Any]]:
    """Do what a run of the clock does; returns what became of the files."""
    seen = inbox.look(work, now=SystemClock().now())
    taken = [inbox.take(work, path, now=NOW, by=imports).facts for path in seen.paths]
    return [*seen.left, *taken]


def lying(work: Workspace) -> list[str]:
    """Return the names of all files in the inbox, those that were put away included."""
    root = work.environment.home / "inbox"
    return sorted(path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file())


def change_settings(work: Workspace, text: str, name: str = "settings.yaml") -> Workspace:
    """Add text to a file of the configuration and open the project anew."""
    path = work.environment.home / "config" / name
    before = path.read_text(encoding="utf-8") if path.exists() else ""
    path.write_text(before + text, encoding="utf-8")
    work.store.close()
    return open_workspace(work.environment, now=NOW)


# ---- what is taken in, and where it goes ----


def test_file_that_was_taken_in_is_put_away_by_day(work: Workspace) -> None:
    put(work, "名刺 2026.csv", "suzuki", "sato")
    (facts,) = run(work)
    assert (facts["outcome"], facts["source"], facts["encoding"]) == (
        *("imported", "名刺 2026"),
        "utf-8",
    )
    assert (facts["records"], facts["created"]) == (2, 2)
    assert lying(work) == [facts["moved_to"]] == [f"done/{DAY}/名刺 2026.csv"]
    assert run(work) == []


def test_day_is_that_of_the_project(work: Workspace) -> None:
    settings = work.environment.home / "config/settings.yaml"
    text = settings.read_text(encoding="utf-8").replace(
        "timezone: UTC  #", "timezone: Asia/Tokyo #"
    )
    settings.write_text(text, encoding="utf-8")
    put(work, "fair.csv", "suzuki")
    with open_workspace(work.environment, now=NOW) as fresh:
        late = NOW.replace(hour=23)
        inbox.take(fresh, "inbox/fair.csv", now=late, by=imports)
    assert lying(work) == ["done/2026-11-21/fair.csv"]


def test_sub_folder_is_the_source_and_has_its_mapping(work: Workspace) -> None:
    mapping = 'columns: {"Ansprechpartner X": full_name}\n'
    put(
        *(work, "展示会/leads.csv", "suzuki"),
        header="Email,Ansprechpartner X,Company,Country\n",
    )
    work = change_settings(work, mapping, "mappings/展示会.yaml")
    (facts,) = run(work)
    assert facts["source"] == "展示会"
    assert rows_of(work, "leads")[0]["full_name"] == "suzuki"
    assert lying(work) == [f"done/{DAY}/展示会/leads.csv"]
    work.store.close()


def test_workbook_is_taken_in(work: Workspace) -> None:
    from openpyxl import Workbook

    book = Workbook()
    assert book.active is not None
    book.active.append(["メールアドレス", "氏名"])
    book.active.append(["hanako@yamada.example", PERSON])
    path = work.environment.home / "inbox/名簿.XLSX"
    book.save(path)
    let_lie(path)
    (facts,) = run(work)
    assert (facts["outcome"], facts["created"]) == ("imported", 1)


def test_hidden_locked_unsettled_and_foreign_files_are_left(work: Workspace) -> None:
    names = [".half.csv", "~$fair.xlsx", "notes.md", ".sync/a.csv", "done/2026-01-01/old.csv"]
    for name in (*names, "new.csv"):
        put(work, name, "suzuki")
    let_lie(work.environment.home / "inbox/new.csv", seconds=0)
    seen = inbox.look(work, now=SystemClock().now())
    assert (seen.paths, seen.left, seen.waiting) == ([], [], 1)


def test_file_from_the_future_does_not_wait_for_it(work: Workspace) -> None:
    let_lie(put(work, "fair.csv", "suzuki"), seconds=-86_400)
    assert run(work)[0]["outcome"] == "imported"


def test_name_that_is_taken_gets_a_number(work: Workspace) -> None:
    for number, person in enumerate(("suzuki", "sato", "ito"), 1):
        put(work, "fair.csv", person)
        assert run(work)[0]["created"] == 1, number
    names = [f"done/{DAY}/fair{number}.csv" for number in ("", " (2)", " (3)")]
    assert lying(work) == sorted(names)
    root = work.environment.home / "inbox"
    assert "suzuki" in (root / names[0]).read_text(encoding="utf-8")


# ---- once each ----


def test_same_content_under_another_name_is_moved_and_not_imported(work: Workspace) -> None:
    put(work, "fair.csv", "suzuki")
    run(work)
    put(work, "fair (copy).csv", "suzuki")
    (facts,) = run(work)
    assert (facts["outcome"], facts["run"]) == ("known", 1)
    assert len(rows_of(work, "import_runs")) == 1
    assert lying(work) == [f"done/{DAY}/fair (copy).csv", f"done/{DAY}/fair.csv"]
    said = Facts([], [facts]).ending("en")
    assert (said.name, said.message) == ("Completed", "1 file(s) known already, moved to done")


def test_same_content_of_another_source_is_another_import(work: Workspace) -> None:
    put(work, "fair/leads.csv", "suzuki")
    put(work, "expo/leads.csv", "suzuki")
    assert [facts["source"] for facts in run(work)] == ["expo", "fair"]
    assert len(rows_of(work, "import_runs")) == 2
    assert len(rows_of(work, "leads")) == 1


def test_file_that_a_person_named_is_read_again_and_stays(work: Workspace) -> None:
    put(work, "fair.csv", "suzuki")
    for unchanged in (0, 1):
        path = "inbox/fair.csv"
        facts = inbox.take(work, path, now=NOW, by=imports, is_given=True).facts
        assert (facts["outcome"], facts["unchanged"]) == ("imported", unchanged)
    assert lying(work) == ["fair.csv"]
    assert run(work)[0]["outcome"] == "known"


class Slow:
    """Imports as the stage does, and waits at one place meanwhile."""

    preview_import = staticmethod(imports.preview_import)
    finish_import = staticmethod(imports.finish_import)

    def __init__(self) -> None:
        self.has_begun, self.may_go_on = Event(), Event()

    def import_file(self, *arguments: Any, **named: Any) -> Any:  # noqa: ANN401 - passed on
        self.has_begun.set()
        assert self.may_go_on.wait(30)
        return imports.import_file(*arguments, **named)


def test_two_runs_at_once_take_a_file_once(work: Workspace) -> None:
    put(work, "fair.csv", "suzuki", "sato")
    slow, path = Slow(), "inbox/fair.csv"
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(inbox.take, work, path, now=NOW, by=slow)
        assert slow.has_begun.wait(30)
        second = inbox.take(work, path, now=NOW, by=imports)
        slow.may_go_on.set()
        assert first.result().facts["created"] == 2
    assert second.facts["outcome"] == "busy"
    assert Facts([], [second.facts]).ending("en").name == "Idle"
    assert len(rows_of(work, "import_runs")) == 1
    late = inbox.take(work, path, now=NOW, by=imports)
    assert late.facts["outcome"] == "gone"
    assert list((work.environment.state / "inbox").iterdir()) == []


def test_runs_that_meet_at_every_file_share_them(work: Workspace) -> None:
    for number in range(6):
        put(work, f"fair{number}.csv", f"person{number}")
    together = Barrier(3)

    def one_run() -> list[dict[str, Any]]:
        together.wait(30)
        return run(work)

    with ThreadPoolExecutor(3) as pool:
        runs = [pool.submit(one_run) for _ in range(3)]
        facts = [each for found in runs for each in found.result()]
    assert sorted(each["file"] for each in facts if each["outcome"] == "imported") == [
        f"inbox/fair{number}.csv" for number in range(6)
    ]
    assert {each["outcome"] for each in facts} <= {"imported", "busy", "gone"}
    assert len(rows_of(work, "import_runs")) == len(rows_of(work, "leads")) == 6


KILLED: Final = """
import os, signal, sys
from datetime import datetime
from leadline.config.environment import read_environment
from leadline.stages import imports, inbox, open_workspace

class Killed:
    preview_import = staticmethod(imports.preview_import)
    import_file = staticmethod(imports.import_file)
    def finish_import(self, *arguments, **named):
        if sys.argv[1] == "after":
            imports.finish_import(*arguments, **named)
        os.kill(os.getpid(), signal.SIGKILL)

now = datetime.fromisoformat(sys.argv[2])
with open_workspace(read_environment(os.environ), now=now) as work:
    inbox.take(work, "inbox/fair.csv", now=now, by=Killed())
"""


@pytest.mark.parametrize(("moment", "outcome"), [("after", "known"), ("before", "imported")])
def test_file_of_a_killed_run_is_moved_by_the_next(
    work: Workspace, moment: str, outcome: str
) -> None:
    put(work, "fair.csv", "suzuki", "sato")
    command = (sys.executable, "-c", KILLED, moment, NOW.isoformat())
    variables = os.environ | {"LEADLINE_HOME": str(work.environment.home)}
    root = Path(__file__).parents[2]
    done = subprocess.run(command, env=variables, cwd=root, check=False)
    assert done.returncode == -signal.SIGKILL
    assert lying(work) == ["fair.csv"]
    (facts,) = run(work)
    assert facts["outcome"] == outcome
    assert lying(work) == [f"done/{DAY}/fair.csv"]
    assert len(rows_of(work, "import_runs")) == 1
    assert len(rows_of(work, "leads")) == 2


def test_place_that_a_killed_move_had_taken_is_used(work: Workspace) -> None:
    place = put(work, f"done/{DAY}/fair.csv")
    place.write_bytes(b"")
    put(work, "fair.csv", "suzuki")
    run(work)
    assert lying(work) == [f"done/{DAY}/fair.csv"]
    assert place.stat().st_size > 0


def test_file_that_changes_while_it_is_read_stays_for_the_next_run(work: Workspace) -> None:
    path = put(work, "fair.csv", "suzuki")
    slow = Slow()
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(inbox.take, work, "inbox/fair.csv", now=NOW, by=slow)
        assert slow.has_begun.wait(30)
        put(work, "fair.csv", "suzuki", "sato")
        slow.may_go_on.set()
        assert first.result().facts["moved_to"] == ""
    assert path.exists()
    assert run(work)[0]["moved_to"] == f"done/{DAY}/fair.csv"
    assert len(rows_of(work, "leads")) == 2


def test_file_that_was_taken_back_comes_in_again_when_it_is_dropped_again(
    work: Workspace,
) -> None:
    from leadline.stages.undo import undo_import

    put(work, "fair.csv", "suzuki")
    run(work)
    undo_import(work, 1, now=NOW + timedelta(minutes=1))
    assert rows_of(work, "leads") == []
    put(work, "fair.csv", "suzuki")
    assert run(work)[0]["created"] == 1


# ---- what cannot be taken in ----


def test_failed_file_stays_with_its_report_and_is_not_tried_again(work: Workspace) -> None:
    put(work, "bad.csv", header=f"氏名,電話番号,{PERSON}\n佐藤 一郎,06-1234-1098,x\n")
    (facts,) = run(work)
    assert (facts["outcome"], facts["error"]) == ("failed", "NoAddressColumn")
    assert facts["report"] == "inbox/bad.csv.report.txt"
    report = (work.environment.home / facts["report"]).read_text(encoding="utf-8-sig")
    assert "has no column with mail addresses" in report
    assert "メールアドレスの列が見つかりません" in report
    assert "reads:" not in report
    assert "見出し(" not in report
    assert "config/mappings/bad.yaml" in report
    assert PERSON not in report
    assert "06-1234" not in report
    (left,) = run(work)
    assert left == {"file": "inbox/bad.csv", "outcome": "reported"}
    assert rows_of(work, "import_runs") == []


def test_failed_file_asks_for_attention_once(work: Workspace) -> None:
    put(work, "bad.csv", header="hello\n")
    first, second = (Facts([], run(work)).ending("en") for _ in range(2))
    assert first.name == "Attention"
    assert "1 file(s) not taken in (inbox/bad.csv)" in first.message
    assert second.name == "Idle"
    assert second.message.startswith("1 file(s) in the inbox wait for you")


@pytest.mark.parametrize("ending", [".xls", ".ods", ".xlsx", ".csv"])
def test_what_people_take_for_a_table_is_refused_with_a_report(
    work: Workspace, ending: str
) -> None:
    path = put(work, f"fair{ending}")
    path.write_bytes(b"%PDF-1.7 \x00\x01\x02")
    let_lie(path)
    assert run(work)[0]["error"] == "FileBinary"


def test_mended_file_is_tried_again_and_loses_its_report(work: Workspace) -> None:
    put(work, "fair.csv", header="hello\n")
    run(work)
    put(work, "fair.csv", "suzuki")
    assert run(work)[0]["outcome"] == "imported"
    assert lying(work) == [f"done/{DAY}/fair.csv"]


def test_file_that_was_only_touched_is_not_tried_again(work: Workspace) -> None:
    let_lie(put(work, "fair.csv", header="hello\n"), seconds=120)
    run(work)
    report = work.environment.home / "inbox/fair.csv.report.txt"
    before = report.read_text(encoding="utf-8")
    let_lie(work.environment.home / "inbox/fair.csv", seconds=30)
    assert run(work)[0]["outcome"] == "reported"
    after = report.read_text(encoding="utf-8")
    assert before.rpartition(" mark=")[0] == after.rpartition(" mark=")[0]
    assert before != after


def test_failed_file_is_tried_again_with_another_mapping(work: Workspace) -> None:
    put(work, "fair.csv", header="氏名,会社名,連絡先\n佐藤 一郎,佐藤商店,なし\n")
    assert run(work)[0]["error"] == "NoAddressColumn"
    work = change_settings(work, "columns: {連絡先: email}\n", "mappings/fair.yaml")
    assert run(work)[0]["outcome"] == "imported"
    work.store.close()


def test_failed_file_is_tried_again_without_its_report(work: Workspace) -> None:
    put(work, "fair.csv", header="hello\n")
    report = work.environment.home / run(work)[0]["report"]
    report.unlink()
    assert run(work)[0]["outcome"] == "failed"


def test_report_is_no_table_and_a_report_of_leads_is(work: Workspace) -> None:
    put(work, "q3.report.txt", "suzuki")
    put(work, "fair.csv.report.txt", "sato")
    assert [facts["file"] for facts in run(work)] == ["inbox/q3.report.txt"]


def test_file_that_breaks_us_is_reported_and_the_others_come_in(work: Workspace) -> None:
    class Broken:
        preview_import = staticmethod(imports.preview_import)
        finish_import = staticmethod(imports.finish_import)

        def import_file(self, work: Workspace, path: Path, **named: Any) -> Any:  # noqa: ANN401
            if path.name == "a.csv":
                raise KeyError(PERSON)
            return imports.import_file(work, path, **named)

    put(work, "a.csv", "suzuki")
    put(work, "b.csv", "sato")
    seen = inbox.look(work, now=SystemClock().now())
    facts = [inbox.take(work, path, now=NOW, by=Broken()).facts for path in seen.paths]
    assert [each["outcome"] for each in facts] == ["failed", "imported"]
    report = (work.environment.home / facts[0]["report"]).read_text(encoding="utf-8-sig")
    assert "KeyError" in report
    assert "test_inbox.py:" in report
    assert PERSON not in report


def test_link_out_of_the_inbox_is_reported_and_not_followed(work: Workspace) -> None:
    path = put(work, "fair.csv", "suzuki")
    link = path.with_name("link.csv")
    link.symlink_to("/etc/hosts")
    assert [facts["outcome"] for facts in run(work)] == ["imported", "failed"]
    assert "leads out of its folder" in link.with_name("link.csv.report.txt").read_text("utf-8")


def test_report_is_not_written_through_a_link(work: Workspace, tmp_path: Path) -> None:
    path = put(work, "fair.csv", header="hello\n")
    outside = tmp_path / "outside.txt"
    report = path.with_name("fair.csv.report.txt")
    report.symlink_to(outside)
    assert run(work)[0]["report"] == "inbox/fair.csv.report.txt"
    assert not outside.exists()
    assert not report.is_symlink()
    assert [each["outcome"] for each in run(work)] == ["reported"]
    assert lying(work) == ["fair.csv", "fair.csv.report.txt"]


@pytest.mark.parametrize("link", ["done", f"done/{DAY}"])
def test_file_is_not_put_away_through_a_link_out_of_the_inbox(
    work: Workspace, tmp_path: Path, link: str
) -> None:
    path = put(work, "fair.csv", "suzuki")
    outside = tmp_path / "outside"
    outside.mkdir()
    place = path.with_name("done") if link == "done" else path.parent / link
    place.parent.mkdir(exist_ok=True)
    place.symlink_to(outside)
    for outcome in ("imported", "known"):
        (facts,) = run(work)
        assert (facts["outcome"], facts["unmoved"]) == (outcome, "DoneLeadsOut")
    assert path.exists()
    assert list(outside.iterdir()) == []


LONG: Final = "展" * 83


def test_very_long_name_is_taken_in_and_so_are_the_files_behind_it(work: Workspace) -> None:
    put(work, f"{LONG}.csv", "suzuki")
    put(work, f"{LONG}.tsv", "sato")
    assert [facts["outcome"] for facts in run(work)] == ["imported", "imported"]
    put(work, f"{LONG}.csv", "ito")
    (facts,) = run(work)
    assert facts["moved_to"].endswith("展 (2).csv")
    assert len(lying(work)) == 3


def test_very_long_name_has_a_report_of_its_own(work: Workspace) -> None:
    names = [f"{LONG[1:]}{last}.csv" for last in "会場"]
    for name in names:
        put(work, name, header="hello\n")
    reports = {facts["report"] for facts in run(work)}
    assert len(reports) == 2
    for report in reports:
        path = work.environment.home / report
        assert path.is_file()
        assert path.name.startswith("展展展")
        assert path.name.endswith(".csv.report.txt")
    assert [facts["outcome"] for facts in run(work)] == ["reported", "reported"]
    for name, person in zip(names, ("suzuki", "sato"), strict=True):
        put(work, name, person)
    assert [facts["outcome"] for facts in run(work)] == ["imported", "imported"]
    assert lying(work) == sorted(f"done/{DAY}/{name}" for name in names)


def test_very_long_name_with_rejected_rows_is_taken_in(work: Workspace) -> None:
    path = put(work, f"{LONG}.csv", "suzuki")
    path.write_text(path.read_text("utf-8") + "no-address,x,,\n", encoding="utf-8")
    let_lie(path)
    (facts,) = run(work)
    assert (facts["outcome"], facts["rejected"]) == ("imported", 1)
    assert facts["moved_to"]


def test_file_whose_name_is_in_cp932_is_reported_once(work: Workspace) -> None:
    name = os.fsdecode("名刺.csv".encode("cp932"))
    put(work, name, "suzuki")
    (facts,) = run(work)
    assert (facts["file"], facts["error"]) == (r"inbox/\x96\xbc\x8eh.csv", "FileNameForeign")
    assert [each["outcome"] for each in run(work)] == ["reported"]
    assert sorted(lying(work)) == sorted([name, f"{name}.report.txt"])


def test_report_that_is_not_ours_is_neither_overwritten_nor_removed(work: Workspace) -> None:
    own = put(work, "fair.csv.report.txt", "sato")
    before = own.read_text(encoding="utf-8")
    put(work, "fair.csv", header="hello\n")
    assert "report" not in run(work)[0]
    put(work, "fair.csv", "suzuki")
    assert run(work)[0]["outcome"] == "imported"
    assert own.read_text(encoding="utf-8") == before


async def test_clock_without_prefect_takes_in_what_waits(work: Workspace) -> None:
    put(work, "bad.csv", header="hello\n")
    put(work, "展示会/old.csv", *many(201))
    put(work, "展示会/new.csv", "suzuki", "sato")
    facts = await import_files(work, SystemClock().now())
    assert [file["outcome"] for file in facts.files] == ["failed", "imported", "held"]
    assert "2 of 2 rows of 1 file(s), 0 quarantined; intake 2 of 2;" in facts.ending("en").message
    again = (await import_files(work, SystemClock().now())).ending("ja")
    assert (again.name, again.message) == (
        "Idle",
        "報告付きで取込フォルダに残っているファイル2件",
    )


@pytest.mark.parametrize("path", ["inbox/../../x.csv", "../x.csv", "/etc/hosts", "s3://b/x.csv"])
def test_path_outside_the_inboxes_is_not_opened(work: Workspace, path: str) -> None:
    facts = inbox.take(work, path, now=NOW, by=imports).facts
    assert facts == {"file": path, "outcome": "failed", "error": "OutsideHome"}


# ---- more new leads than may go on ----


def test_file_above_the_threshold_is_held_with_its_choices(work: Workspace) -> None:
    put(work, "fair/old list.csv", *many(201))
    (facts,) = run(work)
    assert (facts["outcome"], facts["new_leads"], facts["backfill_threshold"]) == ("held", 201, 200)
    assert rows_of(work, "submissions") == []
    report = (work.environment.home / facts["report"]).read_text(encoding="utf-8-sig")
    for choice in ("--backfill", "--yes"):
        assert f"leadline import 'inbox/fair/old list.csv' --source fair {choice}" in report
    assert "201 new leads" in report
    assert "新規リードが 201 件" in report
    ending = Facts([], [facts]).ending("en")
    assert ending.name == "Attention"
    assert "(inbox/fair/old list.csv): `leadline import FILE --backfill`" in ending.message
    assert run(work)[0]["outcome"] == "reported"


def test_file_that_was_held_is_put_away_once_a_person_took_it_in(work: Workspace) -> None:
    path = put(work, "old.csv", *many(201))
    run(work)
    taken = imports.import_file(work, path, now=NOW, is_backfill=True)
    imports.finish_import(work, taken, now=NOW)
    (facts,) = run(work)
    assert (facts["outcome"], facts["run"]) == ("known", 1)
    assert lying(work) == [f"done/{DAY}/old.csv"]


def test_leads_that_a_file_would_let_go_count_like_new_ones(work: Workspace) -> None:
    old = put(work, "fair/old.csv", *many(201))
    taken = imports.import_file(work, old, now=NOW, is_backfill=True)
    imports.finish_import(work, taken, now=NOW)
    old.unlink()
    put(work, "live/new.csv", *many(201))
    (facts,) = run(work)
    assert (facts["outcome"], facts["new_leads"], facts["released"]) == ("held", 0, 201)
    report = (work.environment.home / facts["report"]).read_text(encoding="utf-8-sig")
    assert "0 new leads and let 201 go that a backfill holds, more than the 200" in report
    assert "新規リードが 0 件、保留が解除されるリードが 201 件あり" in report
    assert {lead["held_import_run_id"] for lead in rows_of(work, "leads")} == {taken.run_id}


def test_source_whose_mapping_says_backfill_is_held_back_and_not_stopped(work: Workspace) -> None:
    put(work, "old.csv", *many(201))
    work = change_settings(work, "backfill: true\n", "mappings/old.yaml")
    (facts,) = run(work)
    assert (facts["outcome"], facts["created"], facts["is_backfill"]) == ("imported", 201, True)
    work.store.close()


def test_file_at_the_threshold_goes_on(work: Workspace) -> None:
    put(work, "fair.csv", *many(200))
    assert run(work)[0]["created"] == 200


def test_threshold_of_the_source_counts(tmp_path: Path) -> None:
    files = {"config/mappings/fair.yaml": "backfill_threshold: 1\n"}
    with a_workspace(tmp_path / "home", files=files) as work:
        put(work, "fair.csv", "suzuki", "sato")
        put(work, "expo.csv", "ito", "kato")
        assert [facts["outcome"] for facts in run(work)] == ["imported", "held"]


# ---- on the database server too ----


def test_content_is_known_on_every_database(tmp_path: Path, database_url: str) -> None:
    environment = a_project(tmp_path / "home", database_url)
    with open_workspace(environment, now=NOW) as work:
        for outcome in ("imported", "known"):
            put(work, "fair.csv", "suzuki")
            assert run(work)[0]["outcome"] == outcome
