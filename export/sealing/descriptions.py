"""Service. What a package says about an exhibit, from what the service knows of it."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from evidence.exhibits.description import DescribedFile, Description, sequence
from evidence.exhibits.references import file_safe
from evidence.exhibits.tables import ExhibitRow
from export.holdings.files import MASTER, ORIGINAL, PLAYER
from export.holdings.tables import ExhibitFileRow
from export.package.format.records import (
    USES,
    Copy,
    CopyType,
    ExhibitRecord,
    FileRole,
    FrameRate,
    Included,
    MasterFile,
    Withheld,
)

WITHHELD_REASON = "the release covers working copies only; the original stays with the council"
_BYTES = "application/octet-stream"
_MIME = {
    ".avi": "video/x-msvideo",
    ".mkv": "video/x-matroska",
    ".mov": "video/quicktime",
    ".mp4": "video/mp4",
    ".ts": "video/mp2t",
}


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What an exhibit record takes from the release and the council."""

    urn: str
    council: str
    with_master: bool
    retention_days: int | None
    """None: the audience of the release is not told how the council keeps a thing."""


def describe(
    exhibit: ExhibitRow,
    stated: Description,
    files: Sequence[ExhibitFileRow],
    around: Circumstances,
    *,
    going: Collection[str] | None = None,
    held: bool = False,
) -> ExhibitRecord:
    """Return the exhibit record for a package; what was not measured or not told is null.

    ``stated`` is what the ledger says that people said of it: no column of the row is asked.
    ``files`` are all of the exhibit's, ``going`` the names of those that go (None: as the release
    says of the master). Of every master the digest is told, whether it goes or not. ``held``: the
    exhibit is under a legal hold, which is told to whom its retention is.
    """
    if going is None:
        going = {file.name for file in files if around.with_master or file.kind not in ORIGINAL}
    masters = [file for file in files if file.kind == MASTER]
    included = any(file.name in going for file in masters)
    known = exhibit.facts[0]["facts"] if exhibit.facts else None
    video: Mapping[str, Any] = (known or {}).get("video") or {}
    audio = (known or {}).get("audio")
    codecs = [video["codec"]] if video else []
    return ExhibitRecord(
        exhibit_ref=stated.exhibit_ref,
        record=str(exhibit.id),
        urn=around.urn,
        title=stated.title,
        camera=stated.camera,
        recorder=stated.recorder,
        export=stated.export,
        displayed_start=stated.displayed_start,
        displayed_end=stated.displayed_end,
        corrected_start=stated.corrected_start,
        corrected_end=stated.corrected_end,
        clock_check=stated.clock_check,
        confirmed=stated.confirmed,
        container=known["container"] if known else None,
        codecs=tuple(codecs + [stream["codec"] for stream in audio or ()]),
        width=video.get("width"),
        height=video.get("height"),
        fps=FrameRate(video.get("nominal_fps"), video.get("average_fps")),
        duration=known["duration"] if known else None,
        frame_count=video.get("frame_count"),
        audio=bool(audio) if known else None,
        master=Included() if included else Withheld(WITHHELD_REASON),
        files=tuple(
            _master(file, own, file.name in going)
            for file, own in zip(masters, stated.files, strict=True)
        )
        + tuple(_player(file, file.name in going) for file in files if file.kind == PLAYER),
        gaps_and_faults=(*sequence(stated.files), *_findings(exhibit)),
        copies=_copies(exhibit, [file for file in files if file.name in going]),
        retention_class=_retention(around.retention_days),
        legal_hold=None if around.retention_days is None else held,
        controller=around.council,
    )


def _retention(days: int | None) -> str | None:
    return None if days is None else f"released evidence, kept {days} days at least"


def _findings(exhibit: ExhibitRow) -> list[str]:
    return [
        " ".join(filter(None, (finding["words"], finding["place"]))) for finding in exhibit.findings
    ]


def _player(file: ExhibitFileRow, goes: bool) -> MasterFile:
    return MasterFile(
        role=FileRole.PLAYER,
        original_name=file.original_name if goes else None,
        stored_name=file.name if goes else None,
        size=file.size,
        mime=_BYTES,
        sha256=file.sha256,
    )


def _master(file: ExhibitFileRow, own: DescribedFile, goes: bool) -> MasterFile:
    suffix = file.name[file.name.rfind(".") :].lower() if "." in file.name else ""
    return MasterFile(
        role=FileRole.MASTER,
        original_name=file.original_name if goes else None,
        stored_name=file.name if goes else None,
        size=file.size,
        mime=_MIME.get(suffix, _BYTES),
        sha256=own.sha256,
        camera=own.camera,
        displayed_start=own.displayed_start,
        displayed_end=own.displayed_end,
        corrected_start=own.corrected_start,
        corrected_end=own.corrected_end,
    )


def _copies(exhibit: ExhibitRow, files: Sequence[ExhibitFileRow]) -> tuple[Copy, ...]:
    copies = []
    for file in files:
        if file.kind == "copy":
            kind, source = CopyType.COURT_PLAYABLE, exhibit.reference
        elif file.kind == "contact_sheet":
            kind, source = CopyType.STILL, f"{file_safe(exhibit.reference)}-CP{file.position + 1}"
        else:
            continue
        name = file.name.rpartition(".")[0]
        copies.append(Copy(name, kind, source, file.size, file.sha256, USES[kind]))
    return tuple(copies)
