"""Tells what the project would change in Prefect, and applies it.

    python -m deployments.deploy [--dry-run] [--remove]

`leadline deploy` runs this program and puts into words what it prints: a JSON line with what it is
going to change, before that is done, and one with what it did. The exit code is 0 when all is as
wanted, 2 when a dry run finds something to change, 1 when it could not be done; doing it again
mends what was left half done. Nothing that is not ours is touched: see `deployments.plan`.
"""

from __future__ import annotations

import argparse
import asyncio
import fcntl
import json
import os
import sys
from contextlib import contextmanager
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, ClassVar, Final

from leadline.cli.failures import details_of
from leadline.cli.prefect_server import PrefectServer, find_server
from leadline.config.environment import Environment, read_environment
from leadline.config.loader import read_project
from leadline.errors import LeadlineError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from deployments.plan import Change, Outcome
    from leadline.config.shape import Project

DONE: Final = 0
ERROR: Final = 1
DIFFERENCES: Final = 2
_NO_SECRETS: Final = {"LEADLINE_SECRET_KEYS": "-", "LEADLINE_PEPPER": "-"}


class PrefectRefused(LeadlineError):
    """The server answered, and did not do what it was asked."""

    texts: ClassVar[Mapping[str, str]] = {
        "en": "The Prefect server at {url} did not do as asked ({status}: {why}). What was done "
        "before stays; run the command again when the cause is mended. 401 and 403 ask for "
        "PREFECT_API_AUTH_STRING=user:password.",
        "ja": "Prefect サーバー {url} が要求を受け付けませんでした ({status}: {why})。それまでの"
        "変更は有効です。原因を解消してから再実行してください。401・403 の場合は "
        "PREFECT_API_AUTH_STRING=user:password を設定してください。",
    }


def main(arguments: Sequence[str] | None = None) -> int:
    """Deploy and print what is changed and was changed; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m deployments.deploy", description=__doc__)
    parser.add_argument("--dry-run", action="store_true", help="change nothing")
    parser.add_argument("--remove", action="store_true", help="delete all that is ours")
    options = parser.parse_args(arguments)
    # no secret is needed here, so one that is unusable is no hindrance
    environment = read_environment({**os.environ, **_NO_SECRETS})
    try:
        document = _deploy(environment, is_dry_run=options.dry_run, is_removal=options.remove)
    except LeadlineError as error:
        lang = environment.lang
        document = {
            "changes": [],
            "error": {**details_of(error, lang), "message": error.say(lang)},
        }
    print(json.dumps({"is_plan": False, **document}))
    return _code(document)


def _code(document: Mapping[str, Any]) -> int:
    if "error" in document:
        return ERROR
    return DIFFERENCES if document["dry_run"] and document["changes"] else DONE


def _deploy(environment: Environment, *, is_dry_run: bool, is_removal: bool) -> dict[str, Any]:
    project = read_project(environment.home)
    server = find_server(environment)

    def on_plan(changes: Sequence[Change]) -> None:
        print(json.dumps({"is_plan": True, "changes": list(map(asdict, changes))}), flush=True)

    outcome = apply_project(
        environment, project, server, is_dry_run=is_dry_run, is_removal=is_removal, on_plan=on_plan
    )
    return {
        "changes": list(map(asdict, outcome.changes)),
        "dry_run": is_dry_run,
        "remove": is_removal,
        "paused": list(outcome.paused),
        "work_pool": project.settings.prefect.work_pool,
        "server": server.api_url,
        "ui": f"{server.ui_url}/v2/deployments",
    }


def apply_project(
    environment: Environment,
    project: Project,
    server: PrefectServer,
    *,
    is_dry_run: bool = False,
    is_removal: bool = False,
    on_plan: Callable[[Sequence[Change]], None] | None = None,
) -> Outcome:
    """Make a server have what the project wants of it, or nothing of ours.

    Args:
        environment: where the state folder is; two at once from there wait for each other.
        project: the valid project.
        server: which answers.
        is_dry_run: nothing is changed.
        is_removal: all that is ours is deleted.
        on_plan: told what is going to be changed, before that is done.

    Raises:
        PrefectRefused: the server refused something or went away; what was done before stays.
        NameTaken, PoolMissing: something of others is in the way; nothing was changed.
    """
    os.environ.update(server.settings)  # before Prefect is imported
    from httpx import TransportError
    from prefect.exceptions import PrefectHTTPStatusError

    from deployments.applying import apply

    with _one_at_a_time(environment):
        try:
            return asyncio.run(
                apply(project, is_dry_run=is_dry_run, is_removal=is_removal, on_plan=on_plan)
            )
        except PrefectHTTPStatusError as error:
            why = error.response.reason_phrase
            status = error.response.status_code
            raise PrefectRefused(url=server.api_url, status=status, why=why) from error
        except TransportError as error:
            why = type(error).__name__
            raise PrefectRefused(url=server.api_url, status="-", why=why) from error


@contextmanager
def _one_at_a_time(environment: Environment) -> Iterator[None]:
    folder = environment.state / "prefect"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    lock = os.open(folder / "deploy.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        os.close(lock)


if __name__ == "__main__":
    sys.exit(main())
