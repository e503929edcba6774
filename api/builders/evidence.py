"""Edge. The rooms of evidence, built: people, exhibits, mailbox, requests, the ledger's readers."""

import secrets
import uuid
from typing import TypedDict

from api.builders.ground import Ground
from custody.ledger.histories import Histories
from custody.ledger.search import CustodySearch
from evidence.cameras.named import NamedCameras, cameras_on
from evidence.cameras.public import PublicCameras
from evidence.cameras.register import CameraRegister
from evidence.exhibits.exhibits import Exhibits
from evidence.exhibits.outcomes import Outcomes
from evidence.limits import Limits
from evidence.mailbox.codes import Gates
from evidence.mailbox.messages import FormerKey, Messages
from evidence.people.people import People
from evidence.people.refusals import Refusals
from evidence.people.sessions import Limits as SessionLimits
from evidence.people.sessions import Sessions
from evidence.people.tokens import Tokens
from evidence.retention.due import DueReviews
from evidence.retention.reviews import Reviews


class Evidence(TypedDict):
    """The services of evidence."""

    people: People
    refusals: Refusals
    tokens: Tokens
    sessions: Sessions
    exhibits: Exhibits
    outcomes: Outcomes
    reviews: Reviews
    due_reviews: DueReviews
    messages: Messages
    histories: Histories
    custody: CustodySearch
    cameras: CameraRegister
    public_cameras: PublicCameras
    named_cameras: NamedCameras
    limits: Limits
    gates: Gates


def build_evidence(ground: Ground) -> Evidence:
    """Build who acts, what they act on, and what is written to them."""
    people, retention = People(ground.ledger, clock=ground.clock), ground.council.retention
    exhibits = Exhibits(ground.ledger, cameras_on)
    messages = _messages(ground)
    return Evidence(
        people=people,
        refusals=Refusals(ground.transaction, people, ground.ledger),
        tokens=Tokens(people, ground.ledger, secrets.token_bytes),
        sessions=Sessions(people, secrets.token_bytes, SessionLimits()),
        exhibits=exhibits,
        reviews=Reviews(ground.ledger, exhibits, retention),
        due_reviews=DueReviews(retention),
        outcomes=Outcomes(ground.ledger, new_id=uuid.uuid4),
        messages=messages,
        histories=Histories(ground.ledger, mac_key=ground.keyring.event_hmac),
        custody=CustodySearch(ground.ledger),
        cameras=CameraRegister(ground.ledger, new_id=uuid.uuid4),
        public_cameras=PublicCameras(
            retention_days=ground.council.retention_days, points=ground.council.camera_points
        ),
        named_cameras=NamedCameras(),
        limits=Limits(key=ground.roots.codes),
        gates=Gates(messages, key=ground.roots.codes, random=secrets.token_bytes),
    )


def _messages(ground: Ground) -> Messages:
    return Messages(
        ground.jobs,
        key=ground.roots.letters,
        # Until there were roots, what waits to go out was sealed under the key of the records. A
        # letter waits for 8 hours at most, so this can go with the version after the next.
        former=FormerKey(ground.keyring.record_kek, ground.roots.since),
        random=secrets.token_bytes,
        new_id=uuid.uuid4,
    )
