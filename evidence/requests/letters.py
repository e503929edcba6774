"""Pure. The letters that go about requests: to whoever asks, and to the people on duty."""

from evidence.mailbox.letters import LetterKind


class RequestLetter(LetterKind):
    """What is said of a request, and the keys of what no row may hold."""

    MAILBOX_CODE = "request_mailbox"
    """The code that proves a mailbox before anything is submitted. ``code``, ``expires``, ``to``.
    """
    URN_ISSUED = "request_urn"
    """We have your request, and this is its number. ``preserve``: until when footage is there."""
    STATUS_CODE = "request_code"
    """The code that leads to the page of a request. ``code``, ``expires``."""
    PRESERVED = "request_preserved"
    """The receipt: the footage is preserved. Nothing beside the rows."""
    OUTCOME = "request_outcome"
    """What came of a step. ``outcome``: covered, not_covered, not_found or approved."""
    REFUSED = "request_refused"
    """It was refused. ``appeal``: what can be done about it; why, its page says."""
    DOCUMENT = "request_document"
    """A document is asked for, perhaps instead of one that was not accepted: why, its page says."""
    MESSAGE = "request_message"
    """Somebody wrote to whoever asked. Nothing of it: it is read past the code, on its page."""
    AT_RISK = "request_at_risk"
    """To an operator: nobody has preserved the footage, and it is overwritten soon. ``days``."""
    TO_CHECK = "request_to_check"
    """To who checks documents: some wait. ``requests``: of how many."""
