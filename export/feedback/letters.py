"""Pure. The letter to a recipient that there is a question, and no more: whether footage helped."""

from evidence.mailbox.letters import LetterKind


class FeedbackLetter(LetterKind):
    """What is said of answers, and the keys of what no row may hold."""

    ASKED = "feedback_asked"
    """There is a question about a package that was collected, where it is, and how to hear no
    more of it. Nothing beside the rows."""
