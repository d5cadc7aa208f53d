"""The links of nurture mail lead over our server, and one more that only a program follows.

Of the two parts of a mail the HTML alone is counted: in plain text people read the address itself.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from leadline.domain.links import Target, write_subject
from leadline.domain.tokens import sign_token
from leadline.rendering.sandbox import decode_entities
from leadline.rendering.tracked import add_trap, lead_over, unmark

if TYPE_CHECKING:
    from collections.abc import Sequence

_UNREADABLE: Final = re.compile(r"[\x00-\x20\x7f]")


@dataclass
class Tracker:
    """Writes the links of one batch of mails.

    Attributes:
        base_url: of our server; "" to count nothing.
        keys: what tokens are signed with.
        trap_url: where the link leads that no person sees.
        targets: what is to be stored before a mail leaves.
    """

    base_url: str
    keys: Sequence[str]
    trap_url: str
    targets: dict[str, Target] = field(default_factory=dict)

    def track(self, html: str, *, message: str) -> str:
        """Return the HTML of a mail as it goes out; the same again for the same mail.

        Args:
            html: rendered from marked templates.
            message: the mail's opaque id.
        """
        if not self.base_url:
            return unmark(html)

        def address_of(written: str) -> str:
            url = decode_entities(written).strip()
            is_web = not _UNREADABLE.search(url) and _is_web(url)
            return self._lead_over(Target(url), message) if is_web else written

        trap = self._lead_over(Target(self.trap_url, is_trap=True), message)
        return add_trap(lead_over(html, address_of), trap)

    def _lead_over(self, target: Target, message: str) -> str:
        self.targets[target.key] = target
        token = sign_token("click", write_subject(message, target), keys=self.keys)
        return f"{self.base_url}/c/{token}"


def _is_web(url: str) -> bool:
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme in {"http", "https"} and bool(parts.hostname)
