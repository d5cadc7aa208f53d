"""The services of `deployments/compose.yaml`, started as processes: from nothing to a rep's mail.

The same commands, variables and health checks as in containers; what only an engine does
(images, networks, volumes, limits) is left to the linters of `tests/rules/test_containers.py`.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import psycopg
import pytest

from leadline.mail.sink import read_mailbox
from tests.compose import FOLDER, Containers, VariableMissingError, fill_in, read_services
from tests.databases import postgresql_cluster

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

pytestmark = pytest.mark.xdist_group("prefect")
SECRETS: Final = {
    "POSTGRES_PASSWORD": "postgres-password",
    "LEADLINE_DATABASE_PASSWORD": "leadline-password",
    "PREFECT_DATABASE_PASSWORD": "prefect-password",
    "PREFECT_SERVER_API_AUTH_STRING": "admin:prefect-pages",
    "LEADLINE_SECRET_KEYS": "a-key-of-the-tests-with-enough-signs",
    "LEADLINE_PEPPER": "a-pepper-of-the-tests-with-enough-signs",
}
POST: Final = {
    "full_name": "Lauren Anderson",
    "email": "lauren.anderson@ramirez.example",
    "company": "Ramirez Group",
    "country": "US",
    "message": "Please send a quote.",
    "consent": "yes",
}
PAGE: Final = Path(__file__).parents[2] / "docs" / "how-to" / "containers.md"
PATIENCE: Final = 60.0
#: Ended as asked, or by the signal itself; Python and uvicorn do the one, Prefect the other.
ENDED: Final = {0, -15, 143}


@pytest.fixture
def containers(tmp_path: Path) -> Iterator[Containers]:
    with postgresql_cluster(tmp_path / "postgresql") as cluster:
        prepared = Containers(tmp_path / "volumes", cluster, read_services(SECRETS))
        prepared.make_databases()
        yield prepared
        prepared.bring_down()


def wait_for(find: Callable[[], Any], what: str) -> Any:  # noqa: ANN401 - whatever is found
    ends_at = time.monotonic() + PATIENCE
    while not (found := find()):
        assert time.monotonic() < ends_at, f"still waiting: {what}"
        time.sleep(0.5)
    return found


def post_form(containers: Containers, service: str) -> None:
    url = f"http://127.0.0.1:{containers.port(service, 8080)}/forms/contact"
    request = urllib.request.Request(url, urllib.parse.urlencode(POST).encode())
    with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310 - our own
        assert answer.status in {200, 201}


def assigned(containers: Containers, service: str) -> list[dict[str, Any]]:
    words = ("leads", "list", "--where", "owner IS NOT NULL", "--json")
    done = containers.execute(service, "leadline", *words)
    assert done.returncode == 0, done.stderr
    leads: list[dict[str, Any]] = json.loads(done.stdout)["leads"]
    return leads


def rep_mails(containers: Containers) -> list[str]:
    folder = containers.volume("state") / "mailbox"
    texts = [each.path.read_text("utf-8", errors="replace") for each in read_mailbox(folder)]
    return [text for text in texts if re.search(r"^To: .*rep\d+@example", text, re.MULTILINE)]


def lead_reaches_its_rep(containers: Containers, service: str) -> None:
    post_form(containers, service)
    wait_for(lambda: assigned(containers, service), "a rep for the lead")
    wait_for(lambda: rep_mails(containers), "the rep's mail")


def ends_when_told(containers: Containers, *names: str) -> None:
    ended = containers.bring_down()
    assert set(ended) == set(names)
    for name, (code, seconds) in ended.items():
        assert code in ENDED, name
        assert seconds < containers.services[name].grace, name
    wait_for(lambda: not containers.left_over(), "everything to be gone")


def test_services_take_a_form_post_to_the_reps_mail_and_end_when_told(
    containers: Containers,
) -> None:
    containers.bring_up(*(s.name for s in containers.services.values() if s.is_default))
    lead_reaches_its_rep(containers, "web")
    assert pages_of_prefect(containers).is_dir()
    assert deployed(containers) >= {"leadline-process-submissions", "leadline-send-due-touches"}
    assert runs_of_the_page(containers) > 4
    ends_when_told(containers, "web", "prefect", "worker", "watch")


def test_clock_takes_a_form_post_to_the_reps_mail_without_prefect(containers: Containers) -> None:
    containers.bring_up("clock")
    lead_reaches_its_rep(containers, "clock")
    ends_when_told(containers, "clock")


def pages_of_prefect(containers: Containers) -> Path:
    """Return the folder that it writes them to; beside its code the file system is read-only."""
    service = containers.services["prefect"]
    folder = service.variables["PREFECT_SERVER_UI_STATIC_DIRECTORY"]
    return Path(containers.place(service, folder)) / "v2"


def deployed(containers: Containers) -> set[str]:
    """Return the deployments' names; the server asks for its password."""
    url = f"http://127.0.0.1:{containers.port('prefect', 4200)}/api/deployments/filter"
    request = urllib.request.Request(url, b"{}", {"Content-Type": "application/json"})
    with pytest.raises(urllib.error.HTTPError, match="401"):
        urllib.request.urlopen(request, timeout=30)  # noqa: S310 - our own
    done = containers.execute("deploy", "prefect", "deployment", "ls", "--output", "json")
    assert done.returncode == 0, done.stderr
    return {each["name"] for each in json.loads(done.stdout)}


