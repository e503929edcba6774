r"""Adapter. Decode pictures with PyAV, name their digests and times. Runs inside the sandbox.

The digest of a picture is SHA-256 over `pix_fmt WxH\n` and each plane's visible rows, without
the padding at their ends, as decoded: before rotation, scaling or conversion.
"""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from fractions import Fraction
from itertools import islice
from pathlib import Path
from typing import Any, TypeAlias, cast

import av
from av.audio.stream import AudioStream
from av.codec.context import Flags
from av.container import InputContainer
from av.packet import Packet
from av.stream import Disposition, Stream
from av.video.frame import VideoFrame
from av.video.plane import VideoPlane
from av.video.stream import VideoStream

from export.media.doors import FORMATS, PROTOCOLS
from export.media.nal import is_only_remarks, length_size

AnyPacket: TypeAlias = "Packet[Any]"  # generic in the stubs only
IN_FLIGHT, IN_FLIGHT_BYTES = 6, 32 << 20
"""Pictures that wait for their digest, and what they may hold of memory; one always may."""
LARGE = 3840 * 2160
"""From this many samples on a decoder gets one thread: each holds pictures of its own."""


@dataclass(frozen=True, slots=True)
class Picture:
    """A decoded picture with its digest. `pts` is None where the clip gives no time."""

    frame: VideoFrame
    pts: int | None
    timebase: Fraction
    sha256: str


def open_media(path: Path, *, hidden_too: bool) -> InputContainer:
    """Open a clip with every door shut but the file itself.

    With `hidden_too` an MP4's edit list still sets the start, and hides no picture any more.
    Raises: av.error.FFmpegError if it is none of the formats, or unreadable.
    """
    options = {"protocol_whitelist": PROTOCOLS, "format_whitelist": FORMATS, "fflags": "+genpts"}
    if hidden_too:
        options["advanced_editlist"] = "0"
    return av.open(str(path), options=options, metadata_errors="replace")


def main_video(container: InputContainer) -> VideoStream | None:
    """Return the first stream of moving pictures that we can decode; a cover picture is none."""
    for stream in container.streams.video:
        if _has_decoder(stream) and not stream.disposition & Disposition.attached_pic:
            return stream
    return None


def sound_streams(container: InputContainer) -> tuple[AudioStream, ...]:
    """Return the streams of sound that we know."""
    return tuple(stream for stream in container.streams.audio if _has_decoder(stream))


def set_up_decoder(stream: VideoStream, threads: int) -> None:
    """Have the decoder show all that it can, damaged pictures too, on this many threads."""
    context = stream.codec_context
    context.flags |= Flags.output_corrupt
    large = context.width * context.height >= LARGE
    context.thread_count = 1 if large else threads
    context.thread_type = "AUTO" if context.thread_count > 1 else "NONE"


def with_digests(frames: Iterator[VideoFrame]) -> Iterator[Picture]:
    """Yield pictures with digests, in the order given; digests are computed beside decoding."""
    with ThreadPoolExecutor(2) as pool:
        waiting: list[tuple[VideoFrame, Future[str]]] = []
        for frame in frames:
            waiting.append((frame, pool.submit(frame_digest, frame)))
            size = sum(plane.buffer_size for plane in frame.planes)
            while len(waiting) > max(1, min(IN_FLIGHT, IN_FLIGHT_BYTES // max(1, size))):
                yield _picture(*waiting.pop(0))
        for frame, digest in waiting:
            yield _picture(frame, digest)


def decode_all(
    container: InputContainer,
    stream: VideoStream,
    *,
    sound: Sequence[AudioStream] = (),
    on_packet: Callable[[AnyPacket, bytes], None] | None = None,
    on_error: Callable[[AnyPacket, av.error.FFmpegError], None] | None = None,
) -> Iterator[VideoFrame]:
    """Yield each picture of a clip in the order in which it is shown.

    Packets without a picture are not given to the decoder. `on_packet` sees each packet of the
    pictures and of `sound`, with its bytes; `on_error` sees each packet that cannot be decoded,
    and without it, that raises.
    Raises: av.error.FFmpegError if the file cannot be read, or, without `on_error`, decoded.
    """
    codec = stream.codec_context.name
    prefix = length_size(codec, stream.codec_context.extradata or b"")
    for packet in container.demux(stream, *sound):
        data = bytes(packet)
        if on_packet is not None and data:
            on_packet(packet, data)
        if packet.stream_index != stream.index or is_only_remarks(data, codec, prefix):
            continue
        try:
            frames = packet.decode()
        except av.error.FFmpegError as error:
            if on_error is None:
                raise
            on_error(packet, error)
        else:
            yield from cast("list[VideoFrame]", frames)


def frame_digest(frame: VideoFrame) -> str:
    """Return the digest of a picture, in hex."""
    digest = hashlib.sha256(f"{frame.format.name} {frame.width}x{frame.height}\n".encode())
    for plane, length in zip(frame.planes, _row_lengths(frame), strict=True):
        digest.update(visible_rows(plane, length))
    return digest.hexdigest()


def visible_rows(plane: VideoPlane, length: int) -> memoryview:
    """Return the bytes of a plane without the padding behind its rows.

    Raises: ValueError if the rows lie backwards, which no decoder of ours does.
    """
    whole, step = memoryview(plane), plane.line_size
    if step < 0:
        raise ValueError("the rows of this picture lie backwards")
    if step in {0, length}:  # 0: a palette, which has no rows
        return whole[: length * plane.height]
    # Without numpy, which takes longer to load than most clips to decode.
    rows = (whole[at : at + length] for at in range(0, step * plane.height, step))
    return memoryview(b"".join(rows))


def _has_decoder(stream: Stream) -> bool:
    context: object = stream.codec_context  # None where no decoder knows it; not so in the stubs
    return context is not None


def _picture(frame: VideoFrame, digest: "Future[str]") -> Picture:
    pts = frame.pts if frame.pts is not None else frame.dts
    return Picture(frame, pts, Fraction(frame.time_base or 0), digest.result())


def _row_lengths(frame: VideoFrame) -> list[int]:
    """Return the bytes that a row of each plane really has (av_image_get_linesize)."""
    form, planes = frame.format, frame.planes
    if form.has_palette:
        return [frame.width, *(256 * 4 for _ in islice(planes, 1, None))]
    if len(planes) == 1:
        return [_packed_row(form, frame.width)]
    lengths = [0] * len(planes)
    for component in form.components:
        lengths[component.plane] += component.width * ((component.bits + 7) // 8)
    return lengths


def _packed_row(form: Any, width: int) -> int:  # noqa: ANN401 - PyAV types formats loosely
    even = width + width % 2 if form.chroma_width(8) < 8 else width  # noqa: PLR2004 - is it halved?
    return int((even * form.padded_bits_per_pixel + 7) // 8)
