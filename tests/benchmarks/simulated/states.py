"""Plots of hidden states: answers that come to the question, stand apart or do not, and groups."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from itertools import combinations

import numpy as np

from solver.evidence import Record
from tests.benchmarks.simulated import FAMILIES, Case, Floats, Generator, one_of

LAYERS = 12
BLOCKS = [{"first": first, "last": first + 2} for first in (1, 4, 7, 10)]
ITEMS = (1, 2, 3)
SETS = [list(some) for count in range(4) for some in combinations(ITEMS, count)]
Cloud = Callable[[Generator, int], Floats]


def normal(generator: Generator, count: int) -> Floats:
    """A cloud about a middle."""
    return generator.normal(size=(count, 2))


def stretched(generator: Generator, count: int) -> Floats:
    """A cloud three times as long as it is wide, in any direction."""
    turn = generator.uniform(0, np.pi)
    axes = np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
    return generator.normal(size=(count, 2)) * [3, 1] @ axes / 2


def two_lumps(generator: Generator, count: int) -> Floats:
    """Two lumps of tokens, of two parts of a text."""
    side = generator.random(count) < generator.uniform(0.3, 0.7)
    middle = 3 * generator.normal(size=2)
    return 0.7 * generator.normal(size=(count, 2)) + np.where(side[:, None], middle, -middle) / 2


CLOUDS: dict[str, Cloud] = {"one cloud": normal, "stretched": stretched, "two lumps": two_lumps}


def roles_of(generator: Generator) -> Floats:
    """Roles of an item's tokens: six to twelve of the question, 40 to 90 of the context, one to
    three of which are the answer."""
    asked, context = int(generator.integers(6, 13)), int(generator.integers(40, 91))
    roles = np.array([0] + [1] * asked + [0] + [2] * context + [0])
    first, count = int(generator.integers(asked + 4, asked + context - 4)), generator.integers(1, 4)
    roles[first : first + count] = 3
    return roles


def plots(model: int, item: int, points: Floats, roles: Floats) -> Record:
    """The record of a model's plots, which are turned and scaled as principal components are."""
    arrays = {"points": points, "roles": roles}
    return Record(
        f"hidden_states/{model}/{item}", arrays, {"pieces": [f"w{n}" for n in range(len(roles))]}
    )


def layers_of(cloud: Cloud, roles: Floats, generator: Generator) -> Floats:
    """Clouds in every layer, each in a unit of its own, the question beside the context."""
    points = np.stack([cloud(generator, len(roles)) for _ in range(LAYERS)])
    away = generator.normal(size=(LAYERS, 1, 2))
    away *= 4 / np.linalg.norm(away, axis=-1, keepdims=True)
    return points + np.where((roles == 1)[None, :, None], away, 0)


def matching(cloud: Cloud, generator: Generator) -> Case:
    """In one block of layers the answer lies among the question's tokens, on every item."""
    block, records = int(generator.integers(4)), []
    for item in ITEMS:
        roles = roles_of(generator)
        points = layers_of(cloud, roles, generator)
        for layer in range(3 * block, 3 * block + 3):
            asked = points[layer, roles == 1]
            at = generator.integers(len(asked), size=int((roles == 3).sum()))
            points[layer, roles == 3] = asked[at] + 0.3 * generator.normal(size=(len(at), 2))
        scale = np.exp(generator.normal(size=(LAYERS, 1, 1)))
        records.append(plots(1, item, points * scale, roles))
    return Case(records, {"model": 1, "items": list(ITEMS)}, BLOCKS, one_of(4, block))


def outside(points: Floats, generator: Generator) -> Floats:
    """A place outside a cloud: one and a half to three times as far out as its outermost token."""
    middle = np.median(points, axis=0)
    far = float(np.linalg.norm(points - middle, axis=1).max())
    turn, times = generator.uniform(0, 2 * np.pi), generator.uniform(1.5, 3)
    place: Floats = middle + times * far * np.array([np.cos(turn), np.sin(turn)])
    return place


