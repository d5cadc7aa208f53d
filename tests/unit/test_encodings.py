"""What the decode ladder makes of whole files and of single records."""

from __future__ import annotations

import random
from itertools import product
from typing import Final

import pytest

from leadline.domain.encodings import (
    Encoding,
    EncodingFinder,
    decode_record,
    decode_text,
    detect_encoding,
    find_encoding,
    show_record,
)

JAPANESE: Final = (
    *("山田太郎", "佐藤", "鈴木", "森", "谷", "樋口", "笹川", "髙橋", "山﨑", "さくら", "ひかり"),
    *("トヨタ", "ソニー", "キヤノン", "テスト", "東京都", "品川区", "営業部", "部長", "日本電気"),
    *("㈱山田商事", "①番", "お問い合わせ", "資料請求希望", "未定", "株式会社みどり"),
)
HALF_WIDTH: Final = ("ﾔﾏﾀﾞ ﾀﾛｳ", "ｽｽﾞｷ", "ｶﾌﾞｼｷｶﾞｲｼｬ", "ﾃｽﾄ", "ﾄｳｷｮｳ")
WESTERN: Final = (
    *("Müller", "Größe", "Jörg", "Weiß", "Straße", "Österreich", "Übersee", "Bäcker", "Köln"),
    *("García", "Núñez", "Peña", "Málaga", "José", "Ángel", "Iñigo", "Bogotá"),
    *("René", "François", "Hélène", "Noël", "Éric", "Benoît", "Loïc", "Créée", "Agnès"),
    *("Åsa", "Søren", "Zoë", "São João", "Conceição"),
)
TYPOGRAPHY: Final = ("O’Brien", "“Best” Ltd", "€ 500", "Käthe – GmbH", "Šimek", "Œuvre")
CODECS: Final = {
    Encoding.UTF_8: "utf-8",
    Encoding.UTF_8_SIG: "utf-8-sig",
    Encoding.UTF_16_LE: "utf-16-le",
    Encoding.UTF_16_BE: "utf-16-be",
    Encoding.CP932: "cp932",
    Encoding.EUC_JP: "euc_jp",
    Encoding.ISO_2022_JP: "iso2022_jp",
    Encoding.ISO_8859_1: "iso-8859-1",
    Encoding.WINDOWS_1252: "windows-1252",
}


def _words(encoding: Encoding) -> list[str]:
    """Return the words that an encoding has characters for and that need them."""
    words = [*JAPANESE, *WESTERN, *TYPOGRAPHY]
    if encoding not in {Encoding.EUC_JP, Encoding.ISO_2022_JP}:
        words += HALF_WIDTH
    return [word for word in words if _can_say(encoding, word)]


def _can_say(encoding: Encoding, word: str) -> bool:
    is_western = word in (*WESTERN, *TYPOGRAPHY)
    if encoding in {Encoding.CP932, Encoding.EUC_JP, Encoding.ISO_2022_JP} and is_western:
        return False  # a few of the letters are there, but nobody writes such files
    if encoding is Encoding.WINDOWS_1252 and word not in TYPOGRAPHY:
        return False  # without its own characters the bytes are those of Latin-1
    try:
        word.encode(CODECS[encoding])
    except UnicodeEncodeError:
        return False
    return True


def _whole_file(encoding: Encoding, seed: int) -> str:
    chance = random.Random(seed)  # noqa: S311 - repeatable samples, nothing secret
    words = _words(encoding)
    rows = [
        f"{chance.choice(words)},p{number}@acme.example,{chance.choice([*words, 'Acme'])},{number}"
        for number in range(chance.choice([5, 30, 120]))
    ]
    header = "Name,Email,Company,No" if chance.random() < 0.6 else "氏名,メール,会社名,番号"
    if not _can_say(encoding, "山田太郎"):
        header = "Name,Email,Company,No"
    return "\n".join([header, *rows, ""])


@pytest.mark.parametrize(("encoding", "seed"), list(product(CODECS, range(12))))
def test_encoding_of_a_whole_file_is_found(encoding: Encoding, seed: int) -> None:
    text = _whole_file(encoding, seed)
    data = text.encode(CODECS[encoding])
    found = find_encoding(data)
    assert found.encoding is encoding
    assert decode_text(data, found.encoding).removeprefix("\ufeff") == text
    assert found.is_guess == (encoding in {Encoding.ISO_8859_1, Encoding.WINDOWS_1252})


@pytest.mark.parametrize("encoding", CODECS)
def test_encoding_of_two_lines_with_one_word_is_found(encoding: Encoding) -> None:
    headers = ("Name,Email", "Email;Name", "Name")
    wrong = [
        (word, str(found))
        for word, header, end in product(_words(encoding), headers, ("\n", "\r\n"))
        for line in (
            word if header == "Name" else f"{word}{header[4:5].replace('l', ';')}x@y.test",
        )
        if (found := detect_encoding(f"{header}{end}{line}{end}".encode(CODECS[encoding])))
        is not encoding
    ]
    assert wrong == []


def _polluted(encoding: Encoding, row: bytes) -> bytes:
    lines = _whole_file(encoding, 3).encode(CODECS[encoding]).split(b"\n")
    for place in range(7, len(lines) - 1, 25):
        lines[place] = row
    return b"\n".join(lines)


