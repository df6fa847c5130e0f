#!/usr/bin/env python3
"""Writes CSV files that are each odd in one way, and what they should read as.

Two clean tables of nine columns are the basis: a plain one, and a dense one
with CRLF, local formats and many quoted cells.  Each case changes one thing of
the file or of one row, and says what a careful person would read: header lines
and records.  Then parts of these tables, of fewer rows and columns and in all
dialects, have a preamble, or one odd thing.  The same files come out each time.

    generate.py DIR    writes DIR/<case>.csv, DIR/cases.json, and DIR/list,
                       the files' names in the same order
"""

import json
import os
import random
import sys

COLUMNS = ["date", "time", "qty", "product_id", "price", "product_type",
           "description", "url", "comments"]
ROWS = 85


def plain_table(rng):
    adjectives = ["light", "heavy", "small", "wide", "red", "plain", "old"]
    nouns = ["chair", "lamp", "table", "kettle", "shelf", "clock", "mirror"]
    types = ["Furniture", "Lighting", "Kitchen", "Office"]
    rows = []
    for i in range(ROWS):
        noun = rng.choice(nouns)
        text = f"{rng.choice(adjectives)} {noun} for home use"
        if i % 7 == 3:
            text = f"{text}, with {rng.choice(adjectives)} legs"
        if i % 17 == 5:
            text = f'{noun} called "{rng.choice(adjectives)}" by makers'
        comment = ""
        if i % 5 == 1:
            comment = "delivered late"
        if i % 19 == 8:
            comment = "see note:\nleft at the door"
        if i % 23 == 11:
            comment = "don't ship; call first"
        rows.append([
            f"{rng.randrange(2015, 2023)}-{rng.randrange(1, 13):02}-"
            f"{rng.randrange(1, 29):02}",
            f"{rng.randrange(24):02}:{rng.randrange(60):02}:"
            f"{rng.randrange(60):02}",
            str(rng.randrange(1, 90)),
            f"{rng.choice('ABCD')}{rng.randrange(100, 999)}",
            f"{rng.randrange(5, 900)}.{rng.randrange(100):02}",
            rng.choice(types), text,
            f"http://shop.example.com/{noun}?id={rng.randrange(9999)}",
            comment])
    return rows


def dense_table(rng):
    words = ("it was not what, we had ordered but good enough; the box had a "
             "dent, the seal was fine and so we kept it for the shop").split()
    rows = []
    for i in range(ROWS):
        start = rng.randrange(10)
        text = " ".join(words[start:start + rng.randrange(3, 14)])
        if i % 4 == 1:
            text = f'The "{rng.choice(words)}" model, {text}'
        if i % 6 == 2:
            text = text + "\r\n" + " ".join(words[:rng.randrange(1, 9)])
        comment = rng.choice(["", "ok", "n/a", "late, again", "it's fine",
                              'said "no"', "first\r\nsecond, third"])
        rows.append([
            f"{rng.randrange(1, 13)}/{rng.randrange(1, 29)}/"
            f"{rng.randrange(2015, 2023)}",
            f"{rng.randrange(1, 13)}:{rng.randrange(60):02} "
            f"{rng.choice(['AM', 'PM'])}",
            str(rng.randrange(1, 9000)),
            f"{rng.randrange(10, 99)}-{rng.randrange(100, 999)}-X",
            f"${rng.randrange(1, 9)},{rng.randrange(100, 999)}."
            f"{rng.randrange(100):02}" if i % 3 else
            f"${rng.randrange(5, 900)}.{rng.randrange(100):02}",
            rng.choice(["Home", "Garden & Pool", "Tools", ""]), text,
            f"https://example.org/a/{rng.randrange(9999)}?x=1&y=2,3"
            if i % 9 == 4 else f"https://example.org/b/{i}",
            comment])
    return rows


