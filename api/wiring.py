"""Edge. The one composition root: settings in, services out.

Routes, commands and the worker receive the same `Services` and call the same methods. How each
room's services are made stands in `api.builders`; which room is given which, here.
"""

from api.builders.clips import build_holdings, build_intake
from api.builders.disposal import build_disposal
from api.builders.evidence import build_evidence
from api.builders.fees import build_owed, build_paying
from api.builders.ground import build_ground
from api.builders.outside import build_outside
from api.builders.record.oversight import build_oversight
from api.builders.releases import build_delivery, build_desk, build_release, build_sealing
from api.builders.requests import build_erasures, build_requests
from api.builders.systems import build_systems, build_told
from api.services import Services
from api.settings.facts import Settings
from api.settings.production import refuse_stand_ins


def build(settings: Settings, *, pool_size: int = 10) -> Services:
    """Build every service from ``settings``; the engines must be running.

    Raises:
        SettingsError: a setting is missing, or production would use a demonstration's part.
        EngineError, KeyStoreError: the message says what to do.
    """
    refuse_stand_ins(settings)
    ground = build_ground(settings, pool_size=pool_size)
    evidence = build_evidence(ground)
    owed = build_owed(ground, evidence)
    told = build_told(ground)
    moved = told["changes"].moved
    intake = build_intake(ground)
    requests = build_requests(ground, evidence, owed, intake["scanner"], moved=moved)
    holdings = build_holdings(ground, evidence, intake["intake"])
    released = build_release(ground, evidence, requests, holdings)
    desk = build_desk(ground, evidence, requests, released["releases"], holdings["holds"])
    delivered = build_delivery(ground, evidence, requests, released)
    people, feedback = evidence["people"], delivered["feedback"]
    erasures = build_erasures(ground, people, requests["requests"], feedback)
    sealed = build_sealing(ground, evidence, released, holdings)
    return Services(
        settings=settings,
        council=ground.council,
        addresses=ground.addresses,
        keyring=ground.keyring,
        roots=ground.roots,
        engine=ground.engine,
        transaction=ground.transaction,
        clock=ground.clock,
        vault=ground.vault,
        jobs=ground.jobs,
        ledger=ground.ledger,
        **evidence,
        **owed,
        **requests,
        **build_paying(ground, owed, paid=requests["request_decisions"].fee_paid),
        **intake,
        **holdings,
        **released,
        **sealed,
        **delivered,
        erasures=erasures,
        **build_disposal(ground, evidence, erasures, released, sealed, feedback, holdings["holds"]),
        **desk,
        **told,
        **build_systems(ground, evidence, owed, requests, desk["request_list"]),
        **build_oversight(ground, evidence, desk["search"]),
        **build_outside(ground, evidence),
    )
