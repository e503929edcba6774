"""Edge. Pages: one template environment, and what every page is told.

Templates extend `layout.html`. Nothing in them asks another host for anything, and no script or
style stands inside a page: the content security policy of `api.bounds.guard` would refuse it.
"""

import hashlib
from collections.abc import Mapping
from functools import cache
from http import HTTPStatus
from pathlib import Path
from typing import Any

from fastapi import Request
from fastapi.responses import HTMLResponse
from jinja2 import ChoiceLoader, Environment, PackageLoader, PrefixLoader
from markupsafe import Markup

from api import words
from api.services import Services
from api.web.console.places import record_path
from custody.printable import printable_lines

STATIC = Path(__file__).parent / "static"


@cache
def environment() -> Environment:
    """Return the environment of all templates: escaping everywhere."""
    made = Environment(
        loader=ChoiceLoader(
            [
                PackageLoader("api.web"),
                PrefixLoader({"govuk_frontend_jinja": PackageLoader("govuk_frontend_jinja")}),
            ]
        ),
        autoescape=True,
        finalize=shown,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters.update({**words.FILTERS, "record_path": record_path})
    made.globals["static"] = static
    return made


def shown(value: Any) -> Any:  # noqa: ANN401 - whatever a template shows
    """Return what a template shows: in a text, what hides or turns the writing as an escape.

    Whoever gave a file, a camera or themselves a name may have meant to deceive who reads it.
    """
    if isinstance(value, Markup):
        return Markup(printable_lines(value))  # noqa: S704 - escapes are letters and digits
    return printable_lines(value) if isinstance(value, str) else value


@cache
def static(name: str) -> str:
    """Return the address of a static file, which changes when its bytes do."""
    digest = hashlib.sha256((STATIC / name).read_bytes()).hexdigest()
    return f"/static/{name}?v={digest[:12]}"


def page(
    request: Request,
    template: str,
    *,
    status: HTTPStatus = HTTPStatus.OK,
    headers: Mapping[str, str] | None = None,
    **values: Any,  # noqa: ANN401 - whatever the template shows
) -> HTMLResponse:
    """Render a page.

    ``staff`` (an `api.web.staff.Staff`, if somebody is signed in) and ``errors`` (field to
    sentence, after a form was refused) mean the same in every template.
    """
    services = request.app.state.services
    assert isinstance(services, Services)
    told: dict[str, Any] = {
        "council": services.council,
        "demonstration": services.demonstration,
        "path": request.url.path,
        "staff": None,
        "errors": {},
        **values,
    }
    html = environment().get_template(template).render(told)
    return HTMLResponse(html, status_code=status, headers=dict(headers or {}))
