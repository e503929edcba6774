"""Adapter. Where a key lies in a hardware security module: a PKCS#11 URI (RFC 7512).

    pkcs11:token=council;object=seal?module-path=/usr/lib/hsm.so&pin-source=file:/etc/custos/pin

All four parts, and no others: what nobody reads would be believed to count.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote, unquote

from custody.errors import FormatError
from custody.printable import printable

_SCHEME = "pkcs11:"
_FILE = "file:"
_PATH = ("token", "object")
_QUERY = ("module-path", "pin-source")
_FORM = (
    "write pkcs11:token=LABEL;object=LABEL?module-path=/path/of/the/library.so"
    "&pin-source=file:/path/of/the/pin"
)
_MOST = 2000
_PLAIN = "/.-_~:[]@!$'()*+,="
"""Characters that RFC 7512 lets stand for themselves, of those that a path or a label has."""


@dataclass(frozen=True, slots=True)
class KeyPlace:
    """One key in one token, the library that knows it, and the file that holds the PIN."""

    token: str
    object: str
    module: str
    pin_file: str

    def __post_init__(self) -> None:
        """Refuse what names no key.

        Raises:
            FormatError: a part is empty, or a path depends on where somebody stands.
        """
        if not self.token or not self.object:
            raise FormatError(f"A PKCS#11 URI names token and object: {_FORM}")
        for path in (self.module, self.pin_file):
            if not path.startswith("/") or "\0" in path:
                raise FormatError(f"The paths in a PKCS#11 URI begin with a slash: {_FORM}")


def format_place(place: KeyPlace) -> str:
    """Write the URI of a key; it holds no secret."""
    token, name, module = (
        quote(part, _PLAIN) for part in (place.token, place.object, place.module)
    )
    source = quote(place.pin_file, _PLAIN)
    return f"{_SCHEME}token={token};object={name}?module-path={module}&pin-source={_FILE}{source}"


def parse_place(text: str) -> KeyPlace:
    """Read the URI of a key.

    Raises:
        FormatError: it is no such URI, or holds more or less than the four parts; a PIN in it is
            not repeated.
    """
    if not text.startswith(_SCHEME) or len(text) > _MOST:
        raise FormatError(f"This is no PKCS#11 URI: {_FORM}")
    path, _, query = text.removeprefix(_SCHEME).partition("?")
    found = {**_parts(path, ";", _PATH), **_parts(query, "&", _QUERY)}
    source = found["pin-source"]
    if not source.startswith(_FILE):
        raise FormatError(f"The PIN of a token is read from a file: {_FORM}")
    pin_file = source.removeprefix(_FILE)
    if pin_file.startswith("///"):
        pin_file = pin_file.removeprefix("//")
    return KeyPlace(found["token"], found["object"], found["module-path"], pin_file)


def _parts(text: str, between: str, names: tuple[str, ...]) -> Mapping[str, str]:
    found: dict[str, str] = {}
    for part in text.split(between) if text else ():
        name, _, value = part.partition("=")
        if name == "pin-value":
            raise FormatError("A PIN must not stand in a PKCS#11 URI: name its file (pin-source)")
        if name not in names or name in found:
            raise FormatError(f"{printable(name)!r} has no place here, or not twice: {_FORM}")
        try:
            found[name] = unquote(value, errors="strict")
        except UnicodeDecodeError as error:
            raise FormatError(f"{name} in the PKCS#11 URI is no text (UTF-8)") from error
    missing = [name for name in names if name not in found]
    if missing:
        raise FormatError(f"The PKCS#11 URI lacks {', '.join(missing)}: {_FORM}")
    return found
