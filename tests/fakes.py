"""Stand-ins of a few lines for what lies outside: a transport that takes or refuses as told."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final, Self

from leadline.domain.delivery import Phase, Reply

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence

    from leadline.mail.transport import Envelope

TAKEN: Final = Reply(Phase.DONE, 250, "2.0.0 taken")
UNREACHABLE: Final = Reply(Phase.CONNECT, None, "connection refused")
NO_SUCH_USER: Final = Reply(Phase.ENVELOPE, 550, "5.1.1 no such user")


class FakeTransport:
    """Keeps what it is given.

    Attributes:
        sent: every envelope that arrived, in order.
        answers: the reply to a message by its outbox id; every other message is taken.
        before: awaited with each wave before it arrives.
    """

    def __init__(
        self,
        *,
        width: int = 1,
        answers: Mapping[int, Reply] | None = None,
        before: Callable[[Sequence[Envelope]], Awaitable[None]] | None = None,
    ) -> None:
        """Say how it shall behave."""
        self.width = width
        self.answers = answers or {}
        self.before = before
        self.sent: list[Envelope] = []

    async def __aenter__(self) -> Self:
        """Be reachable."""
        return self

    async def __aexit__(self, *_: object) -> None:
        """Have nothing to close."""

    async def send(
        self, envelopes: Sequence[Envelope], *, on_reply: Callable[[int, Reply], None]
    ) -> None:
        """Take a wave."""
        if self.before is not None:
            await self.before(envelopes)
        self.sent += envelopes
        await asyncio.sleep(0)
        for place, envelope in enumerate(envelopes):
            on_reply(place, self.answers.get(envelope.id, TAKEN))

    @property
    def ids(self) -> list[int]:
        """Return the outbox ids of what arrived."""
        return [envelope.id for envelope in self.sent]
