"""How often a key is suspected, rightly and wrongly, over simulated classes.

Measured with 600 classes a line (30 questions, one looked at): false alarms at most 0.7% of
questions; of wrong keys found: 87-93% in classes of 40, 94-96% of 100, 98-99% of 300 and more.
"""

from __future__ import annotations

from collections import defaultdict

import numpy as np
import pytest

from grader.estimates import Estimate
from grader.item_analysis import analyse_class
from grader.item_statistics import extreme_groups, point_biserial
from grader.scored_questions import scored_questions
from grader.wrong_key import AnswerCases, Sign, suspicions
from tests.grader.made_classes import (
    every_answer,
    graded,
    made_bank,
    made_key,
    made_submissions,
    overridden,
)

TRUTH = {"single": "a", "several": "a,b"}
WRONG = {"single": ("b", "c", "d"), "several": ("a,b,c", "a", "a,c")}


def looked_at(n: int, seed: int, kind: str, *, wrong_key: bool) -> bool:
    """Simulate one class of `n`; say whether the key of one of its 30 questions is suspected."""
    rng = np.random.default_rng(seed)
    ability = rng.normal(size=n)
    hard = rng.normal(-0.5, 1, 30)
    knows = rng.random((n, 30)) < 1 / (1 + np.exp(-(1.2 * ability[:, None] - hard)))
    answers = np.array([TRUTH[kind] if known else _guess(kind, rng) for known in knows[:, 0]])
    keyed = WRONG[kind][seed % 3] if wrong_key else TRUTH[kind]
    earned = (answers == keyed).astype(float)
    rest = (knows | (rng.random((n, 30)) < 0.2))[:, 1:].mean(axis=1)
    groups = extreme_groups((rest * 29 + earned) / 30, np.ones(n))
    rows: dict[str, list[int]] = defaultdict(list)
    for index, answer in enumerate(answers.tolist()):
        rows[answer].append(index)
    cases = {
        answer: AnswerCases(
            rest[index], np.ones(len(index)), groups.upper[index], groups.lower[index]
        )
        for answer, index in rows.items()
    }
    return bool(suspicions(cases, frozenset({keyed}), point_biserial(earned, rest, np.ones(n))))


def _guess(kind: str, rng: np.random.Generator) -> str:
    if kind == "single":
        return str(rng.choice(list("abcd"), p=[0.3, 0.4, 0.2, 0.1]))
    chance = zip("abcde", (0.7, 0.6, 0.4, 0.3, 0.2), strict=True)
    return ",".join(option for option, p in chance if rng.random() < p) or "a"


@pytest.mark.parametrize("kind", ["single", "several"])
@pytest.mark.parametrize(("n", "least"), [(40, 0.75), (100, 0.85), (300, 0.9), (1000, 0.95)])
def test_wrong_keys_are_seen_and_right_ones_left_alone(n: int, least: float, kind: str) -> None:
    classes = 60
    hits = [looked_at(n, seed, kind, wrong_key=True) for seed in range(classes)]
    alarms = [looked_at(n, seed, kind, wrong_key=False) for seed in range(classes)]
    assert sum(hits) / classes >= least
    assert sum(alarms) <= 2


def test_in_a_whole_class_only_the_question_with_the_wrong_key_stands_out() -> None:
    bank = made_bank(30, 4)
    key = made_key(bank, 4)
    truth = scored_questions(key, bank)
    question = truth[0]
    (other,) = [a for a in every_answer(question) if a not in question.accepted][:1]
    wrong = scored_questions(overridden(key, "q01", sorted(other.options)), bank)
    made = graded(wrong, made_submissions(truth, 300, 4, truth=truth))
    found = {q.question.id: q.suspicions for q in analyse_class(made).questions if q.suspicions}
    assert "q01" in found
    assert found["q01"][0].sign in (Sign.RIVAL, Sign.CROWD)
    assert found["q01"][0].rival == ",".join(sorted(question.accepted[0].options))
    assert len(found) <= 2


def test_no_class_no_suspicion() -> None:
    assert suspicions({}, frozenset({"a"}), point_biserial(*[np.array([])] * 3)) == ()


@pytest.mark.parametrize("empty", ["upper", "lower"])
def test_a_group_that_left_the_question_empty_is_no_crowd(empty: str) -> None:
    def cases(persons: float) -> AnswerCases:
        some, none = np.array([persons]), np.zeros(1)
        upper, lower = (none, some) if empty == "upper" else (some, none)
        return AnswerCases(np.array([0.5]), np.array([20.0]), upper, lower)

    answers = {"a": cases(0.0), "b": cases(9.0)}
    found = suspicions(answers, frozenset("a"), Estimate(None, 40))
    assert [each.sign for each in found] == ([] if empty == "upper" else [Sign.CROWD])
