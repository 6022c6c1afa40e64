"""Simulated evidence of BERTs: hidden states in plots, attention read off, counts of words."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from solver.evidence import Record
from tests.benchmarks.calibration.maps import Array, Draw
from tests.benchmarks.calibration.simulated import Family, Simulated, lead, question_of
from tests.benchmarks.simulated.words import words_of
from tests.solver.rules.made_maps import evidence_of

LAYERS = 12
QUESTION, CONTEXT, ANSWER = 1, 2, 3


def normal(generator: Draw, shape: tuple[int, ...]) -> Array:
    """A cloud of tokens without clusters."""
    return generator.normal(size=shape)


def crescent(generator: Draw, shape: tuple[int, ...]) -> Array:
    """Tokens along an arc."""
    angle, far = generator.uniform(0, np.pi, shape[:-1]), generator.normal(1.6, 0.3, shape[:-1])
    return np.stack([far * np.cos(angle), far * np.sin(angle) - 1], -1)


def clusters(generator: Draw, shape: tuple[int, ...]) -> Array:
    """Tokens in three clusters."""
    middles = generator.normal(0, 1.2, (3, 2))
    return middles[generator.integers(0, 3, shape[:-1])] + generator.normal(0, 0.5, shape)


def heavy(generator: Draw, shape: tuple[int, ...]) -> Array:
    """A cloud with tokens far out."""
    return generator.standard_t(4, size=shape)


CLOUDS = {"normal": normal, "crescent": crescent, "clusters": clusters, "heavy": heavy}
UNSEEN = ("clusters", "heavy")


def in_plot(points: Array, roles: Array, generator: Draw) -> tuple[Array, Array]:
    """Points as a plot shows them, at whole pixels, and roles by layer: some lie under others."""
    step = np.ptp(points, axis=(0, 1)) / generator.choice([60, 150, 300])
    seen = np.round(points / step) * step
    hidden = generator.random((len(points), len(roles))) < generator.uniform(0, 0.12)
    shown = np.where(hidden, 0, roles)
    for layer, row in enumerate(shown):
        for role in (QUESTION, CONTEXT, ANSWER):
            if not (row == role).any():
                shown[layer, roles == role] = role
    return seen, shown


def matching(cloud: str) -> Callable[[Draw], Simulated]:
    """In which layers answers lie near their questions: a few tokens, of many that might be."""

    def make(generator: Draw) -> Simulated:
        pull = np.repeat(generator.uniform(-0.2, 1.2, 4), 3) + generator.normal(0, 0.05, LAYERS)
        best = int(pull.argmax()) // 3
        pull[3 * best : 3 * best + 3] += lead(generator, 0.02, 1.0)
        seen, exact = [], []
        for item in range(1, 4):
            counts = {QUESTION: 7, CONTEXT: 40, ANSWER: int(generator.integers(1, 5))}
            many = {QUESTION: 60, CONTEXT: 300, ANSWER: 200}
            towards = generator.normal(0, 1.0, (LAYERS, 1, 2))
            for records, sizes in ((seen, counts), (exact, many)):
                roles = np.repeat(list(sizes), list(sizes.values()))
                shape = (LAYERS, len(roles), 2)
                points = CLOUDS[cloud](generator, shape)
                points[:, roles == QUESTION] = towards + 0.5 * points[:, roles == QUESTION]
                answer = points[:, roles == ANSWER]
                points[:, roles == ANSWER] = answer + pull[:, None, None] * (towards - answer)
                shown = in_plot(points, roles, generator) if records is seen else (points, roles)
                arrays = {"points": shown[0], "roles": shown[1]}
                records.append(Record(f"hidden_states/1/{item}", arrays))
        claims = [{"first": at, "last": at + 2} for at in (1, 4, 7, 10)]
        settings = {"model": 1, "items": [1, 2, 3]}
        return Simulated(
            question_of("bert.hidden_states.matching_layers", settings, claims),
            evidence_of(*seen),
            evidence_of(*exact),
        )

    return make


def wrong(cloud: str) -> Callable[[Draw], Simulated]:
    """Which items' outermost token is no answer, in plots in which some tokens are not seen."""

    def make(generator: Draw) -> Simulated:
        seen, exact = [], []
        for item in (1, 2, 3):
            counts = [6, int(generator.integers(20, 50)), int(generator.integers(1, 4))]
            roles = np.repeat([QUESTION, CONTEXT, ANSWER], counts)
            points = CLOUDS[cloud](generator, (2, len(roles), 2))
            # Of the answer and of the rest one token stands apart, one somewhat farther.
            out = generator.uniform(5, 8) * np.array([1, np.exp(-lead(generator, 0.01, 1))])
            angle = generator.uniform(0, 6.3, 2)
            for token, far, turn in zip(
                generator.permutation([counts[0], counts[0] + counts[1]]), out, angle, strict=True
            ):
                points[:, token] = far * np.array([np.cos(turn), np.sin(turn)])
            name = f"hidden_states/1/{item}"
            shown = in_plot(points, roles, generator)
            seen.append(Record(name, {"points": shown[0], "roles": shown[1]}))
            exact.append(Record(name, {"points": points, "roles": roles}))
        sets: list[list[int]] = [[], [1], [2], [3], [1, 2], [1, 3], [2, 3], [1, 2, 3]]
        chosen = sorted(generator.choice(8, 5, replace=False))
        return Simulated(
            question_of(
                "bert.hidden_states.wrong_items",
                {"model": 1, "items": [1, 2, 3]},
                [{"items": sets[at]} for at in chosen],
            ),
            evidence_of(*seen),
            evidence_of(*exact),
        )

    return make


