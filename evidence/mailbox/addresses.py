"""Pure. To whom a link may go: one named person, at a mailbox of their organisation.

A domain says only where a mailbox is, and a code proves only that somebody reads it; so free mail
proves nothing at all, and police and prosecutors have domains of their own.
"""

import re
from collections.abc import Collection, Sequence

from evidence.errors import InvalidError
from evidence.wording import check_words

FIELD = "recipient_email"
MOST = 254
"""Characters of an address (RFC 5321, section 4.5.3.1.3, without the brackets)."""
_MOST_LOCAL = 64

_FREE = """
    aim.com aol.co.uk aol.com blueyonder.co.uk btinternet.com btopenworld.com duck.com fastmail.com
    fastmail.fm gmail.com gmx.co.uk gmx.com gmx.net googlemail.com hey.com hotmail.co.uk hotmail.com
    hotmail.fr hushmail.com icloud.com inbox.com live.co.uk live.com live.ie mac.com mail.com
    mail.ru me.com msn.com ntlworld.com o2.co.uk outlook.co.uk outlook.com pm.me proton.me
    protonmail.ch protonmail.com qq.com rocketmail.com sky.com talk21.com talktalk.net tesco.net
    tiscali.co.uk tuta.com tuta.io tutanota.com virgin.net virginmedia.com web.de yahoo.co.uk
    yahoo.com yahoo.ie yandex.com yandex.ru ymail.com zoho.com
"""
FREE_MAIL = frozenset(_FREE.split())
"""Where anybody opens a mailbox under any name: the large ones, and those of British providers."""

_FREE_FAMILY = re.compile(r"(hotmail|yahoo|live|outlook|gmx)\.[a-z]{2,3}(\.[a-z]{2})?")
"""Families of free mail with a domain for each country."""

_ROLES = """
    accounts admin cctv claims claimsteam contact customerservice enquiries enquiry footage help
    info legal mail motorclaims newclaims office postmaster reception sales solicitors support team
"""
_SHARED = frozenset(_ROLES.split())
_ATOM = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*")
_DOMAIN = re.compile(
    r"(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+(?!-)[a-z][a-z0-9-]{0,61}[a-z0-9]"
)


def check_address(text: str) -> str:
    """Return an address of one mailbox, its domain in small letters.

    Raises:
        InvalidError: it is none, or one that not every mail server can carry.
    """
    text = check_words(FIELD, text, most=MOST)
    if not text.isascii():
        raise InvalidError(
            FIELD,
            "This address has letters that not every mail server can carry, and that can make one "
            "address look like another. Ask for an address in plain letters a to z.",
        )
    local, _, domain = text.rpartition("@")
    domain = domain.lower()
    if not _ATOM.fullmatch(local) or len(local) > _MOST_LOCAL or not _DOMAIN.fullmatch(domain):
        raise InvalidError(FIELD, f"{text!r} is no e-mail address of one named person")
    return f"{local}@{domain}"


def check_reachable(
    address: str, *, domains: Sequence[str] | None, free: Collection[str] = ()
) -> None:
    """Demand that a link may be sent to ``address``, which `check_address` returned.

    ``domains`` are those to which such a link must go, or to a part of them; None: any but free
    mail. ``free`` is what a council counts as free mail beside what everybody knows.

    Raises:
        InvalidError: it may not; the message says what to ask the recipient for.
    """
    domain = address.rpartition("@")[2]
    if domains is None:
        if _is_free(domain, free):
            raise InvalidError(
                FIELD,
                f"{domain} is free mail, where anybody can use any name. Footage goes to a mailbox "
                "of the organisation: ask the recipient for their address at work.",
            )
    elif not any(domain == one or domain.endswith(f".{one}") for one in domains):
        raise InvalidError(
            FIELD,
            f"{domain} is no domain of the police or the prosecution that this council knows "
            f"({', '.join(domains)}). Ask the recipient for their address at work, or have the "
            "domain added to council.toml.",
        )


def check_company_domain(field: str, text: str, *, free: Collection[str]) -> str:
    """Return a domain of mailboxes, in small letters, that belongs to one organisation.

    Raises:
        InvalidError: it is no domain, or free mail.
    """
    domain = text.strip().lower()
    if not _DOMAIN.fullmatch(domain) or len(domain) > MOST:
        words = "what stands after the @ of an address, such as insurer.example"
        raise InvalidError(field, f"{text.strip()[:80]!r} is no domain of mailboxes: enter {words}")
    if _is_free(domain, free):
        raise InvalidError(field, f"{domain} is free mail, where anybody can use any name")
    return domain


def _is_free(domain: str, free: Collection[str]) -> bool:
    return domain in FREE_MAIL or domain in free or bool(_FREE_FAMILY.fullmatch(domain))


def looks_shared(address: str) -> bool:
    """Tell whether an address looks like a mailbox that several people read: worth a question."""
    local = re.sub(r"[^a-z]", "", address.partition("@")[0].lower())
    return local in _SHARED
