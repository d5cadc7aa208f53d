"""Who made a hit: a person, or a program that looks at mail before a person does.

Mail gateways follow every link of a mail seconds after it is delivered, mail clients load its
pictures ahead, previews ask for headers. None of that is interest. Each rule below looks at one
kind of evidence; agents alone are weak evidence, because scanners borrow those of browsers. What
is marked here is marked for ever only as long as the evidence stands: the events stay, and a later
look with more of them around may decide otherwise.

Times are microseconds since 1970.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Hashable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import accumulate
from typing import TYPE_CHECKING, Final, Literal, NamedTuple
from unicodedata import normalize

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

Actor = Literal["human", "suspected_bot", "unknown"]

SECOND: Final = 1_000_000
#: A person has to be told of a mail, open it and find the link; gateways are there in seconds.
DELIVERY_GRACE: Final = 20 * SECOND
#: A relay says that it has a mail after the gateway behind it may have looked at it already.
CLOCK_SKEW: Final = 5 * SECOND
#: Within it three different links of one mail are more than a hand on a mouse does ...
BURST_SPAN: Final = 3 * SECOND
BURST_LINKS: Final = 3
#: ... and two within this.
PAIR_SPAN: Final = SECOND // 2
#: A program that works through a mail makes no longer pause; five links like that are its work
#: however slow it is.
CHAIN_GAP: Final = 4 * SECOND
CHAIN_LINKS: Final = 5
CHAIN_SPAN: Final = 60 * SECOND
#: Clicks that follow a burst, or lead to it, without a longer pause belong to it as far as this.
CHAIN_SPREAD: Final = 40 * SECOND
#: What the same visitor does so close to a burst belongs to it: the opening, the page that loads.
BESIDE: Final = 10 * SECOND
#: No eye sees the hidden link: whoever follows it works through the mail, at any pace.
TRAP_SPAN: Final = 60 * SECOND
#: So many recipients at once are a gateway; the colleagues of an office take minutes.
CROWD_SPAN: Final = 5 * SECOND
CROWD: Final = 6
#: A gateway that looks at a link as it is clicked is followed by the person from elsewhere.
CHECK_SPAN: Final = 5 * SECOND
#: An event changes what is known of others of its person this far away at most: every rule below
#: looks no further, also where one builds upon what another has marked.
REACH: Final = 120 * SECOND
#: How long a sending is evidence of what its mail led to.
SENT_WITHIN: Final = 30 * 86_400 * SECOND

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)
_CLICK: Final = "email_clicked"
_OPEN: Final = "email_opened"
_SENT: Final = "email_sent"
_HITS: Final = frozenset({_CLICK, _OPEN})
_VISITS: Final = frozenset({"page_viewed", "pricing_page_viewed"})
#: Loads the pictures of a mail for its reader, or ahead of any: Apple Mail hides behind the bare
#: name of a browser, Gmail and Yahoo give theirs.
_PROXY: Final = re.compile(
    r"Mozilla/5\.0|.*\b(?:GoogleImageProxy|YahooMailProxy|ggpht\.com)\b.*", re.IGNORECASE
)
#: Says of itself that it is no browser. Words stand alone: phones are named Cubot.
_PROGRAM: Final = re.compile(
    r"^Mozilla/[45]\.0(?: \(compatible;?\))?$"
    r"|^(?:whatsapp|ruby|wordpress|postmanruntime|zgrab)(?=$|[\s/;])"
    r"|\b(?:bot|\w*(?:google|bing|yandex|slack|twitter|telegram|linkedin|discord|apple|semrush"
    r"|ahrefs|petal)bot|crawler|spider|scanner|headlesschrome|phantomjs|python-requests"
    r"|python-urllib|aiohttp|httpx|curl|wget|libwww-perl|okhttp|go-http-client|java"
    r"|apache-httpclient|node-fetch|axios|barracudasentinel|barracuda|mimecast|proofpoint"
    r"|urldefense|forcepoint|trendmicro|symantec|messagelabs|fireeye|cloudmark|sophos"
    r"|bitdefender|kaspersky|microsoftpreview|bingpreview|skypeuripreview"
    r"|slackbot(?:-linkexpanding)?|slack-imgproxy|googlesecurityscanner|google-safety"
    r"|adsbot-google(?:-mobile)?|google-inspectiontool|google-read-aloud|ironport|zgrab"
    r"|facebookexternalhit)(?=$|[\s/;,)])",
    re.IGNORECASE,
)


class Verdict(NamedTuple):
    """Who made a hit, and the code of why we think so (`leadline.domain.actor_words`)."""

    actor: Actor
    reason: str


class Hit(NamedTuple):
    """An event as far as it tells who was there.

    Attributes:
        kind: name of the event.
        at: microseconds since 1970.
        person: whose event it is, in any form; None when nobody knows.
        mail: which mail it is about, None when nobody knows; of tools, from `mail_of`.
        link: the address that was followed.
        network: where it came from.
        agent: what it said it was.
        is_trap: whether it followed the link that nobody can see.
        is_head: whether it asked for no more than headers.
        is_prefetch: whether it said that it only loads ahead.
        is_own: whether the mail is ours, of which we know when it was sent.
    """

    kind: str
    at: int
    person: Hashable | None = None
    mail: Hashable | None = None
    link: str | None = None
    network: str | None = None
    agent: str | None = None
    is_trap: bool = False
    is_head: bool = False
    is_prefetch: bool = False
    is_own: bool = False


def as_instant(at: datetime) -> int:
    """Return a time in microseconds since 1970."""
    return (at - _EPOCH) // _MICROSECOND


def mail_of(campaign: str | None) -> str | None:
    """Return the name of a mail as all tools that speak of it have it, None when there is none."""
    return " ".join(normalize("NFKC", campaign).casefold().split()) or None if campaign else None


def classify(hits: Sequence[Hit]) -> list[Verdict]:
    """Tell for each event who made it, by all events that are given with it.

    Args:
        hits: in any order; with those that are asked for, all others of the same people and
            networks within `REACH`, and the sendings of the mails.
    """
    case = _Case(hits)
    for rule in _RULES:
        rule(case)
    return [case.verdict(place) for place in range(len(hits))]


@dataclass
class _Case:
    """Events under judgment.

    Attributes:
        hits: the events.
        order: their places by time.
        marks: reasons to suspect a program, by place; the first counts.
    """

    hits: Sequence[Hit]

    def __post_init__(self) -> None:
        self.marks: dict[int, str] = {}
        self.order = sorted(range(len(self.hits)), key=lambda place: self.hits[place].at)
        self.sent: dict[Hashable, list[int]] = defaultdict(list)
        for place in self.order:
            hit = self.hits[place]
            if hit.kind == _SENT and hit.person is not None:
                self.sent[hit.person, hit.mail].append(hit.at)
                if not hit.is_own:
                    self.sent[hit.person].append(hit.at)

    def mark(self, place: int, reason: str) -> None:
        self.marks.setdefault(place, reason)

    def lag(self, hit: Hit) -> int | None:
        """Return how long after the sending of its mail a hit came, None when nobody knows.

        Of tools that name no mail, at the sending or at the hit, any sending may be meant.
        """
        if hit.person is None:
            return None
        if hit.mail is None:
            return _since(self.sent.get(hit.person, ()), hit.at)
        named = _since(self.sent.get((hit.person, hit.mail), ()), hit.at)
        unnamed = () if hit.is_own else self.sent.get((hit.person, None), ())
        return min(
            (lag for lag in (named, _since(unnamed, hit.at)) if lag is not None), default=None
        )

    def by(
        self, key: Callable[[Hit], Hashable | None], kinds: frozenset[str] = _HITS
    ) -> Iterator[list[int]]:
        """Yield the places of events that have the same key, by time."""
        groups: dict[Hashable, list[int]] = defaultdict(list)
        for place in self.order:
            hit = self.hits[place]
            if hit.kind in kinds and (found := key(hit)) is not None:
                groups[found].append(place)
        yield from groups.values()

    def verdict(self, place: int) -> Verdict:
        hit = self.hits[place]
        if place in self.marks:
            return Verdict("suspected_bot", self.marks[place])
        if hit.kind == _SENT:
            return Verdict("unknown", "our_act")
        if hit.kind not in _HITS:
            return Verdict("human", "nothing_against")
        if hit.network or hit.agent or self.lag(hit) is not None:
            return Verdict("human", "nothing_against")
        return Verdict("unknown", "no_evidence")


def _since(sent: Sequence[int], at: int) -> int | None:
    """Return how long before an instant the last of ascending sendings was."""
    before = bisect_right(sent, at + CLOCK_SKEW)
    lag = at - sent[before - 1] if before else None
    return lag if lag is not None and lag <= SENT_WITHIN else None


def _of_mail(hit: Hit) -> Hashable | None:
    return None if hit.person is None else (hit.person, hit.mail)


def _of_link(hit: Hit) -> Hashable | None:
    return None if hit.person is None else (hit.person, hit.mail, hit.link)


def _by_itself(case: _Case) -> None:
    """Mark what gives itself away."""
    for place, hit in enumerate(case.hits):
        if hit.kind == _SENT:
            continue
        agent = hit.agent or ""
        if hit.is_trap:
            case.mark(place, "trap")
        elif hit.is_head:
            case.mark(place, "head_request")
        elif hit.is_prefetch:
            case.mark(place, "prefetch")
        elif hit.kind == _OPEN and agent and _PROXY.fullmatch(agent):
            case.mark(place, "mail_proxy")
        elif agent and _PROGRAM.search(agent):
            case.mark(place, "known_program")


def _in_grace(case: _Case) -> None:
    """Mark hits that come sooner after the sending than a person can."""
    for place, hit in enumerate(case.hits):
        if hit.kind in _HITS and (lag := case.lag(hit)) is not None and lag <= DELIVERY_GRACE:
            case.mark(place, "delivery_grace")


def _in_bursts(case: _Case) -> None:
    """Mark clicks that follow each other too fast over the links of one mail."""
    for places in case.by(_of_mail, frozenset({_CLICK})):
        for chain in _chains(case, places, CHAIN_GAP):
            hits = [case.hits[place] for place in chain]
            bursts = sorted(burst for links, span in _PACES for burst in _bursts(hits, links, span))
            starts = [start for start, _ in bursts]
            latest = [*accumulate((stop for _, stop in bursts), max)]
            for place, hit in zip(chain, hits, strict=True):
                known = bisect_right(starts, hit.at + CHAIN_SPREAD)
                if known and latest[known - 1] + CHAIN_SPREAD >= hit.at:
                    case.mark(place, "burst")


def _chains(case: _Case, places: Sequence[int], gap: int) -> Iterator[list[int]]:
    """Yield runs of events without a longer pause than `gap`."""
    chain: list[int] = []
    for place in places:
        if chain and case.hits[place].at - case.hits[chain[-1]].at > gap:
            yield chain
            chain = []
        chain.append(place)
    if chain:
        yield chain


#: So many links within such a time are no hand's doing.
_PACES: Final = (
    (CHAIN_LINKS, CHAIN_SPAN),
    (BURST_LINKS, BURST_SPAN),
    (2, PAIR_SPAN),
)


def _bursts(chain: Sequence[Hit], links: int, span: int) -> Iterator[tuple[int, int]]:
    """Yield from when to when so many links were followed within `span`."""
    start, within = 0, Counter[str | None]()
    for hit in chain:
        within[hit.link] += 1
        while hit.at - chain[start].at > span:
            within[chain[start].link] -= 1
            if not within[chain[start].link]:
                del within[chain[start].link]
            start += 1
        if len(within) >= links:
            yield chain[start].at, hit.at


def _with_trap(case: _Case) -> None:
    """Mark the clicks of a mail around the one that followed the hidden link."""
    for places in case.by(_of_mail):
        traps = [case.hits[place] for place in places if case.hits[place].is_trap]
        for place in places:
            hit = case.hits[place]
            if any(abs(hit.at - t.at) <= TRAP_SPAN and _may_be_same(hit, t) for t in traps):
                case.mark(place, "beside_trap")


def _may_be_same(one: Hit, other: Hit) -> bool:
    """Tell whether two hits may come from one network."""
    return not one.network or not other.network or one.network == other.network


def _with_head(case: _Case) -> None:
    """Mark the request that follows one for headers, by the same visitor for the same link."""
    for places in case.by(lambda hit: None if hit.person is None else (hit.person, hit.link)):
        heads = [case.hits[place] for place in places if case.hits[place].is_head]
        for place in places:
            hit = case.hits[place]
            if any(0 <= hit.at - h.at <= CHECK_SPAN and _may_be_same(hit, h) for h in heads):
                case.mark(place, "head_request")


def _in_crowds(case: _Case) -> None:
    """Mark hits of many people from one network at once."""
    for places in case.by(lambda hit: hit.network or None):
        start, people = 0, Counter[Hashable]()
        for end, place in enumerate(places):
            hit = case.hits[place]
            people[hit.person] += hit.person is not None
            while hit.at - case.hits[places[start]].at > CROWD_SPAN:
                gone = case.hits[places[start]]
                people[gone.person] -= gone.person is not None
                start += 1
            if len(+people) >= CROWD:
                for each in places[start : end + 1]:
                    case.mark(each, "crowd")


def _checked_links(case: _Case) -> None:
    """Mark the look at a link that lets the person through who follows it from elsewhere.

    Only one whom nothing gives away is a person: a program may look after one as well.
    """
    checks = []
    for places in case.by(_of_link, _CLICKS):
        start = 0
        for after in places:
            later = case.hits[after]
            while later.at - case.hits[places[start]].at > CHECK_SPAN:
                start += 1
            if after not in case.marks:
                checks += [p for p in places[start:] if _lets_through(case.hits[p], later)]
    for place in checks:
        case.mark(place, "link_check")


def _lets_through(hit: Hit, later: Hit) -> bool:
    # of two at the same instant one counts, whichever was stored first
    is_before = (hit.at, hit.network or "") < (later.at, later.network or "")
    return is_before and not _may_be_same(hit, later)


_CLICKS: Final = frozenset({_CLICK})
#: Marks of a program that works through a mail; what it does beside is its doing too.
_WORKING: Final = frozenset({"trap", "burst", "delivery_grace", "beside_trap", "head_request"})


def _beside_bursts(case: _Case) -> None:
    """Mark what the same visitor does beside marked clicks: openings, clicks, loaded pages."""
    for places in case.by(lambda hit: hit.person, _HITS | _VISITS):
        working = [
            place
            for place in places
            if case.marks.get(place) in _WORKING and case.hits[place].kind == _CLICK
        ]
        times = [case.hits[place].at for place in working]
        for place in places if working else ():
            if place not in case.marks:
                near = _near(times, case.hits[place].at)
                if any(_belongs(case.hits[place], case.hits[working[n]]) for n in near):
                    case.mark(place, "burst")


def _near(times: Sequence[int], at: int) -> range:
    """Return which of ascending times lie beside an instant."""
    return range(bisect_right(times, at - BESIDE - 1), bisect_right(times, at + BESIDE))


def _belongs(hit: Hit, worked: Hit) -> bool:
    """Tell whether a hit is part of what a program did beside a click of its own."""
    later = hit.at - worked.at
    if hit.kind in _VISITS:
        return bool(hit.network) and hit.network == worked.network and later >= 0
    if hit.mail != worked.mail or not _may_be_same(hit, worked):
        return False
    if hit.kind == _OPEN:
        return -BESIDE <= later <= CHAIN_GAP
    return abs(later) <= CHAIN_GAP


_RULES: Final = (
    _by_itself,
    _in_grace,
    _with_trap,
    _with_head,
    _in_bursts,
    _beside_bursts,
    _checked_links,
    _in_crowds,  # the last: what it marks of one person depends upon others
)