def tuned(cloud: str) -> Callable[[Draw], Simulated]:
    """Which models move a token away from the rest, beyond what chance does, and not far beyond."""

    def make(generator: Draw) -> Simulated:
        seen, exact = [], []
        for model in (1, 2, 3):
            far = generator.uniform(1.5, 4)
            for item in (1, 2):
                counts = [6, int(generator.integers(20, 50)), 2]
                roles = np.repeat([QUESTION, CONTEXT, ANSWER], counts)
                points = CLOUDS[cloud](generator, (2, len(roles), 2))
                points[:, -1] *= far
                name = f"hidden_states/{model}/{item}"
                shown = in_plot(points, roles, generator)
                seen.append(Record(name, {"points": shown[0], "roles": shown[1]}))
                exact.append(Record(name, {"points": points, "roles": roles}))
        sets: list[list[int]] = [[], [1], [2], [3], [1, 2], [1, 3], [2, 3], [1, 2, 3]]
        return Simulated(
            question_of(
                "bert.hidden_states.fine_tuned",
                {"models": [1, 2, 3], "items": [1, 2]},
                [{"models": one} for one in sets],
            ),
            evidence_of(*seen),
            evidence_of(*exact),
        )

    return make


def apart(cloud: str) -> Callable[[Draw], Simulated]:
    """In which layer the answer stands apart most."""

    def make(generator: Draw) -> Simulated:
        seen, exact = [], []
        far = generator.uniform(1, 3, LAYERS)
        for item in (1, 2):
            counts = [6, int(generator.integers(20, 50)), int(generator.integers(1, 4))]
            roles = np.repeat([QUESTION, CONTEXT, ANSWER], counts)
            points = CLOUDS[cloud](generator, (LAYERS, len(roles), 2))
            points[:, roles == ANSWER] *= far[:, None, None]
            name = f"hidden_states/1/{item}"
            shown = in_plot(points, roles, generator)
            seen.append(Record(name, {"points": shown[0], "roles": shown[1]}))
            exact.append(Record(name, {"points": points, "roles": roles}))
        return Simulated(
            question_of(
                "states.answer_apart",
                {"model": 1, "items": [1, 2]},
                [{"layer": layer} for layer in (1, 4, 8, 12)],
            ),
            evidence_of(*seen),
            evidence_of(*exact),
        )

    return make


def _attention(generator: Draw, sharp: float, tokens: int = 14) -> Array:
    logits = generator.gumbel(size=(6, 6, tokens, tokens)) * sharp
    weights = np.exp(logits)
    return weights / weights.sum(-1, keepdims=True)


def _read_off(weights: Array, generator: Draw) -> Array:
    """Attention as it is read off a figure: links of some shade, thicker or thinner."""
    noisy = weights + generator.uniform(0.002, 0.03) * generator.normal(size=weights.shape)
    levels = generator.choice([20, 100, 255])
    noisy = np.round(np.clip(noisy, 0, 1) * levels) / levels + 1e-6
    return noisy / noisy.sum(-1, keepdims=True)


