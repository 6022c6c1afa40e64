"""Cross-checks of hidden states: nearest neighbours of single tokens."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from solver.evidence import Evidence
from solver.rules.bert.hidden_states import (
    ItemsClaim,
    LayersClaim,
    ModelsClaim,
    ModelSettings,
    ModelsSettings,
    RankedModelSettings,
    available_plots,
    checked_spans,
    of_layers,
    records_of_model,
    some_plots_of_model,
)
from solver.rules.bert.named_sets import ITEMS, MODELS, Outcome, set_verdict, values_listed
from solver.rules.bert.state_plots import Floats, Plots, last_context, plots_of_some
from solver.rules.registry import Decision, cross_check
from solver.rules.thresholds import threshold


@cross_check("bert.hidden_states.matching_layers")
def matching_by_nearest_link(
    evidence: Evidence, settings: RankedModelSettings, claims: Sequence[LayersClaim]
) -> Decision:
    """Nearest pair of a token of the answer and a token of the question.

    The answer may stand in a text several times and only once in the part that matters, and it may
    belong to one word of the question. So only the nearest pair counts: the share of the context
    that lies farther from its own nearest token of the question, to the power of the answer's
    tokens (the best of so many; by chance .5). Mean over the layers of an option and the items; the
    option with the largest mean holds, if that is above chance; or, by `rank`, the smallest."""
    every = plots_of_some(evidence, records_of_model(settings))
    means = [
        float(np.mean([[nearest_link(*one.split(at)) for at in span] for one in every]))
        for span in checked_spans(every, claims)
    ]
    what = ("the nearest pair of answer and question in {0}", "{0}中答案與問題最接近的一對")
    return Decision(of_layers(means, claims, settings.rank, "share of the context", what))


def nearest_link(question: Floats, context: Floats, answer: Floats) -> float:
    """Return the nearness of the answer's nearest token to the question's: 1 nearest, .5 chance.

    Points are (n, 2).
    """
    from scipy.spatial.distance import cdist

    nearest = cdist(answer, question).min()
    farther = float((cdist(context, question).min(1) > nearest).mean())
    # To the power of the answer's tokens: the more of them, the nearer the nearest is by chance.
    return float(farther ** len(answer))


NEIGHBOURS = threshold(
    "hidden_states_check.neighbours",
    3,
    "tokens: a word and its own pieces or doubles may stand apart together, and are two or three",
    lowest=1,
    highest=5,
)


@cross_check("bert.hidden_states.wrong_items")
def wrong_by_loneliness(
    evidence: Evidence, settings: ModelSettings, claims: Sequence[ItemsClaim]
) -> Decision:
    """Items whose most isolated token in the last layer (by the distance to its third nearest
    neighbour) is no token of the answer: they are answered wrong. An item without a plot stays
    undecided. The option that names just the wrong items holds."""
    leads = {one.item: isolation_lead(one) for one in some_plots_of_model(evidence, settings)}
    told = values_listed({item: f"{lead:+.2f}" for item, lead in leads.items()}, ITEMS)
    outcome = Outcome(
        true={item for item, lead in leads.items() if lead <= 0},
        unknown=set(settings.items) - set(leads),
        margins={item: abs(lead) for item, lead in leads.items()},
        things=ITEMS,
    )
    sentence = (
        f"lead of the answer in loneliness: {told[0]}",
        f"答案的孤立程度領先其餘 token 多少：{told[1]}",
    )
    return Decision([set_verdict(set(claim.items), outcome, sentence) for claim in claims])


def isolation_lead(plots: Plots) -> float:
    """Return the lead of the answer's most isolated token over the rest's.

    As a share of the larger; below 0 the most isolated token is not one of the answer.
    """
    points, answer, _ = last_context(plots)
    isolated = isolation(points)
    best, rest = isolated[answer].max(), isolated[~answer].max()
    return float((best - rest) / max(best, rest, 1e-12))


def isolation(points: Floats) -> Floats:
    """Return the distance of each point (n, 2) to its third nearest neighbour: (n,)."""
    from scipy.spatial.distance import cdist

    # Rounded: `--stability` varies it by a factor, and neighbours are counted.
    nearest = min(round(NEIGHBOURS.now()), len(points) - 1)
    distance: Floats = np.sort(cdist(points, points), axis=1)[:, nearest]  # column 0 is itself
    return distance


SHAPELESS = threshold(
    "hidden_states_check.shapeless",
    1.3,
    "times the distance of any two tokens: of simulated clouds without a token apart (round, three "
    "times as long as wide, in two lumps) 95 in 100 or more are under it in the mean over three "
    "items; words that lie with their likes come to .4 to .8 in the demo's untuned model",
    lowest=0.1,
)
ALONE = threshold(
    "hidden_states_check.alone",
    2.0,
    "times the distance of any two tokens: none in 100 of the same clouds is above it, and all are "
    "where a token lies twice as far out as the outermost or more; between the two it is open",
    lowest=0.1,
)


@cross_check("bert.hidden_states.fine_tuned")
def tuned_by_loneliness(
    evidence: Evidence, settings: ModelsSettings, claims: Sequence[ModelsClaim]
) -> Decision:
    """Isolation of the most isolated token of the context in a model's last layer: the distance to
    its third nearest neighbour, over the median distance of two tokens. From 2 on it stands apart,
    as the tokens that a tuned model extracts do; up to 1.3 the outskirts of a shapeless cloud do as
    well; between the two it is open. Mean (of logarithms) over the items there are. The option that
    names just those models holds."""
    plots = available_plots(evidence, settings)
    alone = {
        model: float(np.exp(np.mean([np.log(largest_isolation(one)) for one in every])))
        for model, every in plots.items()
    }
    least, most = sorted((SHAPELESS.now(), ALONE.now()))  # they are varied each by itself
    told = values_listed({model: f"{times:.2f}" for model, times in alone.items()}, MODELS)
    outcome = Outcome(
        true={model for model, times in alone.items() if times >= most},
        unknown=(set(settings.models) - set(plots))
        | {model for model, times in alone.items() if least < times < most},
        margins={
            model: times - most if times >= most else abs(least - times)
            for model, times in alone.items()
        },
        things=MODELS,
    )
    sentence = (
        f"loneliness of the loneliest token, times the usual distance: {told[0]}",
        f"最孤立的 token 的孤立程度（一般距離的倍數）：{told[1]}",
    )
    return Decision([set_verdict(set(claim.models), outcome, sentence) for claim in claims])


def largest_isolation(plots: Plots) -> float:
    """Return the isolation of the most isolated token over the median distance of two tokens."""
    from scipy.spatial.distance import pdist

    points, _, _ = last_context(plots)
    usual = float(np.median(pdist(points))) if len(points) > 1 else 0.0  # between any two tokens
    # Not 0, whose logarithm is taken.
    return max(float(isolation(points).max()), 1e-12) / max(usual, 1e-12)
