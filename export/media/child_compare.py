"""Edge. Decode a copy once and compare each picture with the master's; runs locked in.

`python -m export.media.child_compare TASK` (JSON) reads `copy.mp4` in its directory, writes
`frames.csv`, `result.json` and, where asked, `contact-sheet.jpg` there, and prints "progress DONE
TOTAL" in pictures. A copy that does not stand the comparison is a result, no error.
"""

import hashlib
import json
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import datetime
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

import av
from av.container import InputContainer
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from export.media import nal, pictures
from export.media.frames import (
    COPY_HEADER,
    CopyFrame,
    SourceFrame,
    format_copy_frame,
    format_ratio,
    parse_ratio,
    read_source_frames,
)

if TYPE_CHECKING:
    from export.media.contact_sheet import ContactSheet

FLOOR, LINE_FLOOR = 2800, 1800
"""In hundredths of a decibel, for a picture and for its worst row or column. Below these a
picture was not merely re-encoded: it is another one, or broken, or a line of it is lost."""


class UnlikeError(Exception):
    """The copy does not show what the master shows; the words complete "… because"."""


@dataclass(slots=True)
class Comparison:
    """What is counted while pictures are compared."""

    bit_exact: int = 0
    reencoded: int = 0
    worst: int | None = None
    worst_n: int | None = None
    offset: Fraction | None = None
    shift: Fraction = Fraction(0)
    signed: int = 0
    hidden: int = 0
    sound: dict[int, "hashlib._Hash"] = field(default_factory=dict)

    def time(self, source: SourceFrame, copy: pictures.Picture, tolerance: Fraction) -> None:
        """Check that a picture is shown when it was: the same offset for all, to half a tick.

        Raises: UnlikeError if not.
        """
        if copy.pts is None:
            raise UnlikeError(f"picture {source.n} of the copy has no time")
        difference = source.time - copy.pts * copy.timebase
        if self.offset is None:
            self.offset = difference
        moved = abs(difference - self.offset)
        self.shift = max(self.shift, moved)
        if moved > tolerance:
            raise UnlikeError(
                f"picture {source.n} is shown {format_ratio(moved)} s away from its time, "
                f"and at most {format_ratio(tolerance)} s are allowed"
            )

    def picture(
        self, source: SourceFrame, copy: pictures.Picture, original: VideoFrame | None
    ) -> None:
        """Check that a picture is the master's: the same bits, or the same but for encoding.

        Raises: UnlikeError if not.
        """
        if copy.sha256 == source.sha256:
            self.bit_exact += 1
            return
        if original is None:
            raise UnlikeError(
                f"picture {source.n} was copied, and decodes to other bits: expected "
                f"{source.sha256}, found {copy.sha256}"
            )
        # Brings numpy, which takes longer to load than a copied clip to compare.
        from export.media import luma  # noqa: PLC0415 - as the line above says

        try:
            difference = luma.difference(original, copy.frame)
        except ValueError as unlike:
            raise UnlikeError(f"picture {source.n}: {unlike}") from unlike
        self.reencoded += 1
        quality = luma.psnr_centidb(difference.whole, difference.pixels)
        line = luma.psnr_centidb(difference.worst_line, difference.line_pixels)
        for value, floor, where in ((quality, FLOOR, ""), (line, LINE_FLOOR, " in one line")):
            if value is not None and value < floor:
                raise UnlikeError(
                    f"picture {source.n} differs too much from the original{where}: "
                    f"{value / 100:.2f} dB, expected at least {floor / 100:.2f} dB"
                )
        if quality is not None and (self.worst is None or quality < self.worst):
            self.worst, self.worst_n = quality, source.n

    def packet(self, video: int) -> Callable[[pictures.AnyPacket, bytes], None]:
        """Return what looks at each packet of the copy: signatures, and the bytes of sound."""

        def see(packet: pictures.AnyPacket, data: bytes) -> None:
            if packet.stream_index == video:
                self.hidden += packet.is_discard
                self.signed += any(uuid in data for uuid in nal.SIGNATURES.values())
            else:
                self.sound.setdefault(packet.stream_index, hashlib.sha256()).update(data)

        return see


def compare(task: dict[str, Any], result: Comparison, frames: TextIO) -> dict[str, Any]:
    """Compare the copy with the master's frame list and, if re-encoded, with its pictures.

    Raises: UnlikeError at the first difference that must not be.
    """
    with ExitStack() as stack:
        container = stack.enter_context(pictures.open_media(Path("copy.mp4"), hidden_too=False))
        video = pictures.main_video(container)
        if video is None:
            raise UnlikeError("the copy holds no pictures")
        _require_described(container, video)
        pictures.set_up_decoder(video, task["threads"])
        found = pictures.with_digests(
            pictures.decode_all(
                container,
                video,
                sound=pictures.sound_streams(container),
                on_packet=result.packet(video.index),
            )
        )
        lines = stack.enter_context(Path(task["source_frames"]).open(encoding="ascii", newline=""))
        originals = _originals(task, stack)
        sheet = _sheet(task["sheet"])
        frames.write(COPY_HEADER)
        count = _all(task, result, read_source_frames(lines), found, originals, sheet, frames)
        if result.hidden:
            raise UnlikeError(
                f"the copy holds {result.hidden} pictures that a player does not show"
            )
        if sheet is not None:
            sheet.save(Path("contact-sheet.jpg"))
        return {"frame_count": count, "timebase": format_ratio(_base(video)), **_counts(result)}


