"""Lifecycle stages that leads enter by themselves, when the criteria of a score model are met."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from leadline.domain.leads import LIFECYCLE_STAGES

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True, slots=True)
class Move:
    """A transition that a lead may take.

    Attributes:
        to: the stage entered.
        leaves: stages from which it is entered; None for every earlier one.
    """

    to: str
    leaves: tuple[str, ...] | None = None


def decide_stage(
    stage: str, moves: Sequence[Move], matches: Sequence[bool]
) -> tuple[str, int | None]:
    """Return the stage after all transitions, taken in their order, and the last one taken.

    Args:
        stage: the present stage.
        moves: in the order of the configuration.
        matches: whether the criteria of each are met.

    Returns:
        The stage, and the number of the transition that led there; None when none was taken.
    """
    taken = None
    for number, (move, is_met) in enumerate(zip(moves, matches, strict=True)):
        if is_met and _is_open(stage, move):
            stage, taken = move.to, number
    return stage, taken


def _is_open(stage: str, move: Move) -> bool:
    if move.leaves is not None:
        return stage in move.leaves and stage != move.to
    return LIFECYCLE_STAGES.index(stage) < LIFECYCLE_STAGES.index(move.to)
