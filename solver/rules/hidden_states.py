"""What the hidden states of reading models tell: matching, extracting, and whether they were tuned.

All is measured on what the course looks at: the first two principal components of each layer, so
that a plot read off by eye can be decided on as well. Roles of tokens: 0 special, 1 question,
2 context, 3 answer.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from pydantic import Field

from solver.errors import EvidenceError
from solver.evidence import Evidence, Record
from solver.rules.registry import Decision, Figure, Parameters, Verdict, rule
from solver.rules.verdicts import Pair, strongest

Floats = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]
QUESTION, CONTEXT, ANSWER = 1, 2, 3


@dataclass(frozen=True)
class Plots:
    """A model's plots of an item, checked: one a layer.

    Attributes:
        points: (layers, T, 2), layer 1 first.
        roles: (T,), or (layers, T) where tokens are not the same in every plot.
    """

    points: tuple[Floats, ...]
    roles: tuple[npt.NDArray[np.int64], ...]
    pieces: list[str]
    item: int

    def split(self, layer: int) -> tuple[Floats, Floats, Floats]:
        """The points of question, context and answer in a layer (0 for layer 1)."""
        points, roles = self.points[layer], self.roles[layer]
        return points[roles == QUESTION], points[roles == CONTEXT], points[roles == ANSWER]


def checked(record: Record) -> Plots:
    """Return the plots of a record.

    Raises:
        EvidenceError: roles and points are of different lengths, or a role is missing.
    """
    points = record.array("points", 3).astype(np.float64)
    roles = record.array("roles").astype(np.int64)
    if roles.shape == points.shape[1:2]:
        roles = np.broadcast_to(roles, points.shape[:2])
    if roles.shape != points.shape[:2] or points.shape[2] != 2:
        raise EvidenceError(f"record {record.id}: 'points' and 'roles' differ in tokens")
    for role, name in ((QUESTION, "question"), (CONTEXT, "context"), (ANSWER, "answer")):
        if not (roles == role).any(1).all():
            raise EvidenceError(f"record {record.id} marks no token as {name}")
    pieces = [str(piece) for piece in record.values.get("pieces", [])]
    return Plots(tuple(points), tuple(roles), pieces, int(record.id.rsplit("/", 1)[-1]))


class ModelSettings(Parameters):
    """Which model, and on which items, counted from 1."""

    model: int = Field(ge=1)
    items: list[int] = Field(min_length=1)


class ModelsSettings(Parameters):
    """Which models and items, counted from 1."""

    models: list[int] = Field(min_length=1)
    items: list[int] = Field(min_length=1)


class LayersClaim(Parameters):
    """Layers `first` to `last`, counted from 1."""

    first: int = Field(ge=1)
    last: int = Field(ge=1)


class ItemsClaim(Parameters):
    """These items and no other."""

    items: list[int]


class ModelsClaim(Parameters):
    """These models and no other."""

    models: list[int]


def _of_model(settings: ModelSettings) -> list[str]:
    return [f"hidden_states/{settings.model}/{item}" for item in settings.items]


def _of_models(settings: ModelsSettings) -> list[str]:
    return [f"hidden_states/{m}/{item}" for m in settings.models for item in settings.items]


def nearness_of_answer(question: Floats, context: Floats, answer: Floats) -> float:
    """How often a token of the answer is nearer to the question than another of the context.

    Points are (n, 2); distance to the question is the mean over its tokens. 0.5 is chance, 1 means
    that the answer lies nearer than all the rest.
    """
    near, far = _mean_distance(answer, question), _mean_distance(context, question)
    wins = (near[:, None] < far[None]).mean() + 0.5 * (near[:, None] == far[None]).mean()
    return float(wins)


def _mean_distance(points: Floats, others: Floats) -> Floats:
    result: Floats = np.linalg.norm(points[:, None] - others[None], axis=-1).mean(1)
    return result


@rule("hidden_states.matching_layers", settings=ModelSettings, claim=LayersClaim, needs=_of_model)
def matching_layers(
    evidence: Evidence, settings: ModelSettings, claims: Sequence[LayersClaim]
) -> Decision:
    """In which layers the answer lies nearest to the question: how often a token of the answer is
    nearer to the question than another token of the context is (chance .5), mean over the layers of
    an option and the items. The option with the largest mean holds, if that is above chance."""
    every = [checked(evidence.get("hidden_states", settings.model, q)) for q in settings.items]
    layers = min(len(one.points) for one in every)
    if any(not claim.first <= claim.last <= layers for claim in claims):
        raise EvidenceError(f"the options ask for layers that a model of {layers} has not")
    curve = np.mean(
        [[nearness_of_answer(*one.split(layer)) for layer in range(layers)] for one in every],
        axis=0,
    )
    means = [float(curve[claim.first - 1 : claim.last].mean()) for claim in claims]
    names: list[Pair] = [
        (f"layers {claim.first} to {claim.last}", f"第 {claim.first} 到 {claim.last} 層")
        for claim in claims
    ]
    verdicts = strongest(
        [*means, CHANCE],
        [*names, ("chance", "隨機")],
        unit="share of pairs",
        what=("the answer lies nearer to the question in {0}", "答案較接近問題的比例，{0}"),
    )
    held = [claim for claim, one in zip(claims, verdicts, strict=False) if one.holds]
    shown = [(claim.first + claim.last) // 2 for claim in held]
    figures = [_scatter(settings.model, item, shown=shown) for item in settings.items]
    return Decision(verdicts[:-1], figures)


CHANCE = 0.5


def distances(plots: Plots) -> tuple[Floats, Mask, npt.NDArray[np.intp]]:
    """How far each token of the context lies from its middle (median) in the last layer.

    Returns:
        distances (n,), which of them are of the answer (n,), their places among the tokens (n,).
    """
    points, roles = plots.points[-1], plots.roles[-1]
    places = np.flatnonzero(np.isin(roles, (CONTEXT, ANSWER)))
    middle = np.median(points[places], axis=0)
    far: Floats = np.linalg.norm(points[places] - middle, axis=1)
    return far, roles[places] == ANSWER, places


def lead_of_answer(plots: Plots) -> tuple[float, str]:
    """Return how far the answer outdoes the rest of the context, and the outermost token.

    Above 0: the outermost token of the last layer is one of the answer, below 0 it is another; the
    number is the difference of the two outermost distances, as a share of the larger.
    """
    far, answer, places = distances(plots)
    best, rest = far[answer].max(), far[~answer].max()
    place = int(places[far.argmax()])
    piece = plots.pieces[place] if place < len(plots.pieces) else f"token {place}"
    return float((best - rest) / max(best, rest, 1e-12)), piece


@rule("hidden_states.wrong_items", settings=ModelSettings, claim=ItemsClaim, needs=_of_model)
def wrong_items(
    evidence: Evidence, settings: ModelSettings, claims: Sequence[ItemsClaim]
) -> Decision:
    """Which token of the context lies farthest from its middle in the last layer, where a model
    tuned for answering puts what it extracts: an item is got wrong where that is no token of the
    answer. The option that names just those items holds."""
    every = [checked(evidence.get("hidden_states", settings.model, q)) for q in settings.items]
    found = {one.item: lead_of_answer(one) for one in every}
    wrong = {item for item, (lead, _) in found.items() if lead <= 0}
    told = ", ".join(f"{q}: {word!r} ({lead:+.2f})" for q, (lead, word) in sorted(found.items()))
    verdicts = [
        _set_verdict(
            set(claim.items),
            wrong,
            {item: abs(lead) for item, (lead, _) in found.items()},
            (f"outermost in the last layer, and its lead: {told}", f"最後一層最外側及領先：{told}"),
            "items",
        )
        for claim in claims
    ]
    return Decision(
        verdicts, [_scatter(settings.model, one.item, [len(one.points)]) for one in every]
    )


def standing_apart(plots: Plots) -> float:
    """How far the outermost token of the context lies out in the last layer, against chance.

    Its distance from the middle is measured in median distances; of n points of one even (normal)
    cloud the outermost is expected at about sqrt(log2(n)) of them. Returned is the quotient less 1:
    above 0 a token stands apart, as what a model extracts does.
    """
    far, _, _ = distances(plots)
    expected = float(np.sqrt(np.log2(max(len(far), 2))))
    return float(far.max() / max(float(np.median(far)), 1e-12)) / expected - 1


@rule("hidden_states.fine_tuned", settings=ModelsSettings, claim=ModelsClaim, needs=_of_models)
def fine_tuned(
    evidence: Evidence, settings: ModelsSettings, claims: Sequence[ModelsClaim]
) -> Decision:
    """Whether a token of the context stands apart in a model's last layer, farther out than chance
    would put the outermost of so many points: a model tuned for answering moves what it extracts
    away from all the rest, whether it is right or not. Mean over the items; above 0 it was tuned.
    The option that names just those models holds."""
    scores, figures = {}, []
    for model in settings.models:
        every = [checked(evidence.get("hidden_states", model, q)) for q in settings.items]
        scores[model] = float(np.mean([standing_apart(one) for one in every]))
        figures.append(_scatter(model, every[0].item, [len(every[0].points)]))
    tuned = {model for model, score in scores.items() if score > 0}
    told = ", ".join(f"{model}: {score:+.2f}" for model, score in sorted(scores.items()))
    verdicts = [
        _set_verdict(
            set(claim.models),
            tuned,
            {model: abs(score) for model, score in scores.items()},
            (
                f"how far the outermost token stands out beyond chance: {told}",
                f"最外側 token 超出隨機的程度：{told}",
            ),
            "models",
        )
        for claim in claims
    ]
    return Decision(verdicts, figures)


def _set_verdict(
    claimed: set[int], true: set[int], margins: dict[int, float], told: Pair, unit: str
) -> Verdict:
    """Verdict on a claim that names a set: right when it is the very set."""
    outside = claimed - set(margins)
    if outside:
        raise EvidenceError(f"the options name {sorted(outside)}, which was not measured")
    wrong = claimed ^ true
    # The verdict turns when the weakest element changes sides, or all it is wrong about do.
    margin = max(margins[one] for one in wrong) if wrong else min(margins.values())
    found = _listed(true)
    sentence = (f"{told[0][:1].upper()}{told[0][1:]}; so {found}.", f"{told[1]}；故為 {found}。")
    return Verdict(not wrong, found, unit, "the very set", _listed(claimed), margin, sentence)


def _listed(numbers: set[int]) -> str:
    return ", ".join(str(one) for one in sorted(numbers)) or "-"


def _scatter(
    model: int, item: int, layers: Sequence[int] = (), shown: Sequence[int] = ()
) -> Figure:
    """The plots of some layers, or of all with those in `shown` open."""
    record = f"hidden_states/{model}/{item}"
    return Figure(
        "bert_scatter",
        {"record": record, "layers": list(layers), "open": list(shown)},
        (f"Model {model} on item {item}", f"模型 {model}、第 {item} 題"),
    )
