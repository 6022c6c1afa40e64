"""Encoders other than BERT against transformers called by hand, and their tokenizers."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

from solver.errors import BundleError
from solver.explain.bert.hidden_states import context_sentences, token_roles
from solver.models.bert import load_bert, load_tokenizer
from tests.solver.made_encoder import BUILDS, BYTES, write_encoder


@pytest.mark.parametrize("kind", sorted(BUILDS))
def test_an_encoder_gives_what_transformers_gives(tmp_path: Path, kind: str) -> None:
    theirs = write_encoder(tmp_path, kind)
    bert = load_bert(tmp_path)
    one = bert.tokenizer.encode("The geese asked her.")
    ids = torch.tensor([one.ids])
    with torch.no_grad():
        expected = theirs(input_ids=ids, output_hidden_states=True, output_attentions=True)
    assert bert.layers == 3
    states = bert.hidden_states([one])
    assert len(states) == 4
    for ours, own in zip(states, expected.hidden_states, strict=True):
        assert torch.allclose(ours, own, atol=1e-6)
    assert len(bert.hidden_states([one], 1)) == 2
    assert torch.allclose(bert.attentions(one), torch.cat(expected.attentions), atol=1e-6)
    assert torch.allclose(bert.predictions(one), expected.logits[0], atol=1e-6)
    # A batch in which one is padded gives what each gives alone.
    both = bert.hidden_states([one, bert.tokenizer.encode("The geese")])[-1]
    assert torch.allclose(both[0], states[-1][0], atol=1e-5)


def test_segments_are_told_where_a_kind_takes_them(tmp_path: Path) -> None:
    for kind, told in (("distilbert", False), ("roberta", False), ("electra", True)):
        write_encoder(tmp_path / kind, kind)
        bert = load_bert(tmp_path / kind)
        pair = bert.tokenizer.encode("The geese", "asked her")
        assert set(pair.segments) == {0, 1}
        assert ("token_type_ids" in bert.inputs([pair])) == told


def test_a_robertas_pieces_are_written_as_word_pieces(tmp_path: Path) -> None:
    write_encoder(tmp_path, "roberta")
    tokenizer = load_tokenizer(tmp_path)
    found = tokenizer.encode("The her.")
    assert found.pieces == ["<s>", "The", "her", ".", "</s>"]
    assert found.piece_of_character(4) == 2
    assert tokenizer.pieces[BYTES.index("he")] == "##he"
    assert (tokenizer.count_of("her"), tokenizer.count_of("The")) == (1, 2)
    words = tokenizer.encode_words(["her", "her"], 24)
    assert words.pieces == ["<s>", "her", "her", "</s>"]
    assert words.raw.word_ids() == [None, 0, 1, None]
    masked = tokenizer.encode("The <mask>.")
    assert masked.ids[2] == tokenizer.mask_id and len(masked.ids) == 5


def test_how_many_pieces_a_roberta_takes(tmp_path: Path) -> None:
    """Its positions are counted from the padding's id on."""
    write_encoder(tmp_path, "roberta")
    bert = load_bert(tmp_path)
    assert bert.longest == 22
    bert.hidden_states([bert.tokenizer.encode("h" * 20)])
    with pytest.raises(BundleError, match="a text has 23 pieces, and the model takes 22"):
        bert.hidden_states([bert.tokenizer.encode("h" * 21)])


@pytest.mark.parametrize(
    ("config", "says"),
    [
        ({"model_type": "t5"}, r"kind 't5', and bert, distilbert, roberta, electra are read"),
        ({"n_heads": 3}, "n_heads: hidden_size is no multiple"),
        ({"activation": "exec"}, "activation: is none of"),
        ({"dim": None}, "dim: must be a whole number"),
    ],
)
def test_a_config_that_does_not_fit_names_the_place(
    tmp_path: Path, config: dict[str, Any], says: str
) -> None:
    write_encoder(tmp_path, "distilbert")
    said = json.loads((tmp_path / "config.json").read_text("utf-8"))
    (tmp_path / "config.json").write_text(json.dumps({**said, **config}), "utf-8")
    with pytest.raises(BundleError, match=says):
        load_bert(tmp_path)


