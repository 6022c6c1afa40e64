"""The BERT part of a bundle: files read as they are, and errors that say which one is wrong."""

from __future__ import annotations

import re
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import yaml

from solver.bundle.bert_materials import BertMaterials, load_materials, load_states
from solver.bundle.bundle import load_bundle
from solver.errors import BundleError
from solver.explain.bert.embeddings import check_chinese
from solver.files.resources import data_folder
from solver.models.bert import load_bert, load_tokenizer

DEMO = data_folder("demo")


@pytest.fixture(scope="module")
def demo() -> BertMaterials:
    return load_materials(DEMO)


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    """The demo's BERT part, without the Chinese model, to be spoilt."""
    for name in ("bert.yaml", "corpus.tsv", "similarity_slide.png"):
        shutil.copy(DEMO / name, tmp_path / name)
    shutil.copytree(DEMO / "hw9_bert", tmp_path / "hw9_bert")
    shutil.copytree(DEMO / "bert-base-cased", tmp_path / "bert-base-cased")
    return tmp_path


def change(folder: Path, edit: Callable[[dict[str, Any]], None]) -> None:
    path = folder / "bert.yaml"
    data = yaml.safe_load(path.read_text("utf-8"))
    edit(data)
    path.write_text(yaml.safe_dump(data, allow_unicode=True), "utf-8")


def test_every_reading_is_as_long_as_its_tokens(demo: BertMaterials) -> None:
    for model in demo.file.reading.models:
        for item in range(1, len(demo.file.reading.items) + 1):
            reading = demo.reading(model, item)
            assert reading.states.shape[:2] == (13, len(reading.encoding.ids))
            assert reading.encoding.special[0] and reading.encoding.special[-1]


def test_the_first_tokenizer_is_cased_and_the_others_are_not(demo: BertMaterials) -> None:
    cased, *uncased = (demo.tokenizer(model).encode("In Norland").pieces for model in (1, 2, 3))
    assert cased[1] == "In"
    assert all(pieces[1] == "in" for pieces in uncased)


def test_attention_is_there_for_every_layer_and_sums_to_one(demo: BertMaterials) -> None:
    bert = demo.english
    weights = bert.attentions(bert.tokenizer.encode(demo.file.attention.sentence))
    assert weights.shape[0] == bert.layers
    assert torch.allclose(weights.sum(-1), torch.ones(()), atol=1e-5)


def test_a_batch_of_sentences_equals_one_at_a_time(demo: BertMaterials) -> None:
    bert = demo.english
    texts = [bert.tokenizer.encode(text) for text in ("The king met her.", "The king is old .")]
    texts.append(bert.tokenizer.encode("The students visited the professor and asked her ."))
    together = bert.hidden_states(texts)
    for row, one in enumerate(texts):
        alone = bert.hidden_states([one])
        for a, b in zip(together, alone, strict=True):
            assert torch.allclose(a[row, : len(one.ids)], b[0], atol=1e-5)


@pytest.mark.parametrize("layers", [0, 1, 2])
def test_a_pass_cut_after_some_layers_gives_their_states(demo: BertMaterials, layers: int) -> None:
    bert = demo.english
    texts = [bert.tokenizer.encode(text) for text in ("the cat sat .", "a", "the dog . the cat")]
    whole = bert.hidden_states(texts)
    cut = bert.hidden_states(texts, layers)
    assert len(cut) == layers + 1 < len(whole)
    for row, one in enumerate(texts):  # what stands for padding is nobody's
        for a, b in zip(cut, whole, strict=False):
            torch.testing.assert_close(a[row, : len(one.ids)], b[row, : len(one.ids)])
    assert len(bert.attentions(texts[0])) == bert.layers  # the model is as it was


