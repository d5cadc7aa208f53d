"""Which canonical field each column of a file holds, how surely, and why.

What the configuration fixes wins. Then come the known words of the headers
(`leadline.domain.headers`), held against what the cells look like, then columns whose cells leave
no doubt, and last a header that is plainly a slip of the pen. What only resembles a known word is
suggested and not applied. A column that no field takes stays a raw attribute of the lead.
"""

from __future__ import annotations

import dataclasses
import re
from dataclasses import dataclass
from difflib import get_close_matches
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, Literal, NamedTuple

from leadline.domain.headers import (
    Known,
    fold_header,
    infer_country,
    is_opt_out,
    names_others,
)
from leadline.domain.leads import LEAD_FIELDS
from leadline.domain.likeness import (
    contradicts,
    is_email_column,
    is_phone_column,
    is_street_column,
    nearest_field,
)
from leadline.domain.mail_ranks import is_aside, mail_rank
from leadline.domain.neighbors import Column, see_columns

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence

__all__ = [
    "ColumnMatch",
    "FixedFault",
    "Mapped",
    "decide_mapping",
    "fold_header",
    "infer_country",
    "is_opt_out",
    "map_headers",
]

How = Literal["fixed", "alias", "content", "similar", "suggested", "none"]

_SURE: Final = 100
#: Below it a column counts only where no better one says the same.
_DOUBTFUL: Final = 85
_SIMILAR: Final = 90
_MARGIN: Final = 5
_SAMPLE: Final = 60  # characters of a cell that are shown
#: Never by likeness: a slip would tell who may be written to, or whose record it is.
_NEVER_SIMILAR: Final = frozenset({"consent", "external_id", "owner"})
#: The first filled cell counts, but for consent: there a refusal in any column wins.
_SEVERAL: Final = frozenset({"email", "phone", "consent"})
_CARDS: Final = "名刺"
#: A plain phone number counts first, then one at work, mobile, direct line, department, company.
_PHONE_RANKS: Final = (
    (re.compile(r"自宅|home|privat|個人"), 7),
    (re.compile(r"その他|other|sms|whatsapp"), 6),
    (re.compile(r"携帯|mobil|cell|handy|スマート|スマホ"), 2),
    (re.compile(r"work|business|office|geschäftlich|dienstlich|büro"), 1),
    (re.compile(r"直通|direct dial|directphone|directline|directnumber|directdial|durchwahl"), 3),
    (re.compile(r"部門|部署"), 4),
    (
        re.compile(
            r"会社|代表|勤務先|本社|固定|companyphone|companymain|mainphone|corporate|hq|switchboard"
            r"|zentrale|firma|account|organization"
        ),
        5,
    ),
)
_COMPANY_RANK: Final = 5
_NAMES: Final = frozenset({"full_name", "given_name", "family_name"})

#: What is wrong with a mapping that was fixed, for people.
_FAULTS: Final[dict[str, dict[str, str]]] = {
    "unknown_field": {
        "en": "`{header}` is mapped to `{found}`, which is no lead field{hint}",
        "ja": "`{header}` の対応先 `{found}` はリードの項目ではありません{hint}",
    },
    "unknown_header": {
        "en": "the mapping names a column `{header}`, which the file does not have{hint}",
        "ja": "対応ファイルの列 `{header}` がファイルにありません{hint}",
    },
}
_HINTS: Final = {
    "en": ". Did you mean `{suggestion}`?",
    "ja": "。`{suggestion}` のことですか?",
}


@dataclass(frozen=True, slots=True)
class ColumnMatch:
    """What was decided about one column.

    Attributes:
        header: as the file has it.
        field: canonical or custom field; "" when the column stays a raw attribute.
        confidence: 0 to 100.
        how: `fixed` by configuration, `alias` by a known word, `content` by its cells, `similar`
            by likeness to a known word; without a field `suggested` or `none`.
        sample: a filled cell, shortened; personal data, for the person who imports alone.
        suggestion: a field that the column may hold, or "".
    """

    header: str
    field: str
    confidence: int
    how: How
    sample: str | None = dataclasses.field(default=None, repr=False)
    suggestion: str = ""


@dataclass(frozen=True, slots=True)
class FixedFault:
    """Something that a fixed mapping names and that does not exist.

    Attributes:
        code: `unknown_field` or `unknown_header`.
        header: the header that the mapping names.
        found: the field that it is mapped to.
        suggestion: the nearest valid word, or "".
    """

    code: Literal["unknown_field", "unknown_header"]
    header: str
    found: str
    suggestion: str = ""

    def say(self, lang: str) -> str:
        """Return the sentence in `lang` ("en" or "ja")."""
        texts = _FAULTS[self.code]
        hint = _HINTS.get(lang, _HINTS["en"]).format(suggestion=self.suggestion)
        return texts.get(lang, texts["en"]).format(
            header=self.header, found=self.found, hint=hint if self.suggestion else ""
        )


