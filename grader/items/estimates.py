"""A statistic with the n it rests on, or the reason why it is not given.

A number from too few answers misleads more than it tells. So each statistic has a smallest n, at
which its standard error is still smaller than a difference that a reader would act upon. Counts are
always given.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from enum import Enum

from solver.key import Sentence

LEAST_FOR_SHARE = 10  # standard error of a share: at most sqrt(0.25 / 10) = 0.16
LEAST_FOR_CORRELATION = 30  # standard error (1 - r^2) / sqrt(n - 1): at most 0.19
LEAST_FOR_GROUPS = 36  # 27% are 10 a group: standard error at most sqrt(2 * 0.25 / 10) = 0.22
LEAST_FOR_RELIABILITY = 30  # Feldt's 95% interval about 0.7 is then (0.52, 0.84), of 30 items
LEAST_A_SIDE = 5  # Welch's test of two means needs a spread on both sides


class Lack(Enum):
    """Reason why a statistic is not given, in English and in Traditional Chinese."""

    FEW = ("n = {n} is fewer than the {needed} it needs", "n = {n}，少於所需的 {needed}")
    SAME_ITEM = (
        "everybody has the same points on the question",
        "所有人在這一題的得分都相同",
    )
    SAME_REST = (
        "everybody has the same points on the other questions",
        "所有人在其他題的得分都相同",
    )
    SAME_TOTAL = ("everybody has the same total", "所有人的總分都相同")
    ONE_QUESTION = ("fewer than two questions count", "計分的題目少於兩題")
    NOT_ALL_OR_NOTHING = (
        "KR-20 is for questions that are right or wrong; see alpha",
        "KR-20 只適用於全對或全錯的計分；請看 alpha",
    )
    NEGATIVE_ALPHA = (
        "alpha is negative, so the questions do not measure one thing",
        "alpha 為負，各題並未測量同一件事",
    )
    VOID = ("the question is void", "此題不計")


@dataclass(frozen=True, slots=True)
class Estimate:
    """A statistic: `value` over `n` answers, or None with the reason."""

    value: float | None
    n: int
    lack: Lack | None = None
    needed: int = 0

    @property
    def reason(self) -> Sentence | None:
        """Reason why there is no value, None where there is one."""
        if self.lack is None:
            return None
        english, chinese = (text.format(n=self.n, needed=self.needed) for text in self.lack.value)
        return Sentence(en=english, zh_hant=chinese)


def rounded(value: float | Decimal, places: int) -> Decimal:
    """Return a number rounded half up, away from zero, to so many decimal places.

    >>> rounded(0.225, 2), rounded(0.215, 2), rounded(-0.5, 0)
    (Decimal('0.23'), Decimal('0.22'), Decimal('-1'))
    """
    # A float is never exactly 0.215, and a sum of floats may be off in the last digits. Twelve
    # digits give back the decimal number that was meant: a class is far too small for a mean that
    # lies nearer than that to a half without being one.
    exact = value if isinstance(value, Decimal) else Decimal(f"{value:.12g}")
    return exact.quantize(Decimal(1).scaleb(-places), rounding=ROUND_HALF_UP)


def too_few(n: int, needed: int) -> Estimate:
    """Return an estimate without a value, since `n` is smaller than `needed`."""
    return Estimate(None, n, Lack.FEW, needed)
