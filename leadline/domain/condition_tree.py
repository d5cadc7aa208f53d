"""What a checked condition means, apart from any engine: the tree that SQL and masks are made of.

Names are known fields, types fit, literals are folded. Segments stand in it with their own trees.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from datetime import datetime

    from leadline.domain.leads import FieldType

COMPARISONS: Final = ("=", "<>", "<", "<=", ">", ">=")
JUNCTIONS: Final = ("and", "or")
#: Tests of a text for a part of it.
TEXT_TESTS: Final = ("contains", "starts_with", "ends_with")


@dataclass(frozen=True, slots=True)
class Term:
    """A part of a condition.

    Attributes:
        kind: `field`, `literal`, one of `COMPARISONS`, `JUNCTIONS` and `TEXT_TESTS`, `not`,
            `between`, `in`, `is_null`, `is`, `like`, `regex`, `length`, `coalesce`, or `known`,
            which is false where its part is unknown.
        type: None after a finding about it.
        parts: what it is made of, in the order of the text.
        value: the field's name, the literal (of a date the instant in UTC), the folded pattern,
            or the boolean after IS.
        size: how many terms it has, itself included.
        depth: how far they nest.
    """

    kind: str
    type: FieldType | None
    parts: tuple[Term, ...] = ()
    value: str | float | bool | datetime | None = None
    size: int = field(init=False, compare=False)
    depth: int = field(init=False, compare=False)

    def __post_init__(self) -> None:
        """Measure it: segments that name segments grow fast."""
        object.__setattr__(self, "size", 1 + sum(part.size for part in self.parts))
        object.__setattr__(self, "depth", 1 + max((part.depth for part in self.parts), default=0))


def known(term: Term) -> Term:
    """Return a term that is false where `term` is unknown."""
    return Term("known", "boolean", (term,))


def text_of(term: Term) -> str:
    """Return the text that a field, a text literal or a pattern holds."""
    return str(term.value)
