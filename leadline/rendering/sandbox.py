"""Renders mails and pages from templates in memory, safely and strictly.

A template sees plain frozen data and nothing else. What it prints is never read as a template
again, so a lead named `{{7*7}}` is printed literally, and .html escapes all that it prints.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime
from html import unescape
from html.entities import html5
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from jinja2 import TemplateError

from leadline.domain.leads import LANGUAGES
from leadline.rendering.checks import check_templates
from leadline.rendering.environment import Sandbox
from leadline.rendering.faults import explain
from leadline.rendering.problems import TemplateProblem

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Rendered", "Renderer", "TemplateProblem", "check_templates", "freeze"]

_PLAIN: Final = frozenset({float, bool, type(None), date, datetime})
_ENTITY: Final = re.compile(r"&(#\d{1,7};|#[xX][0-9a-fA-F]{1,6};|[a-zA-Z][a-zA-Z0-9]{1,31};)")
_LINE_SIGNS: Final = re.compile(r"[\s\x00-\x1f\x7f-\x9f\u2028\u2029]+")
_TEXT_SIGNS: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")
_BLANK_LINES: Final = re.compile(r"\n{3,}")
#: What a template that compiled can still raise: a wrong type, a missing item, endless recursion.
_FAULTS: Final = (
    ArithmeticError,
    AttributeError,
    LookupError,
    MemoryError,
    RuntimeError,
    TemplateError,
    TypeError,
    ValueError,
)


@dataclass(frozen=True, slots=True)
class Rendered:
    """A mail's three parts: the subject on one line, plain text without entities, and HTML."""

    subject: str
    text: str
    html: str


def freeze(value: object) -> object:
    """Return `value` as plain data that a template can read and not change.

    Raises:
        TypeError: it holds anything but dict, list, tuple, str, int, float, bool, None, date
            and datetime; the text names the type, never the value.
    """
    if type(value) is str or type(value) is int or type(value) in _PLAIN:
        return value
    if isinstance(value, dict | MappingProxyType):
        return MappingProxyType(
            {
                key if type(key) is str else _key(key): item if type(item) is str else freeze(item)
                for key, item in value.items()
            }
        )
    if isinstance(value, list | tuple):
        return tuple(freeze(item) for item in value)
    # Text of another class may claim to be safe markup; its plain text is escaped like any other.
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, int):
        return int(value)
    message = f"a template takes plain data, not {type(value).__name__}"
    raise TypeError(message)


def _key(key: object) -> str:
    if not isinstance(key, str):
        message = f"a template's mapping has text keys, not {type(key).__name__}"
        raise TypeError(message)
    return str.__str__(key)


class Renderer:
    """Renders from a fixed set of templates; each is compiled once, when it is first used."""

    def __init__(self, templates: Mapping[str, str]) -> None:
        """Take templates by their path below templates/, such as `pages/en/thanks.html`."""
        self._templates = dict(templates)
        self._folders = {path.rpartition("/")[0] for path in templates}
        self._sandbox = Sandbox(self._templates)

    def render_mail(self, folder: str, *, lang: str, context: Mapping[str, object]) -> Rendered:
        """Render subject, text and HTML of a mail.

        Args:
            folder: path below templates/, such as `nurture/welcome/hello`.
            lang: "en" or "ja"; the other is used only if the folder for `lang` is missing.
            context: one of leadline.rendering.contexts.

        Raises:
            TemplateProblem: a template is missing, wrong or lacks a variable.
            TypeError: `context` holds something other than plain data.
        """
        places = [f"{folder}/{language}" for language in _languages(lang)]
        place = next((place for place in places if place in self._folders), places[0])
        data = {_key(key): freeze(value) for key, value in context.items()}
        return Rendered(
            subject=_one_line(self._render(f"{place}/subject.txt", data)),
            text=_plain_text(self._render(f"{place}/body.txt", data)),
            html=self._render(f"{place}/body.html", data),
        )

    def render_page(self, name: str, *, lang: str, context: Mapping[str, object]) -> str:
        """Render `pages/<lang>/<name>.html`, in the other language only if `lang` has none.

        Raises:
            TemplateProblem: the template is missing, wrong or lacks a variable.
            TypeError: `context` holds something other than plain data.
        """
        paths = [f"pages/{language}/{name}.html" for language in _languages(lang)]
        path = next((path for path in paths if path in self._templates), paths[0])
        return self._render(path, {_key(key): freeze(value) for key, value in context.items()})

    def _render(self, path: str, data: Mapping[str, object]) -> str:
        if path not in self._templates:
            code = "template_missing"
            raise TemplateProblem(code, template=path)
        try:
            return self._sandbox.get_template(path).render(data)
        except _FAULTS as error:
            problem = explain(error, path=path, context=data, templates=self._templates)
        # Raised outside the handler: the engine's error and its frames hold data.
        raise problem


def _languages(lang: str) -> list[str]:
    return [lang, *(language for language in LANGUAGES if language != lang)]


def _one_line(text: str) -> str:
    """Return a subject: entities decoded first, then line ends and control characters joined."""
    return _LINE_SIGNS.sub(" ", decode_entities(text)).strip()


def _plain_text(text: str) -> str:
    """Return a text part: entities decoded, LF line ends, no control characters, one end."""
    lines = (line.rstrip() for line in decode_entities(text).splitlines())
    kept = _TEXT_SIGNS.sub("", "\n".join(lines))
    return _BLANK_LINES.sub("\n\n", kept).strip("\n") + "\n"


def decode_entities(text: str) -> str:
    """Decode whole entities alone: `&copy=1` in a link is no entity."""
    return _ENTITY.sub(_decoded_entity, text) if "&" in text else text


def _decoded_entity(match: re.Match[str]) -> str:
    known = match[1].startswith("#") or match[1] in html5
    return unescape(match[0]) if known else match[0]
