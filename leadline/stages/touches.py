"""Touches: due steps of sequences become mails in the outbox, or a reason why not.

The touch, its rendered mail and the enrollment's next step commit together, so a step is taken
exactly once however often this runs.
"""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import timedelta
from functools import lru_cache
from time import perf_counter
from typing import TYPE_CHECKING, Any, Final

from leadline.config.conditions import compile_kept
from leadline.config.shape import SequenceShape, StepShape, WindowShape
from leadline.domain.batches import Batch
from leadline.domain.days import local_midnight, weekday_numbers
from leadline.domain.keys import address_hash, message_id, opaque_id, touch_key
from leadline.domain.skips import SkipReason
from leadline.domain.tokens import sign_token
from leadline.domain.touches import DueStep, Exit, Policy, Postpone, Send, Skip, decide_touch
from leadline.domain.windows import Window, format_window
from leadline.mail.message import Parts, write_message
from leadline.mail.relay import links_work
from leadline.mail.tracked import Tracker
from leadline.rendering.contexts import lead_context
from leadline.rendering.problems import TemplateProblem
from leadline.rendering.sandbox import Renderer
from leadline.rendering.tracked import mark_links
from leadline.store import enrollments as enrollment_store
from leadline.store.assignments import get_reps
from leadline.store.frames import read_frame
from leadline.store.leads import get_leads
from leadline.store.links import add_targets
from leadline.store.outbox import PRIORITY_NURTURE, add_messages
from leadline.store.stage_batches import add_batch
from leadline.store.suppressions import Addressee, decide_permissions

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from leadline.domain.conditions import Condition
    from leadline.domain.consent import Permission
    from leadline.domain.touches import Decision
    from leadline.stages import Workspace
    from leadline.store.engine import Connection

LIMIT: Final = 2_000
_RETRY_AFTER: Final = timedelta(hours=1)


def has_due(work: Workspace, *, now: datetime) -> bool:
    """Tell whether a step is due; while their schedule is paused, none is."""
    if work.is_nurture_paused:
        return False
    with work.store.read() as connection:
        return enrollment_store.has_due(connection, now=now)


def run_batch(work: Workspace, *, now: datetime, limit: int = LIMIT) -> Batch:
    """Take one batch of due steps in one transaction; while their schedule is paused, none."""
    if work.is_nurture_paused:
        return Batch("touches")
    started = perf_counter()
    with work.store.write() as connection:
        claimed = enrollment_store.claim_due(connection, now=now, limit=limit)
        if not claimed:
            return Batch("touches")
        taking = _Taking(work, now)
        taking.load(connection, claimed)
        for enrollment in claimed:
            taking.take(enrollment)
        taking.record(connection)
        held = taking.skipped.pop(SkipReason.TEMPLATE_ERROR.value, 0)
        batch = Batch(
            "touches",
            claimed=len(claimed),
            done=len(taking.mails),
            skipped=dict(sorted(taking.skipped.items())),
            failed=held,
            seconds=perf_counter() - started,
            has_more=len(claimed) == limit,
        )
        add_batch(connection, batch, config_hash=work.project.hash, now=now)
    return batch


def as_window(shape: WindowShape) -> Window:
    """Return a configured window as the domain reads it."""
    return Window(weekday_numbers(shape.days), shape.opens, shape.closes)


@dataclass(frozen=True)
class _Version:
    """A sequence as it was when people enrolled on it."""

    name: str
    shape: SequenceShape
    renderer: Renderer
    leaves: Condition | None


@lru_cache(maxsize=256)
def _read_version(version_id: int, name: str, body: str) -> _Version:
    del version_id  # part of the cache's key
    kept = json.loads(body)
    shape = SequenceShape.model_validate_json(json.dumps(kept["shape"]))
    leaves = compile_kept(kept, shape.exit) if shape.exit else None
    return _Version(name, shape, Renderer(mark_links(kept["templates"])), leaves)


