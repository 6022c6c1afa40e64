#!/usr/bin/env bash
# CleverCSV reads Canvas' `\,` as an escape of its own, and two options become three.
#
# Believed: a tool that finds out a CSV file's dialect from its shape reads a Canvas quiz export
#   as the csv module does; a backslash inside a quoted cell is text.
# Versions: clevercsv 0.8.5 (Python's csv, duckdb 2.0.1 and polars 2.1.0 beside it).
# Seen: a several-answers cell holds the ticked options joined by "," with commas inside an option
#   written "\,". CleverCSV finds the backslashes, calls them the file's escape character and
#   takes them out: `layers 4\,5,6` (two options, "layers 4,5" and "6") is read as `layers 4,5,6`,
#   three as any reader would split it. One such cell is enough, and a class without commas in
#   its options comes out right, so that a trial run shows nothing. The other three keep it.
# Matters: all-correct-or-nothing marks hang on splitting this cell, and what was taken out cannot
#   be had back from the text.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install --quiet --no-compile clevercsv==0.8.5 duckdb==2.0.1 polars==2.1.0
cd "$dir"
"$dir/venv/bin/python" - <<'PY'
import csv
import clevercsv
import duckdb
import polars as pl

HEAD = "name,id,section,submitted,101: Which layers?,0.3,102: Which layer?,0.3,score\n"


def row(name, number, ticked, points):
    return f'"{name}",{number},S,2026-04-09 03:28:49 UTC,"{ticked}",{points},Conv2d,0.3,{points}\n'


WITH = HEAD + row("Lin, A", 1, r"layers 4\,5,6", 0.3) + row("Wu, B", 2, "", 0.0)
WITHOUT = HEAD + row("Lin, A", 1, "layers 4 and 5,6", 0.3) + row("Wu, B", 2, "", 0.0)
seen = {}
for name, text in (("with commas in options", WITH), ("without", WITHOUT)):
    with open("export.csv", "w", newline="", encoding="utf-8") as file:
        file.write(text)
    with open("export.csv", newline="", encoding="utf-8") as file:
        plain = list(csv.reader(file))[1][4]
    seen[name] = {
        "csv": plain,
        "clevercsv": clevercsv.read_table("export.csv")[1][4],
        "duckdb": duckdb.sql("select * from 'export.csv'").fetchall()[0][4],
        "polars": pl.read_csv("export.csv").row(0)[4],
    }
    dialect = clevercsv.Detector().detect(text)
    print(name, "| CleverCSV's escape character:", repr(dialect.escapechar), "|", seen[name])
    assert dialect.escapechar == ("\\" if name.startswith("with ") else "")
assert set(seen["without"].values()) == {"layers 4 and 5,6"}
cells = seen["with commas in options"]
assert cells.pop("clevercsv") == "layers 4,5,6"
assert set(cells.values()) == {r"layers 4\,5,6"}
PY
