"""Pure. The ledger's part of verification, on bytes: steps V6 and V7, and V8's "held since".

Everything checked here comes from a package that an enemy may have made. What is malformed or
does not hold becomes a finding that fails (`Report.ask`), never an exception. This is the door;
the rooms are one a step:

* V6, `check_sealed`: `release.sealed` opens to this seal, signature and timestamp, and is in a
  log whose key and witnesses signed it.
* V7, `check_custody`: the history of each record is whole, from its beginning to the seal.
* V8, `check_received` and `check_held_since`: each receipt of files was in the log under an earlier
  checkpoint, and the sealed log grew out of that one. Who calls them compares the digests and
  checks that checkpoint's timestamp.
"""

from custody.check.held import RECEIPTS, ReceivedCheckpoint, check_held_since, check_received
from custody.check.history import check_custody
from custody.check.sealed import RecordHead, SealedRelease, check_sealed
from custody.formats.disclosure import (
    LoggedEvent,
    format_events,
    format_openings,
    open_event,
    parse_events,
    parse_openings,
)

__all__ = [
    "RECEIPTS",
    "LoggedEvent",
    "ReceivedCheckpoint",
    "RecordHead",
    "SealedRelease",
    "check_custody",
    "check_held_since",
    "check_received",
    "check_sealed",
    "format_events",
    "format_openings",
    "open_event",
    "parse_events",
    "parse_openings",
]
