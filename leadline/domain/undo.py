"""Taking an import back, field by field: what goes back to what it was, and what stays.

An import keeps what it changed on leads that were there before it: each column's value before
and after. A column goes back where it still says what the import has left. Columns that stand or
fall together, such as those of the place, go back together or stay together, and what follows
from others (the zone, a company's key) follows them. A consent is not compared: it is what the
evidence says that still counts. A hold that the import has ended comes back while nothing has
followed from that.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from leadline.domain.leads import LEAD_FIELDS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

#: Columns that go back together; the first of each is what people call it.
_UNITS: Final = (
    ("country", "region", "region_code", "city", "postal_code", "address"),
    ("employees", "employees_min", "employees_max"),
    ("request", "request_rule"),
    ("company", "company_key"),
    ("email", "is_role_address", "is_free_address", "is_disposable_address"),
    ("zone", "zone_source"),
)
_UNIT_OF: Final = {name: unit for unit in _UNITS for name in unit}
#: What follows from other columns, and stays where one of those stays.
_FOLLOWS: Final = {"zone": ("timezone", "country")}
#: Columns that are no field of the lead: nobody misses them in a count.
_UNCOUNTED: Final = frozenset(
    {
        *("region_code", "employees_min", "employees_max", "request_rule", "company_key"),
        *("is_role_address", "is_free_address", "is_disposable_address"),
        *("zone", "zone_source", "submission_id", "submitted_at", "as_written"),
    }
)
_HOLD: Final = "held_import_run_id"
#: Columns that have a rule of their own, or that no undo sets again.
_APART: Final = frozenset({"consent", _HOLD, "is_scoring_only"})
_TIMES: Final = frozenset(name for name, kind in LEAD_FIELDS.items() if kind == "time")
#: Columns that hold texts by name; each name is a field of its own.
_TEXTS: Final = ("attributes", "as_written")


@dataclass(frozen=True, slots=True)
class Change:
    """What an import changed on one lead: columns by name, as JSON keeps them."""

    before: dict[str, Any]
    after: dict[str, Any]

    def fields(self) -> Iterator[str]:
        """Give the names that differ; texts by name as `attributes.<name>`."""
        for name in self.before:
            if name in _TEXTS:
                old, new = self._texts(name)
                yield from (
                    f"{name}.{key}"
                    for key in dict.fromkeys((*old, *new))
                    if old.get(key) != new.get(key)
                )
            elif self.before[name] != self.after.get(name):
                yield name

    def _texts(self, name: str) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
        return self.before[name] or {}, self.after.get(name) or {}


@dataclass(frozen=True, slots=True)
class Restored:
    """What becomes of one lead.

    Attributes:
        values: columns to be written.
        fields: fields that go back.
        kept: fields that stay, with the reason.
    """

    values: dict[str, Any] = field(default_factory=dict)
    fields: list[str] = field(default_factory=list)
    kept: dict[str, str] = field(default_factory=dict)


def decide_restore(
    change: Change, present: Mapping[str, Any], *, fixed: Mapping[str, str]
) -> Restored:
    """Return which columns of a lead go back to what they were before an import.

    Args:
        change: what the import changed.
        present: the lead as it is now.
        fixed: columns that stay whatever they say, with the reason.
    """
    names = [name for name in change.fields() if name not in _APART]
    stays = {
        _unit(name)
        for name in names
        if _base(name) == name and present.get(name) != _read(name, change.after.get(name))
    }
    stays |= {_unit(name) for name in fixed}
    for name, bases in _FOLLOWS.items():
        if any(_unit(base) in stays for base in bases):
            stays.add(_unit(name))
    found = Restored()
    for name in names:
        is_kept = _unit(name) in stays or not _is_as_left(change, present, name)
        if is_kept:
            if _is_counted(name):
                found.kept[name] = fixed.get(name, "changed_since")
            continue
        _put_back(found, change, present, name)
    return found


def _base(name: str) -> str:
    return name.partition(".")[0] if name.startswith(tuple(f"{each}." for each in _TEXTS)) else name


def _unit(name: str) -> str:
    """Return the unit that a column belongs to; the raw text of a field belongs to the field."""
    of_field = name.removeprefix("as_written.")
    return _UNIT_OF.get(of_field, (of_field,))[0]


def _is_counted(name: str) -> bool:
    return _base(name) not in _UNCOUNTED


def _is_as_left(change: Change, present: Mapping[str, Any], name: str) -> bool:
    """Tell whether a text still says what the import left; columns are compared by unit."""
    return _base(name) == name or bool(_get(present, name) == _get(change.after, name))


def _put_back(found: Restored, change: Change, present: Mapping[str, Any], name: str) -> None:
    base = _base(name)
    if base == name:
        found.values[name] = _read(name, change.before[name])
    else:
        found.values.setdefault(base, present[base])
        _set(found.values, name, _get(change.before, name))
        found.values[base] = found.values[base] or (None if base == "as_written" else {})
    if _is_counted(name):
        found.fields.append(name)


def _read(name: str, kept: Any) -> Any:  # noqa: ANN401 - columns of several types
    """Return a column's value as the store takes it; JSON keeps a time as text."""
    return datetime.fromisoformat(kept) if name in _TIMES and kept is not None else kept


