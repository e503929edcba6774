"""Pure. Text of strangers in a package's page: no markup, and nothing that hides or turns."""

import html

from custody.printable import printable_lines


def escape(text: str, *, quote: bool = True) -> str:
    """Return a text as it stands in HTML: it reads as it was written, and does nothing."""
    return html.escape(printable_lines(text), quote=quote)
