"""Edge. Decode a clip once, and write down what it is; runs locked in, as a process of its own.

`python -m export.media.child_examine MASTER THREADS` writes `facts.json` and
`source.frames.csv` into its directory, and prints "progress DONE TOTAL" in bytes. Exit code 3 and
`refused.txt` say that it is no clip that can be opened.
"""

import errno
import hashlib
import json
import sys
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Literal, TextIO

import av
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.video.stream import VideoStream

from export.media import containers, nal, pictures
from export.media.facts import (
    BROKE_EXIT,
    REFUSED_EXIT,
    AudioFacts,
    CameraSignature,
    Facts,
    VideoFacts,
    facts_json,
)
from export.media.frames import SOURCE_HEADER, SourceFrame, format_ratio, format_source_frame
from export.media.tally import PacketTally, PictureTally

PROVOKED = {errno.EINVAL, errno.EOVERFLOW, errno.EFBIG}
"""What the system says when a clip makes us seek nowhere, or write more than we may."""
RANGES = {1: "limited", 2: "full"}


def measure(master: Path, threads: int, frames: TextIO) -> Facts:
    """Decode a clip once; write its frame list; return its facts.

    Raises: av.error.FFmpegError if the clip cannot be opened.
    """
    size = master.stat().st_size
    with pictures.open_media(master, hidden_too=True) as container:
        video = pictures.main_video(container)
        sound = pictures.sound_streams(container)
        context = video.codec_context if video else None
        codec = context.name if context else ""
        prefix = nal.length_size(codec, (context.extradata if context else None) or b"")
        packets = PacketTally(video.index if video else -1, codec, prefix, size)
        shown = PictureTally()
        frames.write(SOURCE_HEADER)
        if video is None:
            _only_sound(container, sound, packets)
        else:
            pictures.set_up_decoder(video, threads)
            for n, picture in enumerate(_all(container, video, sound, packets)):
                pts = shown.see(picture)
                line = SourceFrame(n, pts, picture.timebase, picture.sha256)
                frames.write(format_source_frame(line))
        return _facts(master, container, video, packets, shown)


def _all(
    container: InputContainer,
    video: VideoStream,
    sound: tuple[AudioStream, ...],
    packets: PacketTally,
) -> Iterator[pictures.Picture]:
    """Yield all pictures there are; the end of what can be read is noted, not raised."""
    decoded = pictures.decode_all(
        container, video, sound=sound, on_packet=packets.see, on_error=packets.fail
    )
    try:
        yield from pictures.with_digests(decoded)
    except av.error.FFmpegError as error:
        packets.note(None, None, f"reading stopped: {error.strerror}")


def _only_sound(
    container: InputContainer, sound: tuple[AudioStream, ...], packets: PacketTally
) -> None:
    try:
        for packet in container.demux(*sound) if sound else ():
            if packet.size:
                packets.see(packet, bytes(packet))
    except av.error.FFmpegError as error:
        packets.note(None, None, f"reading stopped: {error.strerror}")


def _facts(
    master: Path,
    container: InputContainer,
    video: VideoStream | None,
    packets: PacketTally,
    shown: PictureTally,
) -> Facts:
    size = master.stat().st_size
    with master.open("rb") as file:
        edits = containers.count_edit_lists(file, size)
        missing = containers.missing_bytes(file, size)
    audio = tuple(_audio(stream, packets) for stream in pictures.sound_streams(container))
    known = {video.index if video else -1} | {fact.index for fact in audio}
    others = tuple(
        f"{stream.type or 'unknown'} {stream.index}"
        for stream in container.streams
        if stream.index not in known
    )
    codec_version = ".".join(str(part) for part in av.library_versions["libavcodec"])
    return Facts(
        container=container.format.name,
        size=size,
        duration=format_ratio(_duration(video, packets, shown)),
        video=_video(video, packets, shown, _hidden(master) if edits else 0) if video else None,
        audio=audio,
        other_streams=others,
        edit_lists=edits,
        missing_bytes=missing,
        camera_signatures=tuple(
            CameraSignature(scheme, count) for scheme, count in sorted(packets.signatures.items())
        ),
        decode_error_count=packets.error_count + packets.corrupt,
        decode_errors=tuple(packets.errors),
        decoder=f"PyAV {av.__version__}, libavcodec {codec_version}",
    )


