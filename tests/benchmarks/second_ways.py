"""How often each cross-check, and the rule beside it, finds the truth of simulated evidence.

    python -m tests.benchmarks.second_ways --cases 200 --seconds 60

For every rule with a cross-check, cases of each family in turn until there are `--cases` of the
rule or its seconds of the processor are spent. Right: just the true options hold. Nothing: no
false option holds, but a true one does not. Wrong: a false option holds. Of evidence without any
true option, such as noise, right is that none holds.
"""

from __future__ import annotations

import argparse
import time
from collections import Counter
from dataclasses import dataclass, field
from importlib import import_module

import numpy as np

from solver.rules.registry import Decide, Rule, all_rules
from tests.benchmarks.simulated import FAMILIES, Case, Family

MODULES = ("places", "methods", "states", "words", "shapes")
ASIDE = "any pose"
"""Families whose name begins so are counted apart: their truth is not always clear."""
Outcome = str


def families() -> dict[str, dict[str, Family]]:
    """Every family by rule and name."""
    for module in MODULES:
        import_module(f"tests.benchmarks.simulated.{module}")
    return FAMILIES.of


def outcome(way: Decide, rule: Rule, case: Case) -> Outcome:
    """What one way of deciding makes of a case: right, nothing or wrong."""
    claims = [rule.claim.model_validate(claim) for claim in case.claims]
    decision = way(case.evidence, rule.settings.model_validate(case.settings), claims)
    named = [verdict.holds is True for verdict in decision.verdicts]
    if named == list(case.truth):
        return "right"
    false = any(one and not true for one, true in zip(named, case.truth, strict=True))
    return "wrong" if false else "nothing"


@dataclass
class Tally:
    """Outcomes of one rule's families, by way."""

    second: dict[str, Counter[Outcome]] = field(default_factory=dict)
    first: dict[str, Counter[Outcome]] = field(default_factory=dict)


def measured(
    rule: Rule, made: dict[str, Family], cases: int, seconds: float, seed: int, both: bool
) -> Tally:
    """Cases of each family in turn, until there are enough or the time is spent."""
    assert rule.cross_check is not None
    tally, began = Tally(), time.process_time()
    for at in range(cases):
        name = sorted(made)[at % len(made)]
        case = made[name](np.random.default_rng([seed, at]))
        ways = [(tally.second, rule.cross_check.decide)]
        if both:
            ways.append((tally.first, rule.decide))
        for found, way in ways:
            found.setdefault(name, Counter())[outcome(way, rule, case)] += 1
        if time.process_time() - began > seconds and (at + 1) % len(made) == 0:
            break
    return tally


def row(name: str, found: dict[str, Counter[Outcome]]) -> str:
    """A row of the table: cases, and shares of right, nothing and wrong."""
    every = sum(found.values(), Counter())
    total = sum(every.values())
    if not total:
        return ""
    shares = "  ".join(f"{every[one] / total:7.3f}" for one in ("right", "nothing", "wrong"))
    return f"{name:44}{total:6}  {shares}"


def main() -> None:
    """Print a row for each rule and way, and the families of which fewer than 90 % are right."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rules", nargs="*", help="only these")
    parser.add_argument("--cases", type=int, default=240, help="of a rule, all families together")
    parser.add_argument("--seconds", type=float, default=60, help="of the processor, for a rule")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--second-only", action="store_true", help="leave the rules out")
    parser.add_argument("--families", action="store_true", help="a row for every family")
    given = parser.parse_args()
    print(f"{'rule':44} cases    right  nothing    wrong")
    for name, rule in all_rules().items():
        if rule.cross_check is None or (given.rules and name not in given.rules):
            continue
        of = families()[name]
        groups = {
            "": {one: of[one] for one in of if not one.startswith(ASIDE)},
            f", {ASIDE}": {one: of[one] for one in of if one.startswith(ASIDE)},
        }
        for said, some in groups.items():
            if not some:
                continue
            tally = measured(
                rule, some, given.cases, given.seconds, given.seed, not given.second_only
            )
            print(row(f"{name}{said}", tally.second), flush=True)
            if tally.first:
                print(row("    the rule itself", tally.first), flush=True)
            for family, found in tally.second.items():
                if given.families or found["right"] < 0.9 * found.total():
                    print(row(f"    . {family}", {family: found}), flush=True)


if __name__ == "__main__":
    main()
