"""Edge. The one composition root: settings in, services out.

Routes, commands and the worker receive the same `Services` and call the same methods.
"""

import os
import secrets
import shutil
import time
import uuid
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from sqlalchemy import Engine
from sqlmodel import Session

from api.demonstration.standins import mail_of, report, sign_in_of
from api.health import Health
from api.outbound.mailer import Mailer
from api.outbound.notify import NotifyMailer
from api.outbound.posting import Posting
from api.outbound.smtp import SmtpMailer, parse_server
from api.settings.council import Council, read_council
from api.settings.errors import SettingsError
from api.settings.facts import Settings
from api.settings.production import refuse_stand_ins
from api.signin.provider import IdentityProvider
from api.times import utc_now
from custody.certificates import is_self_issued, parse_chain
from custody.errors import NotYetError
from custody.keyring import Keyring, load
from custody.keys import RecordKeys
from custody.ledger import Ledger
from custody.roots import Roots, load_roots
from custody.search import CustodySearch
from custody.timestamp import HttpTimeAuthority, TimeAuthority
from custody.trust import format_trust
from evidence.exhibits.exhibits import Exhibits
from evidence.mailbox.messages import JOB_SEND, FormerKey, Messages
from evidence.people.people import People
from evidence.people.sessions import Limits, Sessions
from evidence.people.tokens import Tokens
from export.delivery.handoffs import Handoffs
from export.delivery.links import JOB_CODE, JOB_REFUSED, Links
from export.delivery.packages import Packages
from export.delivery.revocations import Revocations
from export.desk.register import Register
from export.desk.search import Search
from export.desk.story import Stories
from export.holdings.copies import Copies
from export.holdings.fixity import Fixity
from export.holdings.holds import Holds
from export.holdings.masters import Masters
from export.holdings.stamps import Stamps
from export.holdings.views import Views
from export.intake.arrivals import Intake
from export.intake.malware import Scanner
from export.intake.spool import Spool
from export.intake.uploads import Uploads
from export.intake.vaulting import Vaulting
from export.release.releases import JOB_ISSUE, Releases
from export.sealing.archives import Archives
from export.sealing.fixity import PackageFixity
from export.sealing.sealing import Sealer, Sealing
from storage.database import connect, transaction
from storage.embedded.engines import Addresses, load_addresses
from storage.jobs import Jobs
from storage.objects.store import ObjectStore, Retention

Transactions = Callable[[], AbstractContextManager[Session]]


@dataclass(frozen=True, slots=True)
class Services:
    """Everything that an edge may call."""

    settings: Settings
    council: Council
    addresses: Addresses
    keyring: Keyring
    roots: Roots
    engine: Engine
    transaction: Transactions
    clock: Callable[[], datetime]
    vault: ObjectStore
    jobs: Jobs
    ledger: Ledger
    people: People
    tokens: Tokens
    sessions: Sessions
    exhibits: Exhibits
    intake: Intake
    masters: Masters
    scanner: Scanner
    uploads: Uploads
    vaulting: Vaulting
    copies: Copies
    stamps: Stamps
    releases: Releases
    sealing: Sealing
    packages: Packages
    messages: Messages
    links: Links
    revocations: Revocations
    stories: Stories
    handoffs: Handoffs
    register: Register
    fixity: Fixity
    package_fixity: PackageFixity
    custody: CustodySearch
    search: Search
    views: Views
    holds: Holds
    provider: IdentityProvider
    posting: Posting
    health: Health

    def close(self) -> None:
        """Give back connections; nothing else is held."""
        self.engine.dispose()
        self.vault.close()
        self.holds.close()

    @property
    def demonstration(self) -> bool:
        """Whether any part is one that production refuses."""
        return not self.settings.production


def wait_until(holds: Callable[[], None], *, most: float = 20.0, pause: float = 0.1) -> None:
    """Call ``holds`` until it no longer says NotYetError, for ``most`` seconds at most.

    Raises:
        NotYetError: it still says so.
    """
    deadline = time.monotonic() + most
    while True:
        try:
            return holds()
        except NotYetError:
            if time.monotonic() > deadline:
                raise
            time.sleep(pause)