def rebase(later: Sequence[Change], undone: Change) -> list[Change]:
    """Return what later imports changed on the lead, as if the undone one had never been.

    Where the first of them found what the undone import had left, it would have found what was
    there before; taken back in turn, it leads there.

    Args:
        later: what they changed, the earliest first.
        undone: what the undone import changed.
    """
    found = [
        Change(
            {name: _copy(value) for name, value in change.before.items()},
            {name: _copy(value) for name, value in change.after.items()},
        )
        for change in later
    ]
    for name in undone.fields():
        old, left = _get(undone.before, name), _get(undone.after, name)
        for change in (each for each in found if _base(name) in each.before):
            if _get(change.before, name) != left:
                break
            is_its_own = _get(change.after, name) != left
            _set(change.before, name, old)
            if is_its_own:
                break
            _set(change.after, name, old)
    return found


def _copy(value: Any) -> Any:  # noqa: ANN401 - JSON
    return dict(value) if isinstance(value, dict) else value


def _get(columns: Mapping[str, Any], name: str) -> Any:  # noqa: ANN401 - JSON
    base = _base(name)
    return columns[name] if base == name else (columns[base] or {}).get(name[len(base) + 1 :])


def _set(columns: dict[str, Any], name: str, value: Any) -> None:  # noqa: ANN401 - JSON
    base = _base(name)
    if base == name:
        columns[name] = value
        return
    texts = dict(columns[base] or {})
    texts.pop(name[len(base) + 1 :], None)
    columns[base] = texts if value is None else texts | {name[len(base) + 1 :]: value}


def ended_hold(change: Change, present: Mapping[str, Any]) -> int | None:
    """Return the import that held a lead until this one let it go; None while it is held."""
    was_ended = change.after.get(_HOLD) is None and present.get(_HOLD) is None
    held: int | None = change.before.get(_HOLD) if was_ended else None
    return held


def restore_hold(found: Restored, held: int, *, reason: str | None) -> None:
    """Hold a lead again, or say why it stays let go.

    Args:
        found: what else becomes of the lead; the hold is added to it.
        held: the import that held it.
        reason: why it stays let go.
    """
    if reason is not None:
        found.kept[_HOLD] = reason
        return
    found.values[_HOLD] = held
    found.fields.append(_HOLD)


def end_hold(change: Change, held: int) -> Change:
    """Return what an import changed, when it is the one that let a lead go."""
    return Change({**change.before, _HOLD: held}, {**change.after, _HOLD: None})


@dataclass(frozen=True, slots=True)
class Said:
    """One piece of evidence of consent, in the order in which it was recorded.

    Attributes:
        is_undone: whether it is the undone import's.
    """

    id: int
    at: datetime
    is_granted: bool
    is_undone: bool


@dataclass(frozen=True, slots=True)
class Consent:
    """What becomes of a lead's consent: its value now, and whether that is another one."""

    value: bool | None
    is_changed: bool
    is_kept: bool = False


def decide_consent(
    evidence: Sequence[Said], *, present: bool | None, before: bool | None
) -> Consent:
    """Return a lead's consent without an import's evidence.

    Args:
        evidence: all that counts, that of the import too.
        present: the consent now.
        before: the consent before the import, for a lead without other evidence.
    """
    if not any(said.is_undone for said in evidence):
        return Consent(present, is_changed=False)
    left = max(evidence, key=_newest).is_granted
    others = [said for said in evidence if not said.is_undone]
    wanted = max(others, key=_newest).is_granted if others else before
    if present == wanted:
        return Consent(present, is_changed=False)
    if present != left:
        return Consent(present, is_changed=False, is_kept=True)
    return Consent(wanted, is_changed=True)


def _newest(said: Said) -> tuple[datetime, int]:
    return said.at, said.id
