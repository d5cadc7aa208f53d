"""The command's own help and command look-up, in the language of the call."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import typer
from typer.core import TyperCommand, TyperGroup

from leadline.cli.help_wording import COMMANDS, PARAMETERS
from leadline.cli.refusals import Refused, meant
from leadline.cli.session import session_of
from leadline.cli.wording import say
from leadline.cli.wrapping import wrapped

if TYPE_CHECKING:
    from rich.console import RenderableType

#: Options that every command takes, wherever they stand on the line.
EVERYWHERE = ("--json", "--lang", "--help")
#: Terminal cells that a text keeps beside a long name.
_LEAST_ROOM = 20
Rows = list[tuple[str, str]]


class Command(TyperCommand):
    """A command that words its help itself."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:  # noqa: ANN401 - as below
        """Read the command's words; a refusal says which command it is about."""
        try:
            return super().parse_args(ctx, args)
        except typer.TyperException as error:
            if getattr(error, "ctx", None) is None:
                error.ctx = ctx  # type: ignore[attr-defined]  # the parser leaves it out at times
            raise

    def get_help(self, ctx: Any) -> str:  # noqa: ANN401 - the parser's context has no public type
        """Return the help in the call's language."""
        return help_text(ctx)


class Group(TyperGroup):
    """A group of commands that names the nearest one when it does not know a word."""

    def get_help(self, ctx: Any) -> str:  # noqa: ANN401 - the parser's context has no public type
        """Return the help in the call's language."""
        return help_text(ctx)

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:  # noqa: ANN401 - as above
        """Find the command that the next word names.

        Raises:
            Refused: there is none; the nearest is named.
        """
        word = args[0]
        if word not in self.commands and not word.startswith("-"):
            near = meant(word, _reachable(self))
            raise Refused(code="unknown_command", command=ctx.command_path, word=word, near=near)
        return super().resolve_command(ctx, args)


def _reachable(group: TyperGroup) -> dict[str, str]:
    """Return the words that may be meant, with what to type for each: `export` is below `leads`."""
    inner = {
        word: f"{name} {word}"
        for name, command in group.commands.items()
        if isinstance(command, TyperGroup)
        for word in command.commands
    }
    return inner | {name: name for name in group.commands}


def path_of(context: Any) -> str:  # noqa: ANN401 - as above
    """Return the command's words without the program's name: `leads export`."""
    return " ".join(context.command_path.split()[1:])


def help_text(context: Any) -> str:  # noqa: ANN401 - as above
    """Return the whole help of a command or group."""
    from rich.console import Console

    console = Console(highlight=False, markup=False, emoji=False)
    with console.capture() as captured:
        for part in _parts(context, console.width):
            console.print(part)
    return "\n".join(line.rstrip() for line in captured.get().splitlines())


def _parts(context: Any, width: int) -> Iterator[RenderableType]:  # noqa: ANN401 - as above
    from rich.padding import Padding
    from rich.text import Text

    lang, path = session_of(context).out.lang, path_of(context)
    yield Text(say("help.usage", lang, line=_usage_line(context)))
    yield Padding(Text(wrapped(COMMANDS[path][lang], width - 4)), (1, 2))
    for title, rows in (
        ("help.arguments", _arguments(context, lang)),
        ("help.options", _options(context, lang)),
        ("help.commands", _commands(context, lang)),
    ):
        if rows:
            yield Text(say(title, lang), style="bold")
            yield _grid(rows, width)
    yield Text(wrapped(say("help.exit_codes", lang), width))


def _usage_line(context: Any) -> str:  # noqa: ANN401 - as above
    command = context.command
    words = [argument.metavar for argument in _of_kind(command, "argument")]
    if isinstance(command, TyperGroup):
        words.append("COMMAND ...")
    return " ".join([context.command_path, *words, "[OPTIONS]"])


def _of_kind(command: Any, kind: str) -> list[Any]:  # noqa: ANN401 - as above
    return [each for each in command.params if each.param_type_name == kind]


def _arguments(context: Any, lang: str) -> Rows:  # noqa: ANN401 - as above
    return [
        (argument.metavar, _worded(context, argument.name, lang))
        for argument in _of_kind(context.command, "argument")
    ]


def _options(context: Any, lang: str) -> Rows:  # noqa: ANN401 - as above
    own = [
        (
            f"{', '.join(option.opts)} {option.metavar or ''}".strip(),
            _worded(context, option.name, lang),
        )
        for option in _of_kind(context.command, "option")
    ]
    return own + [
        ("--lang en|ja" if name == "--lang" else name, PARAMETERS[name][lang])
        for name in EVERYWHERE
    ]


def _worded(context: Any, name: str, lang: str) -> str:  # noqa: ANN401 - as above
    return PARAMETERS[f"{path_of(context)}.{name}"][lang]


def _commands(context: Any, lang: str) -> Rows:  # noqa: ANN401 - as above
    if not isinstance(context.command, TyperGroup):
        return []
    prefix = f"{path_of(context)} ".lstrip()
    return [
        (name, COMMANDS[f"{prefix}{name}"][lang].split("\n")[0])
        for name in context.command.commands
    ]


def _grid(rows: Rows, width: int) -> RenderableType:
    from rich.cells import cell_len
    from rich.padding import Padding
    from rich.table import Table
    from rich.text import Text

    grid = Table.grid(padding=(0, 2))
    grid.add_column(no_wrap=True)
    grid.add_column(overflow="fold")
    room = max(width - 4 - max(cell_len(name) for name, _ in rows), _LEAST_ROOM)
    for name, text in rows:
        grid.add_row(Text(name), Text(wrapped(text, room)))
    return Padding(grid, (0, 0, 1, 2))


def no_parameters(context: typer.Context) -> None:
    """Take the options of a group that has none of its own."""
    del context
