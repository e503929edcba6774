"""Edge. The rooms in which things end, built: people who are erased."""

from typing import TypedDict

from api.builders.ground import Ground
from evidence.people.people import People
from evidence.requests.erasure.erasures import Erasures
from export.erasure.erasures import PersonErasures
from export.erasure.recipients import Recipients
from export.feedback.feedback import Feedback
from export.holdings.holds import Holds
from export.release.releases import Releases
from export.sealing.aftercare.papers import Papers


class Disposal(TypedDict):
    """The services by which things end."""

    person_erasures: PersonErasures


def build_disposal(
    ground: Ground,
    people: People,
    erasures: Erasures,
    releases: Releases,
    papers: Papers,
    feedback: Feedback,
    holds: Holds,
) -> Disposal:
    """Build what erases people; what lies in the store goes by the identity that sets holds."""
    recipients = Recipients(ground.ledger, releases, papers, feedback, holds.vault)
    return Disposal(
        person_erasures=PersonErasures(
            ground.transaction,
            ground.ledger,
            people,
            erasures,
            recipients,
            ground.jobs,
            clock=ground.clock,
        )
    )
