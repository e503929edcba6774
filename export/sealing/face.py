"""Service. What a package's `README.html` is made of: records, files and events that go with it."""

from collections.abc import Mapping, Sequence

from sqlmodel import Session

from custody.formats.disclosure import LoggedEvent
from custody.formats.policy import NOBODY, LogPolicy
from evidence.exhibits.references import file_safe
from evidence.exhibits.tables import ExhibitRow
from export.holdings.files import COPY, files_among
from export.package.documents.contents import ListedFile
from export.package.documents.readme import ReadmeFacts
from export.package.format import layout
from export.package.format.records import parse_exhibit
from export.release.tables import ReleaseRow
from export.sealing.sealer import Sealer
from export.sealing.steps import SealStore


def face_of(
    session: Session,
    store: SealStore,
    exhibits: Sequence[ExhibitRow],
    events: Sequence[LoggedEvent],
    *,
    council: Sealer,
    policy: LogPolicy,
) -> ReadmeFacts:
    """Gather what the page says: the payload as it was listed, the events as they are opened.

    The exhibit records are read back from the bytes that go, so that page and record cannot differ.
    """
    row = session.get_one(ReleaseRow, store.release)
    small = store.small(session)
    listed = sorted(store.packed(session), key=lambda file: file.path.encode())
    return ReadmeFacts(
        package=layout.package_name(row.urn, row.number),
        urn=row.urn,
        council=council.name,
        demonstration=council.demonstration,
        exhibits=tuple(
            parse_exhibit(small[layout.record_path(file_safe(exhibit.reference))])
            for exhibit in exhibits
        ),
        files=tuple(
            ListedFile(file.path, file.size, file.sha256)
            for file in listed
            if layout.is_payload(file.path)
        ),
        events=tuple(events),
        witnessed=policy.quorum != NOBODY,
        comparisons=_comparisons(session, exhibits),
    )


def _comparisons(session: Session, exhibits: Sequence[ExhibitRow]) -> Mapping[str, str]:
    """Return the sentence of each copy's derivation, by the copy's name."""
    found = files_among(session, [exhibit.id for exhibit in exhibits], COPY)
    return {
        file.name.removesuffix(".mp4"): file.words
        for files in found.values()
        for file in files
        if file.words
    }
