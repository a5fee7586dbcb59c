"""What a file's first bytes say it is, and what its name says."""

_MAGIC = (
    (b"\xff\xd8\xff", "JPEG"),
    (b"\x89PNG\r\n\x1a\n", "PNG"),
    (b"GIF8", "GIF"),
    (b"BM", "BMP"),
    (b"II*\0", "TIFF"),
    (b"MM\0*", "TIFF"),
    (b"II+\0", "TIFF"),
    (b"MM\0+", "TIFF"),
    (b"\xff\x4f\xff\x51", "JPEG 2000"),
    (b"\0\0\0\x0cjP  \r\n", "JPEG 2000"),
    (b"qoif", "QOI"),
    (b"\0\0\1\0", "ICO"),
)
_AVIF = (b"avif", b"avis")
_HEIC = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1")
_NETPBM = frozenset(b"123456fF")
_DIB_HEADERS = (12, 40, 52, 56, 64, 108, 124)

_SUFFIXES = {
    "JPEG": ("jpg", "jpeg", "jpe", "jfif", "mpo"),
    "PNG": ("png",),
    "WebP": ("webp",),
    "GIF": ("gif",),
    "BMP": ("bmp",),
    "DIB": ("dib",),
    "TIFF": ("tif", "tiff"),
    "AVIF": ("avif",),
    "JPEG 2000": ("jp2", "j2k", "jpx"),
    "Netpbm": ("ppm", "pgm", "pbm", "pnm", "pfm"),
    "TGA": ("tga",),
    "QOI": ("qoi",),
    "ICO": ("ico",),
}
FORMATS = (*_SUFFIXES, "HEIC")
SUFFIXES = {suffix: name for name, suffixes in _SUFFIXES.items() for suffix in suffixes}
"""Lower-case extension, without the dot -> format, of everything that a folder source reads."""

HEAD = 64
"""Bytes that `content` wants to see."""


def content(head: bytes) -> str | None:
    """The format that a file's first bytes announce; None where they announce none that is known."""
    for magic, name in _MAGIC:
        if head.startswith(magic):
            return name
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "WebP"
    if head[4:8] == b"ftyp":
        brands = {head[8:12], *(head[at : at + 4] for at in range(16, len(head) - 3, 4))}
        if brands & set(_AVIF):
            return "AVIF"
        return "HEIC" if brands & set(_HEIC) else None
    if head[:1] == b"P" and len(head) > 2 and head[1] in _NETPBM and head[2:3].isspace():
        return "Netpbm"
    return None


def decoded(head: bytes) -> str:
    """The format of a file that turned out to be an image although `content` knows nothing of it."""
    # These two have no mark of their own. A bitmap without a file header begins with the length of the next one.
    return "DIB" if int.from_bytes(head[:4], "little") in _DIB_HEADERS else "TGA"


def fits(name: str, suffix: str) -> bool:
    """Whether a file of this format may have this extension: in any case, without the dot."""
    named = SUFFIXES.get(suffix.lower())
    return named == name or {named, name} == {"BMP", "DIB"}
