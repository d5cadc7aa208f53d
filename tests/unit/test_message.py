"""Messages: every reader gets back what was meant, and no value becomes a header of its own."""

from __future__ import annotations

import base64
import email.policy
from email.parser import BytesParser
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leadline.mail.message import (
    HeaderInjection,
    Parts,
    address_message,
    encode_words,
    mailbox,
    redirected,
    write_message,
)
from tests.builders import NOW

if TYPE_CHECKING:
    from email.message import EmailMessage

ID = "<7bwluewhl2kxw3n5ptl4ywnk2e@example.com>"
SENDER = ("株式会社リードライン", "sales@example.com")
TO = "mituru.suzuki@example.jp"
JAPANESE = "【重要】お問い合わせありがとうございます、鈴木 充 様。資料をお送りします" * 4
EMOJI = "👩‍👩‍👧‍👦 family 🇯🇵 " * 20
SMUGGLED = ["a\r\nBcc: all@example.com", "a\nBcc: b", "a\rBcc: b", "a\0b", "\n", "a\r\n\r\nbody"]
#: One line of any text that a header may be asked to hold.
lines = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r\n\0"), max_size=300)


def a_mail(
    text: str = "hello\n",
    html: str = "<p>hello</p>",
    *,
    sender: tuple[str, str] = SENDER,
    headers: dict[str, str] | None = None,
) -> str:
    parts = Parts(text, html)
    return write_message(parts, message_id=ID, sender=sender, date=NOW, headers=headers or {})


def sent(mail: str, *, to: str = TO, subject: str = "hello") -> bytes:
    return address_message(mail, recipient=to, subject=subject)


def parse(message: bytes) -> EmailMessage:
    return BytesParser(policy=email.policy.default).parsebytes(message)


def subject_of(subject: str) -> str:
    return str(parse(sent(a_mail(), subject=subject))["Subject"])


@pytest.mark.parametrize("value", SMUGGLED)
def test_line_break_or_nul_is_refused_wherever_it_comes_from(value: str) -> None:
    for write in (
        lambda: sent(a_mail(), subject=value),
        lambda: sent(a_mail(), to=value),
        lambda: sent(a_mail(), subject=redirected("hello", value)),
        lambda: a_mail(sender=(value, "sales@example.com")),
        lambda: a_mail(sender=("Leadline", value)),
        lambda: a_mail(headers={"Reply-To": value}),
    ):
        with pytest.raises(HeaderInjection):
            write()


def test_refusal_names_the_header_and_not_the_value() -> None:
    with pytest.raises(HeaderInjection) as refused:
        sent(a_mail(), subject="secret@example.jp\r\nBcc: x")
    assert str(refused.value) == "Subject holds a line break or NUL"


@pytest.mark.parametrize("address", ["担当@example.jp", "a@例え.jp"])
def test_address_that_no_old_server_takes_is_refused(address: str) -> None:
    with pytest.raises(HeaderInjection):
        sent(a_mail(), to=address)


@pytest.mark.parametrize(
    "subject",
    [
        "Hello",
        "",
        JAPANESE,
        EMOJI,
        "Ünïcode and ASCII in turn, é",
        "髙島屋・﨑",
        "a" * 5000,
        "long words " * 400,
        "=?utf-8?b?44GC?= is no encoded word of ours",
        "=?utf-8?q?=0D=0ABcc:_x?=",
        'quotes " and \\ and , ; < > ( )',
    ],
    ids=lambda subject: subject[:12] or "empty",
)
def test_subject_is_read_back_as_it_was_meant(subject: str) -> None:
    assert subject.strip() == subject_of(subject).strip()


@settings(derandomize=True, max_examples=150, deadline=None)
@given(lines)
def test_any_subject_stays_one_header_of_allowed_length(subject: str) -> None:
    message = sent(a_mail(), subject=subject)
    assert parse(message).keys() == parse(sent(a_mail())).keys()
    assert max(map(len, message.split(b"\r\n"))) <= 998
    assert message.isascii()


