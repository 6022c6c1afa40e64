"""Rules on integrated gradients: the path's samples, and the effect of more steps.

Samples are drawn by the kind of figure ``samples``, maps by ``strip`` (`solver.page.figures.maps`);
the cross-check of more steps is in `solver.rules.gradients.integrated_gradients_check`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Literal

import numpy as np
from pydantic import Field, model_validator

from solver.errors import MissingEvidence
from solver.evidence import Evidence, Record, record_id
from solver.rules.maps.displayed import Floats, correlation, valid_places
from solver.rules.parameters import Picture, Pictures, with_edition_steps
from solver.rules.registry import Decision, Figure, Parameters, Verdict, rule
from solver.rules.thresholds import threshold
from solver.rules.verdicts import Pair, above, below


class PathSettings(Parameters):
    """The picture the path leads to."""

    picture: Picture


class PathClaim(Parameters):
    """The samples are this."""

    samples: Literal["random", "between", "baseline", "shifted"] = Field(
        description="random pictures; steps from baseline to picture; baselines; shifted"
    )


NEAR = threshold(
    "integrated.near",
    0.01,
    "of the picture's norm: a sample on the line differs from it by float rounding, 1e-7, and one "
    "that is not by as much as there is in a picture; a hundredth lies far from both",
    lowest=1e-6,
)
SHIFTED = threshold(
    "integrated.shifted",
    0.5,
    "of the picture's norm: nearer to a moved copy of the picture than halfway to nothing",
    lowest=0.05,
    highest=0.95,
)
MOST = threshold("integrated.most", 0.5, "of the samples: more than not", lowest=0.0, highest=0.99)

_SAMPLES = {
    "random": ("unrelated to the path", "與路徑無關"),
    "between": ("successive steps between baseline and picture", "依序介於基準與圖片之間"),
    "baseline": ("the baseline", "就是基準"),
    "shifted": ("the picture shifted", "是平移後的圖片"),
}


@rule(
    "gradients.integrated_gradients.path",
    settings=PathSettings,
    claim=PathClaim,
    needs=lambda s: [record_id("integrated_path", s.picture)],
)
def path(evidence: Evidence, settings: PathSettings, claims: Sequence[PathClaim]) -> Decision:
    """Share of the samples that are as claimed, found by comparing pixels; held against half.

    Between: on the straight line from baseline to picture, each further along than the one before.
    Shifted: the picture moved by whole pixels. Random: neither on the line nor shifted.
    """
    record = evidence.get("integrated_path", settings.picture)
    shares = _sample_shares(record)
    verdicts = [
        above(
            shares[claim.samples],
            MOST.now(),
            unit="share of the samples",
            what=(
                f"samples that are {_SAMPLES[claim.samples][0]}",
                f"樣本{_SAMPLES[claim.samples][1]}的比例",
            ),
            against=("more than half", "過半"),
        )
        for claim in claims
    ]
    parameters = {"record": record.id, "array": "samples"}
    return Decision(
        verdicts, [Figure("samples", parameters, ("The path's samples", "路徑上的樣本"))]
    )


def _sample_shares(record: Record) -> dict[str, float]:
    samples = record.array("samples", 4).astype(np.float64)
    baseline, picture = (record.array(n, 3).astype(np.float64) for n in ("baseline", "picture"))
    span, near = picture - baseline, NEAR.now()
    size = float(np.linalg.norm(span)) or 1.0
    along = np.array([float(((s - baseline) * span).sum()) / size**2 for s in samples])  # 0 to 1
    off = np.array(
        [
            np.linalg.norm(s - baseline - a * span) / size
            for s, a in zip(samples, along, strict=True)
        ]
    )
    # Bool (S,)
    at_baseline = np.array([np.linalg.norm(s - baseline) / size < near for s in samples])
    on_line = (off < near) & (along > -near) & (along < 1 + near)
    # The first has none before it to be further along than.
    further = np.concatenate([[True], np.diff(along) > near / len(samples)])
    shifted = np.array([_is_shifted(sample, picture, size) for sample in samples])
    return {
        "between": float((on_line & further).mean()),
        "baseline": float(at_baseline.mean()),
        "shifted": float(shifted.mean()),
        "random": float((~on_line & ~shifted).mean()),
    }


def _is_shifted(sample: Floats, picture: Floats, size: float) -> bool:
    """True if a sample is the picture shifted (around its edges) by one pixel or more."""
    # Cross-correlation by the spectra: all shifts at the cost of a few transforms.
    spectrum = np.fft.fft2(sample.mean(-1)) * np.conj(np.fft.fft2(picture.mean(-1)))
    match = np.fft.ifft2(spectrum).real  # cross-correlation over all shifts
    down, right = np.unravel_index(int(match.argmax()), match.shape)
    if (down, right) == (0, 0):
        return False
    moved = np.roll(picture, (int(down), int(right)), (0, 1))
    return bool(np.linalg.norm(sample - moved) / size < SHIFTED.now())


class StepsSettings(Parameters):
    """The pictures, the course's number of steps, and the larger numbers it is held against."""

    pictures: Pictures
    steps: int = Field(
        default=10,
        ge=2,
        description="the course's number of steps",
        json_schema_extra={"unsaid": "the edition's"},
    )
    more: list[Annotated[int, Field(ge=2)]] = Field(
        min_length=1, description="larger numbers of steps"
    )

    _steps_of_the_edition = model_validator(mode="before")(with_edition_steps)


