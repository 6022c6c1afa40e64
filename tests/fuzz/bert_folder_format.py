"""A BERT's folder: config, weights, vocabulary, tokenizer settings; looked at and predicted with.

An input begins with ``kind of folder|file|``; the other files of the folder are whole.
"""

from __future__ import annotations

import json
import os
import random
import struct
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
from tests.fuzz import zip_mutations as zips
from tests.fuzz.byte_mutations import damaged
from tests.fuzz.format import Format, Mutant
from tests.fuzz.torch_formats import Runs, _other_pickle, odd_tensor, saved
from tests.fuzz.yaml_mutations import ODD_VALUES, _changed

SENTENCE = "The students visited the professor and asked her ."
OTHERS = ["him", "##s", "student", "蘋", "果", "é"]
PIECES = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *SENTENCE.split(), *OTHERS]
BUILD = {
    "vocab_size": len(PIECES), "hidden_size": 8, "num_hidden_layers": 2, "num_attention_heads": 2,
    "intermediate_size": 12, "max_position_embeddings": 40, "type_vocab_size": 2,
}  # fmt: skip
EVERY_CONFIG = ["model_type", "hidden_act", "layer_norm_eps", *BUILD]
ODD_CONFIG: list[tuple[str, Any]] = [
    ("is_decoder", True), ("add_cross_attention", True), ("pruned_heads", {"0": [1]}),
    ("quantization_config", {"quant_method": "gptq", "bits": 4}), ("model_type", "gpt2"),
    ("position_embedding_type", "relative_key"), ("vocab_size", 10**9), ("hidden_size", 9),
    ("num_hidden_layers", 10**7), ("num_attention_heads", 3), ("intermediate_size", 1 << 40),
    ("hidden_act", "exec"), ("hidden_size", True), ("vocab_size", "20"), ("layer_norm_eps", -1),
    ("num_hidden_layers", 0), ("max_position_embeddings", 10**12), ("layer_norm_eps", 1e999),
]  # fmt: skip
HARMLESS: list[tuple[str, Any]] = [
    ("transformers_weights", "../../other.safetensors"), ("auto_map", {"AutoModel": "x.Evil"}),
    ("attn_implementation", "kernels-community/x"), ("architectures", None), ("dtype", "float8"),
    ("_name_or_path", "/etc"), ("torch_dtype", "no such"), ("pad_token_id", 10**9),
    ("fusion_config", {"x": True}), ("use_cache", "?"), ("return_dict", False),
    ("output_attentions", True), ("chunk_size_feed_forward", 3), ("transformers_version", []),
]  # fmt: skip
"""What transformers itself would follow, and what is no part of a BERT's build."""


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
            "config.json": _as_json({**said, **BUILD}),
            "tokenizer_config.json": _as_json({"do_lower_case": False, "mask_token": "[MASK]"}),
        }
        weights = save(self.state) if kind != "old" else saved(self.state)
        files["pytorch_model.bin" if kind == "old" else "model.safetensors"] = weights
        if kind == "whole":
            files["tokenizer.json"] = _as_json(TOKENIZER)
        else:
            files["vocab.txt"] = "".join(f"{piece}\n" for piece in PIECES).encode()
            files["special_tokens_map.json"] = _as_json({"unk_token": {"content": "[UNK]"}})
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
            data, how = _materials(whole, rng)
        elif file == "corpus.tsv" or rng.random() < 0.2:
            data, how = damaged(whole, rng)
        elif file == "model.safetensors":
            data, how, expect = self._safetensors(whole, rng)
        elif file == "pytorch_model.bin":
            data, how, expect = self._pickled(whole, rng)
        elif file == "vocab.txt":
            data, how, expect = _vocabulary(whole, rng)
        elif file == "config.json":
            data, how, expect = _config(json.loads(whole), rng)
        else:
            data, how, expect = _tokenizer(json.loads(whole), rng, place)
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
        return *_header(whole, rng), "any"

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


