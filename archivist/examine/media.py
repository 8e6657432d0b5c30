"""Which kind of document a file is, by its first bytes; and what its name claims.

Pure. Four media types are documents here: PDF, TIFF, JPEG and PNG. Everything else is recognised
only far enough to tell a clerk what it is.

Rule it keeps: content decides, but a name that contradicts it is a defect. A JPEG called `.pdf`
means that somebody renamed a file instead of scanning it, and what else he did is unknown. A name
that says nothing (`.scan`, no extension) is no contradiction.

    >>> by_content(b"%PDF-1.7")
    'application/pdf'
    >>> contradiction("application/pdf", "lease.jpeg")
    'image/jpeg'
    >>> contradiction("application/pdf", "lease.0001") is None
    True
"""

from __future__ import annotations

PDF, TIFF, JPEG, PNG = "application/pdf", "image/tiff", "image/jpeg", "image/png"
UNKNOWN = "application/octet-stream"

EXTENSIONS = {PDF: ".pdf", TIFF: ".tif", JPEG: ".jpg", PNG: ".png"}
"""The documents, and the extension each is kept under."""

_MAGIC = (
    (b"\x89PNG\r\n\x1a\n", PNG),
    (b"\xff\xd8\xff", JPEG),
    (b"II*\x00", TIFF),
    (b"MM\x00*", TIFF),
    (b"II+\x00", TIFF),
    (b"MM\x00+", TIFF),
    (b"%PDF-", PDF),
    (b"GIF8", "image/gif"),
    (b"BM", "image/bmp"),
    (b"PK\x03\x04", "application/zip"),
    (b"\x1f\x8b", "application/gzip"),
    (b"Rar!", "application/vnd.rar"),
    (b"7z\xbc\xaf\x27\x1c", "application/x-7z-compressed"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "application/msword"),
    (b"{\\rtf", "application/rtf"),
    (b"%!PS", "application/postscript"),
    (b"\x7fELF", "application/x-executable"),
    (b"MZ", "application/x-executable"),
)

_CLAIMS = {
    ".pdf": PDF,
    ".tif": TIFF,
    ".tiff": TIFF,
    ".jpg": JPEG,
    ".jpeg": JPEG,
    ".jpe": JPEG,
    ".jfif": JPEG,
    ".png": PNG,
    ".gif": "image/gif",
    ".bmp": "image/bmp",
    ".webp": "image/webp",
    ".zip": "application/zip",
    ".gz": "application/gzip",
    ".rar": "application/vnd.rar",
    ".7z": "application/x-7z-compressed",
    ".doc": "application/msword",
    ".docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    ".xls": "application/vnd.ms-excel",
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ".ofd": "application/ofd",
    ".rtf": "application/rtf",
    ".ps": "application/postscript",
    ".txt": "text/plain",
    ".csv": "text/csv",
    ".html": "text/html",
    ".htm": "text/html",
    ".exe": "application/x-executable",
}

# ISO 32000-1, implementation note 13: the header may stand anywhere in the first 1024 bytes.
_PDF_HEADER_WITHIN = 1024


def by_content(head: bytes) -> str:
    """The media type that the first 1024 bytes show; `UNKNOWN` when they show none."""
    for magic, media_type in _MAGIC:
        if head.startswith(magic):
            return media_type
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "image/webp"
    if b"%PDF-" in head[:_PDF_HEADER_WITHIN]:
        return PDF
    return "text/plain" if _reads_as_text(head) else UNKNOWN


def contradiction(media_type: str, name: str) -> str | None:
    """The media type that the file name claims when it is another one than `media_type`."""
    dot = name.rfind(".")
    claimed = _CLAIMS.get(name[dot:].lower()) if dot > 0 else None
    return claimed if claimed != media_type else None


def _reads_as_text(head: bytes) -> bool:
    if b"\x00" in head:
        return False
    for encoding in ("utf-8", "gb18030"):
        try:
            # The sample may end inside a character: the last few bytes prove nothing.
            head[: max(1, len(head) - 4)].decode(encoding)
        except UnicodeDecodeError as error:
            if error.start < len(head) - 8:
                continue
        return True
    return False
