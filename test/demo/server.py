#!/usr/bin/python3 -B
"""The web server of the demo: some files, and an API with pages.

    server.py DIR PORT_FILE

Listens on a free port of 127.0.0.1, writes its number to PORT_FILE, and serves

    /NAME           a file of DIR
    /subdivisions   the parts of the world's countries, for those who have the
                    token: pages of 100 records, as in
                    {"total_pages": 52, "data": [{"code": "AD-02", ...}, ...],
                     "next": "/subdivisions?page=2"}

Ends when it is killed.
"""

import functools
import http.server
import json
import os
import sys
import urllib.parse

TOKEN = "demo-token"
SUBDIVISIONS = "/usr/share/iso-codes/json/iso_3166-2.json"
PAGE_SIZE = 100


@functools.cache
def subdivisions():
    with open(SUBDIVISIONS, encoding="utf-8") as file:
        return json.load(file)["3166-2"]


def page_of_subdivisions(number):
    records = subdivisions()
    total = -(-len(records) // PAGE_SIZE)
    first = (number - 1) * PAGE_SIZE
    following = f"/subdivisions?page={number + 1}" if number < total else None
    return {"total_pages": total, "data": records[first:first + PAGE_SIZE],
            "next": following}


class Handler(http.server.SimpleHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # head and body are two pieces, and the second is not to wait
    disable_nagle_algorithm = True

    def do_GET(self):
        path, _, query = self.path.partition("?")
        if path != "/subdivisions":
            super().do_GET()
        elif self.headers["Authorization"] != "Bearer " + TOKEN:
            self.answer(401, {"error": "this needs the token of the demo"})
        else:
            number = dict(urllib.parse.parse_qsl(query)).get("page", "1")
            if number.isdecimal() and int(number) > 0:
                self.answer(200, page_of_subdivisions(int(number)))
            else:
                self.answer(400, {"error": "page is a number from 1 on"})

    def answer(self, status, value):
        body = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format, *args):
        """Nobody reads a log."""


class Server(http.server.ThreadingHTTPServer):
    def handle_error(self, request, client_address):
        """A client that has enough may leave in the midst of an answer."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)


def main():
    directory, port_file = sys.argv[1:]
    handler = functools.partial(Handler, directory=directory)
    server = Server(("127.0.0.1", 0), handler)
    with open(port_file + ".new", "w", encoding="ascii") as file:
        file.write(f"{server.server_port}\n")
    os.rename(port_file + ".new", port_file)
    server.serve_forever()


if __name__ == "__main__":
    main()
