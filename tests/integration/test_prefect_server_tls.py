"""A named Prefect server behind HTTPS: whom we trust, and why one does not answer."""

from __future__ import annotations

import ssl
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import TYPE_CHECKING

import pytest
import trustme

from leadline.cli.prefect_server import PrefectServerSilent, find_server, free_port, is_healthy
from leadline.config.environment import read_environment

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NOT_TRUSTED = ("self-signed certificate", "unable to get local issuer certificate")


@contextmanager
def a_server(tls: ssl.SSLContext | None = None, status: int = 200) -> Iterator[str]:
    """Run what answers the health route alone; gives the address of its API."""

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status if self.path == "/api/health" else 404)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Answer) as server:
        if tls is not None:
            server.socket = tls.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"{'http' if tls is None else 'https'}://127.0.0.1:{server.server_port}/api"
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    """Give a certificate authority of the company's own."""
    return trustme.CA()


@pytest.fixture
def file(authority: trustme.CA, tmp_path: Path) -> str:
    """Give the file that names the authority."""
    path = tmp_path / "authority.pem"
    authority.cert_pem.write_to_path(str(path))
    return str(path)


@pytest.fixture
def url(authority: trustme.CA) -> Iterator[str]:
    """Give the API of a server with a certificate of that authority."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    with a_server(context) as started:
        yield started


def silence(url: str, folder: Path) -> PrefectServerSilent:
    """Return the error about a named server that cannot be used."""
    environment = read_environment({"LEADLINE_HOME": str(folder), "PREFECT_API_URL": url})
    with pytest.raises(PrefectServerSilent) as caught:
        find_server(environment)
    return caught.value


@pytest.mark.parametrize("lang", ["en", "ja"])
def test_certificate_of_nobody_we_trust_is_named_as_the_reason(
    url: str, tmp_path: Path, lang: str
) -> None:
    error = silence(url, tmp_path)
    assert any(words in error.say(lang) for words in NOT_TRUSTED)
    assert "PREFECT_API_SSL_CERT_FILE" in error.say(lang)


def test_authority_that_prefect_is_told_of_is_trusted(
    url: str, file: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PREFECT_API_SSL_CERT_FILE", file)
    environment = read_environment({"LEADLINE_HOME": str(tmp_path), "PREFECT_API_URL": url})
    assert find_server(environment).api_url == url


@pytest.mark.parametrize(("word", "is_trusted"), [("true", True), ("1", True), ("false", False)])
def test_check_that_prefect_leaves_out_is_left_out(
    url: str, word: str, monkeypatch: pytest.MonkeyPatch, *, is_trusted: bool
) -> None:
    monkeypatch.setenv("PREFECT_API_TLS_INSECURE_SKIP_VERIFY", word)
    assert is_healthy(url) is is_trusted


def test_file_of_an_authority_that_is_missing_is_named_as_the_reason(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PREFECT_API_SSL_CERT_FILE", str(tmp_path / "nowhere.pem"))
    assert "No such file" in silence(url, tmp_path).say("en")


def test_server_that_is_not_there_is_told_from_one_that_is_out_of_order(tmp_path: Path) -> None:
    absent = silence(f"http://127.0.0.1:{free_port()}/api", tmp_path)
    assert "does not answer: Connection refused" in absent.say("en")
    with a_server(status=503) as url:
        assert "(HTTP 503)" in silence(url, tmp_path).say("ja")
