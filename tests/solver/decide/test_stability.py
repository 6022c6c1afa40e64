"""Repeats of a decision: what flips, what never does, and what there is to vary."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import pytest
from pydantic import BaseModel

from solver.banks.bank import Question
from solver.decide.decide import Decided, decide_question
from solver.decide.stability import made_repeats, with_stability
from solver.errors import MissingEvidence
from solver.evidence import Evidence, Record
from solver.key import KeyQuestion, lacks_named
from solver.rules.registry import (
    CrossCheck,
    Decision,
    Parameters,
    PlannedQuestion,
    Rule,
    Verdict,
    all_rules,
)
from solver.rules.thresholds import threshold
from tests.solver.rules.made_maps import box, evidence_of, regions, smooth_noise

FIRST = threshold("test_stability.first", 0.8, "made for these tests")
SECOND = threshold("test_stability.second", 2.0, "made for these tests")
WORDS = {"en": "words", "zh-Hant": "文字"}


class Nothing(Parameters):
    """No settings, no claims."""


def planned(
    decide: Callable[[Evidence, Any, Sequence[Any]], Decision],
    needs: Sequence[str] = ("value",),
    *,
    options: str = "ab",
    second: CrossCheck | None = None,
    kind: str = "single",
) -> PlannedQuestion:
    """A question with a rule of its own, which no registry knows."""
    rule = Rule("test.rule", Nothing, Nothing, lambda settings: list(needs), decide, second)
    data = [{"id": name, "claim": {}, "text": WORDS} for name in options]
    question = Question.model_validate(
        {"id": "q77", "kind": kind, "points": "1", "rule": "x", "stem": WORDS, "options": data}
    )
    flat = tuple((None, option) for option in question.options)
    return PlannedQuestion(question, rule, Nothing(), tuple(Nothing() for _ in flat), flat)


def registered(
    name: str, settings: Mapping[str, Any], claims: Sequence[Mapping[str, Any]]
) -> PlannedQuestion:
    """A question of a shipped rule."""
    rule = all_rules()[name]
    made = planned(
        rule.decide,
        rule.needs(rule.settings.model_validate(settings)),
        options="abcdefg"[: len(claims)],
    )
    read: tuple[BaseModel, ...] = tuple(rule.claim.model_validate(claim) for claim in claims)
    return PlannedQuestion(
        made.question, rule, rule.settings.model_validate(settings), read, made.options
    )


def verdict(holds: bool | None, value: float = 1.0) -> Verdict:
    return Verdict(holds, value, "", "", None, None, ("said", "說"))


def reads_value(limit: Callable[[], float] = FIRST.now) -> Callable[..., Decision]:
    """A rule of two options: the value of the record is above the limit, or not."""

    def decide(evidence: Evidence, settings: Any, claims: Sequence[Any]) -> Decision:
        value = float(evidence.get("value").value("it"))
        above = value > limit()
        return Decision([verdict(above, value), verdict(not above, value)])

    return decide


def value_of(number: float) -> Evidence:
    return evidence_of(Record("value", values={"it": number}))


def repeated(question: PlannedQuestion, evidence: Evidence, repeats: int = 40) -> KeyQuestion:
    decided = decide_question(question, evidence)
    assert decided.entry.state == "decided", decided.entry.lacks
    return with_repeats(question, decided, evidence, repeats)


def with_repeats(
    question: PlannedQuestion,
    decided: Decided,
    evidence: Evidence,
    repeats: int,
    reseeded: tuple[Evidence, ...] = (),
) -> KeyQuestion:
    done = made_repeats(question, decided, evidence, range(repeats), reseeded)
    return with_stability(question, decided, evidence, done)


@pytest.mark.parametrize("number", [1.01, 5.0, 0.59, -3.0])
def test_a_verdict_with_a_wide_margin_never_flips(number: float) -> None:
    entry = repeated(planned(reads_value()), value_of(number))
    assert entry.stability and entry.stability.repeats == 40
    assert entry.stability.changed == 0
    assert entry.stability.sets == [] and entry.stability.hinges_on == []
    assert all(option.flips and option.flips.share == 0 for option in entry.options)
    assert not entry.contested


def test_a_verdict_at_its_threshold_flips_about_half_the_time() -> None:
    entry = repeated(planned(reads_value()), value_of(0.8), 200)
    assert entry.stability
    assert 0.4 < entry.stability.changed < 0.6
    assert entry.stability.hinges_on == ["test_stability.first"]
    assert entry.stability.thresholds == ["test_stability.first"]
    (other,) = entry.stability.sets
    assert (other.correct, entry.correct) == (["a"], ["b"])
    assert other.share == entry.stability.changed
    for option in entry.options:
        assert option.flips and option.flips.share == entry.stability.changed
        assert option.flips.by_cause == {"thresholds": entry.stability.changed}
    assert entry.contested


def test_the_threshold_that_matters_is_named_among_those_read() -> None:
    def decide(evidence: Evidence, settings: Any, claims: Sequence[Any]) -> Decision:
        SECOND.now()
        return reads_value()(evidence, settings, claims)

    stability = repeated(planned(decide), value_of(0.85)).stability
    assert stability
    assert stability.thresholds == ["test_stability.first", "test_stability.second"]
    assert stability.hinges_on == ["test_stability.first"]


def test_what_rests_on_nothing_that_varies_says_so() -> None:
    entry = repeated(planned(reads_value(lambda: 0.5)), value_of(0.5001))
    assert entry.stability and entry.stability.repeats == 0
    assert entry.stability.by_cause == {} and not entry.contested


def test_an_open_question_is_left_as_it_is() -> None:
    question, evidence = planned(reads_value()), Evidence()
    decided = decide_question(question, evidence)
    assert with_repeats(question, decided, evidence, 5) == decided.entry


PLACES = [{"region": "cake"}, {"region": "plate"}]
PLACE_SETTINGS = {"map": "saliency", "picture": 2}


def on_map(values: np.ndarray, cake: np.ndarray, plate: np.ndarray) -> Evidence:
    picture = Record("picture/2", {"rgb": np.zeros((128, 128, 3), np.uint8)})
    return evidence_of(
        Record("saliency/2", {"map": values}), regions(2, cake=cake, plate=plate), picture
    )


def test_moving_regions_flips_an_answer_that_hangs_on_an_edge() -> None:
    question = registered("maps.brightest_region", PLACE_SETTINGS, PLACES)
    cake, plate = box(30, 20, 60, 40), box(30, 60, 60, 40)
    at_the_edge = np.zeros((128, 128))
    at_the_edge[40:80, 58:63] = 1.0  # two columns in the cake, three on the plate
    stability = repeated(question, on_map(at_the_edge, cake, plate), 60).stability
    assert stability and stability.by_cause["regions"].changed > 0.15
    inside = np.zeros((128, 128))
    inside[40:80, 30:50] = 1.0
    entry = repeated(question, on_map(inside, cake, plate), 60)
    assert entry.correct == ["a"] and entry.stability and entry.stability.changed == 0


def test_of_noise_a_comparison_of_regions_is_contested() -> None:
    question = registered("maps.brightest_region", PLACE_SETTINGS, PLACES)
    cake, plate = box(30, 20, 60, 40), box(30, 60, 60, 40)
    for seed in range(8):
        noise = np.random.default_rng(seed).random((128, 128))
        assert repeated(question, on_map(noise, cake, plate), 24).contested


def test_of_noise_no_place_is_clear() -> None:
    claims = [*PLACES, {"nowhere": True}]
    question = registered("maps.brightest_region.clear_place", PLACE_SETTINGS, claims)
    cake, plate = box(30, 20, 60, 40), box(30, 60, 60, 40)
    entry = repeated(question, on_map(smooth_noise(3, 1.0), cake, plate), 6)
    assert entry.correct == ["c"] or entry.contested


def test_the_same_inputs_give_the_same_and_more_repeats_go_on_from_fewer() -> None:
    question = registered("maps.brightest_region", PLACE_SETTINGS, PLACES)
    evidence = on_map(smooth_noise(1), box(30, 20, 60, 40), box(30, 60, 60, 40))
    first = repeated(question, evidence, 12)
    turned = Evidence({record.id: record for record in reversed(list(evidence))})
    assert repeated(question, turned, 12) == first
    more = repeated(question, evidence, 24)
    assert first.stability and more.stability
    counts = [round(one.changed * one.repeats) for one in (first.stability, more.stability)]
    assert counts[0] <= counts[1]


def test_other_seeds_that_were_really_run_are_used_first() -> None:
    def decide(evidence: Evidence, settings: Any, claims: Sequence[Any]) -> Decision:
        drawn = bool(evidence.get("lime", 1).array("signs").any())
        return Decision([verdict(drawn), verdict(not drawn)])

    question = planned(decide, ["lime/1"])
    segments = np.arange(16).reshape(4, 4)
    ours = evidence_of(Record("lime/1", {"signs": np.ones((4, 4), np.int8), "segments": segments}))
    theirs = evidence_of(Record("lime/1", {"signs": np.zeros_like(segments), "segments": segments}))
    decided = decide_question(question, ours)
    entry = with_repeats(question, decided, ours, 12, (theirs, ours))
    assert entry.stability
    # Without kept samples the seeds' repeats take the two in turn: half of them are theirs.
    assert entry.stability.by_cause["seeds"].changed == 0.5
    assert entry.stability.by_cause["resampled"].changed == 0


def test_a_repeat_that_cannot_be_decided_is_told_apart_from_a_flip() -> None:
    def decide(evidence: Evidence, settings: Any, claims: Sequence[Any]) -> Decision:
        if FIRST.now() < 0.8:
            raise MissingEvidence(["anything bright enough"])
        return Decision([verdict(True), verdict(False)])

    entry = repeated(planned(decide), value_of(1.0))
    assert entry.stability and 0.2 < entry.stability.undecided == entry.stability.changed
    assert entry.stability.sets == []
    assert all(option.flips and option.flips.share == 0 for option in entry.options)
    assert entry.contested


def test_options_that_always_turn_together_are_named() -> None:
    def decide(evidence: Evidence, settings: Any, claims: Sequence[Any]) -> Decision:
        above = FIRST.now() < 0.82
        return Decision([verdict(above), verdict(not above), verdict(above), verdict(True)])

    entry = repeated(planned(decide, options="abcd", kind="several"), value_of(1.0))
    assert entry.stability and entry.stability.alike == [["a", "c"]]


def with_second(found: Callable[..., Decision], needs: Sequence[str] = ("value",)) -> Decided:
    second = CrossCheck(lambda settings: list(needs), found)
    return decide_question(planned(reads_value(), second=second), value_of(1.0))


def test_a_second_way_that_agrees_or_does_not_is_written_beside_the_first() -> None:
    same = with_second(lambda *_: Decision([verdict(True, 3.0), verdict(False)])).entry
    assert same.ways_agree is True and same.second_correct == ["a"] and not same.contested
    assert same.options[0].second and same.options[0].second.value == 3.0
    other = with_second(lambda *_: Decision([verdict(False), verdict(True)])).entry
    assert other.ways_agree is False and (other.correct, other.second_correct) == (["a"], ["b"])
    assert [option.ways_differ for option in other.options] == [True, True] and other.contested


def test_a_second_way_without_its_evidence_is_said_and_not_fatal() -> None:
    entry = with_second(lambda *_: Decision([]), ["saliency/4"]).entry
    assert entry.state == "decided" and entry.correct == ["a"]
    assert entry.second_lacks == ["saliency/4"] and entry.ways_agree is None

    def fails(*_: object) -> Decision:
        raise KeyError("hand-made")

    assert "evidence the rule can read" in lacks_named(with_second(fails).entry.second_lacks)[0]
    unsure = with_second(lambda *_: Decision([verdict(None), verdict(False)])).entry
    assert unsure.ways_agree is None and unsure.second_correct is None
    assert not unsure.contested


def test_choices_made_around_a_value_stay_those_of_the_key() -> None:
    def decide(evidence: Evidence, settings: Any, claims: Sequence[Any]) -> Decision:
        return Decision([verdict(True), verdict(True, 0.4 * FIRST.now() / 0.8)])

    pair = {
        "id": "q78",
        "kind": "pair",
        "points": "1",
        "rule": "x",
        "stem": WORDS,
        "blanks": [
            {
                "id": "word",
                "label": WORDS,
                "options": [
                    {"id": "a", "claim": {}, "text": {"en": "her", "zh-Hant": "her"}},
                    {"id": "b", "claim": {}, "text": {"en": "him", "zh-Hant": "him"}},
                ],
            },
            {"id": "fall", "label": WORDS, "measured": {"factors": ["0.5", "1.1"], "decimals": 2}},
        ],
    }
    question = Question.model_validate(pair)
    words = question.blanks[0].options or []
    flat = (("word", words[0]), ("fall", None))
    rule = Rule("test.rule", Nothing, Nothing, lambda settings: ["value"], decide)
    asked = PlannedQuestion(question, rule, Nothing(), (Nothing(), Nothing()), flat)
    entry = repeated(asked, value_of(1.0))
    assert [option.text for option in entry.options] == ["her", "0.20", "0.40", "0.44"]
    assert entry.stability and entry.stability.changed > 0
    assert {one.correct["fall"] for one in entry.stability.sets} == {"0.44"}  # type: ignore[call-overload]


def test_how_far_repeats_move_a_margin_is_kept_by_cause() -> None:
    def decide(evidence: Evidence, settings: Any, claims: Sequence[Any]) -> Decision:
        limit = FIRST.now()
        parts = (1.0, "", "", limit, 1 - limit, ("said", "說"))
        return Decision([Verdict(holds, *parts) for holds in (True, False)])

    entry = repeated(planned(decide), value_of(1.0), 400)
    for option in entry.options:
        assert option.flips is not None and set(option.flips.spread) == {"thresholds"}
        # 0.8 times an even factor of 0.75 to 1.25, the margin always being what is left to 1.
        assert option.flips.spread["thresholds"] == pytest.approx(0.8 * 0.25 / 3**0.5, rel=0.1)
    still = repeated(planned(reads_value()), value_of(5.0))
    assert all(option.flips and option.flips.spread == {} for option in still.options)
