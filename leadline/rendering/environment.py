"""The Jinja environment that templates run in: a sandbox without functions, files or markup.

Jinja's immutable sandbox is the first layer. On top of it nothing can be called but a
template's own macros, no global function exists, filters are a short list, mappings give
their keys and never their methods, text cannot be multiplied, and what a template includes is
named in plain quotes and escapes as it does itself.
"""

from __future__ import annotations

import re
from functools import partial
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, cast

from jinja2 import BaseLoader, StrictUndefined, TemplateSyntaxError, nodes
from jinja2.exceptions import SecurityError, TemplateNotFound, UndefinedError
from jinja2.filters import FILTERS as ENGINE_FILTERS
from jinja2.parser import Parser
from jinja2.runtime import BlockReference, Macro
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.utils import missing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from jinja2 import Environment
    from jinja2.exceptions import TemplateRuntimeError
    from jinja2.runtime import Context, Undefined

#: The filters that templates have. Left out on purpose: what marks text as safe markup, reaches
#: attributes, formats by pattern, pads to any width, or is random.
FILTERS: Final = frozenset(
    {
        "abs",
        "capitalize",
        "clock",
        "count",
        "d",
        "default",
        "dictsort",
        "e",
        "escape",
        "first",
        "float",
        "groupby",
        "int",
        "items",
        "join",
        "last",
        "length",
        "list",
        "lower",
        "map",
        "max",
        "min",
        "reject",
        "rejectattr",
        "replace",
        "reverse",
        "round",
        "select",
        "selectattr",
        "signed",
        "sort",
        "string",
        "striptags",
        "sum",
        "title",
        "trim",
        "truncate",
        "unique",
        "upper",
        "urlencode",
        "wordcount",
        "wordwrap",
    }
)
_SWITCHES: Final = (nodes.EvalContextModifier, nodes.ScopedEvalContextModifier)
_LOADING: Final = (nodes.Include, nodes.Extends, nodes.Import, nodes.FromImport)
_CLOCK: Final = re.compile(r"\b\d{1,2}:\d{2}\b", re.ASCII)
# What frozen data and a template's own literals are; an abstract class would cost ten times more.
_MAPPINGS: Final = (MappingProxyType, dict)
_NUMBERS: Final = (int, float)


class RefusedTemplate(TemplateSyntaxError):
    """A template says something that is refused before it is ever run."""

    def __init__(self, code: str, variable: str, lineno: int, name: str | None = None) -> None:
        """Keep the problem's code and the word that is refused."""
        super().__init__(code, lineno, name)
        self.code = code
        self.variable = variable


class UnknownName(UndefinedError):
    """A template used a name that its context does not hold."""

    def __init__(self, message: str | None = None, *, owner: object, name: str) -> None:
        """Keep the mapping that was asked (jinja2's `missing` for the context) and the name."""
        super().__init__(message)
        self.owner = owner
        self.name = name


class _Strict(StrictUndefined):
    """An undefined value that knows what was asked of whom, for a suggestion."""

    __slots__ = ()

    def __init__(
        self,
        hint: str | None = None,
        obj: object = missing,
        name: str | None = None,
        exc: type[TemplateRuntimeError] = UndefinedError,
    ) -> None:
        """Raise `UnknownName` on use, unless the sandbox asks for a security error."""
        if exc is UndefinedError:
            known = partial(UnknownName, owner=obj, name=str(name))
            exc = cast("type[TemplateRuntimeError]", known)
        super().__init__(hint, obj, name, exc)


class _Templates(BaseLoader):
    """Loads from the mapping only; a template's path is also its file name in tracebacks."""

    def __init__(self, templates: Mapping[str, str]) -> None:
        self._templates = templates

    def get_source(
        self, environment: Environment, template: str
    ) -> tuple[str, str, Callable[[], bool]]:
        """Return text, path and a check that never finds it changed."""
        del environment
        if template not in self._templates:
            raise TemplateNotFound(template)
        return self._templates[template], template, lambda: True


