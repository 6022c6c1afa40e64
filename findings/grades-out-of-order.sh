#!/usr/bin/env bash
# pandas: "better than B" while a Parquet file is read and after are two classes without a student
#   in common.
#
# Believed: an ordered category (F < C < B < A < A+) keeps its order in the file that pandas itself
#   writes, and `read_parquet(filters=...)` keeps the rows that the same comparison keeps
#   afterwards.
# Versions: pandas 3.1.1 with pyarrow 26.0.1, polars 2.1.0, duckdb 2.0.1, fastparquet 2026.9.0.
# Seen: the column comes back ordered, and `grade > "B"` gives A, A+ and A; the filter, handed to
#   pyarrow, compares letters and gives F alone. Of the file of polars' Enum, which also comes back
#   ordered in pandas, the filter gives F too, and polars' own scan the right three. Of pandas' file
#   polars takes a category without order (F), DuckDB text (F) whoever wrote it. DuckDB's own
#   ENUM, before it was in any file, is sorted F to A+, and `grade > 'B'` is F.
# Matters: "everybody above B", "the lowest grade" (the least is A, the largest F) and a sorted
#   table are turned round, and only the rows tell: nothing is raised, and the type that is printed
#   is the right one.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install --quiet --no-compile pandas==3.1.1 pyarrow==26.0.1 polars==2.1.0 \
  duckdb==2.0.1 fastparquet==2026.9.0
cd "$dir"
"$dir/venv/bin/python" - <<'PY'
import duckdb
import pandas as pd
import polars as pl

order = ["F", "C", "B", "A", "A+"]
grades = ["A", "F", "A+", "B", "A"]
table = pd.DataFrame({"grade": pd.Categorical(grades, order, ordered=True)})
table.to_parquet("pandas.parquet")
table.to_parquet("fastparquet.parquet", engine="fastparquet")
pl.DataFrame({"grade": pl.Series(grades, dtype=pl.Enum(order))}).write_parquet("polars.parquet")
enum = duckdb.connect()
enum.execute("create type g as enum ('F', 'C', 'B', 'A', 'A+')")
enum.execute("copy (select unnest(['A', 'F', 'A+', 'B', 'A'])::g grade) to 'duckdb.parquet'")
enum.execute("create table t as select unnest(['A', 'F', 'A+', 'B', 'A'])::g grade")
own = [[r[0] for r in enum.execute(f"select grade from t {what}").fetchall()]
       for what in ("order by grade", "where grade > 'B'", "where grade > 'B'::g")]

seen = {}
for writer in ("pandas", "polars", "duckdb", "fastparquet"):
    file = f"{writer}.parquet"
    after = pd.read_parquet(file).grade
    seen[writer] = {
        "pandas, while reading": pd.read_parquet(file, filters=[("grade", ">", "B")]).grade,
        "pandas, after": after[after > "B"],
        "polars": pl.scan_parquet(file).filter(pl.col("grade") > "B").collect()["grade"],
        "duckdb": [r[0] for r in duckdb.sql(f"select grade from '{file}' where grade > 'B'")
                   .fetchall()],
    }
    seen[writer] = {reader: list(map(str, found)) for reader, found in seen[writer].items()}
    print(f"written by {writer}, above B:", seen[writer],
          "ordered in pandas:", getattr(after.dtype, "ordered", False))
print("DuckDB's own enum, never written: sorted, above 'B', above 'B' as its type:", *own)
right, wrong = ["A", "A+", "A"], ["F"]
assert own == [["F", "B", "A", "A", "A+"], wrong, right]
assert list(seen["pandas"].values()) == [wrong, right, wrong, wrong]
assert list(seen["polars"].values()) == [wrong, right, right, wrong]
assert list(seen["duckdb"].values()) == list(seen["fastparquet"].values()) == 4 * [wrong]
PY