def cell_text(cell, delimiter=",", quote='"', escape=None, always=False):
    special = [delimiter, quote, "\n", "\r"]
    if not always and not any(s in cell for s in special):
        return cell
    inner = cell
    if escape is None:
        inner = inner.replace(quote, quote * 2)
    else:
        inner = inner.replace(escape, escape * 2) if escape else inner
        inner = inner.replace(quote, escape + quote)
    return quote + inner + quote


def line_text(cells, delimiter=",", **how):
    return delimiter.join(cell_text(c, delimiter, **how) for c in cells)


def file_text(rows, eol="\n", **how):
    return "".join(line_text(r, **how) + eol for r in rows)


class Cases:
    def __init__(self, directory):
        self.directory = directory
        self.prefix = ""
        self.cases = []

    def add(self, name, text, header, records, encoding="utf-8"):
        name = self.prefix + name
        data = text if isinstance(text, bytes) else text.encode(encoding)
        with open(os.path.join(self.directory, name + ".csv"), "wb") as out:
            out.write(data)
        self.cases.append({"name": name, "header": header,
                           "records": records})

    def write(self):
        path = os.path.join(self.directory, "cases.json")
        with open(path, "w") as out:
            json.dump(self.cases, out)
        with open(os.path.join(self.directory, "list"), "w") as out:
            for case in self.cases:
                name = case["name"] + ".csv"
                print(os.path.join(self.directory, name), file=out)


def add_files(cases, rows):
    """Each file differs from the clean one as a whole."""
    head = [COLUMNS]
    table = head + rows
    text = file_text(table)

    def add(name, content, header=head, records=rows):
        cases.add("file_" + name, content, header, records)

    add("clean", text)
    for name, d in [("semicolon", ";"), ("tab", "\t"), ("pipe", "|"),
                    ("space", " "), ("comma_space", ", "), ("bars", "||"),
                    ("colons", "::"), ("caret", "^"), ("tilde", "~"),
                    ("colon", ":"), ("unit", "\x1f"), ("soh", "\x01"),
                    ("semicolon_space", "; "), ("bar_tilde", "|~|")]:
        add("delimiter_" + name, file_text(table, delimiter=d))
        add("delimiter_" + name + "_quoted",
            file_text(table, delimiter=d, always=True))
    for name, how in [("single", {"quote": "'"}),
                      ("single_always", {"quote": "'", "always": True}),
                      ("always", {"always": True}),
                      ("backslash", {"escape": "\\"}),
                      ("backslash_always", {"escape": "\\", "always": True}),
                      ("single_backslash", {"quote": "'", "escape": "\\"}),
                      ("no_escape", {"escape": ""})]:
        add("quote_" + name, file_text(table, **how))
    add("quote_backtick", file_text(table, quote="`"))
    add("quote_backtick_always", file_text(table, quote="`", always=True))
    for name, eol in [("cr", "\r"), ("crlf", "\r\n"), ("lfcr", "\n\r")]:
        add("eol_" + name, file_text(table, eol=eol))
        inner = [[c.replace("\r", "").replace("\n", eol) for c in r]
                 for r in rows]
        add("eol_" + name + "_inside", file_text(head + inner, eol=eol),
            records=inner)
    lines = [line_text(r) for r in table]
    add("eol_mixed", "".join(
        line + ["\n", "\r\n", "\r"][i % 3] for i, line in enumerate(lines)))
    add("eol_none_at_end", text[:-1])
    add("eol_two_at_end", text + "\n")
    add("eol_many_at_end", text + "\n\n\n")
    add("eol_crlf_two_at_end", file_text(table, eol="\r\n") + "\r\n")
    add("eol_blank_between", file_text(table, eol="\n\n"))
    add("bom", b"\xef\xbb\xbf" + text.encode())
    add("no_header", file_text(rows), header=[])
    add("header_only", file_text(head), records=[])
    add("header_only_no_eol", file_text(head, eol=""), records=[])
    add("one_row", file_text(table[:2]), records=rows[:1])
    add("one_row_no_header", file_text(rows[3:4]), header=[],
        records=rows[3:4])
    add("two_rows", file_text(table[:3]), records=rows[:2])
    add("empty", "", header=[], records=[])
    add("only_newlines", "\n\n\n", header=[], records=[])
    for n in (1, 2, 3, 4, 8):
        one = [[r[n]] for r in table]
        if n != 8:
            add(f"one_column_{n}", file_text(one), [one[0]], one[1:])
    for n in (2, 3, 4):
        few = [r[1:1 + n] for r in table]
        add(f"{n}_columns", file_text(few), [few[0]], few[1:])
    many = [(r * 7)[:60] for r in rows]
    names = [[f"{c}{i}" for i in range(7) for c in COLUMNS][:60]]
    add("60_columns", file_text(names + many), names, many)
    add_headers(add, rows)
    add_surroundings(add, table, rows)
    add_contents(add, rows)


