"""Edge. How the council uses its cameras: what for, by which law, how many, and how often asked."""

from fastapi import APIRouter, Request, Response

from api.depends import ANY_QUERY, UsesServices
from api.web.bar_chart import draw_bars
from api.web.figures import plots
from api.web.pages import page
from api.web.public.cameras import count_asking
from export.desk.statistics.figures import Figures
from export.desk.statistics.words import WORDS, Subject

router = APIRouter(include_in_schema=False, dependencies=[ANY_QUERY])


@router.get("/transparency")
def transparency(request: Request, services: UsesServices) -> Response:
    """Say it, with what is published of this year and the one before."""
    at = services.clock()
    count_asking(request, services, "transparency", at)
    with services.transaction() as session:
        kinds = services.public_cameras.kinds(session)
        makers = services.public_cameras.makers(session)
        published = services.statistics.published(session, at=at)
    named = WORDS[Subject.CAMERAS].rows
    rows = [(named[kind], kinds[kind]) for kind in named if kind in kinds]
    return page(
        request,
        "information/transparency.html",
        at=at,
        cameras=rows,
        count=sum(kinds.values()),
        chart=draw_bars([(words, count, f"{count:,}") for words, count in rows]),
        makers=makers,
        years=[(one, plots(one) if _tells(one) else []) for one in published],
    )


def _tells(figures: Figures) -> bool:
    """Tell whether so much happened in a year that anything can be said of it."""
    return figures.tables[0].total is not None
