"""The SQL statements that answers to requests cost."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import event

from tests.houses import House

_ANSWERS = "AnyIO worker thread"
"""Where routes run. The sequencer of the house works at any moment, in a thread of its own."""


@contextmanager
def statements(house: House) -> Iterator[list[str]]:
    """Yield the list that every statement of the block's requests is written into.

    All but what keeps a session alive, which is written now and then.
    """
    seen: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        if threading.current_thread().name == _ANSWERS and "staff_session" not in statement:
            seen.append(statement)

    event.listen(house.services.engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(house.services.engine, "before_cursor_execute", note)
