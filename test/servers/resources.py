"""What the fault server serves, before any fault.

    /records.{json,ndjson,csv}[.gz]?rows=N[&first=I][&pad=N]
    /changes?last=N[&since=S][&by=time|id|epoch|ms]   see changes()
    /digest?first=I&last=N          of the records' id|name|amount|day lines
    /pages?by=...                   records page by page, see pages()
    /echo                           the request, as JSON
    /told?status=N                  the same as an error, or in a redirect
    /body?text=T[&type=T][&status=N]    just that
    /redirect?to=URL[&status=302]
    /loop                           redirects to itself, for ever
    /endless?of=ndjson|csv|spaces|string
    /bomb?mb=N[&as=file]            spaces, a thousandth of their size

Records are the same each time:

    {"id": 7, "name": "record 7", "amount": 8.75, "day": "2020-01-08",
     "tags": ["t1", "t0"], "place": {"city": "c2", "zip": "00007"}}
"""

import datetime
import functools
import gzip
import hashlib
import http.client
import json
import time
import urllib.parse
import zlib

CHANGES_BEGIN = datetime.datetime(2024, 1, 1, tzinfo=datetime.timezone.utc)
FIRST_DAY = datetime.date(2020, 1, 1)
TYPES = {"json": "application/json", "ndjson": "application/x-ndjson",
         "csv": "text/csv"}
MB = 1 << 20


class Answer:
    """A status, headers and a body: bytes, or an iterator that has no end."""

    def __init__(self, body, status=200, type="application/json", headers=()):
        self.body = body
        self.status = status
        self.type = type
        self.headers = list(headers)

    def reason(self):
        return http.client.responses.get(self.status, "Odd")


def as_json(value, **keywords):
    return Answer(json.dumps(value).encode(), **keywords)


def gzipped(data):
    """Compresses bytes or an iterator."""
    if isinstance(data, bytes):
        return gzip.compress(data, 1)
    return gzip_parts(data)


def gzip_parts(parts):
    compressor = zlib.compressobj(9, zlib.DEFLATED, 31)
    for part in parts:
        yield compressor.compress(part)
    yield compressor.flush()


def amount(i):
    """i * 1.25 with two digits, exactly."""
    return f"{i * 125 // 100}.{i * 125 % 100:02d}"


def day(i):
    return (FIRST_DAY + datetime.timedelta(i % 365)).isoformat()


def record(i, pad):
    text = (f'{{"id": {i}, "name": "record {i}", "amount": {amount(i)}, '
            f'"day": "{day(i)}", "tags": ["t{i % 3}", "t{i % 7}"], '
            f'"place": {{"city": "c{i % 5}", "zip": "{i:05d}"}}')
    return text + (f', "pad": "{"x" * pad}"}}' if pad else "}")


@functools.lru_cache(32)
def records(kind, first, last, pad):
    """The records first to last in one of the formats."""
    numbers = range(first, last + 1)
    if kind == "csv":
        lines = [f"{i},record {i},{amount(i)},{day(i)},c{i % 5}"
                 for i in numbers]
        return ("\n".join(["id,name,amount,day,city"] + lines)
                + "\n").encode()
    items = [record(i, pad) for i in numbers]
    if kind == "ndjson":
        return "".join(item + "\n" for item in items).encode()
    return ("[" + ",\n".join(items) + "]\n").encode()


@functools.lru_cache(32)
def compressed_records(*arguments):
    return gzip.compress(records(*arguments), 1)


def digest(first, last):
    lines = [f"{i}|record {i}|{amount(i)}|{day(i)}\n"
             for i in range(first, last + 1)]
    return hashlib.md5("".join(lines).encode()).hexdigest()


def relink(request, **changes):
    """The request's target with other parameters."""
    query = {**request.query, **changes}
    return request.path + "?" + urllib.parse.urlencode(query)


def position(request, by, size):
    """The number of records before the page that was asked for."""
    if by == "page":
        start = request.number("start", 1)
        return (request.number("page", start) - start) * size
    if by == "offset":
        return request.number("offset", 0)
    cursor = request.query.get("cursor") or \
        request.headers.get("x-cursor") or ""
    if not cursor and request.body:
        cursor = json.loads(request.body).get("cursor") or ""
    return int(cursor.removeprefix("c/+=&")) if cursor else 0


def page_envelope(query, by, link, after, has_more, total, size):
    """What a page says about itself, beside its records."""
    envelope = {}
    if by in ("next", "cursor"):
        name = "next" if by == "next" else "next_cursor"
        final = query.get("final", "null")
        if has_more:
            envelope[name] = link if by == "next" else f"c/+=&{after}"
        elif final != "absent":
            envelope[name] = "" if final == "empty" else None
    if by in ("page", "offset", "cursor") and query.get("totals") != "0":
        envelope["has_more"] = has_more
        if by == "page":
            envelope["total_pages"] = (total + size - 1) // size
        if by == "offset":
            envelope["total"] = total
    return envelope


