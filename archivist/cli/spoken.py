"""Commands and options that explain themselves in the person's language.

The docstring of a command is its English help, `zh` the Chinese one; an option has `help`
and `zh`. Beside that a command declares what a careful person asks before typing it: what
it changes, what it never changes, and with which exit codes it ends.

    @command("show", zh="查看一份档案。", never=("任何内容", "anything"), exits=(0, 2, 10, 12))
    def show_command(...): "Show RECORD …"

click's own help pages speak English and count characters, while a Chinese character takes
two cells of a terminal; so the page is laid out here. Nothing is decided at import: the
language is asked for when the help is.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeVar

import click

from archivist.cli.say import chinese, say, width

F = TypeVar("F", bound=Callable[..., Any])
Words = tuple[str, str]  # Chinese, English

PAGE = {"help_option_names": ["-h", "--help"], "max_content_width": 100}
NOTHING: Words = ("任何内容", "anything")
ENTRY: Words = ("台账增加一条", "one ledger entry")

# How a command can end; the numbers are the contract's.
EXITS: dict[int, Words] = {
    0: ("完成", "done"),
    1: ("意外错误", "unexpected"),
    2: ("命令写法不对", "wrong words"),
    3: ("完成，但有退回或发现", "done, with refusals or findings"),
    4: ("不允许", "not allowed"),
    10: ("没有档案库", "no archive"),
    11: ("正忙", "busy"),
    12: ("缺密钥或口令不对", "key missing or wrong passphrase"),
    13: ("发现损坏", "damage found"),
}

# What click writes in a usage line for what may stand there.
_PLACES = (("[OPTIONS]", "[选项]"), ("COMMAND [ARGS]...", "命令 [参数]…"))

# A word, or one Chinese character; with the marks that must not be parted from it. Compiled
# when a page is shown: every search would pay for it otherwise.
_PIECES = r"\s+|[（《“]*(?:[^\s\u2e80-\uffef]+|[^\s（《“])[，。；：、）》”！？…]*"


def folded(text: str, cells: int) -> list[str]:
    """The text in lines of at most this many terminal cells."""
    lines, line = [], ""
    for piece in re.findall(_PIECES, text):
        if piece.isspace():
            piece = " "
        if line and width(line + piece.rstrip()) > cells:
            lines.append(line.rstrip())
            line = ""
        line += piece if line else piece.lstrip()
    return [*lines, line.rstrip()] if line.strip() else lines


class Page(click.HelpFormatter):
    """A help page that counts terminal cells instead of characters."""

    def write_text(self, text: str) -> None:
        for line in folded(text, self.width - self.current_indent):
            self.write(f"{'':{self.current_indent}}{line}\n")

    def write_dl(
        self, rows: Iterable[tuple[str, str]], col_max: int = 30, col_spacing: int = 2
    ) -> None:
        rows = list(rows)
        column = min(col_max, max((width(term) for term, _ in rows), default=0)) + col_spacing
        left = " " * (self.current_indent + column)
        for term, text in rows:
            first = f"{'':{self.current_indent}}{term}{' ' * (column - width(term))}"
            if width(term) > col_max:
                self.write(f"{first.rstrip()}\n")
                first = left
            for line in folded(text, self.width - len(left)) or [""]:
                self.write(f"{first}{line}".rstrip() + "\n")
                first = left


class Context(click.Context):
    """A call whose help is a `Page`."""

    formatter_class = Page


class Spoken(click.Command):
    """What commands and groups have in common: the help of two languages."""

    context_class = Context

    def __init__(
        self,
        *args: Any,
        zh: str = "",
        changes: Words | None = None,
        never: Words | None = None,
        exits: Sequence[int] = (),
        **settings: Any,
    ) -> None:
        self._zh = zh
        self._effects = (changes, never, tuple(exits))
        settings.setdefault("context_settings", PAGE)
        super().__init__(*args, **settings)

    @property
    def help(self) -> str | None:
        """The help text in the person's language."""
        return self._zh if self._zh and chinese() else self._en

    @help.setter
    def help(self, text: str | None) -> None:
        self._en = text

    def get_short_help_str(self, limit: int = 45) -> str:
        return re.split(r"[.。](?:\s|$)|\n", (self.help or "").strip(), maxsplit=1)[0]

    def get_help_option(self, ctx: click.Context) -> click.Option | None:
        found = super().get_help_option(ctx)
        if found is not None:
            found.help = say("显示本说明。", "Show this page.")
        return found

    def format_usage(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        pieces = " ".join(self.collect_usage_pieces(ctx))
        if chinese():
            for said, zh in _PLACES:
                pieces = pieces.replace(said, zh)
        formatter.write_usage(ctx.command_path, pieces, say("用法：", "Usage: "))

    def format_help_text(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        for paragraph in re.split(r"\n\s*\n", (self.help or "").strip()):
            formatter.write_paragraph()
            with formatter.indentation():
                formatter.write_text(paragraph)

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        records = (param.get_help_record(ctx) for param in self.get_params(ctx)
                   if isinstance(param, click.Option))  # fmt: skip
        with formatter.section(say("选项", "Options")):
            formatter.write_dl([record for record in records if record])

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        changes, never, exits = self._effects
        rows = [
            (name, say(*words))
            for name, words in (
                (say("改动", "changes"), changes),
                (say("从不改动", "never changes"), never),
            )
            if words
        ]
        if exits:
            ends = " · ".join(f"{code} {say(*EXITS[code])}" for code in exits)
            rows.append((say("退出码", "exit codes"), ends))
        if rows:
            with formatter.section(say("影响", "Effects")):
                formatter.write_dl(rows)


class Command(Spoken):
    """One command."""


class Group(Spoken, click.Group):
    """Commands under one word."""

    command_class = Command

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        super().format_options(ctx, formatter)
        with formatter.section(say("命令", "Commands")):
            formatter.write_dl(self.rows(ctx))

    def rows(self, ctx: click.Context) -> list[tuple[str, str]]:
        """Each command below, with what it is for."""
        found = ((name, self.get_command(ctx, name)) for name in self.list_commands(ctx))
        return [(name, command.get_short_help_str()) for name, command in found if command]


class Option(click.Option):
    """An option with a help text in both languages."""

    def __init__(self, *args: Any, zh: str, **settings: Any) -> None:
        self._zh = zh
        super().__init__(*args, **settings)

    @property
    def help(self) -> str | None:
        """The help text in the person's language."""
        return self._zh if chinese() else self._en

    @help.setter
    def help(self, text: str | None) -> None:
        self._en = text

    def get_help_record(self, ctx: click.Context) -> tuple[str, str] | None:
        record = super().get_help_record(ctx)
        if record is None or not chinese():
            return record
        name, text = record
        return name, text.replace("[default: ", "[默认 ").replace("required]", "必填]")


class Several(Option):
    """An option that may be repeated and may also be followed by several values at once.

    `init DIR --pack auto-dealer secrecy`: words that follow belong to it as far as DIR has
    been given before; a word in DIR's own place is never taken away from it. A command that
    takes no such word leaves all of them to the option.
    """

    def __init__(self, *args: Any, **settings: Any) -> None:
        super().__init__(*args, multiple=True, **settings)

    def add_to_parser(self, parser: Any, ctx: click.Context) -> None:
        super().add_to_parser(parser, ctx)
        alone = not any(isinstance(param, click.Argument) for param in ctx.command.params)
        for name in self.opts:
            known = parser._long_opt[name]
            known.process = _greedy(known.process, alone)


def _greedy(process: Callable[[str, Any], None], alone: bool) -> Callable[[str, Any], None]:
    def take(value: str, state: Any) -> None:
        process(value, state)
        while (alone or state.largs) and state.rargs and not state.rargs[0].startswith("-"):
            process(state.rargs.pop(0), state)

    return take


def command(name: str, **settings: Any) -> Callable[[Callable[..., Any]], Command]:
    """A command outside any group; inside one, the group's own `command` makes the same."""
    return click.command(name, cls=Command, **settings)


def group(name: str, **settings: Any) -> Callable[[Callable[..., Any]], Group]:
    """Commands under one word."""
    return click.group(name, cls=Group, **settings)


def several(*names: str, zh: str, **settings: Any) -> Callable[[F], F]:
    """An option that takes several values; `help` and `zh` are what it is for."""
    return click.option(*names, cls=Several, zh=zh, **settings)


def option(*names: str, zh: str, **settings: Any) -> Callable[[F], F]:
    """An option; `help` and `zh` are what it is for."""
    return click.option(*names, cls=Option, zh=zh, **settings)
