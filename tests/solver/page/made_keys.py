"""Banks, keys and evidence made for the tests of the page; no answer of any real question."""

from __future__ import annotations

import base64
import io
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from PIL import Image

from solver.banks.bank import Bank, load_bank
from solver.evidence import Evidence, Record
from solver.key import Key, KeyQuestion, OptionVerdict, Override, Sentence
from solver.rules.registry import Figure

SQUARE = (slice(32, 96), slice(16, 64))
"""Rows 32 to 95, columns 16 to 63: the region every test knows."""


def both(text: str) -> dict[str, str]:
    return {"en": f"{text} in English", "zh-Hant": f"{text} 中文"}


def bank_question(identifier: str, kind: str = "single", stem: str = "stem", **more: Any) -> dict:
    options = [{"id": name, "claim": {}, "text": both(f"option {name}")} for name in "abc"]
    question = {
        "id": identifier,
        "kind": kind,
        "points": "0.3",
        "rule": "maps.brightest_region",
        "with": {"picture": 1, "map": "saliency"},
        "stem": both(f"{stem} of {identifier}"),
    }
    if kind == "pair":
        question["blanks"] = [
            {"id": "word", "label": both("which word"), "options": options},
            {"id": "fall", "label": both("how far"), "measured": {"factors": ["2"], "decimals": 2}},
        ]
    else:
        question["options"] = options
    return {**question, **more}


def made_bank(folder: Path, questions: Sequence[dict]) -> Bank:
    folder.mkdir(parents=True, exist_ok=True)
    header = {"title": both("Homework"), "edition": "2099"}
    topic = {"topic": "things", "title": both("Topic"), "questions": list(questions)}
    for name, data in (("bank.yaml", header), ("01-things.yaml", topic)):
        (folder / name).write_text(yaml.safe_dump(data, allow_unicode=True), encoding="utf-8")
    return load_bank(folder)


def verdict(
    name: str,
    *,
    holds: bool | None = False,
    value: float | str | None = 0.2,
    threshold: float | str | None = 0.8,
    blank: str | None = None,
    unit: str = "share",
    text: str | None = None,
    says: str = "sentence",
) -> OptionVerdict:
    numbers = isinstance(value, float) and isinstance(threshold, float)
    return OptionVerdict(
        id=name,
        blank=blank,
        holds=holds,
        value=value,
        unit=unit,
        against="the rival",
        threshold=threshold,
        margin=abs(value - threshold) if numbers else None,  # type: ignore[operator]
        sentence=Sentence(en=f"{says} of {name}", zh_hant=f"{says} {name} 的句子"),
        text=text,
    )


def decided(identifier: str, kind: str = "single", **more: Any) -> KeyQuestion:
    options = [
        verdict("a", holds=True, value=0.8, threshold=0.2),
        verdict("b"),
        verdict("c", value=0.1),
    ]
    entry = {
        "id": identifier,
        "kind": kind,
        "points": "0.3",
        "rule": "maps.brightest_region",
        "correct": ["a"],
        "options": options,
        "evidence": ["saliency/1", "picture/1"],
    }
    return KeyQuestion(**{**entry, **more})


def left_open(identifier: str, *lacks: str) -> KeyQuestion:
    return decided(identifier, state="open", correct=[], options=[], lacks=list(lacks))


def overridden(identifier: str, why: str = "the picture says so") -> KeyQuestion:
    return decided(identifier, override=Override(correct=["b"], why=why, by="Ann"))


def made_key(*questions: KeyQuestion) -> Key:
    return Key(
        format="hw9-key/1",
        bank={"sha256": "ab" * 32},
        bundle={"files": {"checkpoint.pth": "cd" * 32}},
        code={"version": "0.0", "sha256": "ef" * 32},
        settings={"lime": {"lime_seed": 16}},
        questions=list(questions),
    )


def made_evidence() -> Evidence:
    """Picture 1 with a region, and records of every kind the figures draw."""
    random = np.random.default_rng(0)
    square = np.zeros((128, 128), bool)
    square[SQUARE] = True
    rows, columns = np.indices((128, 128)) // 32
    segments = (rows * 4 + columns).astype(np.int32)
    weights = np.linspace(-1, 1, 16)
    signs = np.select([segments == 15, segments == 0], [1, -1], 0).astype(np.int8)
    records = [
        Record("picture/1", {"rgb": random.integers(0, 200, (128, 128, 3)).astype(np.uint8)}),
        Record("regions/1", {"food": square, "plate": ~square, "nothing": np.zeros_like(square)}),
        Record("lime/1", {"segments": segments, "weights": weights, "signs": signs}),
        Record("saliency/1", {"map": random.random((128, 128))}, settings={"seed": 3}),
        Record("smoothgrad/1", {"map": random.random((70, 70, 3))}),
        Record("activation/23/1", {"map": random.normal(size=(32, 32))}),
        Record("integrated_path/1", {"samples": random.random((4, 128, 128, 3))}),
    ]
    return Evidence({record.id: record for record in records})


FIGURES = (
    Figure("lime_overlay", {"picture": 1, "regions": ["food", "plate"]}, ("overlay", "疊圖")),
    Figure("map", {"record": "saliency/1", "picture": 1, "regions": ["food"]}, ("beside", "並列")),
    Figure("map", {"record": "smoothgrad/1", "picture": 1, "regions": ["food"]}, ("rgb", "彩色")),
    Figure(
        "wireframe",
        {"record": "saliency/1", "picture": 1, "points": [[0.5, 0.25], [0.25, 0.5]]},
        ("wires", "線框"),
    ),
    Figure(
        "strip",
        {"rows": [{"label": ["row", "列"], "records": ["activation/23/1", "activation/23/2"]}]},
        ("maps", "多圖"),
    ),
    Figure(
        "scatter",
        {
            "x": [1.0, 10.0, 100.0],
            "y": [1.0, 20.0, 90.0],
            "x_label": ["across", "橫軸"],
            "y_label": ["up", "縱軸"],
            "log": True,
        },
        ("points", "點"),
    ),
    Figure("samples", {"record": "integrated_path/1", "array": "samples"}, ("path", "路徑")),
    Figure(
        "table",
        {"columns": [["name", "名稱"], ["n", "數"]], "rows": [["one", 1], [["two", "二"], True]]},
        ("cells", "表格"),
    ),
)


def pictures_in(html: str) -> list[np.ndarray]:
    """Every picture a page carries, decoded, in order."""
    found = re.findall(r"data:image/png;base64,([A-Za-z0-9+/=]+)", html)
    return [np.asarray(Image.open(io.BytesIO(base64.b64decode(each)))) for each in found]
