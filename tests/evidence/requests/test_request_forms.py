"""The forms of requests: what they ask, what they refuse in which words, and what they come to."""

from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from custody.errors import FormatError
from custody.formats.canonical import canonical_json, parse_canonical
from evidence.requests.asked import asked_json, asked_of, parse_asked
from evidence.requests.questions.checks import check_form, check_page, repeats_an_hour, window
from evidence.requests.questions.forms import FieldKind
from evidence.requests.questions.paths import FORMS
from evidence.requests.states import CIVIL, Path
from tests.evidence.requests.forms_filled import CIVIL as FILLED_CIVIL
from tests.evidence.requests.forms_filled import FILLED, RULES

FORM = FORMS[Path.INSURER]


@pytest.mark.parametrize("path", Path)
def test_a_form_that_is_filled_in_is_taken_and_says_what_was_asked(path: Path) -> None:
    found = check_form(FORMS[path], FILLED[path], RULES)
    assert not found.errors
    asked = asked_of(path, found.answers)
    assert asked.start.isoformat() == "2026-11-20T14:00:00+00:00"
    assert asked.end - asked.start <= timedelta(minutes=45)
    assert all(asked.recipient)
    assert asked.organisation
    assert bool(asked.basis) == (path is not Path.SUBJECT)
    assert asked.purpose
    assert parse_asked(parse_canonical(canonical_json(asked_json(asked)))) == asked


@pytest.mark.parametrize("path", Path)
def test_whatever_is_needed_says_what_to_enter_when_it_is_missing(path: Path) -> None:
    form = FORMS[path]
    found = check_form(form, {}, RULES)
    fields = form.fields({})
    assert set(found.errors) == {name for name, field in fields.items() if field.missing}
    assert all(
        words.split()[0] in {"Enter", "Select", "Confirm"} for words in found.errors.values()
    )
    assert fields[form.mailbox].missing, "the mailbox that must be proven is always asked for"


@pytest.mark.parametrize("path", Path)
def test_each_page_asks_one_thing_and_names_are_never_two_fields_of_one_form(path: Path) -> None:
    form = FORMS[path]
    slugs = [page.slug for page in form.pages]
    names = [field.name for page in form.pages for field in page.fields]
    assert len(slugs) == len(set(slugs))
    assert len(names) == len(set(names))
    assert all(len(page.fields) <= 7 for page in form.pages)
    assert all(
        field.choices for page in form.pages for field in page.fields if field.kind == "choice"
    )


@pytest.mark.parametrize(
    ("field", "given", "words"),
    [
        ("is_criminal", "yes", "police"),
        ("is_criminal", "perhaps", "Select yes"),
        ("consent", "no", "written consent first"),
        ("email", "jo@gmail.com", "free mail"),
        ("email", "jo@free.example", "free mail"),
        ("email", "jo", "no e-mail address"),
        ("recipient_email", "sam@outlook.com", "free mail"),
        ("phone", "call me", "telephone"),
        ("incident_date", "2026-02-30", "real date"),
        ("incident_date", "2026-11-23", "in the past"),
        ("incident_date", "2016-11-20", "six years"),
        ("time_from", "25:00", "Enter a time"),
        ("time_from", "14", "minutes"),
        ("time_from", "13pm", "Enter a time"),
        ("time_to", "14:00", "later than the start"),
        ("point", "here", "latitude"),
        ("point", "95.0000, 0.1", "latitude"),
        ("cameras", "\n".join(f"C{n}" for n in range(30)), "20 at most"),
        ("cameras", "x" * 100, "60 characters"),
        ("claim_reference", "x" * 61, "60 are allowed"),
        ("description", "a\u202eb", "no plain text"),
        ("declaration", "on", "Confirm"),
    ],
)
def test_what_cannot_be_right_is_named_at_its_field(field: str, given: str, words: str) -> None:
    found = check_form(FORM, {**FILLED_CIVIL, field: given}, RULES)
    assert words in found.errors[field]
    assert list(found.errors) == [field]


def test_a_field_that_the_form_does_not_have_is_named() -> None:
    assert (
        "no such field" in check_form(FORM, {**FILLED_CIVIL, "pence": "1"}, RULES).errors["pence"]
    )


@pytest.mark.parametrize("path", [Path.POLICE, Path.CPS])
def test_the_police_ask_from_a_domain_that_the_council_knows(path: Path) -> None:
    given = {**FILLED[path], "email": "alex@police.example.attacker.example"}
    assert "no domain of the police" in check_form(FORMS[path], given, RULES).errors["email"]