def add_headers(add, rows):
    upper = [c.upper() for c in COLUMNS]
    for name, header in [
            ("empty_first", [""] + COLUMNS[1:]),
            ("empty_some", ["", "time", "", "product_id", "", "type", "text",
                            "url", "remark"]),
            ("duplicate", ["date", "time", "date"] + COLUMNS[3:]),
            ("all_same", ["x"] * 9),
            ("overlong", ["c" * 200] + COLUMNS[1:]),
            ("reserved", ["select", "from", "user"] + COLUMNS[3:]),
            ("upper", upper),
            ("spaces", [c.replace("_", " ") + " of it" for c in COLUMNS]),
            ("newline", ["date\nof sale"] + COLUMNS[1:]),
            ("quote", ['the "date"'] + COLUMNS[1:]),
            ("non_ascii", ["Größe"] + COLUMNS[1:]),
            ("number", COLUMNS[:8] + ["2020"]),
            ("units", ["date (d)", "time (h)", "qty [n]", "id", "price (€)",
                       "type", "text", "url", "notes?"]),
            ("hash", ["#date"] + COLUMNS[1:])]:
        add("header_" + name, file_text([header] + rows), [header])
    for n in (2, 3):
        header = [COLUMNS, upper, [c.title() for c in COLUMNS]][:n]
        add(f"header_{n}_rows", file_text(header + rows), header)
        add(f"header_{n}_rows_short", file_text(header + rows[:6]), header,
            rows[:6])
    groups = ["when", "", "what", "", "", "", "more", "", ""]
    add("header_groups", file_text([groups, COLUMNS] + rows),
        [groups, COLUMNS])
    units = ["", "", "pieces", "code", "EUR", "", "", "", ""]
    add("header_units_row",
        file_text([COLUMNS, ["yyyy-mm-dd", "hh:mm"] + units[2:]] + rows),
        [COLUMNS, ["yyyy-mm-dd", "hh:mm"] + units[2:]])


