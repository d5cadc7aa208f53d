"""`leadline leads`: lists by condition, one lead with its history, and files for people."""

from __future__ import annotations

import csv
import io
import json
from typing import TYPE_CHECKING

import pytest
from openpyxl import load_workbook

from leadline.cli import main
from leadline.cli.sheets import write_csv, write_workbook
from leadline.cli.wording import say
from leadline.domain.leads import LEAD_FIELDS
from leadline.store.schema import OUTBOX_STATES
from tests.command_line import CommandLine, a_copy, a_project

if TYPE_CHECKING:
    from pathlib import Path

PHONE = "+81616544579"
#: Why an enrollment may end (glossary).
EXITS = ("completed", "goal_reached", "replied", "unsubscribed", "suppressed", "bounced", "manual")


@pytest.fixture(scope="module")
def scored(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a project with leads, scored and routed; no test of this file changes it."""
    home = a_project(tmp_path_factory.mktemp("scored"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LEADLINE_HOME", str(home))
        assert main(["import", str(home / "leads.csv"), "--json"]) == 2
        assert main(["run", "scoring", "routing", "--json"]) == 0
    return home


@pytest.fixture
def command(
    scored: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> CommandLine:
    return CommandLine(scored, monkeypatch, capsys)


def rows_of(path: Path, encoding: str = "utf-8-sig") -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(path.read_bytes().decode(encoding), newline="")))


def test_list_answers_with_every_canonical_field(command: CommandLine) -> None:
    leads = command("leads", "list", "--json").document["leads"]
    assert [lead["id"] for lead in leads] == [1, 2, 3, 4]
    assert leads[0].keys() >= {*LEAD_FIELDS, "id", "score", "grade", "owner", "lifecycle_stage"}
    assert (leads[0]["employees"], leads[0]["consent"], leads[0]["grade"]) == (1200, True, "A")


@pytest.fixture
def changed(
    scored: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> CommandLine:
    """Give a copy that a test may change."""
    return CommandLine(a_copy(scored, tmp_path), monkeypatch, capsys)


def scored_at(command: CommandLine) -> str:
    [(at,)] = command.query("SELECT as_of FROM scores WHERE lead_id = 1 AND model = 'main'")
    return f"{at}+00:00"


@pytest.mark.parametrize(("lang", "words"), [("en", "yet to come"), ("ja", "未来の日時")])
def test_score_of_an_instant_to_come_is_refused(
    command: CommandLine, lang: str, words: str
) -> None:
    at = "2999-01-01T00:00:00Z"
    answer = command("explain", "1", "scoring", "--as-of", at, "--lang", lang)
    assert answer.code == 1
    assert words in answer.err


def test_score_of_a_model_that_was_removed_is_explained_at_a_time_before(
    changed: CommandLine,
) -> None:
    changed.execute("UPDATE score_changes SET model = 'old' WHERE lead_id = 1")
    words = ("explain", "1", "scoring", "--model", "old")
    answer = changed(*words, "--as-of", scored_at(changed), "--json")
    assert answer.document["score"]["model"] == "old"
    assert sum(line["points"] for line in answer.document["score"]["lines"]) > 0
    assert "no score of a model `old`" in changed(*words).err


def test_score_of_a_time_says_when_counts_are_older(changed: CommandLine) -> None:
    words = ("explain", "1", "scoring", "--as-of", scored_at(changed))
    assert "counts anew" not in changed(*words).out
    changed.execute("UPDATE leads SET review_due_at = (SELECT max(as_of) FROM scores)")
    assert "counts anew" in changed(*words).out
    assert "前回の採点時点" in changed(*words, "--lang", "ja").out


@pytest.mark.parametrize(
    ("condition", "ids"),
    [
        ("employees >= 300", [1, 3]),
        ("country = 'jp' AND consent", [3]),
        ("owner IS NULL", [4]),
        ("contains(company, '鉱業')", [3]),
        ("grade = 'A' OR points < 0", [1]),
        ("FALSE", []),
    ],
)
def test_list_filters_by_condition(command: CommandLine, condition: str, ids: list[int]) -> None:
    found = command("leads", "list", "--where", condition, "--json")
    assert [lead["id"] for lead in found.document["leads"]] == ids


def test_condition_that_cannot_be_read_names_column_and_nearest_field(
    command: CommandLine,
) -> None:
    answer = command("leads", "list", "--where", "grade = 'A' AND emploees > 3")
    assert answer.code == 1
    assert "1:17 unknown_field" in answer.err
    assert "employees" in answer.err


def test_list_shows_at_most_the_limit_and_says_so(command: CommandLine) -> None:
    answer = command("leads", "list", "--limit", 2)
    assert "Lauren Anderson" in answer.out
    assert "Paul Perez" not in answer.out
    assert "--limit 0" in answer.out


@pytest.mark.parametrize(
    "name", ["3", "mituru.suzuki@ikeda.example", "Mituru.Suzuki@Ikeda.Example"]
)
def test_show_names_a_lead_by_id_or_address(command: CommandLine, name: str) -> None:
    document = command("leads", "show", name, "--json").document
    [lead], [submission] = document["leads"], document["submissions"]
    assert (lead["id"], lead["company"]) == (3, "池田鉱業合同会社")
    assert (submission["line"], submission["outcome"]) == (4, "created")
    assert submission["raw"]["State"] == "東京都"


def test_show_says_what_each_submission_did_in_words_and_json_in_codes(
    scored: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    command = CommandLine(a_copy(scored, tmp_path), monkeypatch, capsys)
    changed = "mituru.suzuki@ikeda.example,購買部長"
    command("import", command.file("cards.csv", "Email,Job Title", changed, changed))
    codes = ["created", "updated", "duplicate"]
    for lang, words in (("en", codes), ("ja", ["新規", "更新", "重複"])):
        said = command("leads", "show", 3, "--lang", lang).out.splitlines()
        assert [line.split()[-1] for line in said[-4:-1]] == words
        document = command("leads", "show", 3, "--lang", lang, "--json").document
        assert [each["outcome"] for each in document["submissions"]] == codes


@pytest.mark.parametrize("words", [("leads", "show", "3"), ("import", "--help")])
def test_source_of_an_import_has_one_name_in_japanese(
    command: CommandLine, words: tuple[str, ...]
) -> None:
    said = command(*words, "--lang", "ja").out
    assert "取込元" in said
    assert "流入元" not in said


@pytest.mark.parametrize("lang", ["en", "ja"])
def test_every_state_that_explain_shows_has_words(lang: str) -> None:
    owned = ("offered", "accepted", "declined", "expired", "reassigned")
    states = {*OUTBOX_STATES, *owned, "planned", "skipped"}
    told = {f"state.{state}" for state in states} | {f"ending.{reason}" for reason in EXITS}
    assert [key for key in sorted(told) if not say(key, lang)] == []


def test_owner_is_explained_in_japanese_words(command: CommandLine) -> None:
    assert "(回答待ち)" in command("explain", "3", "routing", "--lang", "ja").out


@pytest.mark.parametrize("limit", [2**63 - 1, 2**63, "9" * 20])
def test_limit_beyond_what_can_be_counted_is_refused_in_words(
    command: CommandLine, limit: object
) -> None:
    answer = command("leads", "list", "--limit", limit)
    assert answer.code == (limit != 2**63 - 1)
    assert ("The value of --limit cannot be used" in answer.err) == bool(answer.code)


@pytest.mark.parametrize(
    "name",
    ["77", "nobody@example.com", str(2**63 - 1), str(2**63), pytest.param("9" * 5_000, id="long")],
)
def test_unknown_lead_is_refused_with_the_next_step(command: CommandLine, name: str) -> None:
    answer = command("explain", name)
    assert answer.code == 1
    assert name in answer.err
    assert "leadline leads list" in answer.err


def test_csv_export_defuses_formulas_and_leaves_phones(
    command: CommandLine, tmp_path: Path
) -> None:
    target = tmp_path / "leads.csv"
    answer = command("leads", "export", "--out", target, "--json")
    _, marcus, suzuki, _ = rows_of(target)
    assert (answer.code, answer.document["rows"]) == (0, 4)
    assert marcus["company"] == '\'=HYPERLINK("http://x.example")'
    assert suzuki["phone"] == PHONE
    assert (marcus["consent"], suzuki["employees"]) == ("false", "300")


def test_csv_export_in_cp932_can_be_read_by_excel(command: CommandLine, tmp_path: Path) -> None:
    target = tmp_path / "leads.csv"
    answer = command("leads", "export", "--encoding", "cp932", "--out", target)
    assert answer.code == 0
    assert rows_of(target, "cp932")[2]["full_name"] == "鈴木 充"


def test_jsonl_export_is_one_lead_a_line(command: CommandLine, tmp_path: Path) -> None:
    target = tmp_path / "leads.jsonl"
    command("leads", "export", "--format", "jsonl", "--where", "id IS NULL OR TRUE")
    command("leads", "export", "--format", "jsonl", "--out", target)
    lines = [json.loads(line) for line in target.read_text(encoding="utf-8").splitlines()]
    assert [line["company"] for line in lines][1] == '=HYPERLINK("http://x.example")'


def test_workbook_export_keeps_text_as_text(command: CommandLine, tmp_path: Path) -> None:
    target = tmp_path / "leads.xlsx"
    command("leads", "export", "--format", "xlsx", "--out", target)
    sheet = load_workbook(target)["leads"]
    cells = {cell.value: cell.data_type for row in sheet.iter_rows() for cell in row}
    assert cells['=HYPERLINK("http://x.example")'] == "s"
    assert cells[PHONE] == "s"
    assert cells[1200] == "n"


def test_export_without_a_file_goes_to_standard_output(command: CommandLine) -> None:
    answer = command("leads", "export", "--where", "country = 'FR'")
    assert answer.out.startswith("\ufeffid,external_id,email,")
    assert "Harper and Wade" in answer.out


def test_export_of_nothing_still_names_the_columns(command: CommandLine) -> None:
    answer = command("leads", "export", "--where", "FALSE")
    assert (answer.code, answer.out.count("\n")) == (0, 1)


def test_export_that_fails_leaves_no_file(command: CommandLine, tmp_path: Path) -> None:
    target = tmp_path / "leads.csv"
    target.write_text("before", encoding="utf-8")
    answer = command("leads", "export", "--where", "nonsense", "--out", target)
    assert answer.code == 1
    assert [path.name for path in tmp_path.iterdir()] == ["leads.csv"]
    assert target.read_text(encoding="utf-8") == "before"


def test_export_never_writes_over_the_database(command: CommandLine, tmp_path: Path) -> None:
    target = tmp_path / "leads.csv"
    target.symlink_to(command.home / ".leadline" / "leadline.db")
    answer = command("leads", "export", "--out", target, "--json")
    assert (answer.code, answer.document["error"]["code"]) == (1, "out_is_input")
    assert target.is_symlink()


def test_export_into_a_folder_that_is_not_there_names_the_file(
    command: CommandLine, tmp_path: Path
) -> None:
    target = tmp_path / "gone" / "leads.csv"
    answer = command("leads", "export", "--out", target)
    assert (answer.code, str(target) in answer.err) == (1, True)


@pytest.mark.parametrize("text", ["=1+1", "+1 call", "-5", "@x", "\t=1", "\r=1"])
def test_text_that_starts_a_formula_is_prefixed(text: str) -> None:
    stream = io.BytesIO()
    write_csv(stream, ["company", "phone"], [{"company": text, "phone": PHONE}], "utf-8-sig")
    _, row = csv.reader(io.StringIO(stream.getvalue().decode("utf-8-sig"), newline=""))
    assert row == [f"'{text}", PHONE]


@pytest.mark.parametrize("value", [-5, 0.5, True, None])
def test_typed_cells_stay_as_they_are(value: object) -> None:
    stream = io.BytesIO()
    write_csv(stream, ["n"], [{"n": value}], "utf-8-sig")
    assert "'" not in stream.getvalue().decode("utf-8-sig")


def test_character_that_cp932_lacks_becomes_a_geta_and_is_counted() -> None:
    stream = io.BytesIO()
    counts = write_csv(stream, ["name"], [{"name": "𠮷田 ㈱"}], "cp932")
    assert counts == (1, 1)
    assert stream.getvalue().decode("cp932").splitlines()[1] == "〓田 ㈱"


def test_text_beyond_what_a_workbook_cell_holds_is_cut_and_counted() -> None:
    lead = {"a": "x" * 40_000, "b": "bell\x07", "c": "fine"}
    assert write_workbook(io.BytesIO(), list(lead), [lead], "") == (1, 2)


# ---- segments ----


def test_segments_are_listed_with_the_number_of_their_leads(command: CommandLine) -> None:
    listed = {each["name"]: each for each in command("segments", "--json").document["segments"]}
    assert list(listed) == [
        *("ready_now", "prospect", "potential"),
        *("decision", "consideration", "awareness"),
    ]
    assert listed["ready_now"]["title"] == {"en": "Ready now", "ja": "今すぐ客"}
    assert listed["ready_now"]["group"] == "readiness"
    assert sum(each["count"] for each in listed.values() if each["group"] == "readiness") == 4
    for name, each in listed.items():
        leads = command("leads", "list", "--segment", name, "--json").document["leads"]
        assert len(leads) == each["count"]


def test_segments_are_named_in_the_reader_s_language(command: CommandLine) -> None:
    shown = command("segments", "--lang", "ja").out
    assert "見込み客" in shown
    assert "leadline leads list --segment ready_now" in shown


def test_segment_and_condition_narrow_each_other(command: CommandLine) -> None:
    everybody = "potential OR prospect OR ready_now"
    both = command("leads", "list", "--where", everybody, "--json").document["leads"]
    assert [lead["id"] for lead in both] == [1, 2, 3, 4]
    for name in ("ready_now", "prospect", "potential"):
        chosen = command("leads", "list", "--segment", name, "--json").document["leads"]
        words = ("leads", "export", "--segment", name, "--where", "employees >= 300", "--json")
        exported = command(*words).document["leads"]
        large = [lead["id"] for lead in chosen if lead["id"] in {1, 3}]
        assert [lead["id"] for lead in exported] == large


def test_unknown_segment_is_refused_with_the_nearest(command: CommandLine) -> None:
    told = command("leads", "list", "--segment", "ready")
    assert told.code == 1
    assert "Did you mean `ready_now`?" in told.err


def test_condition_may_count_events(command: CommandLine) -> None:
    words = ("leads", "list", "--json", "--where", "clicks_30d = 0 AND pricing_page_viewed_9d < 1")
    assert len(command(*words).document["leads"]) == 4