class StepsClaim(Parameters):
    """More steps do this."""

    effect: Literal["same", "swap", "nothing", "random"] = Field(
        description="no clear difference; bright and dark swapped; nothing bright; bright at random"
    )


ALIKE = threshold(
    "integrated.alike",
    0.5,
    "correlation pixel by pixel: from half of the pattern on a person takes two maps for the same. "
    "Maps of different pictures come out at 0, a reversed one at -1",
    lowest=0.05,
    highest=0.95,
)
FADED = threshold(
    "integrated.faded",
    0.1,
    "of the former contrast: with less than a tenth of it there is nothing left to see",
    lowest=0.0,
    highest=0.9,
)


def kept_steps(evidence: Evidence, settings: StepsSettings) -> list[int]:
    """Return the larger numbers of steps that the evidence has for every picture.

    Raises:
        MissingEvidence: there are none, or the course's own number is missing.
    """
    kind = "integrated_gradients"
    lacks = evidence.missing([record_id(kind, k, settings.steps) for k in settings.pictures])
    there = [
        steps
        for steps in settings.more
        if not evidence.missing([record_id(kind, k, steps) for k in settings.pictures])
    ]
    if lacks or not there:
        some = [record_id(kind, k, settings.more[0]) for k in settings.pictures]
        # One number of steps is enough: the first one asked for is named.
        raise MissingEvidence(lacks or evidence.missing(some))
    return there


def steps_left_out(settings: StepsSettings, there: Sequence[int]) -> Pair | None:
    """Return a note on the numbers of steps that are missing; None where none is."""
    gone = ", ".join(str(steps) for steps in settings.more if steps not in there)
    if not gone:
        return None
    return (
        f"Maps of {gone} steps are not there; decided on {', '.join(map(str, there))}.",
        f"沒有 {gone} 步的圖；依 {'、'.join(map(str, there))} 步的圖判定。",
    )


@rule(
    "gradients.integrated_gradients.more_steps",
    settings=StepsSettings,
    claim=StepsClaim,
    needs=lambda s: [
        record_id("integrated_gradients", picture, steps)
        for picture in s.pictures
        for steps in (s.steps, *s.more)
    ],
    partial=True,
)
def more_steps(
    evidence: Evidence, settings: StepsSettings, claims: Sequence[StepsClaim]
) -> Decision:
    """Correlation and contrast of the displayed maps at more steps with that at the course's.

    Correlation does not depend on the normalization of either map, which changes the shade of the
    ground. The least over the larger numbers of steps, median over the pictures. *same*: one half
    or more. *swap*: minus one half or less. *nothing*: contrast below a tenth of before. *random*:
    correlation between the two, with the contrast still there. Larger numbers of steps without
    evidence are left out, and the note names them.
    """
    more = kept_steps(evidence, settings)
    correlations, contrasts = [], []
    for picture in settings.pictures:
        base = _map(evidence.get("integrated_gradients", picture, settings.steps))
        others = [_map(evidence.get("integrated_gradients", picture, n)) for n in more]
        # Maps that can be read in different places have nothing to compare.
        alike = [correlation(base, one) if base.shape == one.shape else 0.0 for one in others]
        # The least: an effect that shows at any of the numbers of steps is an effect.
        correlations.append(min(alike))
        contrasts.append(min(other.std() / max(base.std(), 1e-12) for other in others))
    r, contrast = float(np.median(correlations)), float(np.median(contrasts))
    verdicts = [_steps_verdict(claim.effect, r, contrast) for claim in claims]
    rows = [
        {
            "label": [f"{steps} steps", f"{steps} 步"],
            "records": [record_id("integrated_gradients", k, steps) for k in settings.pictures],
        }
        for steps in (settings.steps, *more)
    ]
    figure = Figure("strip", {"rows": rows}, ("The same picture at more steps", "步數增加時的圖"))
    return Decision(verdicts, [figure], steps_left_out(settings, more))


def _steps_verdict(effect: str, r: float, contrast: float) -> Verdict:
    what = ("correlation with the map of fewer steps", "與步數較少的圖的相關係數")
    left = ("contrast left at more steps", "步數增加後剩餘的對比")
    alike, faded = ALIKE.now(), FADED.now()
    if effect == "nothing":
        return below(contrast, faded, unit="times", what=left, against=("faded", "消失"))
    if contrast < faded:  # a faded map is neither the same nor at random
        still = ("still to be seen", "仍可見")
        return above(contrast, faded, unit="times", what=left, against=still)
    if effect == "same":
        against = ("the same to a person", "看起來相同")
        return above(r, alike, unit="correlation", what=what, against=against, inclusive=True)
    if effect == "swap":
        return below(r, -alike, unit="correlation", what=what, against=("reversed", "反轉"))
    unrelated = ("unrelated", "無關")
    return below(abs(r), alike, unit="|correlation|", what=what, against=unrelated)


def _map(record: Record) -> Floats:
    values, valid = record.array("map", 3).astype(np.float64), valid_places(record)
    # (n, 3): only what can be read, so that maps of two figures are compared by place.
    return values[valid]
