"""The cell that collects evidence, run at the end of a notebook like the course's."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from solver.bundle.pictures import Picture
from solver.bundle.regions import load_regions
from solver.evidence import Evidence, Record, load_evidence, save_evidence
from solver.files.resources import data_folder
from solver.files.zipped_folder import as_folder
from solver.notebook_evidence.collected import collecting_cell, wanted_of, with_regions
from solver.pipeline.make_key import make_key
from solver.rules.maps.displayed import region_name
from tests.solver.notebook_evidence.course_notebook import BERT, CNN_CELLS, run_cells

DEMO = data_folder("demo")
NEEDS = ["activation/6/0", "activation/15/0", "integrated_gradients/0/10", "saliency/0",
         "integrated_gradients/0/12", "hidden_states/1/1", "hidden_states/2/1"]  # fmt: skip
FEW = {"COUNT": 1, "SAMPLES": 20, "EPOCHS": 2, "ITERATIONS": 1, "DEMO": DEMO, "DRAWN": False}


def collected(folder: Path, cells: tuple[str, ...], needs: list[str]) -> Evidence:
    """What the cell saves after `cells`, as `hw9 key --evidence` reads it."""
    (folder / "hw9_bert").mkdir()
    (folder / "hw9_bert" / "output").mkdir()
    shutil.copy(DEMO / "hw9_bert" / "output" / "model1_q1", folder / "hw9_bert" / "output")
    shutil.copytree(DEMO / "hw9_bert" / "tokenizer1", folder / "hw9_bert" / "Tokenizer1")
    cell = collecting_cell(needs).replace("RANGE_SAMPLES = 50", "RANGE_SAMPLES = 2")
    run_cells((*cells, cell), folder, **FEW)
    with as_folder(folder / "evidence.zip") as unpacked:
        return load_evidence(unpacked)


@pytest.fixture(scope="module")
def evidence(tmp_path_factory: pytest.TempPathFactory) -> Evidence:
    pytest.importorskip("lime")
    return collected(tmp_path_factory.mktemp("run"), (*CNN_CELLS, BERT), NEEDS)


def test_everything_that_the_notebook_has_is_saved(evidence: Evidence) -> None:
    found = {record.id for record in evidence}
    each = {f"{kind}/0" for kind in ("picture", "saliency", "smoothgrad", "lime")}
    layers = {"activation/6/0", "activation/15/0", "filter_visualization/15/0"}
    steps = {"integrated_gradients/0/10", "integrated_gradients/0/12"}
    assert found == each | layers | steps | {"hidden_states/1/1", "embeddings"}
    assert evidence.bundle["collected"] is True


def test_the_arrays_are_those_of_the_program(evidence: Evidence) -> None:
    """What the program computes from the bundle is what the notebook computed."""
    from solver.bundle.bundle import load_bundle
    from solver.explain.job import ExplainSettings
    from solver.explain.run.runner import run_explanations

    bundle = load_bundle(DEMO)
    assert np.array_equal(evidence.get("picture", 0).array("rgb"), bundle.picture(0).rgb)
    assert evidence.get("picture", 0).value("name") == bundle.picture(0).name
    wanted = ["integrated_gradients/0/10", "activation/15/0", "hidden_states/1/1", "embeddings"]
    ours, failures = run_explanations(wanted, bundle, ExplainSettings())
    assert not failures
    for name in wanted:
        for array in {"map", "roles", "places", "lengths"} & set(
            evidence.get(*name.split("/")).arrays
        ):
            mine = evidence.get(*name.split("/")).array(array)
            other = ours.get(*name.split("/")).array(array)
            assert np.allclose(mine, other, atol=1e-3 * np.abs(other).max()), (name, array)
    raw = ours.get("integrated_gradients", 0, 10)
    assert evidence.get("integrated_gradients", 0, 10).value("neutral") == pytest.approx(
        raw.value("neutral"), abs=1e-3
    )
    assert np.allclose(
        evidence.get("embeddings").array("states"),
        ours.get("embeddings").array("states"),
        atol=1e-4,
    )


def test_ranges_before_scaling_and_limes_eleven(evidence: Evidence) -> None:
    for kind in ("saliency", "smoothgrad"):
        assert 0 <= evidence.get(kind, 0).value("raw_min") < evidence.get(kind, 0).value("raw_max")
    lime = evidence.get("lime", 0)
    drawn = np.unique(lime.array("segments")[lime.array("signs") != 0])
    weights = np.abs(lime.array("weights"))
    eleven = np.argsort(-weights)[:11]
    assert weights.any() and set(drawn) == {one for one in eleven if weights[one] >= 0.05}
    assert lime.settings["lime_superpixels"]["scikit_image"] == "0.19"
    assert lime.settings["lime_superpixels"]["start_label"] == 0


def test_what_is_not_there_costs_nothing_else(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    names: dict[str, Any] = {"labels": [3], "images": np.full((1, 3, 128, 128), 0.5)}
    names |= {"train_paths": ["/content/drive/MyDrive/somebody/name.jpg"]}
    names |= {"saliencies": np.zeros((1, 4, 4))}
    folder = tmp_path / "run"
    folder.mkdir()
    _, shown = run_cells((collecting_cell([]),), folder, names=names)
    assert shown == [[]]
    with as_folder(folder / "evidence.zip") as unpacked:
        evidence = load_evidence(unpacked)
        assert b"somebody" not in (unpacked / "manifest.json").read_bytes()
    assert [record.id for record in evidence] == ["picture/0", "saliency/0"]
    assert "raw_max" not in evidence.get("saliency", 0).values


LATER = """
import types
import numpy as np
from torch import nn

