"""Why an event is held for a person's or a program's, in words for people."""

from __future__ import annotations

from typing import Final

#: Every reason that `leadline.domain.actors` gives.
ACTOR_WORDS: Final[dict[str, dict[str, str]]] = {
    "nothing_against": {
        "en": "nothing speaks against a person",
        "ja": "機械によるものと疑う理由がありません",
    },
    "no_evidence": {
        "en": "neither network, program nor time of sending is known",
        "ja": "アクセス元・閲覧ソフト・送信時刻がいずれも不明です",
    },
    "our_act": {"en": "our own act: a mail was sent", "ja": "当社からのメール送信です"},
    "delivery_grace": {
        "en": "came within seconds after the mail was sent, sooner than a person can",
        "ja": "メール送信の直後で、人の操作としては早すぎます",
    },
    "burst": {
        "en": "part of a burst over the links of one mail",
        "ja": "1通のメール内の複数のリンクへの連続アクセスの一部です",
    },
    "trap": {
        "en": "followed the hidden link, which no person sees",
        "ja": "人には見えないリンクへのアクセスです",
    },
    "beside_trap": {
        "en": "came together with a hit on the hidden link",
        "ja": "人には見えないリンクへのアクセスと同時期のものです",
    },
    "head_request": {
        "en": "asked for headers only, as programs do",
        "ja": "ヘッダーだけの要求 (HEAD) で、機械によるものです",
    },
    "prefetch": {
        "en": "said that it only loads the page ahead",
        "ja": "ページの先読みによるアクセスです",
    },
    "mail_proxy": {
        "en": "a mail program's server loaded the pictures",
        "ja": "メールソフトのサーバーによる画像の読み込みです",
    },
    "known_program": {
        "en": "the program that asked says that it is no browser",
        "ja": "ブラウザーではないプログラムからのアクセスです",
    },
    "crowd": {
        "en": "many recipients' links were followed from one network within seconds",
        "ja": "数秒間に同じネットワークから多数の受信者のリンクがアクセスされました",
    },
    "link_check": {
        "en": "the link was checked just before it was followed from elsewhere",
        "ja": "別の場所からのクリックの直前に行われたリンクの安全確認です",
    },
}
