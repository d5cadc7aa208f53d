"""Links of mails: which are counted, what becomes of the markup, and what nobody sees."""

from __future__ import annotations

import re
from typing import Final

import pytest

from leadline.domain.links import (
    Target,
    keep_campaign,
    read_subject,
    with_parameter,
    write_subject,
)
from leadline.domain.tokens import read_token
from leadline.mail.tracked import Tracker
from leadline.rendering.sandbox import Renderer
from leadline.rendering.tracked import add_trap, lead_over, mark_links, unmark
from tests.builders import NOW

CONTEXT: Final = {
    "lead": {"name": 'Mai "x" <b>', "email": "mai@example.com", "country": "JP"},
    "company": {"name": "Example", "contact": "https://example.com/contact"},
    "sequence": "welcome",
    "step": "hello",
    "unsubscribe_url": "https://leads.example.com/u/x",
}
MESSAGE: Final = "a" * 26
BASE: Final = "https://leads.example.com"


def rendered(markup: str) -> str:
    """Return one template rendered with its links marked."""
    templates = {"pages/en/mail.html": markup}
    return Renderer(mark_links(templates)).render_page("mail", lang="en", context=CONTEXT)


def led_over(html: str) -> tuple[str, list[str]]:
    """Return a mail with its links changed, and the addresses that they had."""
    seen: list[str] = []

    def keep(url: str) -> str:
        seen.append(url)
        return "NEW"

    return lead_over(html, keep), seen


def plain(markup: str) -> str:
    return Renderer({"pages/en/mail.html": markup}).render_page("mail", lang="en", context=CONTEXT)


COUNTED: Final = {
    "plain": '<a href="https://example.com/">x</a>',
    "single quotes": "<a class='b' href='https://example.com/'>x</a>",
    "capitals": '<A HREF = "HTTPS://example.com/">x</A>',
    "over lines": '<a\n  style="color:red"\n  href="https://example.com/"\n>x</a>',
    "a sign of HTML in quotes": '<a title="a > b" href="https://example.com/">x</a>',
    "a condition in the tag": '<a {% if lead.name > "A" %}class="b"{% endif %} href="https://example.com/">',
    "an area": '<area href="https://example.com/">',
    "a button of Outlook": '<!--[if mso]><v:roundrect href="https://example.com/"><![endif]-->',
    "the sequence": '<a href="https://example.com/?a={{ sequence }}&amp;b={{ step }}">x</a>',
}
LEFT: Final = {
    "mail": '<a href="mailto:a@example.com">x</a>',
    "telephone": '<a href="tel:+8112345678">x</a>',
    "a place on the page": '<a href="#top">x</a>',
    "our own link": '<a href="{{ unsubscribe_url }}">x</a>',
    "something of the lead": '<a href="https://example.com/?mail={{ lead.email }}">x</a>',
    "a style sheet": '<link href="https://example.com/a.css">',
    "another attribute": '<a data-href="https://example.com/" href="#top">x</a>',
    "text": "href=\"https://example.com/\" and <p>{{ lead.name }} href='https://example.com/'</p>",
}


@pytest.mark.parametrize("name", COUNTED)
def test_link_that_is_the_same_for_all_is_counted(name: str) -> None:
    html, (url,) = led_over(rendered(COUNTED[name]))
    assert url.lower().startswith("https://example.com/")
    assert html == plain(COUNTED[name]).replace(url, "NEW")


@pytest.mark.parametrize("name", LEFT)
def test_other_link_stays_as_it_is(name: str) -> None:
    html = lead_over(rendered(LEFT[name]), lambda _: "NEW")
    assert html == plain(LEFT[name])


def test_mail_without_tracking_is_what_the_template_says() -> None:
    markup = "".join([*COUNTED.values(), *LEFT.values()])
    assert unmark(rendered(markup)) == plain(markup)
    tracker = Tracker("", ["key"], BASE)
    assert tracker.track(rendered(markup), message=MESSAGE) == plain(markup)
    assert tracker.targets == {}


def test_text_template_is_never_marked() -> None:
    text = {"a/body.txt": '<a href="https://example.com/">'}
    assert mark_links(text) == text


def test_what_a_lead_is_called_makes_no_link() -> None:
    markup = '<a href="https://example.com/{{ company.name }}">{{ lead.name }}</a>'
    context = CONTEXT | {"lead": {"name": '"\ufdd0\ufdd1https://evil.example/"'}}
    made = Renderer(mark_links({"pages/en/mail.html": markup}))
    html = made.render_page("mail", lang="en", context=context)
    _, seen = led_over(html)
    assert seen == ["https://example.com/Example"]


def test_token_names_the_mail_and_the_target_and_no_more() -> None:
    tracker = Tracker(BASE, ["old key", "new key"], f"{BASE}/")
    markup = '<body><a href="https://example.com/?a=1&amp;b=2&copy=3">x</a></body>'
    html = tracker.track(rendered(markup), message=MESSAGE)
    links = re.findall(rf"{BASE}/c/([\w.-]+)", html)
    subjects = [read_token("click", token, keys=["new key"], now=NOW) or "" for token in links]
    assert [read_subject(each)[0] for each in subjects] == [MESSAGE, MESSAGE]
    targets = [tracker.targets[read_subject(each)[1]] for each in subjects]
    assert targets == [
        Target("https://example.com/?a=1&b=2&copy=3"),
        Target(f"{BASE}/", is_trap=True),
    ]
    assert tracker.track(rendered(markup), message=MESSAGE) == html, "the same for the same mail"


def test_target_that_no_browser_would_open_is_left() -> None:
    markup = '<a href="https://exa mple.com/">x</a><a href="https://[x/">y</a>'
    tracker = Tracker(BASE, ["key"], f"{BASE}/")
    assert markup in tracker.track(rendered(markup), message=MESSAGE)
    assert [each.is_trap for each in tracker.targets.values()] == [True]


@pytest.mark.parametrize(
    "html", ["<body><p>x</p></body></html>", "<BODY><p>x</p></BODY >", "<p>x</p>", ""]
)
def test_trap_is_added_once_and_hidden_in_every_way(html: str) -> None:
    trapped = add_trap(html, "https://example.com/c/x")
    (trap,) = re.findall(r"<div .*</div>\n", trapped)
    assert trapped.replace(trap, "") == html
    for sign in ("display:none", "mso-hide:all", 'aria-hidden="true"', 'tabindex="-1"'):
        assert sign in trap
    assert "></a>" in trap, "no words for whoever reads without styles"


def test_trap_and_link_to_the_same_place_are_two_targets() -> None:
    assert Target(BASE).key != Target(BASE, is_trap=True).key
    assert read_subject(write_subject(MESSAGE, Target(BASE))) == (MESSAGE, Target(BASE).key)


def test_address_keeps_of_its_query_what_names_a_campaign() -> None:
    url = "https://example.com/a?q=mai%40example.com&utm_source=mail&x=1&utm_medium=e%20m#part"
    assert keep_campaign(url) == "https://example.com/a?utm_source=mail&utm_medium=e+m"
    assert keep_campaign("https://example.com/資料?x=1") == "https://example.com/資料"


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://example.com/", "https://example.com/?ll=t"),
        ("https://example.com/?a=%20+b", "https://example.com/?a=%20+b&ll=t"),
        ("https://example.com/a#b?c", "https://example.com/a?ll=t#b?c"),
    ],
)
def test_parameter_is_added_before_the_fragment(url: str, expected: str) -> None:
    assert with_parameter(url, "ll", "t") == expected
