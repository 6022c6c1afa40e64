"""What the CNN half costs: the sample procedure, captum, and hw9, on one machine in one sitting.

    python -m tests.benchmarks.cnn [--bundle DIR] [--key DIR] [--jobs N] [--full] [--json]

Each way is run on a small part of its counts, in rounds that take turns, and the least time of a
sample, by the processor and by the clock, is multiplied by the full count; ``--full`` runs all of
it. What hw9 needs for a key is counted in the evidence of a key (``--key``, a folder `hw9 key`
wrote; else one is made and timed, with ``--jobs`` processes where the other ways have as many
threads).
"""

from __future__ import annotations

import argparse
import json
import math
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from torch import nn

from solver.bundle.bundle import Bundle, load_bundle
from solver.evidence import Evidence, load_evidence
from solver.explain.cnn import (
    filter_visualization as filters,
)
from solver.explain.cnn import (
    integrated_gradients as integrated,
)
from solver.explain.cnn import (
    lime as lime_segments,
)
from solver.explain.cnn import (
    saliency,
    smoothgrad,
)
from solver.explain.job import Job, fast_settings, picture_tensor
from solver.files.resources import data_folder, shipped_bank
from solver.models.food_cnn import FLAT, flat_shares
from tests.benchmarks import sample_procedure, through_captum
from tests.benchmarks.multiply_adds import multiply_adds, prepared_multiply_adds
from tests.benchmarks.timing import Seconds, timed

CNN_HALF = [f"q{at:02}" for at in range(1, 21)]
WAYS = ("sample procedure", "captum", "hw9")


@dataclass(frozen=True)
class Counts:
    """Samples a picture, or steps, of the course's sample code."""

    lime: int = 1000
    smoothgrad: int = 500
    integrated_gradients: int = 10
    climbing: int = 100


@dataclass(frozen=True)
class Part:
    """One method to time.

    Attributes:
        samples: how many a picture the sample code takes.
        macs: multiply-adds of one sample of one picture, by way.
        runs: by way, what runs so many samples of one picture, or (`together`) of all of them.
        used: samples hw9 needs for a key, all pictures counted; None where no question asks.
    """

    name: str
    samples: int
    macs: dict[str, float]
    runs: dict[str, Callable[[int], object]]
    together: bool = False
    used: int | None = None


def convolution_peak(bundle: Bundle, seconds: float = 2.0) -> float:
    """Return the most multiply-adds a CPU second of the network's second convolution."""
    module = bundle.prepared.direct[2]
    assert isinstance(module, nn.Conv2d)
    maps = torch.rand(1, module.in_channels, 128, 128, device=bundle.device)
    maps = maps.contiguous(memory_format=torch.channels_last)
    macs = 9 * module.in_channels * module.out_channels * 128**2
    best, spent = math.inf, 0.0
    with torch.inference_mode():
        while spent < seconds:
            _, taken = timed(lambda: module(maps), bundle.device)
            best, spent = min(best, taken.cpu), spent + max(taken.cpu, 1e-3)
    return macs / best