JAPANESE = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "果", "物", "の", "果物", "##物", "A"]


def japanese(folder: Path, **said: Any) -> Path:
    (folder / "vocab.txt").write_text("\n".join(JAPANESE), "utf-8")
    config = {"tokenizer_class": "BertJapaneseTokenizer", **said}
    (folder / "tokenizer_config.json").write_text(json.dumps(config), "utf-8")
    return folder


def test_a_japanese_bert_has_its_own_tokenizer(tmp_path: Path) -> None:
    """Words by blanks here, so that no word splitter need be installed; then characters."""
    folder = japanese(tmp_path, word_tokenizer_type="basic", subword_tokenizer_type="character")
    found = load_tokenizer(folder).encode("果物 の", "Ａ果")
    assert found.pieces == ["[CLS]", "果", "物", "の", "[SEP]", "A", "果", "[SEP]"]
    assert [found.piece_of_character(at) for at in range(4)] == [1, 2, None, 3]
    assert [found.piece_of_character(at, 1) for at in (0, 1)] == [5, 6]
    assert found.segments == [0] * 5 + [1] * 3
    whole = load_tokenizer(japanese(tmp_path, subword_tokenizer_type="wordpiece"))
    assert whole.encode("果物").pieces == ["[CLS]", "果物", "[SEP]"]
    assert whole.encode("果物").piece_of_character(1) == 1


def test_an_answer_and_words_are_found_where_no_blanks_part_words(tmp_path: Path) -> None:
    folder = japanese(tmp_path, word_tokenizer_type="basic", subword_tokenizer_type="character")
    item = SimpleNamespace(context="果の果物", answer="果物")
    encoding = load_tokenizer(folder).encode("果", item.context)
    roles = token_roles(SimpleNamespace(encoding=encoding, item=item))  # type: ignore[arg-type]
    assert roles.tolist() == [0, 1, 0, 2, 2, 3, 3, 0]
    numbers = context_sentences(["果", "。", "果"], np.array([2, 2, 2], np.int8))
    assert numbers.tolist() == [0, 0, 1]


def test_mecab_where_it_is_installed(tmp_path: Path) -> None:
    pytest.importorskip("fugashi")
    pytest.importorskip("ipadic")
    folder = japanese(tmp_path, word_tokenizer_type="mecab", mecab_kwargs={"mecab_dic": "ipadic"})
    found = load_tokenizer(folder).encode("果物の")
    assert found.pieces == ["[CLS]", "果物", "の", "[SEP]"]
    assert [found.piece_of_character(at) for at in range(3)] == [1, 1, 2]


@pytest.mark.parametrize(
    ("said", "says"),
    [
        ({"word_tokenizer_type": "sudachi"}, "word_tokenizer_type: asks for 'sudachi', and basic"),
        ({"subword_tokenizer_type": "sentencepiece"}, "asks for 'sentencepiece'"),
        ({"mecab_kwargs": {"mecab_option": "-r /etc/x"}}, "more of MeCab than a dictionary"),
        ({"do_subword_tokenize": False}, "asks to leave out a step"),
        ({"never_split": ["A"]}, "never_split: lists words"),
    ],
)
def test_what_a_japanese_tokenizer_asks_beyond_is_refused(
    tmp_path: Path, said: dict[str, Any], says: str
) -> None:
    with pytest.raises(BundleError, match=says):
        load_tokenizer(japanese(tmp_path, **said))


def test_a_word_splitter_that_is_not_installed_is_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "fugashi", None)
    folder = japanese(tmp_path, word_tokenizer_type="mecab", mecab_kwargs={"mecab_dic": "ipadic"})
    with pytest.raises(BundleError, match=r"MeCab with the dictionary ipadic, .*fugashi ipadic"):
        load_tokenizer(folder)