@dataclass
class _Taking:
    """One batch of due steps: what is known, what was decided."""

    work: Workspace
    now: datetime
    versions: dict[int, _Version] = field(default_factory=dict)
    policies: dict[int, Policy] = field(default_factory=dict)
    company: dict[str, Any] = field(default_factory=dict)
    links: Tracker = field(init=False)
    leads: dict[int, dict[str, Any]] = field(default_factory=dict)
    reps: dict[str, dict[str, Any]] = field(default_factory=dict)
    hashes: dict[int, str] = field(default_factory=dict)
    permissions: dict[int, Permission | SkipReason] = field(default_factory=dict)
    planned: dict[int, list[datetime]] = field(default_factory=dict)
    exiting: set[int] = field(default_factory=set)
    touches: list[dict[str, Any]] = field(default_factory=list)
    mails: list[dict[str, Any]] = field(default_factory=list)
    changes: list[dict[str, Any]] = field(default_factory=list)
    skipped: dict[str, int] = field(default_factory=lambda: defaultdict(int))

    def __post_init__(self) -> None:
        project, environment = self.work.project, self.work.environment
        base_url, contact = environment.base_url, project.settings.company.contact
        self.links = Tracker(
            base_url if project.sending.track_clicks else "",
            environment.secret_keys,
            contact if contact.startswith(("http://", "https://")) else f"{base_url}/",
        )

    def load(self, connection: Connection, claimed: Sequence[Mapping[str, Any]]) -> None:
        """Read everything that the decisions need, with a fixed number of statements."""
        lead_ids = sorted({row["lead_id"] for row in claimed})
        bodies = enrollment_store.get_sequence_versions(
            connection, {row["sequence_version_id"] for row in claimed}
        )
        self.versions = {
            id_: _read_version(id_, name, json.dumps(body, sort_keys=True))
            for id_, (name, body) in bodies.items()
        }
        self.policies = {id_: self._policy(version) for id_, version in self.versions.items()}
        self.company = self.work.project.settings.company.model_dump()
        self.leads = get_leads(connection, lead_ids)
        self.reps = get_reps(connection)
        pepper = self.work.store.pepper
        self.hashes = {i: address_hash(self.leads[i]["email"], pepper=pepper) for i in lead_ids}
        people = [Addressee(i, self.hashes[i], self._country(i)) for i in lead_ids]
        rules = self.work.project.consent
        decided = decide_permissions(connection, people, rules=rules, now=self.now)
        self.permissions = dict(zip(lead_ids, decided, strict=True))
        since = self.now - timedelta(days=2)
        self.planned = enrollment_store.list_planned(connection, lead_ids, since=since)
        self._find_exiting(connection, claimed)

    def _country(self, lead_id: int) -> str:
        return self.leads[lead_id]["country"] or self.work.project.settings.country

    def _find_exiting(self, connection: Connection, claimed: Sequence[Mapping[str, Any]]) -> None:
        from leadline.domain.conditions import evaluate

        by_exit: dict[Condition, list[Mapping[str, Any]]] = defaultdict(list)
        for row in claimed:
            if condition := self.versions[row["sequence_version_id"]].leaves:
                by_exit[condition].append(row)
        for condition, rows in by_exit.items():
            ids = sorted({row["lead_id"] for row in rows})
            hits = evaluate(
                [condition], read_frame(connection, ids, condition.fields, as_of=self.now)
            )[:, 0]
            leaving = {lead_id for lead_id, hit in zip(ids, hits, strict=True) if hit}
            self.exiting |= {row["id"] for row in rows if row["lead_id"] in leaving}

    def take(self, enrollment: Mapping[str, Any]) -> None:
        """Decide one due step and note what follows."""
        version = self.versions[enrollment["sequence_version_id"]]
        step = version.shape.steps[enrollment["step"]]
        policy = self.policies[enrollment["sequence_version_id"]]
        decision = self._decide(enrollment, policy)
        if isinstance(decision, Send):
            decision = self._send(enrollment, version, step, policy.window)
        if isinstance(decision, Postpone):
            self._count(decision.reason)
            self._change(enrollment, next_due_at=decision.until)
            return
        if isinstance(decision, Exit):
            self._count(decision.skip)
            self._touch(enrollment, step, decision.skip)
            self._end(enrollment, "exited", decision.reason)
            return
        if isinstance(decision, Skip):
            self._count(decision.reason)
            if decision.reason is SkipReason.TEMPLATE_ERROR:
                self._change(enrollment, next_due_at=None, skip_reason=decision.reason.value)
                return
            self._touch(enrollment, step, decision.reason)
        self._advance(enrollment, version)

    def _policy(self, version: _Version) -> Policy:
        sending, environment = self.work.project.sending, self.work.environment
        lateness = version.shape.max_lateness
        return Policy(
            window=as_window(version.shape.window or sending.window),
            max_lateness=sending.max_lateness if lateness is None else lateness,
            has_public_url=links_work(environment.smtp_url, environment.base_url),
            retry_after=_RETRY_AFTER,
        )

    def _decide(self, enrollment: Mapping[str, Any], policy: Policy) -> Decision:
        lead = self.leads[enrollment["lead_id"]]
        return decide_touch(
            DueStep(
                step_due_at=enrollment["step_due_at"],
                zone=lead["zone"],
                permission=self.permissions[lead["id"]],
                is_exiting=enrollment["id"] in self.exiting,
                cap_frees_at=self._cap_frees_at(lead),
            ),
            policy,
            now=self.now,
        )

    def _cap_frees_at(self, lead: Mapping[str, Any]) -> datetime | None:
        planned, cap = self.planned.get(lead["id"], ()), self.work.project.sending.touches_per_day
        if len(planned) < cap:
            return None
        today = local_midnight(self.now, lead["zone"])
        if sum(at >= today for at in planned) < cap:
            return None
        return local_midnight(self.now, lead["zone"], days=1)

    def _send(
        self,
        enrollment: Mapping[str, Any],
        version: _Version,
        step: StepShape,
        window: Window,
    ) -> Decision:
        """Render the mail and put it into the outbox; a template that fails holds the lead."""
        lead = self.leads[enrollment["lead_id"]]
        key = touch_key(enrollment["id"], step.id, 0)
        try:
            mail = self._write(lead, version, step, key)
        except TemplateProblem:
            return Skip(SkipReason.TEMPLATE_ERROR)
        self.mails.append(
            {
                **mail,
                "message_key": key,
                "kind": "touch",
                "lead_id": lead["id"],
                "enrollment_id": enrollment["id"],
                "priority": PRIORITY_NURTURE,
                "recipient": lead["email"],
                "address_hash": self.hashes[lead["id"]],
                "sending_window": format_window(window),
                "zone": lead["zone"],
                "config_hash": self.work.project.hash,
                "created_at": self.now,
                "due_at": self.now,
                "rendered_at": self.now,
            }
        )
        self.planned.setdefault(lead["id"], []).append(self.now)
        self._touch(enrollment, step, None)
        return Send()

    def _write(
        self, lead: Mapping[str, Any], version: _Version, step: StepShape, key: str
    ) -> dict[str, str]:
        settings, environment = self.work.project.settings, self.work.environment
        domain = settings.mail.from_address.rpartition("@")[2]
        pepper = self.work.store.pepper
        lang = lead["language"] if lead["language"] in {"en", "ja"} else settings.language
        opaque = opaque_id(key, pepper=pepper)
        token = sign_token("unsubscribe", opaque, keys=environment.secret_keys)
        url = f"{environment.base_url}/u/{token}"
        owner = self.reps.get(lead["owner"] or "")
        mail = version.renderer.render_mail(
            f"nurture/{version.name}/{step.mail}",
            lang=lang,
            context={
                "lead": lead_context(lead, lang),
                "owner": {"name": owner["name"], "email": owner["email"]} if owner else None,
                "company": self.company,
                "unsubscribe_url": url,
                "sequence": version.name,
                "step": step.id,
            },
        )
        id_ = message_id(key, pepper=pepper, domain=domain)
        message = write_message(
            Parts(mail.text, self.links.track(mail.html, message=opaque)),
            message_id=id_,
            sender=(settings.mail.from_name, settings.mail.from_address),
            date=self.now,
            headers={
                "Reply-To": settings.mail.reply_to or settings.mail.from_address,
                "List-Unsubscribe": f"<{url}>",
                "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
                "List-Id": f"<{version.name}.{domain}>",
                "Feedback-ID": f"{step.id}:{version.name}:nurture:leadline",
                "Auto-Submitted": "auto-generated",
            },
        )
        return {"message_id": id_, "subject": mail.subject, "mail": message}

    def _count(self, reason: SkipReason) -> None:
        self.skipped[reason.value] += 1

    def _touch(
        self, enrollment: Mapping[str, Any], step: StepShape, reason: SkipReason | None
    ) -> None:
        self.touches.append(
            {
                "enrollment_id": enrollment["id"],
                "lead_id": enrollment["lead_id"],
                "step": step.id,
                "occurrence": 0,
                "variant": "",
                "state": "skipped" if reason else "planned",
                "skip_reason": reason.value if reason else None,
                "basis": getattr(self.permissions[enrollment["lead_id"]], "basis", None),
                "config_hash": self.work.project.hash,
                "due_at": enrollment["step_due_at"],
                "decided_at": self.now,
            }
        )

    def _advance(self, enrollment: Mapping[str, Any], version: _Version) -> None:
        number = enrollment["step"] + 1
        if number == len(version.shape.steps):
            self._end(enrollment, "completed", "completed")
            return
        due_at = self.now + version.shape.steps[number].wait
        self._change(enrollment, step=number, step_due_at=due_at, next_due_at=due_at)

    def _end(self, enrollment: Mapping[str, Any], state: str, reason: str) -> None:
        self._change(
            enrollment, state=state, exit_reason=reason, next_due_at=None, ended_at=self.now
        )

    def _change(self, enrollment: Mapping[str, Any], **values: Any) -> None:  # noqa: ANN401 - columns
        names = (
            *("id", "step", "state", "exit_reason", "skip_reason"),
            *("step_due_at", "next_due_at", "ended_at"),
        )
        self.changes.append({name: {**enrollment, **values}[name] for name in names})

    def record(self, connection: Connection) -> None:
        """Write touches, mails and enrollments."""
        ids = enrollment_store.add_touches(connection, self.touches)
        planned = {
            touch["enrollment_id"]: id_
            for id_, touch in zip(ids, self.touches, strict=True)
            if touch["state"] == "planned"
        }
        mails = [{**mail, "touch_id": planned[mail["enrollment_id"]]} for mail in self.mails]
        add_targets(connection, self.links.targets.values())
        add_messages(connection, mails)
        enrollment_store.change_enrollments(connection, self.changes)
