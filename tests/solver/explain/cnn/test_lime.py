"""Ours against the lime package itself, run as the course runs it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from lime.lime_image import ImageExplanation, LimeImageExplainer
from skimage.segmentation import slic

from solver.banks.course_settings import Superpixels
from solver.bundle.bundle import Bundle
from solver.evidence import Record
from solver.explain.cnn.lime import (
    SAMPLING,
    draws_for,
    explain_by_segments,
    lime,
    lime_known_model,
)
from solver.explain.cnn.lime_surrogate import shown_signs
from solver.explain.cnn.superpixels import superpixels
from solver.explain.job import ExplainSettings, Job

SAMPLES = 60


def course_loop(
    bundle: Bundle, pictures: int, start_label: int, hide_color: float | None = None
) -> list[ImageExplanation]:
    """The course's cell on today's slic: NumPy seeded once, one explanation after another."""

    def classify(images: np.ndarray) -> np.ndarray:
        batch = torch.FloatTensor(images).permute(0, 3, 1, 2)
        with torch.no_grad():
            return bundle.network(batch).numpy()

    def segment(image: np.ndarray) -> np.ndarray:
        return slic(image, n_segments=200, compactness=1, sigma=1, start_label=start_label)

    np.random.seed(16)
    found = []
    for picture in bundle.pictures[:pictures]:
        explainer = LimeImageExplainer()
        found.append(
            explainer.explain_instance(
                image=picture.rgb.astype(np.double) / 255,
                classifier_fn=classify,
                segmentation_fn=segment,
                num_samples=SAMPLES,
                hide_color=hide_color,
            )
        )
    return found


def ours(bundle: Bundle, place: int, **changes: Any) -> Record:
    chosen = ExplainSettings(**({"lime_samples": SAMPLES} | changes))
    return lime(Job(f"lime/{place}", bundle, chosen))


def assert_same(record: Record, explanation: ImageExplanation, label: int) -> None:
    weights = np.zeros(len(record.arrays["weights"]))
    for feature, weight in explanation.local_exp[label]:
        weights[feature] = weight
    assert np.array_equal(record.arrays["segments"], explanation.segments)
    assert np.array_equal(record.arrays["weights"], weights)
    assert record.values["intercept"] == explanation.intercept[label]
    overlay, signs = explanation.get_image_and_mask(
        label, positive_only=False, hide_rest=False, num_features=11, min_weight=0.05
    )
    assert np.array_equal(record.arrays["signs"], signs)
    redrawn = explanation.image.copy()
    redrawn[record.arrays["signs"] > 0, 1] = redrawn.max()
    redrawn[record.arrays["signs"] < 0, 0] = explanation.image.max()
    assert np.array_equal(redrawn, overlay)


@pytest.mark.usefixtures("generators_restored")
def test_all_ten_pictures_equal_the_lime_package_exactly(demo: Bundle) -> None:
    theirs = course_loop(demo, 10, start_label=0)
    drawn = 0
    # Last picture first: ours needs none of those before it explained.
    for place in reversed(range(10)):
        record = ours(demo, place, lime_superpixels=Superpixels(scikit_image="0.19"))
        assert_same(record, theirs[place], demo.picture(place).label)
        drawn += int(np.count_nonzero(record.arrays["signs"]))
    assert drawn > 0


@pytest.mark.usefixtures("generators_restored")
def test_labels_from_one_reproduce_the_later_edition(demo: Bundle) -> None:
    theirs = course_loop(demo, 2, start_label=1)
    today = Superpixels(scikit_image="0.19", start_label=1)
    record = ours(demo, 1, lime_superpixels=today)
    assert_same(record, theirs[1], demo.picture(1).label)
    assert record.arrays["segments"].min() == 1
    # Feature 0 hides nothing and the last segment is never hidden, in lime as in ours.
    assert record.arrays["segments"].max() == len(record.arrays["weights"])


@pytest.mark.usefixtures("generators_restored")
def test_another_hidden_colour_is_limes_hide_color(demo: Bundle) -> None:
    theirs = course_loop(demo, 1, start_label=0, hide_color=0.25)
    today = Superpixels(scikit_image="0.19")
    record = ours(demo, 0, lime_superpixels=today, lime_hidden_colour=0.25)
    assert_same(record, theirs[0], demo.picture(0).label)


def test_a_record_says_which_superpixels_it_rests_on(demo: Bundle) -> None:
    first, later = ours(demo, 2), ours(demo, 2, lime_superpixels=Superpixels(scikit_image="0.18"))
    assert first.settings["lime_superpixels"] == {
        "scikit_image": "0.16",
        "segments": 200,
        "compactness": 1.0,
        "sigma": 1.0,
        "start_label": 0,
    }
    assert later.settings["lime_superpixels"]["scikit_image"] == "0.18"
    assert not np.array_equal(first.array("segments"), later.array("segments"))
    assert first.inputs["method_version"] == "4"


def test_a_batch_of_two_is_a_batch_of_ten(demo: Bundle) -> None:
    two, ten = ours(demo, 3, lime_batch=2), ours(demo, 3)
    assert np.allclose(two.arrays["weights"], ten.arrays["weights"], rtol=1e-3, atol=1e-4)
    assert two.arrays["weights"].std() > 0


def test_the_draws_follow_the_pictures_before(demo: Bundle) -> None:
    few = ExplainSettings(lime_samples=SAMPLES)
    first, second = draws_for(0, demo, few), draws_for(1, demo, few)
    generator = np.random.RandomState(16)
    for draws in (first, second):
        generator.randint(0, high=1000)
        assert np.array_equal(draws, generator.randint(0, 2, draws.size).reshape(draws.shape))
    counts = [len(np.unique(superpixels(p.rgb, few.lime_superpixels))) for p in demo.pictures[:2]]
    assert [first.shape[1], second.shape[1]] == counts


@settings(max_examples=15, deadline=None, derandomize=True)
@given(
    seed=st.integers(0, 10**6),
    shown=st.integers(0, 12),
    floor=st.floats(0, 1),
)
def test_the_overlay_is_limes_own(seed: int, shown: int, floor: float) -> None:
    generator = np.random.default_rng(seed)
    segments = generator.integers(0, 8, (16, 16))
    weights = generator.normal(size=8)
    theirs = ImageExplanation(generator.random((16, 16, 3)), segments)
    theirs.local_exp[0] = sorted(enumerate(weights), key=lambda item: -abs(item[1]))
    _, mask = theirs.get_image_and_mask(
        0, positive_only=False, hide_rest=False, num_features=shown, min_weight=floor
    )
    assert np.array_equal(shown_signs(segments, weights, shown, floor), mask)
    assert np.array_equal(shown_signs(segments, -weights, shown, floor), -mask)


@settings(max_examples=5, deadline=None, derandomize=True)
@given(seed=st.integers(0, 10**6))
def test_a_linear_classifiers_weights_are_found(seed: int) -> None:
    """The classifier answers with the weighted sum of the segments that are not hidden."""
    generator = np.random.default_rng(seed)
    rows, columns = np.indices((32, 32)) // 8
    segments = rows * 4 + columns
    image = generator.random((32, 32, 3))
    truth = generator.normal(size=16)

    def classify(images: np.ndarray) -> np.ndarray:
        changed = (images != image).any(-1)  # (B, 32, 32)
        kept = [[not one[segments == s].any() for s in range(16)] for one in changed]
        answer = np.asarray(kept, float) @ truth
        return np.stack([answer, -answer], 1)

    draws = generator.integers(0, 2, (300, 16))
    as_given = draws.copy()
    weights, _, score = explain_by_segments(image, segments, draws, classify, 0)
    against, _, _ = explain_by_segments(image, segments, draws, classify, 1)
    assert np.corrcoef(weights, truth)[0, 1] > 0.99
    assert score > 0.9
    assert np.allclose(weights, -against)
    assert np.array_equal(draws, as_given)


def test_the_known_model_is_known(demo: Bundle) -> None:
    record = lime_known_model(Job("lime_known_model", demo))
    assert record.arrays["true_weights"].shape == (64,)
    assert record.arrays["rise"].shape == (64, 3)
    touched = np.abs(record.arrays["rise"]).max(1) > 0
    assert touched.sum() == ExplainSettings().lime_shown
    # Eight by eight tiles, numbered along their rows; green rises for, red against.
    rows, columns = np.indices((128, 128))
    assert np.array_equal(record.arrays["segments"], rows // 16 * 8 + columns // 16)
    truth, rise = record.arrays["true_weights"], record.arrays["rise"]
    assert ((rise[touched, 1] > 0) == (truth[touched] > 0)).all()
    assert ((rise[touched, 0] > 0) == (truth[touched] < 0)).all()
    # Those of the largest weights, but for LIME's own noise.
    assert np.abs(truth[touched]).min() > 2


def test_a_run_that_goes_on_from_a_record_is_the_run_in_one(demo: Bundle) -> None:
    job = Job("lime/3", demo, ExplainSettings(lime_samples=SAMPLES, lime_batch=1))
    begun = SAMPLING.extend(job, None, 30)
    gone_on, whole = SAMPLING.extend(job, begun, SAMPLES), ours(demo, 3, lime_batch=1)
    assert begun.values["samples"] == len(begun.array("answers")) == 30
    for name in ("draws", "answers", "weights", "signs"):
        assert np.array_equal(gone_on.array(name), whole.array(name)), name
