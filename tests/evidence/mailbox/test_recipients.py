"""A link goes to one named person at their organisation's mailbox, and to nobody else."""

import pytest

from evidence.errors import InvalidError
from evidence.mailbox.addresses import FREE_MAIL, check_address, check_reachable, looks_shared

POLICE = ("police.uk", "cps.gov.uk")


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        (" Alex.Example@Insurer.CO.UK ", "Alex.Example@insurer.co.uk"),
        ("o'neill+claims@a-b.example", "o'neill+claims@a-b.example"),
    ],
)
def test_an_address_keeps_its_name_and_its_domain_is_written_small(typed: str, kept: str) -> None:
    assert check_address(typed) == kept


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "alex",
        "@b.example",
        "alex@",
        "alex@localhost",
        "alex@b..example",
        "alex@-b.example",
        "alex@b-.example",
        "alex@b.example.",
        ".alex@b.example",
        "alex.@b.example",
        "a..b@c.example",
        "alex@b.example, eve@c.example",
        "alex@b.example@c.example",
        '"alex@b.example"@c.example',
        "Alex <alex@b.example>",
        "alex@b.example\r\nBcc: eve@c.example",
        "alex\n@b.example",
        "alex@[127.0.0.1]",
        "alex@127.0.0.1",
        f"{'a' * 65}@b.example",
        f"a@{'b' * 64}.example",
        f"alex@{'b.' * 130}example",
    ],
)
def test_what_is_no_address_of_one_mailbox_is_refused(typed: str) -> None:
    with pytest.raises(InvalidError) as refused:
        check_address(typed)
    assert refused.value.field == "recipient_email"


@pytest.mark.parametrize("typed", ["alex@p\u043elice.uk", "älex@b.example", "alex@b\u3002example"])
def test_letters_that_look_like_others_are_refused_with_a_plain_reason(typed: str) -> None:
    with pytest.raises(InvalidError, match="plain letters a to z"):
        check_address(typed)


@pytest.mark.parametrize(
    "domain", [*sorted(FREE_MAIL), "hotmail.it", "yahoo.com.au", "outlook.de", "live.nl"]
)
def test_free_mail_gets_no_link(domain: str) -> None:
    with pytest.raises(InvalidError, match="address at work"):
        check_reachable(f"alex@{domain}", domains=None)


@pytest.mark.parametrize("domain", ["insurer.example", "hotmail-claims.co.uk", "mygmail.com"])
def test_any_other_mailbox_of_a_company_does(domain: str) -> None:
    check_reachable(f"alex@{domain}", domains=None)


@pytest.mark.parametrize(
    "domain", ["police.uk", "barset.police.uk", "barset.pnn.police.uk", "cps.gov.uk"]
)
def test_police_and_prosecution_are_at_their_domains_and_below(domain: str) -> None:
    check_reachable(f"alex@{domain}", domains=POLICE)


@pytest.mark.parametrize("domain", ["evilpolice.uk", "police.uk.example", "gov.uk", "police.co.uk"])
def test_what_only_looks_like_the_police_is_refused(domain: str) -> None:
    with pytest.raises(InvalidError, match="no domain of the police"):
        check_reachable(f"alex@{domain}", domains=POLICE)


def test_a_mailbox_of_a_team_is_noticed() -> None:
    assert looks_shared("Motor-Claims@insurer.example")
    assert looks_shared("info@insurer.example")
    assert not looks_shared("alex.example@insurer.example")
    assert not looks_shared("infovich@insurer.example")


def test_a_council_adds_domains_of_free_mail_of_its_own() -> None:
    check_reachable("alex@mailbox.example", domains=None)
    with pytest.raises(InvalidError, match="free mail"):
        check_reachable("alex@mailbox.example", domains=None, free={"mailbox.example"})
