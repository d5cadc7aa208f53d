"""What the pages may name to which the links of an answered form lead; a part of `contexts`."""

from __future__ import annotations

from typing import TypedDict


class ConfirmPage(TypedDict):
    """The wording that is to be confirmed, and one button that posts to `action`."""

    consent_wording: str
    action: str


class ConfirmedPage(TypedDict):
    """After a consent was confirmed; it needs nothing."""


class AssetPage(TypedDict):
    """A document and one button that downloads it: it posts to `action`.

    `expires_text` is until when the link works.
    """

    asset_title: str
    action: str
    expires_text: str


class LinkExpiredPage(TypedDict):
    """A link that came by mail and works no longer.

    `purpose` is asset or confirmation. `form_url` is the form by which to ask for another, ""
    when there is none now.
    """

    purpose: str
    form_url: str
