#!/usr/bin/python3 -B
"""An HTTP server that goes wrong on demand, and writes down what it was asked.

    fault_server.py DIR [CERT KEY WRONG_CERT WRONG_KEY]

DIR/ports gets a line "NAME PORT" for each listener, once all of them listen:

    http, other        two origins
    https              with CERT; wrong_https with one that clients must refuse
    silent             accepts connections and never says a word
    full               doesn't even accept them

All listeners serve the same, at the address $LISTEN; they end when the standard
input does.  DIR/requests gets a line of JSON for each request, before it is
answered, and one for each answer's end.  The path chooses a resource, see
resources.py, oauth.py and s3.py; the query what becomes of it:

    faults=A,B,...  what happens to the first, second, ... request; those after
                    are answered well.  A last one with * goes on for ever.
    key=K           what requests are counted by; by default the target
    chaos=SEED      faults at random: up to two for each target, rate=0.3
                    each, of those that can be mended or of kinds=A,B,...
    latency=MS      waits before it answers
    need=KIND:...   401 but for these credentials: basic:USER:PASSWORD,
                    bearer:TOKEN, header:NAME:VALUE, param:NAME:VALUE, oauth
    chunked=1, close=1, coding=gzip     how the body is sent
    etag=strong|weak|changing, modified=1, ranges=1|wrong|416   see range_of()

A fault is KIND or KIND@N, with N in bytes of the body:

    stall, reset, close  instead of an answer; with @N after so many bytes
    head                 stalls in the midst of the headers
    garbage              bytes that are no HTTP
    slow@MS              a byte at a time
    longer@N, shorter@N  a Content-Length that is off by N
    cut@N                only N bytes, and a Content-Length that says so
    badchunk@N           what follows is no chunk
    html, wrongjson      a wrong body with status 200
    503, 503@S           a status, with Retry-After: S
    503-date@S, 503-reset@S, 503-epoch@S, 503-millis@S, 503-limit@S
                         the wait as HTTP-date, X-RateLimit-Reset in seconds
                         from now, from 1970, in milliseconds, RateLimit-Reset
"""

import email.utils
import json
import os
import random
import socket
import socketserver
import ssl
import struct
import sys
import threading
import time
import urllib.parse

import oauth
import resources
import s3
from resources import Answer

CHAOS = ["reset", "close", "reset@40", "reset@700", "close@300", "close@1500",
         "503", "500", "502", "504", "408", "429", "425", "garbage",
         "longer@7", "badchunk@200"]
LOOPBACK = "127.0.0.1"
HTML = b"<!DOCTYPE html><html><body><h1>Please log in</h1></body></html>\n"


class Gone(Exception):
    """The connection has ended, by us or by the client."""


class Journal:
    """What was asked; all listeners share it."""

    def __init__(self, path):
        self.file = open(path, "w", encoding="ascii")
        self.lock = threading.Lock()
        self.counts = {}
        self.number = 0

    def write(self, entry):
        with self.lock:
            self.file.write(json.dumps(entry) + "\n")
            self.file.flush()

    def number_next(self):
        with self.lock:
            self.number += 1
            return self.number

    def count(self, key):
        """How many requests with this key there were, this one included."""
        with self.lock:
            self.counts[key] = self.counts.get(key, 0) + 1
            return self.counts[key]


class Request:
    """A request: method, target, path, query, lower-case headers, body."""

    def __init__(self, handler):
        line = handler.rfile.readline(1 << 20).decode("latin1").split()
        if len(line) != 3:
            raise Gone
        self.method, self.target, self.version = line
        path, _, query = self.target.partition("?")
        self.path = urllib.parse.unquote(path)
        self.pairs = urllib.parse.parse_qsl(query, keep_blank_values=True)
        self.query = dict(self.pairs)
        self.headers = {}
        while True:
            line = handler.rfile.readline(1 << 20).decode("latin1").strip()
            if not line:
                break
            name, _, value = line.partition(":")
            name = name.lower()
            if name in self.headers:
                value = self.headers[name] + "," + value
            self.headers[name] = value.strip()
        self.body = self.read_body(handler)
        self.listener = handler.server.name
        self.host = self.headers.get("host", "")
        scheme = "https" if "https" in self.listener else "http"
        self.origin = f"{scheme}://{self.host}"

    def read_body(self, handler):
        if self.headers.get("expect", "").lower() == "100-continue":
            handler.wfile.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        if self.headers.get("transfer-encoding", "").lower() == "chunked":
            body = b""
            while True:
                size = int(handler.rfile.readline().split(b";")[0], 16)
                body += handler.rfile.read(size)
                handler.rfile.readline()
                if size == 0:
                    return body
        return handler.rfile.read(int(self.headers.get("content-length", 0)))

    def number(self, name, default):
        return int(self.query.get(name, default))

    def form(self):
        """The body as a form."""
        return dict(urllib.parse.parse_qsl(self.body.decode("latin1"),
                                           keep_blank_values=True))