def add_surroundings(add, table, rows):
    text = file_text(table)
    preambles = {
        "text": "Sales of the last years\n",
        "text_3": "Sales\nAs of yesterday, roughly\nAll figures net\n",
        "key_value": "author: Jane Doe\nsource: till, shop\nversion: 3\n",
        "key_comma": "author,Jane Doe\nsource,till\nversion,3\n",
        "long": "".join(f"Line {i} of the terms, as agreed\n"
                        for i in range(12)),
        "quoted": '"Sales, all"\n',
        "padded": "Sales of the years,,,,,,,,\n",
        "padded_3": "Sales,,,,,,,,\nBy shop,,,,,,,,\n,,,,,,,,\n"}
    for name, lines in preambles.items():
        add("preamble_" + name, lines + text)
        add("preamble_" + name + "_blank", lines + "\n" + text)
    add("preamble_no_header", preambles["text"] + file_text(rows), [])
    add("preamble_one_row", preambles["text_3"] + file_text(table[:2]),
        records=rows[:1])
    add("preamble_blank_lines", "\n\n" + text)
    add("preamble_semicolon",
        preambles["key_value"] + file_text(table, delimiter=";"))
    for mark in ("#", "//", "%", "--"):
        name = {"#": "hash", "//": "slashes", "%": "percent",
                "--": "dashes"}[mark]
        comment = f"{mark} written by the till, shop 5\n{mark} all net\n"
        add("comment_top_" + name, comment + text)
        add("comment_middle_" + name,
            file_text(table[:11]) + comment + file_text(table[11:]))
    add("comment_one_middle",
        file_text(table[:11]) + "# a break\n" + file_text(table[11:]))
    footer = ["Total", "", "4711", "", "815.00", "", "", "", ""]
    add("footer_total", text + line_text(footer) + "\n",
        records=rows + [footer])
    add("footer_text", text + "End of the list\n",
        records=rows + [["End of the list"]])
    add("footer_blank", text + "\nEnd of the list\n",
        records=rows + [["End of the list"]])
    same = [["day", "hour", "n", "code", "cost", "kind", "text", "link",
             "remark"]] + [list(r) for r in rows[40:60]]
    for name, second in [
            ("same", same), ("same_header", [COLUMNS] + rows[40:]),
            ("less", [r[:5] for r in same]),
            ("less_2", [r[2:4] for r in same]),
            ("more", [r + [f"x{i}", str(i)] for i, r in enumerate(same)]),
            ("more_long", [r + [f"x{i}", str(i)]
                           for i, r in enumerate(same + rows)])]:
        add("tables_" + name, text + "\n" + file_text(second))
        add("tables_" + name + "_crlf", file_text(table, eol="\r\n") + "\r\n" +
            file_text(second, eol="\r\n"))
        add("tables_" + name + "_two_blanks",
            text + "\n\n" + file_text(second))
    add("tables_titled", text + "\nReturns\n" +
        file_text([r[:5] for r in same]))


def add_contents(add, rows):
    comma = [r[:4] + [r[4].replace(".", ",")] + r[5:] for r in rows]
    add("decimal_comma", file_text([COLUMNS] + comma, delimiter=";"),
        records=comma)
    two = [[f"{i},{i % 10}", f"{i + 1},{(i * 7) % 10}"] for i in range(50)]
    add("decimal_comma_only", file_text([["a", "b"]] + two, delimiter=";"),
        [["a", "b"]], two)
    add("decimal_comma_no_header", file_text(two, delimiter=";"), [], two)
    names = [["first name", "city"]] + [
        [a, b] for a in ("Jane", "Arthur", "Zoe", "Max Otto")
        for b in ("Rome", "New York", "Paris")]
    add("all_text", file_text(names), names[:1], names[1:])
    add("all_text_pipe", file_text(names, delimiter="|"), names[:1],
        names[1:])
    prose = [["remark"]] + [[r[6]] for r in rows if "," not in r[6] and
                            '"' not in r[6]]
    add("prose_one_column", file_text(prose), prose[:1], prose[1:])
    loose = [["remark"]] + [[r[6]] for r in rows
                            if '"' not in r[6] and "\n" not in r[6]]
    add("prose_with_commas", "".join(r[0] + "\n" for r in loose), loose[:1],
        loose[1:])
    for name, values in [
            ("timestamps", [f"{r[0]} {r[1]}" for r in rows]),
            ("urls", [r[7] for r in rows]),
            ("decimals", [r[4].replace(".", ",") for r in rows])]:
        one = [["value"]] + [[v] for v in values]
        if name != "decimals":
            add("column_of_" + name, file_text(one), one[:1], one[1:])
    late = [r[:6] + ["plain", r[7], ""] for r in rows] * 60
    late.append(late[0][:6] + ['late "one", really', "u", "x\ny"])
    add("late_quotes", file_text([COLUMNS] + late), records=late)
    wide = [["when", "v"]] + [[f"{r[0]} {r[1]}", r[2]] for r in rows]
    add("timestamp_and_number", file_text(wide), wide[:1], wide[1:])


