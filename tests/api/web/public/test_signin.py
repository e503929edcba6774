"""Staff sign in through the identity provider; what proves nobody signs nobody in."""

import logging
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import UUID, uuid4

import httpx
import pytest
from joserfc.jwk import RSAKey
from sqlmodel import select

from api.app import create_app
from api.demonstration.servers import serve
from api.demonstration.standins import ACTORS, Actor, ensure_ports, read_ports
from api.running.processes import NAMES
from api.running.supervisor import Supervisor
from api.settings.environment import read_settings
from api.settings.errors import SettingsError
from api.signin.provider import Identity, IdentityProvider, parse_roles
from api.web.public.signin import _sign_in, local_path
from api.web.staff import COOKIE, SECURE_COOKIE
from custody.ledger.tables import CustodyEventRow
from evidence.people.access import Role
from evidence.people.people import NAMELESS, PROVIDER
from evidence.people.tables import PersonRow, StaffSessionRow
from tests.api.web.standing import LyingProvider, lying_provider, secret_as_key, stand_ins
from tests.api.web.visiting import Visitor, visiting
from tests.houses import House

Opens = Callable[..., Visitor]
STATE = f"{COOKIE}_sign_in"


@pytest.fixture(scope="module")
def standing(house: House) -> Iterator[None]:
    """Run the demonstration's own provider."""
    with stand_ins(house.settings):
        yield


@pytest.fixture
def provider() -> Iterator[LyingProvider]:
    """Serve a provider that a test can make lie."""
    with lying_provider() as served:
        yield served


@pytest.fixture
def asks(
    house: House, provider: LyingProvider, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[[], Visitor]]:
    """Return what opens browsers at an application that trusts that provider.

    It keeps nothing that the provider said before: a test may change that at any moment.
    """
    monkeypatch.setattr("api.signin.provider._KEPT_S", 0.0)
    callback = f"{house.settings.origin}/sign-in/callback"
    trusting = IdentityProvider(provider.sign_in, callback=callback)
    app = create_app(replace(house.services, provider=trusting))
    with ExitStack() as stack:
        yield lambda: stack.enter_context(visiting(app, house))


def through(visitor: Visitor, path: str) -> httpx.Response:
    """Follow a sign-in to the provider and back; return our last answer."""
    begun = visitor.get(path)
    assert begun.status_code == 303, begun.text
    answer = httpx.get(begun.headers["location"])
    assert answer.status_code == 302, answer.text
    return visitor.get(answer.headers["location"])


def back(visitor: Visitor, provider: LyingProvider, path: str = "/sign-in", **more: str) -> Any:  # noqa: ANN401 - httpx's Response
    """Sign in at the provider of our own; return our answer."""
    url = visitor.get(path).headers["location"]
    state = parse_qs(urlsplit(url).query)["state"][0]
    params = {"code": provider.authorise(url), "state": state, **more}
    return visitor.get("/sign-in/callback", params=params)


def nobody(visitor: Visitor, answer: httpx.Response, status: int = 400) -> None:
    assert answer.status_code == status
    assert "not signed in" in answer.text
    assert COOKIE not in visitor.cookies
    assert STATE not in visitor.cookies


def member(house: House, issuer: str, subject: str = "248289761001") -> PersonRow | None:
    return house.look(
        lambda s: s.exec(
            select(PersonRow).where(PersonRow.issuer == issuer, PersonRow.subject == subject)
        ).first()
    )


@pytest.mark.usefixtures("standing")
@pytest.mark.parametrize("actor", ACTORS, ids=lambda one: one.subject)
def test_each_actor_of_the_demonstration_signs_in_with_their_role(
    house: House, browser: Opens, actor: Actor
) -> None:
    visitor = browser()
    answer = through(visitor, f"/sign-in?as={actor.subject}&then=/console")
    assert (answer.status_code, answer.headers["location"]) == (303, "/console")
    services = house.services
    subject = house.look(
        lambda s: services.sessions.find(s, visitor.cookies[COOKIE], at=services.clock())
    )
    assert subject is not None
    assert (subject.name, tuple(subject.roles)) == (actor.name, actor.roles)
    assert STATE not in visitor.cookies