def split_fault(fault):
    kind, _, number = fault.partition("@")
    return kind, int(number) if number else None


def choose_fault(request, journal):
    """Returns the key, the number of the request with that key, its fault."""
    query = request.query
    key = query.get("key", request.target)
    if "chaos" in query:
        asked = request.target + " " + request.body.decode("latin1")
        count = journal.count("chaos " + asked)
        kinds = query["kinds"].split(",") if "kinds" in query else CHAOS
        # the seed and the key are part of the target
        rng = random.Random(f"{asked} {count}")
        is_bad = count <= 2 and rng.random() < float(query.get("rate", "0.3"))
        return key, count, rng.choice(kinds) if is_bad else ""

    count = journal.count(key)
    faults = query.get("faults", "").split(",")
    fault = faults[min(count, len(faults)) - 1]
    if fault.endswith("*"):
        fault = fault[:-1]
    elif count > len(faults):
        fault = ""
    return key, count, "" if fault == "ok" else fault


def status_answer(kind, number):
    """The answer for a fault that is a status."""
    status, _, form = kind.partition("-")
    now = time.time()
    headers = []
    if number is not None:
        name, value = {
            "": ("Retry-After", str(number)),
            "date": ("Retry-After",
                     email.utils.formatdate(now + number, usegmt=True)),
            "reset": ("X-RateLimit-Reset", str(number)),
            "epoch": ("X-RateLimit-Reset", str(int(now + number))),
            "millis": ("X-RateLimit-Reset", str(int((now + number) * 1000))),
            "limit": ("RateLimit-Reset", str(number)),
        }[form]
        headers.append((name, value))
        if form and form != "date":
            headers.append(("X-RateLimit-Remaining", "0"))
    body = json.dumps({"error": f"status {status} on demand"}).encode()
    return Answer(body, status=int(status), headers=headers)


def permits(request, need):
    """Whether the request has the credentials asked for."""
    kind, _, rest = need.partition(":")
    name, _, value = rest.partition(":")
    authorization = request.headers.get("authorization", "")
    if kind == "basic":
        return oauth.basic_of(request) == (name, value)
    if kind == "bearer":
        return authorization == "Bearer " + rest
    if kind == "header":
        return request.headers.get(name.lower()) == value
    if kind == "param":
        return request.query.get(name) == value
    return oauth.permits(authorization)


def range_of(request, answer, count):
    """Makes it a partial answer if that was asked for.

    etag=strong, weak or changing and modified=1 add validators.  ranges=1
    serves ranges of what hasn't changed, ranges=wrong others than were asked
    for, ranges=416 none.
    """
    query = request.query
    tag = {"strong": '"v1"', "weak": 'W/"v1"',
           "changing": f'"v{count}"'}.get(query.get("etag"))
    modified = "Wed, 01 Jan 2020 00:00:00 GMT" if "modified" in query else None
    if tag:
        answer.headers.append(("ETag", tag))
    if modified:
        answer.headers.append(("Last-Modified", modified))
    if "ranges" not in query or answer.status != 200:
        return
    answer.headers.append(("Accept-Ranges", "bytes"))
    wanted = request.headers.get("range", "")
    if not wanted.startswith("bytes="):
        return
    condition = request.headers.get("if-range")
    if condition and condition not in (tag, modified) or \
            condition and condition.startswith("W/"):
        return
    first = int(wanted[6:].split("-")[0])
    size = len(answer.body)
    if query["ranges"] == "416" or first >= size:
        answer.status = 416
        answer.body = b""
        answer.headers.append(("Content-Range", f"bytes */{size}"))
        return
    if query["ranges"] == "wrong":
        first = max(first - 10, 0)
    answer.status = 206
    answer.body = answer.body[first:]
    answer.headers.append(
        ("Content-Range", f"bytes {first}-{size - 1}/{size}"))


