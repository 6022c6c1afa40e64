"""One input, read under limits: what became of it, how long it took, what memory it needed."""

from __future__ import annotations

import contextlib
import random
import resource
import signal
import time
import traceback
import warnings
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from types import FrameType

from solver.errors import Hw9Error
from tests.fuzz.format import Format, Mutant

SECONDS = 10
"""Processor time an input may take."""
BYTES = 2 << 30
"""Memory the whole process may hold, and address space an input may add."""


class Hang(BaseException):
    """An input took longer than it may; not an Exception, so that no reader catches it."""


@dataclass(frozen=True)
class Trial:
    """What became of an input: "accepted", "refused" or "find"."""

    format: str
    seed: int
    number: int
    how: str
    ended: str
    said: str
    where: str
    seconds: float
    peak: int

    def as_data(self) -> dict[str, object]:
        """Return it as JSON takes it."""
        return asdict(self)


def mutant_of(format_: Format, seed: int, number: int) -> Mutant:
    """Return input `number` of a campaign: always the same one."""
    return format_.mutant(random.Random(f"{format_.name}/{seed}/{number}"))


def tried(format_: Format, seed: int, number: int) -> Trial:
    """Make an input, read it, and hold the outcome against what is right."""
    mutant = mutant_of(format_, seed, number)
    _forget_peak()
    began = time.process_time()
    ended, said, where = _outcome(format_, mutant)
    seconds = time.process_time() - began
    peak = peak_bytes()
    if ended != "find" and peak > BYTES:
        ended, said = "find", f"{peak >> 20} MiB of memory"
    return Trial(format_.name, seed, number, mutant.how, ended, said, where, seconds, peak)


def _outcome(format_: Format, mutant: Mutant) -> tuple[str, str, str]:
    """Return how it ended, what was said, and where in the program it happened."""
    try:
        with _limited(), _warnings_are_finds():
            try:
                result = format_.read(mutant.data)
            except Hw9Error as refusal:
                format_.check_refusal(mutant, refusal)
                return "refused", str(refusal), ""
            format_.check(mutant, result)
    except Hang:
        return "find", f"more than {SECONDS} s", ""
    except BaseException as problem:
        if isinstance(problem, KeyboardInterrupt):
            raise
        kind = type(problem).__name__
        return "find", f"{kind}: {str(problem)[:500]}", _place(problem)
    return "accepted", "", ""


def _place(problem: BaseException) -> str:
    """Return the last line of the program itself in the traceback."""
    frames = traceback.extract_tb(problem.__traceback__)
    ours = [one for one in frames if "/solver/" in one.filename or "/grader/" in one.filename]
    last = (ours or frames)[-1]
    return f"{Path(last.filename).name}:{last.lineno}"


@contextlib.contextmanager
def _warnings_are_finds() -> Iterator[None]:
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        yield
    if seen:
        raise AssertionError(f"a warning a person would see: {seen[0].message}")


@contextlib.contextmanager
def _limited() -> Iterator[None]:
    def stop(_signal: int, _frame: FrameType | None) -> None:
        raise Hang

    before = signal.signal(signal.SIGPROF, stop)
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (_address_space() + BYTES, hard))
    signal.setitimer(signal.ITIMER_PROF, SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))
        signal.signal(signal.SIGPROF, before)


def _address_space() -> int:
    return int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()


def _forget_peak() -> None:
    with contextlib.suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")


def peak_bytes() -> int:
    """Return the most memory held since `tried` began (Linux)."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) << 10
    return 0
