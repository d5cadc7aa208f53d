"""`deployments/compose.yaml` as tests read it, and its services as processes of this computer.

No container engine is needed: a service's command, variables and health check are taken from the
file as they are, and what names a place inside a container (a folder, a host, a port) is put in
its place here. The processes get no variable that the file or the image does not give them.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from ruamel.yaml import YAML

from leadline.cli.prefect_server import free_port

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from tests.databases import Cluster

FOLDER: Final = Path(__file__).resolve().parents[1] / "deployments"
FILE: Final = FOLDER / "compose.yaml"
PROGRAMS: Final = Path(sys.executable).parent
_VARIABLE: Final = re.compile(r"\$(?:(\$)|\{(\w+)(?::([-?])([^}]*))?\}|(\w+))")
_ENV_LINE: Final = re.compile(r"^ENV ((?:.*\\\n)*.*)$", re.MULTILINE)
_COMPLETED: Final = "service_completed_successfully"
#: Ports inside containers have four digits, free ones of this computer have five.
_PORT: Final = r"\d{4}(?!\d)"
#: A first start writes the tables of two programs, on a computer that does other things as well.
START_SECONDS: Final = 200.0


class VariableMissingError(Exception):
    """A variable that the file requires is unset or empty; says which and what to do."""


class ServiceFailedError(Exception):
    """A service ended, or was not healthy in time; says which, with its last words."""


def fill_in(text: str, variables: Mapping[str, str]) -> str:
    """Return `text` with `$V`, `${V}`, `${V:-default}` and `${V:?message}` replaced.

    Raises:
        VariableMissingError: one that has a message is unset or empty.
    """

    def value(found: re.Match[str]) -> str:
        dollar, name, sign, rest, bare = found.groups()
        given = variables.get(name or bare or "", "")
        if dollar:
            return "$"
        if sign == "?" and not given:
            raise VariableMissingError(f"required variable {name} is missing a value: {rest}")
        return given or (rest if sign == "-" else "")

    return _VARIABLE.sub(value, text)


def read_file(variables: Mapping[str, str]) -> dict[str, Any]:
    """Return the whole file, its variables filled in.

    Raises:
        VariableMissingError: a required variable is unset or empty.
    """
    found: dict[str, Any] = _filled(YAML(typ="safe").load(FILE), variables)
    return found


def _filled(value: Any, variables: Mapping[str, str]) -> Any:  # noqa: ANN401 - any part of the file
    if isinstance(value, str):
        return fill_in(value, variables)
    if isinstance(value, dict):
        return {key: _filled(each, variables) for key, each in value.items()}
    if isinstance(value, list):
        return [_filled(each, variables) for each in value]
    return value


def image_variables() -> dict[str, str]:
    """Return what the image's ENV sets, `$PATH` as it is."""
    last_stage = (FOLDER / "Dockerfile").read_text("utf-8").rpartition("\nFROM ")[2]
    words = " ".join(_ENV_LINE.findall(last_stage)).replace("\\\n", " ").split()
    return dict(word.split("=", 1) for word in words)


@dataclass(frozen=True)
class Service:
    """One service of the file.

    Attributes:
        name: its key, which is its host name as well.
        command: program and arguments, without a shell.
        variables: what its environment is given by the file.
        volumes: source by target.
        needs: the condition that each service which it depends on has to meet.
        check: the command of its health check; () when it is not asked.
        grace: seconds between SIGTERM and SIGKILL.
        is_default: whether `up` starts it without being told its name.
    """

    name: str
    command: tuple[str, ...]
    variables: Mapping[str, str] = field(repr=False)
    volumes: Mapping[str, str]
    needs: Mapping[str, str]
    check: tuple[str, ...]
    grace: float
    is_default: bool

    @property
    def is_once(self) -> bool:
        """Whether it ends by itself."""
        return not self.check


def read_services(variables: Mapping[str, str]) -> dict[str, Service]:
    """Return the services by name.

    Raises:
        VariableMissingError: a required variable is unset or empty.
    """
    return {name: _service(name, found) for name, found in read_file(variables)["services"].items()}


