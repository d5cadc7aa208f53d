"""Checks every template without rendering it: syntax, names, missing parts, duties, links."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from jinja2 import TemplateSyntaxError

from leadline.domain.leads import LANGUAGES
from leadline.rendering.environment import Sandbox, refusals
from leadline.rendering.faults import explain
from leadline.rendering.known import ANYTHING, PARTS, context_of, known_of, mail_folder
from leadline.rendering.links import unsafe_markup
from leadline.rendering.names import NameWalk
from leadline.rendering.problems import describe

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from leadline.errors import Problem
    from leadline.rendering.names import Fault

#: What every body of a marketing mail must print (CAN-SPAM; 特定電子メール法 Art. 4).
LEGAL_PARTS: Final = ("unsubscribe_url", "company.name", "company.postal_address")
#: What every body of a mail that answers a form must print: who it comes from.
SENDER_PARTS: Final = ("company.name", "company.postal_address", "company.contact")


def check_templates(
    templates: Mapping[str, str], *, fields: Collection[str] = ()
) -> tuple[Problem, ...]:
    """Return every fault of a set of templates, in order of file and line.

    Args:
        templates: text by path below templates/.
        fields: custom lead fields of `config/settings.yaml`, which templates may name too.
    """
    sandbox = Sandbox(templates)
    found: list[Problem] = []
    for path in sorted(templates):
        if path.endswith((".txt", ".html")):
            found += _check_one(sandbox, templates, path, fields)
    found += _missing_parts(templates)
    unique = {(each.file, each.line, each.code, each.message["en"]): each for each in found}
    return tuple(unique[key] for key in sorted(unique))


def _check_one(
    sandbox: Sandbox, templates: Mapping[str, str], path: str, fields: Collection[str]
) -> Iterator[Problem]:
    for line, code, text in unsafe_markup(path, templates[path]):
        yield describe(code, template=path, line=line, variable=text)
    context = context_of(path)
    if context is None and not _is_fragment(path):
        yield describe("unknown_template", template=path)
    try:
        tree = sandbox.tree(path)
        refused = list(refusals(tree, path))
        root = known_of(context, fields=fields) if context else ANYTHING
        walk = NameWalk(sandbox, templates, root)
        walk.read(path, tree)
        if not refused and not walk.faults:
            sandbox.compile(tree, path, path)
    except TemplateSyntaxError as error:
        yield explain(error, path=path, context={}, templates=templates).problem
        return
    for refusal in refused:
        yield explain(refusal, path=path, context={}, templates=templates).problem
    for fault in walk.faults:
        yield _placed(fault, templates)
    for name in _duties(path):
        if name not in walk.printed:
            yield describe("legal_part_missing", template=path, variable=name)


def _duties(path: str) -> tuple[str, ...]:
    """Return what the template at `path` must print."""
    duties = {"nurture": LEGAL_PARTS, "forms": SENDER_PARTS}
    is_body = path.endswith(("/body.txt", "/body.html"))
    return duties.get(path.partition("/")[0], ()) if is_body else ()


def _placed(fault: Fault, templates: Mapping[str, str]) -> Problem:
    """Word a fault, with the column at which its last name stands in its line."""
    lines = templates[fault.path].split("\n")
    text = lines[fault.line - 1] if fault.line <= len(lines) else ""
    word = fault.variable.removesuffix("()").rpartition(".")[2]
    at = re.search(rf"(?<!\w){re.escape(word)}(?!\w)", text) if word else None
    return describe(
        fault.code,
        template=fault.path,
        line=fault.line,
        column=at.start() + 1 if at else 0,
        variable=fault.variable,
        suggestion=fault.suggestion,
    )


def _missing_parts(templates: Mapping[str, str]) -> Iterator[Problem]:
    """Report each part that a mail lacks in a language."""
    for folder in {folder for path in templates if (folder := mail_folder(path))}:
        for lang in LANGUAGES:
            for part in PARTS:
                path = f"{folder}/{lang}/{part}"
                if path not in templates:
                    yield describe("mail_part_missing", template=path)


def _is_fragment(path: str) -> bool:
    """Return whether a template is only ever included (a name in its path begins with `_`)."""
    return any(name.startswith("_") for name in path.split("/"))
