"""A BERT's folder: config, weights, vocabulary, tokenizer settings; looked at and predicted with.

An input begins with ``kind of folder|file|``; the other files of the folder are whole.
"""

from __future__ import annotations

import json
import os
import random
from pathlib import Path
from typing import Any

import numpy as np
import torch
import yaml
from safetensors.torch import save
from transformers import BertConfig, BertForMaskedLM

from solver.bundle.bundle import Bundle
from solver.errors import Hw9Error
from solver.explain.job import ExplainSettings, Job
from solver.explain.registry import explanation_for
from solver.files.resources import data_folder
from solver.models.bert import load_tokenizer
from tests.fuzz.format import Format, Mutant
from tests.fuzz.inputs.torch_formats import Runs, _other_pickle, odd_tensor, saved
from tests.fuzz.mutations import zip_mutations as zips
from tests.fuzz.mutations.bert_file_mutations import (
    as_json,
    changed_config,
    changed_header,
    changed_materials,
    changed_tokenizer,
    changed_vocabulary,
)
from tests.fuzz.mutations.byte_mutations import damaged

SENTENCE = "The students visited the professor and asked her ."
OTHERS = ["him", "##s", "student", "蘋", "果", "é"]
PIECES = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *SENTENCE.split(), *OTHERS]
BUILD = {
    "vocab_size": len(PIECES), "hidden_size": 8, "num_hidden_layers": 2, "num_attention_heads": 2,
    "intermediate_size": 12, "max_position_embeddings": 40, "type_vocab_size": 2,
}  # fmt: skip


class BertFolders(Format):
    """One file of a folder replaced."""

    name = "BERT folder"
    share = 7

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        os.environ["HF_HUB_OFFLINE"] = "1"  # what is no folder is not to be asked for
        torch.manual_seed(0)
        config = BertConfig(**BUILD)
        model = BertForMaskedLM(config).eval()
        self.state = {name: value.clone() for name, value in model.state_dict().items()}
        self.witness = folder / "was-run"
        self.wholes: dict[tuple[str, str], bytes] = {}
        for kind in ("plain", "old", "whole"):
            self._begin(kind, config)
        self.places = sorted(self.wholes)
        self.seeds = [f"{kind}|{file}|".encode() + self.wholes[kind, file]
                      for kind, file in self.places]  # fmt: skip

    def _begin(self, kind: str, config: BertConfig) -> None:
        """Write a folder: safetensors and vocab.txt, a pickle, or one with tokenizer.json."""
        place = self.folder / kind / "model"
        place.mkdir(parents=True)
        said = json.loads((data_folder("demo") / "bert-base-cased" / "config.json").read_text())
        files = {
            "config.json": as_json({**said, **BUILD}),
            "tokenizer_config.json": as_json({"do_lower_case": False, "mask_token": "[MASK]"}),
        }
        weights = save(self.state) if kind != "old" else saved(self.state)
        files["pytorch_model.bin" if kind == "old" else "model.safetensors"] = weights
        if kind == "whole":
            files["tokenizer.json"] = as_json(TOKENIZER)
        else:
            files["vocab.txt"] = "".join(f"{piece}\n" for piece in PIECES).encode()
            files["special_tokens_map.json"] = as_json({"unk_token": {"content": "[UNK]"}})
        for name, data in files.items():
            (place / name).write_bytes(data)
            self.wholes[kind, name] = data
        demo = yaml.load((data_folder("demo") / "bert.yaml").read_bytes(), yaml.CSafeLoader)
        demo["english"] = demo["chinese"] = "model"
        demo["attention"] = {"sentence": SENTENCE, "links": [{"from": "her", "to": "professor"}]}
        beside = {"bert.yaml": yaml.safe_dump(demo, sort_keys=False).encode(), "corpus.tsv": CORPUS}
        for name, data in beside.items():
            (self.folder / kind / name).write_bytes(data)
            if kind == "plain":
                self.wholes[kind, name] = data

    def mutant(self, rng: random.Random) -> Mutant:
        weighed = [one for one in self.places for _ in range(4 if one[1] in WEIGHTY else 2)]
        place = rng.choice(weighed)
        seed, whole = self.places.index(place), self.wholes[place]
        file = place[1]
        expect: Any = "any"
        if file == "bert.yaml":
            data, how = changed_materials(whole, rng)
        elif file == "corpus.tsv" or rng.random() < 0.2:
            data, how = damaged(whole, rng)
        elif file == "model.safetensors":
            data, how, expect = self._safetensors(whole, rng)
        elif file == "pytorch_model.bin":
            data, how, expect = self._pickled(whole, rng)
        elif file == "vocab.txt":
            data, how, expect = changed_vocabulary(whole, rng)
        elif file == "config.json":
            data, how, expect = changed_config(json.loads(whole), rng)
        else:
            data, how, expect = changed_tokenizer(json.loads(whole), rng, place)
        head = "|".join(place)
        return Mutant(f"{head}|".encode() + data, f"{head}: {how}", expect, seed)

    def _safetensors(self, whole: bytes, rng: random.Random) -> tuple[bytes, str, Any]:
        kind = rng.random()
        if kind < 0.12:
            names = rng.sample(sorted(self.state), len(self.state))
            data = save({name: self.state[name] for name in names}, {"format": "pt"})
            return data, "saved anew", "same"
        if kind < 0.45:
            changed, how, expect = self._odd_state(rng)
            try:
                return save(changed), how, expect
            except (ValueError, RuntimeError, TypeError, KeyError):
                return whole, "cannot be saved so", "same"
        return *changed_header(whole, rng), "any"

    def _pickled(self, whole: bytes, rng: random.Random) -> tuple[bytes, str, Any]:
        kind = rng.random()
        if kind < 0.10:
            return saved(dict(self.state), old=rng.random() < 0.5), "saved anew", "same"
        if kind < 0.45:
            changed, how, expect = self._odd_state(rng)
            return saved(changed, old=rng.random() < 0.3), how, expect
        if kind < 0.60:
            code = rng.choice(
                [Runs(open, str(self.witness), "w"), Runs(torch.save, 1, str(self.witness))]
            )
            value = rng.choice([code, {"bert.embeddings.word_embeddings.weight": code}])
            return saved(value, old=rng.random() < 0.5), "code", "refused"
        if kind < 0.80:
            return *_other_pickle(whole, rng), "any"
        return *zips.other_headers(whole, rng), "any"

    def _odd_state(self, rng: random.Random) -> tuple[dict[str, Any], str, Any]:
        state: dict[str, Any] = dict(self.state)
        name = rng.choice(sorted(state))
        how = rng.choice(["out", "more", "renamed", "double", *["tensor"] * 6])
        if how == "out":
            del state[name]
            # The words' own stand twice: the masked-LM head's are the same.
            if name.startswith("bert.embeddings.") and "word" not in name:
                return state, f"{name} out", "refused"
        elif how == "more":
            state["bert.pooler.dense.weight"] = torch.zeros(8, 8)
            return state, how, "same"
        elif how == "renamed":
            state["module." + name] = state.pop(name)
        elif how == "double":
            return {key: value.double() for key, value in state.items()}, how, "same"
        else:
            state[name], how = odd_tensor(state[name], rng)
            if how in ("NaN", "infinity", "int", "bool", "complex", "sparse", "quantized", "none"):
                return state, f"{name} {how}", "refused"
        return state, f"{name} {how}", "any"

    def read(self, data: bytes) -> Any:
        kind, file, raw = data.split(b"|", 2)
        place = self.folder / kind.decode()
        path = place / ("" if file in (b"bert.yaml", b"corpus.tsv") else "model") / file.decode()
        path.write_bytes(raw)
        try:
            return _made(place)
        finally:
            path.write_bytes(self.wholes[kind.decode(), file.decode()])

    def check(self, mutant: Mutant, result: Any) -> None:
        assert not self.witness.exists(), "code in the file was run"
        super().check(mutant, result)

    def check_refusal(self, mutant: Mutant, refusal: Hw9Error) -> None:
        assert not self.witness.exists(), "code in the file was run"
        self.pathless = "is in no folder here" in str(refusal)  # a model's name is no file
        super().check_refusal(mutant, refusal)


