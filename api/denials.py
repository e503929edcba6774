"""Edge. What is refused before a service is asked: nobody is known, or the form is not ours."""

from evidence.errors import EvidenceError


class UnauthorisedError(EvidenceError):
    """No token, or none that is valid here."""


class SignInNeededError(EvidenceError):
    """Nobody is signed in; ``then`` is the page that was asked for."""

    def __init__(self, then: str) -> None:
        super().__init__("sign in first")
        self.then = then


class ForgedFormError(EvidenceError):
    """A form that did not come from a page of ours, or from one of an earlier session."""

    def __init__(self) -> None:
        super().__init__(
            "This form is out of date or came from elsewhere. Nothing was done: go back, load the "
            "page again, and send it once more."
        )


class TooManyError(EvidenceError):
    """Asked too often; ``seconds`` says when to try again."""

    def __init__(self, seconds: int) -> None:
        super().__init__(f"This was asked for too often. Try again in {seconds} seconds.")
        self.seconds = seconds


class BusyError(EvidenceError):
    """As much of one kind of work is being done as this process does at once: try again soon."""

    def __init__(self, what: str) -> None:
        super().__init__(f"Too many {what} at this moment. Nothing was done: try again soon.")


class NotSignedInError(EvidenceError):
    """What the identity provider answered proves nobody; says why, without anything it sent."""