@settings(derandomize=True, max_examples=150, deadline=None)
@given(st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1, max_size=200))
def test_any_visible_subject_survives(subject: str) -> None:
    assert subject == subject_of(subject)


def test_encoded_words_are_whole_and_no_longer_than_the_standard_allows() -> None:
    words = encode_words("Subject", JAPANESE + EMOJI).split("\r\n ")
    assert max(map(len, words)) <= 75
    parts = [word.removeprefix("=?utf-8?b?").removesuffix("?=") for word in words]
    assert "".join(base64.b64decode(part).decode() for part in parts) == JAPANESE + EMOJI


@pytest.mark.parametrize(
    "name",
    [
        "Leadline",
        "Leadline, Inc.",
        'The "Leadline" \\ Co.',
        "株式会社リードライン",
        "",
        "Sales (Tokyo)",
        "=?utf-8?b?44GC?=",
    ],
)
def test_name_of_the_sender_is_read_back(name: str) -> None:
    address = parse(sent(a_mail(sender=(name, "sales@example.com"))))["From"].addresses[0]
    assert (name, "sales@example.com") == (address.display_name, address.addr_spec)


def test_name_without_letters_of_its_own_stays_plain() -> None:
    assert mailbox("Leadline", "sales@example.com") == "Leadline <sales@example.com>"


@pytest.mark.parametrize(
    "body",
    ["", "one line", "雨ニモマケズ\n風ニモマケズ\n", ".\n..\n.hidden\n", "x" * 20_000, EMOJI],
)
def test_bodies_are_read_back_equal(body: str) -> None:
    parsed = parse(sent(a_mail(text=body, html=f"<p>{body}</p>")))
    text, html = parsed.get_body(("plain",)), parsed.get_body(("html",))
    assert text is not None
    assert html is not None
    found = [part.get_content().replace("\r\n", "\n") for part in (text, html)]
    assert [body, f"<p>{body}</p>"] == found


def test_bodies_have_crlf_line_ends_whatever_they_came_with() -> None:
    mixed, plain = a_mail(text="a\r\nb\nc\r\n"), a_mail(text="a\nb\nc\n")
    assert mixed == plain
    text = parse(sent(plain)).get_body(("plain",))
    assert text is not None
    assert text.get_payload(decode=True) == b"a\r\nb\r\nc\r\n"


def test_message_is_ascii_and_no_line_is_longer_than_the_standard_allows() -> None:
    message = sent(a_mail(text=JAPANESE * 50, html=EMOJI * 50), subject=JAPANESE)
    assert message.isascii()
    assert max(map(len, message.split(b"\r\n"))) <= 998
    assert b"\n" not in message.replace(b"\r\n", b"")


def test_message_is_the_same_to_the_byte_when_it_is_written_again() -> None:
    assert sent(a_mail(JAPANESE), subject=EMOJI) == sent(a_mail(JAPANESE), subject=EMOJI)


def test_boundary_is_made_of_the_message_id_and_stands_in_no_body() -> None:
    mail = a_mail(text="--=_7bwluewhl2kxw3n5ptl4ywnk2eexamplecom--\n")
    assert len(list(parse(sent(mail)).iter_parts())) == 2


def test_headers_are_those_of_a_mail_that_a_program_wrote() -> None:
    link = "<https://example.com/u/token>"
    parsed = parse(sent(a_mail(headers={"List-Unsubscribe": link})))
    assert (link, ID, TO) == (parsed["List-Unsubscribe"], parsed["Message-ID"], parsed["To"])
    assert parsed["Date"].datetime == NOW
    assert parsed.get_content_type() == "multipart/alternative"
    assert parsed.defects == []


def test_redirected_subject_names_whom_the_mail_was_meant_for() -> None:
    assert redirected("ご案内", TO) == "[mituru.suzuki@example.jp] ご案内"
