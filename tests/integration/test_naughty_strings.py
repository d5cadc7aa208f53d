"""Hostile strings go in by CSV and come out of store, command line and mails unchanged and inert.

What may change is written down once, in the functions below: they say what each kind of field does
to a text, character by character and without the patterns of the product.
"""

from __future__ import annotations

import email.policy
import json
import re
import unicodedata
from email.parser import BytesParser
from functools import cache
from html import unescape
from html.entities import html5
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any, Final

import pytest
import time_machine

from leadline.cli import main
from leadline.files.reader import Reject, open_table
from leadline.mail.sink import read_mailbox
from tests.command_line import ARRIVED, CommandLine, a_project
from tests.naughty import a_table, naughty_strings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from email.message import EmailMessage
    from pathlib import Path

STRINGS: Final = naughty_strings()
#: A Tuesday evening in London; everybody in the file is at home in the United States by day.
NOON: Final = "2026-11-24T18:00:00+00:00"
BLANKS: Final = " \t\r\n\f\v\u3000\u00a0\u200b\ufeff"
HEADER: Final = (
    *("Email", "Full Name", "Company", "Job Title", "Department", "Lead Source", "Message"),
    *("remark", "Shoe size"),
)
REPS: Final = """\
rep_id,name,email,manager_id,team,territories,languages,skills,weekly_capacity,working_days,\
working_hours,time_zone,days_off,active
R01,Katelyn Cobb,rep01@example.com,,us,T01,en,,100000,Mon-Sun,00:00-23:59,UTC,,true
"""
TERRITORIES: Final = """\
line_id,rule_id,priority,country,region,postal_prefix,industry,employees_min,employees_max,team
L01,T01,10,,,,,,,us
"""


# What each kind of field does to a text.


def is_control(sign: str) -> bool:
    return sign not in "\t\n" and (ord(sign) < 0x20 or ord(sign) == 0x7F)


def as_text(written: str) -> str | None:
    """Several lines: line ends become LF, control characters go, blanks at the ends go."""
    text = written.replace("\r\n", "\n").replace("\r", "\n")
    return "".join(sign for sign in text if not is_control(sign)).strip(BLANKS) or None


def as_line(written: str) -> str | None:
    """One line: of a text with line ends all white space is collapsed."""
    text = as_text(written)
    return " ".join(text.split()) if text and "\n" in text else text


def as_name(written: str) -> str | None:
    """A name: white space is collapsed, and full-width letters, digits, ' and . become narrow.

    So does the full-width hyphen, where no Japanese is written.
    """
    spaced = " ".join(written.strip(BLANKS).split())
    signs = [narrow(sign) for sign in spaced if not is_control(sign)]
    is_japanese = any("CJK UNIFIED" in (n := unicodedata.name(s, "")) or "KANA" in n for s in signs)
    text = "".join("-" if sign == "－" and not is_japanese else sign for sign in signs)
    return " ".join(text.strip(BLANKS).split()) or None


def narrow(sign: str) -> str:
    plain = unicodedata.normalize("NFKC", sign)
    is_wide = unicodedata.east_asian_width(sign) == "F"
    return plain if is_wide and (plain.isalnum() or plain in ".'") else sign


FIELDS: Final[dict[str, Callable[[str], str | None]]] = {
    "full_name": as_name,
    **dict.fromkeys(("company", "title", "department", "source"), as_line),
    **dict.fromkeys(("message", "remark"), as_text),
}


