"""Joining arrivals to each other and to the leads that are known: who is new, who has changed.

A batch of accepted arrivals comes in columns. Each arrival either makes a new lead, or joins the
lead that one of its keys points to, in the order in which they arrived. What comes out is what the
store has to write; nothing here reads or writes.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from leadline.domain.leads import LEAD_FIELDS
from leadline.domain.matching import (
    NAME,
    is_other_name,
    is_someone_else,
    join_values,
    newest_wins,
)
from leadline.domain.places import zone_for

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime

Key = tuple[str, str]

#: What a source states, as columns of a lead, with what follows from it; the rest is ours.
STATED: Final = (
    *(name for name in LEAD_FIELDS if name not in {"owner", "created_at"}),
    "employees_min",
    "employees_max",
    "request_rule",
    "is_role_address",
    "is_free_address",
    "is_disposable_address",
    "company_key",
    "region_code",
)
#: The columns that every new or changed lead is written with.
WRITTEN: Final = (
    *STATED,
    "attributes",
    "as_written",
    "zone",
    "zone_source",
    "submission_id",
    "owner",
    "held_import_run_id",
    "is_scoring_only",
)

#: Columns of the evidence of a consent to marketing mail.
CONSENT: Final = (
    *("lead_id", "is_granted", "is_pending", "basis", "wording", "version", "source"),
    *("submission_id", "network_address", "at"),
)


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a consent rests on.

    Attributes:
        basis: lawful basis of a consent that is given.
        wording: what the person was shown or told.
        version: of the wording.
        network_address: where a form post came from.
        is_pending: a yes waits for its confirmation by mail: it is kept, and counts for nothing.
    """

    basis: str = "opt_in"
    wording: str | None = None
    version: str | None = None
    network_address: str | None = None
    is_pending: bool = False


@dataclass(frozen=True, slots=True)
class SourceRules:
    """What is known of a source beside its rows.

    Attributes:
        name: of the source.
        country: ISO code for rows that name none.
        timezone: IANA zone where the place tells none.
        silent_consent: what rows rest on that say nothing of consent, None when nothing.
        held_by: the import run that holds its new leads back, None when they go on at once.
        tells_state: whether its refusals say how things stand now, as the flag of a system does,
            and not what a person said at the time of the row.
        is_echo: whether it repeats what we said ourselves, as an export does.
        is_file: whether a row without a time tells nothing of when the person spoke.
    """

    name: str
    country: str
    timezone: str
    silent_consent: Evidence | None = None
    held_by: int | None = None
    tells_state: bool = False
    is_echo: bool = False
    is_file: bool = False


@dataclass(slots=True)
class Arrivals:
    """Accepted arrivals in columns, in the order in which they came; all lists are as long.

    Attributes:
        submission_ids: where each is stored, word for word.
        received_at: when each was stored.
        rules: of the source of each.
        values: every name of `STATED`, and `owner` (a rep's id).
        attributes: columns that no field takes.
        as_written: raw text by field where the value differs from it.
        guessed: fields that nobody stated.
        keys: exact match keys, hashed, strongest first.
        evidence: what a consent that is stated rests on.
    """

    submission_ids: Sequence[int]
    received_at: Sequence[datetime]
    rules: Sequence[SourceRules]
    values: Mapping[str, Sequence[Any]]
    attributes: Sequence[dict[str, str]]
    as_written: Sequence[dict[str, str] | None]
    guessed: Sequence[frozenset[str]]
    keys: Sequence[Sequence[Key]]
    evidence: Sequence[Evidence]


