"""Edge. The rooms of a release, built: its decisions, its sealing, its delivery, and the desk."""

import secrets
import uuid
from functools import partial
from typing import TypedDict
from uuid import UUID

from api.builders.clips import Holdings
from api.builders.evidence import Evidence
from api.builders.ground import Ground
from api.builders.record.trust import trust_in_force
from api.builders.requests import RequestsRoom
from api.times import wait_until
from custody.audit.streams import take_snapshot
from custody.keys.trustissues import chains_in_use
from export.delivery.amendments import Amendments
from export.delivery.collections import Collections
from export.delivery.deadlines import Deadlines
from export.delivery.handoffs import Handoffs
from export.delivery.links import Links
from export.delivery.packages import Packages
from export.delivery.recorded import Recorded
from export.delivery.revocations import Revocations
from export.delivery.undelivered import Undelivered
from export.desk.asked.preserved import PreservedSearch
from export.desk.claims.agreement import Agreement
from export.desk.exhibits import ExhibitList
from export.desk.fees import FeeList
from export.desk.invoicing.accounts import AccountList
from export.desk.masters import MasterList
from export.desk.register import Register
from export.desk.releases import ReleaseList
from export.desk.requests import RequestList
from export.desk.search import Search
from export.desk.statistics.days import Clock
from export.desk.statistics.figures import Rules
from export.desk.statistics.statistics import Statistics
from export.desk.story import Stories
from export.feedback.feedback import Feedback
from export.feedback.invitations import FeedbackInvitations
from export.holdings.fixity import Fixity
from export.holdings.holds import Holds
from export.holdings.statements import Statements
from export.release.corrections import Corrections
from export.release.decisions import Decisions
from export.release.notices import Notices
from export.release.proposing.submissions import Proposals
from export.release.proposing.withdrawals import Withdrawals
from export.release.releases import Releases
from export.sealing.aftercare.fixity import PackageFixity
from export.sealing.aftercare.papers import Papers
from export.sealing.archives import Archives
from export.sealing.inspection import Inspection
from export.sealing.sealer import Sealer
from export.sealing.sealing import Sealing


class Released(TypedDict):
    """The services of a release, from its proposal to its last decision."""

    releases: Releases
    proposals: Proposals
    decisions: Decisions
    withdrawals: Withdrawals
    corrections: Corrections


class Sealed(TypedDict):
    """The services of sealing."""

    sealing: Sealing
    papers: Papers
    package_fixity: PackageFixity


class Delivered(TypedDict):
    """The services of delivery."""

    packages: Packages
    links: Links
    collections: Collections
    deadlines: Deadlines
    revocations: Revocations
    handoffs: Handoffs
    amendments: Amendments
    undelivered: Undelivered
    feedback: Feedback
    feedback_invitations: FeedbackInvitations


class Desk(TypedDict):
    """The services of what staff look at."""

    exhibit_list: ExhibitList
    master_list: MasterList
    release_list: ReleaseList
    request_list: RequestList
    preserved_search: PreservedSearch
    fee_list: FeeList
    account_list: AccountList
    stories: Stories
    register: Register
    search: Search
    statistics: Statistics


def build_release(
    ground: Ground, evidence: Evidence, asked: RequestsRoom, holdings: Holdings
) -> Released:
    """Build what proposes and decides a release."""
    releases, people, notices = Releases(), evidence["people"], Notices(evidence["messages"])
    proposals = Proposals(
        ground.ledger,
        evidence["exhibits"],
        people,
        releases,
        notices,
        asked["requests"],
        urn_prefix=ground.council.urn_prefix,
        choose=secrets.choice,
        police_domains=ground.council.police,
        free=ground.council.free,
        link_days=ground.council.link_days,
    )
    decisions = Decisions(
        ground.ledger,
        releases,
        people,
        ground.jobs,
        notices,
        asked["request_decisions"],
        asked["requests"],
        may_self_approve=not ground.settings.production,
    )
    return Released(
        releases=releases,
        proposals=proposals,
        decisions=decisions,
        corrections=Corrections(
            evidence["exhibits"],
            holdings["masters"],
            holdings["clock_pictures"],
            Statements(evidence["histories"]),
            releases,
            decisions,
        ),
        withdrawals=Withdrawals(ground.ledger, releases, proposals, notices),
    )


