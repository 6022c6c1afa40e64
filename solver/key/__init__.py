"""The answer key: the options that hold, the reasons, and the evidence behind them.

`key.yaml` is written by `hw9 key` and read by everything that grades. A question holds the derived
answer and beside it a TA's override; `KeyQuestion.effective` is the answer that counts.
"""

from solver.key.file import dump_key, load_key, save_key
from solver.key.lacks import (
    Lack,
    Lacking,
    lack_in_english,
    lacking,
    lacks_by_question,
    lacks_named,
    records_lacking,
)
from solver.key.questions import (
    FORMAT,
    Decision,
    DecisionState,
    Key,
    KeyQuestion,
    KeySignature,
    Override,
    StabilityRun,
    questions_sha256,
)
from solver.key.verdicts import (
    Answer,
    Cause,
    CauseRepeats,
    CloseClaims,
    FigureCheck,
    Flips,
    OptionVerdict,
    OtherDraws,
    OtherSet,
    SaturationCheck,
    SecondVerdict,
    Sentence,
    Stability,
    no_answer,
)

__all__ = [
    "FORMAT",
    "Answer",
    "Cause",
    "CauseRepeats",
    "CloseClaims",
    "Decision",
    "DecisionState",
    "FigureCheck",
    "Flips",
    "Key",
    "KeyQuestion",
    "KeySignature",
    "Lack",
    "Lacking",
    "OptionVerdict",
    "OtherDraws",
    "OtherSet",
    "Override",
    "SaturationCheck",
    "SecondVerdict",
    "Sentence",
    "Stability",
    "StabilityRun",
    "dump_key",
    "lack_in_english",
    "lacking",
    "lacks_by_question",
    "lacks_named",
    "load_key",
    "no_answer",
    "questions_sha256",
    "records_lacking",
    "save_key",
]