@pytest.mark.parametrize("new_format", [True, False])
def test_hidden_states_of_either_torch_format_load(tmp_path: Path, new_format: bool) -> None:
    states = tuple(torch.randn(1, 7, 4) for _ in range(13))
    path = tmp_path / "model1_q1"
    torch.save(states, path, _use_new_zipfile_serialization=new_format)
    loaded = load_states(path, 7)
    assert loaded.shape == (13, 7, 4)
    assert np.array_equal(loaded[3], states[3][0].numpy())


class Trap:
    """What a file must not be able to run."""

    ran = False

    def __reduce__(self) -> tuple[Any, tuple[str]]:
        return (_spring, ("x",))


def _spring(_: str) -> None:
    Trap.ran = True


def test_a_file_of_hidden_states_runs_nothing(tmp_path: Path) -> None:
    path = tmp_path / "model1_q1"
    torch.save((Trap(),), path)
    with pytest.raises(BundleError, match="model1_q1"):
        load_states(path, 7)
    assert not Trap.ran


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (torch.zeros(1, 7, 4), "not a tuple"),
        ((torch.zeros(1, 7, 4), torch.zeros(1, 8, 4)), "one a layer"),
        ((torch.zeros(1, 8, 4), torch.zeros(1, 8, 4)), "holds 8 tokens, and the tokenizer makes 7"),
        ((torch.zeros(1, 7, 4), torch.full((1, 7, 4), torch.nan)), "NaN"),
        (("a", "b"), "not a tuple of tensors"),
    ],
)
def test_hidden_states_that_do_not_fit_are_named(
    tmp_path: Path, content: object, message: str
) -> None:
    path = tmp_path / "model1_q1"
    torch.save(content, path)
    with pytest.raises(BundleError, match=message):
        load_states(path, 7)


def test_bytes_that_are_no_tensors_are_named(tmp_path: Path) -> None:
    path = tmp_path / "model1_q1"
    for content in (b"", b"PK\x03\x04", b"hello", b"\x80\x02."):
        path.write_bytes(content)
        with pytest.raises(BundleError, match="model1_q1"):
            load_states(path, 7)


def test_an_item_that_is_not_what_the_model_read_is_said_so(copied: Path) -> None:
    change(copied, lambda data: data["reading"]["items"][0].update(question="What?"))
    with pytest.raises(BundleError, match="as the model got it"):
        load_materials(copied).reading(1, 1)


def test_an_index_that_is_not_the_word_is_refused(copied: Path) -> None:
    change(copied, lambda data: data["embeddings"]["sentences"][3].update(at=1))
    with pytest.raises(BundleError, match=r"sentence 4 does not have '蘋果' at character 1"):
        load_materials(copied)


PARTS = ["english", "chinese", "masked", "corpus", "reading", "embeddings", "slide"]


@pytest.mark.parametrize("part", PARTS)
def test_a_part_that_is_left_out_leaves_the_others(copied: Path, part: str) -> None:
    change(copied, lambda data: data.pop(part))
    materials = load_materials(copied)
    assert part not in " ".join(materials.hashes) or part in ("english", "masked", "reading")
    own = {"reading": "reading_part"}.get(part, part)
    with pytest.raises(BundleError, match=rf"bert\.yaml: has no part '{part}', which this"):
        getattr(materials, own)
    if part != "reading":
        assert materials.reading(1, 1).item.answer
    if part != "masked":
        assert materials.masked.word


def test_bert_yaml_without_parts_stops_no_question_on_pictures(copied: Path) -> None:
    (copied / "bert.yaml").write_text("format: hw9-bert/1\n", "utf-8")
    assert list(load_materials(copied).hashes) == ["bert.yaml"]
    shutil.copytree(DEMO / "food", copied / "food")
    assert "bert.yaml" in load_bundle(copied).files


def test_hidden_words_need_the_sentence(copied: Path) -> None:
    change(copied, lambda data: data.pop("attention"))
    with pytest.raises(BundleError, match="'masked' hides words of the sentence that 'attention'"):
        load_materials(copied)