def parts_of(bundle: Bundle, counts: Counts, key: Evidence) -> list[Part]:
    """Return the methods of the CNN half with their three ways."""
    course = sample_procedure.as_the_course_loads_it(bundle)
    plain, every = bundle.network, list(range(len(bundle.pictures)))
    whole = multiply_adds(plain)
    ours = prepared_multiply_adds(bundle)
    once = {"sample procedure": whole, "captum": whole, "hw9": ours}
    both = {"sample procedure": 3 * whole, "captum": 2 * whole, "hw9": 2 * ours}
    at_once = {**both, "hw9": 2 * whole}
    settings = fast_settings(lime_samples=counts.lime, smoothgrad_samples=counts.smoothgrad)
    lime_job = Job("lime/0", bundle, settings)
    noise_job = Job("smoothgrad/0", bundle, settings)
    # A picture with flat parts would go the direct way in hw9, as few do.
    uneven = next((k for k in every if _flat_share(bundle, k) < FLAT), 0)
    path_job = Job(f"integrated_gradients/{uneven}/10", bundle, settings)
    parts = [
        Part(
            "LIME",
            counts.lime,
            once,
            {
                "sample procedure": lambda n: sample_procedure.lime(course, bundle, [0], n),
                "captum": lambda n: through_captum.lime(plain, bundle, 0, n),
                "hw9": lambda n: lime_segments.SAMPLING.extend(lime_job, None, n),
            },
            used=_used(key, "lime"),
        ),
        Part(
            "saliency",
            1,
            at_once,
            {
                "sample procedure": lambda n: sample_procedure.saliency(course, bundle, every),
                "captum": lambda n: through_captum.saliency(plain, bundle, every),
                "hw9": lambda n: [saliency.raw_saliency(bundle, k) for k in every],
            },
            together=True,
            used=len(every),
        ),
        Part(
            "SmoothGrad",
            counts.smoothgrad,
            both,
            {
                "sample procedure": lambda n: sample_procedure.smoothgrad(course, bundle, 0, n),
                "captum": lambda n: through_captum.smoothgrad(plain, bundle, 0, n),
                "hw9": lambda n: smoothgrad.SAMPLING.extend(noise_job, None, n),
            },
            used=_used(key, "smoothgrad"),
        ),
        Part(
            "integrated gradients",
            counts.integrated_gradients,
            both,
            {
                "sample procedure": lambda n: sample_procedure.integrated_gradients(
                    course, bundle, uneven, n
                ),
                "captum": lambda n: through_captum.integrated_gradients(plain, bundle, uneven, n),
                "hw9": lambda n: integrated.mean_path_gradient(path_job, uneven, n),
            },
            used=_used(key, "integrated_gradients"),
        ),
    ]
    return [*parts, *(_climbing(bundle, course, counts, index) for index in (6, 23))]


def _flat_share(bundle: Bundle, picture: int) -> float:
    return float(flat_shares(picture_tensor(bundle, picture)).item())


def _climbing(bundle: Bundle, course: nn.Module, counts: Counts, index: int) -> Part:
    every, whole = list(range(len(bundle.pictures))), multiply_adds(course)
    picture = Job(f"filter_visualization/{index}/0", bundle).picture_tensor(0)
    # Backward reaches the pixels from the hooked layer on, and the sample code's the weights too.
    cut, alone = multiply_adds(course, index), multiply_adds(course, index, True)
    return Part(
        f"filter visualization {index}",
        counts.climbing,
        {"sample procedure": whole + 2 * cut, "captum": whole + cut, "hw9": 2 * alone},
        {
            "sample procedure": lambda n: sample_procedure.filters(course, bundle, every, index, n),
            "captum": lambda n: through_captum.filters(bundle.network, bundle, every, index, n),
            "hw9": lambda n: [
                filters.climb(bundle, picture, index, 0, steps=n, rate=0.1, advance=lambda _: None)
                for _ in every
            ],
        },
        together=True,
    )


def _used(key: Evidence, kind: str) -> int:
    """Samples a key rests on, all pictures counted; a path counts once, with the shorter in it."""
    of_picture: dict[str, int] = {}
    for record in key:
        if record.kind == kind:
            picture = record.id.split("/")[1]
            taken = int(record.values.get("samples", 0))
            of_picture[picture] = max(of_picture.get(picture, 0), taken)
    return sum(of_picture.values())


def measure(
    parts: Sequence[Part], bundle: Bundle, *, scale: float, rounds: int
) -> list[dict[str, Any]]:
    """Return a row a method: seconds by way at the sample code's counts, and of hw9's key."""
    peak = convolution_peak(bundle, seconds=0.5 if scale < 0.001 else 2.0)
    least = {(part.name, way): Seconds() for part in parts for way in WAYS}
    for _ in range(rounds):
        for part in parts:
            chunk = _chunk(part, scale)
            for way in WAYS:
                run = part.runs[way]
                _, taken = timed(lambda run=run, chunk=chunk: run(chunk), bundle.device)  # type: ignore[misc]
                per = chunk * (len(bundle.pictures) if part.together else 1)
                before = least[part.name, way]
                least[part.name, way] = Seconds(
                    min(before.cpu, taken.cpu / per), min(before.clock, taken.clock / per)
                )
    return [_row(part, least, len(bundle.pictures), peak) for part in parts]


