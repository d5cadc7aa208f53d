"""The consent gate: may this person be written to for this purpose now, and on which basis.

One decision for enrollment, touches and delivery. Which bases count, how long each lasts, and
what counts again after a refusal is data per country (`RULES`); a project changes it in
`config/consent.yaml`. The data is a cautious reading to start from, and not legal advice:

- JP: 特定電子メール法 Art. 3 (1) and its rules 2 and 3: the four bases, while nobody refused.
- CA: CASL S.C. 2010 c. 23, s. 10 (9)-(10): an existing business relationship implies consent
  for two years, a published or handed-over business address until it is withdrawn.
- US: CAN-SPAM asks for no consent beforehand, only that a refusal is honored.
- AU: Spam Act 2003, Schedule 2: inferred from a relationship or a published work address.
- EU, EEA, GB, CH: Directive 2002/58/EC Art. 13: agreed beforehand, or an own customer.

Everywhere else only who agreed is written to.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from leadline.domain.skips import SkipReason

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

#: Bases from the strongest to the weakest.
BASES: Final = (
    "opt_in",
    "address_in_writing",
    "business_relationship",
    "published_business_address",
)
_OPT_IN: Final = "opt_in"
_ALL: Final[dict[str, timedelta | None]] = dict.fromkeys(BASES)
_AGREED_OR_CUSTOMER: Final[dict[str, timedelta | None]] = {
    "opt_in": None,
    "business_relationship": None,
}
_LIKE_EUROPE: Final = """
AT BE BG CH CY CZ DE DK EE ES FI FR GB GR HR HU IE IS IT LI LT LU LV MT NL NO PL PT RO SE SI SK
"""


@dataclass(frozen=True, slots=True)
class CountryRules:
    """What counts in one country.

    Attributes:
        bases: how long each basis that counts lasts, None for until it is withdrawn.
        after_refusal: bases that count again when they are newer than a refusal.
    """

    bases: Mapping[str, timedelta | None]
    after_refusal: frozenset[str] = frozenset({_OPT_IN})


@dataclass(frozen=True, slots=True)
class ConsentRules:
    """The rules of all countries.

    Attributes:
        countries: by ISO 3166 code.
        default: of every other country, and of leads whose country is unknown.
    """

    countries: Mapping[str, CountryRules] = field(default_factory=dict)
    default: CountryRules = field(default_factory=lambda: CountryRules({_OPT_IN: None}))

    def of(self, country: str | None) -> CountryRules:
        """Return what counts in a country."""
        return self.countries.get(country or "", self.default)


RULES: Final = ConsentRules(
    {
        "JP": CountryRules(_ALL),
        "US": CountryRules(_ALL),
        "CA": CountryRules({**_ALL, "business_relationship": timedelta(days=730)}),
        "AU": CountryRules(
            {"opt_in": None, "business_relationship": None, "published_business_address": None}
        ),
        **dict.fromkeys(_LIKE_EUROPE.split(), CountryRules(_AGREED_OR_CUSTOMER)),
    }
)


@dataclass(frozen=True, slots=True)
class Given:
    """One piece of evidence for a purpose and a channel that counts: a yes, or a no.

    What waits for its confirmation, and what was taken back with its import, is none.

    Attributes:
        is_granted: whether it is a yes.
        basis: of a yes, one of `BASES`.
        at: when the person said it (aware UTC).
        is_dated: whether it is known that it was said then: the row of a file that states no time
            tells only that it was known when the file came in.
    """

    is_granted: bool
    basis: str | None
    at: datetime
    is_dated: bool = True


@dataclass(frozen=True, slots=True)
class Permission:
    """The person may be written to.

    Attributes:
        basis: the strongest that holds.
        since: when it was given.
        until: when it ends, None for not by itself.
    """

    basis: str
    since: datetime
    until: datetime | None = None


def decide_permission(
    evidence: Iterable[Given], *, rules: CountryRules, is_suppressed: bool, now: datetime
) -> Permission | SkipReason:
    """Return on which basis a person may be written to now, or why not.

    A ban comes first. A refusal overrides every basis that is as old or older or whose time is
    not known, and every newer one that does not count after a refusal; of what is left the
    strongest that lasts holds.

    Args:
        evidence: what the person said for this purpose and channel, in any order.
        rules: of the person's country.
        is_suppressed: whether the address is banned for the purpose.
        now: the present.
    """
    if is_suppressed:
        return SkipReason.SUPPRESSED
    given = list(evidence)
    refused_at = max((each.at for each in given if not each.is_granted), default=None)
    grants = [each for each in given if each.is_granted and _counts(each, refused_at, rules)]
    if not grants:
        return SkipReason.NO_CONSENT if refused_at is None else SkipReason.REFUSED
    accepted = [each for each in grants if _basis(each) in rules.bases]
    if not accepted:
        return SkipReason.BASIS_NOT_ACCEPTED
    lasting = [found for each in accepted if (found := _lasting(each, rules, now)) is not None]
    if not lasting:
        return SkipReason.CONSENT_EXPIRED
    return min(lasting, key=lambda found: (BASES.index(found.basis), -found.since.timestamp()))


def _basis(given: Given) -> str:
    return given.basis or _OPT_IN


def _counts(given: Given, refused_at: datetime | None, rules: CountryRules) -> bool:
    if refused_at is None:
        return True
    return given.is_dated and given.at > refused_at and _basis(given) in rules.after_refusal


def _lasting(given: Given, rules: CountryRules, now: datetime) -> Permission | None:
    basis = _basis(given)
    lasts = rules.bases[basis]
    until = None if lasts is None else given.at + lasts
    return Permission(basis, given.at, until) if until is None or now < until else None