@dataclass(frozen=True, slots=True)
class Mapped:
    """The mapping of a file.

    Attributes:
        columns: every column, in file order.
        fields: field by header, of the columns that have one. `email` and `phone` may have
            several, the first that is filled counts; they stand in the order of preference.
            `consent` may have several, a refusal in any of them wins.
        faults: what a fixed mapping names in vain.
    """

    columns: tuple[ColumnMatch, ...]
    fields: dict[str, str]
    faults: tuple[FixedFault, ...] = ()


class _Claim(NamedTuple):
    """A column that wants a field."""

    confidence: int
    rank: int
    place: int
    header: str
    field: str
    how: How
    is_empty: bool = False


def map_headers(headers: Sequence[str], *, fixed: Mapping[str, str]) -> dict[str, str]:
    """Return the canonical field of each header that has one, in file order.

    Args:
        headers: column names as the file has them.
        fixed: header -> field from the configuration; wins over every alias, compared as written
            and then folded. An empty field leaves the column unmapped.

    Returns:
        Each field once, except `email` and `phone`, which may have several columns: the first that
        is filled counts; and `consent`, of which a refusal in any column wins. Where `fixed` gives
        one of them a column, only what it gives counts. A header that is not
        in the result is kept as a raw attribute.
    """
    return decide_mapping(headers, fixed=fixed, custom={*fixed.values()} - {""}).fields


def decide_mapping(
    headers: Sequence[str],
    *,
    fixed: Mapping[str, str],
    samples: Mapping[str, Sequence[str]] = MappingProxyType({}),
    custom: Collection[str] = (),
) -> Mapped:
    """Decide which field each column holds.

    Args:
        headers: column names as the file has them.
        fixed: header -> field from the configuration, see `map_headers`.
        samples: some filled cells by header; 200 are enough.
        custom: names of the fields that the configuration declares.
    """
    fields = LEAD_FIELDS.keys() | set(custom)
    stated = _fixed_fields(headers, fixed, fields)
    columns = see_columns(headers, samples, stated, custom)
    chosen = {claim.header: claim for claim in _settle(columns, stated)}
    matches = tuple(
        _match(column, stated, chosen, _first(samples.get(column.header, ()))) for column in columns
    )
    return Mapped(matches, _in_order(matches), tuple(_faults(headers, fixed, fields)))


def _fixed_fields(
    headers: Sequence[str], fixed: Mapping[str, str], fields: Collection[str]
) -> dict[str, str]:
    """Return what the configuration says, by header of the file."""
    folded = {fold_header(header): field for header, field in fixed.items()}
    stated = {
        header: fixed.get(header, folded.get(fold_header(header)))
        for header in headers
        if header in fixed or fold_header(header) in folded
    }
    return {
        header: field
        for header, field in stated.items()
        if field is not None and (not field or field in fields)
    }


def _faults(
    headers: Sequence[str], fixed: Mapping[str, str], fields: Collection[str]
) -> Iterator[FixedFault]:
    """Yield what a fixed mapping names and nobody has."""
    there = {fold_header(header) for header in headers}
    for header, field in fixed.items():
        if field and field not in fields:
            yield FixedFault("unknown_field", header, field, _nearest(field, fields))
        if header not in headers and fold_header(header) not in there:
            yield FixedFault("unknown_header", header, field, _nearest(header, headers))


def _nearest(word: str, known: Iterable[str]) -> str:
    by_fold = {name.casefold(): name for name in known}
    found = get_close_matches(word.casefold(), list(by_fold), n=1)
    return by_fold[found[0]] if found else ""


def _settle(columns: Sequence[Column], stated: Mapping[str, str]) -> list[_Claim]:
    """Give each field to the surest column, then look at what is left."""
    taken = {field for field in stated.values() if field}
    free = [column for column in columns if column.header not in stated]
    chosen = _given([_claim(column) for column in free if column.field], taken)
    for further in (_by_content, _by_likeness):
        held = {claim.header for claim in chosen}
        fields = {claim.field for claim in chosen} | set(stated.values())
        left = [column for column in free if column.header not in held]
        chosen += further(left, fields)
    return chosen


def _claim(column: Column) -> _Claim:
    field, confidence, rank, _ = column.known or Known("", 0)
    is_empty = not column.evidence.count
    return _Claim(confidence, rank, column.place, column.header, field, "alias", is_empty)


