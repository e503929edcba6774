"""Edge. `custos release`, once it is sealed: revoked, issued again, handed over, registered."""

import argparse
from pathlib import Path

from sqlmodel import Session

from api.acts import act
from api.cli.terminal.caller import add_acting, decided
from api.cli.terminal.errors import UsageError
from api.services import Services
from evidence.exhibits.description import utc_text
from evidence.people.access import Subject
from export.delivery.handoffs import NewHandoff
from export.desk.disclosures import parse_period
from export.desk.spreadsheet import format_register
from export.release.releases import label
from storage.errors import ConflictError


def add_arguments(whats: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add what is done about a release that is sealed."""
    revoking = whats.add_parser("revoke", help="take a sealed release back; its links end")
    revoking.add_argument("release")
    revoking.add_argument("--reason", required=True)
    add_acting(revoking)
    reissuing = whats.add_parser("reissue", help="issue the link again; the one before ends")
    reissuing.add_argument("release")
    add_acting(reissuing)
    handing = whats.add_parser("handoff", help="record that a package went another way")
    handing.add_argument("release")
    handing.add_argument("--system", required=True, help="where it went")
    handing.add_argument("--reference", required=True, help="how it is called there")
    handing.add_argument("--acceptance", required=True, help="who accepted it, in which words")
    handing.add_argument("--at", default="", help="2026-11-21 14:30 (now)")
    add_acting(handing)
    erasing = whats.add_parser("erase-papers", help="erase what names people in a sealing's papers")
    erasing.add_argument("release", nargs="+")
    erasing.add_argument("--reason", required=True)
    add_acting(erasing)
    registering = whats.add_parser("register", help="write the disclosure register as CSV")
    registering.add_argument("--out", type=Path, required=True, help="a file that is not there yet")
    registering.add_argument("--first", default="", help="2026-11-01")
    registering.add_argument("--last", default="", help="2026-11-30")
    add_acting(registering)


def _revoke(given: argparse.Namespace, services: Services, subject: Subject) -> int:
    row = decided(services, subject, services.revocations.revoke, given.release, given.reason)
    print(f"Release {label(row)} revoked: no link of it works any more")
    return 0


def _reissue(given: argparse.Namespace, services: Services, subject: Subject) -> int:
    link = act(
        services,
        subject,
        lambda session: services.links.reissue(
            session, given.release, by=subject, at=services.clock()
        ),
    )
    print(f"Link {link.number} is on its way, and works until {utc_text(link.expires_at)}")
    return 0


def _hand_off(given: argparse.Namespace, services: Services, subject: Subject) -> int:
    new = NewHandoff(given.system, given.reference, given.acceptance, given.at)
    handoff = act(
        services,
        subject,
        lambda session: services.handoffs.record(
            session, given.release, new, by=subject, at=services.clock()
        ),
    )
    print(f"Hand-off recorded; SHA-256 of the package: {handoff.sha256}")
    return 0


def _erase_papers(given: argparse.Namespace, services: Services, subject: Subject) -> int:
    """Erase them one release at a time: whoever is stopped says the same again."""
    for name in given.release:

        def erase(session: Session, name: str = name) -> int:
            at, why = services.clock(), given.reason
            papers = services.papers.erase(session, name, by=subject, at=at, reason=why)
            return papers + services.feedback.erase(session, name, by=subject, at=at, reason=why)

        gone = act(services, subject, erase)
        print(f"Release {name}: {gone} papers erased" if gone else f"Release {name}: none is left")
    return 0


def _register(given: argparse.Namespace, services: Services, subject: Subject) -> int:
    period = parse_period(given.first, given.last)

    def write(session: Session) -> int:
        entries = services.register.export(session, period, by=subject, at=services.clock())
        with given.out.open("x", encoding="utf-8", newline="") as file:
            try:
                return sum(1 for line in format_register(entries) if file.write(line)) - 1
            except BaseException:
                given.out.unlink()  # a part of a register would look like a whole one
                raise

    try:
        written = act(services, subject, write)
    except FileExistsError:
        raise ConflictError(f"{given.out} is there already: name another file") from None
    except OSError as error:
        raise UsageError(f"{given.out} cannot be written: {error.strerror}") from error
    print(f"{written} entries: {given.out}")
    return 0


COMMANDS = {
    "revoke": _revoke,
    "reissue": _reissue,
    "handoff": _hand_off,
    "erase-papers": _erase_papers,
    "register": _register,
}
"""What is done about a sealed release, by the word of the command line."""
