"""Every template of this repository renders, in both languages, and does what the law asks."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Final

import pytest

from leadline.domain.leads import LANGUAGES
from leadline.rendering.contexts import ADMIN_MAILS, FORM_MAILS, PAGES, REP_MAILS
from leadline.rendering.sandbox import Renderer, check_templates
from leadline.rendering.words import DECLINE_WORDS
from tests.contexts import (
    a_company,
    a_lead,
    a_wait,
    assignment_mail,
    assignment_page,
    bundle_mail,
    form_page,
    mail_contexts,
    nurture_mail,
    page_contexts,
    read_templates,
)

if TYPE_CHECKING:
    from leadline.rendering.sandbox import Rendered

TEMPLATES: Final = read_templates()
RENDERER: Final = Renderer(TEMPLATES)
MAILS: Final = [(folder, lang) for lang in LANGUAGES for folder in sorted(mail_contexts(lang))]
NURTURE: Final = [each for each in MAILS if each[0].startswith("nurture/")]
SHOWN_PAGES: Final = [(name, lang) for lang in LANGUAGES for name in PAGES]
STATES: Final = ("offered", "accepted", "declined", "expired", "reassigned")
JAPANESE: Final = re.compile(r"[\u3040-\u30ff\u4e00-\u9fff]")

every_mail = pytest.mark.parametrize(("folder", "lang"), MAILS)
every_nurture_mail = pytest.mark.parametrize(("folder", "lang"), NURTURE)
every_page = pytest.mark.parametrize(("name", "lang"), SHOWN_PAGES)
every_language = pytest.mark.parametrize("lang", LANGUAGES)


class Markup(HTMLParser):
    """Collects tags with their attributes, and which elements were left open."""

    VOID: Final = frozenset({"br", "input", "link", "meta", "img", "hr"})

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.open: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, {name: value or "" for name, value in attrs}))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def all(self, tag: str) -> list[dict[str, str]]:
        return [attributes for name, attributes in self.tags if name == tag]


def mail(folder: str, lang: str) -> Rendered:
    return RENDERER.render_mail(folder, lang=lang, context=mail_contexts(lang)[folder])


def page(name: str, lang: str) -> str:
    return RENDERER.render_page(name, lang=lang, context=page_contexts(lang)[name])


def test_check_finds_nothing() -> None:
    assert [problem.say("en") for problem in check_templates(TEMPLATES)] == []


def test_every_mail_and_page_that_is_known_exists() -> None:
    folders = {folder for folder, _ in MAILS}
    assert {f"rep/{name}" for name in REP_MAILS} <= folders
    assert {f"admin/{name}" for name in ADMIN_MAILS} <= folders
    assert {f"forms/{name}" for name in FORM_MAILS} <= folders
    assert {f"pages/{lang}/{name}.html" for name, lang in SHOWN_PAGES} <= set(TEMPLATES)


@every_mail
def test_mail_has_subject_text_and_html(folder: str, lang: str) -> None:
    rendered = mail(folder, lang)
    assert 0 < len(rendered.subject) < 120
    assert "\n" not in rendered.subject
    assert len(rendered.text) > 200
    assert rendered.html.startswith("<!DOCTYPE html>")


@every_mail
def test_mail_speaks_the_language_of_its_folder(folder: str, lang: str) -> None:
    context = mail_contexts("en")[folder]
    rendered = RENDERER.render_mail(folder, lang=lang, context=context)
    assert f'<html lang="{lang}">' in rendered.html
    assert bool(JAPANESE.search(rendered.text)) is (lang == "ja")
    assert bool(JAPANESE.search(rendered.html)) is (lang == "ja")


@every_mail
def test_mail_is_small_self_contained_and_well_formed(folder: str, lang: str) -> None:
    rendered = mail(folder, lang)
    markup = Markup(rendered.html)
    assert len(rendered.html.encode()) < 8 * 1024
    assert not markup.open
    assert not markup.all("img") + markup.all("link") + markup.all("style")
    assert "italic" not in rendered.html


@every_mail
def test_mail_states_the_same_links_as_text_and_html(folder: str, lang: str) -> None:
    rendered = mail(folder, lang)
    links = {link["href"] for link in Markup(rendered.html).all("a")}
    web = {link for link in links if link.startswith("https:")}
    assert set(re.findall(r"https:\S+", rendered.text)) == web


@every_nurture_mail
def test_marketing_mail_shows_sender_address_contact_and_unsubscribe_link(
    folder: str, lang: str
) -> None:
    rendered, company = mail(folder, lang), a_company(lang)
    for part in (rendered.text, rendered.html):
        assert company["name"] in part
        assert company["postal_address"] in part
        assert company["contact"] in part
        assert nurture_mail(lang)["unsubscribe_url"] in part


@pytest.mark.parametrize("owner", [None, {"name": "Joy Harrell", "email": "rep02@example.com"}])
@every_nurture_mail
def test_marketing_mail_has_no_double_full_stop_when_the_sender_is_named_with_one(
    folder: str, lang: str, owner: object
) -> None:
    company = {**a_company(lang), "name": "Leadline Trading Inc."}
    context = nurture_mail(lang, company=company, owner=owner)
    rendered = RENDERER.render_mail(folder, lang=lang, context=context)
    assert "Inc." in rendered.text
    assert "Inc.." not in rendered.subject + rendered.text + rendered.html


@every_nurture_mail
def test_marketing_mail_renders_when_little_is_known(folder: str, lang: str) -> None:
    bare = dict.fromkeys(a_lead(lang), "") | {"name": "there"}
    rendered = RENDERER.render_mail(
        folder, lang=lang, context=nurture_mail(lang, lead=bare, owner=None)
    )
    assert "there" in rendered.text
    assert "None" not in rendered.text + rendered.html


def test_japanese_marketing_mail_addresses_company_and_person() -> None:
    for folder, _ in NURTURE:
        text = mail(folder, "ja").text
        assert text.startswith("池田鉱業合同会社\n鈴木 充 様\n")


def test_assignment_subject_states_grade_company_request_and_deadline() -> None:
    context = assignment_mail("ja", lead=a_lead("ja", company="山田製作所"))
    rendered = RENDERER.render_mail("rep/assignment", lang="ja", context=context)
    assert rendered.subject == "A1 · 山田製作所 · 見積希望 · 返答期限 10:25"
    assert mail("rep/assignment", "en").subject == (
        "A1 · Ramirez, Johnson and Jones · Quote request · reply by 10:25"
    )


def test_late_lead_is_marked_in_subject_text_and_html() -> None:
    told = {lang: assignment_mail(lang, **a_wait(lang)) for lang in LANGUAGES}
    english, japanese = (
        RENDERER.render_mail("rep/assignment", lang=lang, context=told[lang]) for lang in LANGUAGES
    )
    assert english.subject.startswith("LATE 3 d · A1 · Ramirez")
    assert japanese.subject.startswith("遅延3日 · A1 · 池田鉱業合同会社")
    said = "LATE: this lead has waited 3 days, since 09:25 (JST), Fri 20 Nov, and reaches you only"
    assert said in english.text
    assert (
        "【遅延】このリードには 11月20日(金) 09:25 (JST) から3日間お待ちいただいています。"
    ) in japanese.text
    for rendered, words in ((english, ("LATE:", "3 days")), (japanese, ("【遅延】", "3日間"))):
        assert all(f"<strong>{word}</strong>" in rendered.html for word in words)
        assert not Markup(rendered.html).open


@every_language
@pytest.mark.parametrize("folder", ["rep/assignment", "rep/bundle"])
def test_rep_reads_reasons_with_their_points_in_text_and_html(folder: str, lang: str) -> None:
    rendered = RENDERER.render_mail(folder, lang=lang, context=mail_contexts(lang)[folder])
    points, reason = {
        "en": ("+25", "viewed the pricing page 3 times, last on 20 Nov"),
        "ja": ("+25点", "料金ページを3回閲覧 (最終 11月20日)"),
    }[lang]
    assert f"{points} {reason}" in rendered.text
    assert f"<strong>{points}</strong> {reason}" in rendered.html


@every_language
@pytest.mark.parametrize(("late", "words"), [(1, "1"), (2, "2"), (6, "all")])
def test_bundle_says_how_many_are_late_and_marks_each(lang: str, late: int, words: str) -> None:
    context = bundle_mail(lang, count=6, late_count=late)
    rendered = RENDERER.render_mail("rep/bundle", lang=lang, context=context)
    mark = "LATE 3 d:" if lang == "en" else "遅延3日:"
    assert (rendered.text.count(mark), rendered.html.count(mark)) == (late, late)
    assert (f"{late} LATE" if lang == "en" else f"うち遅延{late}件") in rendered.subject
    counted = {"1": "このうち1件", "2": "このうち2件", "all": "すべて"}[words]
    verb = "reaches" if late == 1 else "reach"
    said = f"LATE: {words} of them {verb} you" if lang == "en" else f"【遅延】{counted}の通知"
    assert said in rendered.text


@pytest.mark.parametrize("folder", ["rep/assignment", "rep/bundle"])
@every_language
def test_rep_mail_of_leads_in_time_has_no_word_of_lateness(folder: str, lang: str) -> None:
    rendered = mail(folder, lang)
    whole = rendered.subject + rendered.text + rendered.html
    assert "LATE" not in whole
    assert "遅延" not in whole


@every_language
def test_assignment_mail_leads_to_call_mail_accept_and_decline_first(lang: str) -> None:
    context = assignment_mail(lang)
    links = [link["href"] for link in Markup(mail("rep/assignment", lang).html).all("a")]
    assert links == [context[f"{name}_url"] for name in ("call", "mail", "accept", "decline")]


@every_language
def test_assignment_mail_renders_when_little_is_known(lang: str) -> None:
    bare = dict.fromkeys(a_lead(lang), "") | {"name": "ご担当者 様"}
    context = assignment_mail(
        lang, lead=bare, call_url="", reasons=[], talking_points=[], is_repeat=True
    )
    rendered = RENDERER.render_mail("rep/assignment", lang=lang, context=context)
    assert "tel:" not in rendered.html
    assert rendered.subject.startswith("[Repeat] A" if lang == "en" else "【再送】A")


@every_language
def test_rep_mail_says_what_its_links_do_when_the_rep_answers_by_mail(lang: str) -> None:
    answer = {"accept_url": "mailto:a@example.com", "decline_url": "mailto:a@example.com"}
    bundle = bundle_mail(lang)
    bundle["leads"] = [lead | {"page_url": answer["accept_url"]} for lead in bundle["leads"]]
    for folder, by_mail in (
        ("rep/assignment", assignment_mail(lang, **answer)),
        ("rep/bundle", bundle),
    ):
        told = RENDERER.render_mail(folder, lang=lang, context=by_mail)
        assert ("prepare" if lang == "en" else "返信用のメール") in told.text
        assert ("prepare" if lang == "en" else "返信用のメール") in told.html


@every_language
def test_assignment_mail_leaves_the_deadline_out_when_there_is_none(lang: str) -> None:
    context = assignment_mail(lang, due_text="")
    rendered = RENDERER.render_mail("rep/assignment", lang=lang, context=context)
    assert rendered.subject.endswith(context["request_text"])


@every_language
def test_assignment_mail_stays_small_when_the_lead_wrote_a_novel(lang: str) -> None:
    context = assignment_mail(lang, lead=a_lead(lang, message="長" * 100_000))
    rendered = RENDERER.render_mail("rep/assignment", lang=lang, context=context)
    assert len(rendered.html.encode()) < 8 * 1024


@every_language
def test_bundle_mail_shows_every_lead_with_its_page(lang: str) -> None:
    context = bundle_mail(lang, count=100, late_count=100)
    rendered = RENDERER.render_mail("rep/bundle", lang=lang, context=context)
    assert len(Markup(rendered.html).all("a")) == 100
    # Gmail clips what is longer.
    assert len(rendered.html.encode()) < 102 * 1024


@every_page
def test_page_is_accessible_and_needs_nothing_from_elsewhere(name: str, lang: str) -> None:
    html = page(name, lang)
    markup = Markup(html)
    assert markup.all("html") == [{"lang": lang}]
    assert len(markup.all("main")) == len(markup.all("h1")) == len(markup.all("title")) == 1
    assert {"name": "referrer", "content": "no-referrer"} in markup.all("meta")
    assert not markup.all("script") + markup.all("link") + markup.all("img")
    assert "url(" not in html
    assert not markup.open


@every_page
def test_page_labels_every_field_that_people_fill(name: str, lang: str) -> None:
    markup = Markup(page(name, lang))
    labels = {label.get("for") for label in markup.all("label")}
    fields = markup.all("input") + markup.all("select") + markup.all("textarea")
    asked = [field for field in fields if field.get("type") not in {"hidden", "checkbox"}]
    assert all(field["id"] in labels for field in asked)
    ids = [attributes["id"] for _, attributes in markup.tags if "id" in attributes]
    assert len(ids) == len(set(ids))


@every_language
def test_form_names_each_error_beside_its_field_and_above(lang: str) -> None:
    html, error = page("form", lang), form_page(lang)["fields"][0]["error"]
    assert html.count(error) == 2
    assert 'aria-invalid="true" aria-describedby="error-email"' in html
    fine = RENDERER.render_page("form", lang=lang, context=form_page(lang, has_error=False))
    assert 'role="alert"' not in fine


@every_language
def test_unsubscribe_page_has_one_post_button_and_no_address(lang: str) -> None:
    markup = Markup(page("unsubscribe", lang))
    assert [form["method"] for form in markup.all("form")] == ["post"]
    assert len(markup.all("button")) == 1
    assert "@" not in page("unsubscribe", lang).partition("<main>")[2]


@every_language
@pytest.mark.parametrize("state", STATES)
def test_assignment_page_has_buttons_only_while_it_is_offered(lang: str, state: str) -> None:
    context = assignment_page(lang, state=state)
    markup = Markup(RENDERER.render_page("assignment", lang=lang, context=context))
    offered = state == "offered"
    assert len(markup.all("button")) == (2 if offered else 0)
    assert len(markup.all("option")) == (len(DECLINE_WORDS) + 1 if offered else 0)


@every_language
def test_answered_page_words_each_state_apart(lang: str) -> None:
    said = {
        RENDERER.render_page("answered", lang=lang, context={"state": state})
        for state in STATES[1:]
    }
    assert len(said) == len(STATES) - 1
