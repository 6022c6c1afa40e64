"""The option `--bank`: a folder of questions, or an edition that ships by its year."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

Command = TypeVar("Command", bound=Callable[..., Any])


class BankFolder(click.Path):
    """A folder of questions. An edition that ships is named by its year: ``--bank 2022``.

    A folder of one's own that is called like one is written ``./2022``.
    """

    name = "bank"

    def __init__(self) -> None:
        super().__init__(file_okay=False, path_type=Path)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the folder."""
        from solver.files.resources import shipped_editions

        shipped = shipped_editions()
        if str(value) in shipped:
            return shipped[str(value)]
        return super().convert(value, param, ctx)

    def get_metavar(self, param: click.Parameter, ctx: click.Context) -> str:
        """Return what the help shows in place of a value."""
        return "FOLDER|YEAR"


def bank_option(name: str = "bank_folder") -> Callable[[Command], Command]:
    """Return the decorator that gives a command the option, as its parameter `name`."""
    return click.option(
        "--bank",
        name,
        type=BankFolder(),
        help="Questions: a folder, or the year of a bank that ships.  [default: 2021]",
    )


def ships(folder: Path) -> bool:
    """Whether a bank's folder is one that ships with the program, where nothing is to be kept."""
    from solver.files.resources import shipped_editions

    return folder in shipped_editions().values()


def as_given(folder: Path) -> str:
    """Return a bank's folder as one gives it to ``--bank``: the year of one that ships."""
    return folder.name if ships(folder) else str(folder)