@dataclass
class Resolution:
    """What one batch comes to.

    Attributes:
        known: lead by key: what the store knows, and then what the batch adds.
        leads: stored leads that keys of the batch point to, by id; changed ones replace them.
        consented: when each of them last granted or refused.
        new_ids: ids for new leads.
        created: position of the arrival that made each new lead.
        changed: stored leads that the batch changed.
        before: those leads as they were.
        keys: kind, hash and lead of keys to be added.
        consents: evidence to be added, as `CONSENT` names its items.
        outcomes: `created`, `updated` or `duplicate`, and the lead, one per arrival.
    """

    known: dict[Key, int]
    leads: dict[int, dict[str, Any]]
    consented: dict[int, datetime]
    new_ids: Iterator[int]
    created: dict[int, int] = field(default_factory=dict)
    changed: set[int] = field(default_factory=set)
    before: dict[int, dict[str, Any]] = field(default_factory=dict)
    keys: list[tuple[str, str, int]] = field(default_factory=list)
    consents: list[tuple[Any, ...]] = field(default_factory=list)
    outcomes: list[tuple[str, int]] = field(default_factory=list)
    _joined: dict[int, dict[str, Any]] = field(default_factory=dict)
    _zones: dict[tuple[Any, ...], tuple[str, str]] = field(default_factory=dict)

    def take(self, arrivals: Arrivals) -> None:
        """Resolve every arrival; to be called once."""
        known = self.known
        for place, keys in enumerate(arrivals.keys):
            lead_id = None
            for key in keys:
                lead_id = known.get(key)
                if lead_id is None:
                    continue
                if key[0] != "external" or not self._is_other(arrivals, place, lead_id):
                    break
                lead_id = None
            if lead_id is None:
                lead_id = next(self.new_ids)
                self.created[lead_id] = place
                consent = self._silent(arrivals, place, known=None)
                self.outcomes.append(("created", lead_id))
            else:
                consent = self._join(arrivals, place, lead_id)
            for key in keys:
                if known.setdefault(key, lead_id) == lead_id:
                    self.keys.append((*key, lead_id))
            if consent is not None:
                self._keep_consent(arrivals, place, lead_id, granted=consent)
            elif _is_pending(arrivals, place):
                self._add_evidence(arrivals, place, lead_id, granted=True)

    def created_columns(self, arrivals: Arrivals) -> dict[str, list[Any]]:
        """Return `WRITTEN` columns of the new leads and their ids, in order of id."""
        places = list(self.created.values())
        columns: dict[str, list[Any]] = {"id": list(self.created)}
        for name in STATED:
            column = arrivals.values[name]
            columns[name] = [column[place] for place in places]
        columns["consent"] = [self._first_consent(arrivals, place) for place in places]
        columns["submitted_at"] = [_said_at(arrivals, place) for place in places]
        columns["attributes"] = [arrivals.attributes[place] for place in places]
        columns["as_written"] = [arrivals.as_written[place] for place in places]
        columns["submission_id"] = [arrivals.submission_ids[place] for place in places]
        columns["owner"] = [arrivals.values["owner"][place] for place in places]
        columns["held_import_run_id"] = [arrivals.rules[place].held_by for place in places]
        columns["is_scoring_only"] = [None] * len(places)
        zones = [self._zone_at(arrivals, place) for place in places]
        columns["zone"] = [zone for zone, _ in zones]
        columns["zone_source"] = [source for _, source in zones]
        positions = {lead_id: number for number, lead_id in enumerate(columns["id"])}
        for lead_id, row in self._joined.items():
            if (number := positions.get(lead_id)) is not None:
                for name in WRITTEN:
                    columns[name][number] = row[name]
                columns["is_scoring_only"][number] = None
        return columns

    def changed_rows(self) -> list[dict[str, Any]]:
        """Return the stored leads that changed, with `id` and `WRITTEN`."""
        return [self._joined[lead_id] for lead_id in sorted(self.changed)]

    def _is_other(self, arrivals: Arrivals, place: int, lead_id: int) -> bool:
        """Tell whether an arrival is of somebody else than the lead whose external id it has."""
        row = self._joined.get(lead_id)
        made_at = self.created.get(lead_id)
        if row is not None or made_at is None:
            found = row or self.leads[lead_id]
            held = found["email"], found["full_name"]
        else:
            held = _who(arrivals, made_at)
        return is_someone_else(held, _who(arrivals, place))

    def _join(self, arrivals: Arrivals, place: int, lead_id: int) -> bool | None:
        """Let an arrival join its lead; returns the consent that it states."""
        old = self._lead(arrivals, lead_id)
        rules, said_at = arrivals.rules[place], _said_at(arrivals, place)
        new = {name: arrivals.values[name][place] for name in STATED}
        new["consent"] = self._silent(arrivals, place, known=old["consent"])
        guessed = arrivals.guessed[place]
        if not guessed.isdisjoint(NAME) and is_other_name(old, new):
            guessed = guessed.difference(NAME)  # parts go with the name that they were taken from
        stated = {**new, **dict.fromkeys(guessed)}
        is_newer = newest_wins(old["submitted_at"], said_at)
        is_consent_newer = self._is_last_word(
            arrivals, place, lead_id, granted=new["consent"], old=old["consent"]
        )
        joined = join_values(old, stated, is_newer=is_newer, is_consent_newer=is_consent_newer)
        first, second = (old, arrivals) if is_newer else (arrivals, old)
        joined["attributes"] = _join_texts(first, second, place, "attributes")
        joined["owner"] = old["owner"] or arrivals.values["owner"][place]
        joined["held_import_run_id"] = rules.held_by and old["held_import_run_id"]
        is_echo = rules.is_echo and new["consent"] == old["consent"]
        evident = None if is_echo else _as_bool(new["consent"])
        if all(joined[name] == old[name] for name in joined):
            self.outcomes.append(("duplicate", lead_id))
            return evident
        if is_newer:
            joined["submitted_at"] = said_at
        row = {**old, **joined, "submission_id": arrivals.submission_ids[place]}
        row["as_written"] = _join_texts(first, second, place, "as_written") or None
        row["is_scoring_only"] = (rules.held_by is not None and _is_settled(old)) or None
        row["zone"], row["zone_source"] = self._zone(
            rules, row["timezone"], row["country"], row["region"]
        )
        self._joined[lead_id] = row
        if lead_id not in self.created:
            self.before.setdefault(lead_id, old)
            self.changed.add(lead_id)
        self.outcomes.append(("updated", lead_id))
        return evident

    def _is_last_word(
        self,
        arrivals: Arrivals,
        place: int,
        lead_id: int,
        *,
        granted: bool | None,
        old: bool | None,
    ) -> bool:
        """Tell whether a consent or refusal is the latest; the gate decides alike.

        After a refusal only a yes that is known to be newer is.
        """
        spoke_at = _spoke_at(arrivals, place, granted)
        last = self.consented.get(lead_id)
        if granted and old is False:
            return not _is_undated(arrivals, place) and (last is None or spoke_at > last)
        return last is None or spoke_at >= last

    def _lead(self, arrivals: Arrivals, lead_id: int) -> dict[str, Any]:
        """Return a lead as it stands now: joined, stored, or made by this batch."""
        if (row := self._joined.get(lead_id)) is not None:
            return row
        if (place := self.created.get(lead_id)) is None:
            return self.leads[lead_id]
        row = {name: arrivals.values[name][place] for name in STATED}
        zone, zone_source = self._zone_at(arrivals, place)
        row |= {
            "id": lead_id,
            "consent": self._first_consent(arrivals, place),
            "submitted_at": _said_at(arrivals, place),
            "attributes": arrivals.attributes[place],
            "as_written": arrivals.as_written[place],
            "zone": zone,
            "zone_source": zone_source,
            "submission_id": arrivals.submission_ids[place],
            "owner": arrivals.values["owner"][place],
            "held_import_run_id": arrivals.rules[place].held_by,
            "is_scoring_only": None,
            "scoring_due_at": None,
        }
        return row

    def _first_consent(self, arrivals: Arrivals, place: int) -> bool | None:
        return self._silent(arrivals, place, known=None)

    @staticmethod
    def _silent(arrivals: Arrivals, place: int, *, known: bool | None) -> bool | None:
        """Return what the row says; where nobody ever said anything, what its source rests on."""
        stated: bool | None = arrivals.values["consent"][place]
        if stated and _is_pending(arrivals, place):
            return None
        is_silent = stated is None and known is None
        return True if is_silent and arrivals.rules[place].silent_consent else stated

    def _keep_consent(self, arrivals: Arrivals, place: int, lead_id: int, *, granted: bool) -> None:
        at = _spoke_at(arrivals, place, granted)
        if not (granted and _is_undated(arrivals, place)):
            self.consented[lead_id] = max(at, self.consented.get(lead_id, at))
        self._add_evidence(arrivals, place, lead_id, granted=granted)

    def _add_evidence(self, arrivals: Arrivals, place: int, lead_id: int, *, granted: bool) -> None:
        rules = arrivals.rules[place]
        is_silent = arrivals.values["consent"][place] is None
        evidence = (rules.silent_consent if is_silent else None) or arrivals.evidence[place]
        self.consents.append(
            (
                lead_id,
                granted,
                granted and evidence.is_pending,
                evidence.basis if granted else None,
                evidence.wording,
                evidence.version,
                rules.name,
                arrivals.submission_ids[place],
                evidence.network_address,
                _spoke_at(arrivals, place, granted),
            )
        )

    def _zone_at(self, arrivals: Arrivals, place: int) -> tuple[str, str]:
        values = arrivals.values
        return self._zone(
            arrivals.rules[place],
            values["timezone"][place],
            values["country"][place],
            values["region"][place],
        )

    def _zone(
        self, rules: SourceRules, stated: str | None, country: str | None, region: str | None
    ) -> tuple[str, str]:
        """Return the zone in which a lead lives, and where that comes from."""
        asked = (rules.country, rules.timezone, stated, country, region)
        found = self._zones.get(asked)
        if found is None:
            found = self._zones[asked] = _decide_zone(rules, stated, country, region)
        return found


