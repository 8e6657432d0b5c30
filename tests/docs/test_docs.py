"""The documents say what the program does: commands, options, settings, acts, reasons, links."""

import dataclasses
import re
import shlex
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from archivist import config, records
from archivist.cli import COMMANDS, archivist, door
from archivist.examine import unfit
from policies import verdicts

TOP = Path(__file__).resolve().parents[2]
DOCS = [*sorted(TOP.glob("*.md")), *sorted((TOP / "docs").rglob("*.md"))]
FORMATS = (TOP / "docs" / "formats.md").read_text("utf-8")
OPERATIONS = (TOP / "docs" / "operations.md").read_text("utf-8")
FENCE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
# What ends a command on a line of shell: a pipe, a redirection, a comment, another command.
SHELL = ("|", ">", "<", "#", "&&", ";")


def name_of(path: Path) -> str:
    return path.relative_to(TOP).as_posix()


def prose_of(path: Path) -> str:
    return FENCE.sub("", path.read_text("utf-8"))


def fenced_calls() -> Iterator[tuple[str, list[str]]]:
    """Every line of a code block that calls the program: (document, its words)."""
    for path in DOCS:
        for block in FENCE.findall(path.read_text("utf-8")):
            for line in block.splitlines():
                if found := re.match(r"(?:\$ )?archivist (?!\.)(.+)", line):
                    yield name_of(path), words_of(found[1])


def inline_calls() -> Iterator[tuple[str, list[str]]]:
    for path in DOCS:
        for span in re.findall(r"`archivist ([^`]+)`", prose_of(path)):
            yield name_of(path), words_of(span)


def words_of(line: str) -> list[str]:
    words = shlex.split(line)
    end = next((at for at, word in enumerate(words) if word.startswith(SHELL)), len(words))
    return words[:end]


def command_of(words: list[str]) -> tuple[click.Command, list[str]]:
    """The command that the words name, and what is left of them: its arguments."""
    rest = list(words)
    takes_value = {option: not param.is_flag for param in archivist.params
                   if isinstance(param, click.Option) for option in param.opts}  # fmt: skip
    while rest and rest[0].startswith("-"):
        del rest[: 2 if takes_value.get(rest[0]) else 1]
    command: click.Command = archivist
    while isinstance(command, click.Group) and rest and not rest[0].startswith("-"):
        found = command.get_command(click.Context(command), rest[0])
        assert found is not None, f"there is no command {' '.join(words)}"
        command, rest = found, rest[1:]
    return command, rest


def all_commands() -> Iterator[str]:
    for name in COMMANDS:
        command, _ = command_of([name])
        below = command.list_commands(click.Context(command)) if is_group(command) else []
        yield from (f"{name} {sub}" for sub in below)
        if not below:
            yield name


def is_group(command: click.Command) -> bool:
    return isinstance(command, click.Group)


def rows_of(text: str, *heads: str) -> list[list[str]]:
    """The cells of the table that begins with these column heads."""
    head = re.escape(" | ".join(heads))
    table = re.search(rf"^\| {head} \|.*\n((?:\|.*\n)+)", text, re.MULTILINE)
    assert table, heads
    lines = table[1].splitlines()[1:]
    return [[cell.strip().strip("`") for cell in line.strip("|").split("|")] for line in lines]


@pytest.mark.parametrize("command", sorted(all_commands()))
def test_every_command_is_documented(command: str) -> None:
    """Each command and sub-command stands in an English document."""
    english = [path for path in DOCS if path.name not in ("README.zh.md", "CHANGELOG.md")]
    text = "\n".join(path.read_text("utf-8") for path in english)
    assert re.search(rf"\barchivist {command}\b", text)


def test_every_command_is_in_both_readmes() -> None:
    """A reader of either README meets every command by name."""
    for name in ("README.md", "README.zh.md"):
        readme = (TOP / name).read_text("utf-8")
        assert [command for command in COMMANDS if f"archivist {command}" not in readme] == []


@pytest.mark.parametrize(("document", "words"), list(fenced_calls()))
def test_a_command_line_in_a_code_block_can_be_typed(document: str, words: list[str]) -> None:
    """A command line in a code block has a known command, known options and all it needs."""
    command, rest = command_of(words)
    try:
        command.make_context(command.name, list(rest))
    except click.UsageError as error:
        pytest.fail(f"{document}: archivist {' '.join(words)}: {error.format_message()}")


@pytest.mark.parametrize(("document", "words"), list(inline_calls()))
def test_a_command_named_in_a_sentence_exists(document: str, words: list[str]) -> None:
    """A command named in a sentence exists, and so do the options it is named with."""
    command, rest = command_of(words)
    known = {option for param in command.params for option in param.opts} | {"--help", "-h"}
    known |= {option for param in archivist.params for option in param.opts}
    assert {word for word in rest if re.match(r"--?[a-z]", word)} <= known, document


