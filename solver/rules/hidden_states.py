"""What the hidden states of reading models tell: matching, extracting, and whether they were tuned.

Distances are taken in the full space of a layer, not in its two principal components, which are
for looking. Roles of tokens: 0 special, 1 question, 2 context, 3 answer.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

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
STANDS_APART = 0.5
"""A model is held to pick an answer out when, in its last layer, its outermost token of the
context lies farther from the rest than this share above the farthest word that says nothing."""


@dataclass(frozen=True)
class States:
    """Hidden states of a model on an item, checked."""

    states: Floats
    roles: npt.NDArray[np.int64]
    pieces: list[str]
    item: int

    @property
    def layers(self) -> int:
        """How many layers, the embedding output not counted."""
        return len(self.states) - 1

    def of(self, *roles: int) -> Mask:
        """Which tokens have one of these roles: (T,)."""
        return np.isin(self.roles, roles)


def checked(record: Record) -> States:
    """Return the states of a record.

    Raises:
        EvidenceError: roles, pieces and states are of different lengths, or a role is missing.
    """
    states = record.array("states", 3).astype(np.float64)
    roles = record.array("roles", 1).astype(np.int64)
    pieces = list(record.value("pieces"))
    if not states.shape[1] == len(roles) == len(pieces):
        raise EvidenceError(f"record {record.id}: states, roles and pieces differ in tokens")
    for role, name in ((QUESTION, "question"), (CONTEXT, "context"), (ANSWER, "answer")):
        if not (roles == role).any():
            raise EvidenceError(f"record {record.id} marks no token as {name}")
    return States(states, roles, pieces, int(record.id.rsplit("/", 1)[-1]))


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


def nearness_of_answer(layer: Floats, states: States) -> float:
    """How often a token of the answer is nearer to the question than another of the context.

    `layer` is (T, width). Distance to the question is that to its nearest token. 0.5 is chance, 1
    means that the answer lies nearer than all the rest.
    """
    centred = layer - layer[states.roles != 0].mean(0)
    question = centred[states.of(QUESTION)]
    answer, others = centred[states.of(ANSWER)], centred[states.of(CONTEXT)]
    near = np.sort(_distances(answer, question).min(1))
    far = _distances(others, question).min(1)
    wins = (near[:, None] < far[None]).mean() + 0.5 * (near[:, None] == far[None]).mean()
    return float(wins)


def _distances(a: Floats, b: Floats) -> Floats:
    result: Floats = np.linalg.norm(a[:, None] - b[None], axis=-1)
    return result


@rule("hidden_states.matching_layers", settings=ModelSettings, claim=LayersClaim, needs=_of_model)
def matching_layers(
    evidence: Evidence, settings: ModelSettings, claims: Sequence[LayersClaim]
) -> Decision:
    """In which layers the answer's tokens lie nearest to the question: how often an answer token is
    nearer to a token of the question than another token of the context is (chance .5), mean over
    the layers of an option and the items. The option with the largest mean holds."""
    every = [checked(evidence.get("hidden_states", settings.model, q)) for q in settings.items]
    curve = np.mean(
        [[nearness_of_answer(layer, one) for layer in one.states[1:]] for one in every], axis=0
    )
    if any(not claim.first <= claim.last <= len(curve) for claim in claims):
        raise EvidenceError(f"the options ask for layers that a model of {len(curve)} has not")
    means = [float(curve[claim.first - 1 : claim.last].mean()) for claim in claims]
    names: list[Pair] = [
        (f"layers {claim.first} to {claim.last}", f"第 {claim.first} 到 {claim.last} 層")
        for claim in claims
    ]
    verdicts = strongest(
        means,
        names,
        unit="share of pairs",
        what=("the answer lies nearer to the question in {0}", "答案較接近問題的比例，{0}"),
    )
    figures = [_scatter(settings.model, item) for item in settings.items]
    return Decision(verdicts, figures)


def standing_apart(states: States) -> tuple[list[int], float]:
    """Return the places of the tokens that stand apart in the last layer, and how far.

    How far a token lies from the middle (median) of the context is measured in median distances.
    The outermost token stands apart, with whatever lies nearer to it than to the middle.
    """
    last = states.states[-1]
    context = np.flatnonzero(states.of(CONTEXT, ANSWER))
    middle = np.median(last[context], axis=0)
    far = np.linalg.norm(last[context] - middle, axis=1)
    outermost = int(far.argmax())
    to_outermost = np.linalg.norm(last[context] - last[context][outermost], axis=1)
    apart = [int(place) for place in context[to_outermost < far]]
    return apart, float(far.max() / max(float(np.median(far)), 1e-12))


def extracts(states: States) -> tuple[float, int]:
    """Return how far the answer outdoes the rest of the context, and the outermost token.

    Above 0: the outermost token of the last layer is one of the answer, below 0 it is another; the
    number is the difference of the two outermost distances, as a share of the larger.
    """
    last = states.states[-1]
    context = states.of(CONTEXT, ANSWER)
    far = np.linalg.norm(last - np.median(last[context], axis=0), axis=1)
    answer, rest = far[states.of(ANSWER)].max(), far[states.of(CONTEXT)].max()
    place = int(np.where(context, far, -1).argmax())
    return float((answer - rest) / max(answer, rest)), place


@rule("hidden_states.wrong_items", settings=ModelSettings, claim=ItemsClaim, needs=_of_model)
def wrong_items(
    evidence: Evidence, settings: ModelSettings, claims: Sequence[ItemsClaim]
) -> Decision:
    """Which token of the context lies farthest from its middle in the last layer, where a model
    tuned for answering keeps what it extracts: an item is got wrong where that is no token of the
    answer. The option that names just those items holds."""
    every = [checked(evidence.get("hidden_states", settings.model, q)) for q in settings.items]
    found = {one.item: extracts(one) for one in every}
    wrong = sorted(item for item, (lead, _) in found.items() if lead <= 0)
    words = {one.item: one.pieces[found[one.item][1]] for one in every}
    told = ", ".join(f"{item}: {words[item]!r} ({found[item][0]:+.2f})" for item in sorted(found))
    verdicts = [
        _set_verdict(
            set(claim.items),
            set(wrong),
            {item: abs(lead) for item, (lead, _) in found.items()},
            (f"outermost in the last layer, and its lead: {told}", f"最後一層最外側及領先：{told}"),
            "lead of the answer",
        )
        for claim in claims
    ]
    return Decision(verdicts, [_scatter(settings.model, item) for item in settings.items])


def tuning(states: States) -> float:
    """How far the last layer has given up saying which word a token is, for what it is asked.

    A network trained on masked words alone can name each word from its last layer, so that equal
    words lie together there; one that was tuned to mark an answer tells question from context
    instead. Measured: the share of the last layer's variance that lies between question and context
    less the share that equal words have in common, over the words that stand there more than once.
    """
    last = states.states[-1]
    real = states.roles != 0
    return _between(last[real], states.of(QUESTION)[real]) - _common(last, states)


def _between(vectors: Floats, group: Mask) -> float:
    """Share (0 to 1) of the variance that lies between two groups, both weighing the same."""
    a, b = vectors[group], vectors[~group]
    apart = float(((a.mean(0) - b.mean(0)) ** 2).sum()) / 4
    within = float(a.var(0).sum() + b.var(0).sum()) / 2
    return apart / max(apart + within, 1e-12)


def _common(vectors: Floats, states: States) -> float:
    """Share (0 to 1) of the variance that is common to equal words."""
    words: dict[str, list[int]] = {}
    for place, piece in enumerate(states.pieces):
        if states.roles[place] != 0:
            words.setdefault(piece.lower(), []).append(place)
    groups = [places for places in words.values() if len(places) > 1]
    if len(groups) < 2:
        raise EvidenceError(f"item {states.item}: too few words stand there more than once")
    members = np.concatenate([vectors[places] for places in groups])
    within = sum(float(((vectors[g] - vectors[g].mean(0)) ** 2).sum()) for g in groups)
    total = float(((members - members.mean(0)) ** 2).sum())
    return 1 - within / max(total, 1e-12)


@rule("hidden_states.fine_tuned", settings=ModelsSettings, claim=ModelsClaim, needs=_of_models)
def fine_tuned(
    evidence: Evidence, settings: ModelsSettings, claims: Sequence[ModelsClaim]
) -> Decision:
    """Whether a model's last layer tells question from context rather than word from word: the
    share of variance between question and context less the share equal words have in common, mean
    over the items. Above 0 the model was tuned. The option that names just those models holds."""
    scores = {}
    for model in settings.models:
        every = [checked(evidence.get("hidden_states", model, q)) for q in settings.items]
        scores[model] = float(np.mean([tuning(one) for one in every]))
    tuned = {model for model, score in scores.items() if score > 0}
    told = ", ".join(f"{model}: {score:+.2f}" for model, score in sorted(scores.items()))
    verdicts = [
        _set_verdict(
            set(claim.models),
            tuned,
            {model: abs(score) for model, score in scores.items()},
            (f"role less word in the last layer: {told}", f"最後一層角色減詞的比例：{told}"),
            "share of variance",
        )
        for claim in claims
    ]
    figures = [_scatter(model, settings.items[0]) for model in settings.models]
    return Decision(verdicts, figures)


def _set_verdict(
    claimed: set[int], true: set[int], margins: dict[int, float], told: Pair, unit: str
) -> Verdict:
    """Verdict on a claim that names a set: right when it is the very set."""
    outside = claimed - set(margins)
    if outside:
        raise EvidenceError(f"the options name {sorted(outside)}, which was not measured")
    wrong = claimed ^ true
    holds = not wrong
    # The claim changes its verdict when every element it is wrong about changes sides.
    margin = min(margins.values()) if holds else max(margins[one] for one in wrong)
    found = ", ".join(str(one) for one in sorted(true)) or "-"
    sentence = (f"{told[0][:1].upper()}{told[0][1:]}; so {found}.", f"{told[1]}；故為 {found}。")
    return Verdict(holds, found, unit, "the very set", _listed(claimed), margin, sentence)


def _listed(numbers: set[int]) -> str:
    return ", ".join(str(one) for one in sorted(numbers))


def _scatter(model: int, item: int) -> Figure:
    parameters: dict[str, Any] = {"record": f"hidden_states/{model}/{item}"}
    return Figure(
        "bert_scatter",
        parameters,
        (f"Model {model} on item {item}, layer by layer", f"模型 {model}、第 {item} 題，逐層"),
    )
