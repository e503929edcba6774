"""Edge. The register of cameras: its list, one camera, and what is said of it."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Form, Query, Request, Response
from fastapi.responses import RedirectResponse
from sqlmodel import Session

from api.acts import act
from api.depends import UsesServices
from api.services import Services
from api.web.console.places import list_address
from api.web.console.words import lines, sentence
from api.web.pages import page
from api.web.public.camera_map import draw
from api.web.staff import Staff, allowed, sends
from evidence.cameras.cameras import KnownCamera
from evidence.cameras.known import CameraGroup, CameraPage
from evidence.cameras.register import ENDED, SENSITIVE
from evidence.cameras.register import PUBLIC as TOLD
from evidence.cameras.tables import CameraImportRow
from evidence.errors import InvalidError, StateError, UnknownError
from evidence.people.access import Action

router = APIRouter(include_in_schema=False)
LIST = "/console/cameras"
PAGE = 50
Shows = Annotated[Staff, allowed(Action.SHOW_CAMERAS)]
Marks = Annotated[Staff, allowed(Action.MARK_CAMERA)]
SendsMark = Annotated[Staff, sends(Action.MARK_CAMERA)]
Text = Annotated[str, Query(max_length=200)]
DONE: Mapping[str, str] = {
    "imported": "The list was taken over.",
    "same": "The list was taken over: it changes no camera.",
    SENSITIVE: "The public is told nothing of this camera any more.",
    TOLD: "The public is told of this camera now.",
    ENDED: "It is on record that this camera has gone.",
}


GROUPS: Mapping[CameraGroup, str] = {
    CameraGroup.HERE: "All that there are",
    CameraGroup.PUBLIC: "Public",
    CameraGroup.SENSITIVE: "Sensitive",
    CameraGroup.GONE: "Gone",
}


@router.get(LIST)
def listed(
    request: Request,
    services: UsesServices,
    staff: Shows,
    show: Text = "",
    q: Text = "",
    after: Text = "",
    done: Text = "",
) -> Response:
    """Show a page of the register, by reference."""
    group = CameraGroup(show) if show in set(CameraGroup) else CameraGroup.HERE

    def read(session: Session) -> tuple[CameraPage, list[CameraImportRow]]:
        cameras, by = services.cameras, staff.subject
        place = _identifier(after)
        found = cameras.page(session, group, words=q, by=by, after=place, most=PAGE)
        return found, list(cameras.imports(session, by=by))

    found, imports = act(services, staff.subject, read)
    asked = {"show": group.value, "q": q}
    return page(
        request,
        "console/cameras.html",
        staff=staff,
        cameras=found.cameras,
        imports=imports,
        group=group,
        groups=[
            (one, words, list_address(LIST, {"show": one.value, "q": q}))
            for one, words in GROUPS.items()
        ],
        q=q,
        done=DONE.get(done, ""),
        first=list_address(LIST, asked) if after else "",
        following=""
        if found.after is None
        else list_address(LIST, {**asked, "after": str(found.after)}),
    )


@router.get(f"{LIST}/{{camera}}")
def shown(
    request: Request, services: UsesServices, staff: Shows, camera: UUID, done: Text = ""
) -> Response:
    """Show everything about one camera."""
    return _camera_page(request, services, staff, camera, done=DONE.get(done, ""))


def _camera_page(
    request: Request,
    services: Services,
    staff: Staff,
    camera: UUID,
    *,
    done: str = "",
    problem: str = "",
) -> Response:
    known = _find(services, staff, camera)
    placed = known.camera.placements
    points = [(one.at, str(at), "") for at, one in enumerate(placed, 1) if one.at is not None]
    return page(
        request,
        "console/camera.html",
        status=HTTPStatus.CONFLICT if problem else HTTPStatus.OK,
        staff=staff,
        known=known,
        camera=known.camera,
        done=done,
        problem=problem,
        map=draw(points) if points else None,
    )


@router.get(f"{LIST}/{{camera}}/marking")
def ask_mark(request: Request, services: UsesServices, staff: Marks, camera: UUID) -> Response:
    """Ask what is said of a camera, and why."""
    return _mark_page(request, services, staff, camera, {})


@router.post(f"{LIST}/{{camera}}/marking")
def mark(
    request: Request,
    services: UsesServices,
    staff: SendsMark,
    camera: UUID,
    choice: Annotated[str, Form()] = "",
    reason: Annotated[str, Form()] = "",
) -> Response:
    """Say of a camera that it is sensitive, public, or gone."""
    said = lines(reason)
    if choice not in {SENSITIVE, TOLD, ENDED}:
        errors = {"choice": "Select what is said of the camera"}
        return _mark_page(request, services, staff, camera, errors, reason=said)

    def work(session: Session) -> None:
        cameras, name, by, at = services.cameras, str(camera), staff.subject, services.clock()
        if choice == ENDED:
            cameras.end(session, name, reason=said, by=by, at=at)
        else:
            sensitive = choice == SENSITIVE
            cameras.mark(session, name, sensitive=sensitive, reason=said, by=by, at=at)

    try:
        act(services, staff.subject, work)
    except InvalidError as error:
        words = sentence(error) if said.strip() else "Enter why"
        errors = {"reason": words}
        return _mark_page(request, services, staff, camera, errors, reason=said, choice=choice)
    except UnknownError:  # it has gone meanwhile, or never was: its page says which
        return _camera_page(
            request, services, staff, camera, problem="This camera has gone already"
        )
    except StateError as error:
        return _camera_page(request, services, staff, camera, problem=sentence(error))
    return RedirectResponse(f"{LIST}/{camera}?done={choice}", HTTPStatus.SEE_OTHER)


def _mark_page(
    request: Request,
    services: Services,
    staff: Staff,
    camera: UUID,
    errors: Mapping[str, str],
    *,
    reason: str = "",
    choice: str = "",
) -> Response:
    known = _find(services, staff, camera)
    if known.gone_on is not None:
        return RedirectResponse(f"{LIST}/{camera}", HTTPStatus.SEE_OTHER)
    other = (
        (TOLD, "The public is told of it")
        if known.camera.sensitive
        else (SENSITIVE, "It is sensitive: the public is not told whether there is such a camera")
    )
    return page(
        request,
        "console/camera-mark.html",
        status=HTTPStatus.UNPROCESSABLE_ENTITY if errors else HTTPStatus.OK,
        staff=staff,
        errors=dict(errors),
        known=known,
        choices=(other, (ENDED, "It has gone: it stays here as it was")),
        typed={"reason": reason},
        choice=choice,
    )


def _find(services: Services, staff: Staff, camera: UUID) -> KnownCamera:
    by = staff.subject
    return act(services, by, lambda session: services.cameras.find(session, camera, by=by))


def _identifier(text: str) -> UUID | None:
    """Return after which camera a page begins; of anything else, the first page."""
    try:
        return UUID(text)
    except ValueError:
        return None