class Sandbox(ImmutableSandboxedEnvironment):
    """The environment; `templates` maps paths below templates/ to their text."""

    intercepted_binops = frozenset({"*", "**", "%"})

    def __init__(self, templates: Mapping[str, str]) -> None:
        """Take the templates; compile each when it is first used and keep it."""
        self._templates = templates
        super().__init__(
            loader=_Templates(templates),
            undefined=_Strict,
            autoescape=lambda name: name is not None and name.endswith(".html"),
            auto_reload=False,
            cache_size=-1,
            trim_blocks=True,
            lstrip_blocks=True,
            keep_trailing_newline=True,
        )
        self.globals.clear()
        self.filters |= {"clock": _clock, "signed": _signed}
        self.filters = {name: self.filters[name] for name in FILTERS}

    def getattr(self, obj: Any, attribute: str) -> Any:  # noqa: ANN401  # as the base class
        """Give a mapping's key, never its methods; other values as the sandbox allows."""
        if isinstance(obj, _MAPPINGS):
            return self.getitem(obj, attribute)
        return super().getattr(obj, attribute)

    def getitem(self, obj: Any, argument: Any) -> Any:  # noqa: ANN401  # as the base class
        """Give a mapping's key or a sequence's item."""
        if not isinstance(obj, _MAPPINGS):
            return super().getitem(obj, argument)
        if argument in obj:
            return obj[argument]
        if str(argument).startswith("_"):
            return self.unsafe_undefined(obj, str(argument))
        return self.undefined(obj=obj, name=argument)

    def unsafe_undefined(self, obj: Any, attribute: str) -> Undefined:  # noqa: ANN401  # as the base
        """Return a value whose use is a security error that names the attribute alone."""
        return self.undefined(attribute, name=attribute, obj=obj, exc=SecurityError)

    def is_safe_callable(self, obj: object) -> bool:
        """Allow a template's own macros and parent blocks, nothing else."""
        return isinstance(obj, Macro | BlockReference)

    def call(self, context: Context, obj: Any, /, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401
        """Call a macro; the refusal of anything else never prints it, for it may hold data."""
        if isinstance(obj, _Strict):
            obj()
        if not self.is_safe_callable(obj):
            called = f"{getattr(obj, '__name__', '')}()"
            raise SecurityError(called)
        return super().call(context, obj, *args, **kwargs)

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:  # noqa: ANN401
        """Multiply numbers only: repeated text could fill the memory."""
        numbers = isinstance(left, _NUMBERS) and isinstance(right, _NUMBERS)
        if operator == "**" or not numbers:
            raise SecurityError(operator)
        return super().call_binop(context, operator, left, right)

    def tree(self, path: str) -> nodes.Template:
        """Return the syntax tree of the template at `path`, whatever it says.

        Raises:
            TemplateSyntaxError: it cannot be read.
        """
        return Parser(self, self._templates[path], path, path).parse()

    def _parse(self, source: str, name: str | None, filename: str | None) -> nodes.Template:
        tree = super()._parse(source, name, filename)
        for refusal in refusals(tree, name or ""):
            raise refusal
        return tree


def refusals(tree: nodes.Template, name: str) -> Iterator[RefusedTemplate]:
    """Yield what no template may say: it is refused before it is ever run.

    That is switching escaping off, a filter that is not in `FILTERS`, computed names of included
    templates, and including text that is escaped in another way than `name` itself.
    """
    for switch in tree.find_all(_SWITCHES):
        yield RefusedTemplate("unsafe_expression", "autoescape", switch.lineno, name)
    for used in tree.find_all(nodes.Filter):
        if used.name not in FILTERS:
            code = "unsafe_filter" if used.name in ENGINE_FILTERS else "unknown_filter"
            yield RefusedTemplate(code, used.name, used.lineno, name)
    for loading in tree.find_all(_LOADING):
        target = included(loading)
        if target is None or target.endswith(".html") != name.endswith(".html"):
            yield RefusedTemplate("include_refused", target or "?", loading.lineno, name)


def included(node: nodes.Node) -> str | None:
    """Return the template that an include, extends or import names, or None if computed."""
    target = getattr(node, "template", None)
    plain = isinstance(target, nodes.Const) and isinstance(target.value, str)
    return target.value if plain and isinstance(target, nodes.Const) else None


def _clock(text: str) -> str:
    """Return the clock time in a text ("10:25" of "10:25 (JST), Mon 23 Nov"), else the text."""
    found = _CLOCK.search(text)
    return found[0] if found else text


def _signed(number: float) -> str:
    """Return a number with its sign: "+12", "-5", "+18.37"."""
    return f"{number:+.2f}".rstrip("0").rstrip(".")
