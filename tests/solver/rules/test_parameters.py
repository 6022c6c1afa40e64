"""Settings that rules share: a map and its picture, all pictures, most or least."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from itertools import product
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError

from solver.banks.bank import load_bank
from solver.errors import BankError
from solver.evidence import Record
from solver.rules.maps.brightest_region import PlaceSettings
from solver.rules.maps.displayed import region_name
from solver.rules.parameters import MapSettings
from solver.rules.registry import PlannedQuestion, all_rules, plan_questions
from solver.text.record_names import record_name
from tests.solver.rules.made_maps import box, decide, decide_again, evidence_of, held, regions
from tests.solver.rules.made_maps import smooth_noise as noise

PARTS = {"berry": box(20, 16, 36, 40), "shadow": box(64, 10, 40, 60), "dish": box(30, 84, 60, 28)}
CLAIMS = [{"region": name} for name in PARTS]
QUESTION = """topic: demo
title: {en: Demo, zh-Hant: 示範}
questions:
  - id: q01
    kind: single
    points: "0.3"
    rule: %s
    with: %s
    stem: {en: "Which?", zh-Hant: "哪一個？"}
    options:
      - {id: a, claim: %s, text: {en: A, zh-Hant: 甲}}
      - {id: b, claim: %s, text: {en: B, zh-Hant: 乙}}
