"""Imports of files: what is stored, what goes on, and what a second look at a file finds."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import func, select

from leadline.config.shape import MappingShape
from leadline.domain import columns as judging
from leadline.files.sources import Wish
from leadline.stages import ORDER, run_stages
from leadline.stages.imports import finish_import, import_file, preview_import
from leadline.store import schema
from leadline.store.import_runs import ImportTakenBack
from leadline.store.leases import Owner, _started, this_process
from leadline.store.rehearsals import Consequences, count_consequences
from tests.factories import NOW, a_workspace, rows_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from leadline.stages import Workspace

HEADER = "Email,Name,Company,Country,Message\n"


@pytest.fixture
def work(tmp_path: Path) -> Iterator[Workspace]:
    with a_workspace(tmp_path / "home") as opened:
        yield opened


def put(work: Workspace, rows: Sequence[str], *, header: str = HEADER, name: str = "fair") -> Path:
    path = work.environment.home / f"{name}.csv"
    path.write_text(header + "".join(f"{row}\n" for row in rows), "utf-8")
    return path


def a_row(name: str, message: str = "quote") -> str:
    return f"{name}@yamada.example,{name},Yamada,JP,{message}"


def take(work: Workspace, path: Path, **options: Any) -> dict[str, Any]:  # noqa: ANN401
    return finish_import(work, import_file(work, path, now=NOW, **options), now=NOW)


def test_rows_are_stored_word_for_word_and_judged_at_once(work: Workspace) -> None:
    report = take(work, put(work, [a_row("sato", " Hello\u3000"), "no address,,,,"]))
    assert (report["created"], report["rejected"]) == (1, 1)
    stored = rows_of(work, "submissions")
    assert [(row["state"], row["outcome"], row["line"]) for row in stored] == [
        ("accepted", "created", 2),
        ("quarantined", None, 3),
    ]
    assert stored[0]["raw"] == ["sato@yamada.example", "sato", "Yamada", "JP", " Hello\u3000"]
    assert [lead["message"] for lead in rows_of(work, "leads")] == ["Hello"]


def test_same_file_again_changes_no_row_of_any_table(work: Workspace) -> None:
    path = put(work, [a_row("sato"), a_row("sato"), a_row("ito", "demo"), "no address,,,,"])
    take(work, path)
    tables = ("submissions", "leads", "lead_keys", "consents", "import_changes")
    before = {name: rows_of(work, name) for name in tables}
    again = take(work, path)
    assert {name: rows_of(work, name) for name in tables} == before
    assert (again["unchanged"], again["created"], again["updated"]) == (3, 0, 0)
    assert (again["records"], again["rejected"]) == (4, 1)
    assert [reject["line"] for reject in again["rejects"]] == [5]


def test_import_that_was_cut_short_goes_on_behind_the_last_line(work: Workspace) -> None:
    path = put(work, [a_row(f"p{number}") for number in range(25)])
    import_file(work, path, now=NOW, size=10, most=1)  # and then the computer went down
    report = take(work, path, size=10)
    assert (report["run"], report["resumed_from"]) == (1, 11)
    assert (report["created"], report["unchanged"], report["records"]) == (25, 0, 25)
    assert len(rows_of(work, "leads")) == 25


def cut_short(work: Workspace) -> Path:
    """Import the first of three chunks of a file."""
    path = put(work, [a_row(f"p{number}") for number in range(25)])
    import_file(work, path, now=NOW, size=10, most=1)
    return path


def test_backfill_does_not_go_on_with_an_import_that_was_cut_short(work: Workspace) -> None:
    report = take(work, cut_short(work), is_backfill=True)
    assert (report["run"], report["resumed_from"], report["unchanged"]) == (2, None, 10)
    runs = [lead["held_import_run_id"] for lead in rows_of(work, "leads")]
    assert runs == [None] * 10 + [2] * 15


def test_import_with_another_mapping_does_not_go_on_with_one_that_was_cut_short(
    work: Workspace,
) -> None:
    wish = Wish(mapping=MappingShape(columns={"Message": "title"}))
    report = take(work, cut_short(work), wish=wish)
    assert (report["run"], report["resumed_from"], report["mapped_otherwise"]) == (2, None, [1])


def test_import_that_is_being_taken_back_is_not_gone_on_with(work: Workspace) -> None:
    path = cut_short(work)
    with work.store.write() as connection:
        connection.execute(schema.import_runs.update().values(undo_counts={}))
    report = take(work, path)
    assert (report["run"], report["resumed_from"], report["created"]) == (2, None, 15)


def test_row_that_breaks_us_is_refused_and_the_others_go_on(
    work: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    decide = judging.decide_columns

    def break_at(cells: Any, **rest: Any) -> Any:  # noqa: ANN401
        if "boom" in cells["Name"].to_pylist():
            raise ZeroDivisionError
        return decide(cells, **rest)

    monkeypatch.setattr(judging, "decide_columns", break_at)
    path = put(work, [a_row("sato"), a_row("boom"), a_row("ito"), a_row("kato"), a_row("boom")])
    report = take(work, path)
    assert [(each["line"], each["reason"]) for each in report["rejects"]] == [
        (3, "unreadable"),
        (6, "unreadable"),
    ]
    assert [lead["full_name"] for lead in rows_of(work, "leads")] == ["sato", "ito", "kato"]


def test_look_ahead_counts_as_the_import_does_and_stores_nothing(work: Workspace) -> None:
    take(work, put(work, [a_row("sato")]))
    path = put(
        work, [a_row("sato"), a_row("sato", "demo"), a_row("ito"), a_row("ito", "x"), ",,,,"]
    )
    before = rows_of(work, "submissions")
    preview = preview_import(work, path)
    assert (preview.records, preview.unchanged, preview.created, preview.joined) == (5, 1, 1, 2)
    assert [reject["reason"] for reject in preview.rejects] == ["empty_row"]
    assert rows_of(work, "submissions") == before
    report = take(work, path)
    assert (report["created"], report["updated"] + report["duplicates"]) == (1, 2)


def test_look_ahead_lists_the_rejects_in_the_order_of_the_file(work: Workspace) -> None:
    rows = ["one cell", "no address,,,,", "two,cells", "no address either,,,,"]
    found = preview_import(work, put(work, rows)).rejects
    assert [(reject["line"], reject["reason"]) for reject in found] == [
        (2, "field_count"),
        (3, "invalid_email"),
        (4, "field_count"),
        (5, "invalid_email"),
    ]


def test_later_file_gives_a_lead_no_other_owner(work: Workspace) -> None:
    for number, owner in enumerate(("", "R13", "R01", "")):
        rows = [f"a@x.example,佐藤,Yamada {number},{owner}"]
        take(work, put(work, rows, header="Email,氏名,会社名,担当者\n", name=f"file{number}"))
    [lead] = rows_of(work, "leads")
    assert (lead["company"], lead["owner"]) == ("Yamada 3", "R13")


def test_backfill_holds_new_leads_and_keeps_their_owners(work: Workspace) -> None:
    header = "Email,氏名,会社名,担当者\n"
    rows = ["a@x.example,佐藤,X,R13", "b@x.example,伊藤,X,退職した人"]
    report = take(work, put(work, rows, header=header), is_backfill=True)
    first, second = rows_of(work, "leads")
    assert (first["owner"], second["owner"]) == ("R13", None)
    assert second["attributes"] == {"担当者": "退職した人"}
    assert {first["held_import_run_id"], second["held_import_run_id"]} == {report["run"]}
    assert report["owners_unknown"] == ["退職した人"]


def test_live_arrival_lets_a_held_lead_go(work: Workspace) -> None:
    take(work, put(work, [a_row("sato")], name="old"), is_backfill=True)
    take(work, put(work, [a_row("sato")], name="fair"))
    [lead] = rows_of(work, "leads")
    assert lead["held_import_run_id"] is None
    assert lead["scoring_due_at"] is not None
    assert not lead["is_scoring_only"]


def test_backfill_of_a_known_lead_makes_a_score_due_and_no_more(work: Workspace) -> None:
    take(work, put(work, [a_row("sato")], name="fair"))
    with work.store.write() as connection:
        connection.execute(schema.leads.update().values(scoring_due_at=None))
    take(work, put(work, [a_row("sato", "demo")], name="old"), is_backfill=True)
    [lead] = rows_of(work, "leads")
    assert (lead["message"], lead["held_import_run_id"]) == ("demo", None)
    assert lead["is_scoring_only"]


def consent_of(work: Workspace) -> bool | None:
    [lead] = rows_of(work, "leads")
    return bool(lead["consent"]) if lead["consent"] is not None else None


def test_refusal_counts_though_a_yes_bears_a_date_in_the_future(work: Workspace) -> None:
    dated = "Email,Consent,Submitted At\n"
    take(work, put(work, ["a@x.example,yes,2099-01-01"], header=dated, name="one"))
    take(work, put(work, ["a@x.example,no"], header="Email,Consent\n", name="two"))
    assert consent_of(work) is False


def test_flag_of_a_system_counts_as_of_its_file_and_not_of_the_row(work: Workspace) -> None:
    dated = "Email,Consent,Submitted At\n"
    take(work, put(work, ["a@x.example,yes,2026-05-01"], header=dated, name="one"))
    flags = "Email,Created Date,Opt Out\n"
    take(work, put(work, ["a@x.example,2025-01-01,true"], header=flags, name="two"))
    assert consent_of(work) is False


def test_older_answer_of_a_person_does_not_replace_a_newer_one(work: Workspace) -> None:
    dated = "Email,Consent,Submitted At\n"
    take(work, put(work, ["a@x.example,yes,2026-05-01"], header=dated, name="one"))
    take(work, put(work, ["a@x.example,no,2025-01-01"], header=dated, name="two"))
    assert consent_of(work) is True


def test_run_of_a_living_process_is_not_gone_on_with(work: Workspace) -> None:
    path = put(work, [a_row(f"p{number}") for number in range(25)])
    import_file(work, path, now=NOW, size=10, most=1)
    with work.store.write() as connection:
        runs = schema.import_runs
        living = str(replace(Owner.parse(str(this_process())), pid=1, started=_started(1) or ""))
        connection.execute(runs.update().values(owner=living))
    report = take(work, path, size=10)
    assert (report["run"], report["resumed_from"]) == (2, None)
    assert (report["created"], report["unchanged"]) == (15, 10)


def test_import_that_was_taken_back_meanwhile_stores_nothing_more(work: Workspace) -> None:
    path = put(work, [a_row(f"p{number}") for number in range(25)])

    def take_back(_size: int) -> None:
        with work.store.write() as connection:
            connection.execute(schema.import_runs.update().values(undo_counts={}))

    with pytest.raises(ImportTakenBack):
        import_file(work, path, now=NOW, size=10, on_chunk=take_back)
    assert len(rows_of(work, "leads")) == 10


def test_look_ahead_counts_leads_that_a_backfill_holds(work: Workspace) -> None:
    rows = [a_row(f"p{number}") for number in range(4)]
    take(work, put(work, rows, name="old"), is_backfill=True)
    preview = preview_import(work, put(work, [*rows, *rows[:2]], name="fair"))
    assert (preview.created, preview.joined, preview.released) == (0, 6, 4)


def test_rehearsal_leaves_nothing_behind(work: Workspace) -> None:
    path = put(work, [a_row("sato")])
    with work.store.rehearsal() as store:
        import_file(replace(work, store=store), path, now=NOW)
        with store.read() as connection:
            assert connection.execute(select(func.count()).select_from(schema.leads)).scalar() == 1
    assert rows_of(work, "leads") == rows_of(work, "import_runs") == []


async def test_rehearsal_counts_nobody_who_was_known_before(work: Workspace) -> None:
    rows = ["a@x.example,US,yes", "b@x.example,US,yes"]
    report = take(work, put(work, rows, header="Email,Country,Opt-in\n"))
    await run_stages(work, ORDER[:5], now=NOW)
    with work.store.read() as connection:
        found = [count_consequences(connection, after=n, run_id=report["run"]) for n in range(3)]
    assert [each.leads for each in found] == [2, 1, 0]
    assert [sum(each.reps.values()) + each.queued for each in found] == [2, 1, 0]
    assert [sum(each.sequences.values()) for each in found] == [2, 1, 0]
    assert found[2] == Consequences(0, {}, 0, {})


def test_source_that_is_asked_for_wins_over_the_name_of_the_file(work: Workspace) -> None:
    report = take(work, put(work, [a_row("sato")]), wish=Wish(source="展示会"))
    assert report["source"] == "展示会"
    assert [row["source"] for row in rows_of(work, "submissions")] == ["展示会"]


def test_rows_that_another_mapping_read_are_named(work: Workspace) -> None:
    header = "Email,Firm of\n"
    path = put(work, ["a@x.example,Yamada"], header=header)
    assert take(work, path)["mapped_otherwise"] == []
    wish = Wish(mapping=MappingShape(columns={"Firm of": "company"}))
    again = take(work, path, wish=wish)
    assert (again["unchanged"], again["mapped_otherwise"]) == (1, [1])
