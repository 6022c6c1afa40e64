"""What was measured on the real bert-base-chinese, and the slide's picture, as records.

The file has no hidden states, only tables made of them, and none is made up: they go into the
record as they are, each with the layer and the character it is of. Measured are, in ten sentences
(the fruit in the first five, the company in the last): for the first character of the word, every
distance and cosine at layer 12; for the second, the least and largest distance at layer 12 between
two fruits, two companies, and one of each, and the cosine of two sentences over layers 0 to 10.
Of layer 0 a sentence of the file says which sentences have the first character at one place and
lie at distance 0, and between which distances all other pairs are.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from solver.errors import EvidenceError
from solver.evidence import Record
from solver.explain.bert.similarity_image import slide_record

FIRST, SECOND = 0, 1
TOP_LAYER = 12
CURVE_OF = [7, 8]


def table_records(real: Path) -> Iterator[Record]:
    """Yield `embeddings` and `similarity_picture`."""
    tables = json.loads((real / "bert_base_chinese.json").read_text("utf-8"))
    described = real.parent / "HOMEWORK.md"  # the tables refer to it for the sentences
    told = described.read_text("utf-8") if described.is_file() else ""
    yield embeddings_record(tables, told)
    yield slide_record(real / "similarity_slide.png", len(tables["token_counts"]))


def embeddings_record(tables: dict[str, Any], described: str = "") -> Record:
    """Return the tables in one record; `tables` among its values says what each is of.

    The sentences are taken from the text that describes them, where it is there; else numbers
    stand in their place.
    """
    count = len(tables["token_counts"])
    word = tables["names"]["ping"] + tables["names"]["guo"]
    ranges = tables["guo_euclidean_layer12_ranges"]
    within, across = ("fruit_fruit", "company_company"), "fruit_company"
    arrays = {
        "euclidean": np.array(tables["ping_euclidean_layer12"], float),
        "cosine": np.array(tables["ping_cosine_layer12"], float),
        "distance_ranges": np.array(
            [[ranges[within[a]] if a == b else ranges[across] for b in (0, 1)] for a in (0, 1)]
        ),
        "curve": np.array(tables["guo_cosine_sentences_7_8_layers_0_to_10"], float),
    }
    alike, others = layer0_groups(tables["layer0"], count)
    arrays["layer0_distance_ranges"] = np.array(
        [[[0.0, 0.0] if a == b else others for b in range(len(alike))] for a in range(len(alike))]
    )
    arrays["lengths"] = np.array(tables["token_counts"])
    arrays["places"] = np.array(
        [next(number for number, group in enumerate(alike) if at in group) for at in range(count)]
    )
    of_first = {"layer": TOP_LAYER, "character": FIRST}
    groups = [list(range(count // 2)), list(range(count // 2, count))]
    values: dict[str, Any] = {
        "source": "tables measured on bert-base-chinese",
        "lacks": [
            "the hidden states, other layers, the word as a whole",
            "the places themselves: equal numbers in `places` are equal places",
        ],
        "word": word,
        "sentences": sentences_in(described, word, count)
        or [str(number) for number in range(1, count + 1)],
        "tables": {
            "euclidean": of_first,
            "cosine": of_first,
            "distance_ranges": {"layer": TOP_LAYER, "character": SECOND, "groups": groups},
            "layer0_distance_ranges": {"layer": 0, "character": FIRST, "groups": alike},
            "curve": {"character": SECOND, "sentences": CURVE_OF, "first": 0},
        },
    }
    return Record("embeddings", arrays, values)


def sentences_in(described: str, word: str, count: int) -> list[str]:
    """Return the sentences that a text lists one after another, " / " between them; [] for none."""
    listed = re.search(rf"[^:|]*{word}[^:|]* / [^|]*?(?=\. [A-Z])", described)
    texts = [one.strip() for one in listed[0].split(" / ")] if listed else []
    return texts if len(texts) == count and all(word in one for one in texts) else []


def layer0_groups(told: str, count: int) -> tuple[list[list[int]], list[float]]:
    """Return groups of sentences at distance 0, and the range of all other pairs, from a sentence
    such as "exactly 0 for pairs ...: (0,7), (1,4), and all of 2,5,6 among each other; the other
    pairs take 5.83 to 7.93".

    Raises:
        EvidenceError: it says something else.
    """
    pairs = [[int(a), int(b)] for a, b in re.findall(r"\((\d+),\s*(\d+)\)", told)]
    more = re.search(r"all of ([\d,\s]+\d) among each other", told)
    others = re.search(r"other pairs take ([\d.]+) to ([\d.]+)", told)
    if not more or not others:
        raise EvidenceError(f"what is told of layer 0 has another form: {told!r}")
    groups = sorted([*pairs, [int(one) for one in more[1].split(",")]])
    known = {one for group in groups for one in group}
    groups += [[one] for one in range(count) if one not in known]
    if sorted(one for group in groups for one in group) != list(range(count)):
        raise EvidenceError(f"what is told of layer 0 names sentences twice: {told!r}")
    return groups, [float(others[1]), float(others[2])]
