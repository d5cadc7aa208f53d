"""Phone numbers of many rows, by the rules that the library `phonenumbers` works with.

The library reads a number in steps: take the country code off, take the national prefix off when
the rest is still a number, look at the length. For cells of digits and the usual signs the same
steps run here on whole columns, with the library's own table of each country; whatever its table
answers in another way (an exit code such as 011, a carrier code, a country code without `+`) goes
to the reader of one cell, as does every cell with any other sign in it.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np  # noqa: TID253 - a batch computation, loaded by imports alone
import phonenumbers
import pyarrow as pa
import pyarrow.compute as pc

from leadline.domain.column_values import Reading, Values, beside, mask
from leadline.domain.reach import plan_of, read_phone

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from leadline.domain.column_values import Flags

    Places = NDArray[np.int64]

_FEWEST: Final = 8  # rows; for fewer of a country the reader of one cell costs less
_CELL: Final = r"\A[+( ]*[0-9][0-9 \-.()/]*\z"
_WIDE_CELL: Final = (
    r"\A[+(＋（ \x{3000}]*[0-9０-９][0-9０-９ \x{3000}.()/．（）／\-‐‑‒–—―−ー─━ｰ﹣－～〜]*\z"
)
_FRACTION: Final = r"([0-9]{7})\.0+ *\z"
_WIDE_DASHES: Final = "[‐‑‒–—―−ー─━ｰ﹣－～〜]"
_SIGNS: Final = b" -.()/"
_COMPACT: Final = r"\A\+?[0-9]{4,20}\z"
_ONE_DIGIT: Final = r"\A\+?(?:0+|1+|2+|3+|4+|5+|6+|7+|8+|9+)\z"
_NANP: Final = r"\A(?:\+?1)?[2-9][0-9]{2}[2-9][0-9]{6}\z"
_NANP_DIGITS: Final = 10
_NANP_COUNTRIES: Final = ("US", "CA")
_JAPAN: Final = "81"
_JAPANESE: Final = r"\A[1-9][0-9]{8,9}\z"
_LONGEST_CODE: Final = 3  # digits of a country code


class _Rules(NamedTuple):
    """The library's table of a country, as far as columns need it; patterns are anchored.

    Attributes:
        code: country code, as text.
        abroad: exit codes that make the rest a foreign number.
        prefix: what may stand before the number inside the country, "" for nothing.
        whole: numbers of the country, loosely.
        lengths: lengths of a complete number.
        plan: complete numbers of every region with the country code.
    """

    code: str
    abroad: str
    prefix: str
    whole: str
    lengths: frozenset[int]
    plan: str


@lru_cache(maxsize=512)
def _rules_of(region: str, code: int) -> _Rules | None:
    """Return the rules for numbers written in a region, or behind a country code."""
    main = phonenumbers.region_code_for_country_code(code)
    there = phonenumbers.PhoneMetadata.metadata_for_region_or_calling_code(code, main)
    here = phonenumbers.PhoneMetadata.metadata_for_region(region, None) if region else there
    if here is None or there is None:
        return None
    whole = here.general_desc
    if whole is None or there.general_desc is None:
        return None
    lengths = [
        set(one.possible_length) - set(one.possible_length_local_only)
        for one in (whole, there.general_desc)
    ]
    prefix = here.national_prefix_for_parsing
    return _Rules(
        code=str(code),
        abroad=rf"\A(?:{here.international_prefix})" if here.international_prefix else "",
        prefix=rf"\A(?:{prefix})" if prefix else "",
        whole=rf"\A(?:{whole.national_number_pattern})\z",
        lengths=frozenset(lengths[0] & lengths[1]),
        plan=rf"\A(?:{plan_of(code)})\z",
    )


def read_phones(cells: pa.Array, countries: Values) -> Reading:
    """Return the number of each row in E.164, None where there is none.

    Args:
        cells: the column.
        countries: ISO code of each row's country, coded.
    """
    texts: list[str] = cells.to_pylist()
    found = np.full(len(texts), None, object)
    compact, is_simple = _compacted(cells)
    for rows, numbers in _placed(compact, is_simple, countries):
        found[rows] = numbers.to_numpy(zero_copy_only=False)
    values: list[str | None] = found.tolist()
    places = countries.to_list()
    written: list[str | None] = [
        None if (trimmed := text.strip()) == value else trimmed
        for text, value in zip(texts, values, strict=True)
    ]
    for row in [row for row, value in enumerate(values) if value is None]:
        values[row] = read_phone(texts[row], places[row]) if texts[row] else None
        written[row] = beside(texts[row], values[row])
    return Reading(Values(None, rows=values), Values(None, rows=written))


def _compacted(cells: pa.Array) -> tuple[pa.Array, Flags]:
    """Return the cells without signs, and which of them are numbers of digits alone."""
    is_plain = pc.match_substring_regex(cells, _CELL)
    is_wide = pc.invert(is_plain)
    if pc.any(is_wide).as_py():
        is_wide = pc.and_(is_wide, pc.match_substring_regex(cells, _WIDE_CELL))
        dashed = pc.replace_substring_regex(cells.filter(is_wide), _WIDE_DASHES, "-")
        folded = pc.utf8_normalize(dashed, form="NFKC")
        cells = pc.replace_with_mask(cells, is_wide, folded)
    if pc.any(is_fraction := pc.match_substring_regex(cells, _FRACTION)).as_py():
        whole = pc.replace_substring_regex(cells.filter(is_fraction), _FRACTION, r"\1")
        cells = pc.replace_with_mask(cells, is_fraction, whole)
    compact = _without_signs(cells)
    is_number = pc.and_not(
        pc.match_substring_regex(compact, _COMPACT), pc.match_substring_regex(compact, _ONE_DIGIT)
    )
    return compact, mask(pc.and_(is_number, pc.or_(is_plain, is_wide))).copy()


def _without_signs(cells: pa.Array) -> pa.Array:
    """Return the cells without the signs that people put between digits."""
    is_kept = np.ones(256, bool)
    is_kept[list(_SIGNS)] = False
    cells = cells.cast(pa.large_string())
    _, offset_buffer, data_buffer = cells.buffers()
    offsets = np.frombuffer(offset_buffer, np.int64)[cells.offset : cells.offset + len(cells) + 1]
    data = np.frombuffer(data_buffer or b"", np.uint8)[offsets[0] : offsets[-1]]
    kept = is_kept[data]
    lengths = np.zeros(len(data) + 1, np.int64)
    np.cumsum(kept, out=lengths[1:])
    return pa.LargeStringArray.from_buffers(
        len(cells), pa.py_buffer(lengths[offsets - offsets[0]]), pa.py_buffer(data[kept])
    )


def _placed(
    compact: pa.Array,
    is_simple: Flags,
    countries: Values,
) -> Iterator[tuple[Places, pa.Array]]:
    """Yield rows with their numbers in E.164, one country at a time."""
    is_abroad = mask(pc.starts_with(compact, "+"))
    known, codes = countries.known or [], countries.codes
    american = [number for number, name in enumerate(known) if name in _NANP_COUNTRIES]
    is_american = is_simple & (is_abroad | np.isin(codes, american))
    is_american &= mask(pc.match_substring_regex(compact, _NANP))
    rows = np.flatnonzero(is_american)
    yield rows, _joined("1", pc.utf8_slice_codeunits(compact.take(pa.array(rows)), -_NANP_DIGITS))
    is_left = is_simple & ~is_american
    yield from _placed_abroad(compact, np.flatnonzero(is_left & is_abroad))
    for number, name in enumerate(known):
        rows = np.flatnonzero(is_left & ~is_abroad & (codes == number))
        code = phonenumbers.country_code_for_region(name) if name else 0
        rules = _rules_of(name, code) if code and len(rows) >= _FEWEST else None
        if rules:
            digits = compact.take(pa.array(rows))
            is_other = pc.starts_with(digits, rules.code)
            if rules.abroad:
                is_other = pc.or_(is_other, pc.match_substring_regex(digits, rules.abroad))
            is_own = pc.invert(is_other)
            yield from _numbers(rows[mask(is_own)], digits.filter(is_own), rules)


def _placed_abroad(compact: pa.Array, rows: Places) -> Iterator[tuple[Places, pa.Array]]:
    """Yield the rows that begin with `+`, one country code at a time."""
    digits = pc.utf8_slice_codeunits(compact.take(pa.array(rows)), 1)
    starts = pc.utf8_slice_codeunits(digits, 0, _LONGEST_CODE).dictionary_encode()
    known = [_country_code(start) for start in starts.dictionary.to_pylist()]
    codes = np.array(known, np.int64)[starts.indices.to_numpy()] if known else np.zeros(0)
    for code in sorted(set(known) - {0}):
        is_there = codes == code
        rules = _rules_of("", code) if is_there.sum() >= _FEWEST else None
        if rules:
            there = digits.filter(pa.array(is_there))
            yield from _numbers(
                rows[is_there], pc.utf8_slice_codeunits(there, len(rules.code)), rules
            )


def _country_code(digits: str) -> int:
    """Return the country code that digits begin with, 0 for none; no code begins another."""
    for length in range(1, _LONGEST_CODE + 1):
        if digits[0] != "0" and int(digits[:length]) in phonenumbers.COUNTRY_CODE_TO_REGION_CODE:
            return int(digits[:length])
    return 0


def _numbers(rows: Places, digits: pa.Array, rules: _Rules) -> Iterator[tuple[Places, pa.Array]]:
    """Yield the rows whose digits are a complete number, with that number."""
    national, is_sure = digits, np.ones(len(digits), bool)
    if rules.prefix:
        stripped = pc.replace_substring_regex(digits, rules.prefix, "", max_replacements=1)
        is_needed = pc.and_not(
            pc.match_substring_regex(digits, rules.whole),
            pc.match_substring_regex(stripped, rules.whole),
        )
        national = pc.if_else(is_needed, digits, stripped)
        cut = pc.subtract(pc.binary_length(digits), pc.binary_length(stripped))
        is_sure &= mask(pc.less_equal(cut, 1))  # more than a digit is a carrier, or a rule's work
    is_sure &= np.isin(pc.binary_length(national).to_numpy(), list(rules.lengths))
    is_sure &= mask(pc.match_substring_regex(national, rules.plan))
    if rules.code == _JAPAN:
        is_sure &= mask(pc.match_substring_regex(national, _JAPANESE))
    sure = national.filter(pa.array(is_sure))
    yield rows[is_sure], _joined(rules.code, sure)


def _joined(code: str, numbers: pa.Array) -> pa.Array:
    """Return numbers behind their country code."""
    before, nothing = (pa.scalar(text, numbers.type) for text in (f"+{code}", ""))
    return pc.binary_join_element_wise(before, numbers, nothing)
