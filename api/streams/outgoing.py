"""Edge. What leaves: a sealed package to be saved, or a file of an exhibit to be looked at."""

import base64
from dataclasses import dataclass
from datetime import datetime

from api.streams.ranges import Representation
from export.delivery.packages import Package
from export.holdings.tables import ExhibitFileRow
from export.holdings.views import MEDIA
from storage.objects.reading import as_attachment

_ZIP = "application/zip"


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One version of a stored object. It never changes: its SHA-256 is its strong validator."""

    key: str
    version: str
    size: int
    sha256: str
    modified: datetime
    """When it came to be."""
    media_type: str
    filename: str = ""
    """Under what a browser saves it; empty: it shows it."""

    @property
    def representation(self) -> Representation:
        """What conditions and ranges are held against."""
        return Representation(f'"{self.sha256}"', self.modified, self.size)

    def headers(self) -> dict[str, str]:
        """Return what every answer about it says, whether or not it has bytes."""
        held = self.representation
        digest = base64.b64encode(bytes.fromhex(self.sha256)).decode()
        said = {
            "Accept-Ranges": "bytes",
            # Whoever compresses or keeps it on the way breaks ranges, digests or privacy.
            "Cache-Control": "no-store, no-transform",
            "ETag": held.etag,
            "Last-Modified": held.last_modified,
            "Repr-Digest": f"sha-256=:{digest}:",  # RFC 9530
            # A proxy that wrote ten gigabytes to its disk first would look like one that hangs.
            "X-Accel-Buffering": "no",
        }
        if self.filename:
            said["Content-Disposition"] = as_attachment(self.filename)
        return said


def outgoing_package(package: Package) -> Outgoing:
    """Return a package as what leaves."""
    return Outgoing(
        package.key,
        package.version,
        package.size,
        package.sha256,
        package.made_at,
        _ZIP,
        package.name,
    )


def outgoing_file(row: ExhibitFileRow) -> Outgoing:
    """Return a file that a view shows as what leaves."""
    stored = row.stored()
    return Outgoing(
        stored.key, stored.version, stored.size, stored.sha256, row.stored_at, MEDIA[row.kind]
    )
