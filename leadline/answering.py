"""Answering form posts by mail: what an accepted post is answered with, written at once.

It is no stage: intake calls it inside its transaction, so that a post is never accepted without
its answers or answered without being accepted. It sends nothing; delivery does, later.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol, cast

from leadline.domain.answers import ADDRESS_SPAN, Asked, decide_answer
from leadline.domain.consent import Permission
from leadline.domain.keys import (
    acknowledgment_key,
    address_hash,
    confirmation_key,
    mailbox_hash,
    message_id,
    opaque_id,
)
from leadline.domain.leads import LANGUAGES
from leadline.domain.skips import SkipReason
from leadline.domain.tokens import sign_token
from leadline.mail.message import Parts, write_message
from leadline.mail.relay import links_work
from leadline.rendering.answers import Answered, Link, acknowledgment, confirmation
from leadline.rendering.problems import TemplateProblem
from leadline.store.answering import add_answers, count_answers
from leadline.store.leads import get_contacts
from leadline.store.suppressions import Addressee, decide_permissions, find_suppressed

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from leadline.config.environment import Environment
    from leadline.config.forms import FormShape
    from leadline.config.shape import Project
    from leadline.config.values import Language
    from leadline.domain.answers import Kind
    from leadline.domain.tokens import Purpose
    from leadline.rendering.contexts import Company, FormMail
    from leadline.rendering.sandbox import Rendered, Renderer
    from leadline.store.engine import Connection, Store
    from leadline.store.submissions import Waiting

_SOURCE = "form:"


class Office(Protocol):
    """What answering works with; the workspace of the stages is one."""

    @property
    def store(self) -> Store:
        """The database, for its pepper."""

    @property
    def project(self) -> Project:
        """The live configuration."""

    @property
    def environment(self) -> Environment:
        """Addresses and keys."""

    @property
    def renderer(self) -> Renderer:
        """The live templates."""


@dataclass(frozen=True, slots=True)
class Post:
    """One accepted form post.

    Attributes:
        said: its canonical fields.
        lead_id: the lead that it made or joined.
    """

    submission: Waiting
    said: Mapping[str, Any]
    lead_id: int

    @property
    def email(self) -> str:
        """Return the address that was typed in, which is where answers go."""
        return str(self.said["email"])


def answer_posts(
    office: Office, connection: Connection, posts: Sequence[Post], *, now: datetime
) -> None:
    """Write what form posts are answered with into the outbox, or why they are not.

    A post has each kind of answer once, however often this runs. A template that fails holds its
    own mail alone. The number of statements does not depend on that of the posts.

    Args:
        office: the workspace.
        connection: the writing transaction in which the posts are accepted, after their leads.
        posts: accepted submissions; those of forms that answer nothing are passed over.
        now: the present.
    """
    asking = [(post, form) for post in posts if (form := _form_of(office, post)) is not None]
    if not asking:
        return
    answering = _Answering(office, now)
    answering.load(connection, [post for post, _ in asking])
    for post, form in asking:
        answering.answer(post, form)
    add_answers(connection, answering.rows, config_hash=office.project.hash, now=now)


def _form_of(office: Office, post: Post) -> FormShape | None:
    """Return the form of a post that is to be answered by mail, None for every other post."""
    source = post.submission.source
    form = office.project.forms.get(source.removeprefix(_SOURCE))
    if form is None or not source.startswith(_SOURCE):
        return None
    return form if form.acknowledgment or _is_to_confirm(form, post) else None


def asks_to_confirm(submission: Waiting, form: FormShape | None) -> bool:
    """Tell whether a consent in a submission counts only once it is confirmed by mail.

    What the form said when it was posted decides, whatever became of the form since. Where
    neither is known, nobody has promised that the box alone is enough.
    """
    if submission.kind != "form":
        return False
    if submission.asks_to_confirm is not None:
        return submission.asks_to_confirm
    return form is None or form.double_opt_in


def _is_to_confirm(form: FormShape, post: Post) -> bool:
    return asks_to_confirm(post.submission, form) and post.said.get("consent") is True


@dataclass
class _Answering:
    """One batch of posts: what is known, and the rows that it comes to."""

    office: Office
    now: datetime
    hashes: dict[str, str] = field(default_factory=dict)
    boxes: dict[str, str] = field(default_factory=dict)
    banned: set[str] = field(default_factory=set)
    zones: dict[int, str] = field(default_factory=dict)
    may_be_mailed: set[int] = field(default_factory=set)
    counts: Counter[str] = field(default_factory=Counter)
    rows: list[dict[str, Any]] = field(default_factory=list)

    def load(self, connection: Connection, posts: Sequence[Post]) -> None:
        """Read everything that the decisions need, with a fixed number of statements."""
        pepper, project = self.office.store.pepper, self.office.project
        self.hashes = {post.email: address_hash(post.email, pepper=pepper) for post in posts}
        hashes = set(self.hashes.values())
        self.banned = find_suppressed(connection, hashes, purpose="transactional")
        since = self.now - ADDRESS_SPAN
        self.boxes = {post.email: mailbox_hash(post.email, pepper=pepper) for post in posts}
        boxes = set(self.boxes.values())
        self.counts = Counter(count_answers(connection, boxes, since=since))
        people = get_contacts(connection, {post.lead_id for post in posts})
        self.zones = {lead_id: person.zone for lead_id, person in people.items()}
        asked = [
            Addressee(
                post.lead_id,
                self.hashes[post.email],
                people[post.lead_id].country or project.settings.country,
            )
            for post in posts
        ]
        decided = decide_permissions(connection, asked, rules=project.consent, now=self.now)
        pairs = zip(posts, decided, strict=True)
        self.may_be_mailed = {
            post.submission.id for post, found in pairs if isinstance(found, Permission)
        }

    def answer(self, post: Post, form: FormShape) -> None:
        """Note the answers to one post; what is to be confirmed goes before what is told."""
        is_to_confirm = False
        if _is_to_confirm(form, post):
            is_to_confirm = self._add(post, "confirmation", form, is_to_confirm=True)
        if form.acknowledgment:
            self._add(post, "acknowledgment", form, is_to_confirm=is_to_confirm)

    def _add(self, post: Post, kind: Kind, form: FormShape, *, is_to_confirm: bool) -> bool:
        """Note one mail, or why there is none; tells whether there is."""
        row = self._row(post, kind)
        reason = decide_answer(kind, self._asked(post, kind, form))
        if reason is not None:
            self.rows.append({**row, "state": "skipped", "skip_reason": reason.value})
            return False
        try:
            mail = self._write(post, kind, form, is_to_confirm=is_to_confirm)
        except TemplateProblem:
            failed = {"state": "failed", "skip_reason": SkipReason.TEMPLATE_ERROR.value}
            self.rows.append(row | failed)
            return False
        self.counts[self.boxes[post.email]] += 1
        self.rows.append({**row, **mail})
        return True

    def _asked(self, post: Post, kind: Kind, form: FormShape) -> Asked:
        environment = self.office.environment
        return Asked(
            is_suspicious=post.submission.suspicion is not None,
            is_banned=self.hashes[post.email] in self.banned,
            may_be_mailed=post.submission.id in self.may_be_mailed,
            has_link=kind == "confirmation" or form.asset is not None,
            links_work=links_work(environment.smtp_url, environment.base_url),
            answered_count=self.counts[self.boxes[post.email]],
        )

    def _row(self, post: Post, kind: Kind) -> dict[str, Any]:
        return {
            "message_key": _key(post, kind),
            "message_id": self._message_id(post, kind),
            "kind": kind,
            "submission_id": post.submission.id,
            "lead_id": post.lead_id,
            "recipient": post.email,
            "address_hash": self.hashes[post.email],
            "state": "queued",
            "skip_reason": None,
            "subject": None,
            "mail": None,
        }

    def _write(
        self, post: Post, kind: Kind, form: FormShape, *, is_to_confirm: bool
    ) -> dict[str, str]:
        """Render a mail.

        Raises:
            TemplateProblem: its template cannot be rendered, or leaves its link out.
        """
        lang = self._language(post)
        folder = f"forms/{_folder(kind, form)}"
        link = self._link(post, kind, form, lang)
        context = self._context(post, kind, form, lang=lang, link=link, waits=is_to_confirm)
        mail = self.office.renderer.render_mail(folder, lang=lang, context={**context})
        if link is not None and not (link.url in mail.text and link.url in mail.html):
            code = "link_missing"
            raise TemplateProblem(code, template=f"{folder}/{lang}/body.txt")
        return {"subject": mail.subject, "mail": self._message(post, kind, mail)}

    def _context(
        self,
        post: Post,
        kind: Kind,
        form: FormShape,
        *,
        lang: Language,
        link: Link | None,
        waits: bool,
    ) -> FormMail:
        is_permitted = post.submission.id in self.may_be_mailed
        answered = Answered(
            form_title=form.title[lang],
            said=post.said,
            received_at=post.submission.received_at,
            zone=self.zones[post.lead_id],
            has_message=form.has_message,
            is_consent_given=is_permitted and post.said.get("consent") is True,
            is_to_confirm=waits,
        )
        company = cast("Company", self.office.project.settings.company.model_dump())
        if kind == "confirmation" and link is not None:
            return confirmation(answered, company, lang, consent=link)
        return acknowledgment(answered, company, lang, asset=link)

    def _language(self, post: Post) -> Language:
        """Return the language of the form as it was filled in, else that of the lead."""
        said = (post.submission.language, post.said.get("language"))
        fallback = self.office.project.settings.language
        return next((cast("Language", lang) for lang in said if lang in LANGUAGES), fallback)

    def _link(self, post: Post, kind: Kind, form: FormShape, lang: Language) -> Link | None:
        """Return the link that the mail is for, None for one that only says thank you."""
        purpose: Purpose = "asset" if kind == "acknowledgment" else "confirmation"
        if kind == "confirmation":
            path, lasts = "confirm", form.confirm_within
            says = post.submission.consent_wording or ""
        elif form.asset is not None:
            path, lasts = "d", form.asset.expires_after
            says = form.asset.title[lang]
        else:
            return None
        environment, ends_at = self.office.environment, self.now + lasts
        token = sign_token(
            purpose,
            opaque_id(_key(post, kind), pepper=self.office.store.pepper),
            keys=environment.secret_keys,
            expires_at=ends_at,
        )
        return Link(f"{environment.base_url}/{path}/{token}?lang={lang}", says, ends_at)

    def _message(self, post: Post, kind: Kind, mail: Rendered) -> str:
        settings = self.office.project.settings
        return write_message(
            Parts(mail.text, mail.html),
            message_id=self._message_id(post, kind),
            sender=(settings.mail.from_name, settings.mail.from_address),
            date=self.now,
            headers={
                "Reply-To": settings.mail.reply_to or settings.mail.from_address,
                "Auto-Submitted": "auto-replied",
                "X-Auto-Response-Suppress": "All",
            },
        )

    def _message_id(self, post: Post, kind: Kind) -> str:
        domain = self.office.project.settings.mail.from_address.rpartition("@")[2]
        return message_id(_key(post, kind), pepper=self.office.store.pepper, domain=domain)


def _key(post: Post, kind: Kind) -> str:
    make = confirmation_key if kind == "confirmation" else acknowledgment_key
    return make(post.submission.id)


def _folder(kind: Kind, form: FormShape) -> str:
    return form.confirmation_mail if kind == "confirmation" else form.acknowledgment_mail
