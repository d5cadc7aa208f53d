"""A large, seeded file of invented sales leads, with the truth about every row beside it.

`python -m benchmarks.generate --rows 100000 --out big` writes into the folder:

- `leads.csv`: the records (header on line 1, UTF-8, LF), about 190 bytes each;
- `leads.truth.csv`: line, person_id, kind (new, exact, fuzzy or malformed) and reject reason of
  each record; exact and fuzzy ones carry the person whom they repeat;
- `events.csv`: behavior events of those leads;
- `summary.json`: the counts.

Of the rows 35 % are Japanese, 5 % exact and 5 % fuzzy duplicates, 1 % malformed. The same number
of rows and the same seed give the same bytes. Nobody in it exists: mail domains end in .example,
US numbers are 555-01xx, and Japanese ones are taken from blocks that are not in service.
"""

from __future__ import annotations

import argparse
import json
import random
from pathlib import Path
from typing import Final, NamedTuple, TextIO

HEADER: Final = (
    "email,first_name,last_name,company,title,phone,country,region,postal_code,"
    "industry,employees,source,consent,message,submitted_at,external_id"
)
_COLUMNS: Final = 16
_EXACT: Final = 0.05
_DUPLICATE: Final = 0.10
_MALFORMED: Final = 0.99
_JAPANESE: Final = 0.35
_KEPT: Final = 1 << 15  # earlier leads that a duplicate may repeat
_CHUNK: Final = 20_000  # rows
_LONG_NAME: Final = 3  # letters; two of a longer name can change places


def _words(text: str) -> list[str]:
    return text.split()


def _pairs(text: str) -> list[list[str]]:
    return [word.split("/") for word in text.split()]