@pytest.mark.usefixtures("standing")
def test_the_stand_in_asks_who_one_is_if_nobody_says(browser: Opens) -> None:
    url = browser().get("/sign-in").headers["location"]
    shown = httpx.get(url)
    assert shown.status_code == 200
    assert "http" not in shown.text.replace("http-equiv", "")
    chosen = httpx.post(url, data={"sub": "rosa"})
    assert chosen.status_code == 302
    denied = httpx.post(url, data={"action": "deny"})
    assert "error=access_denied" in denied.headers["location"]


def test_the_browser_is_told_nothing_that_lets_others_finish(
    asks: Callable[[], Visitor], provider: LyingProvider
) -> None:
    begun = asks().get("/sign-in")
    asked = parse_qs(urlsplit(begun.headers["location"]).query)
    assert asked["code_challenge_method"] == ["S256"]
    assert asked["response_type"] == ["code"]
    assert len(asked["state"][0]) >= 43
    assert len(asked["nonce"][0]) >= 43
    assert asked["redirect_uri"][0].startswith("http://127.0.0.1:8000/")
    assert asked["client_id"] == [provider.client]
    cookie = begun.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    assert "Max-Age=600" in cookie


def test_whoever_signs_in_is_known_by_issuer_and_subject_and_by_nothing_else(
    house: House, asks: Callable[[], Visitor], provider: LyingProvider
) -> None:
    back(asks(), provider)
    first = member(house, provider.issuer)
    provider.claims = {"name": "Jane Roe", "email": "roe@council.gov.uk"}
    back(asks(), provider)
    again = member(house, provider.issuer)
    provider.claims = {"sub": "other", "name": "Jane Roe", "email": "roe@council.gov.uk"}
    back(asks(), provider)
    other = member(house, provider.issuer, "other")
    assert first is not None
    assert again is not None
    assert other is not None
    assert first.id == again.id != other.id
    assert (again.name, again.email) == ("Jane Roe", "roe@council.gov.uk")


@pytest.mark.parametrize("name", ["", "\u202egnik", "two\nlines", "x" * 201, 7, None, ["Jane"]])
def test_a_name_that_cannot_be_kept_signs_a_nameless_person_in(
    house: House, asks: Callable[[], Visitor], provider: LyingProvider, name: object
) -> None:
    provider.claims = {"name": name}
    assert back(asks(), provider).status_code == 303
    row = member(house, provider.issuer)
    assert row is not None
    assert row.name == NAMELESS


def test_an_address_that_the_provider_has_not_checked_is_not_kept(
    house: House, asks: Callable[[], Visitor], provider: LyingProvider
) -> None:
    provider.claims = {"email": "jane@council.gov.uk", "email_verified": False}
    back(asks(), provider)
    row = member(house, provider.issuer)
    assert row is not None
    assert row.email == ""


def test_a_provider_cannot_make_somebody_the_house_s_own_actor(
    house: House, asks: Callable[[], Visitor], provider: LyingProvider
) -> None:
    name = f"Custos, a machine called {uuid4()}"
    provider.claims = {"name": name}
    back(asks(), provider)
    person = member(house, provider.issuer)
    assert person is not None
    assert person.name == name
    with house.services.transaction() as session:
        assert house.services.people.known(session, name) != person.id


@pytest.mark.parametrize(
    ("claim", "roles"),
    [
        (["operator", "Releaser"], {Role.OPERATOR, Role.RELEASER}),
        ("AUDITOR finance", {Role.AUDITOR, Role.FINANCE}),
        (["root", "operator "], {Role.OPERATOR}),
        (["operators", "opera tor"], set()),
        ({"operator": True}, set()),
        ([["operator"]], set()),
        (True, set()),
        (None, set()),
    ],
)
def test_a_claim_names_roles_in_a_list_or_between_spaces(claim: object, roles: set[Role]) -> None:
    assert parse_roles(claim) == roles


