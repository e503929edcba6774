"""Edge. “Is it whole?”: what is on record of the log, and how to look without us."""

import hashlib
from typing import Annotated

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from api.acts import act
from api.builders.record.trust import trust_file
from api.depends import UsesServices
from api.web.pages import page
from api.web.staff import Staff, allowed
from custody.formats.note import format_verifier_key
from evidence.people.access import Action

router = APIRouter(include_in_schema=False)
_GROUP = 4
_LOG = "/log/"


@router.get("/console/whole")
def whole(
    request: Request, services: UsesServices, staff: Annotated[Staff, allowed(Action.AUDIT_LOG)]
) -> HTMLResponse:
    """Show what is known of the log, what looked at it last, and what to compare."""
    found = act(
        services, staff.subject, lambda session: services.overview.look(session, by=staff.subject)
    )
    key = services.keyring.log_signer.key
    trust = trust_file(services.settings, services.keyring)
    return page(
        request,
        "console/whole.html",
        staff=staff,
        found=found,
        key=format_verifier_key(key),
        key_groups=by_eye(key.pub),
        trust_groups=by_eye(hashlib.sha256(trust).digest()),
        public_log=f"{services.settings.origin}{_LOG}",
    )


def by_eye(digest: bytes) -> list[str]:
    """Return a digest in groups of four digits, to be compared by eye or read on the telephone."""
    digits = digest.hex()
    return [digits[at : at + _GROUP] for at in range(0, len(digits), _GROUP)]
