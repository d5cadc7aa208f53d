"""The typed shape of `events:` in `config/mappings/<source>.yaml`: behavior events of a source."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Self

from pydantic import Field, model_validator

from leadline.config.problems import nearest
from leadline.config.values import Shape, ShapeFault
from leadline.config.webhook_checks import check_expression
from leadline.config.webhooks import KeyShape, SignatureShape
from leadline.domain.behavior import EVENT_FIELDS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from leadline.config.document import Document
    from leadline.errors import Problem

_COLUMNS: Final = ("events", "columns")
_KEY: Final = ("events", "key", "body")


class EventsShape(Shape):
    """How behavior events of a source are read from files, and how its posts are believed."""

    columns: dict[str, str] = Field(
        default_factory=dict, description="header -> event field; an empty text leaves it out"
    )
    signature: SignatureShape | None = None
    key: KeyShape | None = None
    open: bool = Field(default=False, description="anybody may post")

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        is_guarded = self.signature or self.key
        if self.open and is_guarded:
            raise ShapeFault(code="open_and_guarded")
        if not (is_guarded or self.open or self.columns):
            raise ShapeFault(code="events_unguarded")
        return self

    @property
    def takes_posts(self) -> bool:
        """Tell whether the source may post; one that only names columns may not."""
        return self.open or self.signature is not None or self.key is not None


def check_events(mapping: Document) -> Iterator[Problem]:
    """Yield the faults of a mapping file's events that their shape cannot see."""
    if isinstance(mapping.get(_KEY), str):
        yield from check_expression(mapping, _KEY)
    columns = mapping.get(_COLUMNS)
    for header in columns if isinstance(columns, dict) else ():
        target = mapping.get((*_COLUMNS, header))
        if isinstance(target, str) and target and target not in EVENT_FIELDS:
            spot = mapping.at_value((*_COLUMNS, header))
            yield spot.problem("unknown_event_field", suggestion=nearest(target, EVENT_FIELDS))
