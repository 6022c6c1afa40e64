"""Notebooks as files: what is taken of them, and hostile ones."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from solver.banks.bank import load_bank
from solver.errors import EvidenceError
from solver.files.resources import shipped_bank
from solver.notebook_evidence.from_notebooks import as_json, evidence_from, lines
from solver.notebook_evidence.notebook_file import read_executed_notebook, settings_in
from tests.fuzz.inputs.picture_formats import bare_png

PNG = (
    b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x01\x00\x00\x00\x01\x08\x02\x00\x00\x00\x90wS\xde"
    b"\x00\x00\x00\x0cIDATx\x9cc\xf8\xff\xff?\x00\x05\xfe\x02\xfe\r\xefF\xb8\x00\x00\x00\x00IEND\xaeB`\x82"
)


def cell(source: str, *data: dict[str, Any], count: int | None = None) -> dict[str, Any]:
    outputs = [{"output_type": "display_data", "data": one, "metadata": {}} for one in data]
    return {"cell_type": "code", "source": source, "outputs": outputs, "execution_count": count}


def write(path: Path, *cells: Any, **more: Any) -> Path:
    path.write_text(json.dumps({"nbformat": 4, "nbformat_minor": 0, "cells": cells, **more}))
    return path


def png(data: bytes = PNG) -> dict[str, str]:
    return {"image/png": base64.b64encode(data).decode()}


def test_figures_and_settings_are_taken_and_nothing_else(tmp_path: Path) -> None:
    secret = "Somebody Unlikely"
    path = write(
        tmp_path / "run.ipynb",
        cell(f"# {secret}\nMODEL = 2\nQUESTION = 3", count=1),
        cell("filter_explanation(images, model, cnnid=15, filterid=0)", png(), count=2),
        metadata={"colab": {"name": secret}},
    )
    found = read_executed_notebook(path)
    assert [one.settings for one in found.figures] == [
        {"model": 2, "item": 3, "cnnid": 15, "filterid": 0}
    ]
    assert found.figures[0].method == "filters" and found.remarks == []
    assert secret not in repr(found)
    bank, regions = load_bank(shipped_bank()), regions_2021()
    read = evidence_from([path], bank, regions)
    assert secret not in repr([lines(read), as_json(read)])
    assert str(tmp_path) not in repr([lines(read), as_json(read)])


def regions_2021() -> Path:
    return shipped_bank() / "regions" / "2021.yaml"


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("IG.generate_integrated_gradients(img, labels[i], 100)", {"steps": 100}),
        ("METRIC = cosine_similarity # euclidean_distance\nLAYER = 12",
         {"metric": "cosine", "layer": 12}),
        ("select_word_index = [5, 3, 1, 9, 3, 1, 1, 5, 1, 1]", {"character": 1}),
        ("select_word_index = [4, 2, 0, 8, 2, 0, 0, 4, 0, 0]\n"
         "select_word_index = [x + 1 for x in select_word_index]", {"character": 1}),
        ("# cnnid=15\nfilter_explanation(cnnid=6)", {"cnnid": 6}),
        ("if True print(", {}),
    ],
)  # fmt: skip
def test_settings_of_a_cell(source: str, expected: dict[str, Any]) -> None:
    assert settings_in(source) == expected


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "no JSON"),
        ("[" * 100_000, "no JSON"),
        ('{"a":' * 100_000, "no JSON"),
        ("9" * 10_000, "no JSON"),
        ("[]", "not a notebook"),
        ("{}", "without a format"),
        ('{"nbformat": 3, "worksheets": []}', "format 3"),
        ('{"nbformat": 4}', "without cells"),
        ('{"nbformat": 4, "cells": 7}', "without cells"),
    ],
)
def test_what_is_no_notebook_is_told_in_a_sentence(text: str, message: str, tmp_path: Path) -> None:
    path = tmp_path / "run.ipynb"
    path.write_text(text)
    with pytest.raises(EvidenceError, match=message):
        read_executed_notebook(path)


def test_what_is_no_figure_is_told_or_passed_over(tmp_path: Path) -> None:
    bomb = bare_png(60_000, 60_000, bytes(100))
    path = write(
        tmp_path / "run.ipynb",
        cell("a", {"image/png": "no base64!"}, {"image/png": 7}, {"image/jpeg": "/9j/"}),
        cell("b", png(b"GIF89a"), png(PNG[:40]), png(bomb), png()),
        cell("c", {"image/png": ["iVBOR", 3, None]}),
        {"cell_type": "code", "source": {"x": 1}, "outputs": {"y": 2}},
        {"cell_type": "code", "outputs": [None, {"output_type": "error", "ename": "Secret"}]},
        "no cell",
        None,
    )
    found = read_executed_notebook(path)
    told = " ".join(found.remarks)
    assert "JPEG" in told and "damaged or no PNG" in told and "ended in an error" in told
    assert "Secret" not in told
    read = evidence_from([path], load_bank(shipped_bank()), regions_2021())
    assert all(one.remarks for one in read.findings) and not len(read.evidence)
    remarks = [remark for one in read.findings for remark in one.remarks]
    assert "it has more than 130 million pixels" in remarks
    assert {one.state for one in read.questions} == {"open", "never"}


def test_a_notebook_without_outputs_is_told_so(tmp_path: Path) -> None:
    found = read_executed_notebook(write(tmp_path / "run.ipynb", cell("x = 1")))
    assert "no figures" in found.remarks[0]