class Handler(socketserver.StreamRequestHandler):
    """One connection."""

    disable_nagle_algorithm = True
    timeout = 600

    def setup(self):
        # here, so that a handshake that hangs holds up this connection alone
        context = self.server.context
        if context:
            self.request = context.wrap_socket(self.request, server_side=True)
        super().setup()

    def finish(self):
        try:
            super().finish()
        except OSError:
            pass

    def handle(self):
        journal = self.server.journal
        self.connection_number = journal.number_next()
        try:
            if self.server.name == "silent":
                self.stall()
            while self.handle_one(journal):
                pass
        except (Gone, OSError, ValueError):
            pass

    def handle_one(self, journal):
        """Answers a request; False if it was the connection's last."""
        request = Request(self)
        if request.path == "/_log":
            with open(journal.file.name, "rb") as log:
                self.send(request, Answer(log.read(), type="text/plain"), "")
            return True
        number = journal.number_next()
        key, count, fault = choose_fault(request, journal)
        journal.write({
            "number": number, "connection": self.connection_number,
            "key": key, "count": count, "fault": fault,
            "listener": request.listener,
            "address": self.request.getsockname()[0].removeprefix("::ffff:"),
            "method": request.method,
            "target": request.target, "headers": request.headers,
            "body": request.body.decode("latin1"), "at": time.time()})
        self.sent = 0
        end = "gone"
        try:
            if "latency" in request.query:
                time.sleep(request.number("latency", 0) / 1000)
            # these know nothing of the request; with @0 they take note of it
            if fault in ("stall", "reset", "close"):
                self.end_by(fault)
            answer = self.answer(request, count, fault, journal)
            going_on = self.send(request, answer, fault)
            end = "whole"
            return going_on
        finally:
            journal.write({"ended": number, "end": end, "sent": self.sent})

    def answer(self, request, count, fault, journal):
        kind, number = split_fault(fault)
        if kind[:3].isdigit():
            return status_answer(kind, number)
        if kind == "html":
            return Answer(HTML, type="text/html")
        if kind == "wrongjson":
            return Answer(b'{"data": [{"id": 1, "name": "on')
        need = request.query.get("need")
        if need and not permits(request, need):
            return Answer(b'{"error": "who are you?"}', status=401,
                          headers=[("WWW-Authenticate", "Bearer")])
        if request.path.startswith("/oauth/"):
            return oauth.answer(request, journal)
        if request.path.startswith("/s3/"):
            refusal = s3.check(request)
            if refusal:
                return refusal
            request.path = "/" + request.path.split("/", 3)[3]
        answer = resources.find(request, count)
        coding = request.query.get("coding")
        if coding == "gzip" and answer.status == 200:
            answer.body = resources.gzipped(answer.body)
            answer.headers.append(("Content-Encoding", "gzip"))
        if isinstance(answer.body, bytes):
            range_of(request, answer, count)
        if kind == "cut":
            answer.body = answer.body[:number]
        return answer

    def send(self, request, answer, fault):
        """Sends an answer, as badly as the fault wants it."""
        kind, number = split_fault(fault)
        if kind == "garbage":
            self.write(b"\x16\x03\x01 this is no HTTP\r\n\r\n")
            self.end_by("close")

        is_endless = not isinstance(answer.body, bytes)
        chunked = "chunked" in request.query or kind == "badchunk" or \
            is_endless
        closing = "close" in request.query or request.version == "HTTP/1.0" \
            or request.headers.get("connection", "").lower() == "close"
        has_body = request.method != "HEAD" and answer.status not in (204, 304)
        head = [f"HTTP/1.1 {answer.status} {answer.reason()}"]
        head += [f"{name}: {value}" for name, value in answer.headers]
        if answer.type:
            head.append(f"Content-Type: {answer.type}")
        if "close" in request.query:
            chunked = False
        elif chunked:
            head.append("Transfer-Encoding: chunked")
        else:
            off = {"longer": number, "shorter": -(number or 0)}.get(kind, 0)
            head.append(f"Content-Length: {len(answer.body) + off}")
        if closing:
            head.append("Connection: close")
        data = ("\r\n".join(head) + "\r\n\r\n").encode("latin1")
        if kind == "head":
            self.write(data[:-10])
            self.stall()
        self.write(data)

        if has_body:
            if is_endless:
                for part in answer.body:
                    self.write_body(part, chunked)
            elif number is not None and kind in ("stall", "reset", "close",
                                                 "badchunk"):
                self.write_body(answer.body[:number], chunked)
                self.end_by(kind)
            elif kind == "slow":
                for i in range(len(answer.body)):
                    self.write_body(answer.body[i:i + 1], chunked)
                    time.sleep(number / 1000)
            else:
                self.write_body(answer.body, chunked)
            if chunked:
                self.write(b"0\r\n\r\n")
        if closing or kind in ("longer", "shorter"):
            self.end_by("close")
        return True

    def write(self, data):
        self.request.sendall(data)

    def write_body(self, data, chunked):
        if not data:
            return
        if chunked:
            data = b"%x\r\n%b\r\n" % (len(data), data)
        self.write(data)
        self.sent += len(data)

    def end_by(self, kind):
        """Ends the connection in the given way."""
        if kind == "stall":
            self.stall()
        if kind == "badchunk":
            self.write(b"zz\r\nno chunk\r\n")
        if kind == "reset":
            # a moment for what was sent: the reset overtakes it otherwise
            time.sleep(0.005)
            self.request.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                                    struct.pack("ii", 1, 0))
            self.request.close()
        raise Gone

    def stall(self):
        """Says nothing until the client leaves."""
        self.request.settimeout(None)
        while self.request.recv(65536):
            pass
        raise Gone


