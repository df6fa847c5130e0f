#!/usr/bin/env python3
"""Scores what a reader made of the generated files, ten points a file.

One point for reading the file at all, and one each for precision, recall and F1
of the header's cells, of the records and of the records' cells (a cell counts
at its position).

    score.py DIR RESULTS    RESULTS: a line of JSON a case, in cases.json's order
                            {"header_rows": n, "rows": [[...]]} or {"error": ...}
"""

import collections
import json
import sys


def measures(got, want):
    if not got and not want:
        return [1.0, 1.0, 1.0]
    same = sum((collections.Counter(got) & collections.Counter(want)).values())
    precision = same / len(got) if got else 0.0
    recall = same / len(want) if want else 0.0
    total = precision + recall
    return [precision, recall, 2 * precision * recall / total if total else 0]


def cells(rows):
    return [(i, c) for row in rows for i, c in enumerate(row)]


def score(case, result):
    if "error" in result:
        return [0.0] * 10
    n = result["header_rows"]
    header, records = result["rows"][:n], result["rows"][n:]
    return ([1.0] + measures(cells(header), cells(case["header"])) +
            measures([tuple(r) for r in records],
                     [tuple(r) for r in case["records"]]) +
            measures(cells(records), cells(case["records"])))


def group_of(name):
    parts = name.removeprefix("dense_").split("_")
    if parts[0] == "row":
        return "_".join(p for p in parts if not p.isdigit())
    return "_".join(parts[:2])


def main():
    with open(sys.argv[1] + "/cases.json") as file:
        cases = json.load(file)
    with open(sys.argv[2], errors="surrogateescape", newline="\n") as file:
        results = [json.loads(line) for line in file]
    assert len(cases) == len(results)
    groups = collections.defaultdict(list)
    flawed = []
    for case, result in zip(cases, results):
        points = sum(score(case, result))
        groups[group_of(case["name"])].append(points)
        if points < 9.999:
            flawed.append((points, case["name"], result))
    for name, points in sorted(groups.items()):
        print(f"{name:32} {len(points):5} {sum(points) / len(points):7.3f}")
    everything = [p for points in groups.values() for p in points]
    print(f"{'all':32} {len(everything):5} "
          f"{sum(everything) / len(everything):7.3f}")
    means = [sum(p) / len(p) for p in groups.values()]
    print(f"{'mean of groups':32} {len(means):5} "
          f"{sum(means) / len(means):7.3f}")
    if len(sys.argv) > 3:
        for points, name, result in sorted(flawed, key=lambda f: f[0]):
            result.pop("rows", None)
            print(f"{points:6.3f} {name} {json.dumps(result)}")


if __name__ == "__main__":
    main()
