"""Rules on hidden states of reading models: matching layers, wrong items, and fine-tuning.

All is measured on the plots of the course (`solver.rules.bert.state_plots`), drawn by the kind of
figure ``bert_scatter``; the cross-checks are in `solver.rules.bert.hidden_states_check`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

import numpy as np
from pydantic import Field

from solver.errors import EvidenceError, MissingEvidence
from solver.evidence import Evidence
from solver.rules.bert.named_sets import ITEMS, MODELS, Outcome, listed, set_verdict, values_listed
from solver.rules.bert.outermost import CHANCE_LEVEL, outlier_lead, outlier_score
from solver.rules.bert.state_plots import (
    Floats,
    Plots,
    checked,
    mean_distance,
    plots_of_some,
)
from solver.rules.parameters import Numbers, Rank
from solver.rules.registry import Decision, Figure, Parameters, Verdict, rule
from solver.rules.verdicts import Pair, strongest


class ModelSettings(Parameters):
    """The model and the items, counted from 1."""

    model: int = Field(ge=1, description="reading model, counted from 1")
    items: Numbers = Field(min_length=1, description="reading items, counted from 1")


class RankedModelSettings(ModelSettings):
    """The model and the items, counted from 1, and whether the most or the least is asked for."""

    rank: Rank = "most"


class ModelsSettings(Parameters):
    """The models and the items, counted from 1."""

    models: Numbers = Field(min_length=1, description="reading models, counted from 1")
    items: Numbers = Field(min_length=1, description="reading items, counted from 1")


class LayersClaim(Parameters):
    """Layers `first` to `last`, counted from 1."""

    first: int = Field(ge=1, description="first layer, counted from 1")
    last: int = Field(ge=1, description="last layer")


class ItemsClaim(Parameters):
    """These items and no other."""

    items: Numbers = Field(description="all the items of which it is true; `[]`: none")


class ModelsClaim(Parameters):
    """These models and no other."""

    models: Numbers = Field(description="all the models of which it is true; `[]`: none")


def records_of_model(settings: ModelSettings) -> list[str]:
    """Return the ids of the records of a model on its items."""
    return [f"hidden_states/{settings.model}/{item}" for item in settings.items]


def some_plots_of_model(evidence: Evidence, settings: ModelSettings) -> list[Plots]:
    """Return the checked plots of a model on those of its items that are there, in order.

    Raises:
        EvidenceError: roles and points do not fit one another.
        MissingEvidence: there are none.
    """
    names = records_of_model(settings)
    found = [checked(record) for record in evidence.among(names).values()]
    if not found:
        raise MissingEvidence(names)
    return found


def _of_models(settings: ModelsSettings) -> list[str]:
    return [f"hidden_states/{m}/{item}" for m in settings.models for item in settings.items]


def nearness_of_answer(question: Floats, context: Floats, answer: Floats) -> float:
    """Return how often a token of the answer is nearer to the question than another token.

    Points are (n, 2); distance to the question is the mean over its tokens. 0.5 is chance; 1: the
    answer lies nearer than all the rest.

    Example:
        >>> at = lambda *x: np.array([[one, 0.0] for one in x])
        >>> nearness_of_answer(at(0), context=at(3, 4), answer=at(1))
        1.0
    """
    near, far = mean_distance(answer, question), mean_distance(context, question)
    # Ties count half, as in Mann and Whitney's test; sums of equal distances differ by a rounding.
    gaps = far[None] - near[:, None]
    tie = ROUNDING * max(float(near.max()), float(far.max()))
    return float((gaps > tie).mean() + 0.5 * (np.abs(gaps) <= tie).mean())


CHANCE = 0.5
ROUNDING = 1e-12
"""Of the larger of two distances: nearer than that to one another they are equal."""


@rule(
    "bert.hidden_states.matching_layers",
    settings=RankedModelSettings,
    claim=LayersClaim,
    needs=records_of_model,
    partial=True,
)
def matching_layers(
    evidence: Evidence, settings: RankedModelSettings, claims: Sequence[LayersClaim]
) -> Decision:
    """Nearness of the answer to the question: how often a token of the answer is nearer to the
    question than another token of the context is (chance .5), mean over the layers of an option and
    the items (two at least, where not all are there). The option with the largest mean holds, if
    that is above chance; or, by `rank`, that with the smallest.

    The sentence adds the probability of so much nearness by chance, at most: Mann-Whitney's
    probability of each plot, its logarithm averaged over the layers (as if they were one trial),
    combined over the items by Fisher's method. Where chance is not rare the margin is 0."""
    every = plots_of_some(evidence, records_of_model(settings))
    spans = checked_spans(every, claims)
    means = [
        float(np.mean([[nearness_of_answer(*one.split(at)) for at in span] for one in every]))
        for span in spans
    ]
    what = ("the answer lies nearer to the question in {0}", "{0}中答案較接近問題的比例")
    verdicts = of_layers(means, claims, settings.rank, "share of pairs", what)
    names = records_of_model(settings)
    if len(every) < len(names) and not any(one.holds for one in verdicts):
        # On the items that are missing some layers may yet be above chance.
        raise MissingEvidence(evidence.missing(names))
    if settings.rank == "most":
        verdicts = [
            _beside_chance(one, chance_of_nearness(every, span)) if one.holds else one
            for one, span in zip(verdicts, spans, strict=True)
        ]
    held = [claim for claim, one in zip(claims, verdicts, strict=True) if one.holds]
    # Of an option's layers the middle one is open: twelve plots at once are too many to look at.
    shown = [(claim.first + claim.last) // 2 for claim in held]
    figures = [scatter(settings.model, one.item, shown=shown) for one in every]
    asked = ModelsSettings(models=[settings.model], items=settings.items)
    return Decision(verdicts, figures, _items_used({settings.model: every}, asked))


def of_layers(
    means: Sequence[float],
    claims: Sequence[LayersClaim],
    rank: Literal["most", "least"],
    unit: str,
    what: Pair,
) -> list[Verdict]:
    """Return the verdicts: the largest mean holds, if above chance; or the smallest."""
    names = list(map(layers_named, claims))
    if rank == "least":
        return strongest(means, names, unit=unit, what=what, rank="least")
    # Chance is one rival more: of layers that all do no better none holds.
    with_chance = [*means, CHANCE], [*names, ("chance", "隨機")]
    return strongest(*with_chance, unit=unit, what=what)[:-1]


def checked_spans(every: Sequence[Plots], claims: Sequence[LayersClaim]) -> list[range]:
    """Return the layers of each claim, counted from 0.

    Raises:
        EvidenceError: the model has fewer layers.
    """
    layers = min(len(one.points) for one in every)
    if any(not claim.first <= claim.last <= layers for claim in claims):
        raise EvidenceError(
            f"the options ask for layers that a model of {layers} has not",
            zh=f"選項所問的層不存在：模型有 {layers} 層",
        )
    return [range(claim.first - 1, claim.last) for claim in claims]


def layers_named(claim: LayersClaim) -> Pair:
    """Return a claim's layers in both languages."""
    return (f"layers {claim.first} to {claim.last}", f"第 {claim.first} 到 {claim.last} 層")


def chance_of_nearness(every: Sequence[Plots], span: range) -> float:
    """Return the probability that any tokens of the context lie so near to the question."""
    from scipy.stats import chi2, mannwhitneyu

    total = 0.0
    for one in every:
        logarithms = []
        for layer in span:
            question, context, answer = one.split(layer)
            near, far = mean_distance(answer, question), mean_distance(context, question)
            # One-sided: an answer farther away than chance is no nearness.
            logarithms.append(np.log(mannwhitneyu(near, far, alternative="less").pvalue))
        # Fisher's sum over the items; layers of one item are no independent tests, so their mean
        # counts.
        total -= 2 * float(np.mean(logarithms))
    return float(chi2.sf(total, 2 * len(every)))


def _beside_chance(verdict: Verdict, probability: float) -> Verdict:
    """The verdict with the probability of chance, and without a margin where that is not rare."""
    rare = probability < CHANCE_LEVEL.now()
    english = f" Chance would do so with a probability of at most {probability:.2g}"
    chinese = f"純屬偶然的機率至多 {probability:.2g}"
    english += "." if rare else ", which is not rare: the margin counts for nothing."
    chinese += "。" if rare else "，並不罕見，故差距不計。"
    sentence = (verdict.sentence[0] + english, verdict.sentence[1] + chinese)
    return replace(verdict, sentence=sentence, margin=verdict.margin if rare else 0.0)


@rule(
    "bert.hidden_states.wrong_items",
    settings=ModelSettings,
    claim=ItemsClaim,
    needs=records_of_model,
    partial=True,
)
def wrong_items(
    evidence: Evidence, settings: ModelSettings, claims: Sequence[ItemsClaim]
) -> Decision:
    """Items whose outermost token in the last layer is no token of the answer: they are answered
    wrong, since a model tuned for answering moves the tokens it extracts away from the context's
    middle. An item stays undecided where no token lies farther out than chance would put the
    outermost of so many, or where its plot is missing; options that are wrong about another item
    are refuted all the same. The option that names just the wrong items holds."""
    every = some_plots_of_model(evidence, settings)
    found = {one.item: outlier_lead(one) for one in every}
    # Where no token stands apart, the outermost is an accident.
    accidents = {one.item for one in every if outlier_score(one) <= 0}
    unknown = accidents | (set(settings.items) - set(found))
    outcome = Outcome(
        true={item for item, (lead, _) in found.items() if lead <= 0} - unknown,
        unknown=unknown,
        margins={item: abs(lead) for item, (lead, _) in found.items()},
        things=ITEMS,
    )
    told = values_listed(
        {
            item: (f"{name[0]} ({lead:+.2f})", f"{name[1]}（{lead:+.2f}）")
            for item, (lead, name) in found.items()
        },
        ITEMS,
    )
    sentence = (
        f"outermost in the last layer, and its lead: {told[0]}",
        f"最後一層中最外側的 token 及其領先的程度：{told[1]}",
    )
    verdicts = [set_verdict(set(claim.items), outcome, sentence) for claim in claims]
    figures = [scatter(settings.model, one.item, [len(one.points)]) for one in every]
    english = f"In the last layer no token stands apart on item {listed(accidents)}."
    note = (english, f"{ITEMS.named(accidents)[1]}的最後一層沒有特別突出的 token。")
    return Decision(verdicts, figures, note if accidents else None)


@rule(
    "bert.hidden_states.fine_tuned",
    settings=ModelsSettings,
    claim=ModelsClaim,
    needs=_of_models,
    partial=True,
)
def fine_tuned(
    evidence: Evidence, settings: ModelsSettings, claims: Sequence[ModelsClaim]
) -> Decision:
    """Distance of the outermost token of the context in a model's last layer, beyond the largest
    by chance among so many points: a model tuned for answering moves the tokens it extracts away
    from all the rest, right or wrong. Mean over the items there are; above 0 the model was tuned.
    The option that names just those models holds."""
    plots = available_plots(evidence, settings)
    scores = {
        # Over the items: one text may have a word that stands apart by itself.
        model: float(np.mean([outlier_score(one) for one in every]))
        for model, every in plots.items()
    }
    told = values_listed({model: f"{score:+.2f}" for model, score in scores.items()}, MODELS)
    outcome = Outcome(
        true={model for model, score in scores.items() if score > 0},
        unknown=set(settings.models) - set(plots),
        margins={model: abs(score) for model, score in scores.items()},
        things=MODELS,
    )
    sentence = (
        f"how far the outermost token stands out beyond chance: {told[0]}",
        f"最外側的 token 超出隨機的程度：{told[1]}",
    )
    figures = [
        scatter(model, every[0].item, [len(every[0].points)]) for model, every in plots.items()
    ]
    verdicts = [set_verdict(set(claim.models), outcome, sentence) for claim in claims]
    return Decision(verdicts, figures, _items_used(plots, settings))


def available_plots(evidence: Evidence, settings: ModelsSettings) -> dict[int, list[Plots]]:
    """Return the plots of each model that has some.

    Raises:
        MissingEvidence: no model has any.
    """
    found: dict[int, list[Plots]] = {}
    for model in settings.models:
        names = [f"hidden_states/{model}/{item}" for item in settings.items]
        records = evidence.among(names)
        if records:
            found[model] = [checked(record) for record in records.values()]
    if not found:
        raise MissingEvidence(_of_models(settings))
    return found


def _items_used(plots: dict[int, list[Plots]], settings: ModelsSettings) -> Pair | None:
    """A note on the items each model was judged on; None where it was all."""
    used = {model: {one.item for one in every} for model, every in plots.items()}
    if all(used.get(model) == set(settings.items) for model in settings.models):
        return None
    parts = [(model, listed(used.get(model, set()))) for model in settings.models]
    english = ", ".join(f"model {model}: {items}" for model, items in parts)
    chinese = "；".join(
        f"模型 {model}：第 {items.replace(', ', '、')} 題" for model, items in parts
    )
    return (
        f"Not every plot is there. Items each model was judged on: {english}.",
        f"圖不齊全。各模型所依據的題目：{chinese}。",
    )


def scatter(model: int, item: int, layers: Sequence[int] = (), shown: Sequence[int] = ()) -> Figure:
    """Return the figure of the plots of some layers, or of all, with those in `shown` open."""
    record = f"hidden_states/{model}/{item}"
    caption = (f"Model {model} on item {item}", f"模型 {model}、第 {item} 題")
    return Figure(
        "bert_scatter", {"record": record, "layers": list(layers), "open": list(shown)}, caption
    )