_EN_FIRST: Final = _words(
    "Alice Aaron Amara Andre Anita Arjun Beatriz Ben Bianca Brian Camila Carl Chloe Craig Dana "
    "Daniel Diana Dmitri Elena Eli Emma Eric Fatima Felix Fiona Frank Grace Greg Hana Harold Helen "
    "Hugo Imani Ines Isaac Ivan Jack Jada Jamal Jane "  # codespell:ignore ines
    "Karen Karl Kate Kenji Laura Leo Lena Liam "
    "Maria Marcus Maya Miguel Nadia Nathan Nina Noah Olga Omar Paula Peter Priya Quinn Rosa Samuel"
)
_EN_LAST: Final = _words(
    "Abbott Acosta Adler Allen Alvarez Bailey Baker Barnes Becker Bennett Brandt Burke Carter "
    "Castro Chen Clarke Cohen Cooper Cruz Dalton Davies Diaz Dixon Doyle Duncan Ellis Evans "
    "Farrell Fischer Fleming Foster Garcia Gibson Gomez Graham Grant Greene Hale Hansen Harper "
    "Hayes Hughes Ibarra Jensen Joshi Kaplan Keller Khan Klein Lambert Larsen Lopez Lowe Mason "
    "Mercer Meyer Moreno Nolan Novak Osborne Patel Porter Quigley Reyes"
)
_PLACES: Final = _words(
    "Northgate Bluefield Silverline Redwood Harbor Summit Cedar Granite Lakeside Ironbridge Maple "
    "Orchard Pioneer Quarry Riverton Stonehill"
)
_TRADES: Final = _words(
    "Logistics Software Foods Medical Energy Systems Retail Partners Analytics Freight Textiles "
    "Robotics Credit Learning Builders Media"
)
_FORMS: Final = ("Inc", "LLC", "Group", "Corp", "Ltd", "Co.", "Holdings", "Labs")
_JA_LAST: Final = _pairs(
    "佐藤/sato 鈴木/suzuki 高橋/takahashi 田中/tanaka 伊藤/ito 渡辺/watanabe 山本/yamamoto "
    "中村/nakamura 小林/kobayashi 加藤/kato 吉田/yoshida 山田/yamada 佐々木/sasaki "
    "山口/yamaguchi 松本/matsumoto 井上/inoue 木村/kimura 林/hayashi 斎藤/saito 清水/shimizu "
    "山崎/yamazaki 森/mori 池田/ikeda 橋本/hashimoto 阿部/abe 石川/ishikawa 山下/yamashita "
    "中島/nakajima 石井/ishii 小川/ogawa 前田/maeda 髙橋/takahashi"
)
_JA_FIRST: Final = _pairs(
    "翔太/shota 健太/kenta 大輔/daisuke 直樹/naoki 拓也/takuya 誠/makoto 亮/ryo 健一/kenichi "
    "浩/hiroshi 学/manabu 美咲/misaki 陽子/yoko 裕子/yuko 香織/kaori 明美/akemi 恵/megumi "
    "愛/ai 彩/aya 智子/tomoko 由美/yumi 修/osamu 剛/tsuyoshi 進/susumu 葵/aoi 蓮/ren "
    "結衣/yui 悠斗/yuto 凛/rin 陸/riku 花/hana 優/yu 涼/ryo"  # codespell:ignore rin
)
_JA_NAMES: Final = _pairs(
    "北斗工業/hokuto 東洋物産/toyo 三崎商事/misaki 青葉電機/aoba 若松食品/wakamatsu "
    "朝日野システム/asahino 緑川建設/midorikawa 星野運輸/hoshino 桜井製作所/sakurai "
    "白石薬品/shiraishi 大空通信/ozora 富沢化学/tomizawa 南海印刷/nankai 岩瀬精機/iwase "
    "藤野紙業/fujino 水上設備/minakami"
)
_US: Final = (
    ("California", "94103", "415"),
    ("New York", "10001", "212"),
    ("Texas", "75201", "214"),
    ("Washington", "98101", "206"),
    ("Illinois", "60601", "312"),
    ("Massachusetts", "02110", "617"),
    ("Florida", "33101", "305"),
    ("Georgia", "30303", "404"),
    ("Colorado", "80202", "303"),
    ("Pennsylvania", "19103", "215"),
    ("Ohio", "43215", "614"),
    ("New Jersey", "07102", "973"),
    ("Arizona", "85004", "602"),
    ("North Carolina", "27601", "919"),
    ("Minnesota", "55401", "612"),
    ("Oregon", "97201", "503"),
)
_JP: Final = (
    ("東京都", "100-0001", "3"),
    ("東京都", "160-0023", "3"),
    ("大阪府", "530-0001", "6"),
    ("東京都", "106-0032", "3"),
    ("大阪府", "540-0008", "6"),
    ("東京都", "150-0002", "3"),
    ("東京都", "141-0021", "3"),
    ("大阪府", "541-0053", "6"),
)
_TITLES: Final = (
    *("Marketing Manager", "Director of Sales", "VP Marketing", "Operations Lead"),
    *("IT Manager", "Head of Growth", "CEO", "Buyer"),
)
_JA_TITLES: Final = (
    *("代表取締役", "営業部長", "課長", "係長", "主任", "マネージャー", "情報システム室長", ""),
)
_INDUSTRIES: Final = (
    *("Software", "Manufacturing", "Healthcare", "Retail"),
    *("Financial Services", "Education", "Logistics", "Construction"),
)
_JA_INDUSTRIES: Final = (
    *("製造業", "情報通信業", "卸売業", "小売業", "建設業", "医療・福祉", "金融業", "運輸業"),
)
_EMPLOYEES: Final = ("5", "12", "40", "120", "350", "900", "2500", "")
_SOURCES: Final = (
    *("Website", "Webinar", "Trade Show", "Referral"),
    *("Google Ads", "LinkedIn", "Partner", "Newsletter"),
)
_CONSENTS: Final = ("yes", "yes", "no", "")
_MESSAGES: Final = (
    "Please send pricing for 40 seats.",
    "We need a demo next week.",
    "",
    "Does it work with our CRM?",
    "Call after 3 PM.",
    "",
    "Comparing three vendors.",
    '"Budget approved, starting in Q1"',
)
_JA_MESSAGES: Final = (
    "資料を送付してください。",
    "デモを希望します。",
    "",
    "導入費用を教えてください。",
    "10～20名で利用予定です。",
    "",
    "電話は午後にお願いします。",
    "見積書をお願いします。",
)
_TWO_LINES: Final = '"First line.\nSecond line, please."'
_EVENTS: Final = (
    *("email_opened", "email_opened", "page_viewed", "page_viewed"),
    *("email_clicked", "page_viewed", "pricing_page_viewed", "webinar_attended"),
)
_BAD: Final = (
    *("field_count", "missing_email", "invalid_email", "stray_quote"),
    *("empty_row", "bad_encoding", "missing_email", "field_count"),
)
_MONTHS: Final = ((6, 30), (7, 31), (8, 31), (9, 30), (10, 31))

