"""Pure. What an examination found out about a clip, as facts and as sentences."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any, Literal

from export.errors import MediaError

Json = dict[str, Any]
Severity = Literal["note", "problem"]
REFUSED_EXIT = 3
BROKE_EXIT = 4
"""Exit codes of a child that says: this is no clip that can be opened; it broke me."""


class FactsError(MediaError):
    """Facts are not in their one form; refuse them."""


@dataclass(frozen=True, slots=True)
class MediaFinding:
    """One thing that a person should know about a clip."""

    code: str
    """A short stable name, for machines: "empty", "cut-off"."""
    severity: Severity
    """A problem needs a person before a copy is made; a note does not."""
    words: str
    """A full sentence that a reader without technical knowledge understands."""
    place: str = ""
    """Where in the clip, where that is known: "at 12.480 s", "at byte 7340032"."""


class NoCopyError(MediaError):
    """No way gave a working copy that stood the comparison; carries the findings for a person."""

    def __init__(self, findings: Sequence[MediaFinding]) -> None:
        words = " ".join(finding.words for finding in findings)
        super().__init__(words or "no working copy could be made")
        self.findings = tuple(findings)


@dataclass(frozen=True, slots=True)
class Place:
    """A place in the clip where something could not be read: seconds as "num/den", and what."""

    packet: int
    time: str
    words: str


@dataclass(frozen=True, slots=True)
class CameraSignature:
    """A signature of the camera, as it was found; whether it is valid has not been checked."""

    scheme: str
    """"ONVIF Media Signing" or "Axis signed video"."""
    packets: int
    """In how many packets of the pictures it was found."""


@dataclass(frozen=True, slots=True)
class VideoFacts:
    """The stream of pictures. Rates, times and ratios are "num/den"."""

    index: int
    codec: str
    profile: str
    pix_fmt: str
    width: int
    height: int
    sar: str
    """Sample aspect ratio; "1/1" where none is given."""
    rotation: int
    """Degrees anticlockwise by which a player turns the pictures."""
    range: Literal["limited", "full", "unspecified"]
    nominal_fps: str
    """What the container says; "0/1" where it says nothing."""
    average_fps: str
    """Counted: pictures by time."""
    timing: Literal["constant", "variable", "single"]
    field_order: Literal["progressive", "interlaced", "mixed"]
    timebase: str
    start_time: str
    frame_count: int
    """Counted by decoding, never quoted."""
    promised_frames: int
    """What the container's index promises; 0 where it promises nothing."""
    key_frames: int
    starts_with_key_frame: bool
    corrupt_frames: int
    """Pictures that the decoder itself marks as damaged."""
    hidden_packets: int
    """Packets that an edit list hides from view in ordinary players. They are counted here, and
    their pictures are in the frame list: what is stored is evidence."""
    remarks: int
    """Packets without a picture: SEI only, as signing cameras add at the end."""
    size_changes: int
    untimed_frames: int
    backward_times: int
    """Pictures whose time is not later than that of the one before."""
    slice_groups: bool
    """H.264 with flexible macroblock ordering, which browsers cannot play."""


@dataclass(frozen=True, slots=True)
class AudioFacts:
    """A stream of sound. The digest covers the bytes of all packets, joined."""

    index: int
    codec: str
    profile: str
    sample_rate: int
    channels: int
    start_time: str
    packets: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Facts:
    """All that was measured in one full decode of a clip."""

    container: str
    size: int
    duration: str
    """Seconds that the pictures (or, without any, the sound) last."""
    video: VideoFacts | None
    audio: tuple[AudioFacts, ...]
    other_streams: tuple[str, ...]
    """What else is in the file: "video 2 (h264)", "subtitle 3 (mov_text)"."""
    edit_lists: int
    missing_bytes: int
    """Bytes that the container announces and that are not there."""
    camera_signatures: tuple[CameraSignature, ...]
    decode_error_count: int
    decode_errors: tuple[Place, ...]
    """The first 20."""
    decoder: str
    """What decoded: "PyAV 18.1.0, libavcodec 62.28.102"."""


def facts_json(facts: Facts) -> Json:
    """Return the facts as JSON-able values, without a float."""
    return asdict(facts, dict_factory=_plain)


def parse_facts(value: object) -> Facts:
    """Return the facts of JSON-able values.

    Raises: FactsError if a field is missing, unknown or of another kind.
    """
    given = _fields(value, Facts)
    video = given["video"]
    given["video"] = None if video is None else VideoFacts(**_fields(video, VideoFacts))
    for name, kind in (
        ("audio", AudioFacts),
        ("camera_signatures", CameraSignature),
        ("decode_errors", Place),
    ):
        given[name] = tuple(kind(**_fields(item, kind)) for item in _list(given[name]))
    given["other_streams"] = tuple(_list(given["other_streams"]))
    return Facts(**given)


def finding_json(finding: MediaFinding) -> Json:
    """Return a finding as JSON-able values."""
    return asdict(finding)


def _plain(pairs: list[tuple[str, Any]]) -> Json:
    return {key: list(value) if isinstance(value, tuple) else value for key, value in pairs}


def _list(value: object) -> list[Any]:
    if not isinstance(value, list):
        raise FactsError(f"facts: expected a list, found {type(value).__name__}")
    return value


def _fields(value: object, kind: type) -> Json:
    """Check that the value has exactly the fields of the dataclass, scalars of the right type."""
    wanted = {field.name: field.type for field in fields(kind)}
    if not isinstance(value, dict) or value.keys() != wanted.keys():
        raise FactsError(f"facts: expected the fields of {kind.__name__}, found {str(value)[:80]}")
    for name, annotation in wanted.items():
        if annotation in {int, str, bool} and type(value[name]) is not annotation:
            raise FactsError(f"facts: {name} is {value[name]!r}, expected a {annotation}")
    return dict(value)
