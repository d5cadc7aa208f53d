"""Mentions: an address is found however it was written down, and no other address is."""

from __future__ import annotations

import base64
import json
from urllib.parse import quote

import pytest

from leadline.domain.mentions import ERASED, Mentions

ADDRESS = "ann+news@x.example"
MENTIONS = Mentions.of(ADDRESS)
FILLER = b"\x00\xfe nothing of interest, for a long time. " * 4000
WRITTEN = {
    "plain": b"write to ann+news@x.example, please",
    "upper case": b"ANN+News@X.EXAMPLE",
    "in brackets": b"Ann <ann+news@x.example>",
    "at the end of a sentence": b"it is ann+news@x.example.",
    "in quotes": b"'ann+news@x.example'",
    "full width": "ａｎｎ+news＠x.example".encode(),
    "full width, Shift_JIS": "ａｎｎ+news＠x.example".encode("cp932"),
    "percent signs": f"a=1&mail={quote(ADDRESS)}&b=2".encode(),
    "percent signs twice": quote(quote(ADDRESS)).encode(),
    "escapes of JSON": ADDRESS.replace("@", "\\u0040").encode(),
    "entities of HTML": ADDRESS.replace("@", "&#64;").encode(),
    "quoted-printable": b"ann+news=40x=2Eexample",
    "soft line break": b"ann+news=40x.exa=\r\nmple",
    "UTF-16": ADDRESS.encode("utf-16-le"),
    "UTF-16, other order": ADDRESS.encode("utf-16-be"),
    **{
        f"base64 + {n}": b" " + base64.b64encode(b"x" * n + b" " + ADDRESS.encode())
        for n in (0, 1, 2)
    },
    "base64 in lines": base64.encodebytes(b"something before it" * 3 + b" " + ADDRESS.encode()),
    "base64 of UTF-16": base64.b64encode(ADDRESS.encode("utf-16-le")),
}
OTHERS = (
    "joann+news@x.example",
    "jo.ann+news@x.example",
    "jo-ann+news@x.example",
    "ann+news@x.example.jp",
    "ann+news@x.example-two.jp",
    "ann+news@y.example",
    "ann@x.example",
    "annxnews@xyexample",
    *(f"o{sign}ann+news@x.example" for sign in "!#$%&'*/=?^`{|}~"),
    "!ann+news@x.example",
)
OPENED = (
    "'ann+news@x.example'",
    "`ann+news@x.example`",
    "{{ann+news@x.example}}",
    "=ann+news@x.example",
    "email=ann+news@x.example",
    "https://z.example/?email=ann+news@x.example",
    "https://z.example/ann+news@x.example",
    "a=1&mail=ann+news@x.example&b=2",
    "bob@y.example|ann+news@x.example",
    "bob@y.example/ann+news@x.example",
    '{"message": "hello\\nann+news@x.example"}',
    "宛先ann+news@x.exampleまで",
)


@pytest.mark.parametrize("written", WRITTEN.values(), ids=WRITTEN)
def test_address_is_found_in_bytes_however_it_is_written(written: bytes) -> None:
    assert MENTIONS.is_in_bytes(written)


@pytest.mark.parametrize("written", WRITTEN.values(), ids=WRITTEN)
def test_address_is_found_in_a_long_file_however_it_is_written(written: bytes) -> None:
    assert MENTIONS.is_in_bytes(FILLER + written + FILLER)
    assert not MENTIONS.is_in_bytes(FILLER + FILLER)


@pytest.mark.parametrize("other", OTHERS)
def test_another_address_is_another_one(other: str) -> None:
    assert not MENTIONS.is_in(f"write to {other}, please")
    assert MENTIONS.redact(other) == other


@pytest.mark.parametrize("other", OTHERS)
def test_another_address_is_another_one_in_a_long_file(other: str) -> None:
    long = b"nothing of interest, for a long time. " * 4000
    assert not MENTIONS.is_in_bytes(long + f"write to {other}, please".encode() + long)


@pytest.mark.parametrize("opened", OPENED)
def test_what_opens_an_address_is_no_part_of_it(opened: str) -> None:
    assert MENTIONS.is_in(opened)
    assert ADDRESS not in MENTIONS.redact(opened)


def test_address_of_another_is_never_changed_for_a_sign_before_it() -> None:
    assert MENTIONS.redact("'ann+news@x.example") == "'ann+news@x.example"
    assert not MENTIONS.is_whole_in(["'ann+news@x.example"])


def test_file_named_after_another_address_is_another_one() -> None:
    assert MENTIONS.is_in_name("ann+news@x.example.csv")
    assert MENTIONS.is_in_name("ann+news@x.example.tar.gz")
    assert not MENTIONS.is_in_name("o'ann+news@x.example.csv")


def test_text_keeps_all_but_the_address() -> None:
    wide = "ａｎｎ+news＠x.exam\u200bple"
    assert MENTIONS.redact(f"宛先: {wide} まで。{OTHERS[0]}") == f"宛先: {ERASED} まで。{OTHERS[0]}"


def test_text_that_hides_the_address_is_given_up_as_a_whole() -> None:
    assert MENTIONS.redact(quote(f"mail={ADDRESS}")) == ERASED


def test_value_is_redacted_in_its_texts_and_keys() -> None:
    value = {"to": [ADDRESS, 1, None], ADDRESS: {"x": f"see {ADDRESS}"}}
    redacted = MENTIONS.redact_value(value)
    assert redacted == {"to": [ERASED, 1, None], ERASED: {"x": f"see {ERASED}"}}
    assert not MENTIONS.is_in_value(redacted)


def test_address_alone_in_a_cell_is_told_from_one_in_a_sentence() -> None:
    assert MENTIONS.is_whole_in({"a": "x", "b": " ANN+news@x.example "})
    assert not MENTIONS.is_whole_in(["x", f"please write to {ADDRESS}"])


def test_domain_in_its_own_script_is_the_same_domain() -> None:
    mentions = Mentions.of("info@xn--wgv71a119e.example")
    assert mentions.is_in("info@日本語.example")
    assert mentions.is_in(json.dumps("info@日本語.example"))
