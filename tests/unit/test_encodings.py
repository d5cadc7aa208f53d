"""What the decode ladder makes of whole files and of single records."""

from __future__ import annotations

import pytest

from leadline.domain.encodings import Encoding, decode_record, detect_encoding, show_record


@pytest.mark.parametrize(
    ("codec", "expected"),
    [
        ("utf-8", Encoding.UTF_8),
        ("utf-8-sig", Encoding.UTF_8_SIG),
        ("cp932", Encoding.CP932),
    ],
)
def test_encoding_is_found_for_japanese_text(codec: str, expected: Encoding) -> None:
    assert detect_encoding("氏名,会社名\n髙橋 ①,㈱山﨑～\n".encode(codec)) is expected


@pytest.mark.parametrize(
    ("codec", "mark", "expected"),
    [
        ("utf-16-le", b"\xff\xfe", Encoding.UTF_16_LE),
        ("utf-16-be", b"\xfe\xff", Encoding.UTF_16_BE),
        ("utf-16-le", b"", Encoding.UTF_16_LE),
        ("utf-16-be", b"", Encoding.UTF_16_BE),
    ],
)
def test_utf_16_is_found_with_and_without_mark(codec: str, mark: bytes, expected: Encoding) -> None:
    assert detect_encoding(mark + "Email,Name\na@b.example,A\n".encode(codec)) is expected


@pytest.mark.parametrize("data", [b"", b"plain ascii\n", "é\n".encode() * 600_000])
def test_encoding_is_utf_8_for_anything_valid(data: bytes) -> None:
    assert detect_encoding(data) is Encoding.UTF_8


def test_one_bad_byte_does_not_turn_a_utf_8_file() -> None:
    data = "名前\n".encode() * 50 + b"Ren\xe9,1\n"
    assert detect_encoding(data) is Encoding.UTF_8


def test_one_bad_byte_does_not_turn_a_cp932_file() -> None:
    data = "名前,会社\n".encode("cp932") * 50 + b"\x8b\xff\n"
    assert detect_encoding(data) is Encoding.CP932


@pytest.mark.parametrize("name", ["García", "Müller", "Éric", "Åsa", "Ñandú", "René "])
def test_a_latin_1_name_is_not_taken_for_japanese(name: str) -> None:
    assert detect_encoding(b"Name,x\n" * 100 + name.encode("latin-1") + b",1\n") is Encoding.UTF_8


def test_a_large_cp932_file_is_counted_to_its_end() -> None:
    data = b"a,b\n" * 300_000 + "氏名,X社\n".encode("cp932") * 300_000
    assert detect_encoding(data) is Encoding.CP932


@pytest.mark.parametrize(
    ("raw", "encoding"),
    [
        (b"Ren\xe9,1", Encoding.UTF_8),
        (b"\x8b\xff", Encoding.CP932),
        (b"a\xff", Encoding.CP932),  # the codec gives U+F8F3 here, and no error
        (b"a\0b", Encoding.UTF_8),
        (b"a\0b", Encoding.CP932),
        (b"a\0\0\0", Encoding.UTF_16_LE),
    ],
)
def test_record_with_bad_bytes_or_nul_has_no_text(raw: bytes, encoding: Encoding) -> None:
    assert decode_record(raw, encoding) is None


@pytest.mark.parametrize("encoding", list(Encoding))
def test_record_is_decoded_in_every_encoding(encoding: Encoding) -> None:
    text = "Größe,a" if encoding in {Encoding.WINDOWS_1252, Encoding.ISO_8859_1} else "橋,a"
    raw = text.encode("utf-8" if encoding is Encoding.UTF_8_SIG else encoding)
    assert decode_record(raw, encoding) == text


def test_cp932_record_keeps_the_signs_of_its_vendor() -> None:
    assert decode_record(b"\x81\x60\x87\x8a\x87\x40", Encoding.CP932) == "～㈱①"


@pytest.mark.parametrize(
    ("raw", "encoding", "shown"),
    [
        ("髙橋,㈱山﨑".encode("cp932"), Encoding.CP932, "髙橋,㈱山﨑"),
        ('髙橋,"山﨑'.encode(), Encoding.UTF_8_SIG, '髙橋,"山﨑'),
        ("鈴木".encode("cp932") + b"\x80,\x88", Encoding.CP932, r"鈴木\x80,\x88"),
        ("鈴木".encode("cp932") + b"\xa0\xff\0", Encoding.CP932, r"鈴木\xa0\xff\x00"),
        ("é".encode() + b"\xe9,\0", Encoding.UTF_8, r"é\xe9,\x00"),
    ],
)
def test_record_that_cannot_be_taken_is_shown_with_escapes_for_its_bad_bytes_only(
    raw: bytes, encoding: Encoding, shown: str
) -> None:
    assert show_record(raw, encoding) == shown
