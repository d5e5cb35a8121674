"""The documented shape of request bodies and query parameters (ALL-18, ALL-19, RES-01's form, ALL-20)."""
import re
from decimal import Decimal

from exchange import GUID, money

STATES = ("Captured",)
TEXT36 = ("text", 36)
AMOUNT, CURRENCY = ("amount",), ("enum", ("DKK", "EUR"))
DELAY = ("enum", ("None", "LessThan24Hours", "LessThan14Days"))
ID = ("guid",)
RESTRICTIONS = ("restrictions",)
SHAPES = {   # operation -> {field: (required, kind)}
    "CreatePos": {"merchantPosId": (1, TEXT36), "storeId": (1, ID), "name": (1, TEXT36),
                  "supportedBeaconTypes": (1, ("beacons",)), "beaconId": (0, ("beacon",)),
                  "callbackAlias": (0, TEXT36), "requirePaymentBeforeCheckin": (0, ("bool",))},
    "InitiatePayment": {"posId": (1, ID), "orderId": (1, TEXT36), "amount": (1, AMOUNT), "currencyCode": (1, CURRENCY),
                        "plannedCaptureDelay": (1, DELAY), "merchantPaymentLabel": (0, TEXT36),
                        "restrictions": (0, RESTRICTIONS)},
    "PreparePayment": {"posId": (1, ID), "orderId": (1, TEXT36)},
    "PaymentReady": {"amount": (1, AMOUNT), "currencyCode": (1, CURRENCY), "plannedCaptureDelay": (1, DELAY),
                     "merchantPaymentLabel": (0, TEXT36), "restrictions": (0, RESTRICTIONS)},
    "CapturePayment": {"amount": (1, AMOUNT)},
    "CreateRefund": {"paymentId": (1, ID), "refundOrderId": (1, TEXT36), "amount": (1, AMOUNT),
                     "currencyCode": (1, CURRENCY)},
}
QUERIES = {"GetStores": {"merchantBrandId", "merchantLocationId"}, "GetDetailedStores": {"merchantBrandId", "merchantLocationId"},
           "GetPosWithFilter": {"storeId", "beaconId", "merchantPosId"}, "QueryPaymentIds": {"posId", "orderId", "state"},
           "QueryRefundIds": {"paymentId"}}
VALID = re.compile(r"^[ -~¡-ÿŒœŠšŸŽž]*$")


def value_problem(kind, value):
    """(level, message) of a defect of one value: `must` for ALL-18, `should` for ALL-19, `open`; or None."""
    name = kind[0]
    if name == "text":
        if not isinstance(value, str):
            return "must", "no text"
        if value == "":
            return "open", "empty text"
        if len(value) > kind[1]:
            return "must", "longer than %d" % kind[1]
        return None if VALID.match(value) else ("must", "characters")
    if name == "guid":
        return None if isinstance(value, str) and GUID.match(value) else ("must", "no GUID")
    if name == "enum":
        return None if value in kind[1] else ("must", "not of the enumeration")
    if name == "bool":
        return None if isinstance(value, bool) else ("must", "no boolean")
    if name == "beacons":
        good = isinstance(value, list) and value and all(v in ("QR", "NFC", "Bluetooth") for v in value)
        return None if good and len(set(value)) == len(value) else ("must", "beacon types")
    if name == "beacon":
        good = isinstance(value, str) and (GUID.match(value) or re.match(r"^\d{15}$", value))
        return None if good else ("must", "neither GUID nor 15 digits")
    if name == "amount":
        amount = money(value)
        if amount is None:
            return "must", "no amount"
        if amount <= 0:
            return "must", "not positive"
        if amount != amount.quantize(Decimal("0.01")):
            return "must", "more than two decimals"
        return ("should", "amount as text") if isinstance(value, str) else None
    raise AssertionError(name)


def judge_shapes(exchanges, report):
    for x in exchanges:
        if x.kind != "call" or x.op is None:
            continue
        for name, _ in x.query:
            if name not in QUERIES.get(x.op, ()):
                report.fail("ALL-19", [x], "query parameter %s" % name)
        if x.op == "QueryPaymentIds" and x.query_map.get("state", "Captured") not in STATES:
            report.open("ALL-18", [x], "A-STATE")
            report.open("ALL-19", [x], "A-STATE")
        shape = SHAPES.get(x.op)
        if shape is None:
            if x.text:
                report.fail("ALL-19", [x], "a body where none is documented")
                if x.body_problem or x.name_twice:
                    report.open("ALL-18", [x], "A-UNDOCUMENTED-BODY")
            continue
        judge_body(x, shape, report)


def judge_body(x, shape, report):
    if x.text.startswith("\ufeff"):
        report.fail("ALL-18", [x], "byte order mark")
        return
    if x.name_twice:
        report.fail("ALL-18", [x], "a name twice")
        report.open("RES-01", [x], "A-RESTRICTION-NAME")
    if not isinstance(x.body, dict):
        report.fail("ALL-18", [x], "no JSON object")
        return
    for name, (required, kind) in shape.items():
        if name not in x.body or (x.body[name] is None):
            if required:
                report.fail("ALL-18", [x], "%s missing" % name)
            continue
        if kind == RESTRICTIONS:
            judge_restrictions(x, x.body[name], report)
            continue
        problem = value_problem(kind, x.body[name])
        if problem:
            level, sentence = problem
            if level == "open":
                report.open("ALL-18", [x], "A-EMPTY-TEXT")
            else:
                report.fail({"must": "ALL-18", "should": "ALL-19"}[level], [x], "%s: %s" % (name, sentence))
    for name in x.body:
        if name not in shape:
            report.fail("ALL-19", [x], "field %s is not documented" % name)


def judge_restrictions(x, value, report):
    if not isinstance(value, dict):
        report.fail("ALL-18", [x], "restrictions: no object")
        report.fail("RES-01", [x], "restrictions: no object")
        return
    for name, flag in value.items():
        if name not in ("debitCardDisallowed", "creditCardDisallowed"):
            report.fail("ALL-19", [x], "restrictions: field %s is not documented" % name)
            report.open("RES-01", [x], "A-RESTRICTION-NAME")
        elif flag is not None and not isinstance(flag, bool):
            report.fail("ALL-18", [x], "restrictions.%s: no boolean" % name)
            report.fail("RES-01", [x], "restrictions.%s: no boolean" % name)
    if value.get("debitCardDisallowed") is True and value.get("creditCardDisallowed") is True:
        report.fail("RES-03", [x], "both card kinds are disallowed")