def _given(claims: list[_Claim], taken: set[str]) -> list[_Claim]:
    """Return the claims that are met, the surest first."""
    met: list[_Claim] = []
    for claim in sorted(claims, key=_weight):
        is_refusal = claim.field == "consent" and is_opt_out(claim.header)
        is_more = claim.field in _SEVERAL and claim.confidence >= _DOUBTFUL
        is_first = all(claim.field != other.field for other in met) and not _is_beside(claim, met)
        if is_refusal or (claim.field not in taken and (is_more or is_first)):
            met.append(claim)
    return met


def _is_beside(claim: _Claim, met: Iterable[_Claim]) -> bool:
    """Return whether a column holds a part of a host's or buyer's name, beside the lead's."""
    return (
        claim.field in _NAMES
        and is_aside(claim.header, claim.field)
        and any(o.field in _NAMES and not is_aside(o.header, o.field) for o in met)
    )


def _weight(claim: _Claim) -> tuple[bool, bool, int, int, int]:
    is_late = is_aside(claim.header, claim.field)
    return is_late, claim.is_empty, -claim.confidence, claim.rank, claim.place


def _by_content(left: Sequence[Column], fields: Collection[str]) -> list[_Claim]:
    """Return the columns whose cells leave no doubt, for fields that nobody has."""
    chosen: list[_Claim] = []
    for column in left:
        found = column.evidence
        share = 0.0
        field = ""
        if is_email_column(found) and "email" not in fields and not names_others(column.header):
            field, share = "email", found.emails
        elif column.is_vetoed and is_phone_column(found) and "phone" not in fields:
            field, share = "phone", found.phones
        elif column.is_vetoed and is_street_column(found) and "address" not in fields:
            field, share = "address", found.streets
        if field:
            chosen.append(
                _Claim(round(90 * share), 0, column.place, column.header, field, "content")
            )
    return chosen


def _by_likeness(left: Sequence[Column], fields: Collection[str]) -> list[_Claim]:
    """Return the columns whose header is a known word but for a slip of the pen."""
    claims: list[_Claim] = []
    for column in left:
        near = nearest_field(column.header) if column.known is None else None
        if (
            near is not None
            and near.score >= _SIMILAR
            and near.margin >= _MARGIN
            and not near.is_part
            and near.field not in _NEVER_SIMILAR
            and not contradicts(near.field, column.evidence, is_weak=True)
        ):
            claims.append(
                _Claim(int(near.score), 0, column.place, column.header, near.field, "similar")
            )
    return _given(claims, set(fields))


def _match(
    column: Column, stated: Mapping[str, str], chosen: Mapping[str, _Claim], sample: str | None
) -> ColumnMatch:
    """Return what is shown of a column."""
    header = column.header
    if header in stated:
        return ColumnMatch(header, stated[header], _SURE, "fixed", sample)
    if claim := chosen.get(header):
        return ColumnMatch(header, claim.field, min(claim.confidence, _SURE), claim.how, sample)
    if column.evidence.leavers and "consent" not in stated.values():
        return ColumnMatch(header, "", 0, "suggested", sample, "consent")
    if column.known is not None:
        return ColumnMatch(header, "", 0, "none", sample, column.field)
    near = nearest_field(header)
    if near is None:
        return ColumnMatch(header, "", 0, "none", sample)
    return ColumnMatch(header, "", int(near.score), "suggested", sample, near.field)


def _first(cells: Sequence[str]) -> str | None:
    """Return the first filled cell, shortened."""
    text = next((" ".join(cell.split()) for cell in cells if cell.strip()), None)
    return text if text is None or len(text) <= _SAMPLE else f"{text[: _SAMPLE - 1]}…"


def _in_order(matches: Sequence[ColumnMatch]) -> dict[str, str]:
    """Return field by header, in file order but for phones and mail, which go by preference."""
    is_cards = any(_CARDS in match.header for match in matches)
    names = [match.header for match in matches if match.field in _NAMES]
    ranks: dict[str, Callable[[str], int]] = {
        "phone": lambda header: _preference(header, is_cards=is_cards),
        "email": lambda header: mail_rank(header, names),
    }
    queues: dict[str, Iterator[ColumnMatch]] = {}
    for field, rank in ranks.items():
        columns = [match for match in matches if match.field == field]
        if all(match.how != "fixed" for match in columns):
            columns.sort(key=lambda match: rank(match.header))
        queues[field] = iter(columns)
    ordered = (next(queues.get(match.field, iter([match]))) for match in matches)
    return {match.header: match.field for match in ordered if match.field}


def _preference(header: str, *, is_cards: bool) -> int:
    """Return how early a phone column counts; a plain TEL on a business card is the company's."""
    folded = fold_header(header)
    rank = next((rank for shape, rank in _PHONE_RANKS if shape.search(folded)), 0)
    return _COMPANY_RANK if is_cards and not rank else rank
