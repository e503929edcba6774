"""Pure. Choose how a working copy is made: the least invasive way that plays anywhere."""

from dataclasses import dataclass
from typing import Literal

from export.media.facts import AudioFacts, Facts, VideoFacts

Way = Literal["remux", "re-encode"]
MASTER, COPY = "master", "copy.mp4"
"""What the two files are called where a copy is made or compared."""
PLAYABLE_PROFILES = frozenset(
    {"Baseline", "Constrained Baseline", "Main", "High", "Constrained High", "Progressive High"}
)
PLAYABLE_FORMATS = frozenset({"yuv420p", "yuvj420p"})


@dataclass(frozen=True, slots=True)
class Plan:
    """How a copy is to be made, and the sentence that says why."""

    way: Way
    reason: str
    copy_sound: tuple[bool, ...]
    """For each stream of sound: copied as it is (True), or encoded as AAC."""


def plan(facts: Facts) -> Plan:
    """Return the least invasive way for a clip that has pictures.

    Raises: ValueError for a clip without pictures: of it there is no copy.
    """
    video = facts.video
    if video is None or not video.frame_count:
        raise ValueError("a clip without pictures has no working copy")
    sound = tuple(_sound_plays(stream) for stream in facts.audio)
    obstacle = _obstacle(video)
    if obstacle:
        return Plan("re-encode", f"The pictures were encoded anew because {obstacle}.", sound)
    words = (
        f"The pictures (H.264 {video.profile}, {video.pix_fmt}) already play in browsers, so they "
        "were taken over untouched into a new MP4 file."
    )
    return Plan("remux", words, sound)


def encode_instead(first: Plan, why: str) -> Plan:
    """Return the plan to encode, after the less invasive way has failed for a reason.

    `why` is a clause that completes "… because".
    """
    return Plan("re-encode", f"The pictures were encoded anew because {why}.", first.copy_sound)


def encode_sound_too(first: Plan) -> Plan:
    """Return the plan to encode pictures and sound, when copied sound stands in the way."""
    return Plan(first.way, first.reason, tuple(False for _ in first.copy_sound))


def _obstacle(video: VideoFacts) -> str:
    """Return why the pictures cannot be taken over as they are; empty if they can."""
    if video.codec != "h264":
        return f"browsers do not play {video.codec} everywhere"
    if video.profile not in PLAYABLE_PROFILES:
        return f"browsers do not play H.264 of profile {video.profile or 'unknown'}"
    if video.pix_fmt not in PLAYABLE_FORMATS:
        return f"browsers do not play H.264 pictures of format {video.pix_fmt}"
    if video.slice_groups:
        return "browsers do not play H.264 with slice groups"
    if not video.starts_with_key_frame:
        return "the recording does not start with a picture that stands by itself"
    return ""


def _sound_plays(stream: AudioFacts) -> bool:
    return stream.codec == "aac" and stream.profile in {"LC", "HE-AAC", "HE-AACv2"}
