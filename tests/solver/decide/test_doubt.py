"""Doubt: what adds to it and what takes from it, keys that lack it, and what comes on top."""

from __future__ import annotations

import hashlib
import json
import math
from pathlib import Path
from typing import Any

import pytest
import yaml

from solver.decide.doubt.estimate import EVEN, LOST, ROUNDED, doubt_of, with_doubt
from solver.decide.doubt.fitted import TYPICAL, TYPICAL_SHARE, WEIGHTS
from solver.decide.doubt.signs import MOST, signs_of
from solver.key import (
    CauseRepeats,
    CloseClaims,
    FigureCheck,
    Flips,
    Key,
    KeyQuestion,
    KeySignature,
    OptionVerdict,
    SaturationCheck,
    SecondVerdict,
    Sentence,
    Stability,
    load_key,
    questions_sha256,
    save_key,
)
from solver.rules.registry import all_rules

SAID = Sentence.model_validate({"en": "said", "zh-Hant": "說"})
RULE = "maps.brightest_region"


def option(**changes: Any) -> OptionVerdict:
    given: dict[str, Any] = {"id": "a", "holds": True, "margin": TYPICAL[RULE], "sentence": SAID}
    return OptionVerdict(**{**given, "value": 2.0, "threshold": 1.8, **changes})


def question(*options: OptionVerdict, **changes: Any) -> KeyQuestion:
    given = {"id": "q1", "kind": "several", "points": "1", "rule": RULE, "correct": ["a"]}
    return KeyQuestion.model_validate({**given, "options": list(options), **changes})


def repeated(share: float, spread: float = 0.1, repeats: int = 40, **changes: Any) -> KeyQuestion:
    """A question of one option whose verdict flips in this share of its repeats."""
    cause = CauseRepeats(repeats=repeats, changed=share)
    stability = Stability(repeats=repeats, changed=share, by_cause={"regions": cause})
    flips = Flips(share=share, spread={"regions": spread})
    return question(option(flips=flips, **changes), stability=stability)


def second(holds: bool | None) -> SecondVerdict:
    return SecondVerdict(holds=holds, sentence=SAID)


def test_more_flips_a_smaller_margin_and_another_way_that_differs_add_doubt() -> None:
    flips = [doubt_of(repeated(share)) for share in (0.0, 0.025, 0.1, 0.3, 0.5, 0.9)]
    assert flips == sorted(set(flips)) and flips[0] < 0.15 and flips[-1] > 0.3
    margins = [doubt_of(question(option(margin=margin))) for margin in (0.0, 0.05, 0.2, 0.8, 3.0)]
    assert margins == sorted(set(margins), reverse=True)
    assert margins[0] > 0.4 and margins[-1] < 0.05
    plain, undecided, agreeing, differing = (
        doubt_of(question(option(second=one)))
        for one in (None, second(None), second(True), second(False))
    )
    assert agreeing <= plain == undecided < differing
    # More repeats without a flip say more.
    assert doubt_of(repeated(0.0, repeats=200)) < doubt_of(repeated(0.0, repeats=10))


def test_each_weight_counts_the_way_its_sign_says() -> None:
    entry = question(option())
    assert set(WEIGHTS) == set(signs_of(entry, entry.options[0]))
    assert WEIGHTS["agrees"] <= 0 < WEIGHTS["differs"] and WEIGHTS["drawn"] >= 0
    assert WEIGHTS["size"] < 0 and WEIGHTS["size"] + WEIGHTS["run_size"] < 0 < WEIGHTS["flips"]
    assert set(TYPICAL) <= set(all_rules())


def test_the_signs_are_what_was_measured() -> None:
    entry = repeated(0.1, spread=TYPICAL[RULE])
    found = signs_of(entry, entry.options[0])
    assert found["run"] == 1 and found["ratio"] == 0 == found["size"]
    assert found["flips"] == pytest.approx(math.log(4.5 / 36.5))
    drawn = entry.model_copy(update={"figure": FigureCheck(pixels=70, ways=3, turned={"a": 2})})
    assert signs_of(drawn, entry.options[0])["drawn"] == 2 / 3
    still = repeated(0.0, spread=0.0)
    assert signs_of(still, still.options[0])["ratio"] == MOST
    at_line = repeated(0.5, margin=0.0)
    assert signs_of(at_line, at_line.options[0])["ratio"] == -MOST
    # Half of those that decided nothing count as flips.
    assert entry.stability is not None
    unsure = entry.stability.model_copy(update={"undecided": 0.2})
    lost = signs_of(entry.model_copy(update={"stability": unsure}), entry.options[0])
    assert found["flips"] < lost["flips"] < signs_of(*_of(repeated(0.3)))["flips"]


