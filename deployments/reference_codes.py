"""Generated parts of the reference that list codes with their words in both languages."""

from __future__ import annotations

import re
from importlib import import_module
from pkgutil import walk_packages
from typing import TYPE_CHECKING, Final

import leadline
from leadline import errors
from leadline.config.codes import CODES
from leadline.domain.actor_words import ACTOR_WORDS
from leadline.domain.condition_findings import _WORDING, FUNCTIONS
from leadline.domain.leads import DERIVED_FIELDS, LEAD_FIELDS
from leadline.domain.reject_words import REJECT_WORDS
from leadline.domain.skips import WORDS
from leadline.rendering.problems import _WORDS as TEMPLATE_WORDS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

_WORD_PARTS: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
#: Errors that bear a code per case.
_OWN_CODES: Final = frozenset({"Refused", "TemplateProblem"})
#: What to do about errors whose sentence is worded by a more special class.
_ADVICE: Final = {
    "LeadlineError": (
        "The root of all errors of leadline. Read the sentence: it ends with the next step.",
        "leadline のすべてのエラーの基底です。メッセージの末尾にある対処に従ってください。",
    ),
    "UsageError": (
        "Compare the command with `leadline COMMAND --help`; nothing was done.",
        "`leadline コマンド --help` で使い方を確認してください。何も実行されていません。",
    ),
    "IntakeError": (
        "Mend the file as the sentence says and import it again; nothing of it was taken in.",
        "メッセージに従ってファイルを直し、もう一度取り込んでください。何も取り込まれていません。",
    ),
    "RoutingError": (
        "Run the stage again; leads that were not routed stay due.",
        "処理段階を再実行してください。未処理のリードは処理待ちのままです。",
    ),
    "DeliveryError": (
        "What was not sent stays due; see the two kinds below.",
        "未送信のメールは送信待ちのままです。下位の2種類を参照してください。",
    ),
    "TransientDeliveryError": (
        "Wait: it passes by itself, and Prefect tries the batch again.",
        "一時的なものです。Prefect がバッチを自動で再試行します。",
    ),
    "PermanentDeliveryError": (
        "Mend LEADLINE_SMTP_URL or the relay's account; `leadline doctor` tries the login.",
        "LEADLINE_SMTP_URL かリレーの認証を直してください。`leadline doctor` で確認できます。",
    ),
    "StoreError": (
        "See the special kinds below; `leadline doctor` checks the database.",
        "下位の種類を参照してください。`leadline doctor` でデータベースを確認できます。",
    ),
    "SchemaOutOfDate": (
        "Older than the program: back up, then `leadline migrate`. Newer: update the program.",
        "古い場合はバックアップ後に `leadline migrate`、新しい場合はプログラムを更新します。",
    ),
    "TemplateProblem": (
        "Mend the template that it names and run `leadline check`; other mail goes on.",
        "示されたテンプレートを直し、`leadline check` を実行してください。他のメールは続きます。",
    ),
    "ConcurrentUpdate": (
        "Run it again; another process was first and nothing was written.",
        "再実行してください。他のプロセスが先に更新し、何も書き込まれていません。",
    ),
}


