"""What `leadline import` shows of each file: how it was read, what became of it, what to do."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from leadline.cli.output import Column

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from leadline.cli.session import Session

SHOWN_REJECTS: Final = 5
_SHOWN_REPS: Final = 12
_COUNTS: Final = (
    *("records", "accepted", "rejected"),
    *("created", "updated", "unchanged", "duplicates"),
)
SIGNS: Final = {",": "comma", ";": "semicolon", "\t": "tab", "|": "pipe", " ": "space"}
Report = dict[str, Any]


def show_file(session: Session, report: Mapping[str, Any]) -> None:
    """Say how a file was read, and whatever was not plain about it."""
    out, name = session.out, Path(report["file"]).name
    if report["kind"] == "workbook":
        out.line("import.read_workbook", file=name, sheet=report["sheet"])
    else:
        delimiter = report["dialect"]["delimiter"]
        key = f"import.sign.{SIGNS[delimiter]}" if delimiter in SIGNS else None
        sign = out.words(key) if key else repr(delimiter)
        out.line("import.read_text", file=name, encoding=report["encoding"], sign=sign)
    out.line("import.header", line=report["header_line"], count=len(report["columns"]))
    if report["is_guess"]:
        out.line("import.encoding_guessed", encoding=report["encoding"])
    if report["is_country_assumed"]:
        out.line("import.country", country=report["country"], zone=report["timezone"])
    if report["date_order"]["how"] == "assumed":
        order = out.words(f"import.order.{report['date_order']['order']}")
        out.line("import.order", order=order, mapping=report["mapping_file"])
    if report.get("resumed_from"):
        out.line("import.resumed", line=report["resumed_from"])
    if report.get("sheets_not_read"):
        out.line("import.sheets_not_read", names=", ".join(report["sheets_not_read"]))
    if otherwise := report.get("mapped_otherwise"):
        out.line("import.mapped_otherwise", runs=", ".join(map(str, otherwise)))
    _show_doubts(session, report)


def _show_doubts(session: Session, report: Mapping[str, Any]) -> None:
    """Name the columns that were told by likeness, or that may mean something."""
    out, mapping = session.out, report["mapping_file"]
    for match in report["matches"]:
        facts = {"header": match["header"], "mapping": mapping, "percent": match["confidence"]}
        if match["how"] in {"similar", "content"}:
            out.line(f"import.column_{match['how']}", field=match["field"], **facts)
        elif match["how"] == "suggested":
            out.line("import.column_suggested", field=match["suggestion"], **facts)
    for fault in report.get("mapping_faults", ()):
        out.note("import.mapping_fault", message=fault[out.lang])
    if unknown := report.get("owners_unknown"):
        out.line("import.owners_unknown", count=len(unknown), names=", ".join(unknown[:5]))


def show_mapping(session: Session, report: Mapping[str, Any]) -> None:
    """Show what each column holds, how sure that is, and a sample."""
    out = session.out
    columns = (
        Column("import.column", may_shrink=True),
        Column("import.field"),
        Column("import.how"),
        Column("import.confidence", is_number=True),
        Column("import.sample", may_shrink=True),
    )
    rows = [
        (
            match["header"],
            match["field"] or (f"({match['suggestion']}?)" if match["suggestion"] else "-"),
            out.words(f"import.how.{match['how']}"),
            match["confidence"] or "",
            match["sample"] or "",
        )
        for match in report["matches"]
    ]
    out.table(columns, rows)


def show_rejects(session: Session, report: Mapping[str, Any]) -> None:
    """List the first rejects: line, column and reason, never a value."""
    from leadline.cli.rejects import show_reject

    out, rejects = session.out, report["rejects"]
    if not rejects:
        return
    out.line("import.rejects", count=len(rejects), file=Path(report["file"]).name)
    for reject in rejects[:SHOWN_REJECTS]:
        place = {"line": reject["line"], "column": reject["column"]}
        show_reject(out, **place, reason=reject["reason"], detail=reject["detail"] or "")
    if len(rejects) > SHOWN_REJECTS:
        out.line("import.more", count=len(rejects) - SHOWN_REJECTS)
    if report["quarantine"]:
        out.line("import.quarantine", path=report["quarantine"])


def show_stop(session: Session, report: Mapping[str, Any], *, is_stopped: bool) -> None:
    """Say what an import would lead to, whether it is stopped, and how to go on."""
    out = session.out
    out.line("import.would", **{name: report[name] for name in ("created", "joined", "unchanged")})
    if report["released"]:
        out.line("import.released", released=report["released"])
    if found := report["consequences"]:
        _show_consequences(session, found, is_mixed=report["released"] > 0)
    counts = {"created": report["created"], "released": report["released"]}
    counts["before"] = report["created_before"]
    facts = {**counts, "going": sum(counts.values()), "threshold": report["backfill_threshold"]}
    if report.get("is_dry_run"):
        if is_stopped:
            out.line("import.would_stop", **facts)
        out.line("import.nothing_done")
    else:
        is_plain = facts["going"] == facts["created"]
        out.note("import.stopped" if is_plain else "import.stopped_mixed", **facts)
        out.note("import.choices")


def _show_consequences(session: Session, found: Mapping[str, Any], *, is_mixed: bool) -> None:
    out, reps = session.out, sorted(found["reps"].items(), key=lambda pair: -pair[1])
    key = "import.consequences_mixed" if is_mixed else "import.consequences"
    out.line(key, leads=found["leads"])
    if reps:
        named = ", ".join(f"{rep} ({count})" for rep, count in reps[:_SHOWN_REPS])
        more = " ..." if len(reps) > _SHOWN_REPS else ""
        total = sum(found["reps"].values())
        out.line("import.told", reps=len(reps), leads=total, names=named + more)
    if found["queued"]:
        out.line("import.queued", leads=found["queued"])
    for sequence, count in sorted(found["sequences"].items()):
        out.line("import.enrolled", leads=count, sequence=sequence)


def show_counts(session: Session, reports: Sequence[Mapping[str, Any]]) -> None:
    """Show one line of counts per file that was taken in."""
    done = [report for report in reports if report.get("run")]
    if done:
        columns = [
            Column("import.file"),
            *(Column(f"import.{name}", is_number=True) for name in _COUNTS),
        ]
        rows = [(Path(report["file"]).name, *(report[name] for name in _COUNTS)) for report in done]
        session.out.table(columns, rows)


def show_next(session: Session, reports: Sequence[Mapping[str, Any]]) -> None:
    """Say what to do next."""
    done = [report for report in reports if report.get("run")]
    held = [report for report in done if report["is_backfill"] and report["created"]]
    for report in held:
        session.out.line("import.held", count=report["created"], run=report["run"])
    if any(report["created"] or report["updated"] for report in done):
        session.out.line("import.next")
    for report in done:
        if report["created"] or report["updated"]:
            name = Path(report["file"]).name
            session.out.line("import.undo", file=name, run=report["run"])