def address(number: int) -> str:
    return f"n{number}@example.com"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Give a project into which every string was imported, in every column of its lead."""
    home = a_project(tmp_path_factory.mktemp("naughty"))
    settings = home / "config" / "settings.yaml"
    text = settings.read_text(encoding="utf-8")
    settings.write_text(text.replace("fields: {}\n", "fields: {remark: text}\n"), encoding="utf-8")
    rows = [[address(number), *[text] * (len(HEADER) - 1)] for number, text in enumerate(STRINGS)]
    (home / "leads.csv").write_text(a_table([HEADER, *rows]), encoding="utf-8", newline="")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LEADLINE_HOME", str(home))
        assert main(["import", str(home / "leads.csv"), "--yes", "--json"]) == 0
        yield home


@pytest.fixture
def command(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> CommandLine:
    return CommandLine(home, monkeypatch, capsys)


def test_list_is_long_and_has_no_string_twice() -> None:
    assert len(STRINGS) > 400
    assert len(set(STRINGS)) == len(STRINGS)


@pytest.mark.parametrize("field", FIELDS)
def test_store_keeps_every_string_by_the_rule_of_its_field(
    command: CommandLine, field: str
) -> None:
    column = "json_extract(attributes, '$.remark')" if field == "remark" else field
    found = dict(command.query(f"SELECT email, {column} FROM leads"))  # noqa: S608 - our own names
    wrong = {
        text: found.get(address(number))
        for number, text in enumerate(STRINGS)
        if found.get(address(number)) != FIELDS[field](text)
    }
    assert len(found) == len(STRINGS)
    assert wrong == {}


def test_store_keeps_what_no_field_takes_and_the_row_as_it_was_written(
    command: CommandLine,
) -> None:
    leads = dict(command.query("SELECT email, attributes FROM leads"))
    kept = [json.loads(leads[address(number)]).get("Shoe size") for number in range(len(STRINGS))]
    assert kept == [as_text(text) for text in STRINGS]
    raws = [json.loads(raw) for (raw,) in command.query("SELECT raw FROM submissions ORDER BY id")]
    assert [raw[1:] for raw in raws] == [[text] * (len(HEADER) - 1) for text in STRINGS]


def test_command_line_gives_every_string_back(command: CommandLine) -> None:
    leads = command("leads", "list", "--json").document["leads"]
    assert [{field: lead[field] for field in FIELDS} for lead in leads] == [
        {field: read(text) for field, read in FIELDS.items()} for text in STRINGS
    ]


@pytest.mark.parametrize("word", ["NULL", "NA", "NO", "[/b]", "\x1b[31mred\x1b[0m", "{{ 7*7 }}"])
def test_lead_is_shown_as_it_is(command: CommandLine, word: str) -> None:
    number = STRINGS.index(word)
    [lead] = command("leads", "show", address(number), "--json").document["leads"]
    assert lead["company"] == as_line(word)
    assert lead["attributes"] == {"Shoe size": as_text(word)}
    assert str(as_line(word)) in command("leads", "show", address(number)).out


def test_tables_for_people_survive_every_string(command: CommandLine) -> None:
    shown = command("leads", "list", "--limit", len(STRINGS))
    assert shown.code == 0
    assert "\x1b" not in shown.out


def test_nul_costs_exactly_its_row(command: CommandLine) -> None:
    rows = [[address(number), text] for number, text in enumerate(STRINGS)]
    rows[500][1] = "nu\0l"
    text = a_table([("Email", "Company"), *rows])
    path = command.home / "nul.csv"
    path.write_text(text, encoding="utf-8", newline="")
    [file] = command("import", path, "--dry-run", "--json").document["files"]
    assert (file["records"], file["rejected"]) == (len(STRINGS), 1)
    [reject] = file["rejects"]
    assert (reject["line"], reject["reason"]) == (
        1 + text[: text.index("\0")].count("\n"),
        "bad_encoding",
    )


DIALECTS: Final[dict[str, tuple[str, dict[str, Any]]]] = {
    "semicolons, all quoted": ("utf-8-sig", {"delimiter": ";", "quoting": 1}),
    "tabs in UTF-16": ("utf-16", {"delimiter": "\t", "lineterminator": "\r\n"}),
    "pipes": ("utf-8", {"delimiter": "|", "lineterminator": "\r\n"}),
    "commas in CP932": ("cp932", {"lineterminator": "\r\n"}),
    "commas in EUC-JP": ("euc_jp", {}),
}


@pytest.mark.parametrize("name", DIALECTS)
def test_every_way_of_writing_a_table_gives_the_same_cells(tmp_path: Path, name: str) -> None:
    encoding, dialect = DIALECTS[name]
    texts = [text for text in STRINGS if can_encode(text, encoding)]
    rows = [("Email", "Company", "Message"), *((address(n), t, t) for n, t in enumerate(texts))]
    path = tmp_path / "leads.csv"
    path.write_bytes(a_table(rows, **dialect).encode(encoding))
    records = list(open_table(path).records())
    assert [record for record in records if isinstance(record, Reject)] == []
    assert [record.cells for record in records if not isinstance(record, Reject)] == rows[1:]


def can_encode(text: str, encoding: str) -> bool:
    """Tell whether an encoding has a text; byte 80 is none of CP932's, whatever Python says."""
    try:
        return "\x80" not in text and text.encode(encoding).decode(encoding) == text
    except UnicodeEncodeError:
        return False


