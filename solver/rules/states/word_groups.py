"""Rule on the layers that bring named groups of words together.

Distances are measured on the plots of `solver.rules.bert.state_plots`, drawn by the kind of figure
``bert_scatter``. The cross-check, by nearest partners, is in
`solver.rules.states.word_groups_check`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Annotated

import numpy as np
import numpy.typing as npt
from pydantic import Field

from solver.errors import EvidenceError, MissingEvidence
from solver.evidence import Evidence
from solver.rules.bert.hidden_states import CHANCE, LayersClaim, checked_spans, layers_named
from solver.rules.bert.state_plots import ANSWER, CONTEXT, Floats, Plots, checked
from solver.rules.registry import Decision, Figure, Parameters, Verdict, rule
from solver.rules.verdicts import Pair, strongest
from solver.text.scripts import writes_without_blanks

Word = Annotated[str, Field(min_length=1)]


class WordGroup(Parameters):
    """Words of an item's context that belong together, by meaning or by the text's statements."""

    item: int = Field(ge=1, description="reading item, counted from 1")
    words: list[Word] = Field(
        min_length=2, description="words as they stand in the context, in any letter case"
    )


class GroupsSettings(Parameters):
    """The model, and the groups of words."""

    model: int = Field(ge=1, description="reading model, counted from 1")
    groups: list[WordGroup] = Field(min_length=1, description="groups of words")


def needs(settings: GroupsSettings) -> list[str]:
    """Return the ids of the records of a model on the items that have groups."""
    items = sorted({group.item for group in settings.groups})
    return [f"hidden_states/{settings.model}/{item}" for item in items]


@dataclass(frozen=True)
class Placed:
    """A group among the tokens of its context.

    Attributes:
        plots: the item's plots.
        members: places of the group's tokens.
        word: (members,), which of the group's words each is a token of.
        others: places of the context's other tokens.
    """

    plots: Plots
    members: npt.NDArray[np.intp]
    word: npt.NDArray[np.intp]
    others: npt.NDArray[np.intp]


@rule("states.word_groups", settings=GroupsSettings, claim=LayersClaim, needs=needs)
def word_groups(
    evidence: Evidence, settings: GroupsSettings, claims: Sequence[LayersClaim]
) -> Decision:
    """Nearness of the words of a group: how often one is nearer to another word of its group than
    to a token of the context outside it (chance .5), mean over the groups and the layers of an
    option. The option with the largest mean holds, if that is above chance. A word that stands in
    the text several times does not count as its own partner."""
    verdicts = cohesion_verdicts(
        evidence,
        settings,
        claims,
        nearer_share,
        unit="share of pairs",
        what=("words of a group lie nearer to one another in {0}", "{0}中同組的詞彼此較接近的比例"),
    )
    held = [claim for claim, one in zip(claims, verdicts, strict=True) if one.holds]
    figures = [
        Figure(
            "bert_scatter",
            {"record": name, "layers": [], "open": [(c.first + c.last) // 2 for c in held]},
            (f"Model {settings.model}", f"模型 {settings.model}"),
        )
        for name in needs(settings)
    ]
    return Decision(verdicts, figures)


def nearer_share(inside: Floats, outside: Floats, partner: npt.NDArray[np.bool_]) -> float:
    """Return how often a partner is nearer than an outsider.

    Args:
        inside: distances (members, members).
        outside: distances (members, others).
        partner: (members, members), which of them are of two words.
    """
    wins = [
        (inside[at][partner[at]][:, None] < outside[at][None]).mean()
        # A tie is half a win, so that chance is .5 on points that coincide as well.
        + 0.5 * (inside[at][partner[at]][:, None] == outside[at][None]).mean()
        for at in range(len(inside))
    ]
    return float(np.mean(wins))


Cohesion = Callable[[Floats, Floats, npt.NDArray[np.bool_]], float]


def cohesion_verdicts(
    evidence: Evidence,
    settings: GroupsSettings,
    claims: Sequence[LayersClaim],
    cohesion: Cohesion,
    *,
    unit: str,
    what: Pair,
) -> list[Verdict]:
    """Return the verdicts that one measure of a group's cohesion gives; chance is .5."""
    from scipy.spatial.distance import cdist

    plots = [checked(evidence[name]) for name in needs(settings)]
    every = {one.item: one for one in plots}
    groups = [placed(every[group.item], group.words) for group in settings.groups]
    means = []
    for span in checked_spans(list(every.values()), claims):
        found = []
        for one in groups:
            partner = one.word[:, None] != one.word[None]  # (members, members)
            for layer in span:
                points = one.plots.points[layer]
                mine = points[one.members]
                found.append(cohesion(cdist(mine, mine), cdist(mine, points[one.others]), partner))
        means.append(float(np.mean(found)))
    names: list[Pair] = [*map(layers_named, claims), ("chance", "隨機")]
    # Chance as one more rival: a group nearer by chance alone holds in no layers.
    return strongest([*means, CHANCE], names, unit=unit, what=what)[:-1]


