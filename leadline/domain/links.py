"""Links of our mails that are counted: each leads over our server to a target that is stored."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from leadline.domain.keys import target_key

#: Characters of a message's opaque id.
_ID: Final = 26
_CAMPAIGN: Final = "utm_"


@dataclass(frozen=True, slots=True)
class Target:
    """Where a link leads.

    Attributes:
        url: http or https.
        is_trap: whether no person sees the link: who follows it is a program.
    """

    url: str
    is_trap: bool = False

    @property
    def key(self) -> str:
        """Return the name under which it is stored, and which its links bear."""
        return target_key(self.url, is_trap=self.is_trap)


def write_subject(message: str, target: Target) -> str:
    """Return what the token of a link stands for: the opaque id of its mail, and its target."""
    return message + target.key


def read_subject(subject: str) -> tuple[str, str]:
    """Return the opaque id of the mail and the key of the target."""
    return subject[:_ID], subject[_ID:]


def keep_campaign(url: str) -> str:
    """Return an address without its fragment, and of its query only what names a campaign.

    What else stands in a query may say who somebody is or what they looked for.
    """
    parts = urlsplit(url)
    pairs = parse_qsl(parts.query, keep_blank_values=True)
    kept = [(name, value) for name, value in pairs if name.startswith(_CAMPAIGN)]
    return urlunsplit((parts.scheme, parts.netloc, parts.path, urlencode(kept), ""))


def with_parameter(url: str, name: str, value: str) -> str:
    """Return an address with one parameter more; all else of it stays as it is written."""
    start, hash_, fragment = url.partition("#")
    sign = "&" if "?" in start else "?"
    return f"{start}{sign}{name}={value}{hash_}{fragment}"