@pytest.mark.parametrize(
    ("encoding", "row"),
    list(
        product(
            [Encoding.UTF_8, Encoding.CP932, Encoding.EUC_JP, Encoding.ISO_8859_1],
            [
                "山田太郎,a@b.example,日本電気,1".encode("cp932"),
                "山田太郎,a@b.example,日本電気,1".encode("euc_jp"),
                "山田太郎,a@b.example,Größe,1".encode(),
                "Müller,a@b.example,Größe,1".encode("iso-8859-1"),
                b"Smith,a@b.example,\xff\xfe\x80\x81\xa0,1",
                b"Smith,\0a@b.example,Acme,1",
                bytes(range(128, 256)),
            ],
        )
    ),
)
def test_a_few_broken_rows_do_not_turn_a_file(encoding: Encoding, row: bytes) -> None:
    assert detect_encoding(_polluted(encoding, row)) is encoding


@pytest.mark.parametrize("row", [b"Ren\xe9,1", b"Jo\xffhn,1", "山田".encode("cp932") + b",1"])
def test_a_single_broken_row_does_not_turn_a_file_of_ascii(row: bytes) -> None:
    assert detect_encoding(b"Name,x\n" + b"Smith,1\n" * 60 + row + b"\n") is Encoding.UTF_8


def test_encoding_is_found_block_by_block_as_at_once() -> None:
    data = _whole_file(Encoding.EUC_JP, 1).encode("euc_jp")
    finder = EncodingFinder()
    for start in range(0, len(data), 37):
        finder.add(data[start : start + 37])
    assert finder.decide().encoding is Encoding.EUC_JP


@pytest.mark.parametrize(
    ("codec", "encoding"), [("utf-32-le", Encoding.UTF_32_LE), ("utf-32-be", Encoding.UTF_32_BE)]
)
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_utf_32_is_found(codec: str, encoding: Encoding, mark: str) -> None:
    data = f"{mark}氏名,会社\n髙橋,㈱\n".encode(codec)
    assert detect_encoding(data) is encoding
    assert decode_text(data, encoding).endswith("髙橋,㈱\n")


def test_utf_16_of_japanese_text_without_a_mark_is_found() -> None:
    text = "氏名\t会社名\n佐藤花子\t株式会社みどり\n"
    assert detect_encoding(text.encode("utf-16-le")) is Encoding.UTF_16_LE
    assert detect_encoding(text.encode("utf-16-be")) is Encoding.UTF_16_BE


@pytest.mark.parametrize("data", [b"\0" * 900, bytes(range(32)) * 20, b"a,b\n1,\0\n" * 9])
def test_zeros_alone_do_not_make_utf_16(data: bytes) -> None:
    assert detect_encoding(data) is Encoding.UTF_8


@pytest.mark.parametrize("text", ["①㈱髙﨑№", "㍻元年", "Ⅳ番 髙橋"])
def test_vendor_characters_are_read_in_the_older_encodings(text: str) -> None:
    sjis = text.encode("cp932")
    pairs = bytearray()
    position = 0
    while position < len(sjis):
        if sjis[position] < 0x80:
            pairs += b"\x1b(B" + sjis[position : position + 1] + b"\x1b$B"
            position += 1
            continue
        pairs += _jis_pair(*sjis[position : position + 2])
        position += 2
    jis = b"\x1b$B" + bytes(pairs) + b"\x1b(B"
    if any(pair > 0x74 for pair in pairs):
        return  # IBM's extensions in CP932 lie beyond the rows of JIS
    assert decode_text(jis, Encoding.ISO_2022_JP) == text


def _jis_pair(lead: int, trail: int) -> bytes:
    row = (lead - (0x81 if lead < 0xA0 else 0xC1)) * 2 + 0x21 + (trail >= 0x9F)
    cell = trail - 0x7E if trail >= 0x9F else trail - 0x1F - (trail >= 0x80)
    return bytes((row, cell))


def test_half_width_kana_are_read_in_iso_2022_jp() -> None:
    assert decode_text(b"\x1b(I24Y\x1b(B,x", Encoding.ISO_2022_JP) == "ｲｴﾙ,x"


def test_japanese_goes_on_behind_a_line_end_that_did_not_end_it() -> None:
    first, second = "東京".encode("iso2022_jp")[:-3], "大阪".encode("iso2022_jp")[3:]
    data = b'1,"' + first + b"\n" + second + b'"\n2,x\n'
    assert decode_text(data, Encoding.ISO_2022_JP) == '1,"東京\n大阪"\n2,x\n'


def test_line_begins_in_ascii_though_the_line_before_forgot_to_return() -> None:
    data = "東京".encode("iso2022_jp")[:-3] + b"\nAcme,a@b.example\n"
    assert decode_text(data, Encoding.ISO_2022_JP) == "東京\nAcme,a@b.example\n"


def test_bad_bytes_are_kept_as_surrogates_in_every_encoding() -> None:
    assert decode_text(b"a\xff", Encoding.UTF_8) == "a\udcff"
    assert decode_text(b"\x80\xa0,\x8b", Encoding.CP932) == "\udc80\udca0,\udc8b"
    assert decode_text(b"\xb1,x", Encoding.EUC_JP) == "\udcb1,x"
    assert decode_text(b"\x81", Encoding.WINDOWS_1252) == "\udc81"
    assert decode_text(b"a\0b", Encoding.UTF_16_LE) == "a\udc62"


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
