"""Edge. Builds what oversees the record, and says what an audit needs beside the database."""

import time
from datetime import datetime
from typing import TypedDict

from api.builders.evidence import Evidence
from api.builders.ground import Ground
from api.builders.record.trust import time_authority
from api.builders.record.witnesses import log_policy
from api.settings.facts import Settings
from custody.audit.log import Material
from custody.formats.certificates import format_chain
from custody.keys.keyring import Keyring
from export.desk.claims.claims import claims
from export.desk.claims.roles import check_roles
from export.desk.oversight.access import AccessReport
from export.desk.oversight.extracts import Extracts
from export.desk.oversight.nightly import NightlyAudit
from export.desk.oversight.wholeness import Overview
from export.desk.search import Search


class Oversight(TypedDict):
    """The services of oversight."""

    nightly_audit: NightlyAudit
    overview: Overview
    extracts: Extracts
    access_report: AccessReport


def build_oversight(ground: Ground, evidence: Evidence, search: Search) -> Oversight:
    """Build the audit of each night, what shows whether all is whole, and what takes events out."""
    log_key = ground.keyring.log_signer.key
    policy = log_policy(ground.settings, ground.council, log_key)
    return Oversight(
        nightly_audit=NightlyAudit(
            ground.transaction,
            ground.ledger,
            ground.jobs,
            lambda: audit_material(ground.settings, ground.keyring, ground.clock()),
            clock=ground.clock,
            elapsed=time.monotonic,
        ),
        overview=Overview(
            evidence["histories"], log_key, tuple(one.key for one in policy.witnesses)
        ),
        access_report=AccessReport(ground.ledger, evidence["histories"], evidence["custody"]),
        extracts=Extracts(
            ground.ledger,
            evidence["histories"],
            evidence["custody"],
            search,
            council=ground.council.name,
            log_key=log_key,
        ),
    )


def audit_material(settings: Settings, keyring: Keyring, now: datetime) -> Material:
    """Return what an audit needs beside the database: every key that it opens or checks with."""
    return Material(
        record_kek=keyring.epochs,
        mac_key=keyring.event_hmac,
        log_key=keyring.log_signer.key,
        tsa_chain_pem=format_chain(time_authority(settings, keyring).chain),
        claims=claims,
        roles=check_roles,
        now=now,
    )
