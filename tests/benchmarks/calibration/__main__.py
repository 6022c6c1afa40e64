"""Calibration of doubt on simulated evidence: its fit, its Brier scores and its bins.

    python -m tests.benchmarks.calibration --outcomes outcomes.jsonl

simulates every family (half an hour of the processor; what is in the file is not simulated
again), prints how doubt does on the families that it was not fitted on, by bin and by rule, and
draws docs/measured/calibration.svg. With `--fit` the weights are fitted anew, and
solver/decide/doubt/fitted.py is written.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np

from tests.benchmarks.calibration.drawing import drawn
from tests.benchmarks.calibration.families import FAMILIES
from tests.benchmarks.calibration.fitting import (
    Judged,
    Weights,
    bins_of,
    brier,
    fitted_on,
    judged_answers,
    judged_verdicts,
    ordered,
)
from tests.benchmarks.calibration.observe import Outcome, outcome_of
from tests.benchmarks.calibration.simulated import Family

ROOT = Path(__file__).resolve().parents[3]
PIECE = 10
"""Simulations that a process makes at once."""

Judge = Callable[[Sequence[Outcome]], Judged]


def _some(name: str, first: int, last: int) -> list[str]:
    """The outcomes of a piece of a family, a line each; "" where nothing was decided."""
    made = (outcome_of(FAMILIES[name], at) for at in range(first, last))
    return [one.to_json() if one else "" for one in made]


def simulated(file: Path, processes: int, families: Sequence[Family]) -> list[Outcome]:
    """Return the outcomes of families; those that the file lacks are made and added to it."""
    file.touch()
    there = [line.split("\t") for line in file.read_text().splitlines()]
    lines = {(name, int(at)): data for name, at, data in there}
    pieces = [
        (family.name, first, min(first + PIECE, family.count))
        for family in families
        for first in range(0, family.count, PIECE)
    ]
    waiting = [one for one in pieces if (one[0], one[1]) not in lines]
    with ProcessPoolExecutor(processes) as pool, file.open("a") as added:
        for (name, first, _), made in zip(
            waiting, pool.map(_some, *zip(*waiting, strict=True)) if waiting else (), strict=True
        ):
            for at, data in enumerate(made, first):
                added.write(f"{name}\t{at}\t{data}\n")
                lines[name, at] = data
            added.flush()
    ordered = [(one.name, at) for one in families for at in range(one.count)]
    return [Outcome.from_json(lines[place]) for place in ordered if lines[place]]


def table(judged: Judged) -> str:
    """The bins of stated doubt, and the Brier scores, as Markdown."""
    rows = ["| stated | number | mean stated | wrong or judged otherwise |", "|---|---|---|---|"]
    for at, one in enumerate(bins_of(judged.doubt, judged.wrong)):
        if one.count:
            rows.append(
                f"| .{at} to {(at + 1) / 10:.1f} | {one.count:,} | {one.stated:.3f} | "
                f"{one.wrong:.3f} ± {one.error:.3f} |"
            )
    rows += [
        "",
        "| | number | wrong | flip share | doubt | the least |",
        "|---|---|---|---|---|---|",
    ]
    for name, chosen in (
        ("repeated", judged.repeated),
        ("without repeats", ~judged.repeated),
        ("all", np.ones(len(judged.wrong), bool)),
    ):
        rows.append(_scores(name, judged.where(chosen)))
    rows += [_scores(rule, judged.where(judged.rules == rule)) for rule in sorted({*judged.rules})]
    return "\n".join(rows)


def left_out(fitted: Sequence[Outcome], unseen: Sequence[Outcome]) -> Judged:
    """Each rule's answers, doubted by weights that were fitted without that rule."""
    found = []
    for rule in sorted({one.rule for one in unseen}):
        with fitted_on([one for one in fitted if one.rule != rule]).used():
            found.append(judged_answers([one for one in unseen if one.rule == rule]))
    return Judged(*(np.concatenate(each) for each in zip(*map(_columns, found), strict=True)))


def _columns(judged: Judged) -> list[np.ndarray]:
    return list(judged.__dict__.values())


def _scores(name: str, some: Judged) -> str:
    wrong = float(some.wrong.mean()) if len(some.wrong) else 0.0
    return (
        f"| {name} | {len(some.wrong):,} | {wrong:.3f} | {brier(some.flips, some.wrong):.4f} | "
        f"{brier(some.doubt, some.wrong):.4f} | {wrong / 2:.4f} |"
    )


def written(weights: Weights) -> str:
    """The source of `solver.decide.doubt.fitted` with these weights."""
    path = ROOT / "solver" / "decide" / "doubt" / "fitted.py"
    head = path.read_text(encoding="utf-8").partition("INTERCEPT")[0]

    def listed(numbers: dict[str, float]) -> str:
        return "{\n" + "".join(f'    "{name}": {one},\n' for name, one in numbers.items()) + "}"

    return (
        f"{head}INTERCEPT = {weights.intercept}\nWEIGHTS = {listed(dict(weights.weights))}\n\n"
        f"TYPICAL = {listed(dict(weights.typical))}\n"
        '"""By rule, the median margin of its wrong verdicts on the simulated evidence."""\n\n'
        f"TYPICAL_SHARE = {weights.typical_share}\n"
        '"""The same over all rules, as a share of value and threshold together."""\n'
    )


def main() -> None:
    """Simulate, fit if that is asked for, print the tables and draw them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--outcomes", type=Path, required=True, help="file of outcomes, kept")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--only", default="", help="families with this in their names")
    parser.add_argument("--fit", action="store_true", help="fit the weights anew, and write them")
    given = parser.parse_args()
    families = [one for name, one in FAMILIES.items() if given.only in name]
    outcomes = simulated(given.outcomes, given.processes, families)
    fitted = [one for one in outcomes if one.fitted]
    unseen = [one for one in outcomes if not one.fitted]
    print(f"{len(fitted):,} questions of families fitted on, {len(unseen):,} of others")
    if given.fit:
        weights = fitted_on(fitted)
        source = written(weights)
        (ROOT / "solver" / "decide" / "doubt" / "fitted.py").write_text(source, encoding="utf-8")
        with weights.used():
            _told(fitted, unseen)
    else:
        _told(fitted, unseen)


def _told(fitted: Sequence[Outcome], unseen: Sequence[Outcome]) -> None:
    panels: dict[str, Judged] = {}
    judges: dict[str, Judge] = {"verdicts": judged_verdicts, "answers": judged_answers}
    for what, judge in judges.items():
        for name, some in (("fitted on", fitted), ("unseen", unseen)):
            found = judge(some)
            print(f"\n{what}, families {name}\n\n{table(found)}")
            if name == "unseen":
                panels[what] = found
                print(
                    "\na wrong one is listed before one that is right: by doubt "
                    f"{ordered(found.doubt, found.wrong):.3f} of pairs, by flip share "
                    f"{ordered(found.flips, found.wrong):.3f}"
                )
    print(f"\nanswers, families unseen, of rules left out\n\n{table(left_out(fitted, unseen))}")
    drawn(panels, ROOT / "docs" / "measured" / "calibration.svg")


if __name__ == "__main__":
    main()
