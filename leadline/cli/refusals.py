"""Refusing what a command was given: one sentence that names the thing and the next step."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress
from difflib import get_close_matches
from pathlib import Path

from leadline.cli.wording import say
from leadline.errors import LeadlineError, UsageError


class Refused(UsageError):
    """A command was given something that it cannot take; nothing was done.

    Attributes:
        code: stable machine-readable name; the wording is `refused.<code>` of the catalog.
    """

    def __init__(self, *, code: str, **facts: object) -> None:
        """Keep the facts; one that differs by language is a mapping of "en" and "ja"."""
        self.code = code
        self.facts = facts
        LeadlineError.__init__(self, message=self.say("en"))

    def say(self, lang: str) -> str:
        """Return the sentence in `lang`."""
        spoken = {
            name: fact[lang] if isinstance(fact, dict) else fact
            for name, fact in self.facts.items()
        }
        return say(f"refused.{self.code}", lang, **spoken)


def meant(word: str, choices: Iterable[str]) -> dict[str, str]:
    """Return the words that ask whether the nearest choice was meant; "" when none is near.

    A mapping's values are what to type for its keys.
    """
    known = choices if isinstance(choices, Mapping) else {choice: choice for choice in choices}
    found = get_close_matches(word.lower(), list(known), n=1)
    return {
        lang: say("did_you_mean", lang, word=known[found[0]]) if found else ""
        for lang in ("en", "ja")
    }


def choose(option: str, word: str, choices: Iterable[str]) -> str:
    """Return `word` if it is one of the choices of an option.

    Raises:
        Refused: names the choices.
    """
    known = tuple(choices)
    if word not in known:
        raise Refused(code="bad_choice", option=option, word=word, choices=" | ".join(known))
    return word


def check_target(target: Path, *, source: Path | None) -> None:
    """Refuse a file to write that is a folder, or the very file that is read.

    Args:
        target: the file that `--out` names.
        source: the file that is read; None where it is no file.

    Raises:
        Refused: says which of the two it is.
    """
    if target.is_dir():
        raise Refused(code="out_is_folder", file=target)
    is_same = False
    with suppress(OSError):  # one of them is not there
        is_same = source is not None and target.samefile(source)
    if is_same:
        other = target.with_name(f"{target.stem}_clean.csv")
        raise Refused(code="out_is_input", other=other)