_EN_COMPANIES: Final = [
    (f"{place} {trade} {form}", f"{place}-{trade}.example".lower())
    for place in _PLACES
    for trade in _TRADES
    for form in _FORMS
]
_JA_COMPANIES: Final = [
    (f"株式会社{name}" if number == 0 else f"{name}株式会社", f"{word}{number}.example")
    for number in (0, 1)
    for name, word in _JA_NAMES
]
_DAYS: Final = (
    [f"2026-{month:02d}-{day:02d}T" for month, last in _MONTHS for day in range(1, last + 1)] * 2
)[:256]
_CLOCK: Final = [f"{minute // 60:02d}:{minute % 60:02d}:" for minute in range(1440)]


class _Row(NamedTuple):
    """One lead before it is written; `tail` is the rest of its line, line end included."""

    email: str
    first: str
    last: str
    company: str
    title: str
    phone: str
    tail: str
    is_japanese: bool

    @property
    def text(self) -> str:
        """The line."""
        return f"{','.join(self[:6])},{self.tail}"


class _Kept(NamedTuple):
    """An earlier lead: who, its line, how many physical lines that is, and its cells."""

    person_id: str
    text: str
    lines: int
    row: _Row


class _Generator:
    """Draws one row after another; every draw's place in the order is part of the format."""

    def __init__(self, *, seed: int, events_per_lead: float) -> None:
        random_ = random.Random(seed)
        self._bits, self._draw = random_.getrandbits, random_.random
        self._events_per_lead = events_per_lead
        self._kept: list[_Kept] = []
        self._line, self._person = 2, 0
        self.counts = dict.fromkeys(("new", "exact", "fuzzy", "malformed", "japanese", "events"), 0)
        self.leads: list[str] = []
        self.truth: list[str] = []
        self.events: list[str] = []

    def add(self, number: int) -> None:
        """Append the `number`-th record, counted from 1."""
        draw = self._draw()
        if draw < _DUPLICATE and self._kept:
            self._repeat(number, is_exact=draw < _EXACT)
        else:
            self._new(number, is_malformed=draw > _MALFORMED)

    def _put(self, text: str, lines: int, *, person: str, kind: str, reason: str = "") -> None:
        self.leads.append(text)
        self.truth.append(f"{self._line},{person},{kind},{reason}\n")
        self.counts[kind] += 1
        self._line += lines

    def _repeat(self, number: int, *, is_exact: bool) -> None:
        person, text, lines, row = self._kept[self._bits(15) % len(self._kept)]
        if not is_exact:
            text = self._varied(row, number)
        self.counts["japanese"] += row.is_japanese
        self._put(text, lines, person=person, kind="exact" if is_exact else "fuzzy")

    def _varied(self, row: _Row, number: int) -> str:
        """Return the line as somebody else would have typed it."""
        bits = self._bits(16)
        email, last, company, phone = row.email, row.last, row.company, row.phone
        if bits & 3 == 0:
            email = email.upper()
        elif bits & 3 == 1:
            email = email.partition("@")[0] + "@example.com"
        else:
            email = ("post." if row.is_japanese else row.first[:1].lower()) + email
        if bits & 4:
            phone = phone.replace("-", "").replace(" ", "")
        if bits & 8:
            japanese = company.replace("株式会社", "㈱")
            company = japanese if row.is_japanese else company.rpartition(" ")[0]
        if bits & 16 and len(last) > _LONG_NAME:
            at = 1 + (bits >> 8) % (len(last) - 2)
            last = last[:at] + last[at + 1] + last[at] + last[at + 2 :]
        tail = f"{row.tail.rpartition(',')[0]},L{number:08d}\n"
        return f"{email},{row.first},{last},{company},{row.title},{phone},{tail}"

    def _new(self, number: int, *, is_malformed: bool) -> None:
        bits = self._bits(96)
        is_japanese = self._draw() < _JAPANESE
        self.counts["japanese"] += is_japanese
        bits, at = _moment(bits)
        if is_japanese:
            bits, row = self._japanese(bits)
        else:
            bits, row = self._american(bits)
        lines = 1 if bits >> 9 & 63 else 2
        *facts, message = row.tail.split("|")
        if lines > 1:
            message = _TWO_LINES
        bits >>= 15
        tail = (
            f"{','.join(facts)},{_EMPLOYEES[bits & 7]},{_SOURCES[bits >> 3 & 7]},"
            f"{_CONSENTS[bits >> 6 & 3]},{message},{at},L{number:08d}\n"
        )
        row = row._replace(tail=tail)
        if is_malformed:
            self._break(row, lines)
        else:
            self._keep(row, lines, slot=bits >> 8)

    def _american(self, bits: int) -> tuple[int, _Row]:
        """Return a US lead and the bits that are left; its tail awaits the other facts."""
        last, first = _EN_LAST[bits & 63], _EN_FIRST[bits >> 6 & 63]
        company, domain = _EN_COMPANIES[bits >> 12 & 2047]
        region, postal_code, area = _US[bits >> 23 & 15]
        phone = f"+1 {area}-555-{100 + (bits >> 27 & 1023) % 100:04d}"
        bits >>= 38
        tail = f"US|{region}|{postal_code}|{_INDUSTRIES[bits >> 3 & 7]}|{_MESSAGES[bits >> 6 & 7]}"
        email = f"{first}.{last}{self._person + 1:x}@{domain}".lower()
        return bits, _Row(email, first, last, company, _TITLES[bits & 7], phone, tail, False)  # noqa: FBT003 - a row's cell

    def _japanese(self, bits: int) -> tuple[int, _Row]:
        """Return a Japanese lead and the bits that are left; its tail awaits the other facts."""
        (last, last_word), (first, first_word) = _JA_LAST[bits & 31], _JA_FIRST[bits >> 5 & 31]
        company, domain = _JA_COMPANIES[bits >> 10 & 31]
        region, postal_code, area = _JP[bits >> 15 & 7]
        digits = bits >> 18 & 0xFFFFF
        phone = f"0{area}-1{digits % 1000:03d}-{digits // 1000 + 1000:04d}"
        bits >>= 38
        words = (_JA_INDUSTRIES[bits >> 3 & 7], _JA_MESSAGES[bits >> 6 & 7])
        tail = "|".join(("JP", region, postal_code, *words))
        email = f"{last_word}.{first_word}{self._person + 1:x}@{domain}"
        return bits, _Row(email, first, last, company, _JA_TITLES[bits & 7], phone, tail, True)  # noqa: FBT003 - a row's cell

    def _keep(self, row: _Row, lines: int, *, slot: int) -> None:
        self._person += 1
        kept = _Kept(f"P{self._person:07d}", row.text, lines, row)
        self._put(kept.text, lines, person=kept.person_id, kind="new")
        if len(self._kept) < _KEPT:
            self._kept.append(kept)
        else:
            self._kept[slot & _KEPT - 1] = kept
        self._behave(row.email)

    def _behave(self, email: str) -> None:
        """Add what the lead did; on average `events_per_lead` times."""
        left = self._draw() * 2 * self._events_per_lead
        while left > self._draw():
            left -= 1
            bits = self._bits(24)
            self.counts["events"] += 1
            at = f"{_DAYS[bits >> 3 & 255]}{_CLOCK[(bits >> 11 & 2047) % 1440]}{10 + (bits >> 22)}Z"
            name = _EVENTS[bits & 7]
            self.events.append(f"E{self.counts['events']:08d},{email},{name},{at}\n")

    def _break(self, row: _Row, lines: int) -> None:
        """Write the lead as a malformed record of one physical line."""
        text, reason = row.text, _BAD[self._bits(3)]
        text = text.replace("\n", " ", lines - 1)
        if reason == "field_count":
            text = self._miscounted(text)
        elif reason == "missing_email":
            text = text[text.index(",") :]
        elif reason == "invalid_email":
            text = text.replace("@", " at ", 1)
        elif reason == "stray_quote":
            text = row._replace(company=f'"{row.company} "West" Unit"').text
            text = text.replace("\n", " ", lines - 1)
        elif reason == "empty_row":
            text = "," * (_COLUMNS - 1) + "\n"
        else:
            text = text.replace(f",{row.first},", f",{row.first}\udce9\udcff,", 1)
        self._put(text, 1, person="", kind="malformed", reason=reason)

    def _miscounted(self, text: str) -> str:
        """Return the line with cells too many or too few."""
        if self._bits(1):
            text = text.replace(",", ",spare,", 2)
        else:
            text = text.rsplit(",", 4)[0].split('"')[0] + "\n"
        return "spare," + text if text.count(",") == _COLUMNS - 1 else text


