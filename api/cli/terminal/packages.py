"""Edge. A release sealed and its package fetched, while somebody looks on."""

import hashlib
import os
from pathlib import Path

from api.acts import act
from api.cli.terminal.errors import UsageError
from api.cli.terminal.progress import Bar
from api.cli.terminal.waits import wait_for_seal
from api.services import Services
from api.views import show_release
from evidence.people.access import Subject
from export.delivery.packages import Package
from export.release.releases import label
from export.sealing.steps import SealStep
from storage.errors import ConflictError, CorruptError


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
        lambda session: services.decisions.start_sealing(session, name, by=subject),
    )
    with Bar("Sealing", len(SealStep)) as bar:
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
