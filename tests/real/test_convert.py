"""The converter: what it writes agrees with the files it reads, by other ways than its own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from solver.errors import EvidenceError
from solver.evidence import Evidence
from solver.explain.run.demo_procedures import (
    PROCEDURES,
    procedures_among,
    recorded_procedures,
)
from solver.rules.maps.displayed import fitted_to
from tests.real import convert
from tests.real.read_figures import LAYERS, STEPS, framed
from tests.real.read_tables import layer0_groups
from tests.solver.notebook_evidence.test_shared_notebooks import ELEVEN

ROOT = Path(__file__).resolve().parents[2]
REAL = ROOT.parent / "shared" / "real"

pytestmark = pytest.mark.skipif(
    not (REAL / "figures_70px.npz").is_file(),
    reason="the real outputs are not beside this checkout",
)


@pytest.fixture(scope="module")
def evidence(real_evidence: Evidence) -> Evidence:
    return real_evidence


@pytest.fixture(scope="module")
def maps() -> dict[str, np.ndarray]:
    with np.load(REAL / "maps_128px.npz") as archive:
        return {name: archive[name] for name in archive.files}


@pytest.fixture(scope="module")
def figures() -> dict[str, np.ndarray]:
    with np.load(REAL / "figures_70px.npz") as archive:
        return {name: archive[name] for name in archive.files}


def test_every_picture_has_its_maps_and_figures(evidence: Evidence) -> None:
    for k in range(10):
        names = [f"{kind}/{k}" for kind in ("picture", "regions", "saliency", "smoothgrad", "lime")]
        names += [
            f"{kind}/{at}/{k}" for kind in ("activation", "filter_visualization") for at in LAYERS
        ]
        names += [f"integrated_gradients/{k}/{steps}" for steps in STEPS]
        assert not evidence.missing(names)
        assert evidence.get("regions", k).arrays["food"].any()


def test_maps_lie_in_their_range_and_valid_fits(evidence: Evidence) -> None:
    for record in evidence:
        if "map" in record.arrays:
            values = record.array("map")
            assert values.dtype == np.float32 and 0 <= values.min() <= values.max() <= 1
        if "valid" in record.arrays:
            sizes = {array.shape[:2] for array in record.arrays.values()}
            assert sizes == {(71, 71)}
            assert 0.8 < record.array("valid").mean() < 1


def test_maps_of_128_are_those_of_the_file(evidence: Evidence, maps: dict[str, Any]) -> None:
    for k in range(10):
        back = np.round(evidence.get("smoothgrad", k).array("map") * 255)
        assert (back == maps["smoothgrad_uint8"][k]).all()
        assert (
            evidence.get("saliency", k).array("map").argmax() == maps["saliency_idx256"][k].argmax()
        )
        assert "raw_min" not in evidence.get("saliency", k).values


@pytest.mark.parametrize("k", range(10))
def test_the_frame_of_71_is_where_the_picture_fits_best(
    k: int, maps: dict[str, Any], figures: dict[str, Any]
) -> None:
    # The picture at 128x128, shrunk by an area mean, against the figure: moved by one screen pixel
    # in any direction it fits worse.
    shrunk = Image.fromarray(maps["images_uint8"][k]).resize((71, 71), Image.Resampling.BOX)
    picture = np.asarray(shrunk).astype(float)
    small = framed(figures["pictures_rgb"][k]).astype(float)
    valid = framed(figures["valid_128"][k], False)
    valid[[1, -1]] = valid[:, [1, -1]] = False

    def gap(down: int, right: int) -> float:
        moved = np.roll(picture, (down, right), (0, 1))
        return float(np.abs(moved - small)[valid].mean())

    best = gap(0, 0)
    assert all(best < gap(*step) for step in ((-1, 0), (1, 0), (0, -1), (0, 1)))


def test_lime_draws_eleven_superpixels_of_each_picture_and_leaves_nothing_unread(
    evidence: Evidence,
) -> None:
    for k in range(10):
        record = evidence.get("lime", k)
        signs, segments = record.array("signs", 2), record.array("segments", 2)
        green, red = (np.unique(segments[signs == sign]).tolist() for sign in (1, -1))
        assert (green, red) == ELEVEN[k]
        assert "valid" not in record.arrays and record.value("unexplained_pixels") <= 5


def test_regions_fall_on_the_same_places_of_a_figure(
    evidence: Evidence, figures: dict[str, Any]
) -> None:
    # The butter is the only yellow thing of picture 0: region and colour agree in the frame of 71.
    small = framed(figures["pictures_rgb"][0]).astype(int)
    valid = framed(figures["valid_128"][0], False)
    yellow = (small[..., 0] - small[..., 2] > 60) & valid
    food = fitted_to(evidence.get("regions", 0).array("food"), (71, 71)) & valid
    assert (yellow & food).sum() / (yellow | food).sum() > 0.9


def test_the_label_of_a_map_of_32_lies_elsewhere(evidence: Evidence) -> None:
    at_32, at_64 = (evidence.get("activation", layer, 1).array("valid") for layer in (23, 15))
    assert not at_32[45, 68] and at_64[45, 68]
    assert at_32[28, 68] and not at_64[28, 68]
    assert at_32[56, 60] and not at_64[56, 60]


def test_the_same_files_give_the_same_bytes_again(
    real_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The plots and the procedures take long: that of one plot is seen in test_read_plots.
    def quick(real: Path) -> Evidence:
        return Evidence({record.id: record for record in convert.figures_and_tables(real)})

    monkeypatch.setattr(convert, "converted", quick)
    monkeypatch.setattr(sys, "argv", ["convert.py", str(REAL), str(tmp_path)])
    assert convert.main() == 0
    written = sorted(tmp_path.glob("*.npz"))
    assert len(written) > 100
    for path in written:
        assert path.read_bytes() == (real_folder / path.name).read_bytes()


def test_tables_of_the_chinese_model_say_what_they_are_of(evidence: Evidence) -> None:
    record = evidence.get("embeddings")
    assert "states" not in record.arrays and "hidden states" in " ".join(record.value("lacks"))
    tables = record.value("tables")
    assert set(tables) == set(record.arrays) - {"places", "lengths"}
    count = len(record.value("sentences"))
    distances, cosines = record.array("euclidean", 2), record.array("cosine", 2)
    for matrix, alone in ((distances, 0), (cosines, 1)):
        assert matrix.shape == (count, count)
        assert (matrix == matrix.T).all() and (matrix.diagonal() == alone).all()
    # Two tables of the same vectors: what is far is not alike.
    apart = np.triu_indices(count, 1)
    assert np.corrcoef(distances[apart], cosines[apart])[0, 1] < -0.9
    ranges = record.array("distance_ranges", 3)
    assert (ranges[..., 0] < ranges[..., 1]).all() and (ranges == ranges.transpose(1, 0, 2)).all()
    groups = tables["distance_ranges"]["groups"]
    assert sorted(one for group in groups for one in group) == list(range(count)) and len(
        groups
    ) == len(ranges)
    assert tables["euclidean"] == tables["cosine"] != tables["curve"]
    assert max(tables["curve"]["sentences"]) < count
    # At layer 0 one place is one group, at no distance from itself.
    alike = tables["layer0_distance_ranges"]["groups"]
    places = record.array("places", 1)
    assert [len(set(places[group])) for group in alike] == [1] * len(alike)
    at_layer0 = record.array("layer0_distance_ranges", 3)
    assert not at_layer0[np.arange(len(alike)), np.arange(len(alike))].any()
    assert at_layer0[0, 1, 0] > 1


def test_records_on_procedures_say_that_they_are_the_demos(evidence: Evidence) -> None:
    names = procedures_among(convert.asked())
    assert {"saliency_derivative", "module/6", "embedding_trials"} < set(names)
    for name in names:
        record = evidence.get(*name.split("/"))
        assert "source" in record.values and not record.inputs
    # What came out of the course's network is never replaced by the demo's.
    others = {record.kind for record in evidence} - set(PROCEDURES)
    assert others >= {"lime", "saliency", "smoothgrad", "activation", "hidden_states"}
    kinds = ("lime", "saliency", "smoothgrad", "activation", "integrated_gradients")
    for record in evidence:
        assert record.kind not in kinds or "published run" in record.value("source")


def test_the_recorded_procedures_are_those_that_a_run_gives(evidence: Evidence) -> None:
    recorded = recorded_procedures(convert.asked())
    assert [record.id for record in recorded] == procedures_among(convert.asked())
    for record in recorded:
        run = evidence.get(*record.id.split("/"))
        assert record.values.keys() == run.values.keys()
        for name, value in run.values.items():
            told = pytest.approx(value, rel=1e-3) if isinstance(value, float) else value
            assert record.values[name] == told, (record.id, name)
        assert record.arrays.keys() == run.arrays.keys()
        for name, array in run.arrays.items():
            # Another processor rounds otherwise.
            off = np.abs(array.astype(float) - record.arrays[name]).max()
            assert off <= 1e-3 * np.abs(array).max(), (record.id, name)


def test_a_folder_without_the_files_is_told_so(tmp_path: Path) -> None:
    script = [sys.executable, str(ROOT / "tests/real/convert.py"), str(tmp_path), str(tmp_path)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(script, capture_output=True, text=True, env=environment)
    assert done.returncode == 1
    assert "maps_128px.npz" in done.stderr and "Traceback" not in done.stderr


def test_what_is_told_of_layer_0_is_read_or_refused() -> None:
    told = "0 for (0,3), and all of 1,2 among each other; the other pairs take 1.5 to 2.5"
    assert layer0_groups(told, 5) == ([[0, 3], [1, 2], [4]], [1.5, 2.5])
    with pytest.raises(EvidenceError, match="twice"):
        layer0_groups(told.replace("1,2", "0,2"), 5)
    with pytest.raises(EvidenceError, match="another form"):
        layer0_groups("it is 0 here and there", 5)
