"""One behavior event as a row of a file or a JSON object states it, read into one shape.

Nobody's mail address goes on from here but the one that says whose event it is: addresses in
links and in what is told beside are blotted out.
"""

from __future__ import annotations

import json
import re
import unicodedata
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from leadline.domain.cells import clean_line
from leadline.domain.dates import parse_time
from leadline.domain.headers import fold_header
from leadline.domain.intake import Rejected, match_keys
from leadline.domain.keys import event_key, match_key_hash
from leadline.domain.networks import network_of
from leadline.domain.reach import read_email

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

#: What a row or an object may state, and the words that files put above it, the surest first.
EVENT_FIELDS: Final[dict[str, str]] = {
    "event_id": """event id, eventid, sg event id, activity id, id, uuid, guid, イベントID, 行動ID,
        履歴ID""",
    "email": """email, e-mail, email address, e-mail address, mail address, mail, recipient,
        メールアドレス, メール, Eメール, E-mailアドレス, 宛先""",
    "external_id": "external id, lead id, contact id, customer id, リードID, 顧客ID, コンタクトID",
    "anonymous_id": """anonymous id, anonymousid, visitor id, cookie id, client id, device id,
        user pseudo id, 匿名ID, 訪問者ID, ビジターID, クッキーID""",
    "event": """event, event name, event type, activity, activity type, action, type,
        イベント, イベント名, イベント種別, 行動, 行動種別, アクション, 種別""",
    "occurred_at": """occurred at, timestamp, event timestamp, event time, event date, time, date,
        datetime, created at, created, activity date, 発生日時, 日時, 発生日, 行動日時,
        イベント日時, 実施日時, 時刻, 日付, 行動日, 実施日, 発生時刻, 行動時刻, 実施時刻, 時間""",
    "occurred_on": "",  # named beside a time of day only
    "campaign": """campaign, campaign name, campaign id, email name, mailing, キャンペーン,
        キャンペーン名, 施策, 施策名, メール名, 配信名""",
    "url": """url, link, page, page url, page location, link url, target, href, リンク, リンク先,
        ページ, ページURL""",
    "user_agent": """user agent, useragent, agent, browser, ユーザーエージェント, ブラウザ,
        ブラウザー""",
    "ip": "ip, ip address, remote address, client ip, IPアドレス, アクセス元, アクセス元IP",
}
#: Columns that hold the day and the time of day apart, as some tools export them.
_DAYS: Final = "event date, activity date, date, 発生日, 行動日, 実施日, 日付"
_CLOCKS: Final = "event time, activity time, time, 発生時刻, 行動時刻, 実施時刻, 時刻, 時間"
#: Without these fields nobody knows what happened when; and of these one has to say to whom.
NEEDED: Final = frozenset({"event", "occurred_at"})
PERSON: Final = frozenset({"email", "external_id", "anonymous_id"})
TIME: Final = "occurred_at"
DAY: Final = "occurred_on"
#: Words for the events that the product knows; any other word is an event of its own.
_KINDS: Final[dict[str, str]] = {
    "email_sent": """sent, send, delivered, mail_sent, email_delivered, 送信, 配信, メール送信,
        メール配信""",
    "email_opened": "open, opened, email_open, mail_opened, 開封, メール開封",
    "email_clicked": """click, clicked, email_click, link_clicked, mail_clicked, クリック,
        メールクリック, リンククリック""",
    "page_viewed": """page_view, pageview, page_visit, page_visited, visit, page, viewed,
        閲覧, ページ閲覧, 訪問, サイト訪問, webページ閲覧""",
    "pricing_page_viewed": "pricing_page_view, pricing_viewed, 料金ページ閲覧, 価格ページ閲覧",
    "asset_downloaded": """download, downloaded, asset_download, file_downloaded, 資料ダウンロード,
        ダウンロード""",
    "form_submitted": """form_submit, form_submission, submit, submitted, フォーム送信,
        問い合わせ送信""",
    "webinar_registered": """webinar_registration, webinar_signup, ウェビナー申込, セミナー申込,
        ウェビナー登録""",
    "webinar_attended": """webinar_attendance, webinar_attend, ウェビナー参加, セミナー参加,
        ウェビナー出席""",
}
_MOST: Final = {"event_id": 200, "event": 100, "anonymous_id": 300, "campaign": 300, "url": 4000}
_MOST_NETWORK: Final = 100
_MOST_AGENT: Final = 500  # characters; what tells programs apart stands at the beginning
_MOST_PROPERTIES: Final = 8_000  # characters of JSON
_MOST_DEPTH: Final = 6
#: Clocks of other computers go before ours by so much at most.
AHEAD: Final = timedelta(minutes=10)
#: A click is judged when the burst that it may be part of is over.
CLICK_WAITS: Final = timedelta(seconds=10)
_WAITING: Final = frozenset({"email_clicked", "email_opened"})
#: In the place of an address that stands where none is needed.
BLOTTED: Final = "[address]"
_ADDRESS: Final = re.compile(
    r"(?:mailto:)?[^\s\"'<>,;:()\[\]/?&=#@%]+(?:@|%40|%2540|＠)[^\s\"'<>,;:()\[\]/?&=#@%]+\.[\w-]+",
    re.IGNORECASE,
)
_COMPACT_DAY: Final = re.compile(r"\d{8}", re.ASCII)
_COMPACT_CLOCK: Final = re.compile(r"\d{5,6}", re.ASCII)  # a spreadsheet drops the first zero
_MIDNIGHT: Final = re.compile(r"[T ]0?0:00(:00)?$")  # what a workbook adds to a day
_BREAKS: Final = re.compile(r"[\s.\-/:]+")


