#!/usr/bin/env bash
# The question that everybody got right is called the hardest of all.
#
# Believed: an item response model cannot place an item without a wrong answer, so a package gives
#   the easy end of its scale, nan, or an error.
# Versions: girth 0.8.0, numpy 2.4.6, scipy 1.17.1.
# Seen: the one-parameter fits give -6 (the easy end). The two-parameter fit by marginal
#   likelihood gives +6, the hard end, with a discrimination of 0.2: a student of middling ability
#   would have 23 % chance of what all 200 students did. With one wrong answer among 200 it is
#   back at -6. An item that everybody got wrong stands at +6 as well: both are listed as equally
#   hard.
# Matters: a quiz has such items (what does green mean?), and the table sorted by difficulty is
#   what a teacher reads first.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install --quiet --no-compile girth==0.8.0 numpy==2.4.6 scipy==1.17.1
cd "$dir"
"$dir/venv/bin/python" - <<'PY'
import girth
import numpy as np

rng = np.random.default_rng(0)
ability, true = rng.normal(size=200), np.linspace(-2, 2, 20)
answers = (rng.random((20, 200)) < 1 / (1 + np.exp(true[:, None] - ability))).astype(int)
ITEM = 10


def place(fit, responses):
    found = getattr(girth, fit)(responses)
    difficulty = np.asarray(found["Difficulty"])
    slope = float(np.broadcast_to(found["Discrimination"], difficulty.shape)[ITEM])
    return float(difficulty[ITEM]), slope, int((difficulty > difficulty[ITEM]).sum()) + 1


right, nearly, wrong = answers.copy(), answers.copy(), answers.copy()
right[ITEM], nearly[ITEM], wrong[ITEM] = 1, 1, 0
nearly[ITEM, 0] = 0
seen = {}
for name, responses in (("all right", right), ("one wrong", nearly), ("all wrong", wrong)):
    for fit in ("rasch_mml", "onepl_mml", "twopl_mml"):
        level, slope, rank = seen[name, fit] = place(fit, responses)
        chance = 1 / (1 + np.exp(slope * level))
        print(f"{name}, {fit}: difficulty {level:+.2f}, slope {slope:.2f}, place {rank} of 20 from"
              f" the hardest, middling student right with {chance:.3f}")
assert all(seen["all right", fit][0] < -5.9 for fit in ("rasch_mml", "onepl_mml"))
level, slope, rank = seen["all right", "twopl_mml"]
assert level > 5.9 and slope < 0.3 and rank == 1
assert seen["one wrong", "twopl_mml"][0] < -4 and seen["one wrong", "twopl_mml"][2] == 20
assert seen["all wrong", "twopl_mml"][0] > 5.9
PY