def test_a_change_of_roles_at_the_provider_is_told_once_and_ends_older_sessions(
    house: House, asks: Callable[[], Visitor], provider: LyingProvider
) -> None:
    provider.claims = {"roles": ["operator", "releaser"]}
    early = asks()
    back(early, provider)
    back(asks(), provider)
    provider.claims = {"roles": ["operator"]}
    late = asks()
    back(late, provider)
    person = member(house, provider.issuer)
    assert person is not None
    told = [
        (values["actor"], values["role"])
        for values in _changes(house)
        if values["subject"] == f"Jane Doe ({person.id})"
    ]
    by = f"{PROVIDER} ({house.look(lambda s: house.services.people.known(s, PROVIDER))})"
    assert sorted(told) == [
        (by, "no longer releaser"),
        (by, "operator"),
        (by, "releaser"),
    ]
    services, now = house.services, house.services.clock()
    assert house.look(lambda s: services.sessions.find(s, early.cookies[COOKIE], at=now)) is None
    assert house.look(lambda s: services.sessions.find(s, late.cookies[COOKIE], at=now))


def test_somebody_who_signs_in_twice_at_once_is_one_person(house: House) -> None:
    issuer = f"https://{uuid4()}.example"
    jane = Identity(issuer, "jane", "Jane Twice", "", frozenset({Role.OPERATOR}))
    together = threading.Barrier(4)

    def signs_in(_: int) -> UUID:
        together.wait()
        return _sign_in(house.services, jane, None)[0].person

    with ThreadPoolExecutor(4) as pool:
        (person,) = set(pool.map(signs_in, range(4)))
    told = [one for one in _changes(house) if one["subject"] == f"Jane Twice ({person})"]
    assert [one["role"] for one in told] == ["operator"]


def _changes(house: House) -> list[dict[str, object]]:
    with house.services.transaction() as session:
        rows = session.exec(
            select(CustodyEventRow).where(CustodyEventRow.event == "role.changed")
        ).all()
        return [
            {one.field: one.value for one in house.services.ledger.openings(session, row.id)}
            for row in rows
        ]


def test_whoever_has_no_role_is_told_whom_to_ask_and_can_sign_out(
    asks: Callable[[], Visitor], provider: LyingProvider
) -> None:
    provider.claims = {"roles": []}
    visitor = asks()
    answer = back(visitor, provider, "/sign-in?then=/console/exhibits")
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    shown = visitor.get("/")
    assert "you have no role here yet" in shown.text
    assert "Ask the person who runs Custos" in shown.text
    assert visitor.fill("/sign-out", {}).status_code == 303
    assert COOKIE not in visitor.cookies


@pytest.mark.parametrize(
    "change",
    [
        {"claims": {"iss": "https://evil.example"}},
        {"claims": {"aud": "another client"}},
        {"claims": {"aud": "another client", "azp": "custos"}},
        {"claims": {"aud": ["custos", "another client"]}},
        {"claims": {"aud": ["custos", "another client"], "azp": "another client"}},
        {"claims": {"nonce": "of an earlier sign-in"}},
        {"claims": {"nonce": None}},
        {"claims": {"exp": 1}},
        {"claims": {"iat": 99_999_999_999}},
        {"claims": {"sub": 7}},
        {"claims": {"sub": ""}},
        {"claims": {"sub": " 248289761001"}},
        {"claims": {"sub": "x" * 256}},
        {"claims": {"at_hash": "AAAA"}},
        {"metadata": {"issuer": "https://evil.example"}},
        {"metadata": {"token_endpoint": None}},
        {"metadata": {"authorization_response_iss_parameter_supported": True}},
        {"signed_by": RSAKey.generate_key(2048)},
    ],
    ids=lambda change: str(change)[:60],
)
def test_what_proves_nobody_signs_nobody_in(
    house: House, asks: Callable[[], Visitor], provider: LyingProvider, change: dict[str, Any]
) -> None:
    visitor = asks()
    url = visitor.get("/sign-in").headers["location"]
    code, state = provider.authorise(url), parse_qs(urlsplit(url).query)["state"][0]
    before = _sessions(house)
    for name, value in change.items():
        setattr(provider, name, value)
    nobody(visitor, visitor.get("/sign-in/callback", params={"code": code, "state": state}))
    assert _sessions(house) == before


def test_our_own_client_secret_does_not_sign_for_the_provider(
    asks: Callable[[], Visitor], provider: LyingProvider
) -> None:
    provider.algorithm = "HS256"
    provider.signed_by = provider.published = secret_as_key(provider)
    visitor = asks()
    nobody(visitor, back(visitor, provider))


