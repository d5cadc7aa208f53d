"""The typed shape of a project folder's `config/`: what each file may say, with units in types.

Unknown keys are refused, a number is never taken for a code, and durations are `3d`, `4h`,
`30m`, `45s`, `1h 30m` or ISO 8601 (`PT1H30M`). A text per language that is given in one
language only stands for both.
"""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from hashlib import sha256
from typing import Annotated, Literal, Self

from pydantic import Field, InstanceOf, model_validator

from leadline.config.event_sources import EventsShape
from leadline.config.forms import FormShape, Origin
from leadline.config.scoring import Scoring, SegmentShape
from leadline.config.values import (
    Address,
    CatchUp,
    ClockTime,
    Country,
    Delimiter,
    Duration,
    EncodingName,
    FolderUrl,
    Language,
    Name,
    Quote,
    Shape,
    ShapeFault,
    Text,
    Weekday,
    Words,
)
from leadline.config.webhooks import WebhookShape
from leadline.domain.calendars import MonthDay
from leadline.domain.consent import RULES, ConsentRules
from leadline.domain.recurrences import Recurrence


class Company(Shape):
    """Who sends: shown in the footer of every marketing mail (required by law)."""

    name: Text
    postal_address: Text
    contact: Text = Field(description="where complaints and questions go: an address or URL")


class MailIdentity(Shape):
    """Headers of outgoing mail."""

    from_name: Text
    from_address: Address
    reply_to: Address | None = None
    admin_address: Address | None = None


class WindowShape(Shape):
    """Local hours in which nurture mail may be sent."""

    days: Annotated[tuple[Weekday, ...], Field(min_length=1)] = ("Mon", "Tue", "Wed", "Thu", "Fri")
    opens: ClockTime = time(9)
    closes: ClockTime = time(18)

    @model_validator(mode="after")
    def _opens_before_it_closes(self) -> Self:
        if self.opens >= self.closes:
            raise ShapeFault(code="window_order")
        return self


class ConsentDefault(Shape):
    """What a source's rows agreed to when the row itself says nothing."""

    basis: Literal[
        "opt_in", "address_in_writing", "business_relationship", "published_business_address"
    ]
    wording: Text
    version: Text


class TableShape(Shape):
    """What is known of the tables of one source beforehand; what is not said is found out."""

    country: Country | None = None
    timezone: str | None = None
    date_order: Literal["year_first", "month_first", "day_first"] | None = None
    consent: ConsentDefault | None = None
    encoding: EncodingName | None = None
    delimiter: Delimiter | None = Field(default=None, description="a sign, or its name: tab")
    quote: Quote | None = None
    header_line: Annotated[int, Field(ge=1)] | None = None
    sheet: Text | None = Field(default=None, description="of a workbook")
    backfill_threshold: Annotated[int, Field(ge=0)] | None = None
    backfill: bool | None = Field(default=None, description="new leads are held back")


class SourceSettings(TableShape):
    """How rows of one source are read."""

    mapping: dict[str, str] = Field(default_factory=dict, description="header -> lead field")


class MappingShape(TableShape):
    """`config/mappings/<source>.yaml`, or the file that `--mapping` names."""

    columns: dict[str, str] = Field(
        default_factory=dict, description="header -> lead field; an empty text leaves it unmapped"
    )
    webhook: WebhookShape | None = Field(
        default=None, description="what a tool posts to /webhooks/<source>"
    )
    events: EventsShape | None = Field(
        default=None, description="behavior events, from files and posts to /events/<source>"
    )


class InboxShape(Shape):
    """A folder elsewhere from which files are taken in, as from `inbox/`."""

    url: FolderUrl = Field(description="of any protocol that fsspec knows: s3://bucket/folder")
    source: Text | None = Field(default=None, description="whose files lie there")
    backfill: bool = Field(default=False, description="new leads are held back")


class RoutingSettings(Shape):
    """What routing does beside the territories."""

    fallback_queue: Name = "unassigned"
    response_within: Duration = timedelta(hours=4)


class NotificationSettings(Shape):
    """How reps are told."""

    bundle_above: Annotated[int, Field(ge=1)] = 5
    bundle_at_most: Annotated[int, Field(ge=2, le=500)] = 100


class PageScript(Shape):
    """The script that a web site of the company may load; without it nothing is recorded there."""

    origins: Annotated[tuple[Origin, ...], Field(min_length=1)] = Field(
        description="web sites that may load it"
    )
    pricing_paths: tuple[Text, ...] = Field(
        default=("/pricing*", "/price*", "/料金*"),
        description="paths whose views count as pricing_page_viewed; * stands for anything",
    )


class PrefectSettings(Shape):
    """Where `leadline deploy` lets Prefect run the flows."""

    work_pool: Annotated[str, Field(pattern=r"^[^/%&<>]+$", max_length=100)] | None = None
    work_pool_limit: Annotated[int, Field(ge=1)] | None = None


class Settings(Shape):
    """`config/settings.yaml`."""

    company: Company
    mail: MailIdentity
    language: Language = "en"
    timezone: str = "UTC"
    country: Country = "US"
    holidays: tuple[Text, ...] | None = Field(default=None, description="names of calendars")
    redirect_all_to: Address | None = None
    fields: dict[Name, Literal["text", "number", "boolean", "time"]] = Field(default_factory=dict)
    events: tuple[Name, ...] = Field(default=(), description="names of events of your own")
    sources: dict[str, SourceSettings] = Field(default_factory=dict)
    backfill_threshold: Annotated[int, Field(ge=0)] = Field(
        default=200, description="new leads of one import that may go out without being asked"
    )
    inboxes: tuple[InboxShape, ...] = ()
    routing: RoutingSettings = RoutingSettings()
    notification: NotificationSettings = NotificationSettings()
    prefect: PrefectSettings = PrefectSettings()
    page_script: PageScript | None = None