def table(header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Return a Markdown table."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(_cell(cell) for cell in line) + " |" for line in lines)


def _cell(value: object) -> str:
    return str(value).replace("|", "\\|").replace("\n", " ")


def prose(text: str) -> str:
    """Return a sentence as Markdown: one line, and what looks like a tag is none."""
    plain = text.replace("{{", "{").replace("}}", "}").replace("\n", " ")
    plain = plain.replace("!r}", "}")
    return re.sub(r"<(?=[^\W\d])", "&lt;", plain)


def code(text: object) -> str:
    """Return `text` as code."""
    return f"`{text}`"


def _skip_reasons(lang: str) -> str:
    del lang
    rows = [(code(reason.value), words["en"], words["ja"]) for reason, words in WORDS.items()]
    return table(("Reason", "In words", "日本語"), rows)


def _actor_reasons(lang: str) -> str:
    header = {"en": ("Code", "In words"), "ja": ("コード", "意味")}[lang]
    return table(header, [(code(name), words[lang]) for name, words in ACTOR_WORDS.items()])


def _reject_codes(lang: str) -> str:
    del lang
    rows = [(code(name), words["en"], words["ja"]) for name, words in REJECT_WORDS.items()]
    return table(("Code", "In words", "日本語"), rows)


def _configuration_codes(lang: str) -> str:
    del lang
    parts = []
    for name, words in CODES.items():
        said = f"- {words.en}. {words.more_en}\n- {words.ja}。{words.more_ja}"
        parts.append(f"### {code(name)}\n\n{said}")
    return "\n\n".join(parts)


def _condition_codes(lang: str) -> str:
    del lang
    rows = [(code(name), english, japanese) for name, english, japanese in _WORDING.values()]
    return table(("Code", "Sentence", "日本語"), rows)


def _template_codes(lang: str) -> str:
    del lang
    rows = [(code(name), words["en"], words["ja"]) for name, words in TEMPLATE_WORDS.items()]
    return table(("Code", "Sentence", "日本語"), rows)


def _condition_fields(lang: str) -> str:
    header = {"en": ("Type", "Fields"), "ja": ("型", "項目")}[lang]
    by_type: dict[str, list[str]] = {}
    for name, kind in {**LEAD_FIELDS, **DERIVED_FIELDS}.items():
        by_type.setdefault(kind, []).append(code(name))
    return table(header, [(kind, " ".join(names)) for kind, names in by_type.items()])


def _condition_functions(lang: str) -> str:
    del lang
    return ", ".join(code(name) for name in FUNCTIONS)


def _errors(lang: str) -> str:
    del lang
    return "\n\n".join(_error(found) for found in error_classes())


def error_classes() -> list[type[errors.LeadlineError]]:
    """Return every error of the product, each behind the one that it is a kind of."""
    for module in walk_packages(leadline.__path__, "leadline."):
        if ".migrations" not in module.name:
            import_module(module.name)
    return list(_below(errors.LeadlineError))


def _below(parent: type[errors.LeadlineError]) -> Iterator[type[errors.LeadlineError]]:
    yield parent
    ours = [each for each in parent.__subclasses__() if each.__module__.startswith("leadline.")]
    for child in sorted(ours, key=lambda each: each.__name__.lstrip("_")):
        yield from _below(child)


def _error(found: type[errors.LeadlineError]) -> str:
    parents = [each.__name__ for each in found.__mro__[1:] if each.__module__ == errors.__name__]
    name = found.__name__.lstrip("_")
    own = "the code of the case" if name in _OWN_CODES else code(_WORD_PARTS.sub("_", name).lower())
    kind = f" A kind of {code(parents[0])}." if parents else ""
    about = (found.__doc__ or "").strip().split("\n")[0]
    english, japanese = _words(found)
    return f"### {code(name)}\n\n{about}{kind} In JSON: {own}.\n\n- {english}\n- {japanese}"


def _words(found: type[errors.LeadlineError]) -> tuple[str, str]:
    """Return what the error says, else what to do about its kind."""
    if "texts" in vars(found) and found is not errors.LeadlineError:
        return (prose(found.texts["en"]), prose(found.texts["ja"]))
    for each in found.__mro__:
        if each.__name__ in _ADVICE:
            return _ADVICE[each.__name__]
    return _ADVICE["LeadlineError"]


MAKERS: Final[Mapping[str, Callable[[str], str]]] = {
    "skip-reasons": _skip_reasons,
    "actor-reasons": _actor_reasons,
    "reject-codes": _reject_codes,
    "configuration-codes": _configuration_codes,
    "condition-codes": _condition_codes,
    "template-codes": _template_codes,
    "condition-fields": _condition_fields,
    "condition-functions": _condition_functions,
    "errors": _errors,
}
