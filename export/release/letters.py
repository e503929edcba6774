"""Pure. The letters that go about the decision on a release, all of them to staff."""

from evidence.mailbox.letters import LetterKind


class ReleaseLetter(LetterKind):
    """What is asked of whoever decides, and the keys of what no row may hold."""

    APPROVAL_NEEDED = "approval_needed"
    """To a releaser: a proposal of somebody else waits to be decided."""
    SECOND_NEEDED = "second_needed"
    """To a releaser: an urgent release waits for its second approval. ``due``."""
    REFUSED = "refused"
    """To the proposer: somebody refused their proposal. Why, the console says."""
    WITHDRAWN = "withdrawn"
    """To the proposer: a releaser withdrew their proposal. Why, the console says."""
