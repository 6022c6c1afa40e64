#!/usr/bin/env bash
# polars: the discrimination of an item on which all got the same points hangs on the threads.
#
# Believed: a constant column correlates with nothing, so NaN, or rounding noise near zero; and a
#   lazy query has the eager query's answer on any number of threads.
# Versions: polars 2.1.0, pandas 3.1.1, duckdb 2.0.1.
# Seen: 41 students with .7 points each. `pl.corr` of the item and the total is at most 4e-16
#   eagerly, and lazily with one thread; lazily with two threads it is up to .376 and with four up
#   to -.146, by the class (a lazy `collect` streams by default and merges its parts). Two items
#   that nobody missed, .7 and .4 points, correlate -1.0 eagerly. pandas and DuckDB say NaN, and so
#   does polars where the points are .5, which a binary fraction holds.
# Matters: item analysis flags an item by this number. .376 reads as a good item, and is another
#   one on another machine. Ask `x.n_unique() > 1` before correlating; `x.std() > 0` is true here.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install --quiet --no-compile polars==2.1.0 pandas==3.1.1 duckdb==2.0.1 \
  numpy==2.4.6 pyarrow==26.0.1
cd "$dir"
cat >correlate.py <<'PY'
import numpy as np
import polars as pl


def lazily_and_eagerly(seed, points):
    total = np.random.default_rng(seed).integers(0, 101, 41) / 10
    table = pl.DataFrame({"item": [points] * 41, "total": total})
    asked = pl.corr("item", "total")
    assert table["item"].n_unique() == 1
    return table.lazy().select(asked).collect().item(), table.select(asked).item()


threads = pl.thread_pool_size()
lazy, eager = np.array([lazily_and_eagerly(seed, 0.7) for seed in range(12)]).T
print(f"{threads} threads, twelve classes, all have .7: lazy {np.nanmin(lazy):.3g} to"
      f" {np.nanmax(lazy):.3g}, eager {eager.min():.3g} to {eager.max():.3g}")
assert np.abs(eager).max() < 1e-12
assert np.abs(lazy).max() < 1e-12 if threads == 1 else np.nanmax(np.abs(lazy)) > 0.05
assert np.isnan(lazily_and_eagerly(3, 0.5)).all()
PY
for threads in 1 2 4; do
  POLARS_MAX_THREADS=$threads "$dir/venv/bin/python" correlate.py
done
"$dir/venv/bin/python" - <<'PY'
import duckdb
import numpy as np
import pandas as pd
import polars as pl

total = np.random.default_rng(3).integers(0, 101, 41) / 10
points = pd.DataFrame({"a": [0.7] * 41, "b": [0.4] * 41, "total": total})
in_pandas = points.corr().loc["a", ["b", "total"]].tolist()
in_duckdb = duckdb.connect().sql(
    "select corr(a, b), corr(a, total) from points").fetchall()[0]
in_polars = pl.DataFrame({name: points[name].tolist() for name in points}).select(
    two=pl.corr("a", "b"), spread=pl.col("a").std()).row(0)
print("pandas:", in_pandas, "DuckDB:", in_duckdb)
print("polars, eager, two constant items:", in_polars[0], "standard deviation", in_polars[1])
assert np.isnan(in_pandas).all() and np.isnan(in_duckdb).all()
assert round(in_polars[0], 6) == -1 and in_polars[1] > 0
PY