@dataclass(frozen=True, slots=True)
class Event:
    """What somebody did.

    Attributes:
        kind: name of the event.
        occurred_at: when, in UTC.
        event_id: what its source calls it; "" when the source gives no id.
        email: canonical address of whoever did it.
        external_id: what the source of the lead calls whoever did it.
        anonymous_id: what the source calls whoever did it as long as nobody knows who that is.
        network: where it came from, see `network_of`.
        properties: whatever else is told.
    """

    kind: str
    occurred_at: datetime
    event_id: str = ""
    email: str | None = None
    external_id: str | None = None
    anonymous_id: str | None = None
    campaign: str | None = None
    url: str | None = None
    network: str | None = None
    user_agent: str | None = None
    properties: dict[str, Any] = field(default_factory=dict)

    def person_key(self, source: str, pepper: str) -> str | None:
        """Return the hashed key by which the lead is found, None for an anonymous event."""
        stated = {"email": self.email, "external_id": self.external_id}
        keys = match_keys(stated, source=source)
        return match_key_hash(*keys[0], pepper=pepper) if keys else None

    def visitor_id(self, source: str, pepper: str) -> str | None:
        """Return under which name an anonymous visitor waits; no other source has the same."""
        if self.anonymous_id is None:
            return None
        return match_key_hash("visitor", f"{source}|{self.anonymous_id}", pepper=pepper)


def map_event_headers(headers: Sequence[str], fixed: Mapping[str, str]) -> dict[str, str]:
    """Return the event field of each header that has one, each field once.

    Args:
        headers: as the file has them.
        fixed: header -> field from the configuration, compared folded; "" leaves a column out.
    """
    stated = {fold_header(name): found for name, found in fixed.items()}
    taken = {
        header: stated[fold_header(header)] for header in headers if fold_header(header) in stated
    }
    free = [header for header in headers if header not in taken]
    found = {header: name for header, name in taken.items() if name}
    for name, words in EVENT_FIELDS.items():
        if name in found.values():
            continue
        folded = {fold_header(header): header for header in reversed(free)}
        for word in (name, *filter(None, words.split(","))):
            if (header := folded.get(fold_header(word.strip()))) and header not in found:
                found[header] = name
                break
    if TIME not in taken.values():
        _pair_day_and_clock(free, found)
    return {header: found[header] for header in headers if header in found}


def _pair_day_and_clock(free: Sequence[str], found: dict[str, str]) -> None:
    """Note the columns of the day and of the time of day, where the time is in both."""
    (time,) = [header for header, name in found.items() if name == TIME] or [""]
    day, clock = (
        time if fold_header(time) in words else _first_of(words, free, found)
        for words in (_folded(_DAYS), _folded(_CLOCKS))
    )
    if time in {day, clock} and day and clock and DAY not in found.values():
        found |= {clock: TIME, day: DAY}


def _first_of(words: Sequence[str], free: Sequence[str], found: Mapping[str, str]) -> str:
    """Return the header without a field that stands first among words."""
    headers = {fold_header(header): header for header in reversed(free) if header not in found}
    return next((headers[word] for word in words if word in headers), "")


def _folded(words: str) -> list[str]:
    return [fold_header(word.strip()) for word in words.split(",")]


