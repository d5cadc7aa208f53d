"""Generated part of the reference that lists the commands, as `--help` words them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from deployments.reference_codes import code, prose, table

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

_PROBLEM: Final = "{code, file, line, column, message, suggestion}"
_COUNTS: Final = "records, accepted, rejected, created, updated, unchanged, duplicates"
#: How a file was read.
_READ: Final = "kind, encoding, is_guess, dialect, sheet, sheets_not_read, header_line, columns"
#: The keys of each command's JSON document when it did its work; a test compares them.
JSON_KEYS: Final[Mapping[str, tuple[str, ...]]] = {
    "init": ("home", "written[]", "demo"),
    "check": (
        f"errors[]{_PROBLEM}",
        f"warnings[]{_PROBLEM}",
        "config_hash",
        (
            "schedules[]{flow, words, meaning, cron, lines[], timezone, holidays[], catch_up, "
            "paused, next[]}"
        ),
    ),
    "doctor": ("checks[]{name, ok, message, fix}",),
    "migrate": ("from", "to", "steps[]", "backup"),
    "import": (
        "run",
        (
            f"files[]{{file, source, run, {_READ}, mapping, matches, mapping_file, mapping_faults, "
            "date_order, country, timezone, is_country_assumed, is_backfill, resumed_from, "
            f"mapped_otherwise, owners_unknown, {_COUNTS}, quarantine, rejects}}"
        ),
        (
            "with --dry-run, or when stopped, also files[]{joined, released, consequences, "
            "created_before, backfill_threshold}, and is_dry_run or stopped"
        ),
        (
            "with --list: runs[]{run, file, source, started_at, finished_at, records, created, "
            "updated, rejected, is_backfill, held, undone_at}"
        ),
        (
            "with --undo: run, created_removed, created_kept, leads_restored, fields_restored, "
            "fields_kept, consents_undone, events_removed, keys_removed, submissions_undone, "
            "undone_at, is_repeat"
        ),
    ),
    "files inspect": (
        *("file", *_READ.replace("columns", "columns[]").split(", ")),
        *("records", "accepted", "rejected", "rejects[]{line, column, reason, detail}"),
        "with --out: out",
    ),
    "release": (
        *("run", "held", "matching", "released", "remaining"),
        *("owners", "beyond_capacity", "routed", "with_consent"),
    ),
    "suppress": (
        *("file", "cause", "scope", "is_dry_run", "is_known", "records", "rejected"),
        *("added", "changed", "known", "leads", "refusals", "exited", "skipped"),
        *("encoding", "header_line", "columns[]", "sheets_not_read[]", "answers"),
        "rejects[]{line, column, reason, detail, fix}",
        "with --none: none, recorded",
    ),
    "consents": (
        "lead",
        "permission{purpose, channel, is_allowed, basis, since, until, reason, text}",
        (
            "consents[]{purpose, channel, answer, basis, basis_text, wording, version, source, "
            "submission, network_address, at, undone_at}"
        ),
        "suppressions[]{scope, cause, cause_text, is_in_force, at, lifted_at}",
        "timezone",
    ),
    "submissions list": (
        (
            "submissions[]{id, source, kind, state, reason, reason_text, detail_text, suspicion, "
            "suspicion_text, attempts, due_at, received_at}"
        ),
        "file_rows",
    ),
    "submissions show": (
        (
            "submission{id, source, kind, state, reason, reason_text, detail_text, suspicion, "
            "suspicion_text, attempts, due_at, received_at, field, detail, lead_id, "
            "consent_version, network_address, raw}"
        ),
    ),
    "submissions replay": (
        *("replayed", "unchanged", "left_suspicious"),
        "rejects[]{id, reason, detail}",
    ),
    "run": ("config_hash", "stages[]{stage, claimed, done, skipped, failed, seconds}"),
    "deploy": (
        "changes[]{action, kind, name, before, after}",
        "dry_run",
        "remove",
        "paused[]",
        "work_pool",
        "server",
        "ui",
    ),
    "leads list": ("leads[]",),
    "segments": ("segments[]{name, title, group, count}",),
    "leads show": (
        "leads[]",
        (
            "submissions[]{id, source, kind, import_run_id, line, received_at, state, outcome, "
            "consent_version, raw}"
        ),
    ),
    "leads export": ("out", "format", "rows", "altered"),
    "explain": (
        "lead",
        (
            "score{model, points, fit_points, engagement_points, grade, level, rules[], lines[], "
            "as_of, config_hash, ignored, history[], stages[], is_review_due, models}"
        ),
        "routing_skip{reason, text}",
        (
            "assignment{rep, state, queue, territory, tried, candidates, reason, assigned_at, "
            "response_due_at, config_hash}"
        ),
        (
            "touches[]{sequence, step, state, reason, text, at, sent_at, due_at, reply_code, "
            "basis, config_hash}"
        ),
        (
            "enrollments[]{sequence, state, exit_reason, skip_reason, text, next_step, "
            "next_due_at, started_at}"
        ),
        "messages[]{kind, rep_id, state, skip_reason, attempts, due_at, sent_at}",
        "enrollment_skip{reason, text}",
    ),
    "simulate scoring": (
        *("config_hash{before, after}", "as_of", "since", "leads", "changed_count"),
        *("grades[]{from, to, leads}", "stages[]{from, to, leads}"),
        "hand_over{before, after, more, fewer}",
        "rules[]{model, id, kind, change, before, after}",
        "events_waiting",
        "changed[]{id, before, after}",
    ),
    "mailbox": ("messages[]{to, subject, at, path}",),
    "status": (
        "due",
        "queued",
        "leased",
        "unknown",
        "failed",
        "held",
        "quarantined",
        "unassigned",
        "not_ready",
        "events_waiting",
        "sla_breached",
        "awaiting_approval",
        "oldest_wait_seconds",
        "due_by_stage{}",
        "clocks[]{flow, words, timezone, paused, next, last, overdue_since}",
        "commands{}",
    ),
}


def commands() -> Iterator[tuple[str, Any]]:
    """Give the words and the parser's object of every command, in the order of `--help`."""
    from leadline.cli.program import program

    yield from _below(program(), "")


