#!/usr/bin/env python3
"""Makes tests/tpch/answers/: the answers of DuckDB to the 22 queries of TPC-H, over the data that the test generates.

The queries are those of DuckDB's own `tpch` extension, not the ones in tests/tpch/queries: engine and text are independent of ours.

    python3 -m venv /tmp/duckdb && /tmp/duckdb/bin/pip install duckdb==1.5.5 duckdb-extension-tpch==1.5.5
    mkdir /tmp/tpch && SHIFTDECK_TPCH_DATA=/tmp/tpch cargo test --test it tpch     # writes the tables there
    /tmp/duckdb/bin/python tests/tpch/answers.py /tmp/tpch
"""

import pathlib
import sys

import duckdb

# Query 11 asks for a fraction that depends on the scale factor; the extension's text is for scale factor 1.
SCALE_FACTOR = 0.1


def main(data):
    here = pathlib.Path(__file__).parent / "answers"
    here.mkdir(exist_ok=True)
    extension = next(pathlib.Path(duckdb.__file__).parent.parent.glob("duckdb_extension_tpch/extensions/*/tpch.duckdb_extension"))
    connection = duckdb.connect(config={"allow_unsigned_extensions": "true"})
    connection.execute(f"LOAD '{extension}'")
    connection.execute("CALL dbgen(sf = 0)")  # the tables, empty
    for table in ("region", "nation", "supplier", "part", "partsupp", "customer", "orders", "lineitem"):
        columns = [row[0] for row in connection.execute(f"DESCRIBE {table}").fetchall()]
        types = {name: "VARCHAR" for name in columns}
        connection.execute(
            f"INSERT INTO {table} SELECT {', '.join(columns)} FROM read_csv('{data}/{table}.tbl', delim='|', header=false, "
            f"quote='', escape='', columns={types})"
        )
    for number, query in connection.execute("SELECT query_nr, query FROM tpch_queries() ORDER BY 1").fetchall():
        if number == 11:
            assert "0.0001" in query
            query = query.replace("0.0001000000", "0.0001").replace("0.0001", f"{0.0001 / SCALE_FACTOR:.10f}")
        rows = connection.execute(query).fetchall()
        lines = ["|".join("∅" if cell is None else str(cell) for cell in row) for row in rows]
        (here / f"q{number:02}.txt").write_text("".join(line + "\n" for line in lines))
        print(number, len(rows))


if __name__ == "__main__":
    main(sys.argv[1])
