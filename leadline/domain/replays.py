"""Which submissions in quarantine are worth judging again, and why one is not."""

from __future__ import annotations

from typing import Final

#: Reasons that lie in what arrived: no change of the configuration helps.
LASTING: Final = ("bad_encoding", "empty_row", "erased", "too_long", "too_many_leads")

#: Why a submission that a person names is not judged again.
REFUSAL_WORDS: Final[dict[str, dict[str, str]]] = {
    "not_found": {"en": "there is no such submission", "ja": "該当する受信データがありません"},
    "file_row": {
        "en": "it is a row of a file: mend it in the quarantine file and import that",
        "ja": "ファイルの行です。隔離ファイルを直して取り込み直してください",
    },
    "new": {
        "en": "it waits for intake already",
        "ja": "すでに受付待ちです",
    },
    "waiting": {
        "en": "it is waiting for its sender and goes on by itself",
        "ja": "送信元の応答待ちで、自動的に再開します",
    },
    "accepted": {"en": "it was accepted", "ja": "受付済みです"},
    "undone": {
        "en": "its import was taken back",
        "ja": "取込が取り消されています",
    },
    "erased": {
        "en": "the person's data was erased",
        "ja": "本人の依頼により消去済みです",
    },
}
#: States of a submission that is where a replay would bring it, or further.
SETTLED: Final = frozenset({"new", "accepted"})
