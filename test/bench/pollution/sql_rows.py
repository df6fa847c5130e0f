#!/usr/bin/env python3
"""Prints what etl_csv_rows makes of the generated files, for score.py.

One psql session reads them all; libpq's environment says where.

    sql_rows.py DIR > RESULTS
"""

import json
import os
import subprocess
import sys

QUERY = """
SELECT jsonb_build_object(
    'header_rows', (SELECT header_rows FROM etl_sniff_csv({path})),
    'rows', (SELECT coalesce(jsonb_agg(fields ORDER BY n), '[]')
             FROM etl_csv_rows({path}) WITH ORDINALITY AS r(line, fields, n)));
\\echo end of case
"""


def quoted(path):
    return "'" + path.replace("'", "''") + "'"


def result_of(output):
    lines = [line for line in output.split("\n") if line != ""]
    if len(lines) != 1:
        return {"error": "no rows"}
    result = json.loads(lines[0])
    result["header_rows"] = result["header_rows"] or 0
    result["rows"] = [["" if cell is None else cell for cell in row]
                      for row in result["rows"]]
    return result


def main():
    directory = os.path.abspath(sys.argv[1])
    with open(directory + "/cases.json") as file:
        names = [case["name"] for case in json.load(file)]
    script = "".join(
        QUERY.format(path=quoted(f"{directory}/{name}.csv")) for name in names)
    run = subprocess.run(
        ["psql", "-X", "-q", "-A", "-t"], input=script.encode(), check=True,
        stdout=subprocess.PIPE, env={**os.environ, "PGCLIENTENCODING": "UTF8"})
    outputs = run.stdout.decode().split("end of case\n")
    for output in outputs[:-1]:
        print(json.dumps(result_of(output)))


if __name__ == "__main__":
    main()
