"""What Schemathesis needs to get past the door of the sandbox: a token, and ids that exist.

Generated ids are never those of anything, so half of them are exchanged for ids that earlier answers gave. What was
answered is counted per operation and written at the end, so that a run that never got anywhere is seen as such.
"""
import atexit
import collections
import itertools
import json
import os
import random

import requests
import schemathesis

BASE = os.environ["POSCERT_FUZZ_ORIGIN"]
CA = os.environ["POSCERT_FUZZ_CA"]
CLIENT = ("c0ffee00-0000-4000-8000-000000000001", "sandbox-secret-one")
STORE = "9d0a9c45-1793-4e82-9410-b0ee6779ab60"
STORES = ["9d0a9c45-1793-4e82-9410-b0ee6779ab60", "77b9a1d4-2c3e-4b55-8f61-0a9e5d7c1103"]
VAT = "DK90000028"
PHONES = ["+4520031801", "+4520031802", "+4520031804", "+4520031805"]

# Operations that end what they are called on, or take a beacon that has to be new: they seldom get a known id.
ENDING = {"CreatePos", "DeletePos", "CancelPayment", "CancelRefund", "UserSimulationCancelPayment"}

choice = random.Random(10)
known = {"storeId": STORES, "posId": [], "paymentId": [], "refundId": [], "beaconId": []}
tally = collections.Counter()


def token():
    form = {"grant_type": "client_credentials"}
    url = f"{BASE}/integrator-authentication/connect/token"
    return requests.post(url, auth=CLIENT, data=form, verify=CA, timeout=10).json()["access_token"]


def furnish():
    """Puts points of sale with payments and refunds in all stages into the sandbox, for the generated calls to meet."""
    session = requests.Session()
    # Else REQUESTS_CA_BUNDLE of the surroundings wins over `verify`.
    session.trust_env = False
    session.verify = CA
    session.headers = {
        "Authorization": f"Bearer {token()}",
        "X-MobilePay-Client-System-Version": "1.0.0",
        "X-MobilePay-Merchant-VAT-Number": VAT,
    }

    def call(path, **body):
        session.headers["X-MobilePay-Idempotency-Key"] = f"furnish-{next(numbers)}"
        answer = session.post(f"{BASE}{path}", json=body, timeout=10)
        answer.raise_for_status()
        return answer.json() if answer.content else {}

    numbers = itertools.count()
    terms = {"amount": 100, "currencyCode": "DKK", "plannedCaptureDelay": "None"}
    refund = {"refundOrderId": "r", "amount": 1.5, "currencyCode": "DKK"}
    for stage in list(range(7)) * 4:
        beacon = f"{next(numbers):015}"
        pos = call("/pos/v10/pointofsales", merchantPosId=beacon, storeId=STORE, name="till", beaconId=beacon, supportedBeaconTypes=["QR"])["posId"]
        known["posId"].append(pos)
        known["beaconId"].append(beacon)
        order = {"posId": pos, "orderId": beacon}
        if stage == 0:
            continue
        if stage == 1:
            known["paymentId"].append(call("/pos/v10/payments/prepare", **order)["paymentId"])
            continue
        payment = call("/pos/v10/payments", **order, **terms)["paymentId"]
        known["paymentId"].append(payment)
        customer = {"beaconId": beacon, "phoneNumber": PHONES[0]}
        if stage >= 3:
            call("/pos/app/usersimulation/checkin", **customer)
        if stage >= 4:
            call("/pos/app/usersimulation/acceptpayment", **customer)
        if stage >= 5:
            call(f"/pos/v10/payments/{payment}/capture", amount=100)
        if stage >= 6:
            known["refundId"].append(call("/pos/v10/refunds", paymentId=payment, **refund)["refundId"])


@schemathesis.auth()
class Token:
    def get(self, case, context):
        return token()

    def set(self, case, data, context):
        if not case.path.endswith("/connect/token"):
            case.headers["Authorization"] = f"Bearer {data}"


def name_of(case):
    return case.operation.definition.raw.get("operationId", case.path)


def exchange(values, name, key, rate):
    """Puts a known id where a generated one stands, often the latest: what it belongs to is still alive."""
    if name in values and known.get(key) and choice.random() < rate:
        ids = known[key]
        values[name] = ids[-1] if choice.random() < 0.3 else choice.choice(ids)


@schemathesis.hook
def before_call(context, case, kwargs):
    if case.path.endswith("/connect/token") and choice.random() < 0.5:
        case.headers["Authorization"] = requests.auth._basic_auth_str(*CLIENT)
    if "/v10/" in case.path and choice.random() < 0.8:
        case.headers["X-MobilePay-Merchant-VAT-Number"] = VAT
        case.headers["X-MobilePay-Client-System-Version"] = "1.0.0"
        if "X-MobilePay-Idempotency-Key" in case.headers:
            case.headers["X-MobilePay-Idempotency-Key"] = f"key-{choice.randrange(10_000)}"
    rate = 0.1 if name_of(case) in ENDING else 0.7
    for name in list(case.path_parameters or {}):
        exchange(case.path_parameters, name, name.removesuffix("id") + "Id", rate)
    for values in (case.query, case.body):
        if isinstance(values, dict):
            for name in ("posId", "paymentId", "storeId", "beaconId"):
                exchange(values, name, name, rate)
    if isinstance(case.body, dict):
        if "phoneNumber" in case.body and choice.random() < 0.8:
            case.body["phoneNumber"] = PHONES[0] if choice.random() < 0.8 else choice.choice(PHONES)
        if "storeId" in case.body and choice.random() < 0.7:
            case.body["storeId"] = STORE
        # One amount for most, so that captures fit what is reserved, and small refunds fit what is captured.
        if "amount" in case.body and choice.random() < 0.7:
            case.body["amount"] = 1.5 if "refundOrderId" in case.body else 100
        if "currencyCode" in case.body and choice.random() < 0.7:
            case.body["currencyCode"] = "DKK"


@schemathesis.hook
def after_call(context, case, response):
    status = response.status_code
    code = ""
    try:
        answer = response.json()
    except ValueError:
        answer = None
    if isinstance(answer, dict):
        code = answer.get("code") or ""
        if status == 200:
            for name in ("posId", "paymentId", "refundId", "beaconId"):
                if isinstance(answer.get(name), str) and answer[name] not in known[name]:
                    known[name].append(answer[name])
    tally[f"{name_of(case)} {status} {code}".strip()] += 1


@atexit.register
def write_tally():
    with open(os.environ["POSCERT_FUZZ_TALLY"], "w", encoding="utf-8") as file:
        json.dump(dict(sorted(tally.items())), file, indent=1)


furnish()
