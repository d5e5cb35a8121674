"""Client C (Vourity): no timeout, no retry, one token per run; usage: client_c.py sale | minor-units | no-timeout"""

import json
import sys
import time

from wire import CLIENT_ID, V10, Lost, arm, call, configured_pos, guid, pays, token

BEACON = "100000000000008"


def invocation():
    """Each of their functions is a separate invocation with its own token."""
    bearer = token(timeout=None)
    return [("accept", "application/json"), ("authorization", "Bearer " + bearer), ("x-ibm-client-id", CLIENT_ID),
            ("X-MobilePay-Merchant-VAT-Number", "DK90000028"), ("x-mobilepay-client-system-version", "2.1.1"),
            ("content-type", "application/*+json")]


def start(pos, price):
    headers = invocation()
    body = {"posId": pos, "orderId": guid(), "amount": price * 100, "currencyCode": "DKK", "plannedCaptureDelay": "None",
            "idempotencyKey": guid(), "paymentPointId": guid(), "redirectUri": "https://a.test", "description": "Wash"}
    answer = call("POST", V10 + "/payments", headers + [("x-mobilepay-idempotency-key", guid())], json.dumps(body), timeout=None)
    if answer.status != 200:
        raise Lost(answer.status)
    call("GET", f"{V10}/pointofsales/{pos}", headers, timeout=None)
    return answer.json["paymentId"]


def watch(payment, polls):
    """Every second, whatever delay was requested. Reserved is handled only in the very first poll."""
    headers = invocation()
    for number in range(polls):
        status = call("GET", f"{V10}/payments/{payment}", headers, timeout=None).json["status"]
        if status == "Reserved":
            if number == 0:
                call("POST", f"{V10}/payments/{payment}/capture", headers, json.dumps({"amount": 2000}), timeout=None)
            return
        if number == 1:
            pays(BEACON)
        time.sleep(1.01)


def main(which):
    pos = configured_pos("wash", BEACON)
    try:
        if which == "no-timeout":
            arm(("InitiatePayment", "timeout"))
        payment = start(pos, 19.99 if which == "minor-units" else 20)
        watch(payment, 10)
    except Lost:
        # The first error ends everything; there are no retries.
        pass


main(sys.argv[1])
