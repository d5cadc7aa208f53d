"""Posts to a real server that something disturbs: a trial, and what must hold in it.

A trial starts from a project with an empty database and serves it. Whatever happens then: who was
told 2xx is in the store once, nothing is there that nobody posted, and the database is whole. Then
everything is posted again, acknowledged or not. Each post must be there once, under the number
that its poster was told; intake makes one lead of each person; all of it again changes nothing.
"""

from __future__ import annotations

import asyncio
import json
import shutil
import sqlite3
import subprocess
from collections import Counter, defaultdict
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from leadline.clock import SystemClock
from leadline.config.environment import read_environment
from leadline.config.folder import create_project
from leadline.stages import open_workspace, run_stages
from leadline.store.engine import open_store
from tests import databases
from tests.factories import read_everything, rows_of
from tests.imported import check_file
from tests.web_posting import TOOL, Post, Told, post_together

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from leadline.stages import Workspace
    from tests.warm_server import Server, Warm

#: Nobody is kept away for posting much, and everybody is answered by mail.
_FORM: Final = """
title: {en: Contact us, ja: お問い合わせ}
fields:
  full_name: {label: {en: Name, ja: お名前}}
  email: {label: {en: Email, ja: メールアドレス}, required: true}
  company: {label: {en: Company, ja: 会社名}}
  message: {label: {en: Message, ja: 内容}, max_length: 5000}
protection: {minimum_seconds: 0, posts_per_minute: 1000000, posts_per_address: 1000000}
acknowledgment: true
"""
_SOURCE: Final = "webhook: {open: true, id: id}\n"
#: The same post without a key counts as one for so long.
_BUCKET_SECONDS: Final = 600
_SAME: Final = Post(0, "twice", key="twice")
_WIDE: Final = "ＰＥＲＳＯＮ０@fault.example"
_HOOK: Final = Post(20, "delivered", key="d-20", is_delivery=True)
#: One post alone, then ten at once, twice: a double click, a look-alike, two without a key, and
#: what a webhook delivers, twice over.
WAVES: Final[tuple[tuple[Post, ...], ...]] = (
    (Post(0, "first", key="first"),),
    (
        _SAME,
        _SAME,
        Post(0, "wide", key="wide", email=_WIDE),
        Post(1, "without a key"),
        *(_HOOK, _HOOK),
        *(Post(who, f"one of {who}", key=f"one-{who}") for who in (2, 3, 4, 5)),
    ),
    (
        Post(6, "without a key either"),
        Post(2, "another", key="another"),
        *(Post(who, f"deliver {who}", key=f"d-{who}", is_delivery=True) for who in (21, 22)),
        *(Post(who, f"two of {who}", key=f"two-{who}") for who in (7, 8, 9, 10, 11, 12)),
    ),
)


@dataclass
class Case:
    """A project, and the database that every trial begins with a copy of.

    Attributes:
        home: folder of the project.
        cluster: where the databases are; SQLite files when None.
        name: of the database on it that is copied.
        log: length that a SQLite file's write-ahead log is given before the first post.
    """

    home: Path
    warm: Warm
    cluster: databases.Cluster | None = None
    name: str = "prepared"
    log: int = 0
    number: int = 0

    @contextmanager
    def trial(self, state: Path | None = None) -> Iterator[Trial]:
        """Copy the prepared state, into a folder of the caller's if there is one."""
        self.number += 1
        folder = state or self.home / f"trial{self.number}"
        shutil.copytree(self.home / "prepared", folder, dirs_exist_ok=True)
        name = f"{self.name}_{self.number}"
        url = databases.sqlite_url(folder / "leadline.db")
        if self.cluster is not None:
            url = self.cluster.create_database(name, template=self.name)
        yield Trial(self, folder, url)
        if self.cluster is not None:
            self.cluster.drop_database(name)
        shutil.rmtree(folder, ignore_errors=True)


