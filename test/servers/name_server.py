#!/usr/bin/python3 -B
"""A name server for tests, on UDP port 53 of 127.0.0.1.

    name_server.py DIR      writes each query as a line to DIR/queries

A name says itself what it means.  Addresses have dashes for dots and colons,
an IPv6 address is told by an x before it:

    1-2-3-4.ANY.test                    that address
    1-2-3-4.and.5-6-7-8.ANY.test        both, in this order
    1-2-3-4.then.5-6-7-8.ANY.test       the first when asked first, later the
                                        second
    hang.ANY.test                       no answer at all

Answers may be kept for no time.  Other names don't exist.
"""

import os
import re
import socket
import socketserver
import struct
import sys
import threading

ADDRESS = re.compile(r"^(\d+-\d+-\d+-\d+|x[0-9a-f-]+)$")
A, AAAA = 1, 28


def read_name(data, at):
    labels = []
    while data[at]:
        labels.append(data[at + 1:at + 1 + data[at]].decode("latin1").lower())
        at += 1 + data[at]
    return labels, at + 1


def addresses_of(labels, count):
    """The addresses that a name stands for; None if it doesn't exist."""
    groups = [[]]
    for label in labels:
        if ADDRESS.match(label):
            groups[-1].append(label)
        elif label == "then":
            groups.append([])
        elif label != "and":
            break
    if labels[-1:] != ["test"] or not groups[0]:
        return None
    return groups[min(count, len(groups)) - 1]


def record(label, kind):
    if label[0] == "x" and kind == AAAA:
        data = socket.inet_pton(socket.AF_INET6, label[1:].replace("-", ":"))
    elif label[0] != "x" and kind == A:
        data = socket.inet_aton(label.replace("-", "."))
    else:
        return b""
    return struct.pack(">HHHIH", 0xC00C, kind, 1, 0, len(data)) + data


class Handler(socketserver.BaseRequestHandler):
    def handle(self):
        data, sock = self.request
        labels, end = read_name(data, 12)
        kind = struct.unpack(">H", data[end:end + 2])[0]
        with self.server.lock:
            key = (tuple(labels), kind)
            count = self.server.counts.get(key, 0) + 1
            self.server.counts[key] = count
            self.server.log.write(f"{'.'.join(labels)} {kind}\n")
            self.server.log.flush()
        if labels[0] == "hang":
            return
        addresses = addresses_of(labels, count)
        answers = [record(a, kind) for a in addresses or []]
        answers = [a for a in answers if a]
        flags = 0x8580 | (3 if addresses is None else 0)
        sock.sendto(data[:2] + struct.pack(">HHHHH", flags, 1, len(answers),
                                           0, 0)
                    + data[12:end + 4] + b"".join(answers),
                    self.client_address)


def main():
    server = socketserver.ThreadingUDPServer(("127.0.0.1", 53), Handler)
    server.daemon_threads = True
    server.lock = threading.Lock()
    server.counts = {}
    server.log = open(os.path.join(sys.argv[1], "queries"), "w",
                      encoding="latin1")
    threading.Thread(target=server.serve_forever, daemon=True).start()
    # until whoever started us has gone
    sys.stdin.read()


if __name__ == "__main__":
    main()
