"""Pure. Text of strangers, shown: what would move the cursor or turn the writing is escaped."""


def printable(text: str) -> str:
    r"""Return a text in which each character that cannot be printed stands as "\x1b" or "\u202e".

    It may come from a clip, a package or a name that somebody made to deceive whoever reads it.
    """
    if text.isprintable():  # nearly all is
        return text
    return "".join(
        letter if letter.isprintable() else letter.encode("unicode_escape").decode("ascii")
        for letter in text
    )