def _below(group: Any, prefix: str) -> Iterator[tuple[str, Any]]:  # noqa: ANN401 - the parser's type
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from _below(command, f"{prefix}{name} ")
        else:
            yield f"{prefix}{name}", command


def _commands(lang: str) -> str:
    return "\n\n".join(_command(path, command, lang) for path, command in commands())


def _command(path: str, command: Any, lang: str) -> str:  # noqa: ANN401 - as above
    from leadline.cli.help_wording import COMMANDS, PARAMETERS

    arguments = [each for each in command.params if each.param_type_name == "argument"]
    usage = " ".join(["leadline", path, *(each.metavar for each in arguments)])
    rows = [
        (code(_shown(each)), PARAMETERS[f"{path}.{each.name}"][lang].replace("\n", " "))
        for each in command.params
    ]
    header = {"en": ("Word", "Meaning"), "ja": ("指定", "意味")}[lang]
    parts = [f"### {code(usage)}", COMMANDS[path][lang]]
    parts += [table(header, rows)] if rows else []
    if path in JSON_KEYS:
        words = {"en": "JSON keys", "ja": "JSON のキー"}[lang]
        parts.append(f"{words}: {', '.join(code(key) for key in JSON_KEYS[path])}")
    return "\n\n".join(parts)


def _shown(parameter: Any) -> str:  # noqa: ANN401 - as above
    if parameter.param_type_name == "argument":
        return str(parameter.metavar)
    return f"{', '.join(parameter.opts)} {parameter.metavar or ''}".strip()


def _refusals(lang: str) -> str:
    from leadline.cli.wording import _REFUSALS

    del lang
    rows = [
        (code(key.removeprefix("refused.")), prose(english), prose(japanese))
        for key, (english, japanese) in _REFUSALS.items()
    ]
    return table(("Code", "Sentence", "日本語"), rows)


MAKERS: Final[Mapping[str, Callable[[str], str]]] = {
    "commands": _commands,
    "refusals": _refusals,
}
