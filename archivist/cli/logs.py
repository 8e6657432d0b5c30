"""What the watcher says of itself while nobody looks: structured lines on stderr.

    with logs.written(sys.stderr, logs.wanted(os.environ, terminal=False)):
        logs.tell("filed", claim="01J8…", record="R00000001", pages=3)

    {"time": "2026-11-29T03:04:05Z", "level": "info", "event": "filed", "claim": "01J8…", …}

JSON where a program reads it (no terminal, or ARCHIVIST_LOG=json), else one readable line
(ARCHIVIST_LOG=text). The rooms below log with the standard library, to the logger `archivist`;
their lines come out in the same form.

Rules it keeps:
- No personal data, no title, no text of a document, no secret. A scan is named by its claim: its
  file name is often the customer's. Only fields named here are let through, and only where their
  value has the shape of an id, a code or a number.
- An error in an argument is told by its kind and the system's reason. Its own words name paths, and
  below work/ and trays/ a path ends in the scanner's file name.
- Of what a library warns only its name is told.
- Events are codes and never translated; a readable line has the words beside them.
"""

import logging
import os
import re
import traceback
from collections.abc import Iterator, Mapping, MutableMapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TextIO

from archivist.cli.say import say
from archivist.masking import masked
from archivist.remarks import heard

if TYPE_CHECKING:
    from structlog.typing import Processor

JSON, TEXT = "json", "text"
LOGGER = "archivist"
# Every field a line may have; what does not fit is left out of the line, never the line itself.
_CODE = re.compile(r"[A-Za-z0-9_.:+\-]{1,64}")
FIELDS = frozenset(
    ("claim", "record", "customer", "dossier", "type", "pages", "tray", "reason",
     "error", "address", "day", "reminded", "proposed", "declassified")
)  # fmt: skip
_WORDS = {
    "watching": ("正在监视投放目录，按 Ctrl-C 结束", "watching the drop folder"),
    "stopped": ("已停止", "stopped"),
    "filed": ("已归档", "filed"),
    "refused": ("未归档", "refused"),
    "drop-away": ("投放目录读不到，等它恢复", "the drop folder cannot be read: waiting"),
    "drop-back": ("投放目录恢复了", "the drop folder is back"),
    "waiting": ("暂时无法写入，稍后重试", "cannot write now, tries again"),
    "full-text-later": ("全文索引稍后补上", "full text catches up later"),
    "sweep-later": ("到期清查稍后再做", "the sweep is put off"),
    "swept": ("已做到期清查", "swept"),
    "metrics": ("指标页已打开", "metrics are served"),
    "metrics-open": (
        "指标页不只对本机开放，任何能连上的人都能读取",
        "metrics are bound to more than this machine: whoever reaches it reads them",
    ),
    "failed": ("出错停止", "stopped by an error"),
}

Event = MutableMapping[str, Any]


def wanted(environ: Mapping[str, str], terminal: bool) -> str:
    """The form: ARCHIVIST_LOG, else readable on a terminal and JSON elsewhere."""
    given = environ.get("ARCHIVIST_LOG", "")
    return given if given in (JSON, TEXT) else TEXT if terminal else JSON


def tell(event: str, level: int = logging.INFO, **fields: Any) -> None:
    """One event of the watcher; `event` is one of the codes above."""
    assert event in _WORDS, event
    # By the standard library, as the rooms below do: one way out, and none where nobody listens.
    logging.getLogger(LOGGER).log(level, event, extra={"fields": fields})


def reason(error: BaseException) -> str:
    """Kind and the system's own reason of an error, without its words: those may name files."""
    seen: BaseException | None = error
    while seen is not None:
        number = getattr(seen, "errno", None)
        if isinstance(number, int):
            return f"{type(error).__name__}: {os.strerror(number)}"
        seen = seen.__cause__ or seen.__context__
    return type(error).__name__


@contextmanager
def written(stream: TextIO, form: str) -> Iterator[None]:
    """Log to `stream` while the block runs; afterwards logging is as it was."""
    from structlog import processors, stdlib  # only the watcher pays for it

    handler = logging.StreamHandler(stream)
    handler.addFilter(_Wordless())
    handler.setFormatter(
        stdlib.ProcessorFormatter(
            foreign_pre_chain=[
                stdlib.add_log_level,
                stdlib.ExtraAdder(("fields",)),
                processors.TimeStamper("iso", utc=True, key="time"),
            ],
            processors=[
                stdlib.ProcessorFormatter.remove_processors_meta,
                _safe,
                *_rendered(form),
            ],
        )
    )
    logger = logging.getLogger(LOGGER)
    before = logger.level, logger.propagate
    logger.setLevel(logging.INFO)
    logger.propagate = False
    logger.addHandler(handler)
    libraries = _libraries_on(handler)
    logging.getLogger().addHandler(libraries)
    try:
        with heard(_remark):
            yield
    finally:
        logging.getLogger().removeHandler(libraries)
        logger.removeHandler(handler)
        logger.setLevel(before[0])
        logger.propagate = before[1]


def _remark(_zh: str, en: str, about: tuple[object, ...]) -> None:
    logging.getLogger(LOGGER).warning(en, *about)


def _rendered(form: str) -> list["Processor"]:
    from structlog import processors

    if form == JSON:
        return [processors.JSONRenderer(ensure_ascii=False)]
    order = ["time", "level", "event"]
    return [_spoken, processors.KeyValueRenderer(key_order=order, repr_native_str=False)]


def _spoken(_logger: Any, _name: str, event: Event) -> Event:
    words = _WORDS.get(event["event"])
    return {**event, "event": f"{event['event']} ({say(*words)})"} if words else event


def _safe(_logger: Any, _name: str, event: Event) -> Event:
    """Only known fields in the shape of ids, codes and numbers; no number of a person."""
    kept: Event = {name: event[name] for name in ("time", "level", "event") if name in event}
    kept["event"] = masked(str(kept["event"]))
    fields = event.get("fields", {})
    for name in sorted(FIELDS & fields.keys()):
        value = fields[name]
        if isinstance(value, BaseException):
            kept[name] = reason(value)
        elif value is not None and _is_plain(value):
            kept[name] = value
    return kept


def _is_plain(value: Any) -> bool:
    if isinstance(value, Mapping):
        return all(_is_plain(key) and _is_plain(inner) for key, inner in value.items())
    return isinstance(value, int | float) or (
        isinstance(value, str) and _CODE.fullmatch(value) is not None
    )


def _libraries_on(handler: logging.Handler) -> logging.Handler:
    """What libraries warn of: that they do and which, never their words, which quote paths."""

    class Libraries(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            told = logging.LogRecord(
                LOGGER, record.levelno, "", 0, f"{record.name} warns", (), None
            )
            handler.handle(told)

    return Libraries(logging.WARNING)


class _Wordless(logging.Filter):
    """Errors in the arguments of the rooms' own lines lose their words; tracebacks their lines."""

    def filter(self, record: logging.LogRecord) -> bool:
        if isinstance(record.args, tuple):
            record.args = tuple(
                reason(arg) if isinstance(arg, BaseException) else arg for arg in record.args
            )
        if record.exc_info and record.exc_info[2] is not None:
            # Where, and of what kind: the message may quote a document.
            where = traceback.extract_tb(record.exc_info[2])[-1]
            kind = reason(record.exc_info[1]) if record.exc_info[1] else ""
            record.msg = f"{record.getMessage()} ({kind}, {where.name}:{where.lineno})"
            record.args, record.exc_info, record.exc_text = (), None, None
        return True
