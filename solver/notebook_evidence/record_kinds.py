"""Kinds of records that notebooks show, and those that none shows."""

from __future__ import annotations

from collections.abc import Iterable

PROCEDURE_KINDS = (
    "lime_known_model",
    "saliency_derivative",
    "smoothgrad_trace",
    "module",
    "filter_trace",
    "lime_watched",
    "saliency_watched",
    "smoothgrad_watched",
    "integrated_gradients_watched",
    "integrated_path",
    "embedding_trials",
)
"""Kinds of records on how a method works, which are the same for every network of the build."""
NEVER = ("attention", "masked_words", "corpus_search")
"""Kinds that no notebook of the course shows: they were looked up on a page of their own."""


def never_shown(records: Iterable[str]) -> list[str]:
    """Return the kinds among records' ids that no notebook shows, sorted.

    Example:
        >>> never_shown(["attention", "saliency/2"])
        ['attention']
    """
    return sorted({name.split("/")[0] for name in records} & set(NEVER))