def wrong_items(cloud: Cloud, generator: Generator) -> Case:
    """In the last layer one or two neighbouring tokens stand apart, of the answer or not."""
    wrong, records = SETS[generator.integers(len(SETS))], []
    for item in ITEMS:
        roles = roles_of(generator)
        points = layers_of(cloud, roles, generator)
        drawn = points[-1, roles >= 2]
        chosen = np.flatnonzero(roles == (2 if item in wrong else 3))
        at = int(generator.integers(len(chosen)))
        place = outside(drawn, generator)
        for one in chosen[at : at + generator.integers(1, 3)]:
            points[-1, one] = place + 0.1 * generator.normal(size=2)
        records.append(plots(1, item, points, roles))
    claims = [{"items": items} for items in SETS if items]
    truth = [claim["items"] == wrong for claim in claims]
    return Case(records, {"model": 1, "items": list(ITEMS)}, claims, truth)


def fine_tuned(cloud: Cloud, generator: Generator) -> Case:
    """Three models on three items; tokens stand apart in the last layer of those that were tuned,
    twice as far out as the outermost token or more."""
    tuned, records = SETS[generator.integers(len(SETS))], []
    for model in (1, 2, 3):
        for item in ITEMS:
            roles = roles_of(generator)
            points = layers_of(cloud, roles, generator)
            if model in tuned:
                drawn = points[-1, roles >= 2]
                middle = np.median(drawn, axis=0)
                place = middle + 1.35 * (outside(drawn, generator) - middle)
                points[-1, np.flatnonzero(roles >= 2)[generator.integers(20)]] = place
            records.append(plots(model, item, points, roles))
    claims = [{"models": models} for models in SETS]
    truth = [claim["models"] == tuned for claim in claims]
    return Case(records, {"models": [1, 2, 3], "items": list(ITEMS)}, claims, truth)


def answer_apart(cloud: Cloud, generator: Generator) -> Case:
    """In one of four layers a token of the answer stands apart, on every item."""
    offered = (2, 5, 8, 11)
    which, records = int(generator.integers(4)), []
    for item in ITEMS:
        roles = roles_of(generator)
        points = layers_of(cloud, roles, generator)
        for layer in range(LAYERS):  # among the context everywhere else
            rest = points[layer, roles == 2]
            some = rest[generator.integers(len(rest), size=int((roles == 3).sum()))]
            points[layer, roles == 3] = some + 0.1 * generator.normal(size=some.shape)
        place = outside(points[offered[which] - 1, roles > 0], generator)
        points[offered[which] - 1, np.flatnonzero(roles == 3)[0]] = place
        records.append(plots(1, item, points, roles))
    claims = [{"layer": layer} for layer in offered]
    return Case(records, {"model": 1, "items": list(ITEMS)}, claims, one_of(4, which))


NAMES = [f"name{at}" for at in range(6)]


def word_groups(cloud: Cloud, shape: str, generator: Generator) -> Case:
    """In one block of layers the words of each of two groups lie together, in a lump or a chain."""
    block = int(generator.integers(4))
    pieces = ["[CLS]", *(f"q{at}" for at in range(6)), "[SEP]"]
    words = [*NAMES, *(f"w{at}" for at in range(40))]
    context = [words[at] for at in generator.permutation(len(words))]
    pieces += [*context, "[SEP]"]
    roles = np.array([0] + [1] * 6 + [0] + [2] * len(context) + [0])
    roles[20] = 3
    points = layers_of(cloud, roles, generator)
    for group in (NAMES[:3], NAMES[3:]):
        at = [pieces.index(name) for name in group]
        for layer in range(3 * block, 3 * block + 3):
            middle = 1.5 * generator.normal(size=2)
            line = np.outer(np.arange(3) - 1, generator.normal(size=2)) * 0.5
            spread = line if shape == "chain" else np.zeros((3, 2))
            points[layer, at] = middle + spread + 0.1 * generator.normal(size=(3, 2))
    record = Record("hidden_states/1/1", {"points": points, "roles": roles}, {"pieces": pieces})
    groups = [{"item": 1, "words": NAMES[:3]}, {"item": 1, "words": NAMES[3:]}]
    return Case([record], {"model": 1, "groups": groups}, BLOCKS, one_of(4, block))


for _name, _cloud in CLOUDS.items():
    for _rule, _made in (
        ("bert.hidden_states.matching_layers", matching),
        ("bert.hidden_states.wrong_items", wrong_items),
        ("bert.hidden_states.fine_tuned", fine_tuned),
        ("states.answer_apart", answer_apart),
    ):
        FAMILIES.add(_rule, _name)(partial(_made, _cloud))
    for _shape in ("lump", "chain"):
        FAMILIES.add("states.word_groups", f"{_name}, {_shape}")(
            partial(word_groups, _cloud, _shape)
        )
