"""How much one scan may cost: every bound of examining in one value.

The bounds exist so that no file, broken or hostile, can take the station down or block the files
behind it. They are far above what a real scan needs; reaching one is an outcome (`too-large` or
`damaged`), recorded for that file alone.

    >>> Limits(max_pages=50).max_pages
    50
"""

from __future__ import annotations

from dataclasses import dataclass

MEBIBYTE = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds for one file, one request and one child."""

    max_size_bytes: int = 500_000_000
    """A scan of 999 pages at 500 KB each; larger files are exports, not scans."""
    max_pages: int = 999
    """What one archival item may hold; counted before any page is parsed."""
    max_pixels: int = 80_000_000
    """One page: A3 at 600 dpi is 70 million. Read from the header, before decoding."""
    memory_bytes: int = 700 * MEBIBYTE
    """Resident memory of one child: a grey A4 page at 200 dpi takes up to 660 MiB, most of it the
    recogniser. Two children and the station stay below 1.5 GiB."""
    private_bytes: int = 1536 * MEBIBYTE
    """Writable address space of one child (RLIMIT_DATA). The recogniser reserves twice what it
    touches, so this is the wall behind `memory_bytes`, not a second measure of it."""
    look_cpu_seconds: int = 60
    look_wall_seconds: float = 90.0
    """Looking parses every page of a text PDF: about 10 ms a page, more on a busy machine."""
    read_cpu_seconds: int = 30
    read_wall_seconds: float = 45.0
    """Reading takes about 2 s for a dense page, three times that without fast bf16 units."""
    reply_bytes: int = 64 * MEBIBYTE
    """One reply. 999 dense pages of text are 4 MB; a child that sends more was taken over."""
    pages_per_child: int = 500
    """A child is replaced after that many pages: native PDF libraries grow slowly."""