# Mails, as the built-in mailbox took them from a real run.

SHOWN: Final = ("company", "title", "department", "product", "budget", "message")
MARKED: Final = "".join(f"⟦{field}⟧{{{{ lead.{field} }}}}⟦/{field}⟧\n" for field in SHOWN)
TEMPLATES: Final = ("nurture/welcome/hello/en", "nurture/welcome/hello/ja", "rep/assignment/en")
BODIES: Final = ("{% block letter %}\n", "{% block mail %}\n")
HEADERS: Final = {
    *("X-Original-To", "To", "Subject", "From", "Date", "Message-ID", "Reply-To", "MIME-Version"),
    *("Content-Type", "Auto-Submitted", "X-Auto-Response-Suppress", "List-Unsubscribe"),
    *("List-Unsubscribe-Post", "List-Id", "Feedback-ID"),
}
#: Elements and attributes of the templates.
ELEMENTS: Final = {
    *("html", "head", "meta", "title", "body", "div", "p", "h1", "h2", "ul", "li", "strong", "br"),
    *("a", "blockquote", "table", "tr", "td", "hr", "lang", "charset", "name", "content", "style"),
    *("aria-hidden", "tabindex", "rel"),  # of the link that nobody sees
    *("role", "aria-label", "width", "cellspacing", "cellpadding", "colspan"),
}
#: A whole entity is decoded in what is no HTML; nothing else is.
ENTITY: Final = re.compile(r"&#?\w+;")


@cache
def written_leads() -> list[dict[str, str]]:
    """Return the strings by field, as many to a lead as there are fields."""
    width = len(SHOWN)
    texts = [*STRINGS, *["x"] * (-len(STRINGS) % width)]
    parts = (texts[start : start + width] for start in range(0, len(texts), width))
    return [dict(zip(SHOWN, part, strict=True)) for part in parts]


def ink(text: str) -> str:
    """Return a text without white space and control characters, which are laid out anew."""
    return "".join(s for s in text if not s.isspace() and unicodedata.category(s) != "Cc")


def as_shown(text: str) -> str:
    """Return the ink of a text that stands in a subject or a plain part."""
    return ink(ENTITY.sub(decoded, text))


def decoded(found: re.Match[str]) -> str:
    is_known = found[0].startswith("&#") or found[0][1:] in html5
    return unescape(found[0]) if is_known else found[0]


def mark_templates(home: Path) -> None:
    for name in TEMPLATES:
        folder = home / "templates" / name
        (folder / "subject.txt").write_text("{{ lead.company }}|{{ lead.message }}", "utf-8")
        text = (folder / "body.txt").read_text(encoding="utf-8")
        (folder / "body.txt").write_text(MARKED + text, encoding="utf-8")
        html = (folder / "body.html").read_text(encoding="utf-8")
        block = next(block for block in BODIES if block in html)
        (folder / "body.html").write_text(html.replace(block, block + MARKED), encoding="utf-8")