def _chunk(part: Part, scale: float) -> int:
    """How many samples to time: whole batches of ten where the ways work in batches of ten."""
    if part.name.startswith(("filter", "saliency")):
        return max(1, round(part.samples * scale))
    return max(10, 10 * round(part.samples * scale / 10))


def _row(
    part: Part, least: dict[tuple[str, str], Seconds], pictures: int, peak: float
) -> dict[str, Any]:
    full = part.samples * pictures
    ways = {
        way: {
            "seconds": least[part.name, way].cpu * full,
            "clock": least[part.name, way].clock * full,
            "gmacs": part.macs[way] * full / 1e9,
            "of_peak": part.macs[way] / least[part.name, way].cpu / peak,
        }
        for way in WAYS
    }
    seconds_of_key = (part.used or 0) * least[part.name, "hw9"].cpu
    return {
        "method": part.name,
        "pictures": pictures,
        "samples": full,
        "ways": ways,
        "equal_counts_over_captum": ways["captum"]["seconds"] / ways["hw9"]["seconds"],
        "key": {"samples": part.used or 0, "seconds": seconds_of_key},
        "ratio": ways["sample procedure"]["seconds"] / seconds_of_key if seconds_of_key else None,
    }


def totals(rows: Sequence[dict[str, Any]], whole_run: Seconds | None = None) -> dict[str, Any]:
    """Return the sums of the rows and the ratios in all.

    `whole_run` is what a run of ``hw9 key`` took, with all that is no sample.
    """
    ways = {way: sum(row["ways"][way]["seconds"] for row in rows) for way in WAYS}
    clock = {way: sum(row["ways"][way]["clock"] for row in rows) for way in WAYS}
    key = sum(row["key"]["seconds"] for row in rows)
    course = Seconds(ways["sample procedure"], clock["sample procedure"])
    return {
        "ways": ways,
        "clock": clock,
        "key": key,
        "ratio": course.cpu / key if key else None,
        "whole_run": whole_run._asdict() if whole_run else None,
        "whole_run_ratio": course.cpu / whole_run.cpu if whole_run else None,
        "whole_run_ratio_by_the_clock": course.clock / whole_run.clock if whole_run else None,
        "equal_counts_over_captum": ways["captum"] / ways["hw9"],
    }


def verdicts(made: Evidence, exact: Evidence) -> dict[str, bool]:
    """Return by option whether evidence that stopped early and the course's counts agree."""
    from solver.banks.bank import load_bank
    from solver.pipeline.make_key import decide, planned

    bank = load_bank(shipped_bank())
    questions = planned(bank, CNN_HALF)
    found: list[dict[str, bool | None]] = []
    for evidence in (made, exact):
        key = decide(bank, questions, evidence).key
        found.append({f"{q.id} {o.id}": o.holds for q in key.questions for o in q.options})
    return {name: found[0].get(name) == holds for name, holds in found[1].items()}


def keyed(
    bundle: Path | None, folder: Path | None, device: str, *, exact: bool, jobs: int = 1
) -> tuple[Evidence, Seconds | None]:
    """Return the evidence of a key, and what it took as a user runs it, start and page included.

    That of the folder given (whose seconds nobody knows), else of one made now.
    """
    if folder is not None:
        return load_evidence(folder / "evidence"), None
    with tempfile.TemporaryDirectory() as out:
        asked = [
            *(sys.executable, "-m", "grader.cli", "key", "--only", ",".join(CNN_HALF)),
            *("--out", out, "--device", device, "--jobs", str(jobs)),
            *(("--bundle", str(bundle)) if bundle else ()),
            *(("--exact",) if exact else ()),
        ]
        # A process apart: what it does is ended when it is, on a device too.
        _, taken = timed(lambda: subprocess.run(asked, check=True, capture_output=True))
        evidence = load_evidence(Path(out) / "evidence")
    return evidence, Seconds(taken.clock, taken.clock) if device.startswith("cuda") else taken


