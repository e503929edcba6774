"""Edge. `/api/v1/log`: what is on record of the custody log, as “Is it whole?” shows it."""

from typing import Any

from fastapi import APIRouter

from api.acts import act
from api.depends import Acts, UsesServices
from custody.formats.note import format_verifier_key
from export.desk.oversight.wholeness import Audited, Reread, Wholeness

router = APIRouter(prefix="/api/v1/log", tags=["log"])


@router.get("", summary="Is the log whole?")
def whole(services: UsesServices, subject: Acts) -> dict[str, Any]:
    """Return its length, what looked at it last, and what was found; null: never."""
    found = act(services, subject, lambda session: services.overview.look(session, by=subject))
    return {"key": format_verifier_key(services.keyring.log_signer.key), **_said(found)}


def _said(found: Wholeness) -> dict[str, Any]:
    checkpoint, stamp = found.checkpoint, found.stamp
    return {
        "size": found.size,
        "stopped": found.alarm,
        "sequencer_seen_at": found.beat,
        "checkpoint": checkpoint
        and {
            "size": checkpoint.size,
            "root": checkpoint.root.hex(),
            "signed_by_the_log": checkpoint.by_log,
            "covers_until": checkpoint.covers_until,
        },
        "timestamp": stamp and {"size": stamp.size, "at": stamp.at, "authority": stamp.authority},
        "audit": _audit(found.audit),
        "unrecorded_audit": found.unrecorded
        and {"at": found.unrecorded.at, "failures": found.unrecorded.failures},
        "files_found_whole": _reread(found.checked),
        "files_found_changed": _reread(found.failed),
        "witnesses": [
            {"name": one.name, "key_id": one.keyid, "at": one.at, "checked": one.checked}
            for one in found.witnesses
        ],
        "needs_a_person": [{"since": one.at, "words": one.words} for one in found.calls],
    }


def _audit(audited: Audited | None) -> dict[str, Any] | None:
    if audited is None:
        return None
    row = audited.row
    return {
        "at": row.at,
        "index": audited.index,
        "as_recorded": audited.as_recorded,
        "size": row.size,
        "root": row.root,
        "outcome": row.outcome,
        "failures": row.failures,
        "duration_ms": row.duration_ms,
        "findings": row.findings,
    }


def _reread(one: Reread | None) -> dict[str, Any] | None:
    if one is None:
        return None
    return {"count": one.count, "first": one.first, "last": one.last, "index": one.index}