def _service(name: str, found: Mapping[str, Any]) -> Service:
    volumes = [each.split(":") for each in found.get("volumes", ())]
    kind, *check = found["healthcheck"].get("test", ["NONE"])
    assert kind in {"NONE", "CMD"}, f"{name}: a health check without a shell"
    return Service(
        name,
        command=tuple(found["command"]),
        variables=found["environment"],
        volumes={target: source for source, target, *_ in volumes},
        needs={other: each["condition"] for other, each in found.get("depends_on", {}).items()},
        check=tuple(check),
        grace=float(found["stop_grace_period"].removesuffix("s")),
        is_default=not found.get("profiles"),
    )


class Containers:
    """The services as processes, in folders of their own."""

    def __init__(self, folder: Path, cluster: Cluster, services: Mapping[str, Service]) -> None:
        """Prepare; `cluster` stands for the process of the service `postgres`."""
        self.folder, self.services = folder, services
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        self.completed: set[str] = set()
        self.healthy: set[str] = set()
        self._cluster = cluster
        self._ports = {("postgres", 5432): cluster.port}
        for service in services.values():
            for source in {*service.volumes.values(), f"tmp-{service.name}"}:
                if not source.startswith("."):
                    self.volume(source).mkdir(parents=True, exist_ok=True)

    # ---- places ----

    def volume(self, source: str) -> Path:
        """Return the folder of a named volume, or a path beside the file as it is."""
        return FOLDER / source if source.startswith(".") else self.folder / source

    def port(self, service: str, inside: int) -> int:
        """Return the port of this computer for a port of a service."""
        if (service, inside) not in self._ports:
            self._ports[service, inside] = free_port()
        return self._ports[service, inside]

    def place(self, service: Service, text: str) -> str:
        """Return a word of a service with this computer's folders, hosts and ports."""
        folders = {target: str(self.volume(at)) for target, at in service.volumes.items()}
        folders["/tmp"] = str(self.folder / f"tmp-{service.name}")  # noqa: S108 - the container's
        hosts = "|".join(self.services)
        pattern = re.compile(
            rf"(?P<folder>{'|'.join(map(re.escape, folders))})\b"
            rf"|(?P<host>\b(?:{hosts})|127\.0\.0\.1):(?P<port>{_PORT})"
            rf"|^(?P<bare>{_PORT})$|(?P<everywhere>\b0\.0\.0\.0\b)"
        )

        def here(found: re.Match[str]) -> str:
            if found["folder"]:
                return folders[found["folder"]]
            if found["everywhere"]:
                return "127.0.0.1"
            if found["bare"]:
                return str(self.port(service.name, int(found["bare"])))
            host = service.name if found["host"] == "127.0.0.1" else found["host"]
            return f"127.0.0.1:{self.port(host, int(found['port']))}"

        return pattern.sub(here, text)

    def environment(self, service: Service) -> dict[str, str]:
        """Return everything that the service's process gets to know."""
        path = f"{PROGRAMS}:/usr/local/bin:/usr/bin:/bin"
        given = {"PATH": path, "PGHOST": self._cluster.host, "PGPORT": str(self._cluster.port)}
        if service.name != "postgres":
            given = {"HOME": "/tmp", **image_variables(), "PATH": path}  # noqa: S108 - theirs
        given |= {"LANG": "C.UTF-8", **service.variables}
        return {name: self.place(service, value) for name, value in given.items()} | {"PATH": path}

    # ---- processes ----

    def make_databases(self) -> None:
        """Run what the PostgreSQL image runs when its volume is new.

        Raises:
            ServiceFailedError: a script failed.
        """
        service = self.services["postgres"]
        for target, source in service.volumes.items():
            if target.startswith("/docker-entrypoint-initdb.d/"):
                done = self._call(service, [str(self.volume(source))])
                if done.returncode:
                    raise ServiceFailedError(done.stderr)

    def log(self, name: str) -> Path:
        """Return the file of a service's words."""
        return self.folder / f"{name}.log"

    def start(self, name: str) -> subprocess.Popen[bytes]:
        """Start a service as it is."""
        service = self.services[name]
        project = service.volumes.get("/srv/project", f"tmp-{name}")  # the image's folder
        with self.log(name).open("ab") as words:
            process = subprocess.Popen(
                [self.place(service, word) for word in service.command],
                cwd=self.volume(project),
                env=self.environment(service),
                stdin=subprocess.DEVNULL,
                stdout=words,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self.processes[name] = process
        return process

    def execute(self, name: str, *command: str) -> subprocess.CompletedProcess[str]:
        """Run a command as `docker compose exec` does, with the variables of the service."""
        service = self.services[name]
        return self._call(service, [self.place(service, word) for word in command])

    def _call(self, service: Service, command: list[str]) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command,
            cwd=self.folder,
            env=self.environment(service),
            capture_output=True,
            text=True,
            errors="replace",  # a dump is no text
            check=False,
        )

    def bring_up(self, *names: str) -> None:
        """Start services and whatever they need, each when its conditions hold; until healthy.

        Raises:
            ServiceFailedError: one of them ended, or was not healthy in time.
        """
        wanted = list(self._with_needs(names))
        ends_at = time.monotonic() + START_SECONDS
        while unmet := [name for name in wanted if not self._is_met(name)]:
            if time.monotonic() > ends_at:
                raise ServiceFailedError("\n".join(map(self._words, unmet)))
            for name in unmet:
                self._advance(name)
            time.sleep(0.5)

    def _with_needs(self, names: Iterable[str]) -> dict[str, None]:
        found: dict[str, None] = {}
        for name in names:
            found |= self._with_needs(self.services[name].needs) | {name: None}
        return found

    def _is_met(self, name: str) -> bool:
        return name in self.completed or name in self.healthy

    def _advance(self, name: str) -> None:
        """Start a service whose conditions hold, or look how a started one is doing."""
        service = self.services[name]
        process = self.processes.get(name)
        if name == "postgres":
            pass  # its process is the cluster
        elif process is None:
            met = {_COMPLETED: self.completed, "service_healthy": self.healthy}
            if all(other in met[condition] for other, condition in service.needs.items()):
                self.start(name)
            return
        elif (code := process.poll()) is not None:
            if code or not service.is_once:
                raise ServiceFailedError(self._words(name))
            self.completed.add(name)
            return
        if service.check and self.execute(name, *service.check).returncode == 0:
            self.healthy.add(name)

    def _words(self, name: str) -> str:
        process, log = self.processes.get(name), self.log(name)
        said = log.read_text("utf-8", errors="replace")[-2000:] if log.exists() else ""
        return f"{name}: exit code {process and process.poll()}\n{said}"

    def bring_down(self) -> dict[str, tuple[int, float]]:
        """End the services with SIGTERM, dependents first; whoever needs longer is killed.

        Returns:
            Exit code and seconds of each that was running.
        """
        ended: dict[str, tuple[int, float]] = {}
        while running := [n for n, process in self.processes.items() if process.poll() is None]:
            needed = {other for name in running for other in self.services[name].needs}
            turn = [name for name in running if name not in needed]
            started = time.monotonic()
            for name in turn:
                self.processes[name].terminate()  # it alone: what it started is its own to end
            for name in turn:
                left = started + self.services[name].grace - time.monotonic()
                try:
                    code = self.processes[name].wait(max(0.1, left))
                except subprocess.TimeoutExpired:
                    os.killpg(self.processes[name].pid, signal.SIGKILL)
                    code = self.processes[name].wait()
                ended[name] = (code, time.monotonic() - started)
        return ended

    def left_over(self) -> list[str]:
        """Return the command lines of processes of the services that are still there."""
        mark = str(self.folder).encode()
        found = []
        for each in Path("/proc").glob("[0-9]*"):
            try:
                is_ours = mark in (each / "environ").read_bytes()
                line = (each / "cmdline").read_bytes()
            except OSError:
                continue
            if is_ours and line:
                found.append(line.replace(b"\0", b" ").decode())
        return found
