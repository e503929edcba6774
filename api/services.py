"""Edge. Everything that a route, a page, a command or a process may call."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Engine

from api.builders.ground import Transactions
from api.health import Health
from api.outbound.posting import Posting
from api.settings.facts import Council, Settings
from api.signin.provider import IdentityProvider
from custody.keys.keyring import Keyring
from custody.keys.roots import Roots
from custody.ledger.histories import Histories
from custody.ledger.ledger import Ledger
from custody.ledger.search import CustodySearch
from evidence.cameras.named import NamedCameras
from evidence.cameras.public import PublicCameras
from evidence.cameras.register import CameraRegister
from evidence.exhibits.exhibits import Exhibits
from evidence.exhibits.outcomes import Outcomes
from evidence.fees.differences import Differences
from evidence.fees.fees import Fees
from evidence.fees.invoicing.accounts import InvoiceAccounts
from evidence.fees.invoicing.charges import OnAccount
from evidence.fees.invoicing.statements import Statements
from evidence.fees.payments import Payments
from evidence.fees.reconciliation import Reconciliation
from evidence.fees.refunds import RefundOrders
from evidence.limits import Limits
from evidence.mailbox.codes import Gates
from evidence.mailbox.messages import Messages
from evidence.people.epochs import KeyEpochs
from evidence.people.people import People
from evidence.people.refusals import Refusals
from evidence.people.sessions import Sessions
from evidence.people.tokens import Tokens
from evidence.requests.correspondence.messages import Correspondence
from evidence.requests.deadlines import RequestDeadlines
from evidence.requests.decisions import RequestDecisions
from evidence.requests.documents.checks import DocumentChecks
from evidence.requests.documents.deletions import DocumentDeletions
from evidence.requests.documents.documents import Documents
from evidence.requests.documents.drafted import DraftDocuments
from evidence.requests.documents.incoming import Arrivals
from evidence.requests.documents.reminders import DocumentReminders
from evidence.requests.drafts import Drafts
from evidence.requests.duplicates.duplicates import Duplicates
from evidence.requests.duplicates.older import OlderRequests
from evidence.requests.erasure.erasures import Erasures
from evidence.requests.links.links import RequestLinks
from evidence.requests.lists.lists import RequestLists
from evidence.requests.notices.changes import Changes
from evidence.requests.notices.webhooks import Webhooks
from evidence.requests.submissions import Requests, Submissions
from evidence.requests.systems.filings import Filings
from evidence.requests.systems.requesters import Requesters
from evidence.requests.visits import Visits
from evidence.retention.due import DueReviews
from evidence.retention.reviews import Reviews
from evidence.timekeeping import Timekeeping
from export.delivery.amendments import Amendments
from export.delivery.collections import Collections
from export.delivery.deadlines import Deadlines
from export.delivery.handoffs import Handoffs
from export.delivery.links import Links
from export.delivery.packages import Packages
from export.delivery.revocations import Revocations
from export.delivery.undelivered import Undelivered
from export.desk.asked.preserved import PreservedSearch
from export.desk.asking.own import OwnRequests
from export.desk.exhibits import ExhibitList
from export.desk.fees import FeeList
from export.desk.invoicing.accounts import AccountList
from export.desk.masters import MasterList
from export.desk.oversight.access import AccessReport
from export.desk.oversight.extracts import Extracts
from export.desk.oversight.nightly import NightlyAudit
from export.desk.oversight.wholeness import Overview
from export.desk.register import Register
from export.desk.releases import ReleaseList
from export.desk.requests import RequestList
from export.desk.search import Search
from export.desk.statistics.statistics import Statistics
from export.desk.story import Stories
from export.disposal.disposals import Disposals
from export.disposal.listed import DisposalList
from export.disposal.restored import Restored
from export.erasure.erasures import PersonErasures
from export.feedback.feedback import Feedback
from export.feedback.invitations import FeedbackInvitations
from export.holdings.clock_pictures import ClockPictures
from export.holdings.copies import Copies
from export.holdings.fixity import Fixity
from export.holdings.holds import Holds
from export.holdings.masters import Masters
from export.holdings.stamps import Stamps
from export.holdings.stoppages.pickups import Pickups
from export.holdings.stoppages.remedies import Remedies
from export.holdings.stoppages.standstills import Standstills
from export.holdings.views import Views
from export.intake.arrivals import Intake
from export.intake.malware import Scanner
from export.intake.uploads import Uploads
from export.intake.vaulting import Vaulting
from export.release.corrections import Corrections
from export.release.decisions import Decisions
from export.release.proposing.submissions import Proposals
from export.release.proposing.withdrawals import Withdrawals
from export.release.releases import Releases
from export.sealing.aftercare.fixity import PackageFixity
from export.sealing.aftercare.papers import Papers
from export.sealing.sealing import Sealing
from storage.embedded.addresses import Addresses
from storage.jobs import Jobs
from storage.objects.store import ObjectStore


@dataclass(frozen=True, slots=True)
class Services:
    """What `api.wiring.build` makes; the same for all that call it."""

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
    refusals: Refusals
    tokens: Tokens
    sessions: Sessions
    gates: Gates
    requests: Requests
    duplicates: Duplicates
    submissions: Submissions
    request_decisions: RequestDecisions
    older_requests: OlderRequests
    request_deadlines: RequestDeadlines
    request_links: RequestLinks
    drafts: Drafts
    visits: Visits
    documents: Documents
    draft_documents: DraftDocuments
    document_checks: DocumentChecks
    document_arrivals: Arrivals
    document_deletions: DocumentDeletions
    document_reminders: DocumentReminders
    correspondence: Correspondence
    erasures: Erasures
    requesters: Requesters
    filings: Filings
    request_lists: RequestLists
    own_requests: OwnRequests
    changes: Changes
    webhooks: Webhooks
    exhibits: Exhibits
    outcomes: Outcomes
    reviews: Reviews
    due_reviews: DueReviews
    fees: Fees
    payments: Payments
    refund_orders: RefundOrders
    differences: Differences
    invoice_accounts: InvoiceAccounts
    on_account: OnAccount
    statements: Statements
    reconciliation: Reconciliation
    intake: Intake
    masters: Masters
    scanner: Scanner
    uploads: Uploads
    vaulting: Vaulting
    copies: Copies
    stamps: Stamps
    releases: Releases
    proposals: Proposals
    decisions: Decisions
    withdrawals: Withdrawals
    sealing: Sealing
    papers: Papers
    packages: Packages
    messages: Messages
    links: Links
    collections: Collections
    deadlines: Deadlines
    corrections: Corrections
    revocations: Revocations
    release_list: ReleaseList
    request_list: RequestList
    preserved_search: PreservedSearch
    fee_list: FeeList
    account_list: AccountList
    stories: Stories
    handoffs: Handoffs
    amendments: Amendments
    undelivered: Undelivered
    feedback: Feedback
    feedback_invitations: FeedbackInvitations
    register: Register
    nightly_audit: NightlyAudit
    overview: Overview
    extracts: Extracts
    access_report: AccessReport
    fixity: Fixity
    remedies: Remedies
    standstills: Standstills
    clock_pictures: ClockPictures
    pickups: Pickups
    package_fixity: PackageFixity
    histories: Histories
    custody: CustodySearch
    cameras: CameraRegister
    public_cameras: PublicCameras
    named_cameras: NamedCameras
    limits: Limits
    exhibit_list: ExhibitList
    master_list: MasterList
    search: Search
    statistics: Statistics
    views: Views
    holds: Holds
    person_erasures: PersonErasures
    disposals: Disposals
    disposal_list: DisposalList
    key_epochs: KeyEpochs
    restored: Restored
    provider: IdentityProvider
    posting: Posting
    timekeeping: Timekeeping
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
