"""Owners as files name them: a rep's id, address or name, in the ways that people write them."""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING, Final, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

_ADDRESS: Final = re.compile(r"<([^<>\s]+@[^<>\s]+)>")
_REMARK: Final = re.compile(r"\([^()]*\)\s*$")
_COURTESY: Final = re.compile(r"(様|さま|さん|殿|氏)$|^(mr|mrs|ms|dr)\.?(?=\s)")
_JAPANESE: Final = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]")
#: Forms of one character in family names, which NFKC leaves apart.
_FORMS: Final = str.maketrans("髙﨑邊邉濵濱澤廣櫻嶋眞惠", "高崎辺辺浜浜沢広桜島真恵")


class Named(Protocol):
    """Somebody who may be named as owner."""

    @property
    def rep_id(self) -> str:
        """Return the id."""

    @property
    def name(self) -> str:
        """Return the name, as the configuration writes it."""

    @property
    def email(self) -> str:
        """Return the address."""


def resolve_owner(text: str, reps: Iterable[Named]) -> str | None:
    """Return the id of the one rep whom a cell names, None where none or several could be meant.

    An id counts before an address, an address before a whole name (in either order), a whole
    name before a family name alone, which must be nobody else's given name either.

    Args:
        text: the cell: `R13`, `r13@example.jp`, `中島 健`, `中島健様`, `中島さん`, `Lee, Kim`.
        reps: everybody who may be meant, inactive ones too: a name that two of them share names
            nobody.
    """
    folded = _fold(text)
    if not folded:
        return None
    known = list(reps)
    address = _ADDRESS.search(folded)
    wanted = {address[1]} if address else _written(folded)
    for level in (_id, _email, _whole_names):
        if found := _named(known, wanted, level):
            return _only(found)
    family = _named(known, wanted, _family_names)
    return _only(family | _named(known, wanted, _given_names)) if family else None


def _named(
    reps: Iterable[Named], wanted: set[str], names: Callable[[Named], Iterator[str]]
) -> set[str]:
    return {rep.rep_id for rep in reps if not wanted.isdisjoint(names(rep))}


def _only(found: set[str]) -> str | None:
    return found.pop() if len(found) == 1 else None


def _fold(text: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", text).casefold().translate(_FORMS).split())


def _written(folded: str) -> set[str]:
    """Return the cell as it is, and without remark and courtesy, both without spaces."""
    plain = _COURTESY.sub("", _REMARK.sub("", folded).strip()).strip()
    return {_close(folded), _close(plain)} - {""}


def _close(text: str) -> str:
    return text.replace(" ", "")


def _id(rep: Named) -> Iterator[str]:
    yield _close(_fold(rep.rep_id))


def _email(rep: Named) -> Iterator[str]:
    yield _close(_fold(rep.email))


def _whole_names(rep: Named) -> Iterator[str]:
    words = _fold(rep.name).split()
    yield "".join(words)
    if len(words) > 1:
        yield f"{words[-1]},{''.join(words[:-1])}"
        yield "".join([words[-1], *words[:-1]])


def _family_names(rep: Named) -> Iterator[str]:
    """Give the family name: the first word in Japanese, else the last; a lone word is one."""
    words = _fold(rep.name).split()
    if words:
        yield words[0] if _JAPANESE.search(words[0]) else words[-1]


def _given_names(rep: Named) -> Iterator[str]:
    words = _fold(rep.name).split()
    if len(words) > 1:
        yield words[-1] if _JAPANESE.search(words[0]) else words[0]
