"""Settings that several rules share, as a bank writes them under ``with``."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, ValidationInfo, model_validator

from solver.evidence import record_id
from solver.rules.registry import Parameters

MapKind = Literal["saliency", "smoothgrad", "integrated_gradients"]
Picture = Annotated[int, Field(ge=0, description="picture, counted from 0 in the course's order")]


Numbers = list[Annotated[int, Field(ge=1)]]
"""Models or items, counted from 1."""


class RegionName:
    """Mark of a parameter that names a region, so that the regions a bank needs can be listed."""


Region = Annotated[str, RegionName(), Field(description="name of a region in regions.yaml")]
Rank = Annotated[
    Literal["most", "least"],
    Field(description="whether the option with the largest value holds, or the smallest"),
]


def _layer(value: object) -> object:
    # `type`: a layer `true` is no index.
    index = type(value) is int and value >= 0
    named = isinstance(value, str) and re.fullmatch(r"[A-Za-z_]\w*(\.\w+)*", value, re.ASCII)
    if not (index or named):
        raise ValueError(
            "a layer is an index into the course's `cnn`, or a name as named_modules has it, such "
            f"as layer1.0.conv1: not {value!r}"
        )
    return value


Layer = Annotated[
    int | str,
    BeforeValidator(_layer),
    Field(
        description="index into the `cnn` of the course's network, or a layer's name as "
        "`named_modules` has it, such as layer1.0.conv1"
    ),
]


def _all_pictures(value: object, info: ValidationInfo) -> object:
    if value != "all":
        return value
    count = (info.context or {}).get("pictures")
    if count is None:
        raise ValueError("'all' needs the number of pictures, which bank.yaml says")
    return list(range(count))


Pictures = Annotated[
    list[Picture],
    BeforeValidator(_all_pictures),
    Field(
        min_length=1,
        description="pictures, counted from 0 in the course's order, or `all` for every one of "
        "the edition's (`pictures` in bank.yaml)",
    ),
]


def with_edition_steps(data: Any, info: ValidationInfo) -> Any:
    """Return settings with the edition's steps of integrated gradients where none are given."""
    steps = (info.context or {}).get("steps")
    # Set before validation: the record's id holds the steps, and so does what a question needs.
    if isinstance(data, dict) and "steps" not in data and steps is not None:
        return {**data, "steps": steps}
    return data


Steps = Annotated[
    int | None,
    Field(
        ge=2,
        description="of integrated gradients, how many",
        json_schema_extra={"unsaid": "the edition's"},
    ),
]


def map_record(kind: str, picture: int, steps: int | None = None) -> str:
    """Return the id of a picture's map, which of integrated gradients has its steps.

    >>> map_record("saliency", 2), map_record("integrated_gradients", 7, 10)
    ('saliency/2', 'integrated_gradients/7/10')
    """
    of_steps = kind == "integrated_gradients"
    return record_id(kind, picture, steps) if of_steps else record_id(kind, picture)


def _check_steps(steps: int | None, kinds: Collection[str]) -> None:
    if (steps is not None) != ("integrated_gradients" in kinds):
        raise ValueError("'steps' belongs to integrated gradients, and is needed there")


class TwoMaps(Parameters):
    """Two kinds of map of the same pictures."""

    first: str = Field(description="one kind of map")
    second: str = Field(description="the other kind of map")
    pictures: Pictures
    steps: Steps = None

    @model_validator(mode="before")
    @classmethod
    def _edition_steps(cls, data: Any, info: ValidationInfo) -> Any:
        kinds = (data.get("first"), data.get("second")) if isinstance(data, dict) else ()
        return with_edition_steps(data, info) if "integrated_gradients" in kinds else data

    @model_validator(mode="after")
    def _two(self) -> TwoMaps:
        if self.first == self.second:
            raise ValueError(f"'first' and 'second' are both {self.first}")
        _check_steps(self.steps, (self.first, self.second))
        return self

    def record(self, kind: str, picture: int) -> str:
        """Return the id of the record of a kind on a picture."""
        return map_record(kind, picture, self.steps)

    def records(self, *kinds: str) -> list[str]:
        """Return the ids of the records of these kinds, picture by picture."""
        return [self.record(kind, picture) for picture in self.pictures for kind in kinds]


class MapSettings(Parameters):
    """A map of one picture; the picture is said once, for the map and for its regions."""

    map: Literal["saliency", "smoothgrad", "integrated_gradients", "activation"] = Field(
        description="kind of map"
    )
    picture: Picture
    layer: Layer | None = Field(default=None, description="of an activation, which layer's")
    steps: Steps = None

    @model_validator(mode="before")
    @classmethod
    def _kind_and_picture(cls, data: Any, info: ValidationInfo) -> Any:
        # The form of the first banks, told with the form of today.
        if isinstance(data, dict) and "record" in data:
            raise ValueError(
                "a 'record' such as saliency/2 is written 'map: saliency' and 'picture: 2' (an "
                "activation has its 'layer', integrated gradients may have 'steps')"
            )
        if isinstance(data, dict) and data.get("map") == "integrated_gradients":
            return with_edition_steps(data, info)
        return data

    @model_validator(mode="after")
    def _place_fits_kind(self) -> MapSettings:
        if (self.layer is not None) != (self.map == "activation"):
            raise ValueError("'layer' belongs to an activation, and is needed there")
        _check_steps(self.steps, (self.map,))
        return self

    @property
    def record(self) -> str:
        """Id of the map's record."""
        if self.map == "activation":
            return record_id(self.map, self.layer, self.picture)
        return map_record(self.map, self.picture, self.steps)
