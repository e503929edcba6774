"""Edge. Every page and call of the staff that is measured, about what stands in the middle."""

import re
from collections.abc import Callable, Mapping
from datetime import timedelta
from html import unescape

from sqlalchemy import text
from sqlmodel import Session

from api.services import Services


def pages(services: Services, *, read: Callable[[str], str]) -> Mapping[str, str]:
    """Return the address of every page and call that is measured, by what it is called.

    ``read`` returns the page of an address: where the older ones are stands in it.
    """
    with services.transaction() as session:
        known = _known(session)
    day = known["day"]
    lists = {
        "home": "/console",
        "exhibits": "/console/exhibits",
        "exhibits by reference": f"/console/exhibits?q={known['reference']}",
        "exhibits by words of a title": f"/console/exhibits?q={known['title']}",
        "exhibits by a word that is nowhere": "/console/exhibits?q=zyxwv",
        "exhibits by day": f"/console/exhibits?recorded={day}",
        "exhibits by state": "/console/exhibits?state=attention",
        "releases": "/console/releases",
        "releases that wait": "/console/releases?show=waiting",
        "releases by reference": f"/console/releases?q={known['label']}",
        "releases by recipient": f"/console/releases?q={known['person']}",
        "releases by a word that is nowhere": "/console/releases?q=zyxwv",
        "register": "/console/register",
        "register of a week": f"/console/register?first={known['week']}&last={known['date']}",
        "custody": "/console/custody",
        "custody of an exhibit": f"/console/custody?about={known['reference']}",
        "custody by event": "/console/custody?event=hold.placed",
        "custody by day": f"/console/custody?since={day}&until={day}",
        "custody by digest": f"/console/custody?sha256={known['sha256']}",
        "call: exhibits": "/api/v1/exhibits",
        "call: 100 exhibits": "/api/v1/exhibits?limit=100",
        "call: releases": "/api/v1/releases",
        "call: 100 releases": "/api/v1/releases?limit=100",
    }
    deep = {
        f"{name}, far down": address
        for name, start in (
            ("exhibits", f"/console/exhibits?cursor={known['half']}"),
            ("releases", f"/console/releases?cursor={known['half']}"),
            ("register", f"/console/register?cursor={known['half']}"),
        )
        if (address := older(read(start)))
    }
    one = {
        "an exhibit": f"/console/exhibits/{known['file_safe']}",
        "its history": f"/console/exhibits/{known['file_safe']}/history",
        "a release": f"/console/releases/{known['label']}",
        "its history ": f"/console/releases/{known['label']}/history",
        "proposing": "/console/releases/new",
        "proposing, by words": f"/console/releases/new?q={known['title']}",
        "taking in": "/console/exhibits/new",
        "is this ours?": f"/console/custody/known?sha256={known['sha256']}",
        "an event": f"/console/custody/{known['index']}",
        "call: an exhibit": f"/api/v1/exhibits/{known['exhibit']}",
        "call: its history": f"/api/v1/exhibits/{known['exhibit']}/custody?limit=100",
        "call: a release": f"/api/v1/releases/{known['label']}",
    }
    return lists | deep | one


def _known(session: Session) -> Mapping[str, str]:
    """Return what the pages are asked about: an exhibit and a release from the middle."""
    exhibit = session.execute(
        text(
            "SELECT e.id, e.reference, e.title, e.received_at, e.corrected_start, f.sha256, l.index"
            " FROM exhibit e JOIN exhibit_file f ON f.exhibit = e.id AND f.kind = 'master'"
            " JOIN log_entry l ON l.event = e.received_event"
            " JOIN release_exhibit r ON r.exhibit = e.id"
            " ORDER BY e.received_at OFFSET (SELECT count(*) / 2 FROM release_exhibit) LIMIT 1"
        )
    ).one()
    release = session.execute(
        text(
            "SELECT r.urn || '-R' || r.number, split_part(p.email, '@', 1) FROM release r"
            " JOIN person p ON p.id = r.recipient JOIN link l ON l.release = r.id"
            " ORDER BY r.proposed_at OFFSET (SELECT count(*) / 2 FROM link) LIMIT 1"
        )
    ).one()
    moment = int(exhibit.received_at.timestamp() * 1_000_000)
    week = exhibit.received_at - timedelta(days=7)
    return {
        "exhibit": str(exhibit.id),
        "reference": exhibit.reference,
        "file_safe": exhibit.reference.replace("/", "-"),
        "title": exhibit.title.split(" ")[0] or "street",
        "day": f"{exhibit.corrected_start:%d/%m/%Y}",
        "date": f"{exhibit.received_at:%Y-%m-%d}",
        "week": f"{week:%Y-%m-%d}",
        "sha256": exhibit.sha256,
        "index": str(exhibit.index),
        "label": release[0],
        "person": release[1],
        "half": f"older-{moment}-{exhibit.id.hex}",
    }


def older(page: str) -> str:
    """Return the address behind the link "Older" of a page."""
    found = re.search(r'href="([^"]+)" rel="next"', page)
    return unescape(found[1]) if found else ""
