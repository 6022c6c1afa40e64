"""The rules on hidden states, held against plots of the course's own models, read by pixel."""

from __future__ import annotations

import pytest

from solver.evidence import Evidence
from solver.rules.bert.hidden_states import (
    ItemsClaim,
    LayersClaim,
    ModelsClaim,
    ModelSettings,
    ModelsSettings,
    RankedModelSettings,
    checked,
    fine_tuned,
    matching_layers,
    wrong_items,
)
from solver.rules.bert.outermost import outlier_lead


@pytest.fixture(scope="module")
def evidence(real_evidence: Evidence) -> Evidence:
    """All five sets of plots."""
    return real_evidence


def test_matching_happens_in_one_stretch_of_layers(evidence: Evidence) -> None:
    claims = [LayersClaim(first=first, last=first + 2) for first in (1, 4, 7, 10)]
    settings = RankedModelSettings(model=1, items=[1, 2, 3])
    verdicts = matching_layers(evidence, settings, claims).verdicts
    best = next(at for at, verdict in enumerate(verdicts) if verdict.holds)
    values = [float(verdict.value or 0) for verdict in verdicts]
    # Before it the values rise, after it they fall: matching comes, and then extraction.
    assert values[: best + 1] == sorted(values[: best + 1])
    assert values[best:] == sorted(values[best:], reverse=True)


def test_where_the_model_is_right_the_answer_is_outermost(evidence: Evidence) -> None:
    # The plots of items 1 and 3 name their outermost token: detention, 1856; of item 2, wolf.
    leads = {q: outlier_lead(checked(evidence.get("hidden_states", 1, q)))[0] for q in (1, 2, 3)}
    assert leads[1] > 0.05
    assert leads[2] < -0.05
    assert leads[3] > 0.05
    claims = [ItemsClaim(items=items) for items in ([1], [2], [3], [1, 2], [1, 3], [2, 3])]
    verdicts = wrong_items(evidence, ModelSettings(model=1, items=[1, 2, 3]), claims).verdicts
    assert sum(bool(verdict.holds) for verdict in verdicts) == 1


@pytest.mark.parametrize(("model", "item"), [(1, 1), (1, 2), (1, 3)])
def test_a_model_that_extracts_is_told_from_one_that_groups_words(
    evidence: Evidence, model: int, item: int
) -> None:
    # Model 2's last plot of item 2 is clusters of equal words; the others have one token far out.
    for one, truth in (((model, item), True), ((2, 2), False)):
        decision = fine_tuned(
            evidence,
            ModelsSettings(models=[one[0]], items=[one[1]]),
            [ModelsClaim(models=[one[0]]), ModelsClaim(models=[])],
        )
        assert [verdict.holds for verdict in decision.verdicts] == [truth, not truth]
        assert (decision.verdicts[0].margin or 0) > 0.1