@dataclass
class Trial:
    """One copy of the state, who posted to it, and what they were told.

    Attributes:
        sent: the posts, each with the periods in which it was sent.
        told: what each poster was told who was acknowledged.
        tally: answers by status; "none" for who was told nothing.
    """

    case: Case
    state: Path
    url: str
    sent: dict[Post, set[int]] = field(default_factory=lambda: defaultdict(set))
    told: dict[Post, list[Told]] = field(default_factory=lambda: defaultdict(list))
    tally: Counter[str] = field(default_factory=Counter)

    @property
    def variables(self) -> dict[str, str]:
        """The environment variables of the server."""
        return {
            "LEADLINE_HOME": str(self.case.home),
            "LEADLINE_STATE": str(self.state),
            "LEADLINE_DATABASE_URL": self.url,
        }

    @property
    def database(self) -> Path:
        """The SQLite file."""
        return self.state / "leadline.db"

    @contextmanager
    def serve(self, **how: int) -> Iterator[Server]:
        """Run a server; see `Warm.serve`."""
        with self.case.warm.serve(self.variables, self.case.home, **how) as server:
            self._fill_log()
            yield server

    def _fill_log(self) -> None:
        """Write what changes nothing until SQLite's log is as long as the case wants it."""
        if not self.case.log:
            return
        log = self.database.with_name(f"{self.database.name}-wal")
        with closing(sqlite3.connect(self.database, isolation_level=None)) as connection:
            connection.execute("PRAGMA wal_autocheckpoint=0").close()
            while log.stat().st_size < self.case.log:
                connection.execute("UPDATE alembic_version SET version_num = version_num")

    @contextmanager
    def open(self) -> Iterator[Workspace]:
        """Open the project and the database in this process."""
        environment = read_environment(self.variables)
        with open_workspace(environment, now=SystemClock().now()) as work:
            yield work

    def post(self, server: Server, posts: Sequence[Post]) -> list[Told | None]:
        """Post at once, and keep who was told what."""
        self.note(posts)
        answers = post_together(server.port, posts)
        self.note(posts)
        self.keep(posts, answers)
        return answers

    def note(self, posts: Sequence[Post]) -> None:
        """Note that these posts are under way now."""
        for post in posts:
            self.sent[post].add(int(SystemClock().now().timestamp()) // _BUCKET_SECONDS)

    def keep(self, posts: Sequence[Post], answers: Sequence[Told | None]) -> None:
        """Keep who was told what."""
        for post, told in zip(posts, answers, strict=True):
            self.tally["none" if told is None else str(told.status)] += 1
            if told is not None and told.is_yes:
                self.told[post].append(told)

    def post_waves(self, server: Server) -> list[Told | None]:
        """Post every wave, each as far as somebody hears it."""
        return [told for wave in WAVES for told in self.post(server, wave)]

    def rows(self) -> dict[int, dict[str, Any]]:
        """Return the submissions by number, from a database that must be whole."""
        if self.case.cluster is None:
            check_file(self.database)
        store = open_store(self.url, pepper="p")
        try:
            return {row["id"]: row for row in rows_of(store, "submissions")}
        finally:
            store.close()


def prepare(
    home: Path,
    warm: Warm,
    *,
    cluster: databases.Cluster | None = None,
    name: str = "prepared",
) -> Case:
    """Make the project and an empty database.

    Args:
        home: folder of the project.
        warm: what starts its servers.
        cluster: where the databases are made; SQLite files when None.
        name: of the database on it.
    """
    create_project(home, demo=False)
    (home / "config" / "forms" / "contact.yaml").write_text(_FORM, "utf-8")
    (home / "config" / "mappings" / f"{TOOL}.yaml").write_text(_SOURCE, "utf-8")
    case = Case(home, warm, cluster, name)
    shutil.move(home / ".leadline", home / "prepared")
    url = databases.sqlite_url(home / "prepared" / "leadline.db")
    if cluster is not None:
        url = cluster.create_database(name)
    with Trial(case, home / "prepared", url).open():
        pass
    return case


# ---- what must hold -----------------------------------------------------------------------------


def check_kept(trial: Trial) -> int:
    """Check that the store holds what was acknowledged, once, and nothing that nobody posted.

    Returns:
        How many posts are stored whose poster was not told so.
    """
    rows = trial.rows()
    posts = {post.says: post for post in trial.sent}
    copies = Counter(_says(row) for row in rows.values())
    for says, count in copies.items():
        assert says in posts, f"{says!r} is stored, which nobody posted"
        assert count <= _most(trial, posts[says]), f"{says!r} is stored {count} times"
    for post, answers in trial.told.items():
        assert copies[post.says], f"{post.says!r} was acknowledged and is lost"
        numbers = {told.submission for told in answers} - {None}
        assert len(numbers) <= _most(trial, post), f"{post.says!r} was told {numbers}"
        for number in numbers:
            assert number in rows, f"{post.says!r} was told {number}, which is not there"
            kept = _body(rows[number])
            assert post.body.items() <= kept.items(), f"{number} is not what was posted"
    return len(copies.keys() - {post.says for post in trial.told})


def _says(row: dict[str, Any]) -> str:
    return str(_body(row)["message"]).rstrip(".")


def _body(row: dict[str, Any]) -> dict[str, Any]:
    """Return the fields that were posted."""
    raw: dict[str, Any] = row["raw"]
    return json.loads(raw["body"]) if row["kind"] == "webhook" else raw


def _most(trial: Trial, post: Post) -> int:
    """Return how often a post may be stored: once, without a key once in each period."""
    return 1 if post.key else len(trial.sent[post])


def check_repaired(trial: Trial) -> None:
    """Post everything again and take it in: each is there once, and then nothing changes."""
    posts = list(trial.sent)
    with trial.serve() as server, trial.open() as work:
        _post_all(trial, server, posts)
        check_kept(trial)
        _take_in(work)
        check_leads(trial, work)
        before = read_everything(work)
        _post_all(trial, server, [post for post in posts if post.key])
        _take_in(work)
        after = read_everything(work)
    changed = [name for name in before if before[name] != after[name]]
    assert not changed, f"all of it again changed {changed}"


def _post_all(trial: Trial, server: Server, posts: Sequence[Post]) -> None:
    for told in trial.post(server, posts):
        assert told is not None, server.said()
        assert told.is_yes, f"{told}\n{server.said()}"


def _take_in(work: Workspace) -> None:
    asyncio.run(run_stages(work, ["intake"], now=SystemClock().now()))


def check_leads(trial: Trial, work: Workspace) -> None:
    """Check that every post is accepted, and that every person is one lead."""
    rows = rows_of(work, "submissions")
    assert {_says(row) for row in rows} == {post.says for post in trial.sent}
    states = Counter((row["state"], row["reason"]) for row in rows)
    assert set(states) == {("accepted", None)}, states
    mails = [mail for mail in rows_of(work, "outbox") if mail["kind"] == "acknowledgment"]
    answered = Counter(mail["submission_id"] for mail in mails)
    assert set(answered.values()) == {1}, "a post is answered by two mails, or none is"
    leaving = Counter(mail["recipient"] for mail in mails if mail["state"] != "skipped")
    assert max(leaving.values()) <= 3, "an address is answered more than three times a day"
    addresses = Counter(lead["email"] for lead in rows_of(work, "leads"))
    people = {post.who for post in trial.sent}
    assert addresses == Counter({f"person{who}@fault.example": 1 for who in people})


# ---- what disturbs ------------------------------------------------------------------------------


@contextmanager
def traced(server: Server, *options: str, output: str = "/dev/null") -> Iterator[None]:
    """Let strace tamper with a running server until the block ends, or the server does.

    Its counts begin here, for each thread.
    """
    command = ["strace", "-f", "-o", output, *options, "-p", str(server.pid)]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        said = process.stderr.readline()
        assert "attached" in said, said
        try:
            yield
        finally:
            process.terminate()
            process.communicate()


def inject(name: str, how: str) -> list[str]:
    """Return the words with which strace tampers with a system call."""
    return ["-e", f"trace={name}", "-e", f"inject={name}:{how}"]
