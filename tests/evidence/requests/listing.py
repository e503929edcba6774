"""A list of requests, as an insurer keeps it."""

import csv
import io
from collections.abc import Mapping
from datetime import datetime

from evidence.requests.lists.listed import list_fields
from evidence.requests.questions.paths import FORMS
from evidence.requests.states import Path
from tests.evidence.requests.requesting import filled

FIELDS = tuple(list_fields(FORMS[Path.INSURER]))


def listed(at: datetime, *rows: Mapping[str, str], columns: tuple[str, ...] = FIELDS) -> bytes:
    """Return a list with a row for each of some changes to the same form."""
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, extrasaction="ignore", restval="")
    writer.writeheader()
    for other in rows:
        writer.writerow({**filled(Path.INSURER, at), **other})
    return ("\ufeff" + text.getvalue()).encode()