def placed(plots: Plots, words: Sequence[str]) -> Placed:
    """Return the places of a group's words in the context.

    Raises:
        MissingEvidence: the pieces of the tokens were not kept, or another token is drawn in
            another layer.
        EvidenceError: a word is not in the context.
    """
    roles = plots.roles[0]
    if len(plots.pieces) != len(roles) or any((one != roles).any() for one in plots.roles):
        raise MissingEvidence(
            what=(
                f"item {plots.item}: 'pieces', one for each token",
                f"第 {plots.item} 題：每個 token 的 'pieces'",
            )
        )
    drawn = np.isin(roles, (CONTEXT, ANSWER))
    whole = _whole_words(plots.pieces)
    word_at: dict[int, int] = {}
    for at, word in enumerate(words):
        for places in _places_of(word.casefold(), whole):
            # In the context alone: a word may stand in the question too.
            if drawn[places].all():
                # The first word of a group keeps a token that two of its words have.
                word_at |= {place: at for place in places if place not in word_at}
    members = sorted(word_at)
    of = [word_at[place] for place in members]
    lacking = [word for at, word in enumerate(words) if at not in of]
    if lacking:
        raise EvidenceError(
            f"{lacking[0]!r} is not in the context of item {plots.item}",
            zh=f"第 {plots.item} 題的文章中沒有 {lacking[0]!r}",
        )
    others = np.setdiff1d(np.flatnonzero(drawn), members)
    if not len(others):
        raise EvidenceError(
            f"item {plots.item} has no token outside the group",
            zh=f"第 {plots.item} 題除了該組之外沒有其他 token",
        )
    return Placed(plots, np.array(members), np.array(of), others)


def _places_of(word: str, whole: Sequence[tuple[list[int], str]]) -> Iterator[list[int]]:
    """The places of a word; in a script without blanks it may be a run of several of the `whole`.

    >>> list(_places_of("手機", [([1], "買"), ([2], "手"), ([3], "機")]))
    [[2, 3]]
    """
    for begin, (places, text) in enumerate(whole):
        if text == word:
            yield places
        elif writes_without_blanks(word[0]):
            run: list[int] = []
            written = ""
            # Tokenizers cut Chinese into characters, and a word of the bank has several.
            for more, part in whole[begin:]:
                run, written = run + more, written + part
                if len(written) >= len(word):
                    break
            if written == word:
                yield run


def _whole_words(pieces: Sequence[str]) -> list[tuple[list[int], str]]:
    """The words that WordPiece pieces make up, in one letter case, each with its places."""
    found: list[tuple[list[int], str]] = []
    for at, piece in enumerate(pieces):
        if piece.startswith("##") and found:
            places, word = found[-1]
            found[-1] = ([*places, at], word + piece[2:].casefold())
        else:
            found.append(([at], piece.casefold()))
    return found
