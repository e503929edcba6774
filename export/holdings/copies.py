"""Service. The work that follows intake: each master is examined, and copied so that it plays.

Both jobs may be killed at any moment and run again: bytes are stored first, under keys of their
own, and one transaction then records them with their custody event. A kill between the two leaves
locked objects that no record names.
"""

import hashlib
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlmodel import Session

from custody.formats.canonical import canonical_json
from evidence.exhibits.exhibits import Exhibits
from evidence.exhibits.recorded import described
from evidence.exhibits.references import copy_name, file_safe, sheet_name
from evidence.exhibits.states import ExhibitState
from evidence.exhibits.tables import ExhibitRow
from export.holdings.files import (
    CONTACT_SHEET,
    COPY,
    DERIVATION,
    FRAMES,
    MASTER,
    SOURCE_FRAMES,
    files_of,
    place_of,
)
from export.holdings.tables import ExhibitFileRow
from export.intake.scans import infected
from export.media.copy import WorkingCopy, make_copy
from export.media.examine import Examination, Limits, examine
from export.media.facts import MediaFinding, NoCopyError, facts_json, finding_json, parse_facts
from export.media.findings import judge_length, problem
from storage.columns import stored_columns
from storage.jobs import Jobs
from storage.objects.store import ObjectStore, StoredObject

_COPY_ROOM = 3
"""A copy is made beside its master, and then stored: so many times the master's size."""
JOB_DERIVE = "exhibit.derive"


@dataclass(frozen=True, slots=True)
class _Made:
    """A file that a job stored, and that its transaction will record."""

    kind: str
    name: str
    position: int
    stored: StoredObject
    words: str = ""


class Copies:
    """Examines masters and makes working copies. Called by the worker, one exhibit at a time."""

    def __init__(
        self,
        begin: Callable[[], AbstractContextManager[Session]],
        vault: ObjectStore,
        exhibits: Exhibits,
        jobs: Jobs,
        *,
        scratch: Path,
        clock: Callable[[], datetime],
        new_id: Callable[[], UUID],
    ) -> None:
        self._begin = begin
        self._vault = vault
        self._exhibits = exhibits
        self._jobs = jobs
        self._scratch = scratch
        self._clock = clock
        self._new_id = new_id

    def examine(self, exhibit: UUID) -> None:
        """Look at each master of an exhibit, and keep what was found; does nothing twice."""
        with self._begin() as session:
            row = session.get_one(ExhibitRow, exhibit)
            masters = files_of(session, exhibit, MASTER)
            if row.state != ExhibitState.RECEIVED:
                return
        looked_at = [self._look_at(row, master) for master in masters]
        facts = [_facts(examination) for examination, _ in looked_at]
        with self._begin() as session:
            recorded = self._exhibits.examined(
                session,
                exhibit,
                facts=facts,
                findings=[
                    *_findings([examination for examination, _ in looked_at]),
                    *_lengths(row, masters, [examination for examination, _ in looked_at]),
                    *_malware(session, masters),
                ],
                facts_digest=hashlib.sha256(canonical_json(facts)).hexdigest(),
                copyable=any(not examination.needs_person for examination, _ in looked_at),
                at=self._clock(),
            )
            if recorded:
                self._record(session, exhibit, [made for _, made in looked_at if made])
                self._jobs.defer(session, JOB_DERIVE, str(exhibit))

    def _look_at(self, row: ExhibitRow, master: ExhibitFileRow) -> tuple[Examination, _Made | None]:
        self._vault.require_room(master.size)
        with self._job() as (source, job):
            self._vault.fetch_to(master.stored(), source)
            seen = examine(
                source, job, limits=Limits(), original_name=master.original_name, progress=None
            )
            if seen.frames is None:
                return seen, None
            name = f"{file_safe(row.reference)}-M{master.position + 1}.source-frames.csv"
            return seen, self._store(SOURCE_FRAMES, name, master.position, seen.frames)

    def derive(self, exhibit: UUID) -> None:
        """Make a working copy of each master that can be played; does nothing twice."""
        with self._begin() as session:
            row = session.get_one(ExhibitRow, exhibit)
            masters = files_of(session, exhibit, MASTER)
            frames = {file.position: file for file in files_of(session, exhibit, SOURCE_FRAMES)}
            copied = {file.position for file in files_of(session, exhibit, COPY)}
            if row.state != ExhibitState.EXAMINED:
                return
        made: list[_Made] = []
        copies: list[tuple[str, str, str]] = []
        findings: list[dict[str, Any]] = []
        for master in masters:
            if row.facts[master.position]["needs_person"] or master.position in copied:
                continue
            try:
                files, said = self._copy(row, master, frames[master.position])
            except NoCopyError as error:
                findings += [_located(finding, master) for finding in error.findings]
                continue
            made += files
            findings += [_located(finding, master) for finding in said]
            copies += _derived(files)
            copied.add(master.position)
        wanted = sum(not facts["needs_person"] for facts in row.facts)
        with self._begin() as session:
            recorded = self._exhibits.derived(
                session,
                exhibit,
                copies,
                findings=findings,
                complete=len(copied) == wanted,
                at=self._clock(),
            )
            if recorded:
                self._record(session, exhibit, made)

    def _copy(
        self, row: ExhibitRow, master: ExhibitFileRow, frames: ExhibitFileRow
    ) -> tuple[list[_Made], Sequence[MediaFinding]]:
        """Make, compare and store the copy of one master: the copy first, its derivation second."""
        self._vault.require_room(_COPY_ROOM * master.size)
        with self._job() as (source, job):
            listed = job.parent / "source.frames.csv"
            self._vault.fetch_to(master.stored(), source)
            self._vault.fetch_to(frames.stored(), listed)
            known = row.facts[master.position]
            starts = described(row).files[master.position].corrected_start
            name = copy_name(row.reference, master.position + 1)
            working = make_copy(
                source,
                Examination(parse_facts(known["facts"]), (), listed, playable=True),
                job,
                exhibit=name,
                master_sha256=master.sha256,
                limits=Limits(),
                first_frame_at=None if starts is None else datetime.fromisoformat(starts),
                progress=None,
            )
            return self._store_copy(name, master.position, working, job), working.findings

    def _store_copy(self, name: str, position: int, working: WorkingCopy, job: Path) -> list[_Made]:
        derivation = job / "derivation.json"
        derivation.write_bytes(canonical_json(working.derivation))
        sheet = f"{sheet_name(position + 1)}.jpg"
        return [
            self._store(COPY, f"{name}.mp4", position, working.mp4, working.sentence),
            self._store(DERIVATION, f"{name}.derivation.json", position, derivation),
            self._store(FRAMES, f"{name}.frames.csv", position, working.frames_csv),
            self._store(CONTACT_SHEET, sheet, position, working.contact_sheet),
        ]

    def _store(self, kind: str, name: str, position: int, path: Path, words: str = "") -> _Made:
        with path.open("rb") as file:
            stored = self._vault.put_stream(
                f"derived/{self._new_id()}", file, size=path.stat().st_size
            )
        return _Made(kind, name, position, stored, words)

    def _record(self, session: Session, exhibit: UUID, made: Sequence[_Made]) -> None:
        """Keep what a job stored, and have the ledger tell where, in which state that leaves it."""
        now = self._clock()
        listed = {file.position: file for file in files_of(session, exhibit, SOURCE_FRAMES)}
        kept = []
        for file in made:
            if file.kind == SOURCE_FRAMES and (before := listed.get(file.position)) is not None:
                # Examined once more: the last list of the master's pictures is the one that counts.
                before.stored_at = now
                for name, value in stored_columns(file.stored).items():
                    setattr(before, name, value)
                kept.append(before)
                continue
            row = ExhibitFileRow(
                id=self._new_id(),
                exhibit=exhibit,
                kind=file.kind,
                position=file.position,
                name=file.name,
                stored_at=now,
                words=file.words,
                **stored_columns(file.stored),
            )
            kept.append(row)
        session.add_all(kept)
        session.flush()
        places = [place_of(one) for one in kept]
        self._exhibits.stored(session, session.get_one(ExhibitRow, exhibit), places, at=now)

    @contextmanager
    def _job(self) -> Iterator[tuple[Path, Path]]:
        """Make a place for one master and an empty folder to work in; both go afterwards.

        A kill leaves them; `custos up` empties the scratch folder at its next start.
        """
        self._scratch.mkdir(mode=0o700, parents=True, exist_ok=True)
        place = Path(tempfile.mkdtemp(dir=self._scratch))
        try:
            job = place / "job"
            job.mkdir(mode=0o700)
            yield place / "master", job
        finally:
            shutil.rmtree(place)


