"""Pure. The letters that go about packages and their links, all of them to the recipient."""

from evidence.mailbox.letters import LetterKind


class DeliveryLetter(LetterKind):
    """What is said of a link, and the keys of what no row may hold."""

    LINK = "link"
    """Your package is ready. ``token``, ``expires`` (UTC, RFC 3339)."""
    LINK_ENDED = "link_ended"
    """Somebody asked for a code of a link that is over, and how to go on.

    ``why``: expired, replaced (a later link was sent), withdrawn (the release was taken back) or
    spent (no download is left). A re-issue costs nothing, but for what was withdrawn.
    """
    EXPIRING = "expiring"
    """Not collected yet, and the link ends soon. ``expires``.

    The token is not in it: only its digest was kept. It says to look for the earlier message.
    """
    REVOKED = "revoked"
    """The release was taken back. Nothing beside the rows."""
    CORRECTED = "corrected"
    """An exhibit was corrected after the package was sealed and collected. Nothing beside the rows.
    """
