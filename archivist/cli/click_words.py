"""What click says of a wrong call, in Chinese.

Owns the translation of click's own sentences, which it has in English only. They are matched by
their words, since click keeps no codes; a sentence that is not known is told in English inside a
Chinese one, never lost. Loaded when a call went wrong.

    >>> in_chinese("'a' is not a valid integer.")
    "'a' 不是整数"
    >>> in_chinese("0 is not in the range 1<=x<=10000.")
    '0 不在 1 到 10000 之间'
"""

import re
from collections.abc import Callable

_NEAR = re.compile(r"\s*\(?did you mean (?:one of: )?(.+?)\?\)?\s*$", re.IGNORECASE)
_KINDS = {"file": "文件", "directory": "目录", "path": "路径"}
_STATES = {
    "does not exist": "不存在",
    "is a file": "是文件，这里要写目录",
    "is a directory": "是目录，这里要写文件",
    "is not readable": "不能读取",
    "is not writable": "不能写入",
    "is not executable": "不能执行",
}
_SENTENCES: tuple[tuple[str, Callable[[re.Match[str]], str]], ...] = (
    (r"(.+) is not a valid integer(?: range)?", lambda m: f"{m[1]} 不是整数"),
    (r"(.+) is not a valid float(?: range)?", lambda m: f"{m[1]} 不是数"),
    (r"(.+) is not in the range (.+)", lambda m: f"{m[1]} 不在 {_range(m[2])}"),
    (r"(.+) is not one of (.+)", lambda m: f"{m[1]} 不是其中之一：{m[2]}"),
    (
        rf"(file|directory|path) (.+) ({'|'.join(_STATES)})",
        lambda m: f"{_KINDS[m[1].lower()]} {m[2]} {_STATES[m[3].lower()]}",
    ),
    (r"got unexpected extra arguments? \((.+)\)", lambda m: f"多写了 {m[1]}"),
    (r"option '?(.+?)'? requires an argument", lambda m: f"选项 {m[1]} 后须写一个值"),
    (r"option '?(.+?)'? requires (\d+) arguments", lambda m: f"选项 {m[1]} 后须写 {m[2]} 个值"),
    (r"option '?(.+?)'? does not take a value", lambda m: f"选项 {m[1]} 后不写值"),
    (r"(?:argument '?(.+?)'? )?takes (\d+) values.*", lambda m: f"{m[1] or ''}须写 {m[2]} 个值"),
    (r"no such command '?(.+?)'?", lambda m: f"没有命令 {m[1]}"),
    (r"no such option:? '?(.+?)'?", lambda m: f"没有选项 {m[1]}"),
    (r"missing command", lambda _: "缺少命令"),
)


def in_chinese(said: str) -> str | None:
    """The Chinese of one of click's sentences; None for one that is not known."""
    sentence, near = _NEAR.sub("", said).strip().rstrip("."), _NEAR.search(said)
    for pattern, told in _SENTENCES:
        if found := re.fullmatch(pattern, sentence, re.IGNORECASE | re.DOTALL):
            return told(found) + (f"，是否想用 {_unquoted(near[1])}" if near else "")
    return None


def _unquoted(names: str) -> str:
    return "、".join(re.findall(r"'([^']+)'", names)) or names


def _range(written: str) -> str:
    """`1<=x<=64` and `x>=1` as people say it."""
    if both := re.fullmatch(r"(.+?)<=?x<=?(.+)", written):
        return f"{both[1]} 到 {both[2]} 之间"
    if least := re.fullmatch(r"x>=?(.+)", written):
        return f"允许的范围内（{least[1]} 以上）"
    if most := re.fullmatch(r"x<=?(.+)", written):
        return f"允许的范围内（{most[1]} 以下）"
    return f"允许的范围内（{written}）"
