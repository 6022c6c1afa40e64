"""Figures of executed notebooks: drawn as the course draws them, then damaged, and read."""

from __future__ import annotations

import json
import random
from abc import abstractmethod
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from solver.banks.bank import load_bank
from solver.banks.course_settings import LimeSettings
from solver.bundle.pictures import fingerprint
from solver.evidence import Evidence, Record
from solver.files.resources import shipped_bank
from solver.notebook_evidence.figures.grid_figures import cut_row
from solver.notebook_evidence.figures.known_pictures import (
    KnownPicture,
    SuperpixelVersion,
    known_pictures,
    whole_picture,
)
from solver.notebook_evidence.figures.panels import find_panels, open_figure
from solver.notebook_evidence.findings import Finding, ReadingSettings
from solver.notebook_evidence.from_notebooks import question_state
from solver.notebook_evidence.notebook_file import read_executed_notebook
from solver.notebook_evidence.notebook_reading import read_figures
from solver.notebook_evidence.pooling import pooled
from solver.rules.registry import plan_questions
from tests.fuzz.format import Format, Mutant
from tests.fuzz.inputs.notebook_formats import notebook_of
from tests.fuzz.mutations.byte_mutations import damaged
from tests.fuzz.mutations.figure_damage import damaged_figure, written_anew
from tests.solver.notebook_evidence.drawn_figures import (
    SIDE,
    figure_of,
    matrix_of,
    plot_of,
    smooth,
)

PANELS, ACROSS, DRAWN, LAYERS = 3, 6, 8, 12
CODE = {
    "pictures": "images[:10]",
    "lime": "get_image_and_mask(num_features=8)",
    "saliency": "saliencies = compute_saliency_maps(images, labels, model)",
    "smoothgrad": "smooth_grad(i, l, model, 500, 0.4)",
    "filters": "filter_explanation(images, model, cnnid=15, filterid=0, iteration=100)",
    "integrated": "IG.generate_integrated_gradients(img, labels[i], 10)",
    "pictures before LIME": "get_image_and_mask(num_features=8)",
    "matrix": "METRIC = cosine_similarity\nLAYER = 12\n"
    "select_word_index = [4, 2, 0, 8, 2, 0, 0, 4, 0, 0]\npairwise_distances(embeddings)",
    "plots": "MODEL = 1\nQUESTION = 1",
}
"""What stands in a figure's cell."""


def drawn_figures(random_: np.random.Generator) -> dict[str, bytes]:
    """One figure of each kind that the course's notebook holds, small ones."""
    size = {"size": (1.5 * PANELS, 2.4)}
    pictures = [0.1 + 0.8 * smooth(seed) for seed in range(PANELS)]
    overlays = [picture.copy() for picture in pictures]
    for one in overlays:
        for place in random_.choice(ACROSS**2, DRAWN, replace=False):
            one[superpixels() == place, random_.integers(2)] = one.max()
    maps = [smooth(10 + seed, channels=1)[..., 0] for seed in range(PANELS)]
    fine = [smooth(20 + seed) ** 3 for seed in range(PANELS)]
    layer = [smooth(30 + seed, 64, 1)[..., 0] for seed in range(PANELS)]
    states = random_.normal(size=(10, 6))
    states /= np.linalg.norm(states, axis=1, keepdims=True)
    return {
        "pictures": figure_of([pictures], **size),
        "lime": figure_of([overlays], **size),
        "saliency": figure_of([pictures, maps], **size),
        "smoothgrad": figure_of([pictures, fine], **size),
        "filters": figure_of([pictures, layer, fine], cmap="viridis", **size),
        "integrated": figure_of([pictures, [0.35 + 0.3 * one for one in fine]], **size),
        "matrix": matrix_of(states @ states.T),
    }


def superpixels() -> np.ndarray:
    """ACROSS x ACROSS superpixels."""
    at = (np.arange(SIDE) + 3) * ACROSS // (SIDE + 6)
    return (at[:, None] * ACROSS + at[None]).astype(np.uint8)


