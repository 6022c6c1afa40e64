"""The table of docs/notebooks.md: published notebooks, each by itself and those of 2021 pooled.

    python -m tests.solver.notebook_evidence.notebook_table ../shared/notebooks \\
        --slide ../shared/real/similarity_slide.png
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from pathlib import Path

from grader.cli.evidence import read_notebooks
from solver.banks.bank import load_bank
from solver.files.resources import shipped_bank
from solver.notebook_evidence.from_notebooks import NotebookEvidence
from solver.pipeline.make_key import decide, planned


def row(name: str, paths: Sequence[Path], slide: Path | None = None) -> tuple[str, dict[str, str]]:
    """Return a row of the table, and the answer of each question decided on figures."""
    read = read_notebooks(paths, None, slide, shown=False)
    bank = load_bank(shipped_bank())
    key = decide(bank, planned(bank), read.evidence).key
    states = {one.id: one.state for one in read.questions}
    answers = {
        one.id: str(one.correct)
        for one in key.questions
        if one.state != "open" and states[one.id] == "figures"
    }
    contested = [one.id for one in key.questions if one.contested and one.id in answers]
    found = sum(len(one.figures) for one in read.notebooks)
    carried = sum(one.figures for one in read.findings if one.what)
    whole = sum(states[one.id] == "procedures" for one in key.questions if one.state != "open")
    cells = [
        name, f"{found}, {carried}", " ".join(answers), " ".join(contested) or "none",
        f"{len(answers)} and {whole}", "; ".join(differences(read)),
    ]  # fmt: skip
    return "| " + " | ".join(cells) + " |", answers


def differences(read: NotebookEvidence) -> Iterator[str]:
    """Yield what is said of the notebooks and figures besides what they are."""
    for notebook in read.notebooks:
        yield from notebook.remarks
    for one in read.findings:
        yield from (f"{one.where}: {remark}" for remark in one.remarks)
    yield from read.pooled.differences


def main() -> None:
    """Print the table, and the questions whose answer is another from another notebook."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--slide", type=Path)
    given = parser.parse_args()
    paths = sorted(given.folder.glob("*.ipynb"))
    first = [path for path in paths if path.stem.endswith("2021")]
    print("| notebook | figures found, read | decided on its figures | contested | "
          "on figures and on procedures | differences |")  # fmt: skip
    print("|---|---|---|---|---|---|")
    answers: dict[str, dict[str, str]] = {}
    for path in paths:
        line, answers[path.stem] = row(path.stem, [path])
        print(line, flush=True)
    line, answers["pooled"] = row("2021 pooled", first, given.slide)
    print(line)
    of_2021 = [answers[path.stem] for path in first] + [answers["pooled"]]
    turned = sorted(
        name for name in answers["pooled"] if len({one[name] for one in of_2021 if name in one}) > 1
    )
    print(f"\nOf 2021's notebooks and the pool another answer to: {' '.join(turned) or 'none'}")


if __name__ == "__main__":
    main()