"""


def planned(folder: Path, rule: str, with_: str, claims: list[str], header: str = "") -> Any:
    top = 'title: {en: T, zh-Hant: 題}\nedition: "2022"\n' + header
    (folder / "bank.yaml").write_text(top, encoding="utf-8")
    (folder / "demo.yaml").write_text(QUESTION % (rule, with_, *claims), encoding="utf-8")
    (question,) = plan_questions(load_bank(folder))
    assert isinstance(question, PlannedQuestion)
    return question


@pytest.mark.parametrize(
    ("given_", "record"),
    [
        ({"map": "saliency", "picture": 2}, "saliency/2"),
        ({"map": "smoothgrad", "picture": 9}, "smoothgrad/9"),
        ({"map": "activation", "picture": 1, "layer": 15}, "activation/15/1"),
        ({"map": "integrated_gradients", "picture": 7, "steps": 10}, "integrated_gradients/7/10"),
    ],
)
def test_a_map_is_its_kind_and_its_picture(given_: dict[str, Any], record: str) -> None:
    assert MapSettings.model_validate(given_).record == record


@pytest.mark.parametrize(
    ("given_", "says"),
    [
        ({"record": "saliency/7", "picture": 8}, "is written 'map: saliency' and 'picture: 2'"),
        ({"map": "saliency", "picture": 2, "layer": 6}, "'layer' belongs to an activation"),
        ({"map": "activation", "picture": 2}, "'layer' belongs to an activation, and is needed"),
        ({"map": "integrated_gradients", "picture": 2}, "'steps' belongs to integrated gradients"),
        ({"map": "smoothgrad", "picture": 2, "steps": 10}, "'steps' belongs to integrated"),
        ({"map": "smoothgrad", "picture": -1}, "greater than or equal to 0"),
    ],
)
def test_a_map_that_cannot_be_is_refused(given_: dict[str, Any], says: str) -> None:
    with pytest.raises(ValidationError, match=says):
        MapSettings.model_validate(given_)


def test_a_record_of_before_is_told_with_its_line(tmp_path: Path) -> None:
    with pytest.raises(BankError, match=r"demo\.yaml, line 8: q01: .*'map: saliency'"):
        planned(
            tmp_path,
            "maps.brightest_region",
            "{record: saliency/7, picture: 8}",
            ["{region: berry}", "{region: dish}"],
        )


def test_steps_that_are_not_said_are_the_editions(tmp_path: Path) -> None:
    claims = ["{region: berry}", "{region: dish}"]
    header = "methods: {integrated_gradients: {steps: 50}}\n"
    with_ = "{map: integrated_gradients, picture: 3}"
    question = planned(tmp_path, "maps.brightest_region", with_, claims, header)
    assert question.needs[0] == "integrated_gradients/3/50"
    question = planned(tmp_path, "maps.brightest_region", with_, claims)
    assert question.needs[0] == "integrated_gradients/3/10"
    effects = ["{effect: same}", "{effect: swap}"]
    more = "{pictures: [1], more: [100]}"
    question = planned(tmp_path, "gradients.integrated_gradients.more_steps", more, effects, header)
    assert question.needs == ["integrated_gradients/1/50", "integrated_gradients/1/100"]


def test_all_pictures_are_as_many_as_the_bank_says(tmp_path: Path) -> None:
    claims = ["{effect: none}", "{effect: marks}"]
    all_of = "{pictures: all}"
    question = planned(
        tmp_path, "gradients.saliency.normalization", all_of, claims, "pictures: 4\n"
    )
    assert question.settings.pictures == [0, 1, 2, 3]
    question = planned(tmp_path, "gradients.saliency.normalization", all_of, claims)
    assert question.settings.pictures == list(range(10))
    with pytest.raises(BankError, match="'pictures'"):
        planned(tmp_path, "gradients.saliency.normalization", "{pictures: some}", claims)


@settings(max_examples=10, deadline=None, derandomize=True)
@given(seed=st.integers(0, 10**6), name=st.sampled_from(list(PARTS)))
def test_the_least_bright_is_asked_for(seed: int, name: str) -> None:
    """By both ways; the very map upside down in brightness has the other end in front."""
    values = noise(seed) + 2.0 * sum(mask for other, mask in PARTS.items() if other != name)
    found = evidence_of(Record("saliency/2", {"map": values}), regions(2, **PARTS))
    asked = {"map": "saliency", "picture": 2, "rank": "least"}
    expected = [other == name for other in PARTS]
    first = decide("maps.brightest_region", found, asked, CLAIMS)
    assert held(first) == expected
    plain = decide("maps.brightest_region", found, {**asked, "rank": "most"}, CLAIMS)
    assert held(plain)[list(PARTS).index(name)] is False
    for one, other in zip(first.verdicts, plain.verdicts, strict=True):
        assert one.value == other.value
    again = decide_again("maps.brightest_region", found, asked, CLAIMS)
    assert [one and not wanted for one, wanted in zip(held(again), expected, strict=True)] == [
        False
    ] * 3


def test_the_least_marked_is_found_by_the_brightest_places_too() -> None:
    values = noise(5) * 0.2 + PARTS["berry"] * 3.0 + PARTS["dish"] * 2.9
    found = evidence_of(Record("saliency/2", {"map": values}), regions(2, **PARTS))
    asked = {"map": "saliency", "picture": 2, "rank": "least"}
    claims = [{"region": "berry"}, {"region": "shadow"}]
    again = decide_again("maps.brightest_region", found, asked, claims)
    assert held(again) == [False, True]


def test_the_least_of_a_colour_is_asked_for() -> None:
    signs = np.zeros((128, 128), np.int8)
    signs[PARTS["berry"]] = 1
    signs[64:74, 10:70] = 1
    found = evidence_of(
        Record("lime/2", {"signs": signs}),
        regions(2, **PARTS),
        Record("picture/2", {"rgb": np.zeros((128, 128, 3), np.uint8)}),
    )
    claims = [{"sign": "for", "region": name} for name in ("berry", "shadow", "dish")]
    most = decide("lime.overlay.sign_in_region", found, {"picture": 2}, claims)
    least = decide("lime.overlay.sign_in_region", found, {"picture": 2, "rank": "least"}, claims)
    assert held(most) == [True, False, False]
    assert held(least) == [False, False, True]
    again = decide_again(
        "lime.overlay.sign_in_region", found, {"picture": 2, "rank": "least"}, claims
    )
    assert held(again) == [False, False, True]


def test_regions_are_called_what_regions_yaml_calls_them() -> None:
    """In both languages; a part of a picture is never a contour because the rule was made for
    one."""
    signs = np.zeros((128, 128), np.int8)
    signs[PARTS["berry"]] = 1
    found = evidence_of(
        Record("lime/2", {"signs": signs}), regions(2, sashimi=PARTS["berry"], plate=PARTS["dish"])
    )
    for way in (decide, decide_again):
        claims = [{"role": "for"}, {"role": "unused"}]
        asked = {"picture": 2, "region": "sashimi"}
        decision = way("lime.overlay.signs_along_contour", found, asked, claims)
        said = [text for one in decision.verdicts for text in one.sentence]
        assert held(decision) == [True, False]
        assert said[0].startswith("The sashimi is wholly for")
        assert said[1].startswith("生魚片全為支持")
        assert not any("contour" in text or "輪廓" in text for text in said)
        assert all("生魚片" in text for text in said[1::2])


def test_a_region_without_words_is_quoted_in_chinese() -> None:
    found = evidence_of(regions(2, spring_onion=PARTS["berry"]))
    assert region_name(found, 2, "spring_onion") == ("the spring onion", "「spring onion」")
    odd = Record("regions/2", {}, {"words": {"cake": ["one"], "dish": [1, 2]}})
    for name in ("cake", "dish"):
        assert region_name(evidence_of(odd), 2, name) == (f"the {name}", f"「{name}」")


def test_every_setting_of_a_place_is_described() -> None:
    for name, field in PlaceSettings.model_fields.items():
        assert field.description, name


def test_every_record_a_rule_may_need_is_one_that_is_made() -> None:
    """Whatever of a rule's fixed values is set: its records have the parts that ids of them have.

    `record_name` knows how many parts that is, and gives back an id of another shape as it is.
    """
    tried: set[str] = set()
    for name, rule in all_rules().items():
        check = rule.cross_check
        for asked in _settings_of(rule.settings):
            needed = [*rule.needs(asked), *(check.needs(asked) if check else [])]
            assert [one for one in needed if record_name(one)[0] == one] == [], (name, asked)
            tried |= set(needed)
    assert {"integrated_gradients/1/10", "integrated_gradients/2/10"} <= tried


def _settings_of(model: type[BaseModel]) -> Iterator[BaseModel]:
    """Settings for every choice of the fields that are one of a few words."""
    fixed = {
        name: get_args(field.annotation)
        for name, field in model.model_fields.items()
        if get_origin(field.annotation) is Literal
    }
    others = {"picture": 1, "pictures": [1, 2], "layer": 3, "index": 3, "early": 1, "late": 4}
    others |= {"model": 1, "models": [1], "items": [1], "head": 1, "more": [100]}
    others |= {"sentences": [0, 1], "groups": [{"item": 1, "words": ["a", "b"]}]}
    given_ = {name: value for name, value in others.items() if name in model.model_fields}
    context = {"pictures": 3, "steps": 10}
    taken = 0
    for values in product(*fixed.values()):
        chosen = given_ | dict(zip(fixed, values, strict=True))
        if chosen.get("map", "activation") != "activation":
            del chosen["layer"]
        with suppress(ValidationError):
            yield model.model_validate(chosen, context=context)
            taken += 1
    assert taken, model
