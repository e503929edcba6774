"""What can go wrong below the domain.

* StorageError
  - NotFoundError: no such object or version; refuse
  - ConflictError: something else already stands there; refuse, or compare and go on
  - CorruptError: the bytes are not the ones that were promised; stop and tell a person
  - UnavailableError: the engine does not answer; retry with backoff
  - RefusedError: the engine answered and said no; stop, the message says what to set
    - NoRoomError: the disk is full; refuse, or retry when somebody has made room
  - EngineError: an embedded engine cannot be started or kept; stop, the message says what to do
"""


class StorageError(Exception):
    """Base of all storage errors."""


class NotFoundError(StorageError):
    """There is no such object, version or row."""


class ConflictError(StorageError):
    """Something else already stands where this was to be put."""


class CorruptError(StorageError):
    """What was read differs from what was promised; carries both."""

    def __init__(self, what: str, *, expected: str, found: str) -> None:
        super().__init__(f"{what}: expected {expected}, found {found}")
        self.what = what
        self.expected = expected
        self.found = found


class UnavailableError(StorageError):
    """The engine does not answer now. Safe to retry."""


class RefusedError(StorageError):
    """The engine answered, and refused. Retrying does not help."""


class NoRoomError(RefusedError):
    """There is no room for it. It goes on when somebody has made some."""


class EngineError(StorageError):
    """An embedded engine cannot be started, reached or stopped."""
