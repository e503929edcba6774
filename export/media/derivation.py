"""Pure. Say how a copy was made and what was measured on it. Format: docs/formats/derivation.md."""

from dataclasses import dataclass
from typing import Any

from export.media.facts import Facts, Json
from export.media.findings import is_damaged
from export.media.plan import Plan

FORMAT = "custos-derivation/1"


@dataclass(frozen=True, slots=True)
class Made:
    """The digests and sizes of one copy and of what it was made from."""

    master_sha256: str
    source_frames_sha256: str
    copy_sha256: str
    copy_size: int
    copy_frames_sha256: str


@dataclass(frozen=True, slots=True)
class Maker:
    """What made the copy, and with which words: enough to run it again on this machine."""

    version: str
    sha256: str
    arguments: tuple[str, ...]
    threads: int
    cpu_flags: tuple[str, ...]


def describe(
    exhibit: str,
    facts: Facts,
    plan: Plan,
    made: Made,
    maker: Maker,
    measured: dict[str, Any],
    tried: list[str],
) -> Json:
    """Return the content of `derivation.json`. It holds no float and no path of this machine."""
    video = facts.video
    assert video is not None  # there is a copy
    return {
        "format": FORMAT,
        "exhibit": exhibit,
        "use": "court-playable working copy; not for forensic analysis",
        "way": plan.way,
        "reason": plan.reason,
        "tried": tried,
        "tool": {
            "name": "ffmpeg",
            "version": maker.version,
            "sha256": maker.sha256,
            "arguments": list(maker.arguments),
            "threads": maker.threads,
            "cpu_flags": list(maker.cpu_flags),
        },
        "source": {
            "sha256": made.master_sha256,
            "frame_count": video.frame_count,
            "timebase": video.timebase,
            "frames_sha256": made.source_frames_sha256,
        },
        "result": {
            "sha256": made.copy_sha256,
            "size": made.copy_size,
            "frame_count": measured["frame_count"],
            "timebase": measured["timebase"],
            "frames_sha256": made.copy_frames_sha256,
        },
        "comparison": {
            "decoder": facts.decoder,
            "bit_exact": measured["bit_exact"],
            "reencoded": measured["reencoded"],
            "psnr_min_centidb": measured["psnr_min_centidb"],
            "psnr_min_n": measured["psnr_min_n"],
            "time_offset": measured["time_offset"],
            "time_shift_max": measured["time_shift_max"],
        },
        "sound": _sound(facts, plan, measured),
        "camera_signatures": _signatures(facts, measured),
        "changes": changes(facts, plan, measured),
        "sentence": sentence(facts, plan, measured),
        "verdict": "complete",
    }


def sentence(facts: Facts, plan: Plan, measured: dict[str, Any]) -> str:
    """Return the verdict as one plain sentence."""
    total = measured["frame_count"]
    original = "the damaged original that can be read" if is_damaged(facts) else "the original"
    begin = (
        f"The one picture of {original} is in the copy"
        if total == 1
        else f"All {total:,} pictures of {original} are in the copy, in order and at their times"
    )
    return f"{begin}; {_quality(measured)}; {_sound_words(facts, plan)}."


def changes(facts: Facts, plan: Plan, measured: dict[str, Any]) -> list[str]:
    """Return what the copy shows or holds otherwise than the master, as sentences."""
    video = facts.video
    assert video is not None  # there is a copy
    found = []
    if plan.way == "re-encode":
        if video.range == "full":
            found.append("Full-range brightness (0-255) was converted to the usual 16-235.")
        if video.width % 2 or video.height % 2:
            words = "A black line was added at the right or lower edge, to make the size even."
            found.append(words)
    if measured["time_offset"] != "0/1":
        words = "Times were moved so that the clip begins at zero; distances are the same."
        found.append(words)
    if not all(plan.copy_sound):
        found.append("Sound was encoded anew as AAC.")
    if facts.other_streams:
        found.append("Left out: " + ", ".join(facts.other_streams) + ".")
    found.append("Text fields of the container (titles, comments) were left out.")
    return found


def _quality(measured: dict[str, Any]) -> str:
    total, exact, worst = (measured[k] for k in ("frame_count", "bit_exact", "psnr_min_centidb"))
    same = "is bit-identical to the original" if total == 1 else "are bit-identical to the original"
    if exact == total:
        return f"it {same}" if total == 1 else f"all {same}"
    least = "brightness unchanged" if worst is None else f"at least {worst // 100} dB"
    if not exact:
        return f"{'it was' if total == 1 else 'all were'} re-encoded ({least})"
    return f"{exact:,} {same}, {measured['reencoded']:,} were re-encoded ({least})"


def _sound(facts: Facts, plan: Plan, measured: dict[str, Any]) -> list[Json]:
    streams = zip(facts.audio, plan.copy_sound, measured["sound"], strict=True)
    return [
        {
            "way": "copied" if copied else "re-encoded",
            "codec": stream.codec,
            "packets_identical": stream.sha256 == digest,
        }
        for stream, copied, digest in streams
    ]


def _sound_words(facts: Facts, plan: Plan) -> str:
    if not facts.audio:
        return "the original has no sound"
    if all(plan.copy_sound):
        return "the sound was taken over without encoding it anew"
    return "the sound was encoded anew"


def _signatures(facts: Facts, measured: dict[str, Any]) -> Json:
    found = sum(signature.packets for signature in facts.camera_signatures)
    return {
        "schemes": [signature.scheme for signature in facts.camera_signatures],
        "packets_in_original": found,
        "packets_in_copy": measured["signed_packets"],
    }