def _duration(video: VideoStream | None, packets: PacketTally, shown: PictureTally) -> Fraction:
    if video is None or not shown.count:
        return packets.sound_end - min(packets.sound_start.values(), default=Fraction(0))
    ticks = shown.last - shown.first + max(0, shown.last_duration)
    return max(Fraction(0), ticks * Fraction(video.time_base or 0))


def _hidden(master: Path) -> int:
    """Count the packets of pictures that an ordinary player would not show."""
    with pictures.open_media(master, hidden_too=False) as container:
        video = pictures.main_video(container)
        if video is None:
            return 0
        return sum(packet.is_discard for packet in container.demux(video) if packet.size)


def _video(
    video: VideoStream, packets: PacketTally, shown: PictureTally, hidden: int
) -> VideoFacts:
    context, base = video.codec_context, Fraction(video.time_base or 0)
    width, height, pix_fmt = shown.form or (context.width, context.height, context.pix_fmt or "")
    span = (shown.last - shown.first) * base
    average = Fraction(shown.count - 1) / span if span > 0 else Fraction(0)
    spread = shown.longest - (shown.shortest or 0)
    full = pix_fmt.startswith("yuvj")
    return VideoFacts(
        index=video.index,
        codec=context.name,
        profile=context.profile or "",
        pix_fmt=pix_fmt,
        width=width,
        height=height,
        sar=format_ratio(Fraction(video.sample_aspect_ratio or 1)),
        rotation=shown.rotation,
        range="full" if full else RANGES.get(shown.range, "unspecified"),  # type: ignore[arg-type]
        nominal_fps=format_ratio(Fraction(video.base_rate or 0)),
        average_fps=format_ratio(average),
        timing="single" if shown.count <= 1 else "constant" if spread <= 1 else "variable",
        field_order=_field_order(shown),
        timebase=format_ratio(base),
        start_time=format_ratio(shown.first * base),
        frame_count=shown.count,
        promised_frames=video.frames,
        key_frames=packets.key_frames,
        starts_with_key_frame=bool(packets.first_is_key),
        corrupt_frames=shown.corrupt,
        hidden_packets=hidden,
        remarks=packets.remarks,
        size_changes=shown.size_changes,
        untimed_frames=shown.untimed,
        backward_times=shown.backward,
        slice_groups=context.name == "h264" and nal.has_slice_groups(context.extradata or b""),
    )


def _field_order(shown: PictureTally) -> Literal["progressive", "interlaced", "mixed"]:
    if not shown.interlaced:
        return "progressive"
    return "interlaced" if shown.interlaced == shown.count else "mixed"


def _audio(stream: AudioStream, packets: PacketTally) -> AudioFacts:
    context, at = stream.codec_context, stream.index
    return AudioFacts(
        index=at,
        codec=context.name,
        profile=context.profile or "",
        sample_rate=context.sample_rate or 0,
        channels=context.channels or 0,
        start_time=format_ratio(packets.sound_start.get(at, Fraction(0))),
        packets=packets.sound_packets.get(at, 0),
        sha256=packets.sound.get(at, hashlib.sha256()).hexdigest(),
    )


def main(master: str, threads: str) -> int:
    """Examine one clip; return the exit code."""
    try:
        facts = _measure_steadily(Path(master), int(threads))
    except av.error.FFmpegError as error:
        Path("refused.txt").write_text(str(error.strerror), "utf-8")
        return REFUSED_EXIT
    except (OSError, ImportError) as error:
        if isinstance(error, ImportError) or error.errno not in PROVOKED:
            raise  # our disk or our installation, not the clip
        return _broke(error)
    except Exception as error:  # noqa: BLE001 - whatever a hostile file provokes is a finding
        return _broke(error)
    Path("facts.json").write_text(json.dumps(facts_json(facts)), "utf-8")
    return 0


def _broke(error: Exception) -> int:
    Path("refused.txt").write_text(type(error).__name__, "utf-8")
    return BROKE_EXIT


def _measure_steadily(master: Path, threads: int) -> Facts:
    """Measure; and where something is damaged, again on one thread.

    How damage is painted over depends on what the other threads have ready by then.
    """
    facts = _measure_to_file(master, threads)
    damaged = facts.decode_error_count or (facts.video and facts.video.corrupt_frames)
    return _measure_to_file(master, 1) if damaged and threads > 1 else facts


def _measure_to_file(master: Path, threads: int) -> Facts:
    with Path("source.frames.csv").open("w", encoding="ascii", newline="") as frames:
        return measure(master, threads, frames)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
