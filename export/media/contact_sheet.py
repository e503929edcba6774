"""Adapter. Draw a contact sheet: stills of a copy with their times; runs locked in.

Uses the font that Pillow brings along: a fresh machine has none. JPEG without metadata.
"""

import zoneinfo
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from pathlib import Path

from av.video.frame import VideoFrame
from PIL import Image, ImageDraw, ImageFont

from export.media import pictures

COLUMNS, STILLS_MAX = 4, 24
STILL = (320, 240)
MARGIN, CAPTION, HEADER = 12, 40, 56
INK, PAPER, GREY = (20, 20, 20), (255, 255, 255), (90, 90, 90)
SHORTEST_STEP = Fraction(2)


@dataclass(slots=True)
class ContactSheet:
    """Collects stills while pictures pass, and draws them."""

    title: str
    duration: Fraction
    first_frame_at: datetime | None
    """Corrected time of the first picture; None where it is not known."""
    timezone: str
    sar: Fraction
    rotation: int
    stills: list[tuple[int, Fraction, Image.Image]] = field(default_factory=list)
    _next: Fraction = Fraction(0)

    @property
    def step(self) -> Fraction:
        """Return the seconds from still to still: whole ones, at least two, at most 24 stills."""
        return max(SHORTEST_STEP, Fraction(-(-self.duration // STILLS_MAX) or 1))

    def see(self, n: int, elapsed: Fraction, frame: VideoFrame) -> None:
        """Keep the picture if it is the first at or after the next whole step."""
        if elapsed < self._next or len(self.stills) >= STILLS_MAX:
            return
        self._next = (elapsed // self.step + 1) * self.step
        self.stills.append((n, elapsed, self._shrink(frame)))

    def save(self, path: Path) -> None:
        """Draw the sheet as JPEG."""
        zoneinfo.reset_tzpath(())  # only the tzdata package: the same on every machine
        rows = max(1, -(-len(self.stills) // COLUMNS))
        high = max((still.height for *_, still in self.stills), default=STILL[1])
        cell = (STILL[0] + MARGIN, high + CAPTION + MARGIN)
        size = (MARGIN + COLUMNS * cell[0], HEADER + rows * cell[1])
        sheet = Image.new("RGB", size, PAPER)
        draw = ImageDraw.Draw(sheet)
        draw.text((MARGIN, 8), self.title, INK, ImageFont.load_default(18))
        draw.text((MARGIN, 32), self._subtitle(), GREY, ImageFont.load_default(13))
        for at, (n, elapsed, still) in enumerate(self.stills):
            left, top = MARGIN + at % COLUMNS * cell[0], HEADER + at // COLUMNS * cell[1]
            sheet.paste(still, (left, top + high - still.height))
            for line, words in enumerate(self._caption(n, elapsed)):
                where = (left, top + high + 3 + 17 * line)
                draw.text(where, words, INK, ImageFont.load_default(13))
        sheet.save(path, "JPEG", quality=85, optimize=False, progressive=False)

    def _subtitle(self) -> str:
        every = f"A still about every {self.step} seconds of the working copy. "
        if self.first_frame_at is None:
            return every + "The time of the recording is not known: times count from its start."
        return every + "Times are corrected for the recorder's clock."

    def _caption(self, n: int, elapsed: Fraction) -> tuple[str, str]:
        micros = int(elapsed * 1_000_000)
        if self.first_frame_at is None:
            return f"+{timedelta(microseconds=micros - micros % 1000)}"[:13], f"picture {n}"
        utc = self.first_frame_at.astimezone(UTC) + timedelta(microseconds=micros)
        local = utc.astimezone(zoneinfo.ZoneInfo(self.timezone))
        day = f"{local:%d %b %Y %H:%M:%S}.{local.microsecond // 1000:03d} {local:%Z}"
        return day, f"{utc:%H:%M:%S}.{utc.microsecond // 1000:03d} UTC, picture {n}"

    def _shrink(self, frame: VideoFrame) -> Image.Image:
        """Return the picture as people see it: square pixels, upright, in the still's bounds."""
        wide, high = frame.width * self.sar, Fraction(frame.height)
        turned = self.rotation % 180 != 0
        box = (STILL[1], STILL[0]) if turned else STILL
        scale = min(box[0] / wide, box[1] / high)
        size = max(1, int(wide * scale)), max(1, int(high * scale))
        small = frame.reformat(*size, format="rgb24", interpolation="BICUBIC", threads=1)
        rows = pictures.visible_rows(small.planes[0], 3 * size[0])
        still = Image.frombytes("RGB", size, rows.tobytes())
        return still.rotate(self.rotation, expand=True) if self.rotation else still
