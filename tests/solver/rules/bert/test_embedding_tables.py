"""Tables of embeddings, held against what they are tables of."""

from __future__ import annotations

import numpy as np
import pytest

from solver.errors import EvidenceError
from solver.evidence import Evidence, Record
from solver.rules.bert.embedding_tables import PredictedPicture, tables_of, vectors_of
from solver.rules.bert.embeddings import (
    CauseClaim,
    CurveSettings,
    ShapeClaim,
    TrialSettings,
    curve_over_layers,
    layer0_independent,
)


def test_a_word_of_one_piece_has_the_same_vector_for_each_character() -> None:
    states = np.random.default_rng(0).normal(size=(2, 3, 1, 4))
    for part in ("first", "second", "both"):
        assert np.array_equal(vectors_of(states, part), states[:, :, 0])
    two = np.random.default_rng(1).normal(size=(2, 3, 2, 4))
    assert np.array_equal(vectors_of(two, "second"), two[:, :, 1])
    assert np.allclose(vectors_of(two, "both"), (two[:, :, 0] + two[:, :, 1]) / 2)


@pytest.mark.parametrize("told", [["euclidean"], {"euclidean": 3}, {"cosine": {}, "curve": []}])
def test_descriptions_of_tables_that_are_none_are_refused(told: object) -> None:
    with pytest.raises(EvidenceError, match="must say of each array what it is of"):
        tables_of(Record("embeddings", {"euclidean": np.eye(2)}, {"tables": told}))


def test_a_group_of_cells_counts_by_the_ends_of_its_range() -> None:
    """Cell by cell: two are known, two each lie between .2 and .6, .2 and .9, .4 and .9."""
    low = np.array([[0.0, 0.2, 0.2, 0.4], [0.2, 0.2, 1.0, 0.4]])
    high = np.array([[0.0, 0.6, 0.6, 0.9], [0.9, 0.9, 1.0, 0.9]])
    picture = np.array([[0.1, 0.3, 0.6, 0.7], [0.2, 0.5, 0.7, 0.8]])
    known = [0.1**2, 0.3**2]
    groups = [(0.1**2 + 0.0**2) / 2, (0.0**2 + 0.4**2) / 2, (0.3**2 + 0.1**2) / 2]
    found = PredictedPicture("euclidean", "first", 1, low, high).error(picture)
    assert found == pytest.approx(np.sqrt(np.mean(known + 2 * groups)))


@pytest.mark.parametrize(("first", "last"), [(0, 4), (1, 3), (2, 4)])
def test_the_curve_that_is_drawn_is_that_of_the_layers_asked_for(first: int, last: int) -> None:
    """Two states whose cosine in layer n is (n + 1) / 10."""
    states, cosines = np.zeros((5, 3, 1, 2)), np.arange(1, 6) / 10
    states[:, 0, 0, 0] = 2
    states[:, 2, 0] = np.stack([cosines, np.sqrt(1 - cosines**2)], -1)
    evidence = Evidence(
        {"embeddings": Record("embeddings", {"states": states}, {"sentences": "abc"})}
    )
    asked = CurveSettings(sentences=(0, 2), first=first, last=last)
    claims = [ShapeClaim(shape="rises"), ShapeClaim(shape="falls")]
    (figure,) = curve_over_layers(evidence, asked, claims).figures
    drawn = cosines[first : last + 1].round(6).tolist()
    assert figure.parameters == {"values": pytest.approx(drawn), "first": first}
    with pytest.raises(EvidenceError, match="a layer or a sentence that is not there"):
        curve_over_layers(evidence, CurveSettings(sentences=(0, 2), last=5), claims)
    with pytest.raises(EvidenceError, match="a layer or a sentence that is not there"):
        curve_over_layers(evidence, CurveSettings(sentences=(0, 3), last=4), claims)


def test_the_table_of_trials_says_the_most_that_each_change_moved() -> None:
    similarities = np.ones((2, 2, 2))
    similarities[0, 1, 0], similarities[1, 0, 1] = 0.75, 1.125
    values = {"changes": ["meaning", "length"], "example": {"length": ["a", "a b"]}}
    evidence = Evidence({"t": Record("embedding_trials", {"similarities": similarities}, values)})
    evidence = Evidence({"embedding_trials": evidence["t"]})
    claims = [CauseClaim(independent_of="meaning"), CauseClaim(independent_of="length")]
    found = layer0_independent(evidence, TrialSettings(character=0), claims)
    assert [one.value for one in found.verdicts] == [0.25, 0.0]
    assert found.figures[0].parameters["rows"] == [
        [["its meaning", "意思"], "", "", 0.25],
        [["the sentence's length", "句子長度"], "a", "a b", 0.125],
    ]


def test_a_cause_or_a_character_that_was_not_tried_is_named() -> None:
    values = {"changes": ["meaning"]}
    record = Record("embedding_trials", {"similarities": np.ones((1, 2, 1))}, values)
    evidence = Evidence({record.id: record})
    for character, cause in ((0, "length"), (1, "meaning")):
        claims = [CauseClaim(independent_of=cause)]  # type: ignore[arg-type]
        with pytest.raises(EvidenceError, match=f"has no trial of {cause}"):
            layer0_independent(evidence, TrialSettings(character=character), claims)


def pairs(ranges: np.ndarray | None, senses: list[int], lengths: list[int]) -> Evidence:
    """Sentences that have the word at one place; layer 0 of them, or ranges of two groups."""
    count = len(senses)
    arrays = {"places": np.zeros(count, int), "lengths": np.array(lengths)}
    values = {"sentences": ["ab"] * count, "word": "ab", "senses": senses}
    if ranges is None:
        states = np.zeros((1, count, 1, 2))
        states[0, :, 0, 0], states[0, :, 0, 1] = 1, senses
        arrays["states"] = states
    else:
        arrays["layer0_distance_ranges"] = ranges
        groups = [[at for at in range(count) if senses[at] == sense] for sense in (0, 1)]
        values["tables"] = {
            "layer0_distance_ranges": {"layer": 0, "character": 0, "groups": groups}
        }
    return Evidence({"embeddings": Record("embeddings", arrays, values)})


MEANING = [CauseClaim(independent_of="meaning")]


def test_what_alone_differs_between_two_sentences_is_what_moved_them() -> None:
    asked = TrialSettings(character=0)
    (found,) = layer0_independent(pairs(None, [0, 0, 1], [4, 4, 4]), asked, MEANING).verdicts
    assert found.holds is False and found.value == 1
    assert "most that 2 pairs of sentences at one place differ" in found.sentence[0].lower()
    # Both differ: it may have been the length.
    (found,) = layer0_independent(pairs(None, [0, 0, 1], [4, 4, 6]), asked, MEANING).verdicts
    assert found.holds is None and "may be something else" in found.sentence[0]


@pytest.mark.parametrize(
    ("between", "holds", "said"),
    [
        ([0.0, 0.0], True, "below the limit"),
        ([0.0, 5.0], None, "not known nearly enough"),
        ([4.0, 5.0], False, "above the limit"),
    ],
)
def test_a_distance_known_only_within_its_range(
    between: list[float], holds: bool | None, said: str
) -> None:
    ranges = np.array([[[0.0, 8.0], between], [between, [0.0, 8.0]]])
    evidence = pairs(ranges, [0, 0, 1, 1], [4, 4, 4, 4])
    (found,) = layer0_independent(evidence, TrialSettings(character=0), MEANING).verdicts
    assert found.holds is holds and said in found.sentence[0]
