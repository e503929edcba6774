"""Adapter. What is learnt from packets and pictures as they pass, in constant memory."""

import hashlib
from dataclasses import dataclass, field
from fractions import Fraction

import av

from export.media import nal, pictures
from export.media.facts import Place
from export.media.frames import format_ratio
from export.media.pictures import AnyPacket

PLACES_KEPT = 20


@dataclass(slots=True)
class PacketTally:
    """What is learnt from the packets as they pass."""

    video_index: int
    codec: str
    prefix: int
    size: int
    remarks: int = 0
    key_frames: int = 0
    first_is_key: bool | None = None
    corrupt: int = 0
    error_count: int = 0
    errors: list[Place] = field(default_factory=list)
    signatures: dict[str, int] = field(default_factory=dict)
    sound: dict[int, "hashlib._Hash"] = field(default_factory=dict)
    sound_packets: dict[int, int] = field(default_factory=dict)
    sound_start: dict[int, Fraction] = field(default_factory=dict)
    sound_end: Fraction = Fraction(0)
    seen: int = 0
    told: int = -1

    def see(self, packet: AnyPacket, data: bytes) -> None:
        """Take note of one packet."""
        self._tell(packet)
        if packet.stream_index != self.video_index:
            self._hear(packet, data)
            return
        self.seen += 1
        self.remarks += nal.is_only_remarks(data, self.codec, self.prefix)
        self.key_frames += packet.is_keyframe
        self.corrupt += packet.is_corrupt
        if self.first_is_key is None:
            self.first_is_key = packet.is_keyframe
        for scheme, uuid in nal.SIGNATURES.items():
            if uuid in data:
                self.signatures[scheme] = self.signatures.get(scheme, 0) + 1

    def fail(self, packet: AnyPacket, error: av.error.FFmpegError) -> None:
        """Take note of a packet that cannot be decoded."""
        self.note(packet.pts, packet.time_base, str(error.strerror))

    def note(self, pts: int | None, base: Fraction | None, words: str) -> None:
        """Take note of a place where something is wrong."""
        self.error_count += 1
        if len(self.errors) < PLACES_KEPT:
            time = "" if pts is None or base is None else format_ratio(pts * Fraction(base))
            self.errors.append(Place(self.seen, time, words))

    def _hear(self, packet: AnyPacket, data: bytes) -> None:
        at = packet.stream_index
        self.sound.setdefault(at, hashlib.sha256()).update(data)
        self.sound_packets[at] = self.sound_packets.get(at, 0) + 1
        if packet.pts is not None and packet.time_base is not None:
            time = packet.pts * Fraction(packet.time_base)
            self.sound_start.setdefault(at, time)
            self.sound_end = max(self.sound_end, time + (packet.duration or 0) * packet.time_base)

    def _tell(self, packet: AnyPacket) -> None:
        percent = (packet.pos or 0) * 100 // max(self.size, 1)
        if percent > self.told:
            self.told = percent
            print(f"progress {packet.pos} {self.size}", flush=True)  # noqa: T201 - to our parent


@dataclass(slots=True)
class PictureTally:
    """What is learnt from the pictures as they pass."""

    count: int = 0
    first: int = 0
    last: int = 0
    last_duration: int = 0
    shortest: int | None = None
    longest: int = 0
    interlaced: int = 0
    corrupt: int = 0
    untimed: int = 0
    backward: int = 0
    size_changes: int = 0
    form: tuple[int, int, str] | None = None
    rotation: int = 0
    range: int = 0

    def see(self, picture: pictures.Picture) -> int:
        """Take note of one picture; return its time in ticks."""
        frame = picture.frame
        if self.form is None:
            self.form = (frame.width, frame.height, frame.format.name)
            self.rotation, self.range = int(frame.rotation), int(frame.color_range)
        elif self.form != (frame.width, frame.height, frame.format.name):
            self.size_changes += 1
        self.untimed += picture.pts is None
        self.interlaced += bool(frame.interlaced_frame)
        self.corrupt += bool(frame.is_corrupt)
        pts = picture.pts if picture.pts is not None else self.last + 1
        self._time(pts)
        self.last_duration = int(frame.duration or 0)
        return pts

    def _time(self, pts: int) -> None:
        if self.count == 0:
            self.first = pts
        else:
            step = pts - self.last
            self.backward += step <= 0
            self.shortest = step if self.shortest is None else min(self.shortest, step)
            self.longest = max(self.longest, step)
        self.last = pts
        self.count += 1