def _config(said: Any, rng: random.Random) -> tuple[bytes, str, Any]:
    kind = rng.random()
    if kind < 0.15:
        items = rng.sample(sorted(said.items()), len(said))
        return _as_json(dict(items), rng.choice([None, 4])), "written anew", "same"
    if kind < 0.30:
        name, value = rng.choice(HARMLESS)
        return _as_json({**said, name: value}), f"{name} {value!r}", "same"
    if kind < 0.55:
        name, value = rng.choice(ODD_CONFIG)
        return _as_json({**said, name: value}), f"{name} {value!r}", "refused"
    if kind < 0.85:
        name = rng.choice(EVERY_CONFIG)
        if rng.random() < 0.2:
            del said[name]
            return _as_json(said), f"{name} out", "any"
        value = rng.choice([*ODD_VALUES, 0, 3, 4, 5, 16, 4096, "gelu_new", 1e-5])
        return _as_json({**said, name: value}), f"{name} {str(value)[:20]!r}", "any"
    return *_odd_json(said, rng), "any"


def _odd_json(said: Any, rng: random.Random) -> tuple[bytes, str]:
    if rng.random() < 0.7:
        made, how = _changed(said, rng)
        return _as_json(made), how
    how = rng.choice(["deep", "number", "UTF-16", "empty", "list", "twice"])
    whole = _as_json(said)
    made_bytes = {
        "deep": b'{"a": ' + b"[" * 100_000, "number": b'{"vocab_size": ' + b"9" * 10_000 + b"}",
        "UTF-16": whole.decode().encode("utf-16"), "empty": b"", "list": b"[1]",
        "twice": whole + whole,
    }[how]  # fmt: skip
    return made_bytes, how


def _vocabulary(whole: bytes, rng: random.Random) -> tuple[bytes, str, Any]:
    lines = whole.decode().split("\n")[:-1]
    how = rng.choice(
        ["CR LF", "mark", "no last end", "twice", "out", "odd", "swap", "more", "special out",
         "special out", "empty line", "UTF-16", "empty", "long"]
    )  # fmt: skip
    if how in ("CR LF", "mark", "no last end"):
        ends = "\r\n" if how == "CR LF" else "\n"
        text = ends.join(lines) + ("" if how == "no last end" else ends)
        return (b"\xef\xbb\xbf" if how == "mark" else b"") + text.encode(), how, "same"
    if how in ("UTF-16", "empty"):
        return (b"" if how == "empty" else whole.decode().encode("utf-16")), how, "refused"
    at = rng.randrange(5, len(lines))
    expect = "any"
    if how == "twice":
        lines[at] = lines[at - 1]
        expect = "refused"
    elif how == "out":
        del lines[at]
    elif how == "odd":
        lines[at] = rng.choice(["", " ", "\u2028", "\u0085", "\u202e", "\x00", "x" * 5000, "##"])
    elif how == "swap":
        other = rng.randrange(5, len(lines))
        lines[at], lines[other] = lines[other], lines[at]
    elif how == "more":
        lines += [f"more{number}" for number in range(rng.choice([1, 1000]))]
        expect = "refused"
    elif how == "special out":
        del lines[rng.randrange(5)]
        expect = "refused"
    elif how == "empty line":
        lines.insert(at, "")
        expect = "refused"
    else:
        lines = ["x" * 10] * 200_000
        expect = "refused"
    return "".join(f"{line}\n" for line in lines).encode(), how, expect


def _tokenizer(said: Any, rng: random.Random, place: tuple[str, str]) -> tuple[bytes, str, Any]:
    """Another ``tokenizer.json``, ``tokenizer_config.json`` or ``special_tokens_map.json``."""
    kind, file = rng.random(), place[1]
    if kind < 0.15:
        return _as_json(said, rng.choice([None, 2])), "written anew", "same"
    if kind < 0.30:
        name, value = rng.choice(
            [("auto_map", {"AutoTokenizer": ["x.Evil", None]}), ("tokenizer_class", "Evil"),
             ("model_max_length", 3), ("truncation", {"max_length": 2}), ("padding", {"x": 1}),
             ("chat_template", "{{ 7 * 7 }}"), ("post_processor", {"type": "x"})]
        )  # fmt: skip
        return _as_json({**said, name: value}), f"{name} {value!r}", "same"
    if kind < 0.55 and file != "tokenizer.json":
        name = rng.choice(["unk_token", "sep_token", "pad_token", "cls_token", "mask_token"])
        value = rng.choice(["[NEW]", "", None, 5, {"content": "[NEW]"}, "him", ["[MASK]"], {}])
        return _as_json({**said, name: value}), f"{name} {value!r}", "any"
    if kind < 0.75 and file == "tokenizer_config.json":
        name = rng.choice(["do_lower_case", "strip_accents", "tokenize_chinese_chars"])
        value = rng.choice(ODD_VALUES)
        return _as_json({**said, name: value}), f"{name} {str(value)[:20]!r}", "any"
    if kind < 0.75 and file == "tokenizer.json":
        part, value = rng.choice(
            [("normalizer", None), ("normalizer", {"type": "Sequence", "normalizers": []}),
             ("pre_tokenizer", {"type": "Whitespace"}), ("model", {"type": "BPE"}),
             ("model", {"type": "WordPiece", "vocab": {"a": 0, "b": 2}}),
             ("model", {"type": "WordPiece", "vocab": {"a": -1}}), ("model", None),
             ("model", {"type": "WordPiece", "vocab": {}}), ("pre_tokenizer", [])]
        )  # fmt: skip
        return _as_json({**said, part: value}), f"{part} {value!r}", "refused"
    return *_odd_json(said, rng), "any"


