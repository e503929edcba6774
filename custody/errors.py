"""What can go wrong with a chain of custody.

* CustodyError
  - FormatError: the bytes are not in the one canonical form; refuse
    - ShapeError: a record lacks a key, has one too many, or a value of another type; refuse
  - ProofError: well-formed, and does not prove what it says; refuse
    - ForkedLogError: two signed checkpoints that cannot both be of one log; keep both, alarm
  - ForgedEventError: an event that the service did not write; stop, alarm
  - LogStateError: database and log disagree (a restored backup, two roots); stop, alarm
    - LogAwayError: a published log does not answer; retry
    - PlaceError: no published log can be at such a place; refuse, the message says what can be one
  - LogStoppedError: nothing is recorded until a person has looked at the log; refuse, say why
  - NotYetError: the checkpoint that is waited for does not exist yet; retry
    - NotPublishedError: the log's bucket does not take what is to be published; retry
  - ClockError: the clock cannot be right; nothing is recorded until it is, retry
  - AuthorityError: the time-stamping authority does not answer, or answers nonsense; retry
  - WitnessError: a witness of the log does not answer, or answers nonsense; others may, retry
  - KeyStoreError: a key cannot be read or must not be used here; stop, the message says what to do
"""


class CustodyError(Exception):
    """Base of all custody errors."""


class FormatError(CustodyError):
    """The bytes are not in the one form that this format allows."""


class ShapeError(FormatError):
    """A record of another shape; carries its place, and both sides where there are two."""

    def __init__(
        self, words: str, *, subject: str = "", expected: str = "", found: str = ""
    ) -> None:
        both = f": expected {expected}, found {found}" if expected or found else ""
        super().__init__(words + both)
        self.words = words
        self.subject = subject
        self.expected = expected
        self.found = found


class ProofError(CustodyError):
    """A proof, signature or opening does not hold; carries both sides where there are two."""

    def __init__(self, words: str, *, expected: str = "", found: str = "") -> None:
        both = f": expected {expected}, found {found}" if expected or found else ""
        super().__init__(words + both)
        self.words = words
        self.expected = expected
        self.found = found


class ForkedLogError(ProofError):
    """A log signed two checkpoints that contradict each other, or went back behind one of them."""


class ForgedEventError(CustodyError):
    """An event row that was not written by this service. The log stops until a person looked."""


class LogStateError(CustodyError):
    """The stored log contradicts itself or what was published. Stop and tell a person."""


class LogAwayError(LogStateError):
    """A published log does not answer, so that nothing is known of it. Safe to retry."""


class PlaceError(LogStateError):
    """No published log can be where somebody said that one is; nothing was asked yet."""


class LogStoppedError(CustodyError):
    """Nothing is recorded any more: the log has stopped. What is there can be read."""


class NotYetError(CustodyError):
    """What is waited for did not happen within the time limit. Safe to retry."""


class NotPublishedError(NotYetError):
    """The log cannot be published now, and so nothing more is signed. Safe to retry."""


class ClockError(CustodyError):
    """The clock of this machine cannot be right, and nothing is recorded by it. Safe to retry."""


class AuthorityError(CustodyError):
    """The time-stamping authority did not give a usable timestamp. Safe to retry."""


class WitnessError(CustodyError):
    """A witness did not give a usable cosignature. Others may have; safe to retry."""


class KeyStoreError(CustodyError):
    """A key is missing, unreadable, readable by others, or not allowed here."""
