"""Adapter. Look at a photograph and draw it anew; runs locked in, as a process of its own.

`python -m export.media.child_photograph PHOTOGRAPH` writes `shown.jpg`, which holds pixels and
nothing else, and `kind.txt` (JPEG or PNG). Exit code 3 and `refused.txt` say why it does neither.
"""

import sys
from pathlib import Path

from PIL import Image, ImageOps

from export.media.facts import REFUSED_EXIT

PIXELS_MAX = 64_000_000
"""More has no telephone and no camera of a control room."""
SIDE_MAX = 1600
_KINDS = {"JPEG": "JPEG", "MPO": "JPEG", "PNG": "PNG"}
"""MPO is a JPEG behind which a telephone has put another one: the first is shown."""


class _RefusedError(Exception):
    """It is no photograph that is taken."""


def draw(source: Path) -> tuple[str, Image.Image]:
    """Return which kind of file a photograph is, and its pixels, upright and small enough.

    Raises: anything that a hostile file provokes; _RefusedError says it in words.
    """
    Image.MAX_IMAGE_PIXELS = PIXELS_MAX
    with Image.open(source, formats=("JPEG", "PNG")) as opened:
        kind = _KINDS.get(opened.format or "")
        if kind is None:
            raise _RefusedError("it is no JPEG and no PNG")
        width, height = opened.size
        if width * height > PIXELS_MAX:
            raise _RefusedError(f"it has more than {PIXELS_MAX:,} pixels")
        if kind == "PNG" and getattr(opened, "n_frames", 1) > 1:
            raise _RefusedError("it moves: one picture is taken")
        opened.load()
        upright = ImageOps.exif_transpose(opened)
    return kind, _plain(upright)


def _plain(picture: Image.Image) -> Image.Image:
    """Return the pixels alone, on white where they let something through."""
    picture.thumbnail((SIDE_MAX, SIDE_MAX))
    if picture.mode in {"RGBA", "LA", "PA", "P"}:
        over = picture.convert("RGBA")
        under = Image.new("RGBA", over.size, "white")
        under.alpha_composite(over)
        picture = under
    bare = picture.convert("RGB")
    return Image.frombytes("RGB", bare.size, bare.tobytes())


def main(source: str) -> int:
    """Look at one photograph; return the exit code."""
    try:
        kind, picture = draw(Path(source))
    except ImportError:
        raise  # our installation, not the photograph
    except Exception as error:  # noqa: BLE001 - whatever a hostile file provokes refuses it
        words = str(error) if isinstance(error, _RefusedError) else "it cannot be read as a picture"
        Path("refused.txt").write_text(words, "utf-8")
        return REFUSED_EXIT
    picture.save("shown.jpg", "JPEG", quality=85)
    Path("kind.txt").write_text(kind, "ascii")
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