def _header(whole: bytes, rng: random.Random) -> tuple[bytes, str]:
    """Safetensors whose header claims another length, type, shape or place of its tensors."""
    length = struct.unpack("<Q", whole[:8])[0]
    header, body = json.loads(whole[8 : 8 + length]), whole[8 + length :]
    name = rng.choice(sorted(header))
    how = rng.choice(["length", "type", "shape", "offsets", "value", "extra", "body", "text"])
    if how == "length":
        claimed = rng.choice([0, 1, length - 1, length + 1, 1 << 31, (1 << 64) - 1, 1 << 40])
        return struct.pack("<Q", claimed) + whole[8:], f"length {claimed}"
    if how == "type":
        header[name]["dtype"] = rng.choice(
            ["F64", "F16", "BF16", "I64", "I32", "U8", "BOOL", "F8_E4M3", "F4", "x", 5, None]
        )
    elif how == "shape":
        header[name]["shape"] = rng.choice(
            [[], [0], [-1], [1 << 62, 4], [1 << 40], [1.5], "x", None, [8, 1], [1, 8], [64]]
        )
    elif how == "offsets":
        header[name]["data_offsets"] = rng.choice(
            [[0, 0], [0, 1 << 50], [-8, 0], [8, 0], [0, 32], "x", [1], [0, 1, 2]]
        )
    elif how == "value":
        header, how = _changed(header, rng)
    elif how == "extra":
        header[rng.choice(["__metadata__", "x", "../x"])] = rng.choice([{"a": "b"}, {"a": 1}, None])
    elif how == "body":
        body = rng.choice([b"", body[:-1], body + b"\0", body + body])
    else:
        raw, how = damaged(json.dumps(header).encode(), rng)
        return struct.pack("<Q", len(raw)) + raw + body, f"header: {how}"
    raw = json.dumps(header).encode()
    return struct.pack("<Q", len(raw)) + raw + body, f"{name}: {how}"


def _materials(whole: bytes, rng: random.Random) -> tuple[bytes, str]:
    """Another ``bert.yaml`` whose texts the model is given."""
    said = yaml.load(whole, yaml.CSafeLoader)
    words = ["her", "professor", "and", "and asked", "d the p", " ", ".", "The", "s", "e", "sk"]
    odd = ["[MASK]", "\u200b", "\x00", "\u202e", "x" * 300, "[SEP]", "\ud7ff", "e\u0301", "\t"]
    how = rng.choice(["words", "words", "sentence", "links", "tag", "word", "reading", "any"])
    if how == "words":
        said["masked"]["word"], said["masked"]["also"] = rng.choice(words), rng.choice(words)
    elif how == "sentence":
        odd_one = rng.choice(odd)
        said["attention"]["sentence"] += f" {odd_one}" * rng.choice([1, 40])
        said["masked"][rng.choice(["word", "also"])] = odd_one
    elif how == "links":
        link = {"from": rng.choice(words), "to": rng.choice(words)}
        said["attention"]["links"] = [link] * rng.choice([1, 3])
    elif how == "word":
        said["embeddings"]["word"] = rng.choice(["蘋", "果", "x", " ", "\u200b"])
        for place in said["embeddings"]["sentences"]:
            place["text"] = said["embeddings"]["word"] + rng.choice(odd) + place["text"]
            place["at"] = 0
    else:
        said, how = _changed(said, rng)
    return yaml.safe_dump(said, allow_unicode=rng.random() < 0.5, sort_keys=False).encode(), how


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


def _as_json(document: Any, indent: int | None = None) -> bytes:
    text = json.dumps(document, ensure_ascii=False, indent=indent)
    return text.encode("utf-8", "surrogatepass")
