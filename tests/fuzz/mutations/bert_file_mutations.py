"""Changes of the files in a BERT's folder, each with what the change is and what it must end in."""

from __future__ import annotations

import json
import random
import struct
from typing import Any

import yaml

from tests.fuzz.mutations.byte_mutations import damaged
from tests.fuzz.mutations.yaml_mutations import ODD_VALUES, _changed

EVERY_CONFIG = [
    "model_type", "hidden_act", "layer_norm_eps", "vocab_size", "hidden_size", "num_hidden_layers",
    "num_attention_heads", "intermediate_size", "max_position_embeddings", "type_vocab_size",
]  # fmt: skip
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


def changed_config(said: Any, rng: random.Random) -> tuple[bytes, str, Any]:
    kind = rng.random()
    if kind < 0.15:
        items = rng.sample(sorted(said.items()), len(said))
        return as_json(dict(items), rng.choice([None, 4])), "written anew", "same"
    if kind < 0.30:
        name, value = rng.choice(HARMLESS)
        return as_json({**said, name: value}), f"{name} {value!r}", "same"
    if kind < 0.55:
        name, value = rng.choice(ODD_CONFIG)
        return as_json({**said, name: value}), f"{name} {value!r}", "refused"
    if kind < 0.85:
        name = rng.choice(EVERY_CONFIG)
        if rng.random() < 0.2:
            del said[name]
            return as_json(said), f"{name} out", "any"
        value = rng.choice([*ODD_VALUES, 0, 3, 4, 5, 16, 4096, "gelu_new", 1e-5])
        return as_json({**said, name: value}), f"{name} {str(value)[:20]!r}", "any"
    return *_odd_json(said, rng), "any"


def _odd_json(said: Any, rng: random.Random) -> tuple[bytes, str]:
    if rng.random() < 0.7:
        made, how = _changed(said, rng)
        return as_json(made), how
    how = rng.choice(["deep", "number", "UTF-16", "empty", "list", "twice"])
    whole = as_json(said)
    made_bytes = {
        "deep": b'{"a": ' + b"[" * 100_000, "number": b'{"vocab_size": ' + b"9" * 10_000 + b"}",
        "UTF-16": whole.decode().encode("utf-16"), "empty": b"", "list": b"[1]",
        "twice": whole + whole,
    }[how]  # fmt: skip
    return made_bytes, how


def changed_vocabulary(whole: bytes, rng: random.Random) -> tuple[bytes, str, Any]:
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


def changed_tokenizer(
    said: Any, rng: random.Random, place: tuple[str, str]
) -> tuple[bytes, str, Any]:
    """Another ``tokenizer.json``, ``tokenizer_config.json`` or ``special_tokens_map.json``."""
    kind, file = rng.random(), place[1]
    if kind < 0.15:
        return as_json(said, rng.choice([None, 2])), "written anew", "same"
    if kind < 0.30:
        name, value = rng.choice(
            [("auto_map", {"AutoTokenizer": ["x.Evil", None]}), ("tokenizer_class", "Evil"),
             ("model_max_length", 3), ("truncation", {"max_length": 2}), ("padding", {"x": 1}),
             ("chat_template", "{{ 7 * 7 }}"), ("post_processor", {"type": "x"})]
        )  # fmt: skip
        return as_json({**said, name: value}), f"{name} {value!r}", "same"
    if kind < 0.55 and file != "tokenizer.json":
        name = rng.choice(["unk_token", "sep_token", "pad_token", "cls_token", "mask_token"])
        value = rng.choice(["[NEW]", "", None, 5, {"content": "[NEW]"}, "him", ["[MASK]"], {}])
        return as_json({**said, name: value}), f"{name} {value!r}", "any"
    if kind < 0.75 and file == "tokenizer_config.json":
        name = rng.choice(["do_lower_case", "strip_accents", "tokenize_chinese_chars"])
        value = rng.choice(ODD_VALUES)
        return as_json({**said, name: value}), f"{name} {str(value)[:20]!r}", "any"
    if kind < 0.75 and file == "tokenizer.json":
        part, value = rng.choice(
            [("normalizer", None), ("normalizer", {"type": "Sequence", "normalizers": []}),
             ("pre_tokenizer", {"type": "Whitespace"}), ("model", {"type": "BPE"}),
             ("model", {"type": "WordPiece", "vocab": {"a": 0, "b": 2}}),
             ("model", {"type": "WordPiece", "vocab": {"a": -1}}), ("model", None),
             ("model", {"type": "WordPiece", "vocab": {}}), ("pre_tokenizer", [])]
        )  # fmt: skip
        return as_json({**said, part: value}), f"{part} {value!r}", "refused"
    return *_odd_json(said, rng), "any"


def changed_header(whole: bytes, rng: random.Random) -> tuple[bytes, str]:
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


def changed_materials(whole: bytes, rng: random.Random) -> tuple[bytes, str]:
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


def as_json(document: Any, indent: int | None = None) -> bytes:
    text = json.dumps(document, ensure_ascii=False, indent=indent)
    return text.encode("utf-8", "surrogatepass")
