#!/usr/bin/env bash
# nbgrader gives 0 points for a test that passes, since LIME draws a progress bar.
#
# Believed: an autograded cell earns its points unless it raises; what it prints does not count.
# Versions: nbgrader 0.9.6, lime 0.2.0.1, tqdm 4.70.1, numpy 2.4.6.
# Seen: any text on stderr is graded like an exception. LIME's picture explainer has a bar that
#   cannot be switched off, and tqdm writes it to stderr where the kernel has no ipywidgets: the
#   cell whose assertion holds earns 0. With ipywidgets in the kernel it earns its point. One
#   warning (a deprecation, a glyph that a title's font lacks) costs the point too. A
#   preprocessor drops such text by a pattern, where it is switched on and the pattern known.
# Matters: a homework on explanations runs exactly such cells, and whether a class gets the points
#   hangs on a package that no cell imports. The student sees a green run.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install --quiet --no-compile nbgrader==0.9.6 lime==0.2.0.1 \
  numpy==2.4.6 tqdm==4.70.1 ipywidgets==8.1.9
cd "$dir"
export IPYTHONDIR="$dir/ipython" JUPYTER_RUNTIME_DIR="$dir/runtime" JUPYTER_DATA_DIR="$dir/data" \
  JUPYTER_CONFIG_DIR="$dir/config" MPLCONFIGDIR="$dir/matplotlib"
cat > grade.py <<'PY'
import sys
from nbformat.v4 import new_code_cell, new_notebook
from nbgrader.preprocessors import Execute
from nbgrader.utils import determine_grade

LIME = """
import numpy as np
from lime.lime_image import LimeImageExplainer

def light(pictures):
    mean = np.asarray(pictures).mean((1, 2, 3))
    return np.column_stack([mean, 1 - mean])

picture = np.random.default_rng(0).random((16, 16, 3))
found = LimeImageExplainer(random_state=0).explain_instance(
    picture, light, segmentation_fn=lambda p: np.arange(256).reshape(16, 16) // 64, num_samples=20)
assert len(found.local_exp) == 2
"""
TESTS = {
    "says nothing": "assert 1 + 1 == 2",
    "prints": "print('fine')\nassert 1 + 1 == 2",
    "warns": "import warnings\nwarnings.warn('will change')\nassert 1 + 1 == 2",
    "fails": "assert 1 + 1 == 3",
    "explains": LIME,
}
MARK = {"grade": True, "grade_id": "test", "points": 1, "solution": False, "locked": True,
        "schema_version": 3, "cell_type": "code"}
KERNEL = {"name": "python3", "display_name": "Python 3", "language": "python"}
points = {}
for name, source in TESTS.items():
    cell = new_code_cell(source, metadata={"nbgrader": MARK})
    notebook = new_notebook(cells=[cell], metadata={"kernelspec": KERNEL})
    done, _ = Execute().preprocess(notebook, {"metadata": {"path": "."}})
    points[name] = determine_grade(done.cells[0])[0]
print(sys.argv[1], points)
expected = {"says nothing": 1, "prints": 1, "warns": 0, "fails": 0, "explains": int(sys.argv[2])}
assert points == expected
PY
"$dir/venv/bin/python" grade.py "with ipywidgets:" 1 2> log || { cat log; exit 1; }
"$dir/venv/bin/pip" uninstall --quiet --yes ipywidgets
"$dir/venv/bin/python" grade.py "without:" 0 2> log || { cat log; exit 1; }
