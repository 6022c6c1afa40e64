"""How often a key is suspected, rightly and wrongly, over simulated classes.

Measured with 300 classes a line (30 questions, one looked at): false alarms at most 0.3% of
questions; of wrong keys found: 97% and more in classes of 40, 99% of 100, all of 300 and more.
"""

from __future__ import annotations

from collections import Counter, defaultdict

import numpy as np
import pytest

from grader.items.analysis import analyse_class
from grader.items.estimates import Estimate
from grader.items.miskeyed import AnswerCases, Sign, suspicions
from grader.items.statistics import extreme_groups, point_biserial
from grader.scoring.accepted_answers import scored_questions
from grader.submissions import Chosen, decode_response
from tests.grader.made.made_classes import (
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
@pytest.mark.parametrize(("n", "least"), [(40, 0.9), (100, 0.95), (300, 0.98), (1000, 0.98)])
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
    assert found["q01"][0].sign in (Sign.RIVAL, Sign.UPPER)
    assert found["q01"][0].rival == ",".join(sorted(question.accepted[0].options))
    assert len(found) <= 2


def test_no_class_no_suspicion() -> None:
    assert suspicions({}, frozenset({"a"}), point_biserial(*[np.array([])] * 3)) == ()


@pytest.mark.parametrize("empty", ["upper", "lower"])
def test_a_group_that_left_the_question_empty_says_nothing(empty: str) -> None:
    def cases(persons: float) -> AnswerCases:
        some, none = np.array([persons]), np.zeros(1)
        upper, lower = (none, some) if empty == "upper" else (some, none)
        return AnswerCases(np.array([0.5]), np.array([20.0]), upper, lower)

    answers = {"a": cases(0.0), "b": cases(9.0)}
    found = suspicions(answers, frozenset("a"), Estimate(None, 40))
    assert [each.sign for each in found] == ([] if empty == "upper" else [Sign.UPPER])


def upper_group(
    counts: dict[str, int], keyed: str, others: dict[str, int] | None = None
) -> list[Sign]:
    """Signs of a question of which only the upper group's answers (and `others`) are known."""
    answers = {}
    for answer in sorted({*counts, *(others or {})}):
        upper, rest = counts.get(answer, 0), (others or {}).get(answer, 0)
        persons = np.array([float(upper), float(rest)])
        half = np.array([0.5, 0.5])  # nobody does better than another elsewhere
        answers[answer] = AnswerCases(half, persons, persons * [1, 0], persons * [0, 1])
    return [each.sign for each in suspicions(answers, frozenset({keyed}), Estimate(None, 40))]


def test_a_favourite_of_everybody_is_seen_though_the_upper_group_likes_it_no_more() -> None:
    """The case of q12: 77% of 150 chose a, 83% of the upper 27%, and the key says b."""
    counts = {"a": 33, "b": 5, "c": 2}
    everybody = {"a": 82, "b": 16, "c": 12}
    assert upper_group(counts, "b", everybody) == [Sign.UPPER]
    assert upper_group(counts, "a", everybody) == []


@pytest.mark.parametrize(
    ("of_other", "of_key", "seen"),
    [(6, 4, False), (7, 3, True), (9, 4, True), (8, 4, True), (7, 4, False), (1, 0, True)],
)
def test_a_lead_within_a_standard_error_is_none(of_other: int, of_key: int, seen: bool) -> None:
    found = upper_group({"a": of_other, "b": of_key}, "b", {"a": 20, "b": 20})
    assert found == ([Sign.UPPER] if seen else [])


def test_too_few_students_have_no_upper_group() -> None:
    assert upper_group({"a": 9}, "b", {"b": 26}) == []
    assert upper_group({"a": 9}, "b", {"b": 27}) == [Sign.UPPER]


def test_answers_that_earn_alike_count_as_one() -> None:
    def cases(upper: float) -> AnswerCases:
        return AnswerCases(np.array([0.5]), np.array([20.0]), np.array([upper]), np.array([5.0]))

    answers = {"a": cases(6.0), "b": cases(5.0), "c": cases(5.0)}
    assert suspicions(answers, frozenset("bc"), Estimate(None, 60)) == ()
    (found,) = suspicions({**answers, "a": cases(30.0)}, frozenset("bc"), Estimate(None, 60))
    assert (found.rival, found.value, found.keyed_value) == ("a", 0.75, 0.25)


def test_the_upper_groups_commonest_answer_names_the_wrong_key_of_whole_classes() -> None:
    """10 classes of 150: in each one key of 30 is wrong, the other 29 are right.

    Of 40 classes each of 40, 100, 150 and 300 students all 160 wrong keys were named, and 8 of
    4,640 right ones: hard questions, where the best guess alike.
    """
    found: Counter[str] = Counter()
    for seed in range(10):
        bank = made_bank(30, seed)
        key = made_key(bank, seed)
        truth = scored_questions(key, bank)
        question = truth[seed]
        other = [each for each in every_answer(question) if each not in question.accepted][seed % 3]
        wrong = other.by_blank if isinstance(other, Chosen) else sorted(other.options)
        scored = scored_questions(overridden(key, question.id, wrong), bank)
        made = graded(scored, made_submissions(truth, 150, seed, truth=truth))
        for item in analyse_class(made).questions:
            for each in item.suspicions:
                if each.sign is Sign.UPPER:
                    named = decode_response(each.rival or "") in question.accepted
                    hit = item.question.id == question.id and named
                    found["named" if hit else "alarm"] += 1
    assert found["named"] == 10
    assert found["alarm"] <= 1
