"""Whether somebody agreed to mail: a refusal is never read as a yes, and neither is a doubt."""

from __future__ import annotations

import pytest

from leadline.domain.cells import read_consent
from leadline.domain.mapping import decide_mapping, is_opt_out, map_headers


def _said(header: str, cell: str) -> bool | None:
    """Return what a cell says of mail in a column that is mapped by its header alone."""
    if map_headers([header], fixed={}).get(header) != "consent":
        return None
    return read_consent(cell, is_refusal=is_opt_out(header))


REFUSALS = [
    *("newsletter consent withdrawn", "would_you_like_to_stop_receiving_our_newsletter?"),
    *("I no longer wish to receive emails", "No longer receive newsletter"),
    *("Never receive marketing emails", "Cancel newsletter subscription"),
    *("Newsletter subscription cancelled", "Email consent revoked", "Email consent denied"),
    *("Email consent expired", "Email consent missing", "Withdraw email consent"),
    *("Email opt-in declined", "Newsletter consent refused", "No email consent"),
    *("Exclude from newsletter subscription", "Removed from newsletter subscription"),
    *("Without email consent", "Refuse to receive emails", "Decline to receive emails"),
    *("Untick if you agree to receive emails", "Untick if you do not want emails"),
    *("配信対象外", "メルマガ配信対象外", "メール配信禁止", "メール配信中止", "メール配信無効"),
    *("メール配信ブロック", "メール配信不同意", "メール配信未同意", "メール配信を希望されない"),
    *("メール配信を希望されない方", "メール受信辞退", "メール受信をやめる", "メルマガ購読取消"),
    *("案内メールの受信を辞退する", "メルマガ購読キャンセル", "メルマガ未登録", "メルマガ未購読"),
    *("メール許諾なし", "メール配信に同意できない", "お知らせの受け取りを希望されない"),
    *("お知らせの受け取りを遠慮する", "メール配信停止を希望する"),
    *("Newsletter nicht abonniert", "Newsletter-Einwilligung widerrufen"),
    *("Newsletter-Einwilligung entzogen", "Newsletter Anmeldung storniert"),
    *("ohne Newsletter-Einwilligung", "Newsletter-Anmeldung beendet"),
    *("Möchte nicht per E-Mail Werbung erhalten", "Newsletter-Empfang ausgeschlossen"),
    *("Former newsletter subscriber", "Email consent forbidden", "Leave newsletter subscription"),
    *("メール配信を控える", "メール受信を希望せず", "Previously subscribed to newsletter"),
]
OTHER_MATTERS = [
    *("Marketing consent (phone)", "Einwilligung (Telefon)", "Third party marketing consent"),
    *("Partner offers consent", "Emails received", "Email accepted", "Newsletter consent (SMS)"),
    *("Number of emails accepted", "Email agreement type", "メルマガ登録元", "メルマガ登録経路"),
    *(
        "メルマガ配信数",
        "メルマガ受信数",
        "メルマガ配信エラー",
        "メルマガ登録日",
        "最終メール配信日",
    ),
    *("メール配信同意（電話）", "Unsubscribed (SMS)", "Opt-in (pending)"),
    *("ダイレクトメール希望", "Direct mail consent", "お電話での連絡不可", "Invalid email"),
    *("メール送信失敗", "E-Mail fehlerhaft", "No longer at company", "Out of stock"),
    *("Last contacted without reply", "Previous contact owner", "Former email", "以前のメール"),
]


@pytest.mark.parametrize("cell", ["yes", "はい", "1", "希望する"])
@pytest.mark.parametrize("header", REFUSALS)
def test_yes_to_a_refusal_is_no_consent(header: str, cell: str) -> None:
    assert _said(header, cell) is not True


@pytest.mark.parametrize("cell", ["no", "いいえ", "0"])
@pytest.mark.parametrize("header", REFUSALS)
def test_no_to_a_refusal_is_no_consent_either(header: str, cell: str) -> None:
    assert _said(header, cell) is None