def _made(folder: Path) -> Any:
    """What the questions ask of a BERT: every record that is made of the two models."""
    bundle = Bundle(folder, ())
    found = []
    for name in RECORDS:
        record = explanation_for(name).run(Job(name, bundle, ExplainSettings()))
        for array in record.arrays.values():
            assert array.dtype.kind == "U" or np.isfinite(array).all(), f"{name} holds NaN"
        found.append((record.values, {key: a.tolist() for key, a in record.arrays.items()}))
    encoding = load_tokenizer(folder / "model").encode("The 蘋果 é", "asked him")
    (states,) = bundle.bert.chinese.hidden_states([encoding], layers=0)
    assert states.shape[:2] == (1, len(encoding.ids)) and torch.isfinite(states).all()
    return found, encoding.pieces, encoding.segments, states.tolist()


CORPUS = b"The\tDET\nstudents\tNOUN\nasked\tVERB\n.\tPUNCT\n\nthe\tDET\nprofessor\tNOUN\n"
WEIGHTY = {"model.safetensors", "pytorch_model.bin", "config.json"}
SEARCHES = ["attention", "masked_words/0", "masked_words/1", "corpus_search"]
RECORDS = [*SEARCHES, "embeddings", "embedding_trials"]
TOKENIZER = {
    "version": "1.0", "truncation": None, "padding": None, "added_tokens": [],
    "normalizer": {"type": "BertNormalizer", "clean_text": True, "handle_chinese_chars": True,
                   "strip_accents": None, "lowercase": False},
    "pre_tokenizer": {"type": "BertPreTokenizer"},
    "model": {"type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##",
              "vocab": {piece: number for number, piece in enumerate(dict.fromkeys(PIECES))}},
}  # fmt: skip