def _require_described(container: InputContainer, video: VideoStream) -> None:
    """Refuse a copy with a track of pictures or data beside the one that is compared.

    Raises: UnlikeError if it holds one: a player may show it in the place of ours.
    """
    known = {video.index, *(stream.index for stream in pictures.sound_streams(container))}
    other = [stream for stream in container.streams if stream.index not in known]
    if other:
        found = ", ".join(f"{stream.type or 'unknown'} {stream.index}" for stream in other)
        raise UnlikeError(f"the copy holds tracks that nothing describes: {found}")


def _all(
    task: dict[str, Any],
    result: Comparison,
    sources: Iterator[SourceFrame],
    found: Iterator[pictures.Picture],
    originals: Iterator[pictures.Picture] | None,
    sheet: "ContactSheet | None",
    frames: TextIO,
) -> int:
    """Compare picture after picture; return how many."""
    total, n, start = task["frame_count"], 0, Fraction(0)
    for n, copy in enumerate(found, 1):
        source = next(sources, None)
        if source is None:
            raise UnlikeError(f"the copy shows more pictures than the {total} of the original")
        tolerance = max(source.timebase, copy.timebase) / 2
        result.time(source, copy, tolerance)
        result.picture(source, copy, _original(originals, source))
        pts = copy.pts or 0
        line = CopyFrame(source.n, pts, copy.timebase, source.n, source.pts, copy.sha256)
        frames.write(format_copy_frame(line))
        start = pts * copy.timebase if n == 1 else start
        if sheet is not None:
            sheet.see(source.n, pts * copy.timebase - start, copy.frame)
        if n % 50 == 0:
            print(f"progress {n} {total}", flush=True)  # noqa: T201 - to our parent
    missing = next(sources, None)
    if missing is not None:
        raise UnlikeError(f"the copy shows {n} pictures, and the original {total}")
    return n


def _originals(task: dict[str, Any], stack: ExitStack) -> Iterator[pictures.Picture] | None:
    """Return the master's own pictures, where the copy's are not bit for bit the same."""
    if task["way"] == "remux":
        return None
    container = stack.enter_context(pictures.open_media(Path(task["master"]), hidden_too=True))
    video = pictures.main_video(container)
    assert video is not None  # it was examined, and had pictures
    pictures.set_up_decoder(video, task["source_threads"])
    # Damaged packets were reported when the clip was examined; here they are passed over alike.
    decoded = pictures.decode_all(container, video, on_error=lambda *_: None)
    return pictures.with_digests(_to_the_end(decoded))


def _to_the_end(frames: Iterator[VideoFrame]) -> Iterator[VideoFrame]:
    try:
        yield from frames
    except av.error.FFmpegError:
        return  # the count shows it: examination ended at the same place


def _original(
    originals: Iterator[pictures.Picture] | None, source: SourceFrame
) -> VideoFrame | None:
    if originals is None:
        return None
    original = next(originals, None)
    if original is None or original.sha256 != source.sha256:
        raise UnlikeError(f"picture {source.n} of the original does not decode twice to the same")
    return original.frame


def _sheet(task: dict[str, Any] | None) -> "ContactSheet | None":
    if task is None:
        return None
    # Draws with Pillow, which a verifier need not have.
    from export.media.contact_sheet import ContactSheet  # noqa: PLC0415 - as the line above says

    at = task["first_frame_at"]
    return ContactSheet(
        title=task["title"],
        duration=parse_ratio(task["duration"]),
        first_frame_at=None if at is None else datetime.fromisoformat(at),
        timezone=task["timezone"],
        sar=parse_ratio(task["sar"]),
        rotation=task["rotation"],
    )


def _base(video: VideoStream) -> Fraction:
    return Fraction(video.time_base or 0)


def _counts(result: Comparison) -> dict[str, Any]:
    return {
        "bit_exact": result.bit_exact,
        "reencoded": result.reencoded,
        "psnr_min_centidb": result.worst,
        "psnr_min_n": result.worst_n,
        "time_offset": format_ratio(result.offset or Fraction(0)),
        "time_shift_max": format_ratio(result.shift),
        "signed_packets": result.signed,
        "sound": [digest.hexdigest() for _, digest in sorted(result.sound.items())],
    }


def main(task_json: str) -> int:
    """Compare one copy; return the exit code."""
    task = json.loads(task_json)
    try:
        with Path("frames.csv").open("w", encoding="ascii", newline="") as frames:
            result = {"unlike": "", **compare(task, Comparison(), frames)}
    except UnlikeError as unlike:
        result = {"unlike": str(unlike)}
    except av.error.FFmpegError as error:
        result = {"unlike": f"the copy cannot be decoded without error: {error.strerror}"}
    Path("result.json").write_text(json.dumps(result), "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