class Listener(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, name, journal, context=None):
        address = os.environ.get("LISTEN", LOOPBACK)
        if ":" in address:
            self.address_family = socket.AF_INET6
        super().__init__((address, 0), Handler)
        self.name = name
        self.journal = journal
        self.context = context

    def handle_error(self, request, client_address):
        """A client that left, or refused our certificate, is nothing odd."""
        if not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(request, client_address)

    def shutdown_request(self, request):
        # after a reset nothing must be sent; TLS has taken over the socket
        try:
            super().shutdown_request(request)
        except OSError:
            pass


def listen_full():
    """A port whose queue of connections is full, so that the next one waits.

    Returns its number, and the sockets, which are to be kept.
    """
    full = socket.socket()
    full.bind((LOOPBACK, 0))
    full.listen(0)
    sockets = [full]
    for _ in range(4):
        waiting = socket.socket()
        waiting.setblocking(False)
        waiting.connect_ex(full.getsockname())
        sockets.append(waiting)
    return full.getsockname()[1], sockets


def tls_context(cert, key):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, key)
    return context


def main():
    directory = sys.argv[1]
    journal = Journal(os.path.join(directory, "requests"))
    listeners = [Listener(name, journal) for name in
                 ("http", "other", "silent")]
    if len(sys.argv) > 2:
        listeners.append(Listener("https", journal,
                                  tls_context(sys.argv[2], sys.argv[3])))
        listeners.append(Listener("wrong_https", journal,
                                  tls_context(sys.argv[4], sys.argv[5])))
    for listener in listeners:
        threading.Thread(target=listener.serve_forever, daemon=True).start()
    full_port, full_sockets = listen_full()
    ports = os.path.join(directory, "ports")
    with open(ports + ".new", "w", encoding="ascii") as file:
        for listener in listeners:
            file.write(f"{listener.name} {listener.server_address[1]}\n")
        file.write(f"full {full_port}\n")
    os.rename(ports + ".new", ports)
    # until whoever started us has gone
    sys.stdin.read()
    for each in full_sockets:
        each.close()


if __name__ == "__main__":
    main()
