"""`python -m tests.as_on_windows COMMAND ...`: hw9 with everything refused that Windows refuses.

A process that it starts imports this module, too, and is refused the same.
"""

from __future__ import annotations

import pytest

from grader.cli import main
from tests.windows_refusals import REFUSALS

_patch = pytest.MonkeyPatch()
for _refusal in REFUSALS:
    _refusal(_patch)

if __name__ == "__main__":
    main()