def test_somebody_who_asks_for_themselves_may_use_any_mailbox_and_is_told_what_it_is_not() -> None:
    form = FORMS[Path.SUBJECT]
    assert not check_form(form, FILLED[Path.SUBJECT], RULES).errors
    given = {**FILLED[Path.SUBJECT], "for_claim": "yes"}
    assert "will not help a claim" in check_form(form, given, RULES).errors["for_claim"]
    longer = {**FILLED[Path.SUBJECT], "time_to": "15:01"}
    assert "at most 1 hour" in check_form(form, longer, RULES).errors["time_to"]


def test_past_midnight_the_end_is_of_the_next_day() -> None:
    given = {**FILLED_CIVIL, "time_from": "23:50", "time_to": "00:10"}
    found = check_form(FORM, given, RULES)
    assert not found.errors
    asked = window(found.answers)
    assert asked.end - asked.start == timedelta(minutes=20)


NIGHT = {**FILLED_CIVIL, "incident_date": "2026-10-25", "time_from": "01:50", "time_to": "02:10"}


def test_in_the_hour_that_happens_twice_one_is_asked_which() -> None:
    assert repeats_an_hour(NIGHT)
    assert not repeats_an_hour({**NIGHT, "time_from": "02:05"})
    assert "hour" not in {page.slug for page in FORM.applying(FILLED_CIVIL)}
    found = check_form(FORM, NIGHT, RULES)
    assert list(found.errors) == ["hour"]


@pytest.mark.parametrize(
    ("times", "hour", "start", "minutes"),
    [
        (("01:50", "02:10"), "summer", "00:50", 80),
        (("01:50", "02:10"), "winter", "01:50", 20),
        (("01:50", "01:10"), "both", "00:50", 20),
        (("01:10", "01:50"), "both", "00:10", 100),
        (("01:10", "01:50"), "winter", "01:10", 40),
        (("00:30", "01:30"), "summer", "23:30", 60),
    ],
)
def test_each_of_the_two_hours_can_be_meant(
    times: tuple[str, str], hour: str, start: str, minutes: int
) -> None:
    given = {**NIGHT, "time_from": times[0], "time_to": times[1], "hour": hour}
    found = check_form(FORM, given, RULES)
    assert not found.errors
    asked = window(found.answers)
    assert f"{asked.start:%H:%M}" == start
    assert asked.end - asked.start == timedelta(minutes=minutes)


def test_an_end_before_the_start_of_the_same_hour_is_refused_at_the_question_of_the_hour() -> None:
    given = {**NIGHT, "time_from": "01:50", "time_to": "01:10", "hour": "winter"}
    assert "later than the start" in check_form(FORM, given, RULES).errors["hour"]


def test_an_hour_that_the_clocks_skip_does_not_exist() -> None:
    given = {**FILLED_CIVIL, "incident_date": "2026-03-29", "time_from": "01:10"}
    assert "does not exist" in check_form(FORM, given, RULES).errors["time_from"]


def test_the_pages_stand_in_their_order_and_what_does_not_apply_is_passed_over() -> None:
    following = FORM.following("times", FILLED_CIVIL)
    assert following is not None
    assert following.slug == "place"
    night = FORM.following("times", NIGHT)
    assert night is not None
    assert night.slug == "hour"
    back = FORM.preceding("place", NIGHT)
    assert back is not None
    assert back.slug == "hour"
    assert FORM.preceding("crime", {}) is None
    assert FORM.following("declaration", FILLED_CIVIL) is None


@pytest.mark.parametrize(
    "change",
    [
        {"version": 2},
        {"path": "nobody"},
        {"start": "yesterday"},
        {"answers": {"a": 1}},
        {"answers": []},
        {"more": 1},
    ],
)
def test_facts_of_another_form_are_refused(change: dict[str, object]) -> None:
    found = check_form(FORM, FILLED_CIVIL, RULES)
    facts = {**asked_json(asked_of(Path.INSURER, found.answers)), **change}
    with pytest.raises(FormatError):
        parse_asked(facts)


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(Path), st.data())
def test_whatever_is_typed_is_taken_or_named_and_what_is_taken_is_taken_again(
    path: Path, data: st.DataObject
) -> None:
    form = FORMS[path]
    page = data.draw(st.sampled_from(form.pages))
    given = {field.name: data.draw(st.text(max_size=60)) for field in page.fields}
    found = check_page(page, given, FILLED[path], RULES)
    assert found.errors.keys() <= given.keys()
    if not found.errors:
        again = check_page(page, found.answers, FILLED[path], RULES)
        assert again.answers == found.answers


def test_the_kinds_of_fields_are_all_used() -> None:
    used = {field.kind for form in FORMS.values() for page in form.pages for field in page.fields}
    assert used == set(FieldKind)
    assert set(FORMS) == set(Path)
    assert all("is_criminal" in FORMS[path].fields({}) for path in CIVIL)
