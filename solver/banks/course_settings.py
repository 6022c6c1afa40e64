"""Settings of the course's methods in an edition: the `methods` part of ``bank.yaml``.

The defaults are those of 2021; a bank writes the fields in which its edition's code differed.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator


def _version(value: object) -> object:
    return f"{value:.2f}" if isinstance(value, float) else value  # YAML reads 0.16 as a number


class _Settings(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Superpixels(_Settings):
    """The superpixels LIME hides: scikit-image's slic, as of which version, with which settings."""

    scikit_image: Annotated[Literal["0.16", "0.18", "0.19"], BeforeValidator(_version)] = Field(
        default="0.16",
        description="the scikit-image whose superpixels they are: 0.16 (2021's), 0.18 (2022's; "
        "0.17 makes the same), 0.19 (and all since)",
    )
    segments: int = Field(default=200, ge=1, le=5000, description="superpixels asked for")
    compactness: float = Field(
        default=1.0, gt=0, le=1e6, description="weight of nearness against likeness of colour"
    )
    sigma: float = Field(default=1.0, ge=0, le=64, description="blur before, in pixels")
    start_label: Literal[0, 1] = Field(
        default=0,
        description="first label: 0 as in 2021; 1 as in 2022, where LIME's first "
        "feature mostly hides nothing and its last superpixel is never hidden",
    )

    @model_validator(mode="after")
    def _counted_as_it_could(self) -> Superpixels:
        if self.scikit_image == "0.16" and self.start_label != 0:
            raise ValueError("scikit-image 0.16 counts its superpixels from 0 (start_label: 0)")
        return self


class LimeSettings(_Settings):
    """Settings of LIME."""

    superpixels: Superpixels = Field(default=Superpixels(), description="what is hidden")
    samples: int = Field(default=1000, ge=1, le=100_000, description="samples a picture")
    seed: int = Field(
        default=16, ge=0, lt=2**32, description="NumPy is seeded with it once, before picture 0"
    )
    shown: int = Field(default=11, ge=1, description="superpixels drawn, by absolute weight")
    min_weight: float = Field(
        default=0.05, ge=0, description="least absolute weight of a superpixel that is drawn"
    )
    hidden_colour: Literal["mean"] | Annotated[float, Field(ge=0, le=1)] = Field(
        default="mean",
        description="colour of a hidden superpixel: its own mean, or one value of 0..1 in all "
        "three channels (lime's hide_color)",
    )


class SmoothGradSettings(_Settings):
    """Settings of SmoothGrad."""

    samples: int = Field(default=500, ge=1, le=100_000, description="noisy copies a picture")
    sigma: float = Field(
        default=0.4, gt=0, le=10, description="of the noise's std = (sigma / (max - min)) ** 2"
    )


class IntegratedGradientsSettings(_Settings):
    """Settings of integrated gradients."""

    steps: int = Field(
        default=10, ge=2, le=100_000, description="of a map for which a question names no steps"
    )
    baseline: float = Field(
        default=0.0, ge=0, le=1, description="value of the picture the path begins at: 0 is black"
    )


class FilterSettings(_Settings):
    """Settings of a filter's activation and visualization."""

    filter: int = Field(default=0, ge=0, le=100_000, description="which filter of a layer")
    steps: int = Field(default=100, ge=1, le=100_000, description="Adam's steps on the pixels")
    rate: float = Field(default=0.1, gt=0, le=100, description="Adam's learning rate")


class Methods(_Settings):
    """Settings of every method in an edition."""

    lime: LimeSettings = Field(default=LimeSettings(), description="LIME")
    smoothgrad: SmoothGradSettings = Field(default=SmoothGradSettings(), description="SmoothGrad")
    integrated_gradients: IntegratedGradientsSettings = Field(
        default=IntegratedGradientsSettings(), description="integrated gradients"
    )
    filters: FilterSettings = Field(
        default=FilterSettings(), description="activation and visualization of filters"
    )

    def run_settings(self) -> dict[str, Any]:
        """Return the settings of `solver.explain.job.ExplainSettings` that an edition sets."""
        lime, filters = self.lime, self.filters
        return {
            "lime_samples": lime.samples,
            "lime_superpixels": lime.superpixels,
            "lime_seed": lime.seed,
            "lime_shown": lime.shown,
            "lime_min_weight": lime.min_weight,
            # None is lime's own name for the mean.
            "lime_hidden_colour": None if lime.hidden_colour == "mean" else lime.hidden_colour,
            "smoothgrad_samples": self.smoothgrad.samples,
            "smoothgrad_sigma": self.smoothgrad.sigma,
            "integrated_baseline": self.integrated_gradients.baseline,
            "filter": filters.filter,
            "visualization_steps": filters.steps,
            "visualization_rate": filters.rate,
        }


def plain(setting: Any) -> Any:
    """Return a setting as a record keeps it: plain JSON values, names sorted."""
    return dict(sorted(setting.model_dump().items())) if isinstance(setting, BaseModel) else setting
