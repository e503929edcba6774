"""Pure. Say what a file is by its first bytes, in words, where it is no video."""

import codecs

HEAD_SIZE = 4096
"""How much of the file to pass in."""

_MAGIC = (
    (b"\xff\xd8\xff", "a JPEG picture"),
    (b"\x89PNG\r\n\x1a\n", "a PNG picture"),
    (b"GIF8", "a GIF picture"),
    (b"II*\x00", "a TIFF picture"),
    (b"MM\x00*", "a TIFF picture"),
    (b"%PDF-", "a PDF document"),
    (b"PK\x03\x04", "a ZIP archive (or an Office document)"),
    (b"Rar!\x1a\x07", "a RAR archive"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"MZ", "a Windows program"),
    (b"\x7fELF", "a Linux program"),
    (b"SQLite format 3\x00", "a SQLite database"),
)
_TEXT = (
    ("#EXTM3U", "a playlist (it points to other files, and holds no pictures itself)"),
    ("ffconcat", "a playlist (it points to other files, and holds no pictures itself)"),
    ("file ", "a playlist (it points to other files, and holds no pictures itself)"),
    ("[playlist]", "a playlist (it points to other files, and holds no pictures itself)"),
    ("<mpd", "a playlist (it points to other files, and holds no pictures itself)"),
    ("v=0", "a session description (it points to a camera, and holds no pictures itself)"),
    ("<!doctype html", "a web page"),
    ("<html", "a web page"),
    ("<?xml", "an XML document"),
)
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_EXTENSIONS = {
    "mov": {"mp4", "mov", "m4v", "m4a", "3gp", "3g2", "qt"},
    "matroska": {"mkv", "webm", "mka", "mk3d"},
    "avi": {"avi", "divx"},
    "mpegts": {"ts", "m2ts", "mts", "m2t", "tp", "trp"},
    "mpeg": {"mpg", "mpeg", "vob", "ps", "m2p"},
    "asf": {"asf", "wmv", "wma"},
    "flv": {"flv", "f4v"},
    "mxf": {"mxf"},
    "wav": {"wav", "wave"},
    "mp3": {"mp3"},
    "aac": {"aac", "adts"},
    "h264": {"h264", "264", "avc", "26l", "jsv"},
    "hevc": {"hevc", "h265", "265"},
    "mjpeg": {"mjpg", "mjpeg"},
    "dhav": {"dav"},
}
_NAMES = {
    "mov": "MP4 or MOV",
    "matroska": "Matroska",
    "avi": "AVI",
    "mpegts": "MPEG transport stream",
    "mpeg": "MPEG program stream",
    "asf": "Windows Media",
    "flv": "Flash video",
    "mxf": "MXF",
    "dhav": "Dahua video",
}


def recognise(head: bytes) -> str | None:
    """Return what a file is that begins so, if it is surely no video: "a JPEG picture"."""
    for magic, name in _MAGIC:
        if head.startswith(magic):
            return name
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "a WebP picture"
    if head[4:12] in {b"ftypavif", b"ftypheic", b"ftypheix", b"ftypmif1"}:
        return "a still picture (HEIF or AVIF)"
    return _recognise_text(head)


def container_words(container: str) -> str:
    """Return the name that people use for a container that libavformat names so."""
    first = container.split(",", maxsplit=1)[0]
    return _NAMES.get(first, first)


def extension_differs(name: str, container: str) -> bool:
    """Say whether a file of this name promises another container than it is."""
    extension = name.rpartition(".")[2].lower() if "." in name else ""
    known = {ext for group in _EXTENSIONS.values() for ext in group}
    fitting = {ext for part in container.split(",") for ext in _EXTENSIONS.get(part, ())}
    return extension in known and bool(fitting) and extension not in fitting


def _recognise_text(head: bytes) -> str | None:
    encoding = next((name for mark, name in _MARKS if head.startswith(mark)), "utf-8")
    try:  # incremental: the head may end inside a character
        words = codecs.getincrementaldecoder(encoding)("strict").decode(head)
    except UnicodeDecodeError:
        return None
    if not words or any(char < " " and char not in "\t\n\r\f" for char in words):
        return None
    start = words.lstrip().lower()
    for beginning, name in _TEXT:
        if start.startswith(beginning.lower()):
            return name
    return "a text file"
