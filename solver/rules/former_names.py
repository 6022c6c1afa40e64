"""Former names of rules, from before they were named by their module.

Another bank and a key of an earlier version may still hold them. They are read for one edition of
the bank, with a remark by ``hw9 bank check``; then this module goes.
"""

from __future__ import annotations

FORMER = {
    "lime.sign_in_region": "lime.overlay.sign_in_region",
    "lime.signs_along_contour": "lime.overlay.signs_along_contour",
    "lime.colour_meaning": "lime.overlay.colour_meaning",
    "saliency.derivative": "gradients.saliency.derivative",
    "saliency.normalization": "gradients.saliency.normalization",
    "smoothgrad.procedure": "gradients.smoothgrad.procedure",
    "smoothgrad.unnormalized": "gradients.smoothgrad.unnormalized",
    "integrated.path": "gradients.integrated_gradients.path",
    "integrated.more_steps": "gradients.integrated_gradients.more_steps",
    "map.solid": "shapes.solid",
    "map.handle_side": "shapes.handle",
    "map.brightest_region": "maps.brightest_region",
    "map.clear_place": "maps.brightest_region.clear_place",
    "map.compare": "maps.agreement",
    "network.module": "filters.layer_type",
    "activation.with_depth": "filters.activation_depth",
    "filters.section": "filters.visualization",
    "attention.where_a_head_looks": "bert.attention.where_a_head_looks",
    "attention.coreference": "bert.attention.coreference",
    "masked_words.word_and_fall": "bert.masked_lm",
    "corpus_search.first_layer_of_own_kind": "bert.corpus_search",
    "hidden_states.matching_layers": "bert.hidden_states.matching_layers",
    "hidden_states.wrong_items": "bert.hidden_states.wrong_items",
    "hidden_states.fine_tuned": "bert.hidden_states.fine_tuned",
    "embeddings.curve_over_layers": "bert.embeddings.curve_over_layers",
    "embeddings.layer0_independent": "bert.embeddings.layer0_independent",
    "embeddings.slide_picture": "bert.similarity_image",
}
"""By former name: the name today."""


def current_name(name: str) -> str:
    """Return today's name of a rule, given a former name or any other.

    >>> current_name("map.handle_side"), current_name("shapes.handle")
    ('shapes.handle', 'shapes.handle')
    """
    return FORMER.get(name, name)
