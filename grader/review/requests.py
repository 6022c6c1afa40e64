"""The requests that a page sends: JSON, held to these forms before anything is done."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from solver.key import Answer, DecisionState

Text = Annotated[str, StringConstraints(max_length=2000)]
Version = Annotated[str, StringConstraints(pattern="^[0-9a-f]{64}$")]
Name = Annotated[str, StringConstraints(max_length=200)]


class _Request(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Decide(_Request):
    """A decision on a question, or one that is only looked at."""

    version: Version
    question: Name
    choice: DecisionState
    answer: Answer | None = Field(default=None, max_length=64)
    by: Name = ""
    why: Text = ""


class Sign(_Request):
    """A signature under the key."""

    version: Version
    by: Name
    when: Name = ""


class DoRegrade(_Request):
    """The regrade of the class by the signed key."""

    version: Version
    by: Name
    why: Text
    # A form sent by mistake lacks it: regrading changes a class's points.
    confirmed: Literal[True]
