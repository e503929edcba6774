"""Edge. Calls that list: how many rows, from where on, and where the next page begins."""

from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import Query, Request, Response

from evidence.paging import Page, format_cursor

MOST = 100
"""Rows that one call answers at the most."""

Limit = Annotated[int, Query(ge=1, le=MOST, description="how many at the most", examples=[50])]
From = Annotated[
    str,
    Query(
        max_length=80,
        description="where the page begins: as the `Link` of another page says it",
        examples=["older-1763647380000000-3f2f7a545a4f4d0c9f0e0c7f2b1f6a11"],
    ),
]


def link(request: Request, response: Response, **pages: dict[str, object] | None) -> None:
    """Say in the header `Link` (RFC 8288) where other pages are: ``next`` and ``prev``."""
    links = [
        f'<{request.url.path}?{urlencode(query)}>; rel="{name}"'
        for name, query in pages.items()
        if query is not None
    ]
    if links:
        response.headers["Link"] = ", ".join(links)


def link_pages(
    request: Request, response: Response, page: Page[Any], limit: int, **asked: object
) -> None:
    """Say where the pages beside this one are, of what was ``asked`` for."""

    def at(cursor: str) -> dict[str, object] | None:
        return {**asked, "limit": limit, "cursor": cursor} if cursor else None

    link(request, response, next=at(format_cursor(page.older)), prev=at(format_cursor(page.newer)))