@pytest.mark.parametrize(
    "header",
    [
        *("newsletter consent withdrawn", "メルマガ配信対象外", "メール配信禁止", "メール受信辞退"),
        *("I no longer wish to receive emails", "Newsletter-Einwilligung widerrufen", "UNSUB_TIME"),
        *("退会", "購読解除", "送信停止", "メール禁止", "Werbewiderspruch", "No Mail"),
        *("Email suppressed", "Keinesfalls kontaktieren", "Bitte nicht kontaktieren"),
        *("Person - Marketing status", "メール配信停止を希望しますか", "配信停止フラグ"),
        *("EMAIL_BLACKLISTED", "Black Listed", "Suppressed", "Marketing Suspended", "Do not send"),
        *("Consent withdrawn", "Consent Revoked At", "Spam complaint", "GDPR objection"),
        *("Mailing forbidden", "Newsletter opposed", "Contact blocked", "Email prohibited"),
        *("Deaktiviert", "Werbung gesperrt", "Abmeldedatum", "Werbeverbot", "Kontaktsperre"),
        *("Robinsonliste", "Nicht anschreiben", "Nicht per E-Mail kontaktieren", "Mailverbot"),
        *("Kontakt untersagt", "Werbung unerwünscht", "メール送信禁止", "送信対象外", "受信拒否"),
        *("ブラックリスト", "営業禁止", "営業メール対象外", "ご連絡不可", "広告メール除外"),
    ],
)
def test_column_of_refusals_is_known(header: str) -> None:
    assert map_headers([header], fixed={}) == {header: "consent"}
    assert is_opt_out(header)
    assert _said(header, "Unsubscribed") is False


@pytest.mark.parametrize("header", ["EMAIL_BLACKLISTED", "Email Suppressions", "案内メール不要"])
@pytest.mark.parametrize("cell", ["", "no", "0", "[]", "false", "いいえ"])
def test_column_of_refusals_that_refuses_nothing_says_nothing(header: str, cell: str) -> None:
    assert _said(header, cell) is None


@pytest.mark.parametrize("header", OTHER_MATTERS)
def test_column_of_another_matter_is_no_consent(header: str) -> None:
    assert map_headers([header], fixed={}) == {}


@pytest.mark.parametrize(
    "header",
    [
        *(
            "Newsletter (yes/no)",
            "Newsletter: Ja/Nein",
            "メルマガ配信の有無",
            "無料メルマガを購読する",
        ),
        *("メールでのご案内は希望されますか（不要な方は「不要」）", "E-Mail-Werbung Einwilligung"),
        *("Consent: I agree to be contacted", "Yes, subscribe me to the newsletter"),
        *(
            "Subscribe to our newsletter (you can unsubscribe at any time)",
            "海外向けメール配信希望",
        ),
        *(
            "メール配信に同意する",
            "Ich möchte den Newsletter erhalten",
            "Email permission (marketing)",
        ),
    ],
)
def test_plain_question_for_consent_is_still_one(header: str) -> None:
    assert _said(header, "yes") is True
    assert _said(header, "no") is False
    assert _said(header, "不要") is False


@pytest.mark.parametrize(
    "cell",
    [
        *("配信解除を希望する", "解除を希望する", "退会を希望する", "削除を希望する"),
        *("Ich möchte keinen Newsletter", "Ich möchte abbestellen", "ich möchte mich abmelden"),
        *("Ich möchte nie Werbung", "I want no emails", "I accept no mail", "I agree to nothing"),
        *("I want out", "I wish to be removed", "I would like to stop receiving mail"),
        *("please send no mail", "Please send nothing", "Please keep me out", "NG", "NGです"),
        *("未同意", "不承諾", "不許可", "購読解除", "受信したくない", "同意できません", "revoked"),
        *("Consent denied", "Widerspruch", "Unsubscribed", "Never subscribed", "Non-subscribed"),
        *("I disagree", "Please stop", "はい、配信停止を希望します", "希望しない（メール）"),
    ],
)
def test_refusal_is_a_no(cell: str) -> None:
    assert read_consent(cell) is False


