"""What can be wrong with a template, worded once for `leadline check` and for a failed rendering.

Texts name templates, lines and variables, never the data that a template was given.
"""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING, Final

from leadline.errors import LeadlineError, Problem

if TYPE_CHECKING:
    from collections.abc import Iterable

_WORDS: Final[dict[str, dict[str, str]]] = {
    "syntax_error": {
        "en": "the template cannot be read: {detail}",
        "ja": "テンプレートを解釈できません: {detail}",
    },
    "unknown_variable": {
        "en": "`{variable}` is not known here",
        "ja": "`{variable}` はこのテンプレートでは使えない変数です",
    },
    "unknown_filter": {
        "en": "`{variable}` is no filter that templates have",
        "ja": "`{variable}` というフィルターはありません",
    },
    "unsafe_filter": {
        "en": "the filter `{variable}` is refused: it prints markup unescaped or reaches "
        "inside values",
        "ja": "フィルター `{variable}` は使えません (エスケープの回避や内部参照につながるため)",
    },
    "unsafe_expression": {
        "en": "`{variable}` is refused: a template prints values, it calls nothing and "
        "reaches inside nothing",
        "ja": "`{variable}` は使えません。テンプレートでできるのは値の表示だけで、呼び出しや"
        "内部参照はできません",
    },
    "unsafe_link": {
        "en": "the link `{variable}` is refused: begin it with https:, mailto: or tel:, or "
        "with a variable whose name ends in `_url` or `action`",
        "ja": "リンク `{variable}` は使えません。https:、mailto:、tel: か、名前が `_url` また"
        "は `action` で終わる変数で始めてください",
    },
    "unsafe_markup": {
        "en": "`{variable}` is refused: mails and pages carry no scripts and no event handlers",
        "ja": "`{variable}` は使えません。メールとページにスクリプトやイベント属性は置けません",
    },
    "include_refused": {
        "en": "`{variable}` cannot be included: name one existing template of the same kind "
        "(.html or .txt) in plain quotes, and not one that includes this one",
        "ja": "`{variable}` は読み込めません。同じ種類 (.html または .txt) の既存テンプレート"
        "を引用符で直接指定してください (循環は不可)",
    },
    "template_missing": {
        "en": "there is no such template",
        "ja": "テンプレートがありません",
    },
    "mail_part_missing": {
        "en": "this part of a mail is missing: each mail has subject.txt, body.txt and "
        "body.html in English (en) and Japanese (ja)",
        "ja": "メールの構成ファイルが足りません。英語 (en) と日本語 (ja) のそれぞれに subject"
        ".txt、body.txt、body.html が必要です",
    },
    "legal_part_missing": {
        "en": "`{variable}` is not always shown: mail to a lead must show the sender's name, the "
        "postal address and where to write to, marketing mail also a way to unsubscribe "
        "(CAN-SPAM; 特定電子メール法 Art. 4)",
        "ja": "`{variable}` が必ず表示されるようになっていません。リード宛のメールには送信"
        "者名・住所・連絡先、広告メールにはさらに配信停止の方法の表示が必要です (特定電子メー"
        "ル法 第4条、CAN-SPAM)",
    },
    "link_missing": {
        "en": "the mail does not show its link, in the text and in the HTML: `{{{{ confirm_url "
        "}}}}` in a confirmation, `{{{{ asset_url }}}}` where the form offers a document",
        "ja": "テキストと HTML の両方にリンクが必要です。確認メールには `{{{{ confirm_url }}}}`"
        "、資料を届けるメールには `{{{{ asset_url }}}}` を表示してください",
    },
    "unknown_template": {
        "en": "no mail or page uses a template of this name",
        "ja": "この名前のテンプレートを使うメールやページはありません",
    },
    "bad_value": {
        "en": "the template could not be filled ({detail})",
        "ja": "テンプレートに値を入れられません ({detail})",
    },
}
_WARNINGS: Final = frozenset({"unknown_template"})
_HINT: Final = {
    "en": "{what}. Did you mean `{suggestion}`?",
    "ja": "{what}。`{suggestion}` ですか?",
}
_NEXT: Final = {
    "en": "Mend the template and run `leadline check`.",
    "ja": "テンプレートを修正し、`leadline check` を実行してください。",
}
_ENDS: Final = {"en": (". ", " "), "ja": ("。", " ")}  # after a statement, after a question


def nearest(word: str, known: Iterable[str]) -> str:
    """Return the known word closest to `word`, or "" when none is close."""
    return next(iter(get_close_matches(word, list(known), n=1, cutoff=0.6)), "")


def describe(  # one keyword per thing a person needs to find the fault
    code: str,
    *,
    template: str,
    line: int = 0,
    column: int = 0,
    variable: str = "",
    suggestion: str = "",
    detail: str = "",
) -> Problem:
    """Word one fault of `template` (path below templates/) in English and Japanese."""
    message = {}
    for lang, text in _WORDS[code].items():
        what = text.format(variable=variable, detail=detail)
        hint = _HINT[lang].format(what=what, suggestion=suggestion)
        message[lang] = hint if suggestion else what
    return Problem(
        code=code,
        file=f"templates/{template}",
        line=line,
        column=column,
        message=message,
        suggestion=suggestion,
        is_warning=code in _WARNINGS,
    )


class TemplateProblem(LeadlineError):
    """A template cannot be rendered; what it was meant for is held, other mail goes on.

    Attributes:
        problem: the fault with file, line and wording.
        template: path below templates/.
        line: one-based, 0 when unknown.
        variable: the name that is unknown or refused, or "".
        suggestion: the nearest valid name, or "".
    """

    def __init__(
        self,
        code: str,
        *,
        template: str,
        line: int = 0,
        variable: str = "",
        suggestion: str = "",
        detail: str = "",
    ) -> None:
        """Word the fault `code`; `detail` must not hold data."""
        self.problem = describe(
            code,
            template=template,
            line=line,
            variable=variable,
            suggestion=suggestion,
            detail=detail,
        )
        self.code = code
        self.template = template
        self.line = line
        self.variable = variable
        self.suggestion = suggestion
        super().__init__(code=code, template=template, line=line, variable=variable)

    def say(self, lang: str) -> str:
        """Return `file:line:column code message` and what to do next, in `lang`."""
        said = self.problem.say(lang)
        end = _ENDS.get(lang, _ENDS["en"])[said.endswith("?")]
        return f"{said}{end}{_NEXT.get(lang, _NEXT['en'])}"
