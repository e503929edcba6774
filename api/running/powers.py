"""Edge. What each process is given: the secrets that it needs for its work, and no others.

The supervisor alone reads the environment, `engines.json` and every key. What it hands to a process
goes through a pipe; the environment and the command line of a process hold no secret of ours. So
whoever takes over the web process has what that one has (docs/adr/0019-powers.md).
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from api.settings.facts import Mail, Notify, Pay, Settings, SignIn
from custody.keys.keyring import WITHHOLDABLE
from custody.keys.roots import ROOTS
from storage.embedded.addresses import Addresses, S3Access

_OWN = "CUSTOS_"


@dataclass(frozen=True, slots=True)
class Power:
    """What one process may hold; the keys by the names of their files."""

    keys: frozenset[str] = frozenset()
    database: bool = False
    """As the role of the service. No process is ever the owner of the tables."""
    store: frozenset[str] = frozenset()
    """Identities at the object store, by the names of the fields of `Addresses`."""
    sign_in: bool = False
    """The secret that we show to the identity provider."""
    mail: bool = False
    """What a mail server, or Notify, knows us by."""
    pay: frozenset[str] = frozenset()
    """What payments are taken with, or calls about them known by: names of fields of `Pay`."""


_WRITES = {"event-hmac.key", "record-kek.key", "code-hmac.key", "letter-aead.key"}
"""Whoever writes events opens records; codes are checked here and made there, letters sealed and
opened."""
POWERS: Mapping[str, Power] = {
    "web": Power(
        # Documents come in here, and are shown here; deleting them takes no key.
        keys=frozenset({*_WRITES, "cookie-hmac.key", "document-aead.key"}),
        database=True,
        store=frozenset({"intake"}),
        sign_in=True,
        # Whoever pays is sent on at once, and the provider calls here.
        pay=frozenset({"key", "webhook_secret"}),
    ),
    # Seals and stamps; holds what a court wants kept, with the identity that may also delete.
    "worker": Power(
        keys=frozenset({*_WRITES, "seal.key", "tsa.key"}),
        database=True,
        store=frozenset({"intake", "disposal"}),
        mail=True,
        pay=frozenset({"key"}),
    ),
    # Publishes the log, and clears away what a wider object stands for; nothing that is locked.
    "sequencer": Power(
        keys=frozenset({"log.key", "event-hmac.key"}),
        database=True,
        store=frozenset({"publisher"}),
    ),
    "standins": Power(),
}


def environment(environ: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of a process: what is not ours, and no setting of Custos."""
    return {name: value for name, value in environ.items() if not name.startswith(_OWN)}


def hand_over(name: str, settings: Settings, addresses: Addresses | None) -> bytes:
    """Write what the process ``name`` is given, for its standard input.

    ``addresses`` says where the engines are; None: they do not run, and nobody asks for them.
    """
    power = POWERS[name]
    given = None if addresses is None else _given(power, addresses)
    told = asdict(
        replace(
            settings,
            engines=given if settings.engines is not None else None,
            given=None if settings.engines is not None else given,
            withheld=(WITHHOLDABLE | set(ROOTS)) - power.keys,
            sign_in=_sign_in(power, settings.sign_in),
            mail=_mail(power, settings.mail),
            pay=_pay(power, settings.pay),
        )
    )
    return json.dumps(told, default=_plain).encode()


def take_over(told: bytes) -> Settings:
    """Read what `hand_over` wrote."""
    kept = json.loads(told)
    return Settings(
        **{
            **kept,
            **{name: Path(kept[name]) for name in ("data", "keys", "council_file", "spool")},
            "tsa_chain": None if kept["tsa_chain"] is None else Path(kept["tsa_chain"]),
            "engines": _addresses(kept["engines"]),
            "given": _addresses(kept["given"]),
            "withheld": frozenset(kept["withheld"]),
            "proxies": tuple(kept["proxies"]),
            "sandbox_without": tuple(kept["sandbox_without"]),
            "time_server": None if kept["time_server"] is None else tuple(kept["time_server"]),
            "sign_in": None if kept["sign_in"] is None else SignIn(**kept["sign_in"]),
            "mail": _read_mail(kept["mail"]),
            "pay": None if kept["pay"] is None else Pay(**kept["pay"]),
        }
    )


def _plain(value: object) -> object:
    return sorted(value) if isinstance(value, frozenset) else str(value)


def _given(power: Power, addresses: Addresses) -> Addresses:
    def access(identity: str) -> S3Access:
        whole: S3Access = getattr(addresses, identity)
        if identity in power.store:
            return whole
        return replace(whole, access_key="", secret_key="")

    return replace(
        addresses,
        owner_url="",
        app_url=addresses.app_url if power.database else "",
        intake=access("intake"),
        publisher=access("publisher"),
        disposal=access("disposal"),
    )


def _sign_in(power: Power, whole: SignIn | None) -> SignIn | None:
    return whole if whole is None or power.sign_in else replace(whole, secret="")


def _mail(power: Power, whole: Mail) -> Mail:
    """Withhold what mail is sent with; the token of Notify's calls to us stays: pages check it."""
    if power.mail:
        return whole
    notify = whole.notify and replace(whole.notify, key="")
    return replace(whole, smtp_url=_without_password(whole.smtp_url), notify=notify)


def _pay(power: Power, whole: Pay | None) -> Pay | None:
    if whole is None:
        return None
    return replace(whole, **dict.fromkeys({"key", "webhook_secret"} - power.pay, ""))


def _without_password(url: str) -> str:
    parts = urlsplit(url)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()


def _addresses(kept: Mapping[str, Any] | None) -> Addresses | None:
    if kept is None:
        return None
    stores = {name: S3Access(**kept[name]) for name in ("intake", "publisher", "disposal")}
    return Addresses(**{**kept, **stores})


def _read_mail(kept: Mapping[str, Any]) -> Mail:
    notify = kept["notify"]
    return Mail(**{**kept, "notify": None if notify is None else Notify(**notify)})