@pytest.mark.parametrize(
    "offered", [[], ["none"], ["HS256"], ["HS512", "none"], "RS256", None, {}, 7, [[]], [None]]
)
def test_a_provider_that_offers_no_safe_signature_signs_nobody_in(
    asks: Callable[[], Visitor],
    provider: LyingProvider,
    offered: object,
    caplog: pytest.LogCaptureFixture,
) -> None:
    provider.metadata = {"id_token_signing_alg_values_supported": offered}
    for secret in (False, True):
        if secret:
            provider.algorithm = "HS256"
            provider.signed_by = provider.published = secret_as_key(provider)
        visitor = asks()
        caplog.clear()
        nobody(visitor, back(visitor, provider))
        assert "signs in no way that is safe" in caplog.text


def test_sign_ins_that_fail_and_sign_outs_are_logged_and_name_nobody(
    house: House,
    asks: Callable[[], Visitor],
    provider: LyingProvider,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO, "custos.signin")
    asks().get("/sign-in/callback?code=c&state=s")
    assert caplog.messages == [
        "a sign-in failed: this browser did not begin it, or more than 10 minutes ago"
    ]
    caplog.clear()
    visitor = asks()
    state = parse_qs(urlsplit(visitor.get("/sign-in").headers["location"]).query)["state"][0]
    evil = "access_denied\n2026-11-21 INFO custos.signin: signed in\x1b[2J\u202e" + "x" * 500
    visitor.get("/sign-in/callback", params={"error": evil, "state": state})
    [line] = caplog.messages
    assert line.startswith("a sign-in failed: the identity provider says access_denied\\n2026")
    assert line.isprintable()
    assert len(line) < 200
    caplog.clear()
    provider.claims = {"nonce": "of an earlier sign-in"}
    back(asks(), provider)
    assert caplog.messages[0].startswith("a sign-in failed: the ID token does not hold")
    caplog.clear()
    provider.claims = {}
    visitor = asks()
    back(visitor, provider)
    visitor.fill("/sign-out", {})
    row = member(house, provider.issuer)
    assert row is not None
    said, left = caplog.messages
    assert said.startswith(f"signed in: {row.id}")
    assert left == f"signed out: {row.id}"
    assert row.name not in caplog.text


def test_an_answer_that_names_another_issuer_is_refused(
    asks: Callable[[], Visitor], provider: LyingProvider
) -> None:
    visitor = asks()
    nobody(visitor, back(visitor, provider, iss="https://evil.example"))
    assert back(visitor, provider, iss=provider.issuer).status_code == 303


def _sessions(house: House) -> int:
    return len(house.look(lambda s: s.exec(select(StaffSessionRow)).all()))


def test_a_callback_that_this_browser_did_not_begin_signs_nobody_in(
    asks: Callable[[], Visitor], provider: LyingProvider
) -> None:
    attacker, victim = asks(), asks()
    url = attacker.get("/sign-in").headers["location"]
    params = {"code": provider.authorise(url), "state": parse_qs(urlsplit(url).query)["state"][0]}
    nobody(victim, victim.get("/sign-in/callback", params=params))
    victim.get("/sign-in")
    nobody(victim, victim.get("/sign-in/callback", params=params))
    assert params["code"] in provider.codes  # nobody even asked what it was worth


def test_a_callback_works_once(asks: Callable[[], Visitor], provider: LyingProvider) -> None:
    visitor = asks()
    url = visitor.get("/sign-in").headers["location"]
    params = {"code": provider.authorise(url), "state": parse_qs(urlsplit(url).query)["state"][0]}
    kept = visitor.cookies[STATE]
    assert visitor.get("/sign-in/callback", params=params).status_code == 303
    visitor.cookies.clear()
    nobody(visitor, visitor.get("/sign-in/callback", params=params))
    # The provider does not take its code twice either.
    headers = {"Cookie": f"{STATE}={kept}"}
    nobody(visitor, visitor.get("/sign-in/callback", params=params, headers=headers))


@pytest.mark.parametrize("cookie", ["", "x", "e30.aaaa.bbbb", "\u00e9" * 10, "A" * 5000])
def test_a_state_cookie_that_is_not_ours_signs_nobody_in(
    asks: Callable[[], Visitor], cookie: str
) -> None:
    headers = {"Cookie": f"{STATE}={cookie}".encode()}
    answer = asks().get("/sign-in/callback?code=c&state=s", headers=headers)
    assert answer.status_code == 400


