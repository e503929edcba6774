"""Edge. Whose tiles lie below the map of cameras: a council's choice, and none unless it says."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from api.settings.errors import SettingsError

LEAST_ZOOM, MOST_ZOOM = 10, 22
"""A town in one tile; a doorstep."""
_MOST_LETTERS = 300
_PLACES = ("{z}", "{x}", "{y}")
_ADDRESS = re.compile(r"https://[a-z0-9.-]+(:[0-9]{1,5})?/[A-Za-z0-9._~/?=&%{}@+-]*")
"""Its host goes into the content security policy: nothing that could end a rule there."""
_LINK = re.compile(r"https://[a-z0-9.-]+(:[0-9]{1,5})?(/[A-Za-z0-9._~/?=&%#+-]*)?")


@dataclass(frozen=True, slots=True)
class StreetMap:
    """Where a browser gets the tiles of the map of cameras."""

    tiles: str = ""
    """The address of one, with {z}, {x} and {y}; empty: the map has an empty ground."""
    attribution: str = ""
    """Whose map it is, in words that its licence asks for."""
    attribution_link: str = ""
    most_zoom: int = 19
    """How closely there are tiles."""

    @property
    def origin(self) -> str:
        """The origin (RFC 6454) of the tiles; empty: there are none."""
        return f"https://{self.host}" if self.tiles else ""

    @property
    def host(self) -> str:
        """Who is asked for tiles, and so sees at which part of a town somebody looks."""
        return urlsplit(self.tiles).netloc


NO_STREETS = StreetMap()


def read_street_map(table: Mapping[str, Any]) -> StreetMap:
    """Read it from the table ``[map]`` of council.toml.

    Raises:
        SettingsError: something is not as it must be.
    """
    said = table.get("map", {})
    tiles, words = said.get("tiles", ""), said.get("attribution", "")
    link, zoom = said.get("attribution_link", ""), said.get("max_zoom", 19)
    if tiles != "" and not _is_template(tiles):
        raise SettingsError(
            "council.toml: map.tiles is the address of a tile by https, with {z}, {x} and {y} "
            'once each, such as "https://tiles.barchester.example/{z}/{x}/{y}.png"'
        )
    if not isinstance(words, str) or not words.isprintable() or len(words) > _MOST_LETTERS:
        raise SettingsError(
            f"council.toml: map.attribution is one line of at most {_MOST_LETTERS} characters"
        )
    if tiles and not words.strip():
        raise SettingsError("council.toml: map.attribution says whose map the tiles are")
    if link != "" and not (isinstance(link, str) and _LINK.fullmatch(link)):
        raise SettingsError("council.toml: map.attribution_link is an address by https")
    if type(zoom) is not int or not LEAST_ZOOM <= zoom <= MOST_ZOOM:
        raise SettingsError(
            f"council.toml: map.max_zoom is a number from {LEAST_ZOOM} to {MOST_ZOOM}"
        )
    return StreetMap(tiles, words, link, zoom)


def _is_template(said: object) -> bool:
    if not isinstance(said, str) or len(said) > _MOST_LETTERS or not _ADDRESS.fullmatch(said):
        return False
    bare = said
    for place in _PLACES:
        if bare.count(place) != 1 or place in urlsplit(said).netloc:
            return False
        bare = bare.replace(place, "")
    return not {"{", "}"} & set(bare)
