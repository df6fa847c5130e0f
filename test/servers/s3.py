"""A part of S3 that takes signatures seriously: GET /s3/BUCKET/KEY.

A bucket's keys are the paths of this server's resources, so
/s3/data/records.csv?rows=3 gives what /records.csv?rows=3 does.  Whether a
request is signed as AWS demands is decided by botocore, AWS's own library: it
signs what has arrived again, and the signatures must be equal.

    s3_key=ID, s3_secret=S       who may sign; by default AKIDEXAMPLE, "secret"
    s3_region=R, s3_service=S    what for; us-east-1, s3
"""

import calendar
import hashlib
import time
import urllib.parse

from resources import Answer


def refuse(code, message, status=403):
    text = (f'<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>{code}'
            f"</Code><Message>{message}</Message></Error>")
    return Answer(text.encode(), status=status, type="application/xml")


def expected_signature(request, scope, secret):
    """What botocore makes of the request.

    It is given the query and S3's path decoded, to encode them by its rules.
    """
    # only when it is wanted: it is large
    from botocore.auth import S3SigV4Auth, SigV4Auth
    from botocore.awsrequest import AWSRequest
    from botocore.credentials import Credentials

    access_key, _, region, service, _ = scope.split("/")
    raw_path = request.target.partition("?")[0]
    signed = request.authorization["SignedHeaders"].split(";")
    # S3 encodes a path once; other services encode what is sent once more
    path = raw_path
    if service == "s3":
        path = urllib.parse.quote(urllib.parse.unquote(raw_path), safe="/~")
    again = AWSRequest(method=request.method,
                       url=f"{request.origin}{path}", params=request.pairs,
                       headers={name: request.headers[name]
                                for name in signed if name != "host"},
                       data=request.body)
    again.context["timestamp"] = request.headers["x-amz-date"]
    kind = S3SigV4Auth if service == "s3" else SigV4Auth
    signer = kind(Credentials(access_key, secret), service, region)
    canonical = signer.canonical_request(again)
    return signer.signature(signer.string_to_sign(again, canonical), again)


def check(request):
    """The refusal that a request deserves, or None."""
    query = request.query
    kind, _, rest = request.headers.get("authorization", "").partition(" ")
    if kind != "AWS4-HMAC-SHA256":
        return refuse("AccessDenied", "This is not signed")
    request.authorization = dict(
        part.strip().split("=", 1) for part in rest.split(","))
    scope = request.authorization["Credential"]
    signed = request.authorization["SignedHeaders"].split(";")

    date = request.headers.get("x-amz-date", "")
    wanted = "/".join([query.get("s3_key", "AKIDEXAMPLE"), date[:8],
                       query.get("s3_region", "us-east-1"),
                       query.get("s3_service", "s3"), "aws4_request"])
    if scope != wanted:
        return refuse("InvalidAccessKeyId", f"Not {wanted} but {scope}")
    signed_at = calendar.timegm(time.strptime(date, "%Y%m%dT%H%M%SZ"))
    if abs(time.time() - signed_at) > 900:
        return refuse("RequestTimeTooSkewed", "Whose clock is wrong?")
    if signed != sorted(signed) or "host" not in signed or any(
            name.startswith("x-amz-") and name not in signed
            for name in request.headers):
        return refuse("AccessDenied", "Headers were present but not signed")
    digest = request.headers.get("x-amz-content-sha256")
    if digest is None and query.get("s3_service", "s3") == "s3":
        return refuse("InvalidRequest", "Missing x-amz-content-sha256", 400)
    if digest not in (None, "UNSIGNED-PAYLOAD",
                      hashlib.sha256(request.body).hexdigest()):
        return refuse("XAmzContentSHA256Mismatch", "Another body", 400)
    if request.authorization["Signature"] != expected_signature(
            request, scope, query.get("s3_secret", "secret")):
        return refuse("SignatureDoesNotMatch", "Check your secret key")
    return None
