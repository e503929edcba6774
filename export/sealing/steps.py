"""Service. What is stored of a sealing while it goes on: finished steps, and small files.

Rows are written once (docs/adr/0004-sealing-in-steps.md): a second writer of the same step gets a
`ConflictError`, so that two workers can never seal one release twice.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from hashlib import sha256
from typing import Any
from uuid import UUID

from sqlmodel import Session, col, select

from custody.formats.canonical import JSON, canonical_json, format_time
from export.package.format.assembly import PackedFile, packed_files
from export.release.releases import require_sealing
from export.sealing.tables import SealFileRow, SealStepRow
from storage.columns import stored_columns
from storage.objects.store import StoredObject


class SealStep(StrEnum):
    """The steps of sealing, in their order."""

    PAYLOAD = "payload"
    """Which files go in; the exhibit records, the payload manifest."""
    CUSTODY = "custody"
    """The custody events so far, documents, certificates; the tag manifest, so the seal."""
    SIGNATURE = "signature"
    TIMESTAMP = "timestamp"
    LEDGER = "ledger"
    """The event `release.sealed`: exactly one a release."""
    PROOFS = "proofs"
    ARCHIVE = "archive"
    """Joined inside the object store."""
    CHECK = "check"
    """Read back once, every digest compared: only now may it be announced."""


@dataclass(frozen=True, slots=True)
class PlacedFile:
    """A large file of the package, and the stored object that it is a copy of."""

    path: str
    stored: StoredObject

    @property
    def packed(self) -> PackedFile:
        """How the package describes it."""
        return PackedFile(self.path, self.stored.size, self.stored.sha256, self.stored.crc32)


@dataclass(frozen=True, slots=True)
class Joined:
    """Where a package lies whole, and what was found when it was read back."""

    archive: Mapping[str, Any]
    checked: Mapping[str, Any]
    at: datetime
    """When it was found to be whole."""


class SealStore:
    """Reads and writes the rows of one release's sealing."""

    def __init__(self, release: UUID) -> None:
        self.release = release

    def facts(self, session: Session, step: SealStep) -> dict[str, Any] | None:
        """Return what a step found out, or None if it is not done."""
        row = session.get(SealStepRow, (self.release, step.value))
        return None if row is None else row.facts

    def joined(self, session: Session) -> Joined | None:
        """Return the package as it was joined and read back; None: it was not."""
        steps = select(SealStepRow).where(
            SealStepRow.release == self.release,
            col(SealStepRow.step).in_([SealStep.ARCHIVE, SealStep.CHECK]),
        )
        found = {SealStep(row.step): row for row in session.exec(steps)}
        if len(found) != len((SealStep.ARCHIVE, SealStep.CHECK)):
            return None
        archive, checked = found[SealStep.ARCHIVE], found[SealStep.CHECK]
        return Joined(archive.facts, checked.facts, checked.done_at)

    def done(self, session: Session) -> frozenset[SealStep]:
        """Return the steps that are done."""
        steps = select(SealStepRow.step).where(SealStepRow.release == self.release)
        return frozenset(map(SealStep, session.exec(steps)))

    def finish(
        self,
        session: Session,
        step: SealStep,
        *,
        at: datetime,
        files: Mapping[str, bytes] | None = None,
        facts: Mapping[str, Any] | None = None,
    ) -> None:
        """Record that a step is done, with the files that it made.

        Raises:
            ConflictError: at the next flush, if somebody else did the step meanwhile.
            StateError: somebody gave the sealing up meanwhile.
        """
        require_sealing(session, self.release)
        session.add(
            SealStepRow(release=self.release, step=step.value, done_at=at, facts=dict(facts or {}))
        )
        for path, data in (files or {}).items():
            session.add(SealFileRow(release=self.release, path=path, data=data))
        session.flush()

    def small(self, session: Session) -> dict[str, bytes]:
        """Return the small files that are made so far, by path."""
        rows = session.exec(select(SealFileRow).where(SealFileRow.release == self.release))
        return {row.path: row.data for row in rows}

    def whole(self, session: Session) -> dict[str, JSON]:
        """Return what `release.checked` commits to of all that is stored here."""
        made = {path: sha256(data).hexdigest() for path, data in self.small(session).items()}
        steps = session.exec(select(SealStepRow).where(SealStepRow.release == self.release)).all()
        return {"contents": contents_json(made), "steps": steps_digest(steps)}

    def placed(self, session: Session) -> list[PlacedFile]:
        """Return the large files, which stay where they are stored until they are joined."""
        facts = self.facts(session, SealStep.PAYLOAD) or {"placed": []}
        return [
            PlacedFile(path=file["path"], stored=StoredObject(**file["stored"]))
            for file in facts["placed"]
        ]

    def packed(self, session: Session) -> list[PackedFile]:
        """Return every file of the package so far."""
        large = [file.packed for file in self.placed(session)]
        return [*large, *packed_files(self.small(session))]


def facts_digest(facts: Mapping[str, Any]) -> str:
    """Return the SHA-256 under which `release.assembled` names where the joined package lies."""
    return sha256(canonical_json(facts)).hexdigest()


def steps_digest(steps: Iterable[Any]) -> str:
    """Return what `release.checked` commits to of the steps: of each, when it was done, its facts.

    ``steps`` are rows, or bare columns: ``step``, ``done_at`` and ``facts``.
    """
    return facts_digest(
        {
            one.step: {
                "done_at": format_time(one.done_at.replace(microsecond=0)),
                "facts": one.facts,
            }
            for one in steps
        }
    )


def contents_json(digests: Mapping[str, str]) -> list[JSON]:
    """Return small files, each path with its SHA-256, as `release.checked` names them."""
    return [{"path": path, "sha256": digests[path]} for path in sorted(digests)]


def place_json(path: str, stored: StoredObject) -> dict[str, Any]:
    """Return a placed file as a step's facts hold it."""
    return {"path": path, "stored": stored_columns(stored)}