def test_one_reading_model_lies_where_the_file_says(copied: Path) -> None:
    def edit(data: dict[str, Any]) -> None:
        data["reading"] |= {"models": [1], "tokenizer": "Tokenizer"}
        data["reading"] |= {"states": "output/model_q{item}"}

    change(copied, edit)
    folder = copied / "hw9_bert"
    (folder / "tokenizer1").rename(folder / "Tokenizer")
    for item in (1, 2, 3):
        (folder / "output" / f"model1_q{item}").rename(folder / "output" / f"model_q{item}")
    found, before = load_materials(copied).reading(1, 2), load_materials(DEMO).reading(1, 2)
    assert np.array_equal(found.states, before.states)
    change(copied, lambda data: data["reading"].update(states="output/model"))
    with pytest.raises(BundleError, match=r"has no \{item\}, and there are several items"):
        load_materials(copied)


def test_a_word_that_is_not_chinese_is_not_filled_up_with_chinese() -> None:
    check_chinese("蘋果")
    for word in ("apple", "蘋 果", "りんご"):
        with pytest.raises(BundleError, match="characters that are not Chinese"):
            check_chinese(word)


def test_a_word_out_of_the_sentence_is_refused(copied: Path) -> None:
    change(copied, lambda data: data["masked"].update(word="yonder"))
    with pytest.raises(BundleError, match="'yonder' is not in the sentence"):
        load_materials(copied)


def test_without_folder_and_network_both_ways_out_are_named(
    copied: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    begun = time.monotonic()
    with pytest.raises(BundleError) as found:
        _ = load_materials(copied).chinese
    assert time.monotonic() - begun < 10
    assert "name it in bert.yaml" in str(found.value)
    assert "the network is there" in str(found.value)
    assert "\n" not in str(found.value)


def test_a_folder_without_weights_is_named(copied: Path) -> None:
    (copied / "bert-base-cased" / "model.safetensors").unlink()
    with pytest.raises(BundleError, match="holds no weights"):
        _ = load_materials(copied).english


def test_weights_that_are_cut_short_are_named(copied: Path) -> None:
    path = copied / "bert-base-cased" / "model.safetensors"
    path.write_bytes(path.read_bytes()[:1000])
    with pytest.raises(BundleError, match="bert-base-cased"):
        load_bert(copied / "bert-base-cased")


def test_a_tokenizer_without_vocabulary_is_named(copied: Path) -> None:
    (copied / "hw9_bert" / "tokenizer2" / "vocab.txt").unlink()
    with pytest.raises(BundleError, match=r"tokenizer2: holds no vocab\.txt"):
        load_tokenizer(copied / "hw9_bert" / "tokenizer2")


def test_hashes_name_every_file(demo: BertMaterials) -> None:
    names = set(demo.hashes)
    assert {"bert.yaml", "corpus.tsv", "similarity_slide.png"} <= names
    assert "bert-base-cased/model.safetensors" in names
    assert sum(name.startswith("hw9_bert/output/") for name in names) == 9


def test_a_bundle_without_bert_yaml_says_what_needs_it(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match="questions on BERT need it"):
        load_materials(tmp_path)


def test_hidden_states_stretched_over_nothing_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "model1_q1"
    torch.save(tuple(torch.zeros(1).expand(1, 7, 10**9) for _ in range(13)), path)
    assert path.stat().st_size < 1 << 16
    with pytest.raises(BundleError, match="other tensors than hidden states are"):
        load_states(path, 7)


def test_damaged_hidden_states_of_the_old_format_are_named(tmp_path: Path) -> None:
    path = tmp_path / "model1_q1"
    states = tuple(torch.randn(1, 7, 8) for _ in range(13))
    torch.save(states, path, _use_new_zipfile_serialization=False)
    raw = path.read_bytes()
    last = [found.start() for found in re.finditer(rb"[0-9]{9,}", raw)][-1]
    path.write_bytes(raw[:last] + b"x" + raw[last + 1 :])  # a storage that nothing names
    with pytest.raises(BundleError, match="cannot be read as saved tensors"):
        load_states(path, 7)
