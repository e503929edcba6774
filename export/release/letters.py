"""Pure. The letters that go about the decision on a release, all of them to staff."""

from evidence.mailbox.letters import LetterKind


class ReleaseLetter(LetterKind):
    """What is asked of whoever decides, and the keys of what no row may hold."""

    SECOND_NEEDED = "second_needed"
    """To a releaser: an urgent release waits for its second approval. ``due``."""