def test_somebody_who_chose_not_to_sign_in_is_told_so(
    asks: Callable[[], Visitor],
) -> None:
    visitor = asks()
    url = visitor.get("/sign-in").headers["location"]
    params = {"error": "access_denied", "state": parse_qs(urlsplit(url).query)["state"][0]}
    answer = visitor.get(
        "/sign-in/callback", params={**params, "error_description": "<b>Call 0900 12345</b>"}
    )
    nobody(visitor, answer, 403)
    assert "0900" not in answer.text


def test_a_provider_that_is_away_is_said_and_nothing_breaks(house: House) -> None:
    with lying_provider() as provider:
        away = IdentityProvider(provider.sign_in, callback=f"{house.settings.origin}/x")
    app = create_app(replace(house.services, provider=away))
    with visiting(app, house) as visitor:
        answer = visitor.get("/sign-in")
        assert answer.status_code == 503
        assert "Signing in does not work just now" in answer.text
        assert "retry-after" in answer.headers


def test_a_provider_that_goes_away_in_the_middle_is_said(
    asks: Callable[[], Visitor], provider: LyingProvider
) -> None:
    provider.metadata = {"token_endpoint": "http://127.0.0.1:9/token"}
    visitor = asks()
    assert back(visitor, provider).status_code == 503
    assert COOKIE not in visitor.cookies


def test_a_session_that_was_there_before_is_worth_nothing_after(
    house: House, asks: Callable[[], Visitor], provider: LyingProvider
) -> None:
    visitor = asks()
    visitor.sign_in(Role.AUDITOR)
    old = visitor.cookies[COOKIE]
    answer = back(visitor, provider)
    new = answer.cookies[COOKIE]
    services, now = house.services, house.services.clock()
    assert new != old
    assert house.look(lambda s: services.sessions.find(s, old, at=now)) is None
    cookie = next(one for one in answer.headers.get_list("set-cookie") if f"{COOKIE}=" in one)
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    assert "Path=/" in cookie
    assert "Domain" not in cookie


def test_a_secret_that_somebody_else_chose_is_not_taken_over(
    house: House, asks: Callable[[], Visitor], provider: LyingProvider
) -> None:
    visitor = asks()
    visitor.cookies.set(COOKIE, "chosen-by-an-attacker")
    answer = back(visitor, provider)
    assert answer.cookies[COOKIE] != "chosen-by-an-attacker"
    now = house.services.clock()
    found = house.look(lambda s: house.services.sessions.find(s, "chosen-by-an-attacker", at=now))
    assert found is None


def test_over_tls_the_cookies_are_bound_to_host_and_transport(
    house: House, provider: LyingProvider
) -> None:
    settings = replace(house.settings, public_url="https://cctv.council.gov.uk")
    trusting = IdentityProvider(provider.sign_in, callback=f"{settings.origin}/sign-in/callback")
    services = replace(house.services, settings=settings, provider=trusting)
    with visiting(create_app(services), replace(house, settings=settings)) as visitor:
        answer = back(visitor, provider)
    assert answer.status_code == 303
    set_cookies = answer.headers.get_list("set-cookie")
    for name in (SECURE_COOKIE, f"{SECURE_COOKIE}_sign_in"):
        (cookie,) = (one for one in set_cookies if one.startswith(f"{name}="))
        assert "Secure" in cookie
        assert "Path=/" in cookie


@pytest.mark.parametrize(
    "then",
    [
        "//evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "https://evil.example",
        "https:evil.example",
        "javascript:alert(1)",
        "%2f%2fevil.example",
        "/%2fevil.example",
        "/%5cevil.example",
        "/%252fevil.example",
        "/\t/evil.example",
        "/%09/evil.example",
        "/\n/evil.example",
        "/console\r\nSet-Cookie: a=b",
        "/\u2028/evil.example",
        " //evil.example",
        "",
        "evil.example",
        "/sign-out",
        "/sign-in",
    ],
)
def test_a_sign_in_leads_to_no_other_place_than_ours(
    asks: Callable[[], Visitor], provider: LyingProvider, then: str
) -> None:
    assert local_path(then) == "/console"
    visitor = asks()
    url = visitor.get("/sign-in", params={"then": then}).headers["location"]
    params = {"code": provider.authorise(url), "state": parse_qs(urlsplit(url).query)["state"][0]}
    answer = visitor.get("/sign-in/callback", params=params)
    assert answer.headers["location"] == "/console"