def report(
    rows: Sequence[dict[str, Any]], agree: dict[str, bool] | None, whole_run: Seconds | None = None
) -> str:
    """Return the table a person reads."""
    lines = [
        f"{'method':24} {'samples':>8} " + " ".join(f"{way + ', s':>20}" for way in WAYS)
        + f" {'captum/hw9':>10} {'of the peak':>11} {'key: samples':>12} {'s':>8} {'ratio':>7}"
    ]  # fmt: skip
    for row in rows:
        seconds = " ".join(f"{row['ways'][way]['seconds']:20.1f}" for way in WAYS)
        ratio = "-" if row["ratio"] is None else f"{row['ratio']:.1f}"
        lines.append(
            f"{row['method']:24} {row['samples']:8} {seconds}"
            f" {row['equal_counts_over_captum']:10.2f} {row['ways']['hw9']['of_peak']:11.0%}"
            f" {row['key']['samples']:12} {row['key']['seconds']:8.1f} {ratio:>7}"
        )
    whole = totals(rows, whole_run)
    seconds = " ".join(f"{whole['ways'][way]:20.1f}" for way in WAYS)
    ratio = "-" if whole["ratio"] is None else f"{whole['ratio']:.1f}"
    lines.append(
        f"{'in all':24} {'':8} {seconds} {whole['equal_counts_over_captum']:10.2f} {'':11}"
        f" {'':12} {whole['key']:8.1f} {ratio:>7}"
    )
    clock = " ".join(f"{whole['clock'][way]:20.1f}" for way in WAYS)
    lines.append(f"{'by the clock':24} {'':8} {clock}")
    if whole_run is not None:
        lines.append(
            f"A whole run of hw9 key: {whole_run.cpu:.1f} s of the processor and"
            f" {whole_run.clock:.1f} s by the clock, {whole['whole_run_ratio']:.1f} and"
            f" {whole['whole_run_ratio_by_the_clock']:.1f} times less than the sample procedure."
        )
    if agree is None:
        lines.append("Verdicts were not compared: give --exact-key, or --full.")
    else:
        lines.append(f"Verdicts equal: {sum(agree.values())} of {len(agree)}.")
        lines += [f"  {name} differs" for name, same in agree.items() if not same]
    return "\n".join(lines)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--bundle", type=Path, help="course materials; the demo's if not given")
    parser.add_argument("--key", type=Path, help="a folder `hw9 key` wrote from that bundle")
    parser.add_argument("--exact-key", type=Path, help="one that `hw9 key --exact` wrote")
    parser.add_argument("--scale", type=float, default=0.004, help="part of the counts to time")
    parser.add_argument("--full", action="store_true", help="time all of the counts")
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument(
        "--jobs", type=int, help="processes of a key, threads of all else; torch's if not given"
    )
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--json", action="store_true", dest="as_json")
    asked = parser.parse_args()
    if asked.jobs:
        torch.set_num_threads(asked.jobs)
    jobs = torch.get_num_threads()
    bundle = load_bundle(asked.bundle or data_folder("demo"), asked.device)
    key, whole_run = keyed(asked.bundle, asked.key, asked.device, exact=False, jobs=jobs)
    agree = None
    if asked.full or asked.exact_key:
        exact, _ = keyed(asked.bundle, asked.exact_key, asked.device, exact=True, jobs=jobs)
        agree = verdicts(key, exact)
    counts = Counts()
    scale = 1.0 if asked.full else asked.scale
    rows = measure(parts_of(bundle, counts, key), bundle, scale=scale, rounds=asked.rounds)
    if asked.as_json:
        about = {"threads": jobs, "scale": scale, "counts": asdict(counts)}
        in_all = totals(rows, whole_run)
        print(json.dumps({**about, "rows": rows, "in_all": in_all, "verdicts": agree}))
        return
    print(report(rows, agree, whole_run))
    print(
        f"CPU seconds, {jobs} threads, at {scale:g} of the counts"
        f"{'' if scale == 1 else ' and extrapolated'}; the least of {asked.rounds} rounds."
    )


if __name__ == "__main__":
    main()