def read_event(
    cells: Mapping[str, str],
    *,
    zone: str,
    order: str,
    now: datetime,
    properties: Mapping[str, Any] | None = None,
) -> Event | Rejected:
    """Read one event.

    Args:
        cells: text by field of `EVENT_FIELDS`.
        zone: IANA zone of a time that states no offset.
        order: of day and month, see `parse_time`.
        now: nothing happens later, but for clocks that go before.
        properties: whatever else is told of it.

    Returns:
        The event, or why it is none; the column of a `Rejected` is the name of a field.
    """
    texts = {name: text for name, cell in cells.items() if cell and (text := clean_line(cell))}
    fault = _too_long(texts)
    if fault is not None:
        return fault
    kind = read_kind(texts.get("event", ""))
    if not kind:
        return Rejected("no_event", "event", "")
    email = read_email(texts["email"]) if "email" in texts else None
    fault = _no_person(texts, email)
    if fault is not None:
        return fault
    occurred_at = _read_time(texts, zone=zone, order=order, now=now)
    if isinstance(occurred_at, Rejected):
        return occurred_at
    told = _blotted(dict(properties or {}), 0)
    if len(json.dumps(told, ensure_ascii=False, default=str)) > _MOST_PROPERTIES:
        return Rejected("too_long", "properties", "")
    return Event(
        kind,
        occurred_at,
        texts.get("event_id", ""),
        email,
        texts.get("external_id"),
        texts.get("anonymous_id"),
        without_addresses(texts.get("campaign")),
        without_addresses(texts.get("url")),
        network_of(texts["ip"])[:_MOST_NETWORK] if "ip" in texts else None,
        (without_addresses(texts.get("user_agent")) or "")[:_MOST_AGENT] or None,
        told,
    )


def _too_long(texts: Mapping[str, str]) -> Rejected | None:
    for name, most in _MOST.items():
        if len(text := texts.get(name, "")) > most:
            return Rejected("too_long", name, f"{len(text)} characters, at most {most}")
    return None


def _no_person(texts: Mapping[str, str], email: str | None) -> Rejected | None:
    if "email" in texts and email is None:
        return Rejected("invalid_email", "email", "")
    if email or "external_id" in texts or "anonymous_id" in texts:
        return None
    return Rejected("no_person", "email", "")


def _read_time(
    texts: Mapping[str, str], *, zone: str, order: str, now: datetime
) -> datetime | Rejected:
    """Read when it happened; a time of day is of the day that stands beside it."""
    text, day = texts.get(TIME, ""), _MIDNIGHT.sub("", texts.get(DAY, ""))
    found = parse_time(text, zone=zone, order=order)
    if found is None and day:
        is_compact = _COMPACT_DAY.fullmatch(day) and _COMPACT_CLOCK.fullmatch(text)
        joined = f"{day}{text.zfill(6)}" if is_compact else f"{day} {text}"
        found = parse_time(joined, zone=zone, order=order)
    if found is None:
        return Rejected("bad_time", "occurred_at", "")
    return Rejected("in_future", "occurred_at", "") if found > now + AHEAD else found


def read_kind(text: str) -> str:
    """Return the name of an event as conditions write it: small letters, `_` between words."""
    folded = _BREAKS.sub("_", unicodedata.normalize("NFKC", text).strip().casefold()).strip("_")
    return _KNOWN.get(folded, folded)


_KNOWN: Final = {
    unicodedata.normalize("NFKC", word.strip()).casefold(): kind
    for kind, words in _KINDS.items()
    for word in words.split(",")
}


def due_time(kind: str, occurred_at: datetime, *, now: datetime) -> datetime:
    """Return when an event is judged: a click waits until its burst is over, others do not."""
    return max(now, occurred_at + CLICK_WAITS) if kind in _WAITING else now


def without_addresses(text: str | None) -> str | None:
    """Return a text in which no mail address stands."""
    if text is None or ("@" not in text and "%" not in text and "＠" not in text):
        return text
    return _ADDRESS.sub(BLOTTED, text)


def _blotted(value: Any, depth: int) -> Any:  # noqa: ANN401 - any JSON value
    """Return what is told beside without addresses, and no deeper than anybody writes."""
    if isinstance(value, str):
        return without_addresses(value)
    if depth >= _MOST_DEPTH:
        return None
    if isinstance(value, dict):
        return {
            str(without_addresses(str(name))): _blotted(each, depth + 1)
            for name, each in value.items()
        }
    if isinstance(value, list):
        return [_blotted(each, depth + 1) for each in value]
    return value


def as_row(event: Event, *, source: str, key: str, pepper: str, now: datetime) -> dict[str, Any]:
    """Return an event as the store keeps it.

    Args:
        event: as it was read.
        source: of it.
        key: what tells it apart where its source gives no id.
        pepper: keys whatever names a person.
        now: when it arrived.
    """
    return {
        "source": source,
        "external_id": event_key(event.event_id, pepper=pepper) if event.event_id else key,
        "kind": event.kind,
        "address_hash": event.person_key(source, pepper),
        "visitor_id": event.visitor_id(source, pepper),
        "campaign": event.campaign,
        "url": event.url,
        "network": event.network,
        "user_agent": event.user_agent,
        "actor": "unknown",
        "detail": {"properties": event.properties} if event.properties else None,
        "occurred_at": event.occurred_at,
        "received_at": now,
        "due_at": due_time(event.kind, event.occurred_at, now=now),
    }
