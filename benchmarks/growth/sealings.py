"""Edge. How a town's releases are sealed: steps, small files and events, without the packages."""

from collections.abc import Mapping
from datetime import datetime
from hashlib import sha256
from types import SimpleNamespace
from typing import Any
from uuid import UUID, uuid4

from benchmarks.growth.bulk import Bulk
from benchmarks.growth.chance import MINUTE, Chance, Life
from benchmarks.growth.planned import Release
from custody.ledger.ledger import Values
from export.package.format import layout
from export.sealing.steps import contents_json, facts_digest, steps_digest

_SIGNATURE, _TIMESTAMP = b"signature" * 300, b"timestamp" * 400


class Sealings:
    """Seals releases: what a sealing leaves in the database and in the ledger."""

    def __init__(self, bulk: Bulk, chance: Chance) -> None:
        self._bulk = bulk
        self._chance = chance

    def seal(self, release: Release, at: datetime) -> Life:
        """Seal, join and read back; signature and timestamp are only as long as real ones."""
        yield at
        record, done = release.id, {"release": release.id, "done_at": at}
        small = {
            layout.TAG_MANIFEST: self._manifest(release),
            layout.SIGNATURE: _SIGNATURE,
            layout.TIMESTAMP: _TIMESTAMP,
            layout.README: b"<!doctype html>",
        }
        for path, data in small.items():
            self._bulk.add("seal_file", release=record, path=path, data=data)
        digests = {path: sha256(data).hexdigest() for path, data in small.items()}
        heads = {str(one): self._bulk.head(one) for one in release.records}
        event = self._event(release, heads, digests, at)
        size, crc32 = self._chance.number(10**7, 10**9), self._chance.number(0, 2**32)
        release.sha256 = self._chance.digest()
        facts: Mapping[str, Any] = {
            "payload": {"placed": []},
            "custody": {"heads": heads, "indices": []},
            "signature": {},
            "timestamp": {},
            "ledger": {"event": str(event)},
            "proofs": {},
            "archive": {
                "bucket": "custos-vault",
                "key": f"packages/{record}.zip",
                "version": uuid4().hex,
                "size": size,
                "crc32": crc32,
            },
            "check": {"sha256": release.sha256},
        }
        for step, found in facts.items():
            self._bulk.add("seal_step", **done, step=step, facts=found)
        values: Values = {
            "crc32": f"{crc32:08x}",
            "size": size,
            "facts": facts_digest(facts["archive"]),
        }
        self._bulk.append(record, "release.assembled", values, at=at)
        yield at + MINUTE
        steps = [SimpleNamespace(**done, step=step, facts=found) for step, found in facts.items()]
        values = {
            "sha256": release.sha256,
            "size": size,
            "contents": contents_json(digests),
            "steps": steps_digest(steps),
        }
        self._bulk.append(record, "release.checked", values, at=at + MINUTE)

    def _event(
        self,
        release: Release,
        heads: Mapping[str, tuple[int, str]],
        digests: Mapping[str, str],
        at: datetime,
    ) -> UUID:
        """Write that it was sealed, over the histories of its exhibits as they stand."""
        return self._bulk.append(
            release.id,
            "release.sealed",
            {
                "seal": digests[layout.TAG_MANIFEST],
                "signature": digests[layout.SIGNATURE],
                "timestamp": digests[layout.TIMESTAMP],
                "exhibits": [
                    {
                        "record": str(one.id),
                        "n": heads[str(one.id)][0],
                        "head": heads[str(one.id)][1],
                    }
                    for one in release.exhibits
                ],
                "policy": self._chance.digest(),
            },
            at=at,
        )

    def _manifest(self, release: Release) -> bytes:
        lines = [
            f"{self._chance.digest()}  {file.kind}-{number}"
            for exhibit in release.exhibits
            for number, file in enumerate(release.going(exhibit))
        ]
        return ("\n".join(lines) + "\n").encode()
