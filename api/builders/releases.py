"""Edge. The rooms of a release, built: its decisions, its sealing, its delivery, and the desk."""

import secrets
import uuid
from typing import TypedDict

from api.builders.evidence import Evidence
from api.builders.ground import Ground
from api.times import wait_until
from evidence.mailbox.codes import Gates
from export.delivery.collections import Collections
from export.delivery.deadlines import Deadlines
from export.delivery.handoffs import Handoffs
from export.delivery.links import Links
from export.delivery.packages import Packages
from export.delivery.revocations import Revocations
from export.desk.register import Register
from export.desk.search import Search
from export.desk.story import Stories
from export.holdings.stamps import Stamps
from export.release.releases import Releases
from export.sealing.archives import Archives
from export.sealing.fixity import PackageFixity
from export.sealing.sealing import Sealer, Sealing


class Sealed(TypedDict):
    """The services of sealing."""

    sealing: Sealing
    package_fixity: PackageFixity


class Delivered(TypedDict):
    """The services of delivery."""

    packages: Packages
    links: Links
    collections: Collections
    deadlines: Deadlines
    revocations: Revocations
    handoffs: Handoffs


class Desk(TypedDict):
    """The services of what staff look at."""

    stories: Stories
    register: Register
    search: Search


def build_release(ground: Ground, evidence: Evidence) -> Releases:
    """Build what proposes and decides a release."""
    return Releases(
        ground.ledger,
        evidence["exhibits"],
        evidence["people"],
        ground.jobs,
        urn_prefix=ground.council.urn_prefix,
        choose=secrets.choice,
        may_self_approve=not ground.settings.production,
        police_domains=ground.council.police,
        link_days=ground.council.link_days,
    )


def build_sealing(ground: Ground, releases: Releases, stamps: Stamps) -> Sealed:
    """Build what makes a package of a release, and looks whether it is still whole."""
    begin, vault, jobs, clock = ground.transaction, ground.vault, ground.jobs, ground.clock
    return Sealed(
        sealing=Sealing(
            begin,
            ground.ledger,
            releases,
            stamps,
            Archives(vault),
            jobs,
            _sealer(ground),
            clock=clock,
            random=secrets.randbits,
            wait=wait_until,
        ),
        package_fixity=PackageFixity(begin, vault, jobs, clock=clock),
    )


def _sealer(ground: Ground) -> Sealer:
    return Sealer(
        name=ground.council.name,
        demonstration=not ground.settings.production,
        retention_days=ground.council.retention_days,
        signer=ground.keyring.seal_signer,
        log_key=ground.keyring.log_signer.key,
        authority=ground.authority,
    )


def build_delivery(ground: Ground, evidence: Evidence, releases: Releases) -> Delivered:
    """Build the ways of a package out of the house."""
    ledger, messages = ground.ledger, evidence["messages"]
    packages = Packages(releases, ledger)
    collections = Collections(ledger, packages, random=secrets.token_bytes, new_id=uuid.uuid4)
    links = Links(
        ground.transaction,
        ledger,
        releases,
        collections,
        Gates(messages, key=ground.roots.codes, random=secrets.token_bytes),
        messages,
        ground.jobs,
        downloads=ground.council.downloads,
        clock=ground.clock,
        random=secrets.token_bytes,
        new_id=uuid.uuid4,
    )
    return Delivered(
        packages=packages,
        links=links,
        collections=collections,
        deadlines=Deadlines(ground.transaction, ledger, evidence["people"], messages),
        revocations=Revocations(ledger, releases, links, messages),
        handoffs=Handoffs(ledger, releases, packages, new_id=uuid.uuid4),
    )


def build_desk(evidence: Evidence, releases: Releases) -> Desk:
    """Build what staff look at."""
    return Desk(
        stories=Stories(releases),
        register=Register(),
        search=Search(evidence["custody"], evidence["exhibits"], releases),
    )
