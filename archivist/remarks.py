"""What a room says aside: something went wrong, it went on all the same, and somebody should know.

Owns `remark`. A remark has both languages, as every outcome has; which of them is read, and where,
is not the room's affair. The command line listens and shows it in the person's language. Where
nobody listens (the watcher, tests) it goes to the logger `archivist` in English, which the
watcher's log takes.

Rule it keeps: what may vary stands in the arguments, never in the words, so that a listener can
leave out what an error quotes.

    remark("%s 的全文索引将重建：%s", "the index of %s is built anew: %s", key, error)
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

Listener = Callable[[str, str, tuple[object, ...]], None]

_listeners: list[Listener] = []


def remark(zh: str, en: str, *about: object) -> None:
    """Say something aside; both sentences take the same arguments in the same order."""
    if _listeners:
        _listeners[-1](zh, en, about)
        return
    import logging  # costs a start of a command what a tenth of its modules do

    logging.getLogger("archivist").warning(en, *about)


@contextmanager
def heard(listener: Listener) -> Iterator[None]:
    """While the block runs, remarks go to `listener`."""
    _listeners.append(listener)
    try:
        yield
    finally:
        _listeners.remove(listener)
