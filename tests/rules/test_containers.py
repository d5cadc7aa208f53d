"""The container files: what their linters say, and that they agree with the code beside them."""

from __future__ import annotations

import fnmatch
import re
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

import pytest

from deployments.healthy import ANSWER_SECONDS
from leadline.cli import prefect_server
from leadline.config.environment import read_environment
from tests.compose import FILE, read_file
from tests.rules import sources

DOCKERFILE: Final = sources.ROOT / "deployments" / "Dockerfile"
PROGRAMS: Final = Path(sys.executable).parent
VARIABLES: Final = dict.fromkeys(
    re.findall(r"\$\{(\w+):\?", FILE.read_text(encoding="utf-8")), "user:text"
)
CODE: Final = re.sub(r"\\\n\s*", " ", DOCKERFILE.read_text(encoding="utf-8"))
#: A message on its way is one SMTP conversation; its time limit is below this.
LEAST_GRACE: Final = 40.0
#: leadline's own settings that depend on where it runs; compose.yaml states its own.
PLACES: Final = {
    "PREFECT_API_URL",
    "PREFECT_API_AUTH_STRING",
    "PREFECT_HOME",
    "PREFECT_SERVER_UI_API_URL",
    "PREFECT_SERVER_API_CORS_ALLOWED_ORIGINS",
}


def services(*, ours: bool = False) -> dict[str, dict[str, Any]]:
    """Return the services as merged by YAML; those of our image alone when asked."""
    found: dict[str, dict[str, Any]] = read_file(VARIABLES)["services"]
    return {name: each for name, each in found.items() if not ours or "build" in each}


def lint(*command: str) -> None:
    done = subprocess.run(
        [str(PROGRAMS / command[0]), *command[1:]], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout + done.stderr) == (0, ""), done.stdout + done.stderr


def test_dockerfile_passes_its_linter() -> None:
    lint("hadolint", "--no-color", "--failure-threshold", "style", str(DOCKERFILE))


def test_compose_file_follows_the_compose_specification() -> None:
    lint("check-jsonschema", "--quiet", "--builtin-schema", "vendor.compose-spec", str(FILE))


def test_image_runs_as_a_fixed_user_without_a_shell_in_between() -> None:
    last_stage = CODE.rpartition("\nFROM ")[2]
    [user] = re.findall(r"^USER (.+)$", last_stage, re.MULTILINE)
    assert re.fullmatch(r"([1-9]\d{3,}):\1", user)
    assert not re.search(r"^(CMD|ENTRYPOINT) [^\[]", last_stage, re.MULTILINE)
    assert not re.search(r"^RUN .*(apt-get|pip) ", last_stage, re.MULTILINE)


def test_image_takes_every_package_from_the_lock_with_its_hash() -> None:
    fetching = [
        line for line in re.findall(r"pip .*? install (.*)", CODE) if "--no-index" not in line
    ]
    assert fetching
    for line in fetching:
        assert {"--require-hashes", "--no-deps", "requirements.txt"} <= set(line.split())


def test_what_the_image_copies_is_there_and_not_ignored() -> None:
    lines = (sources.ROOT / ".dockerignore").read_text("utf-8").splitlines()
    kept = {line.removeprefix("!") for line in lines if line.startswith("!")}
    copied = [
        word.removeprefix("./")
        for line in re.findall(r"^COPY ((?!--).+)$", CODE, re.MULTILINE)
        for word in line.split()[:-1]
    ]
    assert "*" in lines
    assert set(copied) == kept
    assert [name for name in copied if not (sources.ROOT / name).exists()] == []


@pytest.mark.parametrize(
    "path", ["deployments/.env", "config/.secret.yaml", "leadline/__pycache__/x.pyc", ".git/HEAD"]
)
def test_secrets_and_leftovers_do_not_reach_the_builder(path: str) -> None:
    lines = (sources.ROOT / ".dockerignore").read_text("utf-8").splitlines()
    last = max(i for i, line in enumerate(lines) if line.startswith("!"))
    after = [line for line in lines[last:] if line and not line.startswith(("#", "!"))]
    parts = path.split("/")
    names = ["/".join(parts[: n + 1]) for n in range(len(parts))]
    assert any(
        fnmatch.fnmatch(name.rpartition("/")[2] if rule.startswith("**/") else name, rule[3:])
        for rule in after
        if rule.startswith("**/")
        for name in names
    )


