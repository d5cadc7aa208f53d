"""Whose an arrival is: the mail address that it states as its own, and not one that it mentions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Protocol

from leadline.domain.intake import Rejected
from leadline.domain.payloads import read_payload
from leadline.domain.suppression import read_addresses

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from leadline.domain.mentions import Mentions
    from leadline.domain.payloads import Reading

_EMAIL: Final = "email"
#: Rows that cannot be told apart into cells keep their text whole.
_WHOLE: Final = {"text"}


class Row(Protocol):
    """An arrival as it is stored; one of a file has the header and the mapping of its run."""

    @property
    def kind(self) -> str:
        """Of the submission."""

    @property
    def source(self) -> str:
        """Its source."""

    @property
    def raw(self) -> Any:  # noqa: ANN401 - any JSON value
        """As it arrived."""

    @property
    def header(self) -> Sequence[str] | None:
        """Of the file."""

    @property
    def mapping(self) -> Mapping[str, str] | None:
        """Field by header."""


@dataclass(frozen=True, slots=True)
class Stated:
    """Tells whose arrivals are.

    Attributes:
        mentions: the address of the person.
        readings: how webhooks are read, by source.
    """

    mentions: Mentions
    readings: Mapping[str, Reading]

    def is_own(self, row: Row) -> bool:
        """Tell whether an arrival is the person's, and not somebody's who speaks of them.

        What cannot be read is the person's when it names nobody else. So is what states no
        address at all and has the person's alone in a cell.
        """
        emails = self.emails(row)
        if emails:
            return self.mentions.address in emails
        if emails is None:
            named = self.mentions.is_in_value(row.raw)
            return named and not self.mentions.has_another(row.raw)
        return self.mentions.is_whole_in(row.raw)

    def emails(self, row: Row) -> list[str] | None:
        """Return the addresses that an arrival states as its own; None when it cannot be read."""
        cells = self._cells(row)
        if cells is None:
            return None
        return [address for cell in cells for address in read_addresses(str(cell or ""))]

    def _cells(self, row: Row) -> list[Any] | None:
        """Return the cells that are to be the address of an arrival."""
        raw = row.raw
        if row.kind == "webhook":
            return self._of_webhook(row)
        if isinstance(raw, list):
            raw = dict(zip(row.header or (), raw, strict=False))
        if not isinstance(raw, dict) or set(raw) == _WHOLE:
            return None
        if row.kind in {"form", "event"}:
            return [raw.get(_EMAIL)]
        mapping = row.mapping or {}
        return [cell for name, cell in raw.items() if mapping.get(name) == _EMAIL]

    def _of_webhook(self, row: Row) -> list[Any] | None:
        reading = self.readings.get(row.source)
        if reading is None or not isinstance(row.raw, dict):
            return None
        read = read_payload(reading, row.raw)
        if isinstance(read, Rejected):
            return None
        cells, mapping = read
        return [cell for name, cell in cells.items() if mapping.get(name) == _EMAIL] or None
