"""What /openapi.json promises is kept: schemathesis calls a running server 2,000 times.

Its own command does it, in a process of its own, with every check that it has: once on the
document as it is, where names and tokens are made up, and once where they are real.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest

from tests.pages import a_site, links_of
from tests.webhooks import SECRET, SOURCES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.pages import Site

pytestmark = pytest.mark.xdist_group("openapi")  # one server

COMMAND: Final = Path(sys.executable).with_name("schemathesis")
#: The sources of webhooks that are called, by what is asked of them.
CALLED: Final = {"GET": "facebook", "POST": "generic"}
#: What is off where names are real. Which fields a form needs stands in the form's own file, so
#: that the one document of all forms calls bodies right that a form answers with 422.
NOT_OF_A_FORM: Final = "positive_data_acceptance"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    files = {f"config/mappings/{name}.yaml": SOURCES[name] for name in CALLED.values()}
    secrets = {f"LEADLINE_WEBHOOK_SECRET_{name.upper()}": (SECRET,) for name in CALLED.values()}
    home = tmp_path_factory.mktemp("openapi") / "home"
    with a_site(home, files=files, webhook_secrets=secrets) as running:
        yield running


def settings_of(site: Site, *, examples: int, is_real: bool) -> str:
    """Return a schemathesis.toml: the same calls on every day, with real names if wanted."""
    lines = ["[generation]", "deterministic = true", f"max-examples = {examples}"]
    tokens = {f"/{kind}/{{token}}": found[0] for kind, found in links_of(site.work).items()}
    real = {path: ("token", link.rpartition("/")[2]) for path, link in tokens.items()}
    named = {f"{method} /webhooks/{{source}}": ("source", name) for method, name in CALLED.items()}
    real = {"/forms/{form}": ("form", "everything"), **real}
    for key, operations in (("include-path", real), ("include-name", named)):
        for operation, (name, value) in operations.items() if is_real else ():
            lines += ["[[operations]]", f'{key} = "{operation}"']
            lines += [f'parameters = {{ "path.{name}" = "{value}" }}']
    return "\n".join(lines)


def call(site: Site, folder: Path, *words: str, examples: int, is_real: bool) -> int:
    """Let schemathesis call the server, which must please it; return how often it did."""
    settings = folder / "schemathesis.toml"
    settings.write_text(settings_of(site, examples=examples, is_real=is_real), "utf-8")
    command = [COMMAND, "--config-file", settings, "run", f"{site.url}/openapi.json", *words]
    done = subprocess.run(
        [*map(str, command), "--no-color", "--warnings", "off", "-H", f"X-Webhook-Key: {SECRET}"],
        cwd=folder,
        capture_output=True,
        encoding="utf-8",
        timeout=240,
        check=False,
    )
    counted = re.search(r"(\d+) generated, (\d+) passed", done.stdout)
    assert (done.returncode, done.stderr) == (0, ""), done.stdout
    assert counted is not None, done.stdout
    return int(counted[1])


def test_made_up_calls_are_answered_as_the_document_says(site: Site, tmp_path: Path) -> None:
    count = call(site, tmp_path, examples=48, is_real=False)
    assert count >= 1000


def test_calls_of_what_is_there_are_answered_as_the_document_says(
    site: Site, tmp_path: Path
) -> None:
    words = ("--exclude-checks", NOT_OF_A_FORM, "--phases", "coverage,fuzzing")
    count = call(site, tmp_path, *words, examples=185, is_real=True)
    assert count >= 1000
