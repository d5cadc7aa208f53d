"""Reading the bitmap of matched rules, without the libraries that write it."""

from __future__ import annotations

from typing import Final

#: Bits of a signed 64-bit word that a rule may have.
BITS: Final = 63


def matched_numbers(matched: int) -> list[int]:
    """Return the rule numbers whose bits are set."""
    return [bit for bit in range(BITS) if matched >> bit & 1]