@pytest.mark.parametrize(
    "cell",
    [
        *(
            "yes/no",
            "Yes / No",
            "yes or no",
            "ja/nein",
            "はい/いいえ",
            "はい・いいえ",
            "はい、いいえ",
        ),
        *("希望する(電話のみ)", "Yes (phone only)", "Yes (privacy)", "opt in pending", "Yes (no)"),
        *("opt-in unconfirmed", "希望する・希望しない", "希望する（不要）", "Ja (nur Telefon)"),
        *(
            "同意（期限切れ）",
            "はい（以前）",
            "subscribed (bounced)",
            "I agree to cookies",
            "はいorいいえ",
        ),
        *(
            "同意済み（第三者提供）",
            "I agree to the processing of my data",
            "Yes (was)",
            "はいかいいえ",
        ),
        *("デモを希望する", "I would like a demo", "Please send me a quote", "keine Angabe"),
        *("Ich möchte einen Anruf", "分かりません", "検討します", "No answer", "Yes, send a quote"),
    ],
)
def test_doubt_is_neither(cell: str) -> None:
    assert read_consent(cell) is None


@pytest.mark.parametrize(
    "cell",
    [
        *("J", "Ja, gerne", "Yes please", "Yes, I agree", "はい、お願いします", "はい、希望します"),
        *("I would like to receive the newsletter", "Please send me updates", "上記に同意します"),
        *("メールでの案内を希望します", "Yes, keep me informed", "Yes (email)", "opt-in"),
    ],
)
def test_plain_yes_is_one(cell: str) -> None:
    assert read_consent(cell) is True


@pytest.mark.parametrize(
    ("header", "cell"),
    [
        *(("Opt-out", cell) for cell in ("x", "X", "●", "済", "yes", "J", "2026-10-05")),
        *(
            ("配信停止フラグ", cell)
            for cell in ("配信停止中", "停止中", "解除済み", "停止希望", "受信拒否", "配信停止")
        ),
        *(("unsubscribed", cell) for cell in ("I want to unsubscribe", "Unsubscribe me", "true")),
        ("UNSUB_TIME", "2026-10-05 13:04:00"),
        ("Person - Marketing status", "Unsubscribed"),
        ("Email Suppressions", '["USER_SUPPRESSED"]'),
        *(("案内メール不要", cell) for cell in ("レ", "チェックあり", "チェック済み")),
        ("Massen-E-Mails nicht zulassen", "Nicht zulassen"),
        *(("List status", cell) for cell in ("Unsubscribed", "Suppressed", "Blocklisted")),
        ("Opt-in status", "opted_out"),
    ],
)
def test_refusal_in_its_own_column_is_kept(header: str, cell: str) -> None:
    assert _said(header, cell) is False


@pytest.mark.parametrize("header", ["Opt-out", "配信停止フラグ", "unsubscribed"])
@pytest.mark.parametrize(
    "cell",
    [
        *(
            "subscribed",
            "Opt-in",
            "配信可",
            "not unsubscribed",
            "配信停止していない",
            "false",
            "いいえ",
        ),
        *("I want to receive the newsletter", "配信を希望する", "停止しない", "yes/no"),
    ],
)
def test_column_of_refusals_never_reads_the_opposite(header: str, cell: str) -> None:
    assert _said(header, cell) is None


@pytest.mark.parametrize(
    ("header", "field"),
    [("Organization 1 - Name", "company"), ("Any comments?", "message"), ("CC", "country")],
)
def test_header_beside_the_consent_is_known(header: str, field: str) -> None:
    assert map_headers([header], fixed={}) == {header: field}


def test_column_of_copies_is_neither_a_country_nor_the_mail() -> None:
    samples = {"Email": ["a@b.example", "c@d.example"], "CC": ["e@f.example", "g@h.example"]}
    assert decide_mapping(list(samples), fixed={}, samples=samples).fields == {"Email": "email"}
