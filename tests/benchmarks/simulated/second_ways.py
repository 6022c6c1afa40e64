"""How often each cross-check, and the rule beside it, finds the truth of simulated evidence.

    python -m tests.benchmarks.simulated.second_ways --cases 600

For every rule with a cross-check, cases of each family in turn until there are `--cases`, or the
seconds of the processor are spent; the same cases for both ways, as far as each gets. Right: just
the true options hold. Nothing: no false option holds, but a true one does not. Wrong: a false
option holds. Of evidence without any true option, such as noise, right is that none holds. Families
with a colon in their name (`any pose: cube`) are counted apart: there the truth is not always
clear, or the map is as noisy as a saliency map.
"""

from __future__ import annotations

import argparse
import time
from collections import Counter
from importlib import import_module

import numpy as np

from solver.rules.registry import Decide, Rule, all_rules
from tests.benchmarks.simulated import FAMILIES, Case, Family

MODULES = ("places", "methods", "states", "words", "shapes")
Outcome = str


def families() -> dict[str, dict[str, Family]]:
    """Every family by rule and name."""
    for module in MODULES:
        import_module(f"tests.benchmarks.simulated.{module}")
    return FAMILIES.of


def group_of(family: str) -> str:
    """The group that a family is counted in; that with a colon in its name is counted apart."""
    return family.partition(":")[0] if ":" in family else ""


def outcome(way: Decide, rule: Rule, case: Case) -> Outcome:
    """What one way of deciding makes of a case: right, nothing or wrong."""
    claims = [rule.claim.model_validate(claim) for claim in case.claims]
    decision = way(case.evidence, rule.settings.model_validate(case.settings), claims)
    named = [verdict.holds is True for verdict in decision.verdicts]
    if named == list(case.truth):
        return "right"
    false = any(one and not true for one, true in zip(named, case.truth, strict=True))
    return "wrong" if false else "nothing"


Found = dict[str, Counter[Outcome]]
"""Outcomes by family."""


def measured(
    way: Decide, rule: Rule, made: dict[str, Family], cases: int, seconds: float, seed: int = 0
) -> Found:
    """Outcomes of one way on cases of each family in turn, until the time is spent."""
    found: Found = {name: Counter() for name in sorted(made)}
    began = time.process_time()
    for at in range(cases):
        name = sorted(made)[at % len(made)]
        case = made[name](np.random.default_rng([seed, at]))
        found[name][outcome(way, rule, case)] += 1
        if time.process_time() - began > seconds:
            break
    return found


def row(name: str, found: Found) -> str:
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
    parser.add_argument("--seconds", type=float, default=40, help="of the processor, for a way")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--second-only", action="store_true", help="leave the rules out")
    parser.add_argument("--families", action="store_true", help="a row for every family")
    given = parser.parse_args()
    print(f"{'rule':44} cases    right  nothing    wrong")
    for name, rule in all_rules().items():
        if rule.cross_check is None or (given.rules and name not in given.rules):
            continue
        of = families()[name]
        for group in sorted({group_of(one) for one in of}):
            some = {one: made for one, made in of.items() if group_of(one) == group}
            check = rule.cross_check.decide
            found = measured(check, rule, some, given.cases, given.seconds, given.seed)
            print(row(f"{name}, {group}" if group else name, found), flush=True)
            for family, one in found.items():
                if given.families or one["right"] < 0.9 * one.total():
                    print(row(f"    . {family}", {family: one}), flush=True)
            if not given.second_only:
                own = measured(rule.decide, rule, some, given.cases, given.seconds, given.seed)
                print(row("    the rule itself", own), flush=True)


if __name__ == "__main__":
    main()
