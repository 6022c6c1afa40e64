"""Option `--bank`: a folder of questions, or the year of an edition that ships."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

Command = TypeVar("Command", bound=Callable[..., Any])


class BankFolder(click.Path):
    """Type of the option: a folder, or a year that ships (a folder of that name is ``./2022``)."""

    name = "bank"

    def __init__(self) -> None:
        super().__init__(file_okay=False, path_type=Path)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the folder."""
        from solver.files.resources import shipped_editions

        shipped = shipped_editions()
        # A year is first: whoever has a folder of that name says ./2022.
        if str(value) in shipped:
            return shipped[str(value)]
        return super().convert(value, param, ctx)

    def get_metavar(self, param: click.Parameter, ctx: click.Context) -> str:
        """Return the word that the help shows in place of a value."""
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
    """Say whether a bank's folder ships with the program; nothing may be written there."""
    from solver.files.resources import shipped_editions

    return folder in shipped_editions().values()


def as_given(folder: Path) -> str:
    """Return a bank's folder as a value of ``--bank``: the year of one that ships."""
    return folder.name if ships(folder) else str(folder)
