"""What people write in a condition out of habit, and what to write here instead.

Spreadsheets, other query languages and Japanese input leave their marks: `country = JP`, `&&`,
full-width signs, `「JP」`, `title contains 'x'`. A text that the language refuses is looked through
for such slips. Each is told at its place with its remedy, and the text is read once more with all
of them mended, so that its other faults are told as well.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from leadline.domain.condition_check import field_named
from leadline.domain.condition_findings import FUNCTIONS, KEYWORDS, quoted
from leadline.domain.condition_labels import as_date, as_value, find_label

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from leadline.domain.condition_findings import Report
    from leadline.domain.leads import FieldType

_ITEM: Final = re.compile(
    r"""
      (?P<space>\s+|--[^\n]*|/\*.*?\*/)
    | (?P<string>'(?:[^']|'')*')
    | (?P<name>"(?:[^"]|"")*")
    | (?P<odd>[‘’‚‛＇][^‘’‚‛＇'\n]*[‘’‚‛＇]|[“”„‟＂][^“”„‟＂"\n]*[“”„‟＂]
        |「[^「」'\n]*」|『[^『』'\n]*』|`[^`'\n]*`)
    | (?P<date>\d{4}(?:[-/.／－]\d{1,2}[-/.／－]\d{1,2}|年\d{1,2}月\d{1,2}日)(?![\w.]))
    | (?P<joint>かつ|且つ|および|及び|または|又は|もしくは)
    | (?P<number>\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)
    | (?P<word>[^\W\d](?:(?!かつ|または)\w)*)
    | (?P<compare>[<>=!＜＞＝！]{1,3}|[≥≧≤≦≠])
    | (?P<sign>[&＆]{1,2}|[|｜]{1,2}|.)
    """,
    re.VERBOSE | re.DOTALL,
)
_AND: Final = frozenset({"かつ", "且つ", "および", "及び"})
_SIGNS: Final = {
    **dict.fromkeys(("&", "&&"), "AND"),
    **dict.fromkeys(("|", "||"), "OR"),
    **dict.fromkeys(("≥", "≧", "=>"), ">="),
    **dict.fromkeys(("≤", "≦", "=<"), "<="),
    "≠": "<>",
    "、": ",",
    **dict.fromkeys("‘’‚‛“”„‟「」『』`", "'"),
}
_COMPARISONS: Final = frozenset({"=", "==", "<>", "!=", "<", "<=", ">", ">=", "LIKE", "ILIKE"})
_BEHIND_A_NAME: Final = _COMPARISONS | {"IN", "IS", "BETWEEN", "NOT"}
_VALUES: Final = frozenset({"string", "word", "number"})
_UNITS: Final = frozenset({*"人名点件回社円日%", "pt", "pts", "point", "points", "people"})
_TESTS: Final[Mapping[str, str]] = {
    **dict.fromkeys(("contain", "contains", "include", "includes", "含む"), "contains"),
    **dict.fromkeys(("startswith", "starts_with", "beginswith"), "starts_with"),
    **dict.fromkeys(("endswith", "ends_with"), "ends_with"),
    **dict.fromkeys(("match", "matches", "regexp", "rlike"), "regexp_matches"),
}
_TESTS_WITH: Final = {"starts": "starts_with", "begins": "starts_with", "ends": "ends_with"}
_MOST_WORDS: Final = 4  # of a label
_THOUSAND: Final = 3  # digits behind a comma
_REST: Final = re.compile(r"([^\s'()=<>,]+)\)*\s*")
_INSIDE_VALUES: Final = frozenset(".@-/+:_#")


@dataclass(slots=True)
class _Item:
    """A piece of a condition: what it is, where it stands, and what is written in its place."""

    kind: str
    start: int
    end: int
    plain: str
    before: str = ""
    after: str = ""

    @property
    def upper(self) -> str:
        return self.plain.upper()

    @property
    def is_keyword(self) -> bool:
        return self.kind == "word" and self.upper in KEYWORDS


@dataclass(frozen=True, slots=True)
class _Slip:
    """How one slip is worded, and what to write."""

    kind: str
    suggestion: str
    details: Mapping[str, str]


class Mending:
    """A refused condition, looked through for slips.

    Attributes:
        text: the condition with its slips mended.
        places: of each character of `text`, and of its end, the place in the condition as written.
    """

    def __init__(self, text: str, fields: Mapping[str, FieldType]) -> None:
        """Look through `text`, whose names are those of `fields`."""
        self._written = text
        self._fields = fields
        self._slips: dict[int, _Slip] = {}
        self._all = [self._item(match) for match in _ITEM.finditer(text)]
        self._items = [item for item in self._all if item.kind != "space"]
        for look in (
            *(self._amounts, self._labels, self._tests, self._lists),
            *(self._is_values, self._open_quote, self._values, self._brackets),
        ):
            look()
        self.text = "".join(item.before + item.plain + item.after for item in self._all)
        self.places = [*self._places(), len(text)]

    def __bool__(self) -> bool:
        """Tell whether there are slips."""
        return bool(self._slips)

    def tell(self, report: Report) -> None:
        """Add the slips to a report on the mended text, behind the faults found in that."""
        for start, slip in sorted(self._slips.items()):
            report.add_at(start, slip.kind, suggestion=slip.suggestion, details=slip.details)

    def _places(self) -> Iterator[int]:
        for item in self._all:
            is_kept = len(item.plain) == item.end - item.start
            yield from (item.start for _ in item.before)
            yield from (item.start + (place if is_kept else 0) for place in range(len(item.plain)))
            yield from (max(item.start, item.end - 1) for _ in item.after)

    def _note(self, kind: str, start: int, suggestion: str = "", **details: str) -> None:
        self._slips[start] = _Slip(kind, suggestion, details)

    def _item(self, match: re.Match[str]) -> _Item:
        """Read one piece; signs of other alphabets and languages are mended here."""
        kind, word, start = str(match.lastgroup), match[0], match.start()
        plain = word
        if kind == "odd":
            kind, plain = "string", quoted(word[1:-1].strip())
            self._note("odd_quotes", start, plain, word=word)
        elif kind == "date":
            kind, plain = self._bare_date(word, start)
        elif kind == "joint":
            kind, plain = "word", "AND" if word in _AND else "OR"
            self._note("sign", start, plain, word=word)
        elif kind in {"number", "word", "compare", "sign"}:
            folded = unicodedata.normalize("NFKC", word)
            folded = folded if folded.isascii() or kind == "sign" else word
            plain = _SIGNS.get(word, _SIGNS.get(folded, folded))
            if plain != word:
                self._note("sign", start, plain, word=word)
        space = " " * (plain in {"AND", "OR"} and plain != word)
        return _Item(kind, start, match.end(), plain, space, space)

    def _bare_date(self, word: str, start: int) -> tuple[str, str]:
        day = as_date(word)
        if day is None:
            return "odd", word
        self._note("bare_date", start, quoted(day), word=word)
        return "string", quoted(day)

    def _at(self, place: int) -> _Item:
        """Return the item at a place, an empty one beyond both ends."""
        if 0 <= place < len(self._items):
            return self._items[place]
        return _Item("", len(self._written), len(self._written), "")

    def _are_adjacent(self, place: int) -> bool:
        """Tell whether nothing stands between an item and the next."""
        return self._at(place).end == self._at(place + 1).start and bool(self._at(place + 1).kind)

    def _type_of(self, item: _Item) -> FieldType | None:
        name = item.plain[1:-1] if item.kind == "name" else item.plain
        known = field_named(name, self._fields) if item.kind in {"name", "word"} else None
        return None if known is None else self._fields[known]

    def _is_strange(self, place: int) -> bool:
        """Tell whether a word is neither a field nor a word of the language, and no call."""
        item = self._at(place)
        if item.kind != "word" or item.is_keyword or self._type_of(item) is not None:
            return False
        return self._at(place + 1).plain != "("

    def _drop(self, first: int, last: int) -> None:
        """Write nothing for items, nor for the space between them."""
        start, end = self._at(first).start, self._at(last).end
        for item in self._all:
            if start <= item.start < end:
                item.plain = item.before = item.after = ""
                self._slips.pop(item.start, None)

    def _write(self, first: int, last: int, plain: str, kind: str) -> None:
        """Write one item in place of several."""
        end = self._at(last).end
        self._drop(first, last)
        item = self._at(first)
        item.kind, item.plain, item.end = kind, plain, end
        self._all = [
            each for each in self._all if each is item or not item.start <= each.start < end
        ]
        del self._items[first + 1 : last + 1]

    # ---- numbers ----

    def _amounts(self) -> None:
        """Mend `1,000` behind a comparison, and `200人`."""
        for place, item in enumerate(self._items):
            if item.kind != "number":
                continue
            last = place
            while self._at(place - 1).kind == "compare" and self._is_thousand(last):
                last += 2
            unit = self._at(last + 1)
            is_unit = self._are_adjacent(last) and unit.plain.lower() in _UNITS
            if last > place or is_unit:
                last += is_unit
                word = self._written[item.start : self._at(last).end]
                number = "".join(re.findall(r"[\d.]", unicodedata.normalize("NFKC", word)))
                self._write(place, last, number, "number")
                self._note("plain_number", item.start, number, word=word)

    def _is_thousand(self, place: int) -> bool:
        comma, behind = self._at(place + 1), self._at(place + 2)
        are_adjacent = self._are_adjacent(place) and self._are_adjacent(place + 1)
        is_group = behind.kind == "number" and len(behind.plain) == _THOUSAND
        return are_adjacent and comma.plain == "," and is_group

    # ---- names ----

    def _labels(self) -> None:
        """Mend what lists and files call a field: `Company Size`, `役職`."""
        place = 0
        while place < len(self._items):
            for last in range(place + _MOST_WORDS - 1, place - 1, -1):
                if name := self._field_meant(place, last):
                    word = self._written[self._at(place).start : self._at(last).end]
                    self._write(place, last, name, "word")
                    self._note("label", self._at(place).start, name, word=word)
                    break
            place += 1

    def _field_meant(self, first: int, last: int) -> str:
        run = self._items[first : last + 1]
        is_name = self._at(last + 1).upper in _BEHIND_A_NAME or self._is_test(last + 1)
        if not is_name or self._at(first - 1).upper in _COMPARISONS or len(run) <= last - first:
            return ""
        if any(item.kind != "word" or item.is_keyword for item in run):
            return ""
        if first == last and not self._is_strange(first):
            return ""
        return find_label(self._written[run[0].start : run[-1].end], self._fields)

    # ---- tests of a text ----

    def _is_test(self, place: int) -> bool:
        return bool(self._test_at(place + (self._at(place).upper == "NOT"))[0])

    def _test_at(self, place: int) -> tuple[str, int]:
        """Return the function meant by the words at a place, and how many words these are."""
        word, behind = self._at(place).plain.lower(), self._at(place + 1).plain.lower()
        if self._at(place).kind != "word":
            return "", 0
        if word in _TESTS_WITH and behind == "with":
            return _TESTS_WITH[word], 2
        return (_TESTS.get(word, ""), 1) if behind != "(" else ("", 0)

    def _tests(self) -> None:
        """Mend `title contains 'x'`, which is `contains(title, 'x')`."""
        for place in range(len(self._items)):
            name = self._at(place)
            if name.kind not in {"word", "name"} or name.is_keyword or name.plain in FUNCTIONS:
                continue
            is_negated = self._at(place + 1).upper == "NOT"
            test, count = self._test_at(place + 1 + is_negated)
            value = self._at(place + 1 + is_negated + count)
            if not test or value.kind not in {"string", "word"} or value.is_keyword:
                continue
            text = value.plain if value.kind == "string" else quoted(value.plain)
            start = self._at(place + 1 + is_negated).start
            word = self._written[start : self._at(place + is_negated + count).end]
            called = f"{'NOT ' * is_negated}{test}({name.plain}, {text})"
            self._drop(place + 1, place + is_negated + count)
            name.before, name.after = f"{'NOT ' * is_negated}{test}(", ","
            value.kind, value.plain, value.after = "string", text, ")"
            self._note("test_between", start, called, word=word)

    # ---- lists ----

    def _lists(self) -> None:
        """Mend `IN 'JP', 'US'`, which is `IN ('JP', 'US')`."""
        for place, item in enumerate(self._items):
            first = self._at(place + 1)
            if item.upper != "IN" or item.kind != "word" or not self._is_listed(place + 1):
                continue
            last = place + 1
            while self._at(last + 1).plain == "," and self._is_listed(last + 2):
                last += 2
            listed = [self._listed(each) for each in self._items[place + 1 : last + 1 : 2]]
            for each, text in zip(self._items[place + 1 : last + 1 : 2], listed, strict=True):
                each.plain, each.kind = text, "string"
            first.before, self._at(last).after = "(", ")"
            text = f"({', '.join(listed)})"
            self._note("list_brackets", first.start, text)

    def _is_listed(self, place: int) -> bool:
        return self._at(place).kind in {"string", "number"} or self._is_strange(place)

    def _listed(self, item: _Item) -> str:
        return quoted(item.plain) if item.kind == "word" else item.plain

    # ---- values ----

    def _is_values(self) -> None:
        """Mend `country IS 'JP'`, which is `=`."""
        for place, item in enumerate(self._items):
            is_negated = self._at(place + 1).upper == "NOT"
            value = place + 1 + is_negated
            if item.upper != "IS" or self._type_of(self._at(place - 1)) not in {"text", "number"}:
                continue
            if self._at(value).kind in {"string", "number"} or self._is_strange(value):
                sign = "<>" if is_negated else "="
                self._write(place, place + is_negated, sign, "compare")
                self._note("is_value", item.start, sign)

    def _values(self) -> None:
        """Mend texts without quotes, behind a comparison and in lists."""
        for place, item in enumerate(self._items):
            if not self._is_strange(place):
                continue
            name = self._name_before(place)
            kind = self._type_of(name)
            last = self._last_of_value(place)
            word = self._written[item.start : self._at(last).end]
            text = as_value(word, field=name.plain.lower(), kind=kind) if kind else ""
            if text:
                self._write(place, last, text, "string")
                worded = "yes_or_no" if kind == "boolean" else "unquoted"
                self._note(worded, item.start, text, word=word)

    def _name_before(self, place: int) -> _Item:
        """Return the field that the value at a place is compared with, or what stands there."""
        before = place - 1
        if self._at(before).upper in _COMPARISONS:
            return self._at(before - 1 - (self._at(before - 1).upper == "NOT"))
        while self._at(before).plain == "," or self._at(before).kind in _VALUES - {"word"}:
            before -= 1
        if self._at(before).plain == "(" and self._at(before - 1).upper == "IN":
            return self._at(before - 2 - (self._at(before - 2).upper == "NOT"))
        is_second = self._at(place - 1).plain == "," and self._at(place - 3).plain == "("
        is_call = is_second and self._at(place - 4).plain.lower() in FUNCTIONS
        return self._at(place - 2) if is_call else self._at(len(self._items))

    def _last_of_value(self, place: int) -> int:
        """Return the place of the last item of a value such as `New York` or `a@b.example`."""
        while True:
            behind = self._at(place + 1)
            is_joined = self._are_adjacent(place) and (
                behind.kind in {"word", "number"} or behind.plain in _INSIDE_VALUES
            )
            if not is_joined and not self._is_strange(place + 1):
                return place
            place += 1

    # ---- quotes and brackets ----

    def _open_quote(self) -> None:
        """Mend a quote that is never closed where it is certain how far the text goes."""
        for place, item in enumerate(self._items):
            if item.plain not in {"'", '"'} or item.kind != "sign":
                continue
            rest, before = self._written[item.end :], self._at(place - 1)
            if not rest.strip() and before.kind == "word" and self._are_adjacent(place - 1):
                self._close_before(place)
            elif match := _REST.fullmatch(rest):
                end = item.end + match.end(1)
                inside = [each for each in self._items[place + 1 :] if each.start < end]
                if inside:
                    item.plain, inside[-1].after = "'", "'"
                    self._note("unclosed", item.start, quoted(match[1]))
            return

    def _close_before(self, place: int) -> None:
        """Mend `JP'`, and `'O'Hara'`, which is the text `O'Hara`."""
        item, word, string = self._at(place), self._at(place - 1), self._at(place - 2)
        text = quoted(word.plain)
        if string.kind == "string" and self._are_adjacent(place - 2):
            text = f"{string.plain[:-1]}''{word.plain}'"
            string.plain, word.plain, item.plain = text, "", ""
        else:
            word.kind, word.plain, item.plain = "string", text, ""
        self._note("unclosed", item.start, text)

    def _brackets(self) -> None:
        """Mend brackets without their other half."""
        opened: list[_Item] = []
        for item in self._items:
            if item.kind == "sign" and item.plain == "(":
                opened.append(item)
            elif item.kind == "sign" and item.plain == ")" and opened:
                opened.pop()
            elif item.kind == "sign" and item.plain == ")":
                item.plain = ""
                self._note("stray_bracket", item.start)
        for item in opened:
            self._all[-1].after += ")"
            self._note("open_bracket", item.start)