def build(settings: Settings, *, pool_size: int = 10) -> Services:
    """Build every service from ``settings``; the engines must be running.

    Raises:
        SettingsError: a setting is missing, or production would use a demonstration's part.
        EngineError, KeyStoreError: the message says what to do.
    """
    refuse_stand_ins(settings)
    council = read_council(settings)
    keyring = load(settings.keys)
    if keyring.origin != council.origin:
        raise SettingsError(
            f"the keys in {settings.keys} are those of the log {keyring.origin}, and "
            f"{settings.council_file} names {council.origin}: a log never changes its name"
        )
    roots = load_roots(settings.keys)
    addresses = settings.engines or load_addresses(settings.data)
    engine = connect(addresses.app_url, pool_size=pool_size)
    begin = partial(transaction, engine)
    vault = ObjectStore(
        addresses.intake,
        addresses.vault_bucket,
        retention=Retention(days=council.retention_days),
        public_url=settings.s3_public_url or None,
        clock=utc_now,
    )
    # Somebody waits at a page, or at their mailbox, for each of these.
    jobs = Jobs(prompt={JOB_CODE, JOB_REFUSED, JOB_ISSUE, JOB_SEND})
    keys = RecordKeys(keyring.record_kek, secrets.token_bytes)
    ledger = Ledger(keys, mac_key=keyring.event_hmac, new_id=uuid.uuid4)
    custody = CustodySearch(ledger)
    people = People(ledger)
    exhibits = Exhibits(ledger)
    intake = Intake(vault, new_id=uuid.uuid4, free_bytes=partial(_free_bytes, settings))
    scanner, spool = Scanner(settings.clamd), Spool(settings.spool)
    uploads = Uploads(begin, intake, spool, new_id=uuid.uuid4)
    authority = time_authority(settings, keyring)
    stamps = Stamps(begin, ledger, authority, clock=utc_now, random=secrets.randbits)
    releases = Releases(
        ledger,
        exhibits,
        people,
        jobs,
        urn_prefix=council.urn_prefix,
        choose=secrets.choice,
        may_self_approve=not settings.production,
        police_domains=council.police,
        link_days=council.link_days,
    )
    packages = Packages(releases, ledger)
    messages = Messages(
        jobs,
        key=roots.letters,
        # Until there were roots, what waits to go out was sealed under the key of the records. A
        # letter waits for 8 hours at most, so this can go with the version after the next.
        former=FormerKey(keyring.record_kek, roots.since),
        random=secrets.token_bytes,
        new_id=uuid.uuid4,
    )
    links = Links(
        begin,
        ledger,
        people,
        releases,
        packages,
        messages,
        jobs,
        key=roots.codes,
        downloads=council.downloads,
        clock=utc_now,
        random=secrets.token_bytes,
        new_id=uuid.uuid4,
    )
    return Services(
        settings=settings,
        council=council,
        addresses=addresses,
        keyring=keyring,
        roots=roots,
        engine=engine,
        transaction=begin,
        clock=utc_now,
        vault=vault,
        jobs=jobs,
        ledger=ledger,
        people=people,
        tokens=Tokens(people, secrets.token_bytes),
        sessions=Sessions(people, secrets.token_bytes, Limits()),
        exhibits=exhibits,
        intake=intake,
        masters=Masters(intake, exhibits, jobs, new_id=uuid.uuid4),
        scanner=scanner,
        uploads=uploads,
        vaulting=Vaulting(begin, intake, uploads, spool, scanner, vault),
        copies=Copies(
            begin,
            vault,
            exhibits,
            jobs,
            scratch=settings.scratch,
            clock=utc_now,
            new_id=uuid.uuid4,
        ),
        stamps=stamps,
        releases=releases,
        sealing=Sealing(
            begin,
            ledger,
            releases,
            stamps,
            Archives(vault),
            jobs,
            Sealer(
                name=council.name,
                demonstration=not settings.production,
                retention_days=council.retention_days,
                signer=keyring.seal_signer,
                log_key=keyring.log_signer.key,
                authority=authority,
            ),
            clock=utc_now,
            random=secrets.randbits,
            wait=wait_until,
        ),
        packages=packages,
        messages=messages,
        links=links,
        revocations=Revocations(ledger, releases, links, messages),
        stories=Stories(releases),
        handoffs=Handoffs(ledger, releases, packages, new_id=uuid.uuid4),
        register=Register(),
        fixity=Fixity(begin, vault, ledger, jobs, clock=utc_now),
        package_fixity=PackageFixity(begin, vault, jobs, clock=utc_now),
        custody=custody,
        search=Search(custody, exhibits, releases),
        views=Views(exhibits, ledger, new_id=uuid.uuid4),
        holds=Holds(
            begin,
            # The only identity that may hold: whoever takes clips in has no right to.
            ObjectStore(addresses.disposal, addresses.vault_bucket, retention=None, clock=utc_now),
            exhibits,
            ledger,
            jobs,
            clock=utc_now,
            new_id=uuid.uuid4,
        ),
        provider=IdentityProvider(
            sign_in_of(settings), callback=f"{settings.origin}/sign-in/callback"
        ),
        posting=Posting(
            begin,
            messages,
            mailer(settings, council),
            council,
            origin=settings.origin,
            demonstration=not settings.production,
            clock=utc_now,
        ),
        health=Health(
            begin, vault, utc_now, None if settings.production else partial(report, settings)
        ),
    )


def mailer(settings: Settings, council: Council) -> Mailer:
    """Return who delivers messages: GOV.UK Notify, a mail server, or the demonstration's sink."""
    mail = mail_of(settings)
    if mail.notify is not None:
        return NotifyMailer(mail.notify)
    return SmtpMailer(
        parse_server(mail.smtp_url), sender=mail.sender, name=council.name, reply_to=council.email
    )


def time_authority(settings: Settings, keyring: Keyring) -> TimeAuthority:
    """Return the configured time-stamping authority, or the demonstration's own."""
    if settings.tsa_url and settings.tsa_chain is not None:
        return HttpTimeAuthority(settings.tsa_url, parse_chain(settings.tsa_chain.read_bytes()))
    if keyring.test_authority is None:
        raise SettingsError("there is no time authority: set CUSTOS_TSA_URL and CUSTOS_TSA_CHAIN")
    return keyring.test_authority.authority(utc_now)


def _free_bytes(settings: Settings) -> int | None:
    """Return the room for footage; None if somebody else's engines hold it."""
    if settings.engines is not None:
        return None
    return shutil.disk_usage(os.fspath(settings.data)).free


def trust_file(settings: Settings, keyring: Keyring) -> bytes:
    """Return the trust file: what a verifier must get by another road than the package."""
    chain = time_authority(settings, keyring).chain
    return format_trust(keyring.trust(tuple(filter(is_self_issued, chain))))
