"""Alerts: the admin is told by mail what needs a person, once and not in a flood.

A mail is one row of the outbox, written at once; delivery sends it like any other. It is no stage
of the pipeline: it starts with something that happened, and not with a lead.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from zoneinfo import ZoneInfo

from leadline.config.drafts import read_kept
from leadline.domain.alerts import APART, Alert, Kind, flow_named
from leadline.domain.batches import Batch
from leadline.domain.keys import address_hash, alert_key, message_id
from leadline.domain.skips import SkipReason
from leadline.errors import ConfigError
from leadline.mail.message import Parts, write_message
from leadline.rendering.alerts import alert_context
from leadline.rendering.problems import TemplateProblem
from leadline.stages import Workspace, open_workspace
from leadline.store.alerts import add_alert, count_held, find_alert, find_last_mail
from leadline.store.engine import open_store
from leadline.store.stage_batches import find_live_files

if TYPE_CHECKING:
    from datetime import datetime

    from leadline.config.environment import Environment
    from leadline.config.shape import Project
    from leadline.store.engine import Connection, Store

NAME: Final = "alerts"
FOLDER: Final = "admin/alert"


@dataclass(frozen=True, slots=True)
class Told:
    """What became of one alert.

    Attributes:
        reason: why no mail was written for it; None when one was.
        outbox_id: its row, None without an address of the admin.
        held_count: how many of its kind and flow were held back since the mail before.
    """

    reason: SkipReason | None = None
    outbox_id: int | None = None
    held_count: int = 0

    @property
    def counts(self) -> Batch:
        """Return the same as counts."""
        if self.reason is None:
            return Batch(NAME, claimed=1, done=1)
        if self.reason is SkipReason.TEMPLATE_ERROR:
            return Batch(NAME, claimed=1, failed=1)
        return Batch(NAME, claimed=1, skipped={self.reason.value: 1})


def open_last_good(environment: Environment, *, now: datetime) -> Workspace:
    """Open the workspace; where the project folder has faults, with the configuration before.

    A wrong edit fails every flow, and that is what the admin must hear of.

    Raises:
        ConfigError: the folder has faults, and no good configuration was ever in use.
        StoreError: the database cannot be used.
    """
    try:
        return open_workspace(environment, now=now)
    except ConfigError as error:
        store = open_store(environment.database_url, pepper=environment.pepper)
        try:
            return Workspace(store, _last_good(store, error), environment)
        except BaseException:
            store.close()
            raise


def _last_good(store: Store, error: ConfigError) -> Project:
    with store.read() as connection:
        kept = find_live_files(connection)
    if kept is None:
        raise error
    try:
        return read_kept(kept)
    except ConfigError:  # kept by another version of leadline, or made of workbooks
        raise error from None


def alert_overdue(work: Workspace, flow: str, due_at: datetime, *, now: datetime) -> Told:
    """Tell the admin that no clock started a flow that was due.

    Args:
        work: the workspace.
        flow: its name in schedules.yaml, such as `import_files`.
        due_at: when it should have begun.
        now: the present.
    """
    alert = Alert(Kind.OVERDUE, flow_named(flow), due_at.isoformat(), due_at)
    return tell_admin(work, alert, now=now)


def tell_admin(work: Workspace, alert: Alert, *, now: datetime) -> Told:
    """Write the mail about one thing; telling it again changes nothing.

    One that follows another of its kind and flow within the hour is held back and counted in the
    next one.

    Args:
        work: the workspace.
        alert: what happened.
        now: the present.
    """
    address = work.project.settings.mail.admin_address
    if address is None:
        return Told(SkipReason.NO_ADMIN_ADDRESS)
    with work.store.write(lock="outbox") as connection:
        return _Telling(work, connection, alert, address, now).tell()


@dataclass(frozen=True, slots=True)
class _Telling:
    """One alert inside the transaction that decides about it."""

    work: Workspace
    connection: Connection
    alert: Alert
    address: str
    now: datetime

    def tell(self) -> Told:
        known = find_alert(self.connection, self.key)
        if known is not None:
            reason = known["skip_reason"]
            return Told(SkipReason(reason) if reason else None, known["id"])
        last = find_last_mail(self.connection, self.address_hash, prefix=self.prefix)
        if last is not None and self.now - last < APART:
            return self._add(SkipReason.TOLD_ALREADY, state="skipped")
        return self._write(
            count_held(self.connection, self.address_hash, prefix=self.prefix, since=last)
        )

    @property
    def key(self) -> str:
        return f"{self.prefix}{self.alert.subject}"

    @property
    def prefix(self) -> str:
        return alert_key(self.alert.kind.value, self.alert.flow, "")

    @property
    def address_hash(self) -> str:
        return address_hash(self.address, pepper=self.work.store.pepper)

    @property
    def message_id(self) -> str:
        domain = self.work.project.settings.mail.from_address.rpartition("@")[2]
        return message_id(self.key, pepper=self.work.store.pepper, domain=domain)

    def _write(self, held_count: int) -> Told:
        settings = self.work.project.settings
        context = alert_context(
            self.alert,
            zone=ZoneInfo(settings.timezone),
            lang=settings.language,
            held_count=held_count,
        )
        try:
            mail = self.work.renderer.render_mail(FOLDER, lang=settings.language, context=context)
        except TemplateProblem:
            return self._add(SkipReason.TEMPLATE_ERROR, state="failed")
        identity = settings.mail
        message = write_message(
            Parts(mail.text, mail.html),
            message_id=self.message_id,
            sender=(identity.from_name, identity.from_address),
            date=self.now,
            headers={
                "Reply-To": identity.reply_to or identity.from_address,
                "Auto-Submitted": "auto-generated",
                "X-Auto-Response-Suppress": "All",
            },
        )
        return self._add(
            None, state="queued", subject=mail.subject, mail=message, held_count=held_count
        )

    def _add(
        self, reason: SkipReason | None, *, held_count: int = 0, **columns: str | None
    ) -> Told:
        row: dict[str, Any] = {
            "message_key": self.key,
            "message_id": self.message_id,
            "recipient": self.address,
            "address_hash": self.address_hash,
            "skip_reason": reason.value if reason else None,
            "config_hash": self.work.project.hash,
            "rendered_at": self.now,
        }
        return Told(reason, add_alert(self.connection, row | columns), held_count)