def pages(request):
    """The records 1 to total, size=N to a page.

    by= how the next page is found: link (the header), next (a URL in the
    body), cursor (next_cursor in the body and X-Next-Cursor; taken from the
    query, the header X-Cursor or a JSON body), page (page=, per_page=) or
    offset (offset=, limit=).  Then
      relative=1    links are relative
      foreign=URL   links lead to this origin
      bare=1        the body is the array, without an envelope
      totals=0      says neither how many there are nor whether there is more
      short=1       every other page has half as many records; by=page and
                    by=offset leave out the other half
      repeat=N      from the Nth record on, the same page again and again
      nested=1      the body says it under "paging"
      final=null|absent|empty   how the last page ends by=next and by=cursor
      clock=1       the body tells the time
      format=csv    pages are CSV
    """
    query = request.query
    by = query.get("by", "link")
    total = request.number("total", 1000)
    size = min(request.number("per_page", request.number(
        "limit", request.number("size", 100))), 1000)
    before = position(request, by, size)
    step = size
    if "repeat" in query and before >= request.number("repeat", 0):
        before = request.number("repeat", 0)
        step = 0
    count = size
    if "short" in query and before // size % 2:
        count = size // 2
        if by in ("link", "next", "cursor"):
            step = step and count
    last = min(before + count, total)
    after = before + step
    has_more = after < total or step == 0

    base = query.get("foreign", request.origin)
    if "relative" in query:
        base = ""
    link = base + relink(request, cursor=f"c/+=&{after}")
    headers = []
    if by == "link" and has_more:
        headers.append(("Link", f'<{base}{request.path}>; rel="first", '
                                f'<{link}>; rel="next"'))
    if by == "cursor" and has_more:
        headers.append(("X-Next-Cursor", f"c/+=&{after}"))
    if query.get("format") == "csv":
        return Answer(records("csv", before + 1, last, 0), type="text/csv",
                      headers=headers)
    items = records("json", before + 1, last, request.number("pad", 0))
    if "bare" in query:
        return Answer(items, headers=headers)

    envelope = page_envelope(query, by, link, after, has_more, total, size)
    # the envelope's members stand on both sides of the records
    head = b'{"object": "list", "data": '
    if "clock" in query:
        head = b'{"at": %d, "data": ' % time.time_ns()
    tail = b', "paging": ' + json.dumps(envelope).encode()
    if "nested" not in query:
        tail = b"".join(b", " + json.dumps(name).encode() + b": "
                        + json.dumps(value).encode()
                        for name, value in envelope.items())
    return Answer(head + items + tail + b"}\n", headers=headers)


def changes(request):
    """The records 1 to last that are not older than since.

    Each is a minute younger than the one before, from 2024-01-01 on, and the
    youngest comes first.  since is a time or the number of a record, as by=
    says.  empty=1 leaves out the times.
    """
    by = request.query.get("by", "time")
    since = request.query.get("since")
    items = []
    for i in range(request.number("last", 10), 0, -1):
        at = CHANGES_BEGIN + datetime.timedelta(minutes=i)
        mark = {"time": at.strftime("%Y-%m-%dT%H:%M:%SZ"), "id": i,
                "epoch": int(at.timestamp()),
                "ms": int(at.timestamp()) * 1000}[by]
        is_old = since is not None and mark < type(mark)(since)
        if not is_old:
            items.append({"id": i, "updated_at": at.isoformat()})
            if "empty" in request.query:
                del items[-1]["updated_at"]
    return as_json(items)


def echo(request):
    return as_json({"method": request.method, "target": request.target,
                    "query": request.query, "headers": request.headers,
                    "body": request.body.decode("latin1"),
                    "listener": request.listener})


def told(request):
    """Servers that repeat what they were sent where nobody expects it."""
    answer = echo(request)
    answer.status = request.number("status", 200)
    said = urllib.parse.quote(request.headers.get("authorization", "")
                              + request.target)
    answer.headers.append(("Location", f"/gone/{said}?{said}"))
    return answer


def redirect(request):
    return Answer(b"<a>elsewhere</a>", status=request.number("status", 302),
                  type="text/html",
                  headers=[("Location", request.query["to"])])


def endless(request):
    of = request.query.get("of", "ndjson")
    if of == "spaces":
        while True:
            yield b" " * 65536
    if of == "string":
        yield b'{"a": "'
        while True:
            yield b"x" * 65536
    if of == "csv":
        yield b"id,name,amount,day,city\n"
    first = 1
    while True:
        part = records(of, first, first + 999, 0)
        yield part.split(b"\n", 1)[1] if of == "csv" else part
        first += 1000


@functools.lru_cache(4)
def bomb(megabytes):
    spaces = b" " * MB
    return b"".join(gzip_parts(spaces for _ in range(megabytes)))


def find(request, count):
    """The answer to a request; count tells how often it was asked for."""
    path = request.path
    query = request.query
    name, _, kind = path.rpartition("/")[2].partition(".")
    if name == "records":
        kind, _, suffix = kind.partition(".")
        first = request.number("first", 1)
        make = compressed_records if suffix == "gz" else records
        return Answer(make(kind, first, first + request.number("rows", 1000)
                           - 1, request.number("pad", 0)),
                      type="application/gzip" if suffix else TYPES[kind])
    if path == "/digest":
        return Answer(digest(request.number("first", 1),
                             request.number("last", 1000)).encode(),
                      type="text/plain")
    if path == "/pages":
        return pages(request)
    if path == "/changes":
        return changes(request)
    if path == "/echo":
        return echo(request)
    if path == "/told":
        return told(request)
    if path == "/body":
        return Answer(query.get("text", "").encode(),
                      status=request.number("status", 200),
                      type=query.get("type", "application/json"))
    if path == "/redirect":
        return redirect(request)
    if path == "/loop":
        return Answer(b"", status=302, headers=[
            ("Location", relink(request, n=request.number("n", 0) + 1))])
    if path == "/endless":
        return Answer(endless(request), type="text/plain")
    if path == "/bomb":
        headers = [] if "as" in query else [("Content-Encoding", "gzip")]
        return Answer(bomb(request.number("mb", 100)), type="text/plain",
                      headers=headers)
    return as_json({"error": "there is no such thing"}, status=404)