def _of(entry: KeyQuestion) -> tuple[KeyQuestion, OptionVerdict]:
    return entry, entry.options[0]


def test_of_a_rule_that_was_not_simulated_a_margin_counts_by_its_share() -> None:
    entry = question(option(margin=3.8 * TYPICAL_SHARE), rule="another.rule")
    assert abs(signs_of(*_of(entry))["size"]) < 1e-9
    named = question(option(margin=None, value="Conv2d", threshold=None), rule="another.rule")
    assert signs_of(*_of(named))["size"] == MOST and doubt_of(named) < 0.01


def test_a_question_is_as_doubtful_as_its_most_doubtful_verdict() -> None:
    close, clear = option(id="a", margin=0.01), option(id="b", holds=False, margin=3.0)
    entry = with_doubt(question(clear, close, option(id="c", holds=None, margin=None)))
    doubts = {one.id: one.doubt for one in entry.options}
    assert doubts["c"] is None and entry.doubt == doubts["a"] == max(doubts["a"] or 0, 0.3)
    assert doubts["b"] is not None and 0 < doubts["b"] < 0.05
    opened = with_doubt(question(option(), state="open", correct=[]))
    assert opened.doubt is None and doubt_of(opened) == 0


def test_what_was_not_simulated_comes_on_top() -> None:
    plain = question(option(margin=3.0))
    nearly = CloseClaims(chances={"a": 0.2}, samples={"smoothgrad/1": (160, 500)})
    assert doubt_of(plain) < 0.05 < 0.2 < doubt_of(plain.model_copy(update={"close": nearly}))
    for check, least in (
        (SaturationCheck(lost=[1], changed=True), LOST),
        (SaturationCheck(rounded=[1], changed=False), ROUNDED),
    ):
        assert doubt_of(plain.model_copy(update={"saturation": check})) == least
    lost = SaturationCheck(lost=[1], changed=False)
    assert doubt_of(plain.model_copy(update={"saturation": lost})) == doubt_of(plain)
    worst = repeated(1.0, margin=0.0, second=second(False))
    assert 0.4 < doubt_of(worst) <= EVEN


def _key(entry: KeyQuestion) -> Key:
    return Key(format="hw9-key/1", questions=[entry])


def test_doubt_comes_back_from_the_file_and_an_older_key_is_read_without_it(tmp_path: Path) -> None:
    entry, file = with_doubt(repeated(0.1)), tmp_path / "key.yaml"
    save_key(_key(entry), file)
    assert load_key(file).questions == [entry] and f"doubt: {entry.doubt}" in file.read_text()
    older = yaml.safe_load(file.read_text())
    (data,) = older["questions"]
    del data["doubt"], data["options"][0]["doubt"], data["options"][0]["flips"]["spread"]
    file.write_text(yaml.safe_dump(older, allow_unicode=True))
    read = load_key(file).questions[0]
    assert read.doubt is None and read.options[0].doubt is None
    assert read.options[0].flips is not None and read.options[0].flips.spread == {}
    # Estimated from what it holds.
    assert 0.01 < doubt_of(read) < EVEN


@pytest.mark.parametrize("figure", [None, FigureCheck(pixels=70, ways=3)])
def test_a_signature_from_before_doubt_existed_still_holds(figure: FigureCheck | None) -> None:
    flips = Flips(share=0.1)
    entry = question(option(flips=flips), figure=figure, decided={"by": "Wang", "on": ["a"]})
    data = entry.model_dump(mode="json", by_alias=True)
    for newer, inside in (
        ("draws", data),
        ("doubt", data),
        ("doubt", data["options"][0]),
        ("spread", data["options"][0]["flips"]),
        ("turned", data["figure"] or {"turned": {}}),
    ):
        del inside[newer]
    signed = hashlib.sha256(json.dumps([data], sort_keys=True).encode()).hexdigest()
    assert questions_sha256(_key(entry)) == signed
    key = _key(entry).model_copy(update={"signed": KeySignature(by="Wang", sha256=signed)})
    assert key.signature is not None
    # And a doubt changed by hand takes it off.
    changed = key.model_copy(update={"questions": [entry.model_copy(update={"doubt": 0.1})]})
    assert changed.signature is None
