"""Service. What a package says about an exhibit, from what the service knows of it."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from evidence.exhibits.clocks import LONDON, utc_text
from evidence.exhibits.references import file_safe
from evidence.exhibits.tables import ExhibitRow
from export.holdings.tables import ExhibitFileRow
from export.package.format.records import (
    USES,
    Camera,
    ClockCheck,
    Copy,
    CopyType,
    ExhibitRecord,
    Export,
    FileRole,
    FrameRate,
    Included,
    MasterFile,
    Recorder,
    Withheld,
)

WITHHELD_REASON = "the release covers working copies only; the original stays with the council"
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
    retention_days: int


def describe(
    exhibit: ExhibitRow,
    files: Sequence[ExhibitFileRow],
    around: Circumstances,
    *,
    going: Collection[str] | None = None,
    held: bool = False,
) -> ExhibitRecord:
    """Return the exhibit record for a package; what was not measured or not told is null.

    ``files`` are all of the exhibit's, ``going`` the names of those that go (None: as the release
    says of the master). Of every master the digest is told, whether it goes or not. ``held``: the
    exhibit is under a legal hold.
    """
    if going is None:
        going = {file.name for file in files if around.with_master or file.kind != "master"}
    masters = [file for file in files if file.kind == "master"]
    included = any(file.name in going for file in masters)
    known = exhibit.facts[0]["facts"] if exhibit.facts else None
    video: Mapping[str, Any] = (known or {}).get("video") or {}
    audio = (known or {}).get("audio")
    codecs = [video["codec"]] if video else []
    return ExhibitRecord(
        exhibit_ref=exhibit.reference,
        record=str(exhibit.id),
        urn=around.urn,
        title=exhibit.title or f"Footage of camera {exhibit.camera}",
        camera=Camera(exhibit.camera, exhibit.camera, None, None, None, None),
        recorder=Recorder(None, None, None, None, None),
        export=Export(
            by_role=exhibit.taken_in["role"],
            at=exhibit.taken_in["exported_at"],
            method=exhibit.taken_in["method"] or None,
            software=None,
            version=None,
        ),
        displayed_start=exhibit.displayed_start,
        displayed_end=exhibit.displayed_end,
        corrected_start=utc_text(exhibit.corrected_start),
        corrected_end=utc_text(exhibit.corrected_end),
        clock_check=_clock_check(exhibit),
        container=known["container"] if known else None,
        codecs=tuple(codecs + [stream["codec"] for stream in audio or ()]),
        width=video.get("width"),
        height=video.get("height"),
        fps=FrameRate(video.get("nominal_fps"), video.get("average_fps")),
        duration=known["duration"] if known else None,
        frame_count=video.get("frame_count"),
        audio=bool(audio) if known else None,
        master=Included() if included else Withheld(WITHHELD_REASON),
        files=tuple(_master(file, file.name in going) for file in masters),
        gaps_and_faults=tuple(
            " ".join(filter(None, (finding["words"], finding["place"])))
            for finding in exhibit.findings
        ),
        copies=_copies(exhibit, [file for file in files if file.name in going]),
        retention_class=f"released evidence, kept {around.retention_days} days at least",
        legal_hold=held,
        controller=around.council,
    )


def _clock_check(exhibit: ExhibitRow) -> ClockCheck:
    """Return the clock check; the displayed side follows from the reference and the offset."""
    offset: int = exhibit.clock["offset_ms"]
    checked = datetime.fromisoformat(exhibit.clock["checked_at"])
    displayed = (checked + timedelta(milliseconds=offset)).astimezone(LONDON)
    start = datetime.fromisoformat(exhibit.displayed_start)
    return ClockCheck(
        system_displayed_at=displayed.isoformat(timespec="milliseconds"),
        reference_at=exhibit.clock["checked_at"],
        reference_source=exhibit.clock["reference"],
        checked_at=exhibit.clock["checked_at"],
        offset_ms=offset,
        dst_in_force=start.utcoffset() == timedelta(hours=1),
    )


def _master(file: ExhibitFileRow, goes: bool) -> MasterFile:
    suffix = file.name[file.name.rfind(".") :].lower() if "." in file.name else ""
    return MasterFile(
        role=FileRole.MASTER,
        original_name=file.original_name if goes else None,
        stored_name=file.name if goes else None,
        size=file.size,
        mime=_MIME.get(suffix, "application/octet-stream"),
        sha256=file.sha256,
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