class Small(nn.Module):
    def __init__(self):
        super().__init__()
        self.cnn, self.fc = nn.Conv2d(3, 4, 3), nn.Linear(4, 2)

    def forward(self, pictures):
        return self.fc(self.cnn(pictures).mean((2, 3)))

model = Small()
IG = types.SimpleNamespace(model=model)

def predict(pictures):
    return model(torch.tensor(pictures).permute(0, 3, 1, 2).float()).detach().numpy()

def segmentation(picture):
    return np.arange(64).reshape(8, 8) // 16

model = print  # as the notebook's last cells put a BERT there
"""


def test_lime_is_run_again_on_the_network_where_model_is_another_by_now(tmp_path: Path) -> None:
    pytest.importorskip("lime")
    import torch

    names: dict[str, Any] = {"torch": torch, "labels": [1], "train_paths": ["1_1.png"]}
    names["images"] = torch.rand((1, 3, 8, 8), generator=torch.Generator().manual_seed(0))
    cell = collecting_cell([]).replace("RANGE_SAMPLES = 50", "RANGE_SAMPLES = 0")
    kept, _ = run_cells((LATER, cell), tmp_path, names=names)
    with as_folder(tmp_path / "evidence.zip") as unpacked:
        evidence = load_evidence(unpacked)
    assert evidence.get("lime", 0).array("weights").any()
    assert kept["model"] is print


def test_regions_come_by_name_or_by_what_the_picture_shows() -> None:
    from solver.bundle.pictures import load_pictures

    pictures: list[Picture] = load_pictures(DEMO / "food")[:2]
    records = [
        Record(f"picture/{k}", {"rgb": p.rgb}, {"label": p.label, "name": name})
        for k, (p, name) in enumerate(zip(pictures, (pictures[0].name, ""), strict=True))
    ]
    evidence = Evidence({record.id: record for record in records}, {"collected": True})
    found = with_regions(evidence, DEMO / "regions.yaml")
    entries = {entry.name: entry for entry in load_regions(DEMO / "regions.yaml").pictures}
    for k, picture in enumerate(pictures):
        assert set(found.get("regions", k).arrays) == set(entries[picture.name].regions)
        assert region_name(found, k, "food") == ("the food", "食物")
    kept = Record("regions/0", {"mine": np.ones((2, 2), bool)})
    evidence.add(kept)
    assert with_regions(evidence, DEMO / "regions.yaml").get("regions", 0) is kept


@pytest.mark.parametrize("collected", [True, False])
def test_recorded_procedures_come_to_collected_evidence_alone(
    collected: bool, tmp_path: Path
) -> None:
    saved = Evidence({"x/0": Record("x/0", {}, {"y": 1})}, {"name": "a", "collected": collected})
    save_evidence(saved, tmp_path)
    made = make_key(evidence=tmp_path, only=["q14"])
    (question,) = made.key.questions
    assert question.state == ("decided" if collected else "open")


def test_the_cell_asks_for_what_the_bank_needs() -> None:
    assert wanted_of(NEEDS) == {
        "layers": [6, 15], "steps": {"0": [10, 12]}, "hidden_states": [[1, 1], [2, 1]],
    }  # fmt: skip
    compile(collecting_cell(NEEDS), "cell", "exec")