def add_rows(cases, rows, eol):
    """One row of the clean file is odd."""
    table = [COLUMNS] + rows
    lines = [line_text(r) for r in table]

    def add(name, i, line, cells):
        """Row i (0 is the header) is replaced; cells are a list of rows."""
        text = eol.join(lines[:i] + [line] + lines[i + 1:]) + eol
        if i == 0:
            header, records = cells[:1], cells[1:] + rows
        else:
            header, records = [COLUMNS], rows[:i - 1] + cells + rows[i:]
        cases.add(f"row_{name}", text, header, records)

    for i in (0, 1, 2, 6, 40, 84, 85):
        row = table[i]
        texts = [cell_text(c) for c in row]

        def with_cell(j, text):
            return ",".join(texts[:j] + [text] + texts[j + 1:])

        def with_value(j, value):
            return [row[:j] + [value] + row[j + 1:]]

        for j in range(len(row)):
            where = f"{i}_{j}"
            cell = row[j]
            plain = not any(s in cell for s in ',"\n')
            if "," in cell and not any(s in cell for s in '"\n'):
                others = [c for k, c in enumerate(row) if k != j]
                if not any(s in c for s in ',"\n' for c in others):
                    for name, text in [("opening", cell + '"'),
                                       ("closing", '"' + cell)]:
                        line = with_cell(j, text)
                        add(f"no_{name}_{where}", i, line, [line.split(",")])
                add(f"no_quotes_{where}", i, with_cell(j, cell),
                    [row[:j] + cell.split(",") + row[j + 1:]])
            if j > 0:
                if '"' not in texts[j - 1] + texts[j]:
                    add(f"less_{where}", i,
                        ",".join(texts[:j - 1] + [texts[j - 1] + texts[j]] +
                                 texts[j + 1:]),
                        [row[:j - 1] + [row[j - 1] + cell] + row[j + 1:]])
                add(f"more_{where}", i,
                    ",".join(texts[:j] + [""] + texts[j:]),
                    [row[:j] + [""] + row[j:]])
            if not plain:
                continue
            half = len(cell) // 2
            add(f"quote_start_{where}", i, with_cell(j, '"' + cell),
                with_value(j, '"' + cell))
            if cell != "":
                add(f"quote_end_{where}", i, with_cell(j, cell + '"'),
                    with_value(j, cell + '"'))
                add(f"quote_middle_{where}", i,
                    with_cell(j, cell[:half] + '"' + cell[half:]),
                    with_value(j, cell[:half] + '"' + cell[half:]))
                add(f"quote_inner_{where}", i,
                    with_cell(j, '"' + cell[:half] + '"' + cell[half:] + '"'),
                    with_value(j, cell[:half] + '"' + cell[half:]))
            add(f"quoted_{where}", i, with_cell(j, '"' + cell + '"'), [row])
            add(f"quote_blank_{where}", i, with_cell(j, '"' + cell + '" '),
                with_value(j, '"' + cell + '" '))
            add(f"blank_quote_{where}", i, with_cell(j, ' "' + cell + '"'),
                with_value(j, ' "' + cell + '"'))
            add(f"backslash_{where}", i,
                with_cell(j, '"' + cell + '\\"x\\""'),
                with_value(j, cell + '"x"'))
            for name, eol in [("lf", "\n"), ("crlf", "\r\n"), ("cr", "\r")]:
                value = cell[:half] + eol + cell[half:]
                add(f"newline_{name}_{where}", i,
                    with_cell(j, '"' + value + '"'), with_value(j, value))
            for name, value in [("trailing", cell + "  "),
                                ("tab", cell + "\t"), ("leading", " " + cell),
                                ("unicode", cell + "ß漢€"),
                                ("emptied", ""), ("semicolon", cell + ";x"),
                                ("long", "y" * 10240),
                                ("long_text", "some text of it " * 640)]:
                add(f"cell_{name}_{where}", i, with_cell(j, value),
                    with_value(j, value))
        for name, d in [("semicolon", ";"), ("tab", "\t"), ("space", " "),
                        ("pipe", "|"), ("comma_space", ", ")]:
            line = d.join(row) if not any(
                s in "".join(row) for s in '"\n') else None
            if line is None:
                continue
            cells = [line.split(",")]
            add(f"delimiter_{name}_{i}", i, line, cells)
        if not any("'" in c or '"' in c or "," in c or "\n" in c
                   for c in row):
            line = ",".join(f"'{c}'" for c in row)
            add(f"quotes_single_{i}", i, line, [[f"'{c}'" for c in row]])
        add(f"quoted_all_{i}", i, line_text(row, always=True), [row])
        add(f"empty_before_{i}", i, eol + lines[i], [row])
        add(f"empty_cells_{i}", i, lines[i] + eol + "," * 8,
            [row, [""] * 9])
        add(f"trailing_comma_{i}", i, lines[i] + ",", [row + [""]])
        if not any("\n" in c for c in row):
            for name, other in [("lf", "\n"), ("cr", "\r"),
                                ("crlf", "\r\n")]:
                text = (file_text(table[:i], eol=eol) + lines[i] + other +
                        file_text(table[i + 1:], eol=eol))
                cases.add(f"row_eol_{name}_{i}", text, [COLUMNS], rows)
        if i < ROWS and i > 0:
            text = (file_text(table[:i], eol=eol) + lines[i] + "," +
                    lines[i + 1] + eol + file_text(table[i + 2:], eol=eol))
            cases.add(f"row_joined_{i}", text, [COLUMNS],
                      rows[:i - 1] + [row + table[i + 1]] + rows[i + 1:])


