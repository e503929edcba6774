"""Service. What the rows of sealings tell: their steps, and the small files that they made."""

from collections.abc import Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from sqlmodel import Session, col, func

from custody.audit.facts import Expected
from custody.formats.canonical import JSON
from export.desk.claims.rows import grouped, pick
from export.package.format import layout
from export.release.states import ReleaseState
from export.sealing.steps import SealStep, contents_json, facts_digest, steps_digest
from export.sealing.tables import SealFileRow, SealStepRow

_SEALED: Final = {
    "seal": layout.TAG_MANIFEST,
    "signature": layout.SIGNATURE,
    "timestamp": layout.TIMESTAMP,
}
"""The small files of a package whose digests `release.sealed` commits to."""


class Sealings:
    """What is known of them of the releases from one to another, by their identifiers."""

    def __init__(self, session: Session, first: UUID, last: UUID) -> None:
        step, small = SealStepRow, SealFileRow
        self._steps = grouped(
            session,
            pick(step.release, step.step, step.done_at, step.facts).where(
                col(step.release).between(first, last)
            ),
        )
        digest = func.encode(func.sha256(small.data), "hex").label("digest")
        self._small = grouped(
            session,
            pick(small.release, small.path, digest).where(col(small.release).between(first, last)),
        )

    def packages(self, release: UUID) -> frozenset[str]:
        """Return the SHA-256 of the package of it that was read back; none: none was."""
        steps = self._steps[release]
        return frozenset(one.facts["sha256"] for one in steps if one.step == SealStep.CHECK)

    def read_back(self, release: UUID) -> bool:
        """Tell whether a package of it was read back."""
        return SealStep.CHECK in {one.step for one in self._steps[release]}

    def events(self, row: Any, *, erased: bool) -> dict[str, Sequence[Expected]]:  # noqa: ANN401 - the columns of ReleaseRow
        """Return what the finished steps of a sealing must have written.

        ``erased``: its papers are, so that what they were is not compared any more.
        """
        steps = self._steps[row.id]
        done: Mapping[str, Any] = {one.step: one.facts for one in steps}
        small = {one.path: one.digest for one in self._small[row.id]}
        logged, joined, checked = map(done.get, (SealStep.LEDGER, SealStep.ARCHIVE, SealStep.CHECK))
        sealed, assembled, read_back = [], [], []
        if logged is not None:
            digests: dict[str, JSON] = {name: small.get(path) for name, path in _SEALED.items()}
            sealed.append(Expected(digests, id=UUID(logged["event"])))
        if joined is not None:
            values: dict[str, JSON] = {
                "crc32": f"{joined['crc32']:08x}",
                "size": joined["size"],
                "facts": facts_digest(joined),
            }
            assembled.append(Expected(values))
        if checked is not None and joined is not None:
            values = {"sha256": checked["sha256"], "size": joined["size"]}
            values |= {"steps": steps_digest(steps)}
            values |= {} if erased else {"contents": contents_json(small)}
            read_back.append(Expected(values))
        elif row.state in {ReleaseState.SEALED, ReleaseState.EXPIRED}:
            # Sealed without a finished reading back: no event can agree with that. A sealing that
            # was given up is revoked without one, and then no `release.checked` may be there.
            read_back.append(Expected({"sha256": "", "size": 0}))
        return {
            "release.sealed": sealed,
            "release.assembled": assembled,
            "release.checked": read_back,
        }