@pytest.mark.parametrize("then", ["/console", "/console/exhibits/JS%2F1?page=2", "/"])
def test_a_sign_in_leads_back_to_where_it_began(then: str) -> None:
    assert local_path(then) == then


def test_signing_out_ends_the_session_and_not_only_the_cookie(house: House, browser: Opens) -> None:
    visitor = browser(Role.OPERATOR)
    secret = visitor.cookies[COOKIE]
    answer = visitor.fill("/sign-out", {})
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    assert answer.headers["set-cookie"].startswith(f'{COOKIE}=""; expires=')
    now = house.services.clock()
    assert house.look(lambda s: house.services.sessions.find(s, secret, at=now)) is None


def test_nobody_is_signed_out_by_a_link_or_by_another_site(house: House, browser: Opens) -> None:
    visitor = browser(Role.OPERATOR)
    secret = visitor.cookies[COOKIE]
    assert visitor.get("/sign-out").status_code == 200
    assert visitor.post("/sign-out").status_code == 403
    form = {"form_token": "guess"}
    assert visitor.post("/sign-out", form).status_code == 403
    elsewhere = {"Sec-Fetch-Site": "cross-site"}
    assert visitor.fill("/sign-out", {}, headers=elsewhere).status_code == 403
    now = house.services.clock()
    assert house.look(lambda s: house.services.sessions.find(s, secret, at=now)) is not None


def test_signing_out_twice_is_no_mistake(browser: Opens) -> None:
    visitor = browser()
    assert visitor.get("/sign-out").headers["location"] == "/"
    assert visitor.post("/sign-out").headers["location"] == "/"


def test_the_start_page_offers_roles_and_mail_in_a_demonstration_only(
    house: House, browser: Opens
) -> None:
    shown = browser().get("/").text
    assert "Sign in as Olive Operator" in shown
    assert "/demonstration/mail" in shown
    services = replace(house.services, settings=replace(house.settings, production=True))
    with visiting(create_app(services), house) as visitor:
        real = visitor.get("/").text
    assert "Sign in" in real
    assert "Olive" not in real
    assert "/demonstration/" not in real


def test_nobody_is_hinted_at_a_real_provider(house: House, provider: LyingProvider) -> None:
    callback = f"{house.settings.origin}/sign-in/callback"
    services = replace(
        house.services,
        settings=replace(house.settings, production=True),
        provider=IdentityProvider(provider.sign_in, callback=callback),
    )
    with visiting(create_app(services), house) as visitor:
        url = visitor.get("/sign-in?as=olive").headers["location"]
    assert "login_hint" not in url


def test_stand_ins_never_run_in_production(tmp_path: Path) -> None:
    settings = replace(read_settings({}, data=tmp_path), production=True)
    with pytest.raises(SettingsError, match="do not run with CUSTOS_ENV=production"):
        serve(settings, threading.Event(), ())
    assert not (tmp_path / "standins.json").exists()


def test_the_stand_ins_are_a_process_of_a_demonstration_only(tmp_path: Path) -> None:
    demonstration = read_settings({}, data=tmp_path)
    for settings, more in (
        (demonstration, ["standins"]),
        (replace(demonstration, production=True), []),
    ):
        supervisor = Supervisor(settings, NAMES, print)
        assert [one.name for one in supervisor._processes] == [*NAMES, *more]


def test_the_stand_ins_keep_their_ports(tmp_path: Path) -> None:
    assert ensure_ports(tmp_path) == ensure_ports(tmp_path)
    ports = ensure_ports(tmp_path)
    assert len({ports.sign_in, ports.mail, ports.payments}) == 3


def test_a_directory_of_the_version_before_is_given_the_port_that_it_lacks(tmp_path: Path) -> None:
    kept = tmp_path / "standins.json"
    kept.write_text('{"sign_in": 30500, "mail": 30501}')
    with pytest.raises(SettingsError, match="of another version"):
        read_ports(tmp_path)
    ports = ensure_ports(tmp_path)
    assert (ports.sign_in, ports.mail) == (30500, 30501)
    assert read_ports(tmp_path) == ports
