"""What each column of a file holds as far as its header, its cells and its neighbors tell."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from leadline.domain.headers import Known, fold_header, read_header, weak_words
from leadline.domain.leads import LEAD_FIELDS
from leadline.domain.likeness import (
    Evidence,
    contradicts,
    is_email_column,
    is_firm_column,
    weigh,
)

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

_SURE: Final = 100
_UNSURE: Final = 90
#: The person at the lead's side or at ours, as the other columns tell.
_CONTACTS: Final = frozenset(
    map(fold_header, ("担当者", "担当者名", "ご担当者", "contact", "kontakt"))
)
_PLAIN_NAMES: Final = frozenset(map(fold_header, ("name", "名前", "お名前", "名称", "nom")))
_CUSTOMERS: Final = frozenset(map(fold_header, ("顧客名", "お客様名", "customer name")))
_OWNERS_REPEAT: Final = 0.3  # share of different names below which a column names our own people
_ENOUGH_NAMES: Final = 20


class Column(NamedTuple):
    """A column on its way to a field; `known` is what its header says and its cells allow."""

    place: int
    header: str
    known: Known | None
    evidence: Evidence
    is_vetoed: bool = False

    @property
    def folded(self) -> str:
        """The header for looking it up."""
        return fold_header(self.header)

    @property
    def field(self) -> str:
        """The field, "" when none is known."""
        return self.known.field if self.known else ""

    def says(self, field: str, confidence: int = _SURE) -> Column:
        """Return the column with another field."""
        return self._replace(known=Known(field, confidence))


def see_columns(
    headers: Sequence[str],
    samples: Mapping[str, Sequence[str]],
    stated: Mapping[str, str],
    custom: Collection[str],
) -> list[Column]:
    """Return what each header says, as far as its cells and its neighbors allow."""
    own = {fold_header(name): name for name in custom if name not in LEAD_FIELDS}
    columns: list[Column] = []
    for place, header in enumerate(headers):
        evidence = weigh(samples.get(header, ()))
        if header in stated:
            columns.append(Column(place, header, Known(stated[header], _SURE), evidence))
        elif name := own.get(fold_header(header)):
            columns.append(Column(place, header, Known(name, _SURE), evidence))
        else:
            columns.append(_seen(Column(place, header, read_header(header), evidence)))
    columns = _without_wrong_mail(columns, stated)
    for adjust in (_names, _contacts, _firms, _times):
        columns = [
            column if column.header in stated else adjust(column, columns) for column in columns
        ]
    return columns


def _seen(column: Column) -> Column:
    """Return a column without its field when its cells say otherwise."""
    known = column.known
    if known is None or not known.field:
        return column
    is_weak = column.folded in weak_words() or known.confidence <= _UNSURE
    if contradicts(known.field, column.evidence, is_weak=is_weak):
        return column._replace(known=None, is_vetoed=True)
    return column


def _without_wrong_mail(columns: list[Column], stated: Mapping[str, str]) -> list[Column]:
    """Take `email` from columns without a single `@` where another column holds addresses."""
    if not any(column.evidence.emails and is_email_column(column.evidence) for column in columns):
        return columns
    return [
        column._replace(known=None, is_vetoed=True)
        if column.field == "email"
        and column.header not in stated
        and column.evidence.count
        and not column.evidence.ats
        else column
        for column in columns
    ]


def _names(column: Column, columns: Sequence[Column]) -> Column:
    """Read `Name` beside `Vorname` as the family name, 名前 beside 姓 as the given name."""
    fields = {other.field for other in columns}
    if column.folded not in _PLAIN_NAMES or column.evidence.spaced > 1 - _OWNERS_REPEAT:
        return column
    if "given_name" in fields and "family_name" not in fields:
        return column.says("family_name", _UNSURE)
    is_japanese = column.folded != "name"
    if is_japanese and "family_name" in fields and "given_name" not in fields:
        return column.says("given_name", _UNSURE)
    return column


def _contacts(column: Column, columns: Sequence[Column]) -> Column:
    """Read 担当者 as the owner where another column names the lead's person."""
    if column.folded not in _CONTACTS or column.field != "full_name":
        return column
    others = {other.field for other in columns if other.place != column.place}
    seen = column.evidence
    is_ours = seen.count >= _ENOUGH_NAMES and seen.kinds < _OWNERS_REPEAT * seen.count
    if not (is_ours or others & {"full_name", "family_name"}):
        return column
    is_honored = column.header.startswith("ご")
    return column if is_honored and not is_ours else column.says("owner", _UNSURE)


def _firms(column: Column, columns: Sequence[Column]) -> Column:
    """Read `Name` as the company where its cells say so, 顧客名 beside a person's name."""
    others = {other.field for other in columns if other.place != column.place}
    is_customer = column.folded in _CUSTOMERS and others & {"full_name", "family_name"}
    is_name = column.folded in _PLAIN_NAMES | _CUSTOMERS and is_firm_column(column.evidence)
    if column.field != "full_name" or "company" in others or not (is_customer or is_name):
        return column
    return column.says("company", _UNSURE)


def _times(column: Column, columns: Sequence[Column]) -> Column:
    """Read the time of creation as that of the submission where no column tells that."""
    if column.field != "created_at" or any(other.field == "submitted_at" for other in columns):
        return column
    return column._replace(known=column.known and column.known._replace(field="submitted_at"))