def preambles(delimiter, width):
    """Lines that stand above a table, or nothing."""
    def pairs(*lines, end=""):
        return [delimiter.join(line) + end for line in lines]

    return {
        "none": [],
        "text": ["Sales of the last years"],
        "text_3": ["Sales", "As of yesterday, roughly", "All figures net"],
        "key_value": ["author: Jane Doe", "source: till; shop", "version: 3"],
        "pairs": pairs(("author", "Jane Doe"), ("source", "till"),
                       ("version", "3")),
        "pairs_end": pairs(("author:", "Jane Doe"), ("source:", "till"),
                           ("version:", "3"), end=delimiter),
        "padded": ["Sales of the years" + delimiter * (width - 1),
                   "By shop" + delimiter * (width - 1)],
        "comment": ["# made by till, shop 5", "# all net"],
        "quoted": ['"Sales, all"']}


def add_mixed_preambles(cases, rng, rows, eol):
    """Preambles above small tables in any dialect."""
    for i in range(250):
        width = rng.choice([2, 3, 5, 9])
        columns = sorted(rng.sample(range(len(COLUMNS)), width))
        n = rng.choice([5, 10, 30, 85])
        first = rng.randrange(len(rows) - n + 1)
        delimiter = rng.choice([",", ",", ";", ";", "\t", "|", ", "])
        how = {"quote": rng.choice(['"', '"', '"', "'"]),
               "escape": rng.choice([None, None, None, "\\"]),
               "always": rng.random() < 0.3}
        header = [[COLUMNS[c] for c in columns]] * (rng.random() < 0.75)
        records = [[r[c] for c in columns] for r in rows[first:first + n]]
        name, lines = rng.choice(list(preambles(delimiter, width).items()))
        if rng.random() < 0.5 and lines:
            lines = lines + [""]
        if width == 2 and name.startswith("pa"):
            continue
        text = "".join(line + eol for line in lines)
        text += file_text(header + records, eol=eol, delimiter=delimiter,
                          **how)
        cases.add(f"mixed_{name}_{i}", text, header, records)