@pytest.fixture(scope="module")
def mails(tmp_path_factory: pytest.TempPathFactory) -> list[EmailMessage]:
    """Give what a run wrote to the rep and to the leads about every string."""
    home = a_project(tmp_path_factory.mktemp("mailed"))
    config = home / "config"
    (config / "reps.csv").write_text(REPS, encoding="utf-8")
    (config / "territories.csv").write_text(TERRITORIES, encoding="utf-8")
    settings = (config / "settings.yaml").read_text(encoding="utf-8")
    many = settings.replace("bundle_above: 5\n", "bundle_above: 5000\n")
    (config / "settings.yaml").write_text(many, encoding="utf-8")
    mark_templates(home)
    header = ("Email", *SHOWN, "Country", "Opt-in", "Submitted at")
    said = ("US", "yes", "2026-11-24T17:00:00Z")
    rows = [(address(number), *lead.values(), *said) for number, lead in enumerate(written_leads())]
    (home / "leads.csv").write_text(a_table([header, *rows]), encoding="utf-8", newline="")
    with time_machine.travel(ARRIVED), pytest.MonkeyPatch.context() as patch:
        patch.setenv("LEADLINE_HOME", str(home))
        assert main(["import", str(home / "leads.csv"), "--yes", "--json"]) == 0
        assert main(["run", "--now", NOON, "--json"]) == 0
    parse = BytesParser(policy=email.policy.default).parsebytes
    found = read_mailbox(home / ".leadline" / "mailbox")
    assert len(found) == 2 * len(rows)
    return [parse(filed.path.read_bytes()) for filed in found]


def lead_of(mail: EmailMessage) -> dict[str, str]:
    """Return what the lead holds that a mail is about."""
    found = re.search(r"\bn(\d+)@example\.com", mail["X-Original-To"] + content(mail, "plain"))
    assert found is not None
    written = written_leads()[int(found[1])]
    read = {name: as_text if name == "message" else as_line for name in SHOWN}
    return {name: read[name](text) or "" for name, text in written.items()}


@cache
def content(mail: EmailMessage, kind: str) -> str:
    body = mail.get_body((kind,))
    assert body is not None
    return str(body.get_content()).replace("\r\n", "\n")


def marked(body: str) -> dict[str, str]:
    """Return what a body shows of each field."""
    return {name: body.split(f"⟦{name}⟧")[1].split(f"⟦/{name}⟧", maxsplit=1)[0] for name in SHOWN}


def test_no_string_adds_a_header_a_recipient_or_a_part(mails: list[EmailMessage]) -> None:
    for mail in mails:
        assert set(mail.keys()) <= HEADERS
        assert len(mail.keys()) == len(set(mail.keys()))
        assert mail["To"] == mail["X-Original-To"]
        assert re.fullmatch(r"(?:n\d+|rep01)@example\.com", mail["To"])
        assert [part.get_content_type() for part in mail.iter_parts()] == [
            "text/plain",
            "text/html",
        ]


def test_subject_is_one_line_and_shows_the_strings(mails: list[EmailMessage]) -> None:
    for mail in mails:
        lead = lead_of(mail)
        assert ink(mail["Subject"]) == as_shown(f"{lead['company']}|{lead['message']}")
        assert not re.search(r"[\r\n\x0b\x0c\x85\u2028\u2029]", mail["Subject"])


def test_text_part_shows_every_string_and_evaluates_none(mails: list[EmailMessage]) -> None:
    for mail in mails:
        shown = marked(content(mail, "plain"))
        expected = {name: as_shown(text) for name, text in lead_of(mail).items()}
        assert {name: ink(text) for name, text in shown.items()} == expected


def test_text_part_keeps_the_lines_of_a_message(mails: list[EmailMessage]) -> None:
    messages = {marked(content(mail, "plain"))["message"] for mail in mails}
    assert any("\n" in message for message in messages)


def test_html_part_escapes_every_string(mails: list[EmailMessage]) -> None:
    for mail in mails:
        shown = marked(content(mail, "html"))
        assert not any(re.search("[<>\"']", text) for text in shown.values())
        assert {name: unescape(text) for name, text in shown.items()} == lead_of(mail)


class Elements(HTMLParser):
    """Collects the elements of a page and the beginnings of what they point to."""

    def __init__(self) -> None:
        super().__init__()
        self.found: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.add(tag)
        for name, value in attrs:
            points = name in {"href", "src"}
            self.found.add(f"{name}={(value or '').split(':')[0]}" if points else name)


def test_html_part_has_no_element_that_the_templates_lack(
    mails: list[EmailMessage],
) -> None:
    for mail in mails:
        elements = Elements()
        elements.feed(content(mail, "html"))
        plain = ELEMENTS | {"href=http", "href=mailto", "href=tel"}
        assert elements.found <= plain
