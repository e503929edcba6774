"""Service. What the rows tell of the ways by which releases leave: links, downloads, hand-offs."""

from collections.abc import Collection, Iterator, Sequence
from typing import Any
from uuid import UUID

from sqlmodel import Session, col

from custody.audit.facts import Expected
from export.delivery.packages import Way
from export.delivery.tables import (
    CollectionRow,
    DepartureRow,
    DownloadRow,
    HandoffRow,
    LinkRow,
    ReceiptRow,
)
from export.desk.claims.rows import dated, grouped, pick
from export.release.states import ReleaseState

_LINK = (
    *("release", "number", "token_sha256", "downloads_allowed"),
    *("issued_at", "expires_at", "revoked_at", "expired_at"),
)
_HANDOFF = ("release", "person", "system", "reference", "acceptance", "sha256", "at")


class Departures:
    """What is known of them of the releases from one to another, by their identifiers."""

    def __init__(self, session: Session, first: UUID, last: UUID) -> None:
        link, collection, download, receipt = LinkRow, CollectionRow, DownloadRow, ReceiptRow
        self._links = grouped(
            session,
            pick(*(getattr(link, name) for name in _LINK))
            .where(col(link.release).between(first, last))
            .order_by(col(link.number)),
        )
        # Each by the link of its collection: a download that names another link is a flaw.
        self._downloads = grouped(
            session,
            pick(
                link.release,
                download.collection,
                download.authorised_at,
                (col(download.link) == collection.link).label("agrees"),
            )
            .join(collection, col(collection.link) == link.id)
            .join(download, col(download.collection) == collection.id)
            .where(col(link.release).between(first, last)),
        )
        self._collections = grouped(
            session,
            pick(
                link.release,
                collection.started_at,
                collection.terms_sha256,
                collection.terms_at,
            )
            .join(collection, col(collection.link) == link.id)
            .where(col(link.release).between(first, last)),
        )
        self._receipts = grouped(
            session,
            pick(link.release, receipt.sha256, receipt.confirmed_at)
            .join(collection, col(collection.link) == link.id)
            .join(receipt, col(receipt.collection) == collection.id)
            .where(col(link.release).between(first, last)),
        )
        left = DepartureRow
        self._left = grouped(
            session,
            pick(left.release, left.way, left.person, left.sha256, left.at, left.handoff)
            .where(col(left.release).between(first, last))
            .order_by(col(left.at)),
        )
        handoff = HandoffRow
        self._handoffs = grouped(
            session,
            pick(*(getattr(handoff, name) for name in _HANDOFF)).where(
                col(handoff.release).between(first, last)
            ),
        )

    def events(self, release: UUID, recipient: str) -> dict[str, Sequence[Expected]]:
        """Return the events that must be there; ``recipient`` is what they say of the recipient."""
        return {
            "link.issued": [
                Expected(
                    {
                        "recipient": recipient,
                        "expires": dated(one.expires_at),
                        "at": dated(one.issued_at),
                        "token": one.token_sha256,
                        "downloads": one.downloads_allowed,
                    }
                )
                for one in self._links[release]
            ],
            "download.authorised": [
                Expected({"session": str(one.collection), "at": dated(one.authorised_at)})
                for one in self._downloads[release]
            ],
            "receipt.confirmed": [
                Expected({"sha256": one.sha256, "at": dated(one.confirmed_at)})
                for one in self._receipts[release]
            ],
            "handoff.recorded": [
                Expected(
                    {
                        "actor": str(one.person),
                        "system": one.system,
                        "reference": one.reference,
                        "acceptance": one.acceptance,
                        "handed": dated(one.at),
                        "sha256": one.sha256,
                    }
                )
                for one in self._handoffs[release]
            ],
        }

    def among(self, release: UUID) -> dict[str, Sequence[Expected]]:
        """Return events that must be there beside others: long after, collections are forgotten."""
        return {
            "code.accepted": [
                Expected({"at": dated(one.started_at)}) for one in self._collections[release]
            ],
            "terms.accepted": [
                Expected(
                    {
                        "terms": one.terms_sha256,
                        "at": "" if one.terms_at is None else dated(one.terms_at),
                    }
                )
                for one in self._collections[release]
                if one.terms_at is not None or one.terms_sha256
            ],
        }

    def flaws(self, row: Any, packages: Collection[str]) -> Iterator[str]:  # noqa: ANN401 - the columns of ReleaseRow
        """Say what its links and departures say that no history of a release gives.

        ``packages`` are the SHA-256 of what was read back of it.
        """
        yield from _left_or_not(row, self._left[row.id], packages)
        links = self._links[row.id]
        if [one.number for one in links] != list(range(1, len(links) + 1)):
            yield "has links that are not numbered one after another"
        ends = [later.issued_at for later in links[1:]]
        ends.append(row.ended_at if row.state == ReleaseState.REVOKED else None)
        if links and [one.revoked_at for one in links] != ends:
            yield "has a link that works though it was ended, or was ended by nobody"
        if any(one.expired_at is not None and one.expired_at < one.expires_at for one in links):
            yield "has a link that expired before its end"
        if not all(one.agrees for one in self._downloads[row.id]):
            yield "has a download of another link than that of its collection"


def _left_or_not(row: Any, left: Sequence[Any], packages: Collection[str]) -> Iterator[str]:  # noqa: ANN401 - as above
    """Say where a row tells of another departure than those that are kept one by one.

    Each of these is held against the `exhibit.released` of every exhibit in it.
    """
    if (left or row.collected_at is not None) and not packages:
        yield "left the house, and no package of it was read back"
    if row.collected_at != min((one.at for one in left), default=None):
        yield "first left the house at another time than its departures say"
    staff = [(one.person, one.at) for one in left if one.way == Way.STAFF]
    if (row.taken_by, row.taken_at) not in (staff[:1] or [(None, None)]):
        yield "was first fetched by somebody else of the staff than its departures say"
    if any(one.sha256 not in packages for one in left) and packages:
        yield "has a departure of another package than the one that was read back"
