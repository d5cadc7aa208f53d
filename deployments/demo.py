"""The main job, shown on sample leads: `python -m deployments.demo` (make demo).

A project folder with two real-shaped files and a form; a real Prefect server; the pipeline as
flows; mails into the built-in mailbox through SMTP on loopback. Nothing leaves the computer.
The flows look at stated instants, so that the result is the same at any hour, and what is shown
at the end is read back from the database. A second run adds nothing.
"""

from __future__ import annotations

import argparse
import json
import os
import socket
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Final

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from deployments.demo_flows import INSTANTS, STEP_DONE
from deployments.demo_report import Before, read_before, read_report, show
from leadline.cli.prefect_server import PrefectServer, start_server
from leadline.clock import FixedClock
from leadline.config.environment import Environment, read_environment
from leadline.config.folder import create_project
from leadline.errors import LeadlineError
from leadline.stages import open_workspace

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

#: A Japanese inquiry, as the hosted form posts it.
INQUIRY: Final = {
    "full_name": "鈴木 充",
    "email": "mitsuru.suzuki@yamada-seisakusho.example",
    "company": "株式会社山田製作所",
    "title": "購買部長",
    "country": "JP",
    "postal_code": "530-0001",
    "phone": "06-1234-1098",
    "message": "来期の設備更新に向けて、見積をお願いします。概算で構いません。",
    "consent": "true",
}
IDEMPOTENCY_KEY: Final = "demo-inquiry"
_STEPS: Final = {
    "en": (
        "Prefect server starts",
        "form is posted",
        "the inquiry goes through the pipeline",
        "files are imported, scored, routed",
        "mails go out: morning in Japan",
        "mails go out: morning in Europe",
        "mails go out: morning in America",
    ),
    "ja": (
        "Prefect サーバーを起動",
        "フォームを送信",
        "問い合わせを処理",
        "ファイルの取り込み・評価・振り分け",
        "メール送信: 日本の朝",
        "メール送信: 欧州の朝",
        "メール送信: 米国の朝",
    ),
}


class FlowFailed(LeadlineError):
    """A flow of the demo did not complete."""

    texts: ClassVar = {
        "en": "A flow of the demo failed: {message}. Run `leadline doctor` in {home}.",
        "ja": "デモのフローが失敗しました: {message}。{home} で `leadline doctor` を"
        "実行してください。",
    }


def demo_environment(home: Path, lang: str | None) -> Environment:
    """Make the project folder and return the embedded defaults, whatever the caller's were."""
    for name in [name for name in os.environ if name.startswith(("LEADLINE_", "PREFECT_"))]:
        if name != "LEADLINE_LANG":
            del os.environ[name]
    os.environ["LEADLINE_HOME"] = str(home)
    if lang:
        os.environ["LEADLINE_LANG"] = lang
    create_project(home, demo=True)
    return read_environment(os.environ)


@contextmanager
def web_app(environment: Environment) -> Iterator[str]:
    """Serve the real web app on a free loopback port, at the demo's first instant."""
    import uvicorn

    from leadline.web.app import create_app

    listener = socket.create_server(("127.0.0.1", 0))
    now = INSTANTS[0]
    with listener, open_workspace(environment, now=now) as work:
        config = uvicorn.Config(
            create_app(work, clock=FixedClock(now)), log_config=None, access_log=False
        )
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join()


def post_inquiry(environment: Environment) -> None:
    """Post the inquiry by HTTP; 201 means that it is on disk."""
    import httpx

    with web_app(environment) as base_url:
        answer = httpx.post(
            f"{base_url}/forms/contact",
            json=INQUIRY,
            headers={"Idempotency-Key": IDEMPOTENCY_KEY},
            timeout=60,
        )
    answer.raise_for_status()


def run_flows(environment: Environment, server: PrefectServer, step: Callable[[], None]) -> None:
    """Run the flows in a process of their own, which tells its steps line by line.

    Prefect's client sends its last events and log lines when its process ends: that must be
    while the server still answers.

    Raises:
        FlowFailed: a flow did not complete.
    """
    command = [sys.executable, "-m", "deployments.demo_flows"]
    settings = {**os.environ, **server.settings}
    log = environment.state / "logs" / "demo-flows.log"
    with (
        log.open("ab") as words,
        subprocess.Popen(  # noqa: S603 - our own module
            command, env=settings, stdout=subprocess.PIPE, stderr=words, text=True
        ) as process,
    ):
        lines = [line for line in process.stdout or () if not _is_step(line, step)]
    if process.returncode != 0:
        raise FlowFailed(message="".join(lines).strip(), home=environment.home)


def _is_step(line: str, step: Callable[[], None]) -> bool:
    if line.strip() != STEP_DONE:
        return False
    step()
    return True


@contextmanager
def progress_of(lang: str) -> Iterator[Callable[[], None]]:
    """Show the steps on standard error; the yielded function ends one and begins the next."""
    steps = iter(_STEPS[lang])
    with Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TimeElapsedColumn(),
        console=Console(stderr=True),
    ) as progress:
        bar = progress.add_task(next(steps), total=len(_STEPS[lang]))

        def step() -> None:
            progress.update(bar, advance=1, description=next(steps, ""))

        yield step


def run_demo(environment: Environment) -> Before:
    """Do the whole job; returns what there was before."""
    before = read_before(environment, now=INSTANTS[0])
    with progress_of(environment.lang) as step, start_server(environment) as server:
        step()
        post_inquiry(environment)
        step()
        run_flows(environment, server, step)
    return before


def main(arguments: list[str] | None = None) -> int:
    """Run the demo and print what came of it."""
    parser = argparse.ArgumentParser(prog="python -m deployments.demo", description=__doc__)
    parser.add_argument("--home", type=Path, default=Path("demo"))
    parser.add_argument("--lang", choices=("en", "ja"))
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args(arguments)
    started = time.monotonic()
    lang = options.lang or "en"
    try:
        environment = demo_environment(options.home.resolve(), options.lang)
        lang = environment.lang
        before = run_demo(environment)
        report = read_report(environment, before, now=INSTANTS[-1])
    except LeadlineError as error:
        sys.stderr.write(error.say(lang) + "\n")
        return 1
    if options.json:
        sys.stdout.write(json.dumps(asdict(report), ensure_ascii=False, default=str) + "\n")
    else:
        show(report, environment, home=options.home, seconds=time.monotonic() - started)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
