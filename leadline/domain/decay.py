"""Exponential decay in the landmark form: sums that are made once and only scaled afterwards.

An event of weight w that happened at t counts w * 2^(-(now - t) / H) with half-life H. With a
landmark L the sum over all events is 2^(-(now - L) / H) times the sum of w * 2^((t - L) / H), so
time changes one factor for all (Cormode et al., "Forward decay", ICDE 2009). Landmarks are whole
half-lives since 1970: moving one scales every term by a power of two, which is exact in binary
floating point, so a score does not depend on when its sum was made.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]
    Ints = npt.NDArray[np.int64]

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)


def as_microseconds(at: datetime) -> int:
    """Return an aware instant as microseconds since 1970."""
    return (at - _EPOCH) // _MICROSECOND


def as_instants(stored: Sequence[datetime] | Sequence[str]) -> Ints:
    """Return instants in microseconds since 1970; text is UTC, as SQLite stores it."""
    if stored and isinstance(stored[0], str):
        return np.array(stored, dtype="datetime64[us]").astype(np.int64)
    return np.array([as_microseconds(at) for at in stored], dtype=np.int64)  # type: ignore[arg-type]


def at_microseconds(at: int) -> datetime:
    """Return the aware UTC instant of microseconds since 1970."""
    return _EPOCH + at * _MICROSECOND


def length_of(duration: timedelta) -> int:
    """Return a duration in microseconds."""
    return duration // _MICROSECOND


def landmark_weights(at: Ints, *, half_life: timedelta | None, as_of: datetime) -> Floats:
    """Return what each event counts for, measured at the landmark that lies before `as_of`.

    Args:
        at: microseconds since 1970.
        half_life: None for points that do not decay.
        as_of: names the landmark: the last whole half-life that has passed.
    """
    if half_life is None:
        return np.ones(len(at))
    length = length_of(half_life)
    whole, rest = np.divmod(at, length)
    exponents = whole - as_microseconds(as_of) // length
    weights: Floats = np.ldexp(np.exp2(rest / length), exponents.astype(np.int32))
    return weights


def decayed(sums: Floats, *, half_life: timedelta | None, made_at: Ints, as_of: datetime) -> Floats:
    """Return what sums, made with the landmarks of `made_at`, are worth at `as_of`.

    Args:
        sums: one per lead.
        half_life: of the events summed.
        made_at: microseconds since 1970 at which each sum was made, one per lead.
        as_of: when they are looked at, not before any event summed.
    """
    if half_life is None:
        return sums
    length = length_of(half_life)
    whole, rest = divmod(as_microseconds(as_of), length)
    left = np.exp2(-rest / length)
    if len(made_at) and (made_at == made_at[0]).all():  # as a batch that was scored at once
        made_at = made_at[:1]
    worth: Floats = np.ldexp(sums * left, (made_at // length - whole).astype(np.int32))
    return worth