def test_prefect_gets_the_settings_that_leadline_gives_its_own_server(tmp_path: Path) -> None:
    environment = read_environment({"LEADLINE_HOME": str(tmp_path)})
    wanted = prefect_server.prefect_settings(environment, "http://127.0.0.1:4200/api")
    wanted = {name: value for name, value in wanted.items() if name not in PLACES}
    found = services()
    client = {n: v for n, v in found["watch"]["environment"].items() if n in wanted}
    server = {n: v for n, v in found["prefect"]["environment"].items() if n in wanted}
    assert server == wanted, "write the difference into x-prefect-client or -server of compose.yaml"
    given = read_environment({"LEADLINE_HOME": str(tmp_path), "PREFECT_API_URL": "http://x/api"})
    of_clients = prefect_server.prefect_settings(given, "http://x/api")
    assert client == {n: v for n, v in of_clients.items() if n not in PLACES}
    assert found["prefect"]["environment"].keys() >= PLACES


def test_every_service_says_how_it_is_kept() -> None:
    for name, service in services().items():
        assert service["logging"]["options"].keys() >= {"max-size", "max-file"}, name
        is_once = service["healthcheck"].get("disable", False)
        assert service["restart"] == ("no" if is_once else "unless-stopped"), name
        assert float(service["stop_grace_period"].removesuffix("s")) >= LEAST_GRACE, name
        if not is_once:
            timeout = float(service["healthcheck"]["timeout"].removesuffix("s"))
            assert "build" not in service or timeout > ANSWER_SECONDS, name


def test_our_services_run_without_privileges_on_a_read_only_file_system() -> None:
    for name, service in services(ours=True).items():
        assert service["read_only"] is True, name
        assert service["init"] is True, name
        assert service["cap_drop"] == ["ALL"], name
        assert service["security_opt"] == ["no-new-privileges:true"], name
        assert "privileged" not in service, name
        assert "user" not in service, name


def test_whoever_is_waited_for_can_meet_the_condition() -> None:
    found = services()
    for name, service in found.items():
        for other, how in service.get("depends_on", {}).items():
            is_once = found[other]["healthcheck"].get("disable", False)
            wanted = "service_completed_successfully" if is_once else "service_healthy"
            assert how["condition"] == wanted, f"{name} waits for {other}"


def test_ports_are_published_on_loopback_alone() -> None:
    published = [port for service in services().values() for port in service.get("ports", ())]
    assert published
    assert [port for port in published if not port.startswith("127.0.0.1:")] == []


def test_volumes_are_declared_and_every_declared_one_is_used() -> None:
    mounts = {each.split(":")[0] for service in services().values() for each in service["volumes"]}
    named = {each for each in mounts if not each.startswith(("/", "."))}
    assert named == set(read_file(VARIABLES)["volumes"])
    beside = {each for each in mounts if each.startswith(".")}
    assert [each for each in beside if not (FILE.parent / each).is_file()] == []


def test_every_secret_comes_from_the_environment_and_is_required() -> None:
    text = FILE.read_text(encoding="utf-8")
    for name in ("PASSWORD", "SECRET_KEYS", "PEPPER", "AUTH_STRING"):
        assert re.search(rf"\$\{{\w*{name}:\?[^}}]+}}", text), name
        assert not re.search(rf"{name}: (?!\$\{{)\S", text), f"{name}: a value in the file"
    assert not re.search(r"://\w+:(?!\$\{)[^/@\s]+@", text)


def test_example_of_the_environment_names_every_variable_of_the_file() -> None:
    example = (FILE.parent / "example.env").read_text(encoding="utf-8")
    named = set(re.findall(r"^#?(\w+)=", example, re.MULTILINE))
    asked = set(re.findall(r"\$\{(\w+)", FILE.read_text(encoding="utf-8")))
    assert named >= asked - {"LEADLINE_IMAGE"}
    assert named <= asked
    assert not re.search(r"^\w+=.", example, re.MULTILINE), "a value in the example"


def test_docker_commands_of_the_page_name_services_that_exist() -> None:
    page = (sources.ROOT / "docs" / "how-to" / "containers.md").read_text(encoding="utf-8")
    named = re.findall(
        r"^\$ docker compose (?:exec|run|logs|up|restart)(?: -\S+)* (\w+)", page, re.MULTILINE
    )
    listed = re.findall(r"^\| `(\w+)` \|", page, re.MULTILINE)
    assert set(named) >= {"web", "deploy", "clock", "postgres"}
    assert set(named) <= services().keys()
    assert {*listed, "clock"} == services().keys()


def test_scripts_of_the_containers_are_executable() -> None:
    script = FILE.parent / "databases.sh"
    assert script.stat().st_mode & 0o111 == 0o111
    assert subprocess.run(["sh", "-n", str(script)], check=False).returncode == 0
