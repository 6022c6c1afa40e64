"""A BERT's folder read file by file: what stands in it is held against what a BERT can be."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import BertConfig, BertForMaskedLM

from solver.errors import BundleError
from solver.models.bert import load_bert, load_tokenizer, model_hashes

PIECES = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "The", "geese", "##s", "asked", "蘋", "果"]
BUILD = {
    "vocab_size": len(PIECES), "hidden_size": 8, "num_hidden_layers": 2, "num_attention_heads": 2,
    "intermediate_size": 12, "max_position_embeddings": 16, "type_vocab_size": 2,
}  # fmt: skip


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    torch.manual_seed(0)
    model = BertForMaskedLM(BertConfig(**BUILD))
    save_file({name: each.clone() for name, each in model.state_dict().items()},
              tmp_path / "model.safetensors")  # fmt: skip
    (tmp_path / "config.json").write_text(json.dumps({"model_type": "bert", **BUILD}), "utf-8")
    (tmp_path / "vocab.txt").write_text("\n".join(PIECES) + "\n", "utf-8")
    (tmp_path / "tokenizer_config.json").write_text('{"do_lower_case": false}', "utf-8")
    return tmp_path


def edit(folder: Path, name: str, **said: Any) -> None:
    path = folder / name
    before = json.loads(path.read_text("utf-8")) if path.exists() else {}
    path.write_text(json.dumps({**before, **said}), "utf-8")


def whole_tokenizer(**changes: Any) -> dict[str, Any]:
    said = {
        "normalizer": {"type": "BertNormalizer", "lowercase": False, "strip_accents": None,
                       "handle_chinese_chars": True},
        "pre_tokenizer": {"type": "BertPreTokenizer"},
        "model": {"type": "WordPiece", "vocab": {each: n for n, each in enumerate(PIECES)}},
    }  # fmt: skip
    return {**said, **changes}


def ids(folder: Path) -> list[int]:
    return load_tokenizer(folder).encode("The geeses asked 蘋果 x", "The").ids


@pytest.mark.parametrize(
    ("said", "place"),
    [
        ({"model_type": "gpt2"}, "gpt2"),
        ({"is_decoder": True}, "is_decoder"),
        ({"quantization_config": {"quant_method": "gptq"}}, "quantization_config"),
        ({"position_embedding_type": "relative_key"}, "position_embedding_type"),
        ({"num_hidden_layers": 10**7}, "num_hidden_layers"),
        ({"num_attention_heads": 3}, "num_attention_heads"),
        ({"hidden_size": True}, "hidden_size"),
        ({"hidden_act": "exec"}, "hidden_act"),
        ({"layer_norm_eps": -1}, "layer_norm_eps"),
        ({"vocab_size": 1 << 20}, "asks for"),
    ],
)
def test_a_config_that_is_no_berts_names_the_place(
    folder: Path, said: dict[str, Any], place: str
) -> None:
    edit(folder, "config.json", **said)
    with pytest.raises(BundleError, match=place):
        load_bert(folder)


def test_nothing_in_the_folder_says_what_else_is_loaded(folder: Path) -> None:
    plain = load_bert(folder).model.state_dict()
    edit(folder, "config.json", transformers_weights="other.safetensors", dtype="float16",
         auto_map={"AutoModel": "evil.Evil"}, attn_implementation="someone/kernel")  # fmt: skip
    edit(folder, "adapter_config.json", base_model_name_or_path="someone/else")
    edit(folder, "tokenizer_config.json", auto_map={"AutoTokenizer": ["evil.Evil", None]},
         model_max_length=1)  # fmt: skip
    (folder / "evil.py").write_text("raise SystemExit('run')", "utf-8")
    found = load_bert(folder)
    assert all(torch.equal(plain[name], each) for name, each in found.model.state_dict().items())
    assert len(found.tokenizer.encode("The geese asked").ids) == 5


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_weights_that_are_no_numbers_are_named(folder: Path, value: float) -> None:
    path = folder / "model.safetensors"
    state = load_file(path)
    state["bert.embeddings.word_embeddings.weight"][3, 3] = value
    save_file(state, path)
    with pytest.raises(BundleError, match=r"word_embeddings\.weight' holds NaN or infinity"):
        load_bert(folder)


def test_finite_weights_that_make_no_numbers_are_told(folder: Path) -> None:
    path = folder / "model.safetensors"
    state = load_file(path)
    state["bert.embeddings.LayerNorm.weight"].fill_(1e38)
    save_file(state, path)
    bert = load_bert(folder)
    with pytest.raises(BundleError, match="NaN or infinity on a text"):
        bert.attentions(bert.tokenizer.encode("The geese"))


def as_pickle(folder: Path, state: Any) -> None:
    (folder / "model.safetensors").unlink()
    torch.save(state, folder / "pytorch_model.bin")


def test_an_old_folder_gives_the_same_model(folder: Path) -> None:
    before = load_bert(folder).model.state_dict()
    as_pickle(folder, load_file(folder / "model.safetensors"))
    after = load_bert(folder).model.state_dict()
    assert all(torch.equal(before[name], after[name]) for name in before)


class Trap:
    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return (open, (str(self.path), "w"))


def test_a_pickle_of_weights_runs_nothing(folder: Path, tmp_path: Path) -> None:
    as_pickle(folder, {"bert.embeddings.word_embeddings.weight": Trap(tmp_path / "ran")})
    with pytest.raises(BundleError, match=r"pytorch_model\.bin: cannot be read"):
        load_bert(folder)
    assert not (tmp_path / "ran").exists()


def test_a_tensor_stretched_over_nothing_is_refused(folder: Path) -> None:
    state = load_file(folder / "model.safetensors")
    state["cls.predictions.bias"] = torch.zeros(1).expand(10**9)
    as_pickle(folder, state)
    with pytest.raises(BundleError, match="claims more values than the file holds"):
        load_bert(folder)


def test_a_vocabulary_is_the_same_however_its_lines_end(folder: Path) -> None:
    before = ids(folder)
    for ends in ("\r\n", "\n\n"):
        text = "\r\n".join(PIECES) + ends if ends == "\r\n" else "\n".join(PIECES) + ends
        (folder / "vocab.txt").write_bytes(b"\xef\xbb\xbf" + text.encode())
        assert ids(folder) == before


def test_a_tokenizer_json_alone_or_beside_gives_the_same(folder: Path) -> None:
    before = ids(folder)
    edit(folder, "tokenizer.json", **whole_tokenizer(truncation={"max_length": 2}))
    assert ids(folder) == before
    (folder / "vocab.txt").unlink()
    (folder / "tokenizer_config.json").unlink()
    assert ids(folder) == before


def vocabulary(text: str) -> Callable[[Path], object]:
    return lambda folder: (folder / "vocab.txt").write_text(text, "utf-8")


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (vocabulary("\n".join([*PIECES, "The"])), r"vocab\.txt, line 12: the piece 'The' stands"),
        (vocabulary("\n".join(PIECES[1:])), "pad_token is no one piece"),
        (vocabulary(""), "holds no piece"),
        (lambda f: edit(f, "tokenizer.json", **whole_tokenizer(model={
            "type": "WordPiece", "vocab": {"[PAD]": 0}})), r"other pieces than vocab\.txt"),
        (lambda f: edit(f, "tokenizer.json", **whole_tokenizer(model={"type": "BPE"})), "another"),
        (lambda f: edit(f, "tokenizer_config.json", mask_token="<mask>"), "mask_token is no one"),
        (lambda f: edit(f, "special_tokens_map.json", mask_token="geese",
                        cls_token="geese"), "two of its special pieces"),
        (lambda f: edit(f, "tokenizer_config.json", do_lower_case="no"), "do_lower_case"),
        (lambda f: edit(f, "added_tokens.json", geese2=11), "added to the vocabulary"),
        (lambda f: edit(f, "tokenizer_config.json", do_basic_tokenize=False),
         r"tokenizer_config\.json, do_basic_tokenize: asks to leave out a step"),
        (lambda f: edit(f, "tokenizer_config.json", never_split=["geese"]), "never_split"),
        (lambda f: edit(f, "tokenizer_config.json", subword_tokenizer_type="character"),
         "asks for 'character'"),
        (lambda f: edit(f, "tokenizer_config.json", tokenizer_class="Evil"), "'Evil'"),
        (lambda f: edit(f, "tokenizer_config.json", tokenizer_class="TokenizersBackend"),
         "'TokenizersBackend'"),
        (lambda f: edit(f, "tokenizer_config.json", tokenizer_class=["BertTokenizer"]),
         "tokenizer_class"),
    ],
)  # fmt: skip
def test_a_tokenizer_that_would_split_otherwise_is_refused(
    folder: Path, change: Callable[[Path], object], says: str
) -> None:
    change(folder)
    with pytest.raises(BundleError, match=says):
        load_tokenizer(folder)


@pytest.mark.parametrize("kind", ["BertTokenizer", "DistilBertTokenizerFast", "TokenizersBackend"])
def test_tokenizers_that_cut_as_berts_does_are_taken(folder: Path, kind: str) -> None:
    before = ids(folder)
    edit(folder, "tokenizer.json", **whole_tokenizer())
    edit(folder, "tokenizer_config.json", tokenizer_class=kind, do_basic_tokenize=True,
         never_split=None)  # fmt: skip
    assert ids(folder) == before


def test_every_file_that_is_read_is_hashed(folder: Path) -> None:
    edit(folder, "tokenizer.json", **whole_tokenizer())
    names = {"config.json", "model.safetensors", "vocab.txt", "tokenizer.json",
             "tokenizer_config.json"}  # fmt: skip
    before = model_hashes(folder)
    assert set(before) == names
    edit(folder, "tokenizer.json", **whole_tokenizer(version="2"))
    assert model_hashes(folder) != before
