#!/usr/bin/env bash
# A cell that was changed keeps the output and the number of the call that it no longer holds.
#
# Believed: `jupytext --to ipynb --update` keeps the outputs of the cells that are as they were, and
#   a changed cell comes without one, to be run again.
# Versions: jupytext 1.19.6, nbformat 5.10.4, nbconvert 7.17.2.
# Seen: `explain(picture=6)` with its output, changed in the .py to `picture=7`, becomes a notebook
#   in which In [1] is picture 7 and Out [1] is picture 6's; so does `k = 1` changed to `k = 2`, and
#   a cell with a line put in front. Of two equal cells with two outputs, the first taken away in
#   the text and a third added at the end, the new one, never run, shows the removed one's output.
#   What is left over is handed out by order. The notebook is valid, nbconvert prints it, nothing
#   marks it.
# Matters: an executed notebook is handed in as proof of what the code gave; numbers and figures in
#   it may be of other code. Only running it again tells.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install --quiet --no-compile jupytext==1.19.6 nbformat==5.10.4 nbconvert==7.17.2
cd "$dir"
PATH="$dir/venv/bin:$PATH" python - <<'PY'
import re
import subprocess
from pathlib import Path
import jupytext
import nbformat
from nbformat.v4 import new_code_cell, new_notebook, new_output


def notebook(cells):
    made = new_notebook(metadata={"kernelspec": {"name": "python3", "language": "python",
                                                 "display_name": "Python 3"}})
    for number, (source, text) in enumerate(cells, 1):
        output = new_output("execute_result", {"text/plain": text}, execution_count=number)
        made.cells.append(new_code_cell(source, execution_count=number, outputs=[output]))
    return made


def updated(ran, text_now):
    nbformat.write(notebook(ran), "run.ipynb")
    text = jupytext.writes(notebook([(source, "") for source in text_now]), "py:percent")
    Path("run.py").write_text(text)
    subprocess.run(["jupytext", "--quiet", "--to", "ipynb", "--update", "run.py"], check=True)
    now = nbformat.read("run.ipynb", 4)
    nbformat.validate(now)
    seen = [(cell.source, *[o["data"]["text/plain"] for o in cell.outputs]) for cell in now.cells]
    print("ran ", ran, "\nnow ", seen)
    return seen


assert updated([("explain(picture=6)", "map of 6"), ("score()", "0.3")],
               ["explain(picture=7)", "score()"]) == [
    ("explain(picture=7)", "map of 6"), ("score()", "0.3")]
assert updated([("k = 1\nscore(k)", "0.3"), ("score(2)", "0.9")],
               ["k = 2\nscore(k)", "score(3)"]) == [
    ("k = 2\nscore(k)", "0.3"), ("score(3)", "0.9")]
assert updated([("show(picture)", "a cup")], ["picture = others[7]\nshow(picture)"]) == [
    ("picture = others[7]\nshow(picture)", "a cup")]
assert updated([("draw()", "first"), ("step()", "-"), ("draw()", "second")],
               ["step()", "draw()", "draw()"]) == [
    ("step()", "-"), ("draw()", "second"), ("draw()", "first")]

updated([("explain(picture=6)", "map of 6")], ["explain(picture=7)"])
subprocess.run(["jupyter", "nbconvert", "--log-level=ERROR", "--to", "html", "run.ipynb"],
               check=True)
page = re.sub(r"<style.*?</style>|<script.*?</script>|<[^>]*>", " ",
              Path("run.html").read_text(), flags=re.S)
shown = re.sub(r"\s+", " ", page)
shown = shown[shown.index("In"):][:80]
print("nbconvert's page:", shown)
assert re.search(r"In \[1\]: explain \( picture = 7 \) Out\[1\]: map of 6", shown)
PY
