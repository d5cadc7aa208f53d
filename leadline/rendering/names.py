"""Walks a template's syntax tree and compares every name in it with what the context holds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from jinja2 import nodes
from jinja2.visitor import NodeVisitor

from leadline.rendering.environment import Sandbox, included
from leadline.rendering.known import ANYTHING, TEXT, Known
from leadline.rendering.problems import nearest

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_ONE_OF: Final = frozenset({"first", "last", "max", "min"})
_SAME: Final = frozenset({"list", "reject", "reverse", "select", "sort", "unique"})
_SAME_IF_KEYED: Final = frozenset({"rejectattr", "selectattr"})
_OPEN: Final = frozenset({"d", "default", "groupby", "items", "dictsort", "map"})
_MACRO_NAMES: Final = ("caller", "varargs", "kwargs")


@dataclass(frozen=True, slots=True)
class Fault:
    """One name that is unknown or refused, where it stands."""

    code: str
    path: str
    line: int
    variable: str
    suggestion: str = ""


class NameWalk(NodeVisitor):
    """Reads one template with all that it includes.

    Attributes:
        faults: what is wrong, in the order met.
        printed: dotted names that are printed whatever the values are.
    """

    def __init__(self, sandbox: Sandbox, templates: Mapping[str, str], root: Known) -> None:
        """Start with the names of `root`; nothing is checked below an open one."""
        self.faults: list[Fault] = []
        self.printed: set[str] = set()
        self._sandbox = sandbox
        self._templates = templates
        self._is_open = root.is_open
        self._scopes: list[dict[str, Known]] = [dict(root.keys or {})]
        self._paths: list[str] = []

    def read(self, path: str, tree: nodes.Template) -> None:
        """Walk the tree of the template at `path`."""
        self._paths.append(path)
        self._each(tree.body)
        self._paths.pop()

    # ---- expressions: each returns what is known of its value ----

    def visit_Name(self, node: nodes.Name) -> Known:  # noqa: N802  # jinja2 names its visitors so
        """Look a name up; storing ones are bound by the statement that holds them."""
        for scope in reversed(self._scopes):
            if node.name in scope:
                return scope[node.name]
        if not self._is_open:
            self._unknown(node, node.name, self._meaning(node.name))
        return ANYTHING

    def visit_Getattr(self, node: nodes.Getattr) -> Known:  # noqa: N802
        """Look an attribute up below its owner."""
        return self._below(node, node.attr)

    def visit_Getitem(self, node: nodes.Getitem) -> Known:  # noqa: N802
        """Look a key or an item up; a computed one may be anything."""
        self.visit(node.arg)
        if isinstance(node.arg, nodes.Const) and isinstance(node.arg.value, str):
            return self._below(node, node.arg.value)
        owner = self._value(node.node)
        return owner if isinstance(node.arg, nodes.Slice) else owner.item or ANYTHING

    def visit_Filter(self, node: nodes.Filter) -> Known:  # noqa: N802
        """Say what a filter makes of its value."""
        value = self._value(node.node) if node.node is not None else TEXT
        self._each([*node.args, *node.kwargs])
        if node.name in _ONE_OF:
            return value.item or ANYTHING
        if node.name in _OPEN:
            return ANYTHING
        return value if node.name in _SAME | _SAME_IF_KEYED else TEXT

    def visit_Call(self, node: nodes.Call) -> Known:  # noqa: N802
        """Allow calls of the template's own macros and of parent blocks."""
        target = node.node
        while isinstance(target, nodes.Getattr):
            target = target.node
        own = isinstance(target, nodes.Name) and self._is_macro(target.name)
        if not own:
            name = dotted(node.node) or "()"
            self._fault("unsafe_expression", node, f"{name}()" if name != "()" else name)
        self._each([*node.args, *node.kwargs])
        return ANYTHING

    # ---- statements ----

    def visit_Output(self, node: nodes.Output) -> None:  # noqa: N802
        """Remember what is printed."""
        for child in node.nodes:
            self.visit(child)
            self.printed.update(_names_printed(child))

    def visit_If(self, node: nodes.If) -> None:  # noqa: N802
        """Walk all branches; only what each of them prints is printed for certain."""
        self._each([node.test, *(other.test for other in node.elif_)])
        bodies = [node.body, *(other.body for other in node.elif_), node.else_]
        printed = [self._printed_by(body) for body in bodies]
        self.printed |= set.intersection(*printed) if node.else_ else set()

    def visit_For(self, node: nodes.For) -> None:  # noqa: N802
        """Bind the loop's names and walk its body, which may run zero times."""
        value = self._value(node.iter)
        self._scopes.append({"loop": ANYTHING})
        self._bind(node.target, value.item or ANYTHING)
        if node.test is not None:
            self.visit(node.test)
        self._printed_by(node.body)
        self._scopes.pop()
        self._printed_by(node.else_)

    def visit_Assign(self, node: nodes.Assign) -> None:  # noqa: N802
        """Bind a name set by the template."""
        self._bind(node.target, self._value(node.node))

    def visit_AssignBlock(self, node: nodes.AssignBlock) -> None:  # noqa: N802
        """Bind a name to a block of text."""
        self._printed_by(node.body)
        self._bind(node.target, TEXT)

    def visit_With(self, node: nodes.With) -> None:  # noqa: N802
        """Bind names for one block."""
        values = [self._value(value) for value in node.values]
        self._scopes.append({})
        for target, value in zip(node.targets, values, strict=True):
            self._bind(target, value)
        self._each(node.body)
        self._scopes.pop()

    def visit_Macro(self, node: nodes.Macro) -> None:  # noqa: N802
        """Bind a macro's name; its arguments may be anything."""
        self._each(node.defaults)
        self._scopes[-1][node.name] = ANYTHING
        self._with_arguments(node.args, node.body)

    def visit_CallBlock(self, node: nodes.CallBlock) -> None:  # noqa: N802
        """Walk a macro's call with a block."""
        self.visit(node.call)
        self._with_arguments(node.args, node.body)

    def visit_Include(self, node: nodes.Include) -> None:  # noqa: N802
        """Walk the included template with the names known here."""
        self._load(node)

    def visit_Extends(self, node: nodes.Extends) -> None:  # noqa: N802
        """Walk the parent template with the names known here."""
        self._load(node)

    def visit_Import(self, node: nodes.Import) -> None:  # noqa: N802
        """Bind an imported template; its macros may be anything."""
        self._load(node, is_alone=True)
        self._scopes[-1][node.target] = ANYTHING

    def visit_FromImport(self, node: nodes.FromImport) -> None:  # noqa: N802
        """Bind imported macros."""
        self._load(node, is_alone=True)
        for name in node.names:
            self._scopes[-1][name if isinstance(name, str) else name[1]] = ANYTHING

    # ---- what they share ----

    def _value(self, node: nodes.Node) -> Known:
        known = self.visit(node)
        if isinstance(known, Known):
            return known
        return TEXT if isinstance(node, nodes.Literal) else ANYTHING

    def _each(self, found: Iterable[nodes.Node]) -> None:
        for node in found:
            self.visit(node)

    def _below(self, node: nodes.Getattr | nodes.Getitem, name: str) -> Known:
        owner = self._value(node.node)
        if owner.is_open:
            if name.startswith("_"):
                self._fault("unsafe_expression", node, name)
            return ANYTHING
        if owner.keys is not None and name in owner.keys:
            return owner.keys[name]
        parent = dotted(node.node)
        prefix = f"{parent}." if parent else ""
        near = nearest(name, owner.keys or {})
        code = "unsafe_expression" if name.startswith("_") else "unknown_variable"
        self._fault(code, node, prefix + name, prefix + near if near else "")
        return ANYTHING

    def _printed_by(self, body: list[nodes.Node]) -> set[str]:
        before, self.printed = self.printed, set()
        self._each(body)
        printed, self.printed = self.printed, before
        return printed

    def _with_arguments(self, arguments: list[nodes.Name], body: list[nodes.Node]) -> None:
        names = [*_MACRO_NAMES, *(argument.name for argument in arguments)]
        self._scopes.append(dict.fromkeys(names, ANYTHING))
        self._printed_by(body)
        self._scopes.pop()

    def _bind(self, target: nodes.Node, value: Known) -> None:
        if isinstance(target, nodes.Name):
            self._scopes[-1][target.name] = value
        for name in target.find_all(nodes.Name):
            self._scopes[-1][name.name] = ANYTHING

    def _load(self, node: nodes.Node, *, is_alone: bool = False) -> None:
        name = included(node) or ""
        if name not in self._templates or name in self._paths:
            self._fault("include_refused", node, name)
            return
        scopes = self._scopes
        self._scopes = [{}] if is_alone else scopes
        self.read(name, self._sandbox.tree(name))
        self._scopes = scopes

    def _is_macro(self, name: str) -> bool:
        bound = any(scope.get(name) is ANYTHING for scope in self._scopes)
        return bound or name == "super"

    def _meaning(self, name: str) -> str:
        known = {name: value for scope in self._scopes for name, value in scope.items()}
        for parent, value in known.items():
            if name in (value.keys or {}):
                return f"{parent}.{name}"
        return nearest(name, known)

    def _unknown(self, node: nodes.Node, name: str, suggestion: str) -> None:
        self._fault("unknown_variable", node, name, suggestion)

    def _fault(self, code: str, node: nodes.Node, name: str, suggestion: str = "") -> None:
        self.faults.append(Fault(code, self._paths[-1], node.lineno, name, suggestion))


def dotted(node: nodes.Node) -> str:
    """Return `lead.company` for an expression that is one, else ""."""
    if isinstance(node, nodes.Name):
        return node.name
    if isinstance(node, nodes.Getattr):
        owner = dotted(node.node)
        return f"{owner}.{node.attr}" if owner else ""
    return ""


def _names_printed(node: nodes.Node | None) -> list[str]:
    """Return the dotted names that an expression prints whatever the values are."""
    if isinstance(node, nodes.Filter):
        return _names_printed(node.node)
    if isinstance(node, nodes.Concat):
        return [name for part in node.nodes for name in _names_printed(part)]
    return [name] if node is not None and (name := dotted(node)) else []
