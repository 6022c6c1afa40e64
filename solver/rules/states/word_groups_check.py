"""Cross-check of the layers that group words: each word's nearest partner."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from solver.evidence import Evidence
from solver.rules.bert.hidden_states import LayersClaim
from solver.rules.bert.state_plots import Floats
from solver.rules.registry import Decision, cross_check
from solver.rules.states.word_groups import GroupsSettings, cohesion_verdicts


@cross_check("states.word_groups")
def groups_by_nearest_partner(
    evidence: Evidence, settings: GroupsSettings, claims: Sequence[LayersClaim]
) -> Decision:
    """Nearness of each word's nearest partner in its group.

    A group may hang together as a chain, without all of it being in one place. So only a token's
    nearest partner counts: the share of the context outside the group that lies farther away, to
    the power of the partners (the best of so many; by chance .5). Mean over tokens, groups and the
    layers of an option; the option with the largest mean holds, if that is above chance.
    """
    return Decision(
        cohesion_verdicts(
            evidence,
            settings,
            claims,
            nearest_partner,
            unit="share of the context",
            what=("each word's nearest partner in {0}", "{0}中各詞最近的同組詞"),
        )
    )


def nearest_partner(inside: Floats, outside: Floats, partner: npt.NDArray[np.bool_]) -> float:
    """Return the mean nearness of each token's nearest partner: 1 nearest of all, .5 chance."""
    found = [
        # The nearest of n has a larger share of the context behind it by chance alone: to the power
        # of n it is even again.
        float((outside[at] > inside[at][partner[at]].min()).mean()) ** int(partner[at].sum())
        for at in range(len(inside))
    ]
    return float(np.mean(found))
