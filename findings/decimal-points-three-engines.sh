#!/usr/bin/env bash
# Exact decimals in one Parquet file: the mean of .4 and .3 is .35 or .4, a third of .4 is .13 or
#   .1.
#
# Believed: points kept as decimal(3,1) and raw scores rounded to cents are the same wherever the
#   file is read: that is the reason for not using floats.
# Versions: polars 2.1.0, duckdb 2.0.1, pandas 3.1.1 on pyarrow 26.0.1.
# Seen: each engine has another rule for what a decimal's scale is after a calculation, and
#   another way of rounding. A third of .4: polars .1, duckdb and pandas .1333. The mean of .4 and
#   .3: polars and duckdb .35 (as a float), pandas .4. The raw score .125 to cents: duckdb .13,
#   the others .12; .005: polars .00, the others .01; .015: polars and duckdb .02, pandas .01. No
#   two engines agree on all, and none is wrong alone.
# Matters: partial credit (points/k), class means and "2 decimals for the gradebook" are these
#   three calculations.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install --quiet --no-compile polars==2.1.0 duckdb==2.0.1 \
  pandas==3.1.1 pyarrow==26.0.1
cd "$dir"
"$dir/venv/bin/python" - <<'PY'
from decimal import Decimal as D
import duckdb
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

points = pa.array([D("0.4"), D("0.3")], pa.decimal128(3, 1))
raw = pa.array([0.125, 0.005, 0.015, 0.3])
pq.write_table(pa.table({"points": points}), "points.parquet")
pq.write_table(pa.table({"raw": raw}), "raw.parquet")

p, r = pl.read_parquet("points.parquet")["points"], pl.read_parquet("raw.parquet")["raw"]
in_polars = p[0:1].__truediv__(3)[0], p.mean(), r.cast(pl.Decimal(9, 2)).to_list()
third, mean = duckdb.sql("select min(points / 3) filter (points > 0.35), avg(points)"
                         " from 'points.parquet'").fetchall()[0]
cents = duckdb.sql("select cast(raw as decimal(9, 2)) from 'raw.parquet'").fetchall()
in_duckdb = third, mean, [row[0] for row in cents]
p = pd.read_parquet("points.parquet", dtype_backend="pyarrow").points
r = pd.read_parquet("raw.parquet", dtype_backend="pyarrow").raw
in_pandas = (p / 3)[0], p.mean(), r.astype(pd.ArrowDtype(pa.decimal128(9, 2))).tolist()

engines = {"polars": in_polars, "duckdb": in_duckdb, "pandas": in_pandas}
for name, (third, mean, cents) in engines.items():
    print(f"{name}: .4 / 3 = {third!r}; mean of .4 and .3 = {mean!r}; to cents", *cents)
assert [round(float(third), 4) for third, *_ in engines.values()] == [0.1, 0.1333, 0.1333]
assert [round(float(mean), 4) for _, mean, _ in engines.values()] == [0.35, 0.35, 0.4]
assert list(map(str, in_polars[2])) == ["0.12", "0.00", "0.02", "0.30"]
assert list(map(str, in_duckdb[2])) == ["0.13", "0.01", "0.02", "0.30"]
assert list(map(str, in_pandas[2])) == ["0.12", "0.01", "0.01", "0.30"]
PY