class _Figures(Format):
    """Figures in a notebook, read as the program reads them, and questions decided on them."""

    known: Sequence[KnownPicture] = ()
    kinds: list[str]

    def prepare(self) -> None:
        """Read the first seed, which is pooled with each input as a second notebook would be."""
        bank = load_bank(shipped_bank())
        regions = shipped_bank() / "regions" / "2021.yaml"
        known = list(self.known or known_pictures(regions))
        self.settings = ReadingSettings("2021", regions, known, LimeSettings())
        self.questions = plan_questions(bank)
        self.first = self.findings(self.seeds[0])

    @abstractmethod
    def holding(self, png: bytes, kind: str, said: str) -> bytes:
        """Return a notebook with a figure in place of one of a kind, in a cell of another one."""

    @abstractmethod
    def figure(self, kind: str) -> bytes:
        """Return the undamaged figure of a kind."""

    def mutant(self, rng: random.Random) -> Mutant:
        at, chance = rng.randrange(len(self.kinds)), rng.random()
        kind = self.kinds[at]
        png = self.figure(kind)
        if chance < 0.1:
            data, how = written_anew(png, rng)
            return Mutant(self.holding(data, kind, kind), f"{kind}, {how}", "same", at)
        if chance < 0.15:
            text = json.dumps({"nbformat": 3, "cells": []})
            return Mutant(text.encode(), "format 3", "refused")
        data, how = damaged(png, rng) if chance < 0.25 else damaged_figure(png, rng)
        said = kind if rng.random() < 0.7 else rng.choice(self.kinds)
        return Mutant(self.holding(data, kind, said), f"{kind} in a cell of {said}, {how}")

    def findings(self, data: bytes) -> list[Finding]:
        """What the program finds in a notebook."""
        notebook = read_executed_notebook(self.written(data, "run.ipynb"))
        assert all(remark.isprintable() for remark in notebook.remarks)
        return read_figures(notebook, 1, self.settings)

    def read(self, data: bytes) -> Any:
        findings = self.findings(data)
        told = [(one.where, one.what, one.sure, *one.remarks) for one in findings]
        assert all(text.isprintable() for texts in told for text in texts)
        for record in (record for one in findings for record in one.records):
            sound(record)
        together = pooled([*self.first, *findings], "0.16")
        assert all(text.isprintable() for text in together.differences)
        evidence = Evidence(pooled(findings, "0.16").records)
        states = [question_state(one, evidence).state for one in self.questions]
        numbers = [
            (record.id, name, (np.round(array.astype(float), 3) + 0.0).tobytes())
            for one in findings
            for record in one.records
            for name, array in sorted(record.arrays.items())
        ]
        return told, numbers, states


class FigurePanels(_Figures):
    """Figures of panels and matrices, each with the figure of the pictures before it."""

    name = "figures of panels"
    share = 6

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.figures = drawn_figures(np.random.default_rng(0))
        rgb, dpi = open_figure(self.figures["pictures"], 10**7)
        version = SuperpixelVersion("0.16", 0, superpixels())
        cuts = cut_row(rgb, dpi, find_panels(rgb)[0])
        marks = [fingerprint(whole_picture(one.rgb, one.valid)) for one in cuts]
        self.known = [
            KnownPicture(f"{k}_0", k, mark, ("2021",), (version,)) for k, mark in enumerate(marks)
        ]
        self.kinds = [*self.figures, "pictures before LIME"]
        self.seeds = [self.holding(self.figure(kind), kind, kind) for kind in self.kinds]
        self.prepare()

    def figure(self, kind: str) -> bytes:
        return self.figures[kind if kind in self.figures else "pictures"]

    def holding(self, png: bytes, kind: str, said: str) -> bytes:
        pair = (
            [self.figures["pictures"], png] if kind in self.figures else [png, self.figures["lime"]]
        )
        return executed(pair, ["pictures", said])


class FigurePlots(_Figures):
    """Plots of hidden states: twelve of one cell, one of them damaged."""

    name = "figures of plots"
    share = 3

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        random_ = np.random.default_rng(1)
        roles = np.repeat([1, 2, 3], [11, 14, 2])
        self.plots = [
            plot_of(random_.normal(size=(len(roles), 2)) * 3, roles, words=at % 3 == 0, size=(6, 5))
            for at in range(LAYERS)
        ]
        self.kinds = [f"layer {at + 1}" for at in range(LAYERS)]
        self.seeds = [self.holding(self.figure(kind), kind, kind) for kind in self.kinds]
        self.prepare()

    def figure(self, kind: str) -> bytes:
        return self.plots[self.kinds.index(kind)]

    def holding(self, png: bytes, kind: str, said: str) -> bytes:
        plots = list(self.plots)
        plots[self.kinds.index(kind)] = png
        document = notebook_of(plots)
        (first, *rest) = document["cells"]
        first["source"] = [CODE["plots"]]
        first["outputs"] = [one for cell in (first, *rest) for one in cell["outputs"]]
        return json.dumps({**document, "cells": [first]}).encode()


def executed(figures: list[bytes], kinds: list[str]) -> bytes:
    """A notebook with a figure a cell, and the cells' code."""
    document = notebook_of(figures)
    for cell, kind in zip(document["cells"], kinds, strict=True):
        cell["source"] = [CODE[kind]]
    return json.dumps(document).encode()


def sound(record: Record) -> None:
    """Raise AssertionError if a record holds what no figure can show."""
    json.dumps(record.values, allow_nan=False)
    for name, array in record.arrays.items():
        assert array.size, f"{record.id}: {name} is empty"
        assert array.dtype.kind != "f" or np.isfinite(array).all(), f"{record.id}: {name}"
        if name in ("map",) or (name == "rgb" and array.dtype.kind == "f"):
            assert array.min() >= 0 and array.max() <= 1, f"{record.id}: {name}"
        if name == "signs":
            assert set(np.unique(array)) <= {-1, 0, 1} and array.shape == (SIDE, SIDE)
