"""Why a row was refused, in words for the person who sent the file."""

from __future__ import annotations

import re
from typing import Final

#: Every reject code in words for the person who sent the file.
REJECT_WORDS: Final[dict[str, dict[str, str]]] = {
    "bad_encoding": {
        "en": "holds bytes that are no text in the file's encoding",
        "ja": "ファイルの文字コードとして読めない文字があります",
    },
    "stray_quote": {
        "en": "a quotation mark is not closed, or text follows the closing one",
        "ja": "引用符が閉じていないか、閉じた後に文字が続いています",
    },
    "empty_row": {"en": "the row is empty", "ja": "空の行です"},
    "field_count": {
        "en": "the number of cells differs from the header",
        "ja": "列の数が見出しと合いません",
    },
    "missing_email": {"en": "no mail address", "ja": "メールアドレスがありません"},
    "invalid_email": {
        "en": "the mail address is not a single valid address",
        "ja": "メールアドレスの形式が正しくありません",
    },
    "no_event": {"en": "no name of an event", "ja": "イベント名がありません"},
    "no_person": {
        "en": "neither a mail address nor an id says whose event it is",
        "ja": "メールアドレスもIDもなく、誰の行動か分かりません",
    },
    "bad_time": {
        "en": "the time is missing or cannot be read",
        "ja": "日時がないか、読み取れません",
    },
    "in_future": {"en": "the time lies in the future", "ja": "日時が未来になっています"},
    "too_long": {"en": "a cell is too long", "ja": "文字数が上限を超えています"},
    "honeypot": {
        "en": "the form's hidden field was filled in, as programs do",
        "ja": "フォームの隠し項目が入力されています (自動投稿の疑い)",
    },
    "too_fast": {
        "en": "the form was sent sooner after its page was opened than a person types",
        "ja": "ページの表示から送信までが短すぎます (自動投稿の疑い)",
    },
    "forged_page": {
        "en": "the form came with a page mark that is not ours, another page's, or over a day old",
        "ja": "フォームページの証明が正しくないか、1日以上前のものです (自動投稿の疑い)",
    },
    "no_page": {
        "en": "the form was sent without opening its page",
        "ja": "フォームページを経由せずに送信されました (自動投稿の疑い)",
    },
    "no_proof": {
        "en": "the form came without a valid proof of work; a person without JavaScript sends none",
        "ja": "自動確認 (ALTCHA) が完了していません。JavaScript が無効な環境の方の可能性もあります",
    },
    "too_many_for_address": {
        "en": "many forms named this mail address within a day; somebody may be using it",
        "ja": "同じメールアドレスの送信が1日に多数ありました (第三者による大量登録の疑い)",
    },
    "erased": {
        "en": "the person's data was erased at their request, and does not come back by a file",
        "ja": "本人の求めにより消去済みのため、ファイルからは取り込めません",
    },
    "no_mapping": {
        "en": "the source has no `webhook` in its mapping file any more",
        "ja": "取込元の対応ファイルに `webhook` がありません",
    },
    "answers_missing": {
        "en": "the tool did not give the answers of this lead",
        "ja": "ツールからこのリードの回答を取得できませんでした",
    },
    "too_many_leads": {
        "en": "the body holds too many leads",
        "ja": "1回の送信に含まれるリードが多すぎます",
    },
    "unreadable": {
        "en": "the body or the row could not be read",
        "ja": "本文または行を読み取れませんでした",
    },
}

#: Two counts, in whatever language a quarantine file says it.
_COUNTS: Final = re.compile(r"([0-9]+) (?:cells|列)\D+([0-9]+)")
_CELLS: Final = {
    "en": "{0} cell(s), the header has {1}",
    "ja": "{0} 列あります(見出しは {1} 列)",
}
#: What the readers say of one row, and how a Japanese reader is told.
_DETAILS: Final = (
    (r"([0-9]+) cells, the header has ([0-9]+)", _CELLS["ja"]),
    (r"([0-9]+) characters, at most ([0-9]+)", "{0} 文字あります(上限 {1} 文字)"),
    (r"bytes that are not (.+)", "{0} として読めない文字があります"),
    (r"a NUL character", "NUL 文字が含まれています"),
    (r"a character that is none", "文字として無効なコードが含まれています"),
    (r"text follows a closing quote", "閉じ引用符の後に文字が続いています"),
    (r"a quoted cell is not closed", "引用符が閉じていません"),
    (r"the body is empty", "本文が空です"),
    (r"no body is kept", "本文が保存されていません"),
    (r"nested too deeply", "入れ子が深すぎます"),
    (r"not JSON from line ([0-9]+), column ([0-9]+)", "{0} 行 {1} 桁から JSON として読めません"),
    (r"not JSON: a number that is none", "JSON の数値として読めない値があります"),
    (r"bytes that are not UTF-8", "UTF-8 として読めません"),
    (r"too many fields", "項目が多すぎます"),
    (r"too many answers", "回答が多すぎます"),
    (r"no field in a multipart body", "multipart の本文に項目がありません"),
    (r"not multipart as its content type says", "Content-Type と異なり multipart として読めません"),
    (
        r"neither JSON nor urlencoded nor multipart",
        "JSON・urlencoded・multipart のいずれでもありません",
    ),
    (r"([0-9]+) leads, at most ([0-9]+)", "リードが {0} 件あります(上限 {1} 件)"),
    (r"asked for 3 days", "3日間、繰り返し問い合わせました"),
    (r"no id to ask with", "問い合わせに使う ID がありません"),
    (
        r"a line of a sub-table without a record that it belongs to",
        "どのレコードにも属さないサブテーブルの行です",
    ),
)


def say_detail(reason: str, detail: str, lang: str) -> str:
    """Return what is wrong with one row, as exactly as it is known.

    Args:
        reason: reject code.
        detail: what the reader or the intake said of it, in English; in Japanese when it was said
            before, and "" when the code says everything.
        lang: `en` or `ja`.
    """
    if detail and (lang == "en" or not detail.isascii()):
        return detail
    for pattern, words in _DETAILS:
        if found := re.fullmatch(pattern, detail):
            return words.format(*found.groups())
    return REJECT_WORDS[reason][lang] if reason in REJECT_WORDS else detail


def say_cells(detail: str, lang: str) -> str | None:
    """Return how many cells a row has and should have, None when its detail is about else.

    Args:
        detail: as the reader or a quarantine file says it.
        lang: `en` or `ja`.
    """
    found = _COUNTS.match(detail)
    return _CELLS[lang].format(*found.groups()) if found else None
