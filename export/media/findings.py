"""Pure. Turn facts into sentences for a person: what is wrong with a clip, what is unusual."""

from datetime import timedelta
from fractions import Fraction

from export.media.containers import MISSING_MAX
from export.media.facts import CameraSignature, Facts, MediaFinding, VideoFacts
from export.media.frames import parse_ratio
from export.media.kinds import container_words, extension_differs

_SHOWN = Fraction(2)
"""Seconds by which times that are shown as whole seconds may be apart from the truth."""


def problem(code: str, words: str, place: str = "") -> MediaFinding:
    """Return a finding that needs a person before a copy is made."""
    return MediaFinding(code, "problem", words, place)


def note(code: str, words: str, place: str = "") -> MediaFinding:
    """Return a finding that is worth knowing, and no reason to stop."""
    return MediaFinding(code, "note", words, place)


def judge_length(facts: Facts, stated: timedelta) -> tuple[MediaFinding, ...]:
    """Return what to say of a file that lasts longer or shorter than was stated of it.

    Systems show whole seconds, at its start and at its end: so much is no difference.
    """
    measured = parse_ratio(facts.duration)
    said = Fraction(stated // timedelta(microseconds=1), 1_000_000)
    if abs(measured - said) <= _SHOWN:
        return ()
    words = (
        f"By its stated times the file lasts {float(said):.1f} seconds, and {float(measured):.1f} "
        "seconds were measured: compare the times with the pictures, and correct them if they are "
        "wrong."
    )
    return (note("length", words),)


def unreadable(recognised: str | None, refusal: str) -> tuple[MediaFinding, ...]:
    """Return what to say of a file that no decoder opens."""
    if recognised is not None:
        return (problem("no-video", f"The file is no video: it is {recognised}."),)
    reason = f" The decoder says: {refusal}." if refusal else ""
    words = (
        "The file cannot be opened as a video. It may be damaged, cut off before its index was "
        "written, or in a format of the recorder's maker that needs the maker's player."
    )
    return (problem("unreadable", words + reason),)


def judge(facts: Facts, name: str, recognised: str | None) -> tuple[MediaFinding, ...]:
    """Return what a person should know about a clip that was decoded."""
    found = _file_findings(facts, name, recognised)
    if facts.video is None or not facts.video.frame_count:
        return (*found, _no_pictures(facts))
    return (*found, *_picture_findings(facts.video), *_unusual(facts, facts.video))


def is_playable(facts: Facts | None, recognised: str | None) -> bool:
    """Say whether there are moving pictures of which a copy can be tried."""
    if facts is None or facts.video is None or not facts.video.frame_count:
        return False
    return recognised is None


def is_damaged(facts: Facts) -> bool:
    """Say whether something of the clip is missing or could not be read."""
    video = facts.video
    lost = video is not None and (
        video.corrupt_frames > 0 or video.promised_frames > video.frame_count + video.remarks
    )
    return lost or facts.missing_bytes > 0 or facts.decode_error_count > 0


def _no_pictures(facts: Facts) -> MediaFinding:
    if facts.video is not None:
        codec = facts.video.codec
        return problem("no-pictures", f"Not one picture of the video ({codec}) could be decoded.")
    if any(stream.startswith("video ") for stream in facts.other_streams):
        words = "The file holds pictures, in a coding that cannot be decoded here."
        return problem("unknown-coding", words)
    if facts.audio:
        return problem("sound-only", "The file holds only sound, no pictures.")
    return problem("no-streams", "The file holds neither pictures nor sound.")


def _file_findings(facts: Facts, name: str, recognised: str | None) -> list[MediaFinding]:
    found = []
    if recognised is not None:
        found.append(problem("no-video", f"The file is no video: it is {recognised}."))
    if facts.missing_bytes:
        most = "at least " if facts.missing_bytes == MISSING_MAX else ""
        words = (
            f"The file is cut off: {most}{facts.missing_bytes:,} bytes that it announces are "
            "missing at its end."
        )
        found.append(problem("cut-off", words, f"at byte {facts.size}"))
    if extension_differs(name, facts.container):
        ending = name.rpartition(".")[2]
        words = f'The name ends in ".{ending}", but the file is {container_words(facts.container)}.'
        found.append(note("wrong-extension", words))
    if facts.decode_error_count:
        found.append(_errors(facts))
    return found


def _errors(facts: Facts) -> MediaFinding:
    times = [f"{seconds(place.time)} s" for place in facts.decode_errors if place.time]
    words = (
        f"{count(facts.decode_error_count, 'place')} in the clip could not be read without error."
    )
    return problem("decode-errors", words, "at " + ", ".join(times[:5]) if times else "")


def _picture_findings(video: VideoFacts) -> list[MediaFinding]:
    """Return what is wrong with the pictures."""
    found = []
    stored = video.frame_count + video.remarks
    if video.promised_frames > stored:
        words = (
            f"The file's index promises {video.promised_frames:,} pictures, and "
            f"{video.frame_count:,} could be read."
        )
        found.append(problem("pictures-missing", words))
    if video.corrupt_frames:
        words = f"{count(video.corrupt_frames, 'picture')} can be shown only with damage."
        found.append(problem("damaged-pictures", words))
    if video.size_changes:
        found.append(problem("size-changes", "The size of the pictures changes within the clip."))
    if video.untimed_frames:
        words = f"The clip gives no time for {count(video.untimed_frames, 'picture')}."
        found.append(problem("untimed", words))
    return found


def _unusual(facts: Facts, video: VideoFacts) -> list[MediaFinding]:
    """Return what is unusual about the clip, and no fault."""
    found = []
    if video.hidden_packets:
        words = (
            f"An edit list in the file hides {count(video.hidden_packets, 'stored packet')} from "
            "ordinary players. All stored pictures are in the frame list and in the working copy."
        )
        found.append(note("edit-list", words))
    if video.backward_times:
        words = f"{count(video.backward_times, 'time')} a picture is not later than the one before."
        found.append(note("times-repeat", words))
    if video.field_order != "progressive":
        words = "The pictures are interlaced. A copy keeps them so; fast movement shows combs."
        found.append(note("interlaced", words))
    if video.timing == "variable":
        found.append(note("variable-rate", "The time from picture to picture varies. It is kept."))
    if facts.other_streams:
        words = "The working copy leaves out what is neither the first video nor sound: "
        found.append(note("other-streams", words + ", ".join(facts.other_streams) + "."))
    found += [_signature(signature) for signature in facts.camera_signatures]
    return found


def _signature(signature: CameraSignature) -> MediaFinding:
    words = (
        f"The camera signed this clip ({signature.scheme}, {count(signature.packets, 'place')}). "
        "The signatures were found; they were not checked."
    )
    return note("camera-signature", words)


def count(number: int, thing: str) -> str:
    """Return "1 place" or "1,394 places"."""
    return f"{number:,} {thing}" if number == 1 else f"{number:,} {thing}s"


def seconds(ratio: str) -> str:
    """Return seconds to the millisecond, rounded down, from "num/den"."""
    value = parse_ratio(ratio)
    millis = abs(value) * 1000 // Fraction(1)
    return f"{'-' if value < 0 else ''}{millis // 1000}.{millis % 1000:03d}"