def _decide_zone(
    rules: SourceRules, stated: str | None, country: str | None, region: str | None
) -> tuple[str, str]:
    if stated:
        return stated, "stated"
    if by_place := zone_for(country or rules.country, region or ""):
        return by_place, "place" if country else "source"
    return rules.timezone, "source"


def _is_pending(arrivals: Arrivals, place: int) -> bool:
    """Tell whether an arrival agrees, and its agreement waits for a confirmation."""
    return arrivals.evidence[place].is_pending and arrivals.values["consent"][place] is True


def _who(arrivals: Arrivals, place: int) -> tuple[str | None, str | None]:
    """Return the mail address and the name of an arrival."""
    return arrivals.values["email"][place], arrivals.values["full_name"][place]


def _said_at(arrivals: Arrivals, place: int) -> datetime:
    """Return when the person spoke: as the source states it, else when it arrived."""
    stated: datetime | None = arrivals.values["submitted_at"][place]
    return stated or arrivals.received_at[place]


def _spoke_at(arrivals: Arrivals, place: int, consent: object) -> datetime:
    """Return since when a consent or refusal counts: never later than we heard of it."""
    received_at = arrivals.received_at[place]
    if consent is False and arrivals.rules[place].tells_state:
        return received_at
    return min(_said_at(arrivals, place), received_at)


def _is_undated(arrivals: Arrivals, place: int) -> bool:
    """Tell whether a row of a file leaves open when the person spoke."""
    said_at = arrivals.values["submitted_at"][place]
    is_open = said_at is None or said_at >= arrivals.received_at[place]
    return arrivals.rules[place].is_file and is_open


def _join_texts(
    first: Arrivals | Mapping[str, Any], second: Arrivals | Mapping[str, Any], place: int, name: str
) -> dict[str, str]:
    """Return texts by name; those of `second` win."""
    return {**_texts(first, place, name), **_texts(second, place, name)}


def _texts(found: Arrivals | Mapping[str, Any], place: int, name: str) -> dict[str, str]:
    texts = getattr(found, name)[place] if isinstance(found, Arrivals) else found[name]
    return texts or {}


def _is_settled(old: Mapping[str, Any]) -> bool:
    """Tell whether nothing that arrived live waits for this lead's score."""
    return old["scoring_due_at"] is None or bool(old["is_scoring_only"])


def _as_bool(value: object) -> bool | None:
    return value if isinstance(value, bool) else None
