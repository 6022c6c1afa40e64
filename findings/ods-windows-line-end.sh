#!/usr/bin/env bash
# A comment with a Windows line end takes the rest of the class out of an .ods file.
#
# Believed: a table that pandas writes as a LibreOffice sheet is the table pandas reads back, or
#   reading it fails.
# Versions: pandas 3.1.1, odfpy 1.4.1.
# Seen: odfpy writes a carriage return in a cell as "&#12;" (13 is meant), a form feed, which XML
#   does not allow. Its reader prints the XML to stderr and goes on with what it has. No
#   exception: of four students two are left, the second without comment and score.
# Matters: grades with TA comments are passed on as .ods; comments pasted from a browser or a
#   Windows machine hold "\r\n". Count the rows after reading one.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install --quiet --no-compile pandas==3.1.1 odfpy==1.4.1
cd "$dir"
"$dir/venv/bin/python" - <<'PY'
import contextlib, io, zipfile
import pandas as pd

written = pd.DataFrame({
    "student": ["Lin", "Wu", "Ho", "Chen"],
    "comment": ["fine", "see q09\r\nand q12", "fine", "fine"],
    "score": [9.4, 8.2, 7.7, 10.0],
})
written.to_excel("grades.ods", index=False, engine="odf")
printed = io.StringIO()
with contextlib.redirect_stderr(printed), contextlib.redirect_stdout(printed):
    read = pd.read_excel("grades.ods", engine="odf")
content = zipfile.ZipFile("grades.ods").read("content.xml").decode()
print(f"written: {len(written)} students; read: {len(read)}, and no exception")
print(read.to_string(index=False))
print("in the file:", content[content.index("see q09"):][:22])
assert "see q09&#12;" in content
assert len(read) == 2 and read.student.tolist() == ["Lin", "Wu"]
assert read.comment.isna().tolist() == read.score.isna().tolist() == [False, True]

written.comment = written.comment.str.replace("\r", "")
written.to_excel("plain.ods", index=False, engine="odf")
assert pd.read_excel("plain.ods", engine="odf").equals(written)
print("without the carriage return: equal")
PY