def _derived(files: Sequence[_Made]) -> list[tuple[str, str, str]]:
    """Return what the ledger takes down of one copy and of the stills of it: `Exhibits.derived`."""
    made = {file.kind: file.stored.sha256 for file in files}
    kinds = ((COPY, "COURT_PLAYABLE"), (CONTACT_SHEET, "STILL"))
    return [(made[file], kind, made[DERIVATION]) for file, kind in kinds if file in made]


def _facts(examination: Examination) -> dict[str, Any]:
    facts = None if examination.facts is None else facts_json(examination.facts)
    return {"facts": facts, "needs_person": examination.needs_person}


def _findings(examinations: Sequence[Examination]) -> list[dict[str, Any]]:
    return [
        {**finding_json(finding), "master": position}
        for position, examination in enumerate(examinations)
        for finding in examination.findings
    ]


def _lengths(
    row: ExhibitRow, masters: Sequence[ExhibitFileRow], examinations: Sequence[Examination]
) -> list[dict[str, Any]]:
    """Return where a file lasts another time than its stated start and end say."""
    found = []
    for master, file, seen in zip(masters, described(row).files, examinations, strict=True):
        if seen.facts is not None:
            start, end = map(datetime.fromisoformat, (file.displayed_start, file.displayed_end))
            found += [_located(one, master) for one in judge_length(seen.facts, end - start)]
    return found


def _malware(session: Session, masters: Sequence[ExhibitFileRow]) -> list[dict[str, Any]]:
    """Return what the malware scanner found in the masters when they came."""
    found = []
    for master in masters:
        for name in infected(session, master.exhibit, key=master.key):
            words = (
                f"The malware scanner found {name} in the file as it came. It is kept as it is; "
                "open it only where that can do no harm."
            )
            found.append(_located(problem("malware", words), master))
    return found


def _located(finding: MediaFinding, master: ExhibitFileRow) -> dict[str, Any]:
    return {**finding_json(finding), "master": master.position}
