"""Edge. What production must not run with: the one place that knows it."""

import os
import re
from collections.abc import Sequence

from api.settings.council import read_council
from api.settings.errors import SettingsError
from api.settings.facts import Council, Settings
from custody.errors import FormatError
from custody.formats.certificates import Certificate, is_test_authority, parse_chain
from custody.keys.keyfiles import ABOUT
from custody.keys.keyring import load

DEMONSTRATION_SECRET = "custos-demonstration"  # noqa: S105 - refused in production
_INVENTED = re.compile(r"(^|\.)(example|test|invalid|localhost)$")
"""Names that nobody can own (RFC 2606, section 2)."""


def refuse_stand_ins(settings: Settings) -> None:
    """Refuse a production start with stand-ins, before anything is started or made.

    Raises:
        SettingsError: names each of them at once.
        KeyStoreError: the keys cannot be read.
    """
    if not settings.production:
        return
    there = os.path.lexists(settings.keys / ABOUT)
    keyring = load(settings.keys, withheld=settings.withheld) if there else None
    chain = _read_authority(settings)
    refuse_demonstration(
        settings,
        read_council(settings) if settings.council_file.exists() else None,
        keys_are_demonstration=keyring.demonstration if keyring else None,
        authority_is_test=any(map(is_test_authority, chain)),
    )


def _read_authority(settings: Settings) -> tuple[Certificate, ...]:
    if settings.tsa_chain is None:
        return ()
    try:
        return parse_chain(settings.tsa_chain.read_bytes())
    except OSError as error:
        raise SettingsError(
            f"CUSTOS_TSA_CHAIN: {settings.tsa_chain} cannot be read ({error.strerror}): name the "
            "file with the time authority's certificates (PEM), the root last"
        ) from error
    except FormatError as error:
        raise SettingsError(f"CUSTOS_TSA_CHAIN: {settings.tsa_chain}: {error}") from error


def refuse_unprotected(settings: Settings, missing: Sequence[str]) -> None:
    """Refuse a production start on a machine that lacks a protection of the sandbox.

    ``missing`` as `export.media.sandbox.protections` names them: ``network namespace (why)``.

    Raises:
        SettingsError: names each that is missing, and that nobody said may be.
    """
    if not settings.production:
        return
    names = [words.partition(" (")[0] for words in missing]
    refused = [words for words, name in zip(missing, names, strict=True)
               if name not in settings.sandbox_without]  # fmt: skip
    if refused:
        allowed = ", ".join((*settings.sandbox_without, *(w.partition(" (")[0] for w in refused)))
        raise SettingsError(
            "footage of strangers is looked at in a sandbox, and this machine does not give all of "
            "its protections:\n  - " + "\n  - ".join(refused) + "\nHave them switched on "
            "(docs/adr/0003-sandbox.md), or say that they may be missing: "
            f'CUSTOS_SANDBOX_WITHOUT="{allowed}"'
        )


def refuse_demonstration(
    settings: Settings,
    council: Council | None,
    *,
    keys_are_demonstration: bool | None,
    authority_is_test: bool = False,
) -> None:
    """Refuse a production start that would use a part made for demonstration, or lacks one.

    ``council`` and ``keys_are_demonstration`` are None where there are none yet.

    Raises:
        SettingsError: names each such part, and the setting that replaces it.
    """
    if not settings.production:
        return
    wrong = []
    if council is None:
        wrong.append(f"no council ({settings.council_file} is not there): set CUSTOS_COUNCIL")
    else:
        wrong += [*wrong_with(council), *_wrong_about_fees(settings, council)]
    if keys_are_demonstration is None:
        wrong.append(
            f"no keys ({settings.keys} holds none that are installed): make them as docs/keys.md "
            "says, and set CUSTOS_KEYS to their folder"
        )
    elif keys_are_demonstration:
        wrong.append(
            "demonstration keys: make keys of your own as docs/keys.md says, in another folder, "
            "and set CUSTOS_KEYS to it"
        )
    if not settings.tsa_url:
        wrong.append("the local test time authority: set CUSTOS_TSA_URL and CUSTOS_TSA_CHAIN")
    elif authority_is_test:
        wrong.append("a time authority that calls itself a test: set CUSTOS_TSA_URL and its chain")
    wrong += _wrong_outside(settings)
    if wrong:
        raise SettingsError(
            "CUSTOS_ENV=production, and these parts are missing or for demonstration only:\n  - "
            + "\n  - ".join(wrong)
        )


def wrong_with(council: Council) -> list[str]:
    """Return what of a council's file is of a demonstration, or of nobody."""
    wrong = []
    if council.demonstration:
        wrong.append(f"the demonstration council {council.name}: set CUSTOS_COUNCIL to your file")
    if _INVENTED.search(council.origin.partition("/")[0].partition(":")[0].lower()):
        wrong.append(
            f"the log's origin {council.origin}, a name that nobody owns: set log.origin in your "
            "council.toml to a name below your own domain, once and for ever"
        )
    invented = [domain for domain in council.police if _INVENTED.search(domain)]
    if invented:
        wrong.append(
            f"links for the police to {', '.join(invented)}, which nobody owns: set "
            "recipients.police in your council.toml"
        )
    return wrong


def _wrong_about_fees(settings: Settings, council: Council) -> list[str]:
    """Return what is wrong with how fees are taken; who charges nothing needs nobody for it."""
    if settings.pay is not None:
        if not settings.pay.key.startswith("api_test_"):
            return []
        return ["a key that takes no real money: set CUSTOS_PAY_KEY to that of your live account"]
    if not council.fees.review and not council.fees.release:
        return []
    words = "set CUSTOS_PAY_KEY and CUSTOS_PAY_WEBHOOK_SECRET, or charge nothing"
    return [f"the payment stand-in: {words}: fees.review and fees.release = 0 in council.toml"]


def _wrong_outside(settings: Settings) -> list[str]:
    """Return what is wrong with how people and messages reach us."""
    wrong = []
    if not settings.public_url:
        wrong.append("no public address: set CUSTOS_PUBLIC_URL to the https address of the pages")
    elif not settings.secure:
        wrong.append(f"{settings.public_url} is plain HTTP: set CUSTOS_PUBLIC_URL to https")
    if settings.s3_public_url.startswith("http:"):
        wrong.append(f"{settings.s3_public_url} is plain HTTP: set CUSTOS_S3_PUBLIC_URL to https")
    if settings.engines is not None and settings.engines.intake.endpoint.startswith("http:"):
        wrong.append(f"{settings.engines.intake.endpoint}: set CUSTOS_S3_ENDPOINT to https")
    if settings.webhooks_local:
        wrong.append("calls to this machine: leave CUSTOS_WEBHOOKS_LOCAL out")
    if settings.sign_in is None:
        wrong.append("the test identity provider: set CUSTOS_OIDC_ISSUER, _CLIENT and _SECRET")
    elif not settings.sign_in.issuer.startswith("https://"):
        wrong.append(f"{settings.sign_in.issuer} is plain HTTP: set CUSTOS_OIDC_ISSUER to https")
    elif settings.sign_in.secret == DEMONSTRATION_SECRET:
        wrong.append("the demonstration's own client secret: set CUSTOS_OIDC_SECRET to yours")
    if not settings.mail.smtp_url and settings.mail.notify is None:
        wrong.append("the mail sink: set CUSTOS_SMTP_URL and CUSTOS_MAIL_FROM, or CUSTOS_NOTIFY_*")
    return wrong