class Sending(Shape):
    """`config/sending.yaml`: limits for nurture mail; rep mail is exempt."""

    track_clicks: bool = Field(
        default=True, description="links in the HTML of nurture mail lead over this server"
    )
    window: WindowShape = WindowShape()
    touches_per_day: Annotated[int, Field(ge=1)] = 1
    max_lateness: Duration = timedelta(days=3)
    give_up_after: Duration = timedelta(hours=72)


class StepShape(Shape):
    """One step of a sequence: wait, then a mail."""

    id: Name
    wait: Duration = Field(default=timedelta(0), description="after the step before, or the start")
    mail: Text = Field(description="template folder below templates/nurture/<sequence>/")


class SequenceShape(Shape):
    """`config/sequences/<name>.yaml`."""

    title: Words
    entry: Text = Field(description="condition: who is enrolled")
    exit: Text | None = Field(default=None, description="condition: who leaves early")
    priority: int = Field(default=100, description="lower wins when several entries match")
    window: WindowShape | None = None
    max_lateness: Duration | None = None
    steps: Annotated[tuple[StepShape, ...], Field(min_length=1)]


class ScheduleShape(Shape):
    """When a flow runs: words or a cron line (weekdays by name) in a zone."""

    when: Text | None = Field(default=None, description="words")
    cron: Text | None = Field(default=None, description="five fields, instead of words")
    timezone: Text | None = None
    paused: bool = False
    catch_up: CatchUp | None = None
    holidays: tuple[Text, ...] | None = Field(default=None, description="names of calendars")

    @model_validator(mode="after")
    def _one_way_of_saying(self) -> Self:
        if (self.when is None) == (self.cron is None):
            raise ShapeFault(code="when_or_cron")
        return self


class Schedule(Shape):
    """When a flow runs, understood.

    Attributes:
        recurrence: when.
        paused: whether it is stopped for now.
        catch_up: how late a missed time is still made up, once; None is however late, zero is
            never.
    """

    recurrence: InstanceOf[Recurrence]
    paused: bool = False
    catch_up: timedelta | None = None

    @property
    def says(self) -> str:
        """Return what must not change for a missed time to count as missed."""
        recurrence = self.recurrence
        paused = " (paused)" if self.paused else ""
        days = ""
        if recurrence.day.knows_holidays:
            calendar = recurrence.calendar
            held = sha256(repr((calendar.countries, calendar.company)).encode()).hexdigest()
            days = f" {held[:16]}"
        return f"{recurrence.words} [{recurrence.timezone}]{paused}{days}"


class CompanyDaysShape(Shape):
    """One line of `config/calendars.csv` (or .xlsx)."""

    calendar: Name
    start: date | InstanceOf[MonthDay] = Field(alias="from")
    end: date | InstanceOf[MonthDay] | None = Field(default=None, alias="to")
    name: Text


class RepShape(Shape):
    """One line of `config/reps.csv` (or .xlsx)."""

    rep_id: Text
    name: Text
    email: Address
    manager_id: str = ""
    team: Text
    territories: tuple[str, ...] = ()
    languages: tuple[str, ...] = ("en",)
    skills: tuple[str, ...] = ()
    weekly_capacity: Annotated[int, Field(ge=0)]
    working_days: Annotated[tuple[Weekday, ...], Field(min_length=1)]
    opens: time
    closes: time
    time_zone: str
    days_off: tuple[date, ...] = ()
    active: bool = True


class TerritoryShape(Shape):
    """One line of `config/territories.csv` (or .xlsx); an empty cell matches anything."""

    line_id: Text
    rule_id: Text
    priority: int = Field(description="a lower number is stronger")
    country: str = ""
    region: str = ""
    postal_prefix: str = ""
    industry: str = ""
    employees_min: int | None = None
    employees_max: int | None = None
    team: Text


class Project(Shape):
    """A whole, valid project folder.

    Attributes:
        hash: SHA-256 (hex) over every file below config/ and templates/; stamped on decisions.
        read_at: when the folder was read (aware UTC).
        templates: text of every file below templates/, by its path there with `/`
            (`nurture/welcome/hello/en/subject.txt`).
        consent: which bases of consent count in which country.
        mappings: what `config/mappings/` says of sources, by their names.
        segments: named conditions, by their names, in the order of the file.
        files: text of every file below config/ that was read, by its path there with `/`
            (`sequences/welcome.yaml`); a workbook appears as the CSV text of its first sheet.
    """

    settings: Settings
    sending: Sending
    scoring: Scoring
    reps: tuple[RepShape, ...]
    territories: tuple[TerritoryShape, ...]
    sequences: dict[str, SequenceShape]
    forms: dict[str, FormShape]
    schedules: dict[str, Schedule]
    consent: InstanceOf[ConsentRules] = RULES
    mappings: dict[str, MappingShape] = Field(default_factory=dict)
    segments: dict[str, SegmentShape] = Field(default_factory=dict)
    templates: dict[str, str]
    files: dict[str, str]
    hash: str
    read_at: datetime | None = None