def odd_tables(rng, table, texts, delimiter, has_header):
    """One odd thing about a table: its name, the lines, and what they say."""
    i = rng.randrange(len(table))
    j = rng.randrange(len(table[i]))
    row, cells = table[i], texts[i]
    join = delimiter.join
    lines = [join(t) for t in texts]
    last = delimiter * (len(row) - 1)
    empty = [""] * len(row)

    def line(new, want):
        return lines[:i] + new + lines[i + 1:], table[:i] + want + table[i + 1:]

    yield "more", *line([join(cells[:j] + [""] + cells[j:])],
                        [row[:j] + [""] + row[j:]])
    yield "end", *line([lines[i] + delimiter], [row + [""]])
    yield "long", *line([join(cells[:j] + ["a text of it " * 400] +
                              cells[j + 1:])],
                        [row[:j] + ["a text of it " * 400] + row[j + 1:]])
    yield "blank", *line(["", lines[i]], [row])
    yield "delimiters", *line([lines[i], last], [row, empty])
    yield "ends", [x + delimiter for x in lines], [r + [""] for r in table]
    yield "empty_at_end", lines + [last] * 3, table + [empty] * 3
    yield "title", ["Sales" + last, ""] + lines, table
    if i > 0:
        yield "comment", *line(["# a remark, of shop 5", lines[i]], [row])
    if len(delimiter) == 1:
        yield "sep", ["sep=" + delimiter] + lines, table
    if len(row) > 2:
        total = ["Total"] + empty[2:] + ["4711"]
        yield "total", lines + [join(total)], table + [total]
        yield "second", lines + ["", join("xy"), join("12"), join("34")], table
    if has_header:
        yield "ends_below", lines[:1] + [x + delimiter for x in lines[1:]], (
            table[:1] + [r + [""] for r in table[1:]])
        yield "end_above", [lines[0] + delimiter] + lines[1:], (
            [table[0] + [""]] + table[1:])
        if i > 1:
            yield "header_again", *line([lines[0], lines[i]], [table[0], row])


def add_mixed_faults(cases, rng, rows, eol):
    """Small tables in any dialect, each with one odd thing."""
    for i in range(40):
        width = rng.choice([2, 3, 5, 9])
        columns = sorted(rng.sample(range(len(COLUMNS)), width))
        n = rng.choice([5, 10, 30, 85])
        first = rng.randrange(len(rows) - n + 1)
        delimiter = rng.choice([",", ",", ";", "\t", "|", ", "])
        header = [[COLUMNS[c] for c in columns]] * (rng.random() < 0.85)
        table = header + [[r[c] for c in columns]
                          for r in rows[first:first + n]]
        texts = [[cell_text(c, delimiter) for c in r] for r in table]
        for name, lines, want in odd_tables(rng, table, texts, delimiter,
                                            len(header) > 0):
            cases.add(f"odd_{name}_{i}", eol.join(lines) + eol,
                      want[:len(header)], want[len(header):])


def main():
    directory = sys.argv[1]
    os.makedirs(directory, exist_ok=True)
    cases = Cases(directory)
    rows = plain_table(random.Random(7))
    add_files(cases, rows)
    add_rows(cases, rows, "\n")
    add_mixed_preambles(cases, random.Random(9), rows, "\n")
    add_mixed_faults(cases, random.Random(10), rows, "\n")
    cases.prefix = "dense_"
    rows = dense_table(random.Random(8))
    add_files(cases, rows)
    add_rows(cases, rows, "\r\n")
    add_mixed_preambles(cases, random.Random(11), rows, "\r\n")
    add_mixed_faults(cases, random.Random(12), rows, "\r\n")
    cases.write()


if __name__ == "__main__":
    main()
