"""What can be wrong with a condition, in words that its writer can act on."""

from __future__ import annotations

import difflib
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from leadline.domain.leads import FieldType

_QUOTES: Final = str.maketrans("‘’‚‛“”„‟", "''''''''")

#: Functions that a condition may call.
FUNCTIONS: Final = (
    "coalesce",
    "contains",
    "ends_with",
    "length",
    "lower",
    "regexp_matches",
    "starts_with",
    "upper",
)
KEYWORDS: Final = (
    *("AND", "OR", "NOT", "IN", "IS", "NULL", "TRUE", "FALSE"),
    *("LIKE", "ILIKE", "BETWEEN"),
)

#: What may stand between two values, as it is shown to people.
OPERATORS: Final = (
    *("=", "<>", "<", "<=", ">", ">=", "LIKE", "ILIKE"),
    *("IN", "BETWEEN", "IS NULL", "AND", "OR"),
)

TYPE_WORDS: Final[Mapping[FieldType, Mapping[str, str]]] = {
    "text": {"en": "a text", "ja": "文字列"},
    "number": {"en": "a number", "ja": "数値"},
    "boolean": {"en": "TRUE or FALSE", "ja": "真偽値"},
    "time": {"en": "a time", "ja": "日時"},
}

#: Wording by kind: the code that programs see, English, Japanese.
_WORDING: Final[Mapping[str, tuple[str, str, str]]] = {
    "empty": (
        "syntax",
        "the condition is empty; write TRUE to match every lead",
        "条件が空です。すべてのリードに合わせるには TRUE と書いてください",
    ),
    "character": (
        "syntax",
        "a control character cannot be part of a condition; delete it",
        "制御文字は条件に使えません。削除してください",
    ),
    "unclosed": (
        "syntax",
        "a quote or comment begins here and is never closed; double a quote inside a text: 'it''s'",
        "ここから始まる引用符またはコメントが閉じていません。文字列の中の ' は '' と書きます",
    ),
    "unreadable": (
        "syntax",
        "cannot be read at {word}; an operator, value or bracket is missing or misplaced here",
        "{word} の位置で条件を読めません。演算子・値・括弧の抜けや位置を確かめてください",
    ),
    "too_long": (
        "too_long",
        "the condition has {count} characters; at most {limit} are allowed",
        "条件が{count}文字あります。上限は{limit}文字です",
    ),
    "too_many": (
        "too_long",
        "the condition has {count} parts; at most {limit} are allowed: split it into several rules",
        "条件の要素が{count}個あります。上限は{limit}個です。複数のルールに分けてください",
    ),
    "too_many_segments": (
        "too_long",
        "the condition has {count} parts with those of its segments; at most {limit} are allowed",
        "セグメントの条件を含めた要素が{count}個あります。上限は{limit}個です",
    ),
    "too_deep": (
        "too_long",
        "brackets and NOT are nested more than {limit} deep",
        "括弧と NOT の入れ子が{limit}段を超えています",
    ),
    "not_allowed": (
        "not_allowed",
        "{word} has no place in a condition: write comparisons joined by AND, OR and NOT",
        "{word} は条件では使えません。比較を AND、OR、NOT でつないで書いてください",
    ),
    "sign": (
        "syntax",
        "{word} is no sign of conditions, whose signs are half-width and joined by AND and OR",
        "{word} は条件では使えません。記号は半角で書き、条件は AND・OR でつなぎます",
    ),
    "odd_quotes": (
        "syntax",
        "a text stands in straight single quotes",
        "文字列は半角の一重引用符(')で囲みます",
    ),
    "unquoted": (
        "unknown_field",
        "{word} is not a field; a text or date stands in single quotes",
        "{word} という項目はありません。文字列や日付は一重引用符(')で囲みます",
    ),
    "yes_or_no": (
        "unknown_field",
        "{word} is not a field; this one is TRUE or FALSE",
        "{word} という項目はありません。この項目の値は TRUE か FALSE です",
    ),
    "label": (
        "unknown_field",
        "{word} is a label; conditions name fields as the configuration does",
        "{word} は表示名です。条件では設定上の項目名を書きます",
    ),
    "bare_date": (
        "syntax",
        "a date stands in single quotes, as 'YYYY-MM-DD'",
        "日付は一重引用符で囲み、'YYYY-MM-DD' の形で書きます",
    ),
    "plain_number": (
        "syntax",
        "{word}: a number has neither commas nor a unit",
        "{word}: 数値に桁区切りのカンマや単位は付けません",
    ),
    "test_between": (
        "syntax",
        "an operator is expected here, not {word}; a function stands before its field",
        "ここには {word} ではなく演算子が必要です。関数は項目の前に書きます",
    ),
    "list_brackets": (
        "not_allowed",
        "IN takes a list in round brackets",
        "IN の値の一覧は括弧で囲みます",
    ),
    "is_value": (
        "wrong_type",
        "IS goes with NULL, TRUE and FALSE only, not with other values",
        "IS は NULL・TRUE・FALSE にだけ使います。ほかの値とは比べられません",
    ),
    "open_bracket": (
        "syntax",
        "this bracket is never closed; write ) where it ends",
        "この括弧が閉じていません。終わりに ) を書いてください",
    ),
    "stray_bracket": (
        "syntax",
        "this bracket closes nothing; delete it or write ( where it begins",
        "対応する ( がありません。この括弧を消すか、始まりに ( を書いてください",
    ),
    "side_by_side": (
        "syntax",
        "two texts stand side by side; a comma or an operator is missing between them",
        "文字列が2つ並んでいます。間にカンマか演算子が必要です",
    ),
    "chained": (
        "not_allowed",
        "comparisons cannot be chained; join them with AND or put one in brackets",
        "比較を続けて書くことはできません。AND でつなぐか括弧で囲んでください",
    ),
    "only_literals": (
        "not_allowed",
        "IN takes a list of plain values, such as IN ('JP', 'US')",
        "IN には値の一覧だけを書けます。例: IN ('JP', 'US')",
    ),
    "only_negative_number": (
        "not_allowed",
        "a minus sign may stand before a number only; there is no arithmetic",
        "マイナスは数値の前だけに書けます。計算はできません",
    ),
    "unknown_field": (
        "unknown_field",
        "{word} is not a field",
        "{word} という項目はありません",
    ),
    "event_of_ours": (
        "event_of_ours",
        "{word} would count what we did, not the lead; count email_opened or email_clicked",
        "{word} は自社側の動作なので集計できません。email_opened や email_clicked を使ってください",
    ),
    "no_operator": (
        "syntax",
        (
            "an operator is expected here, not {word}: one of {operators}; functions are written "
            "as contains(field, 'text')"
        ),
        (
            "ここには {word} ではなく演算子が必要です ({operators})。関数は "
            "contains(項目, '文字列') の形で書きます"
        ),
    ),
    "unknown_function": (
        "unknown_function",
        "{word} is not a function of conditions; these are: {known}",
        "{word} という関数は条件では使えません。使える関数: {known}",
    ),
    "double_quoted": (
        "double_quoted_text",
        "{word} is not a field: double quotes name a field; did you mean the text {text}?",
        '{word} という項目はありません(" " は項目名を表します)。文字列なら {text} と書きます',
    ),
    "differs": (
        "wrong_type",
        "this is {found}, but {wanted} is needed here",
        "{wanted}が必要な位置に{found}があります",
    ),
    "not_condition": (
        "wrong_type",
        "this is {found} and not yet a condition; compare it with something, or write IS NOT NULL",
        "{found}だけでは条件になりません。何かと比較するか IS NOT NULL と書いてください",
    ),
    "null": (
        "wrong_type",
        "nothing equals NULL, so this never matches; write IS NULL or IS NOT NULL",
        "NULL との比較は決して成り立ちません。IS NULL または IS NOT NULL と書いてください",
    ),
    "order": (
        "wrong_type",
        "TRUE and FALSE have no order; use = or <>",
        "真偽値に大小はありません。= または <> を使ってください",
    ),
    "rank": (
        "wrong_type",
        "texts compare by the alphabet, not by rank; list what you mean: {word} IN ({words})",
        "大小比較は文字順になり、順位を表しません。{word} IN ({words}) のように列挙してください",
    ),
    "pattern": (
        "wrong_type",
        "the pattern must be a text in single quotes",
        "パターンは一重引用符で囲んだ文字列で書いてください",
    ),
    "number": (
        "wrong_type",
        "{word} is too large for a number",
        "{word} は数値として大きすぎます",
    ),
    "date": (
        "wrong_type",
        "{word} is not a date; write 'YYYY-MM-DD', without a time of day",
        "{word} は日付ではありません。'YYYY-MM-DD' の形で、時刻を付けずに書いてください",
    ),
    "regex": (
        "bad_pattern",
        "{word} is not a valid regular expression (RE2: no look-around, no back references)",
        "{word} は正しい正規表現ではありません(RE2: 先読み・後読み・後方参照は使えません)",
    ),
    "flags": (
        "not_allowed",
        "regexp_matches takes a field and a pattern; case and width are ignored anyway",
        "regexp_matches の引数は項目とパターンだけです。大文字小文字と全角半角は常に区別しません",
    ),
}


