"""Where mail goes: LEADLINE_SMTP_URL read into a relay, or the built-in mailbox."""

from __future__ import annotations

from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import ClassVar
from urllib.parse import parse_qs, unquote, urlsplit

from leadline.errors import LeadlineError

_TLS = ("required", "starttls", "none")
#: Where a server may listen, and what nobody can open.
_ANY_ADDRESS = ("0.0.0.0", "::")  # noqa: S104 - it is refused here


class BadSmtpUrl(LeadlineError):
    """LEADLINE_SMTP_URL cannot be read."""

    texts: ClassVar = {
        "en": "LEADLINE_SMTP_URL is not understood: {why}. Write "
        "smtp://user:password@host:port?tls=required|starttls|none, or mailbox: for the "
        "built-in mailbox that sends nothing.",
        "ja": "LEADLINE_SMTP_URL を解釈できません: {why}。"
        "smtp://user:password@host:port?tls=required|starttls|none、または外部に送信しない"
        "内蔵メールボックス mailbox: を指定してください。",
    }


@dataclass(frozen=True, slots=True)
class Relay:
    """An SMTP server and how to speak to it.

    Attributes:
        tls: `required` (TLS from the first byte), `starttls` (required before anything is said)
            or `none`; off loopback never `none` unless the URL says so.
    """

    host: str
    port: int
    tls: str
    user: str | None = None
    password: str | None = field(default=None, repr=False)

    @property
    def is_loopback(self) -> bool:
        """Tell whether the server is on this computer."""
        return is_loopback(self.host)

    def __str__(self) -> str:
        """Return host:port."""
        return f"{self.host}:{self.port}"


def is_loopback(host: str) -> bool:
    """Tell whether a host name or address means this computer."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def is_public_url(base_url: str) -> bool:
    """Tell whether links below `base_url` can be opened from elsewhere."""
    host = urlsplit(base_url).hostname or "localhost"
    return not is_loopback(host) and host not in _ANY_ADDRESS


def links_work(smtp_url: str, base_url: str) -> bool:
    """Tell whether a link can be opened where the mail is read.

    It cannot when the mail leaves this computer and the web app's address is on loopback.
    """
    relay = read_relay(smtp_url)
    return relay is None or relay.is_loopback or is_public_url(base_url)


def read_relay(url: str) -> Relay | None:
    """Read LEADLINE_SMTP_URL; None means the built-in mailbox.

    Raises:
        BadSmtpUrl: it says something else than the contract knows.
    """
    if url.strip() in {"mailbox:", ""}:
        return None
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise BadSmtpUrl(why="the port is no number") from None
    if parts.scheme != "smtp" or not parts.hostname:
        raise BadSmtpUrl(why="it does not begin with smtp:// and a host")
    default = "none" if is_loopback(parts.hostname) else "starttls"
    tls = parse_qs(parts.query).get("tls", [default])[0]
    if tls not in _TLS:
        raise BadSmtpUrl(why=f"tls={tls} is none of {', '.join(_TLS)}")
    return Relay(
        parts.hostname,
        port or {"required": 465, "starttls": 587, "none": 25}[tls],
        tls,
        unquote(parts.username) if parts.username else None,
        unquote(parts.password) if parts.password else None,
    )
