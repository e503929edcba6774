"""Edge. The statement of a month: a page that prints well, a spreadsheet's file, its settling."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import RedirectResponse, Response
from sqlmodel import Session

from api.acts import act
from api.depends import UsesServices
from api.services import Services
from api.web.console.accounts.pages import LIST, Shows
from api.web.console.accounts.words import DONE
from api.web.console.words import sentence
from api.web.pages import page
from api.web.staff import Staff, sends
from evidence.errors import InvalidError, StateError
from evidence.people.access import Action
from export.desk.invoicing.accounts import ShownStatement
from export.desk.spreadsheet import MEDIA_TYPE, format_statement

router = APIRouter(include_in_schema=False)
ONE = f"{LIST}/statements/{{name}}"


@router.get(f"{ONE}.csv")
def exported(services: UsesServices, staff: Shows, name: str) -> Response:
    """Return a statement as a file for a spreadsheet."""
    it = _shown(services, staff, name)
    return Response(
        "".join(format_statement(it.reference, it.lines)),
        media_type=MEDIA_TYPE,
        headers={"Content-Disposition": f'attachment; filename="statement-{it.reference}.csv"'},
    )


@router.get(ONE)
def shown(
    request: Request,
    services: UsesServices,
    staff: Shows,
    name: str,
    done: Annotated[str, Query(max_length=200)] = "",
) -> Response:
    """Show a statement, and ask for the reference of its money."""
    return _show(request, services, staff, name, "", {}, done=DONE.get(done, ""))


@router.post(ONE)
def settle(
    request: Request,
    services: UsesServices,
    staff: Annotated[Staff, sends(Action.SETTLE_STATEMENT)],
    name: str,
    remittance: Annotated[str, Form()] = "",
) -> Response:
    """Say that the money of a statement came."""

    def work(session: Session) -> None:
        services.statements.settle(
            session, name, by=staff.subject, at=services.clock(), remittance=remittance
        )

    try:
        act(services, staff.subject, work)
    except InvalidError as error:
        words = sentence(error) if remittance.strip() else "Enter the reference of the money"
        return _show(request, services, staff, name, remittance, {"remittance": words})
    except StateError:
        pass  # somebody was faster: the page tells who
    return RedirectResponse(f"{LIST}/statements/{name}?done=settled", HTTPStatus.SEE_OTHER)


def _show(
    request: Request,
    services: Services,
    staff: Staff,
    name: str,
    remittance: str,
    errors: Mapping[str, str],
    *,
    done: str = "",
) -> Response:
    return page(
        request,
        "console/statement.html",
        status=HTTPStatus.UNPROCESSABLE_ENTITY if errors else HTTPStatus.OK,
        staff=staff,
        it=_shown(services, staff, name),
        vat_number=services.council.fees.vat_number,
        typed={"remittance": remittance},
        errors=errors,
        done=done,
    )


def _shown(services: Services, staff: Staff, name: str) -> ShownStatement:
    by, lists = staff.subject, services.account_list
    return act(services, by, lambda session: lists.statement(session, name, by=by))
