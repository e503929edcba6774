"""Edge. The form of a decision about one exhibit: shown, and shown again with what is wrong."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

from fastapi import Request, Response
from fastapi.responses import RedirectResponse
from sqlmodel import Session

from api.acts import act
from api.services import Services
from api.web.console.exhibits.details import show_exhibit
from api.web.pages import page
from api.web.staff import Staff
from evidence.errors import InvalidError, StateError
from evidence.exhibits.references import as_reference


def _nothing(_: Services) -> Mapping[str, Any]:
    return {}


@dataclass(frozen=True, slots=True)
class DecisionForm:
    """A template, and what is said of a field that was left empty."""

    template: str
    missing: Mapping[str, str] = field(default_factory=lambda: {"reason": "Enter the reason"})
    more: Callable[[Services], Mapping[str, Any]] = _nothing
    """What else the template shows."""

    def show(
        self,
        request: Request,
        services: Services,
        staff: Staff,
        name: str,
        way: str,
        typed: Mapping[str, str],
        *,
        errors: Mapping[str, str] | None = None,
        problem: str = "",
    ) -> Response:
        """Show the form; ``problem`` says why the decision cannot be taken now."""
        status = HTTPStatus.CONFLICT if problem else HTTPStatus.OK

        def read(session: Session) -> Response:
            row = services.exhibits.find(session, as_reference(name))
            return page(
                request,
                self.template,
                status=HTTPStatus.UNPROCESSABLE_ENTITY if errors else status,
                staff=staff,
                shown=show_exhibit(services, session, staff, row),
                way=way,
                errors=errors or {},
                problem=problem,
                typed=typed,
                **self.more(services),
            )

        return act(services, staff.subject, read)

    def decide(
        self,
        request: Request,
        services: Services,
        staff: Staff,
        name: str,
        way: str,
        typed: Mapping[str, str],
        work: Callable[[Session], None],
    ) -> Response:
        """Take the decision, and go back to the exhibit; or show the form with what is wrong."""
        try:
            act(services, staff.subject, work)
        except InvalidError as error:
            empty = not typed[error.field].strip()
            words = self.missing.get(error.field, str(error)) if empty else str(error)
            return self.show(
                request, services, staff, name, way, typed, errors={error.field: words}
            )
        except StateError as error:
            return self.show(request, services, staff, name, way, typed, problem=str(error))
        return RedirectResponse(f"/console/exhibits/{name}", HTTPStatus.SEE_OTHER)
