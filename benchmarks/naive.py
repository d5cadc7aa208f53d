"""The baseline of the pipeline: what one writes in an afternoon with pandas and a Python loop.

It reads the file, scores each row by the demo's rules, gives it to the least loaded rep of the
first territory line that fits, and inserts the leads with one `executemany` into SQLite
(synchronous FULL, as the product has it).

What it does not do: keep what arrived; quarantine a broken row with its line (short rows are
padded and broken bytes replaced, in silence, and long rows are left out); bring phones, postal
codes, countries and times into one shape; join duplicates but for equal addresses; keep consent
or a reason for any decision; write a single mail; enroll anybody; go on where a crash stopped it.
"""

from __future__ import annotations

import re
import sqlite3
from typing import TYPE_CHECKING, Any, Final

import pandas as pd

from leadline.config.loader import read_project

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from leadline.config.environment import Environment
    from leadline.config.shape import TerritoryShape

_Row = dict[str, Any]

_CHIEF: Final = re.compile(r"\b(ceo|cfo|cto|cio|founder|owner)\b|取締役|社長")
_HEAD: Final = re.compile(r"\b(vp|vice president|head of|director)\b|部長|室長")
_LEADER: Final = re.compile(r"\b(manager|lead)\b|^(課長|係長|リーダー|マネージャー)$")
_FREE_MAIL: Final = re.compile(r"@(gmail|yahoo|outlook|hotmail|icloud)\.")
_BUY: Final = re.compile(r"\b(quote|pricing|price|cost|demo)\b|見積|費用|価格|料金|デモ")
_LEARN: Final = re.compile(r"\b(document|brochure|call|meeting)\b|資料|相談|電話")
_INDUSTRIES: Final = {
    *("manufacturing", "software", "financial services", "製造業", "金融業", "情報通信業"),
}
_LARGE: Final = 1000
_MEDIUM: Final = 200
_TINY: Final = 20
#: Points, whether they count for the grade, and the test: the demo's scoring.yaml by hand.
_RULES: Final[tuple[tuple[int, bool, Callable[[_Row], object]], ...]] = (
    (20, True, lambda row: row["size"] >= _LARGE),
    (10, True, lambda row: _MEDIUM <= row["size"] < _LARGE),
    (-5, True, lambda row: 0 <= row["size"] < _TINY),
    (5, True, lambda row: row["industry"].lower() in _INDUSTRIES),
    (10, True, lambda row: row["country"] in {"JP", "US"}),
    (35, True, lambda row: _CHIEF.search(row["title"].lower())),
    (20, True, lambda row: _HEAD.search(row["title"].lower())),
    (10, True, lambda row: _LEADER.search(row["title"].lower())),
    (-20, True, lambda row: _FREE_MAIL.search(row["email"])),
    (30, False, lambda row: _BUY.search(row["message"].lower())),
    (15, False, lambda row: _LEARN.search(row["message"].lower())),
    (5, False, lambda row: row["message"]),
    (10, False, lambda row: row["source"] in {"Referral", "Partner"}),
)
_GRADES: Final = ((45, "A"), (30, "B"), (15, "C"))
_COLUMNS: Final = (
    *("email", "first_name", "last_name", "company", "title", "phone", "country", "region"),
    *("postal_code", "industry", "employees", "source", "consent", "message", "submitted_at"),
    *("external_id", "points", "grade", "territory", "owner"),
)


class Naive:
    """One pass over a file."""

    def __init__(self, environment: Environment) -> None:
        """Read territories and reps of the project; the rules are in this program."""
        project = read_project(environment.home)
        self._database = environment.home / "naive.db"
        self._lines = sorted(project.territories, key=lambda line: line.priority)
        self._capacities = {rep.rep_id: rep.weekly_capacity for rep in project.reps if rep.active}
        self._loads = dict.fromkeys(self._capacities, 0)
        self._teams: dict[str, list[str]] = {}
        for rep in project.reps:
            if rep.active:
                self._teams.setdefault(rep.team, []).append(rep.rep_id)

    def run(self, path: Path) -> list[str]:
        """Take in a file; returns the owner of each lead, "" where it has none."""
        frame = pd.read_csv(
            path,
            dtype=str,
            keep_default_na=False,
            on_bad_lines="skip",
            encoding_errors="replace",
        )
        leads: dict[str, _Row] = {}
        for found in frame.to_dict("records"):
            row = {str(name): cell for name, cell in found.items()}
            row["email"] = email = row["email"].strip().lower()
            if "@" in email and email not in leads:
                leads[email] = self._decided(row)
        self._insert(list(leads.values()))
        return [str(row["owner"]) for row in leads.values()]

    def _decided(self, row: _Row) -> _Row:
        row["size"] = int(row["employees"]) if row["employees"].isdecimal() else -1
        hits = [(points, is_fit) for points, is_fit, test in _RULES if test(row)]
        fit = sum(points for points, is_fit in hits if is_fit)
        row["points"] = sum(points for points, _ in hits)
        row["grade"] = next((grade for least, grade in _GRADES if fit >= least), "D")
        line = next((line for line in self._lines if _fits(line, row)), None)
        row["territory"] = line.rule_id if line else ""
        row["owner"] = self._choose(line.team) if line else ""
        return row

    def _choose(self, team: str) -> str:
        free = [
            rep for rep in self._teams.get(team, ()) if self._loads[rep] < self._capacities[rep]
        ]
        if not free:
            return ""
        chosen = min(free, key=lambda rep: (self._loads[rep] / self._capacities[rep], rep))
        self._loads[chosen] += 1
        return chosen

    def _insert(self, rows: list[_Row]) -> None:
        connection = sqlite3.connect(self._database)
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        names = ", ".join(_COLUMNS)
        connection.execute(f"CREATE TABLE leads (id INTEGER PRIMARY KEY, {names}, UNIQUE (email))")
        marks = ", ".join(f":{name}" for name in _COLUMNS)
        with connection:
            connection.executemany(f"INSERT INTO leads ({names}) VALUES ({marks})", rows)  # noqa: S608 - our own names
        connection.close()


def _fits(line: TerritoryShape, row: _Row) -> bool:
    """Tell whether a territory line takes a row; an empty cell of the line matches anything."""
    postal = row["postal_code"].replace("-", "")
    return (
        (not line.country or line.country == row["country"])
        and (not line.region or line.region == row["region"])
        and (not line.postal_prefix or postal.startswith(line.postal_prefix))
        and (not line.industry or line.industry == row["industry"])
        and (line.employees_min is None or row["size"] >= line.employees_min)
        and (line.employees_max is None or 0 <= row["size"] <= line.employees_max)
    )
