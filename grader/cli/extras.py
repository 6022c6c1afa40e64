"""Parts of the installation that a command needs, and the sentence for one that is missing."""

from __future__ import annotations

from importlib.util import find_spec

from solver.errors import Hw9Error

EXTRAS = {
    "evidence": (
        "scipy",
        "numba",
        "skimage",
        "sklearn",
        "PIL",
        "matplotlib",
        "starlette",
        "uvicorn",
    ),
    "explain": ("torch", "torchvision", "transformers", "lime", "captum"),
}
"""Extra of pyproject.toml: the modules it installs. `explain` brings `evidence` with it."""


def need(extra: str, task: str) -> None:
    """Refuse a command at its beginning, before it has done half of its work.

    Args:
        extra: "evidence" or "explain".
        task: the work that needs it, as the subject of a sentence.

    Raises:
        Hw9Error: a module of that extra is not installed.
    """
    if missing := lacks(extra):
        raise Hw9Error(_sentence(extra, task, missing))


def lacks(extra: str) -> list[str]:
    """Return the modules of an extra, and of the one it brings, that are not installed."""
    names = EXTRAS["evidence"] + (EXTRAS["explain"] if extra == "explain" else ())
    # Looked for, not imported: torch alone takes seconds.
    return [name for name in names if find_spec(name) is None]


def lacking(problem: ModuleNotFoundError) -> Hw9Error | None:
    """Return the sentence for a module that some extra installs; None for any other module."""
    name = (problem.name or "").partition(".")[0]
    for extra, names in EXTRAS.items():
        if name in names:
            return Hw9Error(_sentence(extra, "this command", [name]))
    return None


def _sentence(extra: str, task: str, missing: list[str]) -> str:
    verb = "is" if len(missing) == 1 else "are"
    return (
        f"{task} needs {', '.join(missing)}, which {verb} not installed. In the checkout of hw9: "
        f"pip install '.[{extra}]'"
    )
