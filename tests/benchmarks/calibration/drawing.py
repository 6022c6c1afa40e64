"""Plot of calibration: stated chance against the share that was so."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from tests.benchmarks.calibration.fitting import Judged, bins_of, brier


def drawn(panels: Mapping[str, Judged], file: Path) -> None:
    """Draw a panel for each, doubt and flip share, into an SVG file; the same bytes each time."""
    import matplotlib

    matplotlib.use("svg")
    matplotlib.rcParams["svg.hashsalt"] = "calibration"
    from matplotlib import pyplot

    figure, places = pyplot.subplots(1, len(panels), figsize=(9, 4.4), sharey=True)
    for place, (name, judged) in zip(places, panels.items(), strict=True):
        line = np.array([0.0, 1.0])
        place.fill_between(line, line - 0.1, line + 0.1, color="#e8e8e8", linewidth=0)
        place.plot(line, line, color="#909090", linewidth=1)
        repeated, once = judged.where(judged.repeated), judged.where(~judged.repeated)
        for label, stated, wrong, colour, shape in (
            ("flip share", repeated.flips, repeated.wrong, "#c05020", "s"),
            ("doubt", repeated.doubt, repeated.wrong, "#2060a0", "o"),
            ("doubt, without repeats", once.doubt, once.wrong, "#40a060", "^"),
        ):
            bins = [one for one in bins_of(stated, wrong) if one.count >= 10]
            place.errorbar(
                [one.stated for one in bins],
                [one.wrong for one in bins],
                [2 * one.error for one in bins],
                fmt=shape,
                color=colour,
                markersize=5,
                capsize=2,
                label=f"{label}: Brier score {brier(stated, wrong):.3f}",
            )
        place.set_title(f"{name}, of families not fitted on")
        place.set_xlabel("stated chance")
        place.set_xlim(0, 1)
        place.set_ylim(0, 1)
        place.legend(loc="upper left", frameon=False, fontsize=8)
    places[0].set_ylabel("share wrong, or judged otherwise")
    figure.tight_layout()
    figure.savefig(file, metadata={"Date": None})
    pyplot.close(figure)
