"""Edge. Words of the console's forms: what was typed as records hold it, errors as they begin."""

from starlette.datastructures import FormData


def lines(text: str) -> str:
    """Return a text as records hold it: browsers send CRLF."""
    return text.replace("\r\n", "\n")


def said_in(form: FormData, field: str) -> str:
    """Return what was typed into a field; nothing, or a file instead: the empty text."""
    value = form.get(field)
    return lines(value) if isinstance(value, str) else ""


def sentence(error: Exception) -> str:
    """Return an error's words as they begin in a form."""
    words = str(error)
    return words[:1].upper() + words[1:]
