"""Edge. The rooms in which things end, built: people who are erased, exhibits disposed of."""

import secrets
from typing import TypedDict

from api.builders.evidence import Evidence
from api.builders.ground import Ground
from api.builders.releases import Released, Sealed
from custody.ledger.recordkeys import RecordKeys
from evidence.people.epochs import KeyEpochs
from evidence.requests.erasure.erasures import Erasures
from export.disposal.disposals import Disposals
from export.disposal.listed import DisposalList
from export.disposal.restored import Restored
from export.erasure.erasures import PersonErasures
from export.erasure.recipients import Recipients
from export.feedback.feedback import Feedback
from export.holdings.holds import Holds


class Disposal(TypedDict):
    """The services by which things end."""

    person_erasures: PersonErasures
    disposals: Disposals
    key_epochs: KeyEpochs
    restored: Restored
    disposal_list: DisposalList


def build_disposal(
    ground: Ground,
    evidence: Evidence,
    erasures: Erasures,
    released: Released,
    sealed: Sealed,
    feedback: Feedback,
    holds: Holds,
) -> Disposal:
    """Build what ends; what lies in the store goes by the identity that sets holds."""
    begin, ledger, jobs, clock = ground.transaction, ground.ledger, ground.jobs, ground.clock
    people, papers = evidence["people"], sealed["papers"]
    recipients = Recipients(ledger, released["releases"], papers, feedback, holds.vault)
    keys = RecordKeys(ground.keyring.epochs, secrets.token_bytes)
    return Disposal(
        disposal_list=DisposalList(),
        restored=Restored(begin, keys, people, recipients, papers, holds.vault, clock=clock),
        key_epochs=KeyEpochs(ground.settings.keys, ledger),
        person_erasures=PersonErasures(
            begin, ledger, people, erasures, recipients, jobs, clock=clock
        ),
        disposals=Disposals(
            begin,
            ledger,
            people,
            evidence["exhibits"],
            papers,
            holds.vault,
            jobs,
            council=ground.council.name,
            retention_days=ground.council.retention_days,
            clock=clock,
        ),
    )
