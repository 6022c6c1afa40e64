"""Figures kept beside the evidence: the page is made again without deciding anything."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from solver.banks.bank import load_bank
from solver.evidence import Evidence, Record, save_evidence
from solver.files.resources import shipped_bank
from solver.key import Key, load_key
from solver.pipeline import page_again as pages
from solver.pipeline.kept_figures import FILE, kept_figures
from solver.pipeline.make_key import MadeKey, make_key
from solver.pipeline.page_again import page_again


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[MadeKey, Path]:
    """A key of two questions, one of which has figures."""
    out = tmp_path_factory.mktemp("kept") / "out"
    light = np.zeros((128, 128, 3), np.float32)
    light[40:60, 40:60] = 1
    regions = {name: np.zeros((128, 128), bool) for name in ("outline", "soup", "spring_onion")}
    for at, mask in enumerate(regions.values()):
        mask[40 * at : 40 * at + 30] = True
    regions["bowl"] = np.ones((128, 128), bool)
    records = [
        Record("module/6", values={"class": "ReLU", "printed": "ReLU()"}),
        Record("smoothgrad/9", {"map": light}),
        Record("regions/9", regions),
        Record("picture/9", {"rgb": np.zeros((128, 128, 3), np.uint8)}),
    ]
    save_evidence(Evidence({one.id: one for one in records}), out.parent / "given")
    made = make_key(evidence=out.parent / "given", only=["q12", "q14", "q15"], out=out)
    return made, out


def test_the_page_is_made_again_to_the_byte_and_nothing_is_decided(
    made: tuple[MadeKey, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    found, out = made
    monkeypatch.setattr(pages, "figures_of", lambda *given: pytest.fail("decided again"))
    page = page_again(load_key(out / "key.yaml"), load_bank(shipped_bank()), out / "evidence")
    assert page == (out / "key.html").read_text(encoding="utf-8")
    assert found.figures["q12"]


def test_figures_come_back_as_they_were(made: tuple[MadeKey, Path]) -> None:
    found, out = made
    kept = kept_figures(load_key(out / "key.yaml"), out / "evidence")
    assert sorted(kept) == ["q12", "q14", "q15"] and kept["q15"] == []
    assert kept["q12"] == list(found.figures["q12"])


def test_without_the_file_and_with_another_key_they_are_found_by_deciding(
    made: tuple[MadeKey, Path], tmp_path: Path
) -> None:
    _, out = made
    key, bank = load_key(out / "key.yaml"), load_bank(shipped_bank())
    assert kept_figures(key, tmp_path) == {}
    other = key.model_copy(update={"code": {**key.code, "sha256": "0" * 64}})
    assert kept_figures(other, out / "evidence") == {}
    save = (out / "evidence" / FILE).read_text(encoding="utf-8")
    (out / "evidence" / FILE).unlink()
    try:
        page = page_again(key, bank, out / "evidence")
        assert page == (out / "key.html").read_text(encoding="utf-8")
    finally:
        (out / "evidence" / FILE).write_text(save, encoding="utf-8")


@pytest.mark.parametrize(
    "damage",
    [
        lambda document: "{torn",
        lambda document: json.dumps([document]),
        lambda document: json.dumps({**document, "format": "hw9-figures/2"}),
        lambda document: json.dumps({**document, "questions": {"q12": [["map"]]}}),
        lambda document: json.dumps({**document, "questions": {"q12": [["map", 3, "ab"]]}}),
        lambda document: json.dumps({**document, "questions": {"q12": [["map", {}, None]]}}),
        lambda document: json.dumps({**document, "questions": None}),
    ],
)
def test_a_damaged_file_is_passed_over(made, tmp_path: Path, damage) -> None:  # type: ignore[no-untyped-def]
    _, out = made
    key: Key = load_key(out / "key.yaml")
    document = json.loads((out / "evidence" / FILE).read_text(encoding="utf-8"))
    (tmp_path / FILE).write_text(damage(document), encoding="utf-8")
    assert kept_figures(key, tmp_path) == {}
