"""Edge. `custos release propose`, `approve`, `refuse`, `seal` and `show`."""

import argparse
import hashlib
import json
import os
from pathlib import Path

from api.acting import act
from api.cli.acting import add_acting, services_of, subject_of
from api.cli.failing import UsageError
from api.cli.progress import Bar
from api.cli.waiting import wait_for_seal
from api.views import show_release
from api.wiring import Services
from evidence.access import Subject
from export.packages import Package
from export.releases import NewRelease, ReleaseKind
from export.seal_store import Step
from export.tables import ReleaseRow
from storage.errors import ConflictError, CorruptError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of `custos release`."""
    whats = parser.add_subparsers(dest="what", required=True)
    proposing = whats.add_parser("propose", help="propose to release exhibits to one person")
    proposing.add_argument("--exhibit", action="append", required=True, help="JS/1; repeatable")
    proposing.add_argument(
        "--kind", required=True, choices=[kind.value for kind in ReleaseKind], help="who asks"
    )
    proposing.add_argument("--recipient", required=True, help="the one person it is for")
    proposing.add_argument("--email", required=True, help="their address at their organisation")
    proposing.add_argument("--organisation", required=True)
    proposing.add_argument("--purpose", required=True, help="why they need it")
    proposing.add_argument("--basis", required=True, help="legal basis of the disclosure")
    proposing.add_argument("--urn", default="", help="reference number, if there is one already")
    masters = proposing.add_mutually_exclusive_group()
    masters.add_argument("--with-master", action="store_true", default=None)
    masters.add_argument("--without-master", action="store_false", dest="with_master")
    add_acting(proposing)
    approving = whats.add_parser("approve", help="approve a release as a second person")
    approving.add_argument("release", help="BAR-7K4M-2XQ9-J-R1")
    approving.add_argument("--reason", default="")
    approving.add_argument(
        "--self-approve", action="store_true", help="demonstration only: one person does both"
    )
    add_acting(approving)
    refusing = whats.add_parser("refuse", help="refuse a release, with a reason")
    refusing.add_argument("release")
    refusing.add_argument("--reason", required=True)
    add_acting(refusing)
    sealing = whats.add_parser("seal", help="seal an approved release and collect the package")
    sealing.add_argument("release")
    sealing.add_argument("--out", type=Path, required=True, help="file or folder for the package")
    add_acting(sealing)
    showing = whats.add_parser("show", help="show a release, or list all")
    showing.add_argument("release", nargs="?")
    add_acting(showing)


def run(given: argparse.Namespace) -> int:
    """Run one of them."""
    commands = {
        "propose": _propose,
        "approve": _approve,
        "refuse": _refuse,
        "seal": _seal,
        "show": _show,
    }
    with services_of(given) as services:
        return commands[given.what](given, services, subject_of(given, services))


def _propose(given: argparse.Namespace, services: Services, subject: Subject) -> int:
    new = NewRelease(
        exhibits=tuple(given.exhibit),
        kind=ReleaseKind(given.kind),
        recipient_name=given.recipient,
        recipient_email=given.email,
        organisation=given.organisation,
        purpose=given.purpose,
        basis=given.basis,
        with_master=given.with_master,
        urn=given.urn,
    )
    now = services.clock()
    row = act(
        services,
        subject,
        lambda session: services.releases.propose(session, new, by=subject, at=now),
    )
    print(f"Release {label(row)} proposed. A second person must approve it:")
    print(f"  custos release approve {label(row)} --token-file ...")
    return 0


def _approve(given: argparse.Namespace, services: Services, subject: Subject) -> int:
    row = act(
        services,
        subject,
        lambda session: services.releases.approve(
            session,
            given.release,
            by=subject,
            at=services.clock(),
            reason=given.reason,
            self_approve=given.self_approve,
        ),
    )
    print(f"Release {label(row)} approved: {row.reason}")
    return 0


def _refuse(given: argparse.Namespace, services: Services, subject: Subject) -> int:
    row = act(
        services,
        subject,
        lambda session: services.releases.refuse(
            session, given.release, by=subject, at=services.clock(), reason=given.reason
        ),
    )
    print(f"Release {label(row)} refused: {row.reason}")
    return 0


def _seal(given: argparse.Namespace, services: Services, subject: Subject) -> int:
    path = seal_and_collect(services, subject, given.release, given.out)
    print(f"Sealed: {path}")
    print(f"Check it: custos verify {path} --trust COUNCIL.trust.json")
    return 0


def _show(given: argparse.Namespace, services: Services, subject: Subject) -> int:
    if given.release is None:
        for row in act(
            services, subject, lambda session: services.releases.visible(session, by=subject)
        ):
            print(f"{label(row):<22} {row.state:<10} {row.kind:<8} {row.organisation}")
        return 0
    view = act(
        services, subject, lambda session: show_release(services, session, subject, given.release)
    )
    print(json.dumps(view.model_dump(mode="json"), indent=2, ensure_ascii=False))
    return 0


def label(row: ReleaseRow) -> str:
    """Return how people call a release."""
    return f"{row.urn}-R{row.number}"


def seal_and_collect(services: Services, subject: Subject, name: str, out: Path) -> Path:
    """Seal a release, wait for it, and fetch the package; return where it was written.

    Raises:
        UsageError, ConflictError: it cannot be written there; nothing was sealed. No file is ever
            written over.
    """
    release = act(services, subject, lambda s: show_release(services, s, subject, name)).name
    path = out / f"{release}.zip" if out.is_dir() else out
    if path.exists():
        raise ConflictError(f"{path} is there already: name another file, or move it away")
    if not path.parent.is_dir():
        raise UsageError(f"there is no folder {path.parent} for the package")
    row = act(
        services,
        subject,
        lambda session: services.releases.start_sealing(session, name, by=subject),
    )
    with Bar("Sealing", len(Step)) as bar:
        wait_for_seal(services, row.id, bar)
        bar.done_words = label(row)
    package = act(
        services,
        subject,
        lambda session: services.packages.collect(session, name, by=subject, at=services.clock()),
    )
    with Bar("Collecting the package", package.size) as bar:
        _fetch(services, package, path, bar)
        bar.done_words = f"SHA-256 {package.sha256}"
    return path


def _fetch(services: Services, package: Package, path: Path, bar: Bar) -> None:
    """Write the package beside its place, compare it, then put it there whole."""
    part = path.with_name(path.name + ".part")
    digest, done = hashlib.sha256(), 0
    with part.open("wb") as file:
        for chunk in services.vault.open(package.key, package.version):
            digest.update(chunk)
            file.write(chunk)
            done += len(chunk)
            bar.show(done)
        file.flush()
        os.fsync(file.fileno())
    if digest.hexdigest() != package.sha256:
        raise CorruptError(f"{part}", expected=package.sha256, found=digest.hexdigest())
    part.rename(path)