def build_sealing(
    ground: Ground, evidence: Evidence, released: Released, holdings: Holdings
) -> Sealed:
    """Build what makes a package of a release, and looks whether it is still whole."""
    begin, vault, jobs, clock = ground.transaction, ground.vault, ground.jobs, ground.clock
    return Sealed(
        sealing=Sealing(
            begin,
            ground.ledger,
            evidence["histories"],
            released["releases"],
            released["decisions"],
            holdings["stamps"],
            Archives(vault),
            _sealer(ground),
            Inspection(vault, lambda: trust_in_force(ground.settings, ground.keyring), clock=clock),
            clock=clock,
            agree=partial(_agree, ground, Agreement(evidence["histories"])),
            read_again=partial(_read_again, ground, released["releases"], holdings["fixity"]),
            random=secrets.randbits,
            wait=wait_until,
        ),
        papers=Papers(ground.ledger, released["releases"]),
        package_fixity=PackageFixity(begin, vault, jobs, clock=clock),
    )


def _read_again(ground: Ground, releases: Releases, fixity: Fixity, release: UUID) -> None:
    """Read the files of a release's exhibits again, where that was not done for a day."""
    with ground.transaction() as session:
        exhibits = [exhibit.id for exhibit in releases.exhibits(session, release)]
    fixity.before_sealing(exhibits)


def _agree(ground: Ground, agreement: Agreement, release: UUID) -> None:
    """Hold a release that is being sealed against its events, as they stand at one moment."""
    with ground.transaction() as session:
        take_snapshot(session)
        agreement.require(session, release)


def _sealer(ground: Ground) -> Sealer:
    return Sealer(
        name=ground.council.name,
        demonstration=not ground.settings.production,
        retention_days=ground.council.retention_days,
        signer=ground.keyring.seal_signer,
        policy=ground.policy,
        authority=ground.authority,
        authorities=chains_in_use(ground.settings.keys, ground.authority.chain),
    )


def build_delivery(
    ground: Ground, evidence: Evidence, asked: RequestsRoom, released: Released
) -> Delivered:
    """Build the ways of a package out of the house."""
    ledger, messages = ground.ledger, evidence["messages"]
    releases, decisions = released["releases"], released["decisions"]
    recorded = Recorded(evidence["histories"])
    packages = Packages(releases, ledger, recorded, asked["request_decisions"], new_id=uuid.uuid4)
    collections = Collections(
        ledger, packages, recorded, random=secrets.token_bytes, new_id=uuid.uuid4
    )
    links = Links(
        ground.transaction,
        ledger,
        releases,
        decisions,
        collections,
        recorded,
        evidence["gates"],
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
        deadlines=Deadlines(ground.transaction, decisions, messages),
        revocations=Revocations(decisions, links, messages),
        amendments=Amendments(released["corrections"], messages),
        undelivered=Undelivered(releases, messages),
        handoffs=Handoffs(ledger, releases, packages, new_id=uuid.uuid4),
        feedback=Feedback(ledger, releases, random=secrets.token_bytes),
        feedback_invitations=FeedbackInvitations(messages),
    )


def build_desk(
    ground: Ground, evidence: Evidence, asked: RequestsRoom, releases: Releases, holds: Holds
) -> Desk:
    """Build what staff look at."""
    council = ground.council
    rules = Rules(
        Clock(council.answer_count, council.answer_days),
        least=council.told.suppress_below,
        behind_mean=council.told.mean_from,
    )
    return Desk(
        statistics=Statistics(ground.ledger, rules),
        exhibit_list=ExhibitList(holds),
        master_list=MasterList(days=ground.council.read_days),
        release_list=ReleaseList(),
        preserved_search=PreservedSearch(),
        request_list=RequestList(
            asked["requests"],
            answer_days=council.answer_days,
            count=council.answer_count,
        ),
        fee_list=FeeList(),
        account_list=AccountList(),
        stories=Stories(releases),
        register=Register(ground.ledger),
        search=Search(evidence["custody"], evidence["exhibits"], releases, asked["requests"]),
    )
