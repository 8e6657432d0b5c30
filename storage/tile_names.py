"""How tiles are named (C2SP tlog-tiles), and how wide they are.

Pure, and imports nothing: children that hash a ledger start with this alone.

    tile_path(0, 1234067)     # tile/0/x001/x234/067
    entries_path(17, 9)       # tile/entries/017.p/9
"""

WIDTH = 256
HASH_BYTES = 32


def number_path(index: int) -> str:
    """A tile's number as path elements of three digits: 1234067 is `x001/x234/067`."""
    groups = [f"{index % 1000:03d}"]
    while index := index // 1000:
        groups.append(f"x{index % 1000:03d}")
    return "/".join(reversed(groups))


def tile_path(level: int, index: int, width: int = WIDTH) -> str:
    """Where the hashes of a tile lie, relative to the ledger's folder."""
    return f"tile/{level}/{number_path(index)}{_partial(width)}"


def entries_path(index: int, width: int = WIDTH) -> str:
    """Where the entries of a tile of level 0 lie, relative to the ledger's folder."""
    return f"tile/entries/{number_path(index)}{_partial(width)}"


def _partial(width: int) -> str:
    return "" if width == WIDTH else f".p/{width}"