def runs_of_the_page(containers: Containers) -> int:
    """Run every command that the page on containers runs inside one; return how many."""
    found = re.findall(
        r"^\$ docker compose exec (?:-T )?(\w+) ([^>\n]+)", PAGE.read_text("utf-8"), re.MULTILINE
    )
    for name, command in found:
        done = containers.execute(name, *command.split())
        assert done.returncode in {0, 2}, f"{command}: {done.stdout}{done.stderr}"
    return len(found)


def test_project_volume_is_filled_once_and_the_secrets_stay_outside(containers: Containers) -> None:
    project = containers.volume("project")
    containers.bring_up("init")
    assert (project / "config" / "settings.yaml").is_file()
    assert not list(project.rglob("secrets.env"))
    (project / "config" / "sequences" / "welcome.yaml").unlink()
    containers.completed.clear()
    containers.processes.clear()
    containers.bring_up("init")
    assert not (project / "config" / "sequences" / "welcome.yaml").exists()


def test_databases_have_an_owner_and_a_password_each_and_no_guests(containers: Containers) -> None:
    port = containers.port("postgres", 5432)
    with psycopg.connect(f"host=127.0.0.1 port={port} user=postgres dbname=postgres") as connection:
        names = ["leadline", "prefect"]
        owners = connection.execute(
            "SELECT datname, pg_get_userbyid(datdba) FROM pg_database WHERE datname = ANY(%s)"
            " ORDER BY datname",
            [names],
        ).fetchall()
        hashed = connection.execute(
            "SELECT bool_and(rolpassword LIKE 'SCRAM-SHA-256%%' AND NOT rolsuper) FROM pg_authid"
            " WHERE rolname = ANY(%s)",
            [names],
        ).fetchone()
    assert owners == [("leadline", "leadline"), ("prefect", "prefect")]
    assert hashed == (True,)
    with pytest.raises(psycopg.OperationalError, match="permission denied"):
        psycopg.connect(f"host=127.0.0.1 port={port} user=prefect dbname=leadline")


@pytest.mark.parametrize("name", sorted(SECRETS))
def test_missing_secret_is_named_before_anything_starts(name: str) -> None:
    for given in ({}, {name: ""}):
        others = {key: value for key, value in SECRETS.items() if key != name}
        with pytest.raises(VariableMissingError, match=f"variable {name} is missing .*: set it to"):
            read_services(others | given)


def test_example_of_the_environment_is_refused_until_it_is_filled_in() -> None:
    empty = variables_of(FOLDER / "example.env")
    assert set(empty) == set(SECRETS)
    with pytest.raises(VariableMissingError):
        read_services(empty)


def test_secrets_that_the_page_writes_are_complete_and_each_is_another(tmp_path: Path) -> None:
    [command] = re.findall(
        r"^\$ (\(umask .+ python3 -c .+\))$", PAGE.read_text("utf-8"), re.MULTILINE
    )
    shutil.copy(FOLDER / "example.env", tmp_path)
    subprocess.run(["sh", "-c", command], cwd=tmp_path, check=True)
    assert (tmp_path / ".env").stat().st_mode & 0o077 == 0
    written = variables_of(tmp_path / ".env")
    assert set(written) == set(SECRETS)
    assert len(set(written.values())) == len(SECRETS)
    services = read_services(written)
    assert services["prefect"].variables["PREFECT_SERVER_API_AUTH_STRING"].startswith("admin:")


def variables_of(file: Path) -> dict[str, str]:
    lines = [line.partition("=") for line in file.read_text("utf-8").splitlines()]
    return {name: value for name, _, value in lines if re.fullmatch(r"\w+", name)}


def test_variables_are_filled_in_as_compose_does() -> None:
    given = {"A": "1", "EMPTY": ""}
    text = "$A ${A} ${EMPTY:-x:y} ${NONE:-} $$A ${A:?unused}"
    assert fill_in(text, given) == "1 1 x:y  $A 1"
    with pytest.raises(VariableMissingError, match="EMPTY"):
        fill_in("${EMPTY:?say so}", given)