@dataclass(frozen=True, slots=True)
class Finding:
    """One fault of a condition.

    Attributes:
        code: stable machine-readable name, such as `unknown_field`.
        line: one-based line inside the expression text.
        column: one-based column inside that line, counted in characters.
        message: what is wrong and what to write, per language ("en", "ja").
        suggestion: what to write instead, or "".
    """

    code: str
    line: int
    column: int
    message: Mapping[str, str]
    suggestion: str = ""


class Report:
    """Collects the findings about one condition, at most one per place in its text."""

    def __init__(self, text: str, places: Sequence[int] = ()) -> None:
        """Start with no finding about `text`; offset `i` of what is read is `places[i]` in it."""
        self._text = text
        self._places = places
        self._found: dict[int, Finding] = {}

    def add(
        self,
        kind: str,
        offset: int,
        *,
        suggestion: str = "",
        types: Mapping[str, FieldType] | None = None,
        **details: object,
    ) -> None:
        """Add a finding worded as `kind` at the zero-based `offset`; the first at a place stays.

        `types` fill the wording with a type's name, which differs by language.
        """
        words = {
            lang: {name: TYPE_WORDS[is_a][lang] for name, is_a in (types or {}).items()}
            for lang in ("en", "ja")
        }
        place = self._places[offset] if self._places else offset
        self.add_at(place, kind, suggestion=suggestion, details=details, words=words)

    def add_at(
        self,
        place: int,
        kind: str,
        *,
        suggestion: str = "",
        details: Mapping[str, object],
        words: Mapping[str, Mapping[str, str]] | None = None,
    ) -> None:
        """Add a finding at a place of the text as it is written; `words` differ by language."""
        code, *texts = _WORDING[kind]
        message = {
            lang: text.format(**details, **(words or {}).get(lang, {}))
            for lang, text in zip(("en", "ja"), texts, strict=True)
        }
        before = self._text[:place]
        line = before.count("\n") + 1
        column = place - before.rfind("\n")
        self._found.setdefault(place, Finding(code, line, column, message, suggestion))

    def findings(self) -> tuple[Finding, ...]:
        """Return what was found, in the order of the text."""
        return tuple(self._found[offset] for offset in sorted(self._found))


def quoted(text: str) -> str:
    """Return `text` as it is written in a condition: in single quotes."""
    return "'" + text.replace("'", "''") + "'"


def near(word: str, choices: Iterable[str]) -> str:
    """Return what the writer of `word` probably meant, or "".

    Full-width signs and curly quotes come first: they look right and are not.
    """
    plain = unicodedata.normalize("NFKC", word).translate(_QUOTES)
    if plain != word:
        return plain
    return next(iter(difflib.get_close_matches(word.lower(), choices, n=1)), "")