def test_every_setting_is_documented_with_its_default() -> None:
    """Each field of archive.toml has a row with the default that the program uses."""
    defaults = {
        config._PLACES[field.name]: field.default
        for field in dataclasses.fields(config.Settings)
        if field.name in config._PLACES
    }
    rows = {(table, key): default for table, key, default, _ in rows_of(FORMATS, "table", "key")}
    for place, default in defaults.items():
        value = tomllib.loads(f"v = {rows[place]}")["v"]
        assert value == (str(default) if isinstance(default, Path) else default), place


def test_every_field_that_init_writes_is_documented() -> None:
    """What the template of archive.toml writes has a row as well."""
    filled = config.TEMPLATE.format(
        archive_id="0" * 16, created="", packs="", company="", vkey="", suite="x", scrypt_log_n=18
    )
    written = {(table, key) for table, fields in tomllib.loads(filled).items() for key in fields}
    assert written <= {(row[0], row[1]) for row in rows_of(FORMATS, "table", "key")}


def test_every_act_is_documented_with_an_example() -> None:
    """The acts of the ledger are exactly those in the table, and each has an example."""
    assert {row[0] for row in rows_of(FORMATS, "act", "what was done")} == records.ACTS
    assert {act for act in records.ACTS if f'{{"act":"{act}"' not in FORMATS} == set()


def test_every_reason_is_documented_with_its_tray() -> None:
    """The reasons of refusal are exactly those that judging knows, each with its tray."""
    codes = {value for key, value in vars(unfit).items() if key.isupper()}
    known = {*verdicts._DEFECTS, *verdicts._PLACES, "duplicate", *codes}
    rows = {row[0]: row[1] for row in rows_of(FORMATS, "reason", "tray")}
    assert rows == {reason: verdicts.refuse(reason).tray for reason in known}


def test_every_exit_code_is_documented() -> None:
    """The exit codes of the door stand in the operations page."""
    line = next(line for line in OPERATIONS.splitlines() if line.startswith("All exit codes:"))
    codes = {int(code) for code in re.findall(r"(?:: |· )(\d+) ", line)}
    assert codes == {door.DONE, door.UNEXPECTED, door.USAGE, door.FINDINGS, door.NOT_ALLOWED,
                     door.NO_ARCHIVE, door.BUSY, door.NO_KEY, door.DAMAGE}  # fmt: skip


@pytest.mark.parametrize("path", DOCS, ids=name_of)
def test_files_of_the_repository_that_are_named_exist(path: Path) -> None:
    """A path into the repository leads to a file or folder."""
    text = path.read_text("utf-8")
    named = re.findall(r"(?<![\w./-])(?:scripts|tests|docs)/[\w./-]*\w", text)
    named += re.findall(
        r"(?<![\w./-])(?:archivist|policies|storage|index)/[\w/.-]+\.(?:py|toml|ttf|txt)\b", text
    )
    assert [name for name in named if not (TOP / name).exists() and path.parent == TOP] == []
    assert [n for n in named if not ((TOP / n).exists() or (path.parent / n).exists())] == []


@pytest.mark.parametrize("path", DOCS, ids=name_of)
def test_internal_links_lead_somewhere(path: Path) -> None:
    """A link to another document, or to a heading, has its target."""
    for target in re.findall(r"\]\(([^)\s]+)\)", prose_of(path)):
        if "://" in target:
            continue
        name, _, anchor = target.partition("#")
        file = (path.parent / name).resolve() if name else path
        assert file.exists(), target
        if anchor:
            assert anchor in anchors_of(file), target


def anchors_of(path: Path) -> set[str]:
    """Headings as the anchors that Markdown viewers make of them."""
    heads = re.findall(r"^#+ (.+)$", prose_of(path), re.MULTILINE)
    kept = (re.sub(r"[^\w\- ]", "", head.lower()) for head in heads)
    return {head.replace(" ", "-") for head in kept}


@pytest.mark.parametrize("path", DOCS, ids=name_of)
def test_documents_name_no_machine(path: Path) -> None:
    """What was pasted from a terminal shows no folder of the machine it ran on."""
    assert re.findall(r"(?:/tmp|/root|/work|/home)/\S*", path.read_text("utf-8")) == []


@pytest.mark.parametrize("script", ["pack-manual", "rule-tests"])
def test_what_scripts_write_is_up_to_date(script: str) -> None:
    """The pack manual is that of the grammar, the list of rule tests that of the tests."""
    ran = subprocess.run([sys.executable, TOP / "scripts" / script, "--check"], check=False)
    assert ran.returncode == 0, f"run scripts/{script}"
