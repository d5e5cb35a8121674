"""Requirements on single calls: headers, tokens, addresses, duration of a call (ALL-03 to 08, 15, 20 to 29)."""
import re

from exchange import CREATES, GUID
from shape import VALID
from verdict import OPERATIONS_OF

VERSION = re.compile(r"^\d+\.\d+\.\d+$")
VAT = re.compile(r"^(DK|FI)\d{8}$")
SECRET = re.compile(r"[?&](access_token|client_secret|token|password|authorization)=", re.I)


def judge_calls(exchanges, report, version, client_id):
    calls = [x for x in exchanges if x.kind == "call"]
    for x in calls:
        judge_headers(x, report, version, client_id)
        judge_address(x, report)
    for x in exchanges:
        if SECRET.search(x.url) or (x.token and x.token in x.url):
            report.fail("ALL-22", [x], "a credential in the URL")
    for x in calls:
        judge_patience(x, report)
    judge_tokens(exchanges, report)
    bases = {x.base for x in calls if x.base}
    if len(bases) > 1:
        other = next(x for x in calls if x.base != calls[0].base)
        report.fail("ALL-29", [other], "another base path")


def judge_headers(x, report, version, client_id):
    values = x.header("authorization")
    if len(values) != 1 or not values[0].lower().startswith("bearer ") or not values[0][7:].strip():
        report.fail("ALL-03", [x], "not exactly one bearer token: %d" % len(values))
    versions = x.header("x-mobilepay-client-system-version")
    good = [v for v in versions if VERSION.match(v)]
    if len(versions) != 1 or not good:
        report.fail("ALL-04", [x], "not exactly one well-formed version")
    if any(v.split(".")[:2] != version.split(".")[:2] for v in good):
        report.fail("ALL-05", [x], "another Major.Minor")
    vats, claim = x.header("x-mobilepay-merchant-vat-number"), x.claims.get("merchant_vat")
    if len(vats) > 1:
        report.fail("ALL-06", [x], "two VAT headers")
    elif not vats and not claim:
        if len(values) == 1 and x.token and len(x.token.split(".")) == 3:
            report.fail("ALL-06", [x], "no VAT number")
        elif x.token is None:
            report.open("ALL-06", [x], "A-VAT-WITHOUT-TOKEN")
        else:
            report.open("ALL-06", [x], "A-OPAQUE-TOKEN")
    else:
        given = vats + ([claim] if claim else [])
        if any(not VAT.match(v) for v in given) or len(set(given)) > 1:
            report.fail("ALL-06", [x], "VAT number malformed, or header and claim differ")
    ids = x.header("x-ibm-client-id")
    if not ids or not all(GUID.match(i) for i in ids):
        report.fail("ALL-07", [x], "no client id header that is a GUID")
    if len(ids) > 1:
        report.open("ALL-07", [x], "A-TWO-CLIENT-IDS")
        report.open("ALL-28", [x], "A-TWO-CLIENT-IDS")
    if any(i.lower() != client_id.lower() for i in ids):
        report.fail("ALL-28", [x], "another client id")
    if x.op in CREATES:
        keys = x.header("x-mobilepay-idempotency-key")
        if len(keys) != 1 or not 1 <= len(keys[0]) <= 36 or not VALID.match(keys[0]):
            report.fail("ALL-08", [x], "not exactly one valid key")


def judge_address(x, report):
    if x.op is None:
        report.fail("ALL-20", [x], "no documented operation")
        return
    if x.id is not None and not GUID.match(x.id):
        report.fail("ALL-20", [x], "the id in the path is no GUID")
    chosen = set().union(*(OPERATIONS_OF[f] for f in set(report.features) | {"onboarding"}))
    if x.op not in chosen:
        report.fail("ALL-21", [x], "%s is of no chosen feature" % x.op)


def judge_patience(x, report):
    limit = 1000 if x.method == "GET" else 2500
    if x.took > limit:
        if x.status == 0:
            report.fail("ALL-15", [x], "held %d ms" % x.took)
        else:
            report.open("ALL-15", [x], "A-SLOW-ANSWER")
    if x.took > 15000:
        report.fail("ALL-26", [x], "not given up for %d ms" % x.took)
    elif x.took == 15000:
        report.open("ALL-26", [x], "A-LIMIT")


def judge_tokens(exchanges, report):
    refused = {}
    for x in exchanges:
        if x.kind != "call":
            continue
        token = x.token
        if token and token in refused and x.start >= refused[token].end:
            report.fail("ALL-23", [refused[token], x], "a refused token again")
        if token and x.status == 401 and token not in refused:
            refused[token] = x
    if sum(x.kind == "token" for x in exchanges) > 1:
        report.open("ALL-24", exchanges[:1], "A-TOKENS")


def judge_ids(exchanges, report):
    """ALL-25: ids come from responses of the backend. An unknown one may come from an earlier session: open."""
    known = []                       # (end, text)
    for x in exchanges:
        if x.kind != "call":
            continue
        used = [x.resource] if x.resource and x.op != "GetStore" else []
        used += [v for v in (x.id_field("posId"), x.id_field("paymentId")) if v]
        used += [v.lower() for n, v in x.query if n in ("posId", "paymentId")]
        for one in set(used):
            if not any(end <= x.start and one in text for end, text in known):
                report.open("ALL-25", [x], "A-ID-FROM-ELSEWHERE")
        if x.answer_text and x.op not in (None, "QueryPayment", "GetRefund", "GetCheckIn"):
            known.append((x.end, x.answer_text.lower()))