def coreference(sharp: float) -> Callable[[Draw], Simulated]:
    """Which head links words that refer to one another."""

    def make(generator: Draw) -> Simulated:
        weights = _attention(generator, sharp)
        links = [[int(a), int(b)] for a, b in generator.integers(1, 13, (2, 2))]
        heads = generator.permutation(36)[:4]
        best = generator.uniform(0.2, 0.6)
        for head, strength in zip(heads[:2], (best, best * np.exp(-lead(generator))), strict=True):
            for a, b in links:
                row = weights[head // 6, head % 6, a]
                rest = row.sum() - row[b]
                row *= (1 - strength) / max(rest, 1e-9)
                row[b] = strength * generator.uniform(1, 1.2)
                row /= row.sum()
        values = {"pieces": [f"w{k}" for k in range(14)], "special": [False] * 14, "links": links}
        heads = generator.permutation(heads)
        claims = [{"layer": int(h // 6) + 1, "head": int(h % 6) + 1} for h in heads]
        return Simulated(
            question_of("bert.attention.coreference", {}, claims),
            evidence_of(Record("attention", {"attentions": _read_off(weights, generator)}, values)),
            evidence_of(Record("attention", {"attentions": weights}, values)),
        )

    return make


def looks(sharp: float) -> Callable[[Draw], Simulated]:
    """What a head looks at, near one half of the tokens and far from it."""

    def make(generator: Draw) -> Simulated:
        weights = _attention(generator, sharp)
        special = [True, *[False] * 12, True]
        pieces = ["[CLS]", *(str(w) for w in generator.choice(list("abcdefgh"), 11)), ".", "[SEP]"]
        towards = [range(1, 15), range(-1, 13), range(14), [12] * 14]
        for places in towards:
            layer, often = generator.integers(0, 6), generator.uniform(0.2, 0.9)
            for row, column in enumerate(places):
                if 0 <= column < 14 and generator.random() < often:
                    weights[layer, 2, row, column] += lead(generator, 0.05, 1.5)
        weights /= weights.sum(-1, keepdims=True)
        values = {"pieces": pieces, "special": special, "links": []}
        targets = ("next", "previous", "same", "full_stop")
        return Simulated(
            question_of(
                "bert.attention.where_a_head_looks", {"head": 3}, [{"target": t} for t in targets]
            ),
            evidence_of(Record("attention", {"attentions": _read_off(weights, generator)}, values)),
            evidence_of(Record("attention", {"attentions": weights}, values)),
        )

    return make


def corpus(steep: bool) -> Callable[[Draw], Simulated]:
    """The first layer whose nearest words are of a kind: few words, of a language's many."""

    def make(generator: Draw) -> Simulated:
        tags = ["NOUN", "VERB", "ADJ", "ADV"]
        turn, slope = generator.uniform(1, 12), generator.uniform(0.5, 2) if steep else 0.25
        own = slope * (np.arange(1, 13) - turn) + generator.normal(0, 0.2, 12)
        others = generator.normal(0, 0.5, 3) - np.log(2)
        logits = np.concatenate([own[:, None], np.tile(others, (12, 1))], 1)
        shares = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
        count = int(generator.choice([10, 20, 50, 100]))
        found = np.stack([generator.choice(4, count, p=row) for row in shares])
        arrays = {"counts": np.stack([np.bincount(row, minlength=4) for row in found])}
        values: dict[str, Any] = {"tags": tags, "tag": "NOUN"}
        kept = values
        if generator.random() < 0.6:  # the words themselves may not have been kept
            kept = {**values, "nearest": words_of(tags, found, generator)}
        claims = [{"layer": layer} for layer in (1, 3, 5, 7, 9, 11)]
        exact = np.round(shares * 1e7).astype(int)
        return Simulated(
            question_of("bert.corpus_search", {}, claims),
            evidence_of(Record("corpus_search", arrays, kept)),
            evidence_of(Record("corpus_search", {"counts": exact}, values)),
        )

    return make


def curves(wavy: bool) -> Callable[[Draw], Simulated]:
    """The shape of a similarity over the layers, of a curve that was read off a plot."""

    def make(generator: Draw) -> Simulated:
        at = np.linspace(0, 1, 13)
        turn, way = generator.uniform(-0.3, 1.3), generator.choice([-1, 1])
        curve = way * abs(at - turn) ** generator.uniform(1, 2)
        if wavy:
            curve = curve + generator.uniform(0, 0.06) * np.sin(at * 12 + generator.uniform(0, 6))
        seen = curve + generator.normal(0, lead(generator, 0.003, 0.1), 13)
        tables = {"curve": {"layer": 0, "character": 0, "sentences": [0, 1], "first": 0}}
        claims = [{"shape": s} for s in ("falls", "rises", "falls_then_rises", "rises_then_falls")]
        settings = {"sentences": [0, 1], "character": 0, "first": 0, "last": 12}
        return Simulated(
            question_of("bert.embeddings.curve_over_layers", settings, claims),
            evidence_of(Record("embeddings", {"curve": seen}, {"tables": tables})),
            evidence_of(Record("embeddings", {"curve": curve}, {"tables": tables})),
        )

    return make


FAMILIES = [
    *(
        Family(
            f"matching layers: {c}",
            "bert.hidden_states.matching_layers",
            matching(c),
            c not in UNSEEN,
            100,
        )
        for c in CLOUDS
    ),
    *(
        Family(
            f"wrong items: {c}", "bert.hidden_states.wrong_items", wrong(c), c not in UNSEEN, 250
        )
        for c in CLOUDS
    ),
    *(
        Family(f"tuned: {c}", "bert.hidden_states.fine_tuned", tuned(c), c not in UNSEEN, 120)
        for c in CLOUDS
    ),
    *(Family(f"apart: {c}", "states.answer_apart", apart(c), c not in UNSEEN, 120) for c in CLOUDS),
    *(
        Family(f"coreference: {s}", "bert.attention.coreference", coreference(s), s == 1.0, 400)
        for s in (1.0, 1.8)
    ),
    *(
        Family(
            f"where a head looks: {s}", "bert.attention.where_a_head_looks", looks(s), s == 1.0, 400
        )
        for s in (1.0, 1.8)
    ),
    *(
        Family(f"corpus: {'steep' if s else 'flat'}", "bert.corpus_search", corpus(s), s, 400)
        for s in (True, False)
    ),
    *(
        Family(
            f"curves: {'wavy' if w else 'plain'}",
            "bert.embeddings.curve_over_layers",
            curves(w),
            not w,
            400,
        )
        for w in (True, False)
    ),
]
