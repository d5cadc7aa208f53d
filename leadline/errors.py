"""Every error that leadline raises, in one tree.

    LeadlineError
    ├── ConfigError               problems: file, line, column, key, expected, nearest valid word
    │   ├── MappingError
    │   └── ProjectMissing
    ├── IntakeError               a source that cannot be read at all
    ├── RoutingError
    ├── DeliveryError
    │   ├── TransientDeliveryError
    │   └── PermanentDeliveryError
    └── StoreError
        ├── SchemaOutOfDate
        └── ConcurrentUpdate

An error keeps its arguments as attributes, says what to do next in English and Japanese, and
never holds personal data. An expected refusal (suppressed, outside the window ...) is a
`SkipReason` value and never an error.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


class LeadlineError(Exception):
    """Something that should have worked did not.

    A subclass states its sentence per language in `texts`; the keyword arguments fill it and
    stay readable as attributes of the error.
    """

    texts: ClassVar[Mapping[str, str]] = {"en": "{message}", "ja": "{message}"}

    def __init__(self, **details: object) -> None:
        """Keep `details` and word the English text from them."""
        self.details = details
        super().__init__(self.say("en"))

    def __getattr__(self, name: str) -> object:
        """Give a detail by its name."""
        details = self.__dict__.get("details", {})
        if name in details:
            return details[name]
        raise AttributeError(name)

    def say(self, lang: str) -> str:
        """Return the whole message in `lang` ("en" or "ja")."""
        return self.texts.get(lang, self.texts["en"]).format(**self.details)


@dataclass(frozen=True, slots=True)
class Problem:
    """One fault of the configuration or of a template.

    Attributes:
        code: stable machine-readable name, such as `unknown_key`.
        file: path below the project folder.
        line: one-based line, 0 when the whole file is meant.
        column: one-based column, 0 when the whole line is meant.
        message: what is wrong and what was expected, per language ("en", "ja").
        suggestion: the nearest valid word, or "".
        is_warning: true when the configuration can go live all the same.
    """

    code: str
    file: str
    line: int
    column: int
    message: Mapping[str, str]
    suggestion: str = ""
    is_warning: bool = False

    def say(self, lang: str) -> str:
        """Return `file:line:column code message` in `lang`; a place only where it is known."""
        text = self.message.get(lang, self.message["en"])
        place = f":{self.line}:{self.column}" if self.line else ""
        return f"{self.file}{place} {self.code} {text}"


class ConfigError(LeadlineError):
    """The project folder has faults; all of them are listed."""

    texts: ClassVar[Mapping[str, str]] = {
        "en": "The configuration has {count} error(s). Nothing was changed.\n{listing}\n"
        "Mend them and run `leadline check`.",
        "ja": "設定に{count}件の誤りがあります。何も変更していません。\n{listing}\n"
        "修正してから `leadline check` を実行してください。",
    }

    def __init__(self, problems: Sequence[Problem]) -> None:
        """Keep the problems; `say` lists each on its own line."""
        self.problems = tuple(problems)
        super().__init__(count=len(self.problems), listing="")

    def say(self, lang: str) -> str:
        """Return the message with every problem on a line of its own."""
        listing = "\n".join(problem.say(lang) for problem in self.problems)
        return self.texts.get(lang, self.texts["en"]).format(
            count=len(self.problems), listing=listing
        )


class MappingError(ConfigError):
    """A mapping file that a command names has faults; all of them are listed."""

    texts: ClassVar[Mapping[str, str]] = {
        "en": "The mapping file has {count} error(s). Nothing was changed.\n{listing}\n"
        "Mend them and run the command again.",
        "ja": "対応ファイルに{count}件の誤りがあります。何も変更していません。\n{listing}\n"
        "修正してから、もう一度実行してください。",
    }


class ProjectMissing(ConfigError):
    """The folder named by LEADLINE_HOME is no project folder."""

    texts: ClassVar[Mapping[str, str]] = {
        "en": "{home} is no leadline project folder: it has no config/settings.yaml. "
        "Make one with `leadline init DIR`, then set LEADLINE_HOME or run from there.",
        "ja": "{home} は leadline のプロジェクトフォルダではありません"
        "(config/settings.yaml がありません)。`leadline init DIR` で作成し、"
        "LEADLINE_HOME を設定するか、そのフォルダで実行してください。",
    }

    def __init__(self, *, home: str) -> None:
        """Name the folder."""
        self.problems = ()
        LeadlineError.__init__(self, home=home)

    def say(self, lang: str) -> str:
        """Return the message in `lang`."""
        return LeadlineError.say(self, lang)


class UsageError(LeadlineError):
    """A command was given something that it cannot take."""


class IntakeError(LeadlineError):
    """A file or source that cannot be read at all; nothing of it was taken in."""


class RoutingError(LeadlineError):
    """Routing could not do its work."""


class DeliveryError(LeadlineError):
    """Mail could not be handed over; what was not sent stays due."""


class TransientDeliveryError(DeliveryError):
    """The relay cannot take mail now; trying again later is right."""


class PermanentDeliveryError(DeliveryError):
    """The relay refuses us until a person mends the settings."""


class StoreError(LeadlineError):
    """The database cannot be used."""


class SchemaOutOfDate(StoreError):
    """The database's schema is older or newer than this program's."""


class ConcurrentUpdate(StoreError):
    """Another process changed the same rows first; nothing was written."""


class StageError(LeadlineError):
    """A stage failed in a way that nobody foresaw; its text names the place, never the data."""

    texts: ClassVar[Mapping[str, str]] = {
        "en": "Stage {stage} failed: {kind} at {place}. What it had not recorded stays due; "
        "run it again, and report the place if it happens twice.",
        "ja": "処理段階 {stage} が失敗しました: {kind} ({place})。未記録の分は処理待ちのまま"
        "です。再実行し、繰り返す場合は場所を添えて報告してください。",
    }
