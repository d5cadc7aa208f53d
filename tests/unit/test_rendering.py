"""Rendering: what a template may do, what it may not, and how its faults are worded."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from types import MappingProxyType
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest
from markupsafe import Markup

from leadline.domain.leads import LEAD_FIELDS
from leadline.domain.skips import SkipReason
from leadline.rendering.contexts import Lead, address_name, lead_context
from leadline.rendering.sandbox import Renderer, TemplateProblem, check_templates, freeze
from leadline.rendering.words import REQUEST_WORDS, choices, clock_text, say, wait_texts
from tests.contexts import (
    a_lead,
    assignment_mail,
    bundle_mail,
    nurture_mail,
    page_contexts,
    read_templates,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from leadline.errors import Problem
    from leadline.rendering.sandbox import Rendered

LANGUAGES = ("en", "ja")
HELLO = "nurture/welcome/hello"
TEMPLATES = read_templates()


def a_mail(folder: str = "nurture/a/b", lang: str = "en", **parts: str) -> dict[str, str]:
    names = {"subject": "subject.txt", "text": "body.txt", "html": "body.html"}
    return {f"{folder}/{lang}/{name}": parts.get(part, "x") for part, name in names.items()}


def render(context: Mapping[str, object], **parts: str) -> Rendered:
    return Renderer(a_mail(**parts)).render_mail("nurture/a/b", lang="en", context=context)


def page(source: str, **context: object) -> str:
    return Renderer({"pages/en/x.html": source}).render_page("x", lang="en", context=context)


def problem_of(source: str, **context: object) -> TemplateProblem:
    with pytest.raises(TemplateProblem) as caught:
        page(source, lead={"company": "Gutierrez Inc", "email": "a@example.com"}, **context)
    return caught.value


def found(path: str, source: str) -> list[Problem]:
    """What is wrong with one template beside the shared ones of this repository."""
    shared = path.partition("/")[0] + "/_"
    needed = {name: text for name, text in TEMPLATES.items() if name.startswith(shared)}
    problems = check_templates(needed | {path: source})
    return [problem for problem in problems if problem.code != "mail_part_missing"]


def codes(path: str, source: str) -> list[str]:
    return [problem.code for problem in found(path, source)]


# ---- attacks by a template ----


@pytest.mark.parametrize(
    "attack",
    [
        "{{ lead.__class__.__mro__ }}",
        "{{ lead['__class__'] }}",
        "{{ ''.__class__ }}",
        "{{ lead|attr('__class__') }}",
        "{{ ('{0.__class__}'|attr('format'))(lead) }}",
        "{{ '{0.__class__}'.format(lead) }}",
        "{{ cycler.__init__.__globals__ }}",
        "{{ self._TemplateReference__context }}",
        "{% for x in [1] %}{{ loop.cycle.__globals__ }}{% endfor %}",
        "{{ lead.company|sort(attribute='__class__') }}",
        "{{ lead.company.upper() }}",
        "{{ lead.company|safe }}",
        "{% autoescape false %}{{ lead.company }}{% endautoescape %}",
        "{{ 'x' * 999999999 }}",
        "{{ 9 ** 999999999 }}",
    ],
)
def test_template_is_refused_when_it_reaches_behind_its_data(attack: str) -> None:
    assert problem_of(attack).code in {"unsafe_expression", "unsafe_filter"}


@pytest.mark.parametrize("name", ["lipsum", "cycler", "joiner", "namespace", "range", "dict"])
def test_global_functions_do_not_exist(name: str) -> None:
    assert problem_of("{{ " + name + " }}").code == "unknown_variable"


@pytest.mark.parametrize("call", ["delete", "items", "clear", "pop"])
def test_lead_has_nothing_to_call(call: str) -> None:
    problem = problem_of("{{ lead." + call + "() }}")
    assert (problem.code, problem.variable) == ("unknown_variable", f"lead.{call}")


@pytest.mark.parametrize(
    "path", ["/etc/passwd", "../config/settings.html", "pages/en/none.html", "pages/en/x.txt"]
)
def test_include_is_refused_when_it_is_no_template_of_the_same_kind(path: str) -> None:
    problem = problem_of("{% include '" + path + "' %}")
    assert (problem.code, problem.variable) == ("include_refused", path)


def test_include_is_refused_when_its_name_is_computed() -> None:
    assert problem_of("{% include lead.company %}").code == "include_refused"


def test_endless_recursion_is_a_problem_and_no_crash() -> None:
    problem = problem_of("{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}")
    assert problem.code == "bad_value"


# ---- attacks by data ----


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("name", ["{{7*7}}", "{% include 'x' %}", "{# x #}"])
def test_lead_named_like_a_template_is_printed_literally(lang: str, name: str) -> None:
    lead = a_lead(lang, given_name=name, full_name=name)
    mail = Renderer(TEMPLATES).render_mail(HELLO, lang=lang, context=nurture_mail(lang, lead=lead))
    assert name in mail.text
    assert name.replace("'", "&#39;") in mail.html


@pytest.mark.parametrize("lang", LANGUAGES)
def test_lead_named_like_markup_is_escaped_in_every_html(lang: str) -> None:
    evil = "<script>alert(1)"
    lead = a_lead(lang, given_name=evil, full_name=evil, company=evil, title=evil, message=evil)
    renderer, bundle = Renderer(TEMPLATES), bundle_mail(lang)
    bundle["leads"][0]["lead"] = lead
    htmls = [
        renderer.render_mail(folder, lang=lang, context=context).html
        for folder, context in (
            (HELLO, nurture_mail(lang, lead=lead)),
            ("rep/assignment", assignment_mail(lang, lead=lead)),
            ("rep/bundle", bundle),
        )
    ]
    context = page_contexts(lang)["assignment"] | {"lead": lead}
    htmls.append(renderer.render_page("assignment", lang=lang, context=context))
    assert all("<script" not in html and "&lt;script&gt;" in html for html in htmls)


def test_text_that_claims_to_be_safe_markup_is_escaped() -> None:
    assert page("{{ name }}", name=Markup("<b>")) == "&lt;b&gt;"


def test_subject_is_one_line_when_a_lead_brings_line_ends() -> None:
    name = "Mei\r\nBcc: all@example.com\x00\u2028&#10;x"
    mail = render({"name": name}, subject="Hello\n{{ name }}\n")
    assert mail.subject == "Hello Mei Bcc: all@example.com x"


def test_text_part_holds_no_entities() -> None:
    source = "A &amp; B&nbsp;&lt;&#x3042;&gt; {{ name }} https://x.example/?a=1&copy=2 &nope;"
    mail = render({"name": "&quot;Mei&quot;"}, text=source)
    assert mail.text == 'A & B\xa0<あ> "Mei" https://x.example/?a=1&copy=2 &nope;\n'


def test_text_part_has_plain_line_ends_and_no_control_characters() -> None:
    mail = render({"name": "a\r\nb\x00\x07c  "}, text="{{ name }}\n\n\n\nend\n\n")
    assert mail.text == "a\nbc\n\nend\n"


# ---- strict variables ----


@pytest.mark.parametrize(
    ("source", "variable", "suggestion"),
    [
        ("{{ lead.compnay }}", "lead.compnay", "lead.company"),
        ("{{ company }}", "company", "lead.company"),
        ("{{ laed.company }}", "laed", "lead"),
        ("{{ lead.company.name }}", "name", ""),
        ("{% for x in nothing %}{% endfor %}", "nothing", ""),
    ],
)
def test_unknown_variable_is_named_with_the_nearest_one(
    source: str, variable: str, suggestion: str
) -> None:
    problem = problem_of("\n\n" + source)
    assert (problem.code, problem.line) == ("unknown_variable", 3)
    assert (problem.variable, problem.suggestion) == (variable, suggestion)


def test_problem_says_where_what_and_what_to_do_in_both_languages() -> None:
    problem = problem_of("{{ lead.compnay }}")
    for lang in LANGUAGES:
        said = problem.say(lang)
        assert said.startswith("templates/pages/en/x.html:1:0 unknown_variable `lead.compnay`")
        assert "`lead.company`" in said
        assert "leadline check" in said


@pytest.mark.parametrize("source", ["{{ lead.email + 1 }}", "{{ lead.nope }}", "{{ lead.pop() }}"])
def test_problem_never_holds_the_data(source: str) -> None:
    problem = problem_of(source)
    assert "example.com" not in f"{problem} {problem.details} {problem.say('ja')}"
    assert problem.__context__ is None
    assert problem.__cause__ is None


def test_problem_names_the_included_template() -> None:
    templates = {
        "pages/en/x.html": "{% include 'pages/en/_y.html' %}",
        "pages/en/_y.html": "\n{{ nothing }}",
    }
    with pytest.raises(TemplateProblem) as caught:
        Renderer(templates).render_page("x", lang="en", context={})
    assert (caught.value.template, caught.value.line) == ("pages/en/_y.html", 2)


def test_broken_template_is_a_problem_with_its_line() -> None:
    problem = problem_of("\n{% if %}")
    assert (problem.code, problem.line) == ("syntax_error", 2)


def test_unknown_filter_is_named_with_the_nearest_one() -> None:
    problem = problem_of("{{ lead.company|uppar }}")
    assert (problem.code, problem.suggestion) == ("unknown_filter", "upper")


# ---- which template ----


def test_mail_comes_in_the_other_language_only_when_its_folder_is_missing() -> None:
    both = a_mail(lang="en", text="English") | a_mail(lang="ja", text="日本語")
    one = a_mail(lang="en", text="English")
    assert Renderer(both).render_mail("nurture/a/b", lang="ja", context={}).text == "日本語\n"
    assert Renderer(one).render_mail("nurture/a/b", lang="ja", context={}).text == "English\n"


def test_missing_part_is_a_problem_and_not_taken_from_the_other_language() -> None:
    templates = a_mail(lang="en") | a_mail(lang="ja")
    del templates["nurture/a/b/ja/body.txt"]
    with pytest.raises(TemplateProblem) as caught:
        Renderer(templates).render_mail("nurture/a/b", lang="ja", context={})
    assert caught.value.say("en").startswith("templates/nurture/a/b/ja/body.txt template_miss")


def test_missing_page_is_a_problem() -> None:
    with pytest.raises(TemplateProblem, match="template_missing"):
        Renderer({}).render_page("x", lang="ja", context={})


# ---- plain data ----


def test_freeze_keeps_plain_data_and_makes_it_unchangeable() -> None:
    now = datetime(2026, 11, 23, tzinfo=UTC)
    frozen: object = freeze({"a": [1, 2.5, True, None], "b": {"c": now, "d": date(2026, 11, 23)}})
    assert isinstance(frozen, MappingProxyType)
    assert dict(frozen) == {"a": (1, 2.5, True, None), "b": {"c": now, "d": date(2026, 11, 23)}}
    assert freeze(frozen) == frozen


def test_freeze_makes_enum_members_plain_text() -> None:
    assert type(freeze(SkipReason.EXPIRED)) is str


@pytest.mark.parametrize("value", [object(), {1, 2}, b"x", print, {1: "x"}, [ZoneInfo("UTC")]])
def test_freeze_refuses_everything_else_without_showing_it(value: object) -> None:
    with pytest.raises(TypeError, match=r"^a template"):
        freeze(value)


# ---- leadline check ----


def test_check_finds_nothing_in_the_shipped_templates() -> None:
    assert check_templates(TEMPLATES) == ()


@pytest.mark.parametrize(
    ("source", "variable", "suggestion"),
    [
        ("{{ lead.compnay }}", "lead.compnay", "lead.company"),
        ("{{ reason.txt }}", "reason", "reasons"),
        ("{% for r in reasons %}{{ r.txt }}{% endfor %}", "r.txt", "r.text"),
        ("{{ reasons[0].txt }}", "txt", "text"),
        ("{{ rep['nama'] }}", "rep.nama", "rep.name"),
        ("{{ email }}", "email", "lead.email"),
        ("{% set x = lead %}{{ x.emial }}", "x.emial", "x.email"),
        ("{{ lead.email.domain }}", "lead.email.domain", ""),
    ],
)
def test_check_names_unknown_variables_before_anything_is_sent(
    source: str, variable: str, suggestion: str
) -> None:
    (problem,) = found("rep/assignment/en/body.txt", f"\n{source}")
    assert (problem.code, problem.line) == ("unknown_variable", 2)
    assert f"`{variable}`" in problem.message["ja"]
    assert problem.suggestion == suggestion
    assert problem.column > 1


@pytest.mark.parametrize(
    "source",
    [
        "{% for r in reasons %}{{ loop.index }}{{ r.text }}{% else %}-{% endfor %}",
        "{% with a = rep.name %}{{ a }}{% endwith %}",
        "{% macro line(x) %}{{ x.any }}{% endmacro %}{{ line(lead) }}",
        "{{ (reasons|first).text }}{{ lead.company|default('-') }}",
        "{% set all %}{{ why_you }}{% endset %}{{ all }}",
    ],
)
def test_check_accepts_what_a_template_binds_itself(source: str) -> None:
    assert found("rep/assignment/en/body.txt", source) == []


def test_check_knows_custom_fields_of_leads() -> None:
    templates = TEMPLATES | {"rep/bundle/en/subject.txt": "{{ (leads|first).lead.plant }}"}
    assert [each.code for each in check_templates(templates)] == ["unknown_variable"]
    assert check_templates(templates, fields=["plant"]) == ()


OURS = '<script src="{{ script_url }}" nonce="{{ script_nonce }}"></script>'


@pytest.mark.parametrize(
    ("markup", "is_safe"),
    [
        (OURS, True),
        (OURS.replace("script_url", 'script_url|default("")'), True),
        (OURS.replace("script_url", "form_url"), False),
        (OURS.replace("{{ script_url }}", "{{ script_url }}/../x.js"), False),
        (OURS.replace("{{ script_url }}", "/x.js"), False),
        (OURS.replace(' src="{{ script_url }}"', ""), False),
        (OURS.replace(' nonce="{{ script_nonce }}"', ""), False),
        (OURS.replace("script src", "iframe src"), False),
    ],
)
def test_check_lets_the_one_script_of_the_program_pass(markup: str, *, is_safe: bool) -> None:
    from leadline.rendering.links import unsafe_markup

    assert (list(unsafe_markup("pages/en/form.html", markup)) == []) is is_safe


@pytest.mark.parametrize(
    ("markup", "code"),
    [
        ('<a href="javascript:alert(1)">x</a>', "unsafe_link"),
        ('<a href=" &#106;avascript:alert(1)">x</a>', "unsafe_link"),
        ('<a href="data:text/html,x">x</a>', "unsafe_link"),
        ('<img src="data:image/png;base64,x">', "unsafe_link"),
        ('<a href="{{ lead.website }}">x</a>', "unsafe_link"),
        ('<a href="{{ rep.name }}:x">x</a>', "unsafe_link"),
        ("<script>x</script>", "unsafe_markup"),
        ('<p onclick="x">x</p>', "unsafe_markup"),
    ],
)
def test_check_refuses_unsafe_links_and_scripts(markup: str, code: str) -> None:
    (problem,) = found("rep/assignment/en/body.html", f"\n\n{markup}")
    assert (problem.code, problem.line) == (code, 3)


def test_check_accepts_links_that_the_program_makes() -> None:
    safe = '<a href="{{ accept_url }}">x</a><a href="tel:{{ lead.phone }}">x</a><a href="#a">x</a>'
    assert found("rep/assignment/en/body.html", safe) == []


def test_check_refuses_script_links_in_plain_text_too() -> None:
    assert codes("rep/bundle/en/body.txt", "javascript:alert(1)") == ["unsafe_link"]


@pytest.mark.parametrize(
    ("source", "code"),
    [
        ("{{ why_you|safe }}", "unsafe_filter"),
        ("{{ why_you|uppar }}", "unknown_filter"),
        ("{{ why_you.upper() }}", "unsafe_expression"),
        ("{% autoescape false %}x{% endautoescape %}", "unsafe_expression"),
        ("{% include '/etc/passwd' %}", "include_refused"),
        ("{% include 'rep/assignment/en/body.html' %}", "include_refused"),
        ("{% if %}", "syntax_error"),
        ("{{ why_you is nonsense }}", "syntax_error"),
    ],
)
def test_check_names_what_a_template_may_not_say(source: str, code: str) -> None:
    assert code in codes("rep/assignment/en/body.html", source)


def test_check_names_every_missing_part_in_every_language() -> None:
    problems = check_templates({"rep/assignment/en/subject.txt": "x"})
    assert [problem.code for problem in problems] == ["mail_part_missing"] * 5


@pytest.mark.parametrize("part", ["unsubscribe_url", "company.name", "company.postal_address"])
def test_check_demands_legal_parts_in_marketing_mail(part: str) -> None:
    parts = ["unsubscribe_url", "company.name", "company.postal_address"]
    shown = "".join("{{ " + name + " }}" for name in parts if name != part)
    (problem,) = found(f"{HELLO}/ja/body.txt", shown)
    assert problem.code == "legal_part_missing"
    assert f"`{part}`" in problem.say("ja")


def test_check_demands_legal_parts_whatever_the_data_says() -> None:
    footer = '{% if owner %}{% include "nurture/_footer/en.txt" %}{% endif %}'
    assert codes(f"{HELLO}/en/body.txt", footer) == ["legal_part_missing"] * 3


def test_check_only_warns_of_a_template_that_nothing_uses() -> None:
    (problem,) = found("page/en/thanks.html", "x")
    assert (problem.code, problem.is_warning) == ("unknown_template", True)


# ---- words ----


@pytest.mark.parametrize(
    ("lang", "lead", "name"),
    [
        ("en", {"given_name": "Lauren", "family_name": "Anderson"}, "Lauren"),
        ("en", {"full_name": "Lauren Anderson"}, "Lauren Anderson"),
        ("en", {"given_name": "充", "family_name": "鈴木"}, "鈴木 充"),
        ("en", {"family_name": None}, "there"),
        ("ja", {"given_name": "充", "family_name": "鈴木"}, "鈴木 充 様"),
        ("ja", {"full_name": "鈴木\u3000充様"}, "鈴木 充 様"),
        ("ja", {"given_name": "Lauren", "family_name": "Anderson"}, "Lauren Anderson 様"),
        ("ja", {"family_name": "鈴木"}, "鈴木 様"),
        ("ja", {}, "ご担当者 様"),
        ("ja", {"full_name": "無料 https://x.example"}, "ご担当者 様"),
        ("en", {"given_name": "Win at www.x.example"}, "there"),
        ("en", {"given_name": "x" * 61}, "there"),
    ],
)
def test_address_name_is_polite_and_repeats_no_advertisement(
    lang: str, lead: dict[str, object], name: str
) -> None:
    assert address_name(lead, lang) == name


def test_lead_context_holds_every_field_as_text() -> None:
    lead = lead_context({"employees": 250, "consent": True, "plant": None}, "en")
    assert set(lead) == {*LEAD_FIELDS, "name", "plant"}
    assert (lead["employees"], lead["consent"], lead["email"]) == ("250", "true", "")


def test_lead_type_names_exactly_the_canonical_fields() -> None:
    assert set(Lead.__annotations__) == {*LEAD_FIELDS, "name"}


def test_clock_text_states_the_local_time_and_day() -> None:
    at, zone = datetime(2026, 11, 23, 1, 25, tzinfo=UTC), ZoneInfo("Asia/Tokyo")
    assert clock_text(at, zone=zone, lang="en") == "10:25 (JST), Mon 23 Nov"
    assert clock_text(at, zone=zone, lang="ja") == "11月23日(月) 10:25 (JST)"


@pytest.mark.parametrize(
    ("wait", "english", "japanese"),
    [
        (timedelta(minutes=16, seconds=59), ("16 minutes", "16 min"), ("16分間", "16分")),
        (timedelta(minutes=119), ("119 minutes", "119 min"), ("119分間", "119分")),
        (timedelta(hours=2), ("2 hours", "2 h"), ("2時間", "2時間")),
        (timedelta(hours=47, minutes=59), ("47 hours", "47 h"), ("47時間", "47時間")),
        (timedelta(hours=71), ("2 days", "2 d"), ("2日間", "2日")),
        (timedelta(days=30), ("30 days", "30 d"), ("30日間", "30日")),
    ],
)
def test_wait_is_said_in_the_largest_unit_of_which_it_has_two(
    wait: timedelta, english: tuple[str, str], japanese: tuple[str, str]
) -> None:
    assert (wait_texts(wait, "en"), wait_texts(wait, "ja")) == (english, japanese)


def test_words_fall_back_to_the_value_itself() -> None:
    assert say(REQUEST_WORDS, "quote", "ja") == "見積希望"
    assert say(REQUEST_WORDS, "unheard_of", "ja") == "unheard_of"
    assert choices(REQUEST_WORDS, "en")[0] == {"value": "quote", "label": "Quote request"}