def _moment(bits: int) -> tuple[int, str]:
    """Return the bits that are left and an instant between June and October 2026."""
    at = f"{_DAYS[bits & 255]}{_CLOCK[(bits >> 8 & 2047) % 1440]}{10 + (bits >> 19 & 31)}Z"
    return bits >> 24, at


def write_leads(folder: Path, *, rows: int, seed: int, events_per_lead: float = 1.0) -> Path:
    """Write the files into `folder` and return the path of `leads.csv`.

    Args:
        folder: made when it is not there; files of these names are written over.
        rows: how many records.
        seed: the same seed and number of rows give the same bytes.
        events_per_lead: behavior events of a new lead, on average.
    """
    folder.mkdir(parents=True, exist_ok=True)
    made = _Generator(seed=seed, events_per_lead=events_per_lead)
    with (
        (folder / "leads.csv").open("wb") as leads,
        (folder / "leads.truth.csv").open("w", encoding="utf-8", newline="\n") as truth,
        (folder / "events.csv").open("w", encoding="utf-8", newline="\n") as events,
    ):
        leads.write(f"{HEADER}\n".encode())
        truth.write("line,person_id,kind,reason\n")
        events.write("event_id,email,event,occurred_at\n")
        for first in range(1, rows + 1, _CHUNK):
            for number in range(first, min(first + _CHUNK, rows + 1)):
                made.add(number)
            leads.write(_drained(made.leads).encode("utf-8", "surrogateescape"))
            _write(truth, made.truth)
            _write(events, made.events)
    summary = json.dumps({**made.counts, "rows": rows})
    (folder / "summary.json").write_text(f"{summary}\n", "utf-8")
    return folder / "leads.csv"


def _write(file: TextIO, lines: list[str]) -> None:
    file.write(_drained(lines))


def _drained(lines: list[str]) -> str:
    text = "".join(lines)
    lines.clear()
    return text


def main() -> int:
    """Write a file of the size that the command line names."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.generate", description=__doc__)
    parser.add_argument("--rows", type=int, default=10_000)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--events", type=float, default=1.0, help="per new lead, on average")
    options = parser.parse_args()
    path = write_leads(
        options.out, rows=options.rows, seed=options.seed, events_per_lead=options.events
    )
    print(f"{path}: {path.stat().st_size} bytes")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
