"""`hw9 bank rules`: lists the rules, or describes one."""

from __future__ import annotations

import click

from solver.text.plural import counted


@click.command()
@click.argument("name", required=False)
@click.option("--all", "whole", is_flag=True, help="Print the whole reference (docs/rules.md).")
def rules(name: str | None, whole: bool) -> None:
    """List the rules, or describe one: what it measures, its settings, its claims, an example.

    \b
    Examples:
      hw9 bank rules
      hw9 bank rules maps.brightest_region
    """
    from solver.banks.bank import GIVEN, load_bank
    from solver.errors import BankError
    from solver.files.resources import shipped_bank
    from solver.files.yaml_source import right_names
    from solver.rules.former_names import current_name
    from solver.rules.reference import describe, reference
    from solver.rules.registry import all_rules

    known, bank = all_rules(), load_bank(shipped_bank())
    if whole:
        click.echo(reference(bank), nl=False)
    elif name is None:
        for rule in known.values():
            # The first paragraph: its line ends are those of the docstring.
            first = " ".join(rule.what.split("\n\n")[0].split())
            click.echo(f"{rule.name}\n{click.wrap_text(first, 78, '    ', '    ')}")
        click.echo(f"\n{counted(len(known), 'rule')}; hw9 bank rules NAME describes one.")
    # A former name finds its rule too: banks of an earlier edition have it.
    elif current_name(name) in known:
        click.echo(describe(known[current_name(name)], bank), nl=False)
    elif name == GIVEN:
        click.echo(
            "given: no rule. It is in the banks that hw9 bank from-qti makes of a quiz; nothing is "
            "measured, and the answers are in the key made with the bank."
        )
    else:
        raise BankError(f"there is no rule {name!r}{right_names(name, list(known))}")
