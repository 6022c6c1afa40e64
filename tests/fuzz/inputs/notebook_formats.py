"""Executed notebooks: the file, and the zip that a notebook's cell saves."""

from __future__ import annotations

import base64
import json
import random
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from solver.evidence import Evidence, Record, load_evidence, save_evidence
from solver.files.zipped_folder import as_folder
from solver.notebook_evidence.notebook_file import read_executed_notebook
from tests.fuzz.format import Format, Mutant
from tests.fuzz.inputs.picture_formats import encoded
from tests.fuzz.mutations.byte_mutations import damaged
from tests.fuzz.mutations.yaml_mutations import _changed
from tests.fuzz.mutations.zip_mutations import bomb, other_headers, other_members, packed

CODE = (
    "images[:10]",
    "saliencies = compute_saliency_maps(images, labels, model)",
    "integrated_grads.append(IG.generate_integrated_gradients(img, labels[i], 10))",
)


def notebook_of(figures: list[bytes]) -> dict[str, Any]:
    """A notebook of format 4 with a cell for each figure."""
    cells = []
    for number, png in enumerate(figures, start=1):
        data = {"image/png": base64.b64encode(png).decode(), "text/plain": ["<Figure>"]}
        printed = {"output_type": "stream", "name": "stdout", "text": ["[0.1, 0.25, 1e-3]\n"]}
        output = {"output_type": "display_data", "metadata": {}, "data": data}
        cell = {"cell_type": "code", "metadata": {}, "execution_count": number}
        cells.append({**cell, "source": [CODE[number % len(CODE)]], "outputs": [printed, output]})
    return {"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": cells}


class ExecutedNotebooks(Format):
    """``run.ipynb``: its cells, settings and figures, not looked into."""

    name = "executed notebook"

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        plain = encoded(Image.new("RGB", (9, 9)), "PNG")
        self.document = notebook_of([plain, plain])
        self.seeds = [json.dumps(self.document, indent=1).encode()]

    def mutant(self, rng: random.Random) -> Mutant:
        kind = rng.random()
        if kind < 0.2:
            text = json.dumps(self.document, indent=rng.choice([None, 2]), ensure_ascii=False)
            return Mutant(text.encode(), "written anew", "same")
        if kind < 0.3:
            other = {**self.document, "nbformat": rng.choice([1, 2, 3, 5, "4", None, True, [4]])}
            return Mutant(json.dumps(other).encode(), "another nbformat", "refused")
        if kind < 0.4:
            deep = rng.choice([b"[" * 200_000, b'{"cells":' * 100_000, b"9" * 6000, b"", b"null"])
            return Mutant(deep, "deep or bare", "refused")
        if kind < 0.75:
            document = self.document
            for _ in range(rng.choice([1, 1, 3])):
                document, how = _changed(document, rng)
            return Mutant(json.dumps(document).encode("utf-8", "surrogatepass"), how)
        return Mutant(*damaged(self.seeds[0], rng))

    def read(self, data: bytes) -> Any:
        found = read_executed_notebook(self.written(data, "run.ipynb"))
        assert all(remark.isprintable() for remark in found.remarks)
        return [(one.sha256, one.where, one.settings, one.method) for one in found.figures], [
            (one.numbers, one.settings) for one in found.printed
        ]


class EvidenceZips(Format):
    """``evidence.zip``: unpacked into a folder of its own, or refused."""

    name = "evidence zip"
    share = 6

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        records = [Record("saliency/2", {"map": np.eye(4, dtype=np.float32)}),
                   Record("module/6", {}, {"class": "Conv2d"})]  # fmt: skip
        save_evidence(Evidence({one.id: one for one in records}), folder / "e")
        self.members = [(one.name, one.read_bytes()) for one in sorted((folder / "e").iterdir())]
        self.seeds = [packed(self.members)]

    def mutant(self, rng: random.Random) -> Mutant:
        kind = rng.random()
        if kind < 0.15:
            inside = [(f"mine/{name}", data) for name, data in self.members]
            return Mutant(packed(inside, rng.choice([0, 8])), "in a folder", "same")
        if kind < 0.3:
            name = rng.choice(["../x", "/x", "a/../../x", "a\\b", "C:x"])
            return Mutant(packed([*self.members, (name, b"x")]), name, "refused")
        if kind < 0.35:
            return Mutant(bomb("manifest.json", 40 << 20), "a bomb", "refused")
        if kind < 0.6:
            members, how = other_members(self.members, rng)
            return Mutant(packed(members), how)
        if kind < 0.8:
            return Mutant(*other_headers(self.seeds[0], rng))
        return Mutant(*damaged(self.seeds[0], rng))

    def read(self, data: bytes) -> Any:
        before = set(self.folder.rglob("*"))
        path = self.written(data, "evidence.zip")
        with as_folder(path) as folder:
            found = load_evidence(folder)
        assert set(self.folder.rglob("*")) - before <= {path}
        return [(r.id, sorted(r.arrays), r.values) for r in found]
