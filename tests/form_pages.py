"""A hosted form as a person's browser has it: its fields, its hidden ones, its proof of work."""

from __future__ import annotations

import base64
import json
from datetime import datetime, timedelta
from html.parser import HTMLParser

from altcha.v1 import solve_challenge


class MovingClock:
    """A clock that a test moves."""

    def __init__(self, at: datetime) -> None:
        self._at = at

    def now(self) -> datetime:
        return self._at

    def move(self, **by: float) -> None:
        self._at += timedelta(**by)


class FormPage(HTMLParser):
    """The elements of a page, in order, each with its attributes."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))

    def all(self, tag: str, **wanted: str) -> list[dict[str, str]]:
        """Return the attributes of the elements with this tag that have these values."""
        return [
            attributes
            for name, attributes in self.elements
            if name == tag and wanted.items() <= attributes.items()
        ]

    def one(self, name: str) -> dict[str, str]:
        """Return the one field with this name."""
        (found,) = [each for _, each in self.elements if each.get("name") == name]
        return found

    @property
    def hidden(self) -> dict[str, str]:
        """What the page posts beside what was typed."""
        return {each["name"]: each.get("value", "") for each in self.all("input", type="hidden")}

    def solved(self) -> dict[str, str]:
        """Return the hidden fields with the proof of work that the page's script would find."""
        return self.hidden | {"altcha": solve(self.one("altcha")["data-challenge"])}


def solve(challenge: str) -> str:
    """Return the solution of a challenge, as the page's script posts it."""
    said = json.loads(challenge)
    solution = solve_challenge(
        said["challenge"], said["salt"], said["algorithm"], said["maxNumber"], 0
    )
    assert solution is not None
    payload = {**said, "number": solution.number}
    return base64.b64encode(json.dumps(payload).encode()).decode()
