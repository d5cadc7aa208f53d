"""LEADLINE_SMTP_URL: what it may say, and when a link can be opened where the mail is read."""

from __future__ import annotations

import pytest

from leadline.mail.relay import (
    BadSmtpUrl,
    Relay,
    is_loopback,
    is_public_url,
    links_work,
    read_relay,
)

PUBLIC, LOOPBACK = "https://leads.example.com", "http://127.0.0.1:8080"


@pytest.mark.parametrize(
    ("relay", "url"),
    [
        (Relay("mx.example.com", 587, "starttls"), "smtp://mx.example.com"),
        (Relay("mx.example.com", 2525, "starttls"), "smtp://mx.example.com:2525"),
        (Relay("mx.example.com", 465, "required"), "smtp://mx.example.com?tls=required"),
        (Relay("mx.example.com", 25, "none"), "smtp://mx.example.com?tls=none"),
        (Relay("127.0.0.1", 25, "none"), "smtp://127.0.0.1"),
        (Relay("localhost", 587, "starttls"), "smtp://localhost?tls=starttls"),
        (Relay("::1", 25, "none"), "smtp://[::1]"),
        (
            Relay("mx.example.com", 587, "starttls", "a@b", "p:/?#@"),
            "smtp://a%40b:p%3A%2F%3F%23%40@mx.example.com",
        ),
    ],
)
def test_url_is_read_with_its_defaults(relay: Relay, url: str) -> None:
    assert relay == read_relay(url)


@pytest.mark.parametrize("url", ["mailbox:", "", "  "])
def test_built_in_mailbox_is_no_relay(url: str) -> None:
    assert read_relay(url) is None


@pytest.mark.parametrize(
    "url",
    [
        "smtps://mx.example.com",
        "mx.example.com",
        "smtp://",
        "smtp://mx.example.com:port",
        "smtp://mx.example.com:99999",
        "smtp://mx.example.com?tls=maybe",
        "smtp://[::1",
    ],
)
def test_url_that_cannot_be_read_is_refused_in_both_languages(url: str) -> None:
    with pytest.raises(BadSmtpUrl) as refused:
        read_relay(url)
    assert "LEADLINE_SMTP_URL" in refused.value.say("en")
    assert "LEADLINE_SMTP_URL" in refused.value.say("ja")


def test_password_is_never_shown() -> None:
    relay = read_relay("smtp://user:geheim@mx.example.com")
    assert "geheim" not in f"{relay!r} {relay}"
    with pytest.raises(BadSmtpUrl) as refused:
        read_relay("smtp://user:geheim@mx.example.com:port")
    assert "geheim" not in str(refused.value)


@pytest.mark.parametrize("host", ["localhost", "app.localhost", "127.0.0.1", "127.8.8.8", "::1"])
def test_this_computer_is_loopback(host: str) -> None:
    assert is_loopback(host)


@pytest.mark.parametrize("host", ["example.com", "localhost.example.com", "10.0.0.1", "128.0.0.1"])
def test_another_computer_is_not_loopback(host: str) -> None:
    assert not is_loopback(host)


@pytest.mark.parametrize(
    "url",
    [LOOPBACK, "http://localhost", "http://[::1]:8080", "http://0.0.0.0:8080", "http://[::]", ""],
)
def test_address_that_only_this_computer_can_open_is_not_public(url: str) -> None:
    assert not is_public_url(url)


@pytest.mark.parametrize(
    ("work", "smtp_url", "base_url"),
    [
        (True, "mailbox:", LOOPBACK),
        (True, "smtp://127.0.0.1:2525", LOOPBACK),
        (True, "smtp://mx.example.com", PUBLIC),
        (True, "mailbox:", PUBLIC),
        (False, "smtp://mx.example.com", LOOPBACK),
        (False, "smtp://10.0.0.1?tls=none", "http://localhost:8080"),
    ],
)
def test_links_work_unless_mail_leaves_a_computer_that_its_links_lead_back_to(
    *, work: bool, smtp_url: str, base_url: str
) -> None:
    assert work is links_work(smtp_url, base_url)
