"""Names that rules had before they were named by their module.

A bank of another hand and a key of an earlier version may still hold them. They are read for one
edition of the bank, with a remark by ``hw9 bank check``; then this module goes.
"""

from __future__ import annotations

_FORMER = {
    "lime.overlay.sign_in_region": "lime.overlay.sign_in_region",
    "lime.overlay.signs_along_contour": "lime.overlay.signs_along_contour",
    "lime.overlay.colour_meaning": "lime.overlay.colour_meaning",
    "gradients.saliency.derivative": "gradients.saliency.derivative",
    "gradients.saliency.normalization": "gradients.saliency.normalization",
    "gradients.smoothgrad.procedure": "gradients.smoothgrad.procedure",
    "gradients.smoothgrad.unnormalized": "gradients.smoothgrad.unnormalized",
    "gradients.integrated_gradients.path": "gradients.integrated_gradients.path",
    "gradients.integrated_gradients.more_steps": "gradients.integrated_gradients.more_steps",
    "shapes.solid": "shapes.solid",
    "shapes.handle": "shapes.handle",
    "maps.brightest_region": "maps.brightest_region",
    "maps.brightest_region.clear_place": "maps.brightest_region.clear_place",
    "maps.agreement": "maps.agreement",
    "filters.layer_type": "filters.layer_type",
    "filters.activation_depth": "filters.activation_depth",
    "filters.visualization": "filters.visualization",
    "bert.attention.where_a_head_looks": "bert.attention.where_a_head_looks",
    "bert.attention.coreference": "bert.attention.coreference",
    "bert.masked_lm": "bert.masked_lm",
    "bert.corpus_search": "bert.corpus_search",
    "bert.hidden_states.matching_layers": "bert.hidden_states.matching_layers",
    "bert.hidden_states.wrong_items": "bert.hidden_states.wrong_items",
    "bert.hidden_states.fine_tuned": "bert.hidden_states.fine_tuned",
    "bert.embeddings.curve_over_layers": "bert.embeddings.curve_over_layers",
    "bert.embeddings.layer0_independent": "bert.embeddings.layer0_independent",
    "bert.similarity_image": "bert.similarity_image",
}
"""By former name: the name today."""


def current_name(name: str) -> str:
    """Return the name of a rule today, of a former name or of any other.

    >>> current_name("shapes.handle"), current_name("shapes.handle")
    ('shapes.handle', 'shapes.handle')
    """
    return _FORMER.get(name, name)


def former_names() -> tuple[str, ...]:
    """Return every former name."""
    return tuple(_FORMER)
