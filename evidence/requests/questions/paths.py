"""Pure. The form of each path.

The fields are those of docs/formats/requests.md. Documents (consent, identity) are no fields: which
each path needs is in `evidence/requests/documents/kinds`.
"""

from collections.abc import Mapping

from evidence.requests.questions.civil import civil
from evidence.requests.questions.forms import Form
from evidence.requests.questions.official import COUNCIL, CPS, POLICE
from evidence.requests.questions.subject import SUBJECT
from evidence.requests.states import Path

FORMS: Mapping[Path, Form] = {
    form.path: form
    for form in (
        civil(Path.INSURER, "An insurer", "A claim about an accident or damage"),
        civil(Path.SOLICITOR, "A solicitor", "Or another legal representative"),
        civil(
            Path.AUTHORISED,
            "Another authorised body",
            "A body with a power of its own to investigate, such as a regulator",
        ),
        POLICE,
        CPS,
        COUNCIL,
        SUBJECT,
    )
}
