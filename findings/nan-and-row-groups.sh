#!/usr/bin/env bash
# Whether NaN is above or below a score hangs on how the Parquet file was cut into row groups.
#
# Believed: one table in two files, cut into groups of another size, answers a question alike;
#   NaN is either above every number (DuckDB's and polars' rule, as is written) or compares as
#   false (pyarrow's), and each engine keeps to its own rule.
# Versions: duckdb 2.0.1, pyarrow 26.0.1, polars 2.1.0.
# Seen: the least and largest value that a file keeps of a group leave NaN out, and an engine that
#   goes by them forgets its own rule. Of [.4, NaN, .3, NaN, .1, NaN] DuckDB finds four rows above
#   .3 (three NaN) in groups of 1 or 6 rows and in memory, two in groups of 2 or 3; at most 1 are
#   three rows in groups of 1, and all six, NaN too, in groups of 2, 3 or 6: in one file the same
#   NaN is above .3 and not above 1. pyarrow's "!= .3" loses a NaN beside a .3 when the filter goes
#   along with the reading, and has it when what was read is filtered. polars keeps to its rule.
# Matters: the share of a class above a limit, or of pixels above a threshold, moves when a file
#   is written again; a NaN (0/0 in a normalized map, a mean over nobody) is what one looks for.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install --quiet --no-compile duckdb==2.0.1 pyarrow==26.0.1 polars==2.1.0
cd "$dir"
"$dir/venv/bin/python" - <<'PY'
import duckdb
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

nan = float("nan")
score = [0.4, nan, 0.3, nan, 0.1, nan]
points = pa.table({"row": range(6), "score": score})
sizes = (1, 2, 3, 6)
for size in sizes:
    pq.write_table(points, f"{size}.parquet", row_group_size=size)


def duck(where):
    sql = "select row from '{}.parquet' where score {} order by row"
    return [[r[0] for r in duckdb.sql(sql.format(k, where)).fetchall()] for k in sizes]


def arrow(filtered_while_reading):
    found = []
    for size in sizes:
        if filtered_while_reading:
            read = pq.read_table(f"{size}.parquet", filters=[("score", "!=", 0.3)])
        else:
            read = pq.read_table(f"{size}.parquet")
            read = read.filter(pc.not_equal(read["score"], 0.3))
        found.append(read["row"].to_pylist())
    return found


def polars(what):
    return [pl.scan_parquet(f"{k}.parquet").filter(what).collect()["row"].to_list() for k in sizes]


print("groups of", *sizes, "rows:", score)
above, below = duck("> 0.3"), duck("<= 1.0")
together, after = arrow(True), arrow(False)
in_polars = polars(pl.col("score") > 0.3)
print("duckdb > .3 ", above)
print("duckdb <= 1 ", below)
print("pyarrow != .3, filtered while it reads", together)
print("pyarrow != .3, filtered after         ", after)
print("polars > .3 ", in_polars)
in_memory = duckdb.sql("select row from points where score > 0.3 order by row").fetchall()
print("duckdb > .3 of the table in memory", [r[0] for r in in_memory])
assert [r[0] for r in in_memory] == [0, 1, 3, 5]
assert above == [[0, 1, 3, 5], [0, 1], [0, 1], [0, 1, 3, 5]]
assert below == [[0, 2, 4]] + 3 * [list(range(6))]
assert together == [[0, 1, 3, 4, 5], [0, 1, 4, 5], [0, 1, 3, 4, 5], [0, 1, 3, 4, 5]]
assert after == 4 * [[0, 1, 3, 4, 5]] and in_polars == 4 * [[0, 1, 3, 5]]
PY
