"""Edge. The rooms where clips are, built: intake, and what is held of an exhibit."""

import secrets
import uuid
from datetime import timedelta
from functools import partial
from typing import TypedDict

from api.builders.evidence import Evidence
from api.builders.ground import Ground
from api.settings.facts import Settings
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
from export.intake.spool import Spool
from export.intake.uploads import Uploads
from export.intake.vaulting import Vaulting
from storage.objects.store import ObjectStore
from storage.room import Room


class Arrivals(TypedDict):
    """The services of intake."""

    intake: Intake
    scanner: Scanner
    uploads: Uploads
    vaulting: Vaulting


class Holdings(TypedDict):
    """The services of what is held."""

    masters: Masters
    copies: Copies
    stamps: Stamps
    views: Views
    holds: Holds
    fixity: Fixity
    remedies: Remedies
    standstills: Standstills
    clock_pictures: ClockPictures
    pickups: Pickups


def build_intake(ground: Ground) -> Arrivals:
    """Build the way of a clip into the vault."""
    settings, begin = ground.settings, ground.transaction
    intake = Intake(ground.vault, new_id=uuid.uuid4, free_bytes=partial(free_bytes, settings))
    scanner, spool = Scanner(settings.clamd), Spool(settings.spool)
    uploads = Uploads(begin, intake, spool, new_id=uuid.uuid4)
    return Arrivals(
        intake=intake,
        scanner=scanner,
        uploads=uploads,
        vaulting=Vaulting(begin, intake, uploads, spool, scanner, ground.vault),
    )


def build_holdings(ground: Ground, evidence: Evidence, intake: Intake) -> Holdings:
    """Build what is made and kept of an exhibit."""
    begin, ledger, jobs, clock = ground.transaction, ground.ledger, ground.jobs, ground.clock
    exhibits = evidence["exhibits"]
    pictures = ClockPictures(
        begin,
        ground.vault,
        intake,
        jobs,
        scratch=ground.settings.scratch,
        new_id=uuid.uuid4,
    )
    return Holdings(
        masters=Masters(intake, exhibits, pictures, jobs, new_id=uuid.uuid4),
        clock_pictures=pictures,
        copies=Copies(
            begin,
            ground.vault,
            exhibits,
            jobs,
            scratch=ground.settings.scratch,
            clock=clock,
            new_id=uuid.uuid4,
        ),
        stamps=Stamps(
            begin,
            ledger,
            ground.authority,
            jobs,
            interval=timedelta(hours=ground.council.stamp_hours),
            clock=clock,
            random=secrets.randbits,
        ),
        views=Views(exhibits, ledger, new_id=uuid.uuid4),
        holds=Holds(
            begin,
            _disposal(ground),
            exhibits,
            ledger,
            jobs,
            clock=clock,
        ),
        fixity=Fixity(
            begin, ground.vault, ledger, jobs, clock=clock, days=ground.council.read_days
        ),
        pickups=Pickups(begin, jobs),
        standstills=Standstills(exhibits),
        remedies=Remedies(exhibits, evidence["outcomes"], jobs),
    )


def _disposal(ground: Ground) -> ObjectStore:
    """Return the vault for the only identity that may hold: intake's has no right to."""
    addresses = ground.addresses
    return ObjectStore(
        addresses.disposal,
        addresses.vault_bucket,
        retention=None,
        clock=ground.clock,
        where=ground.restored.where,
    )


def free_bytes(settings: Settings) -> int | None:
    """Return the room for footage; None if somebody else's engines hold it."""
    return None if settings.engines is not None else Room(settings.data).free()
