"""A token server: POST /oauth/token?client=ID&secret=S, as RFC 6749 has it.

    auth=basic|body   how the client must name itself; by default either
    expires=SECONDS   of access tokens, 3600; expires=none leaves it out
    lives=SECONDS     for how long they are really good
    first=TOKEN       the refresh token that is valid to begin with
    rotate=0          the refresh token stays
    scope=S           what must be asked for

A rotated refresh token is spent: using it again is refused and written to the
journal as {"reuse": TOKEN}, and what was made of it is revoked.
/oauth/revoke makes all access tokens invalid.
"""

import base64
import json
import threading
import time
import urllib.parse

from resources import Answer, as_json

lock = threading.Lock()
access = {}         # token -> when it expires
current = {}        # refresh token -> the first of its line
spent = {}          # the same of those that were used
issued = 0


def basic_of(request):
    """The user and password of the request, or nothing."""
    kind, _, coded = request.headers.get("authorization", "").partition(" ")
    if kind.lower() != "basic":
        return None
    user, _, password = base64.b64decode(coded).decode().partition(":")
    return user, password


def permits(authorization):
    """Whether there is a valid access token."""
    with lock:
        expiry = access.get(authorization.removeprefix("Bearer "), 0)
    return expiry > time.time()


def refuse(error, status=400):
    return as_json({"error": error, "error_description": f"this is {error}"},
                   status=status)


def client_of(request, form):
    """Who asks, or None: basic credentials are form-encoded first."""
    auth = request.query.get("auth", "")
    basic = basic_of(request)
    if basic and auth in ("", "basic") and "client_secret" not in form:
        return tuple(urllib.parse.unquote_plus(part) for part in basic)
    if not basic and auth in ("", "body"):
        return form.get("client_id"), form.get("client_secret")
    return None


def answer(request, journal):
    if request.path == "/oauth/revoke":
        with lock:
            access.clear()
        return as_json({})
    return token(request, journal)


def token(request, journal):
    query = request.query
    form = request.form()
    if request.method != "POST":
        return refuse("invalid_request", 405)
    if client_of(request, form) != (query.get("client", "client"),
                                    query.get("secret", "secret")):
        return refuse("invalid_client", 401)
    if query.get("scope") and form.get("scope") != query["scope"]:
        return refuse("invalid_scope")
    with lock:
        if form.get("grant_type") == "client_credentials":
            return grant(query, None)
        if form.get("grant_type") == "refresh_token":
            return refresh(query, form.get("refresh_token"), journal)
    return refuse("unsupported_grant_type")


def refresh(query, given, journal):
    first = query.get("first")
    if first and first not in current and first not in spent:
        current[first] = first
    if given in spent:
        journal.write({"reuse": given})
        line = spent[given]
        for each in [t for t, f in current.items() if f == line]:
            del current[each]
        return refuse("invalid_grant")
    if given not in current:
        return refuse("invalid_grant")
    if query.get("rotate") == "0":
        return grant(query, None)
    line = current.pop(given)
    spent[given] = line
    return grant(query, line)


def grant(query, line):
    """A new access token, and a refresh token if line says of which line."""
    global issued
    issued += 1
    expires = query.get("expires", "3600")
    answer = {"access_token": f"access-{issued}-{query.get('key', '')}",
              "token_type": "Bearer"}
    if expires != "none":
        answer["expires_in"] = int(expires)
    lifetime = float(query.get("lives",
                               3600 if expires == "none" else expires))
    access[answer["access_token"]] = time.time() + lifetime
    if line:
        answer["refresh_token"] = f"refresh-{issued}-of-{line}"
        current[answer["refresh_token"]] = line
    return Answer(json.dumps(answer).encode(), headers=[
        ("Cache-Control", "no-store")])
