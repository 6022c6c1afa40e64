"""Coverage-guided fuzzing of one format: atheris keeps the inputs that reach new code.

    python -m tests.fuzz.guided "QTI zip" --seconds 60
    python -m tests.fuzz.guided "evidence arrays" --place 3      the file that seed 3 replaces

It begins from the format's own seeds and some of its mutants. What a result must be is not known of
such inputs, so only the rest is held: a result or a refusal that names its place, and no other end.
A find stops it and is kept in a file that atheris names. Needs atheris (a campaigns dependency).
"""

from __future__ import annotations

import argparse
import importlib.util
import random
import sys
import tempfile
from pathlib import Path

from solver.errors import Hw9Error
from tests.fuzz.format import Format, Mutant
from tests.fuzz.formats import WHERE, made_format

MUTANTS = 200
FRAMED = {
    "evidence arrays": 2, "evidence manifest": 2, "BERT folder": 2, "run record": 1,
    "regrade record": 1, "key folder": 1,
}  # fmt: skip
"""Their inputs begin with so many names of what is replaced, which no search should change."""
NOT_GUIDED = ("override", "command words")
"""A few words: what they reach is known."""


def frame_of(format_: Format, place: int) -> bytes:
    """Return how the inputs of a search begin: the names of what is replaced."""
    parts = format_.seeds[place].split(b"|", FRAMED.get(format_.name, 0))
    return b"".join(part + b"|" for part in parts[:-1])


def write_corpus(format_: Format, frame: bytes, folder: Path) -> None:
    """Write what the search begins from."""
    rng = random.Random(0)
    mutants = [format_.mutant(rng).data for _ in range(MUTANTS)]
    framed = [data for data in (*format_.seeds, *mutants) if data.startswith(frame)]
    for number, data in enumerate(framed):
        if len(data) < 1 << 18:
            (folder / f"{number:04}").write_bytes(data[len(frame) :])


def main() -> None:
    """Run atheris on a format for some seconds."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("format", choices=sorted(set(WHERE) - set(NOT_GUIDED)))
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--place", type=int, default=0, help="the seed whose file is replaced")
    given = parser.parse_args()
    if importlib.util.find_spec("atheris") is None:
        sys.exit("guided: atheris is not installed")
    import atheris

    with atheris.instrument_imports(include=["solver", "grader", "zipfile", "xml", "yaml", "csv"]):
        folder = Path(tempfile.mkdtemp())
        format_ = made_format(given.format, folder)
    corpus = Path(tempfile.mkdtemp())
    frame = frame_of(format_, given.place)
    write_corpus(format_, frame, corpus)

    def one(data: bytes) -> None:
        data = frame + data
        try:
            format_.read(data)
        except Hw9Error as refusal:
            format_.check_refusal(Mutant(data, "guided"), refusal)

    # Instrumented, deep YAML takes 20 times as long as the 10 s that hold in a campaign.
    limits = [f"-max_total_time={given.seconds}", "-timeout=30", "-rss_limit_mb=2048"]
    atheris.Setup([sys.argv[0], str(corpus), *limits, "-print_final_stats=1"], one)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
