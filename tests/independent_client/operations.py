"""The twenty operations, and the token endpoint."""

import base64
import json
import re
import time
import uuid
from decimal import Decimal

import checks
from checks import Refused
from customer import Customers
from backend_state import BackendState
from repay import Repay

ID = r"(?P<id>[^/]+)"
ROUTES = [(method, re.compile(pattern + r"\Z"), name) for method, pattern, name in (
    ("GET", "/stores", "GetStores"), ("GET", "/stores/detailed", "GetDetailedStores"),
    ("GET", f"/stores/{ID}", "GetStore"),
    ("POST", "/pointofsales", "CreatePos"), ("GET", "/pointofsales", "GetPosWithFilter"),
    ("GET", f"/pointofsales/{ID}", "GetPos"), ("DELETE", f"/pointofsales/{ID}", "DeletePos"),
    ("GET", f"/pointofsales/{ID}/checkin", "GetCheckIn"),
    ("POST", "/payments", "InitiatePayment"), ("POST", "/payments/prepare", "PreparePayment"),
    ("GET", "/payments", "QueryPaymentIds"), ("GET", f"/payments/{ID}", "QueryPayment"),
    ("POST", f"/payments/{ID}/ready", "PaymentReady"),
    ("POST", f"/payments/{ID}/capture", "CapturePayment"),
    ("POST", f"/payments/{ID}/cancel", "CancelPayment"),
    ("POST", "/refunds", "CreateRefund"), ("GET", "/refunds", "QueryRefundIds"),
    ("GET", f"/refunds/{ID}", "GetRefund"),
    ("POST", f"/refunds/{ID}/capture", "CaptureRefund"),
    ("POST", f"/refunds/{ID}/cancel", "CancelRefund"))]


def jwt(claims):
    parts = [json.dumps({"alg": "none", "typ": "JWT"}), json.dumps(claims), uuid.uuid4().hex]
    return ".".join(base64.urlsafe_b64encode(p.encode()).decode().rstrip("=") for p in parts)


def plain(value):
    """JSON does not support Decimal; two decimals are exact in a double for all realistic amounts."""
    return float(value) if isinstance(value, Decimal) else value


class Backend:
    def __init__(self, poll_delay):
        self.backend_state = BackendState(poll_delay)
        self.repay = Repay(self.backend_state)
        self.customers = Customers(self.backend_state)
        self.tokens, self.faults = {}, []

    def token(self, headers, form):
        scheme, _, basic = (headers.get("authorization") or "").partition(" ")
        try:
            client, _, secret = base64.b64decode(basic, validate=True).decode().partition(":")
        except ValueError:
            client = secret = ""
        if scheme.lower() != "basic" or not client.strip() or not secret:
            raise Refused(401)
        if form.get("grant_type") != "client_credentials":
            raise Refused(400)
        now = int(time.time())
        claims = {"client_id": client.strip(), "nbf": now, "exp": now + 3700, "scope": ["integrator_scope"]}
        if form.get("merchant_vat"):
            claims["merchant_vat"] = form["merchant_vat"]
        token = jwt(claims)
        self.tokens[token] = claims
        return {"access_token": token, "expires_in": 3700, "token_type": "Bearer", "scope": "integrator_scope"}

    def claims(self, headers):
        given = headers.get_all("authorization") or []
        scheme, _, token = (given[0] if len(given) == 1 else "").partition(" ")
        if scheme.lower() != "bearer" or token not in self.tokens:
            raise Refused(401)
        return self.tokens[token]

    def fault(self, operation):
        for fault in self.faults:
            if fault[0] == operation and fault[2] > 0:
                fault[2] -= 1
                return None if fault[1] == "ok" else fault[1]
        return None

    def serve(self, operation, target, query, headers, body):
        """The response of an operation: a value, or None for an empty 200. `body` parses the body when it is needed."""
        claims = self.claims(headers)
        who = {"client": claims["client_id"], "vat": checks.merchant(headers, claims)}
        backend_state, repay = self.backend_state, self.repay
        if target is not None and not checks.is_guid(target):
            raise Refused(400, "1099", "the id in the path is not a GUID")
        target = target and target.lower()
        if operation in ("CreatePos", "InitiatePayment", "PreparePayment", "CreateRefund"):
            return self.create(operation, who, checks.key(headers), body())
        if operation == "GetStores":
            return {"storeIds": backend_state.stores(who, query)}
        if operation == "GetDetailedStores":
            return [backend_state.store(who, i) for i in backend_state.stores(who, query)]
        if operation == "GetStore":
            return backend_state.store(who, target)
        if operation == "GetPosWithFilter":
            return {"posIds": backend_state.find_poses(who, query)}
        if operation == "GetPos":
            pos = backend_state.pos(who, target)
            return {n: pos[n] for n in ("posId", "merchantPosId", "storeId", "name", "beaconId", "callbackAlias",
                                        "supportedBeaconTypes", "requirePaymentBeforeCheckin")
                    if pos[n] is not None}
        if operation == "DeletePos":
            return backend_state.delete_pos(who, target)
        if operation == "GetCheckIn":
            guest = backend_state.pos(who, target, "1400")["guest"]
            shown = {"isUserCheckedIn": guest is not None, "pollDelayInMs": backend_state.poll_delay}
            loyalty = backend_state.loyalty(guest)
            return shown if loyalty is None else {**shown, "loyaltyIds": loyalty,
                                                  "customerToken": guest["token"], "customerReceiptToken": ""}
        if operation == "QueryPaymentIds":
            return {"paymentIds": backend_state.find_payments(who, query)}
        if operation == "QueryPayment":
            return backend_state.show_payment(backend_state.payment(who, target, "1411"))
        if operation == "PaymentReady":
            terms = checks.terms(body())
            return backend_state.ready(backend_state.payment(who, target, "1406"), terms)
        if operation == "CapturePayment":
            amount = checks.amount(body())
            return backend_state.capture(backend_state.payment(who, target, "1407"), amount)
        if operation == "CancelPayment":
            return backend_state.cancel(backend_state.payment(who, target, "1408"))
        if operation == "QueryRefundIds":
            return {"refundIds": repay.find(who, query)}
        if operation == "GetRefund":
            return repay.show(repay.get(who, target))
        if operation == "CaptureRefund":
            return repay.capture(repay.get(who, target, "1004"))
        return repay.cancel(repay.get(who, target))

    def create(self, operation, who, key, body):
        if operation == "CreatePos":
            fields = checks.new_pos(body)
            act = lambda: self.backend_state.create_pos(who, fields)
        elif operation == "CreateRefund":
            fields = {"paymentId": checks.guid(body, "paymentId"), "amount": checks.amount(body),
                      "refundOrderId": checks.text(body, "refundOrderId", "1114"),
                      "currencyCode": checks.choice(body, "currencyCode", checks.CURRENCIES)}
            act = lambda: self.repay.create(who, fields)
        else:
            fields = {"posId": checks.guid(body, "posId"), "orderId": checks.text(body, "orderId", "1113")}
            if operation == "InitiatePayment":
                fields.update(checks.terms(body))
            else:
                fields["restrictions"] = None
            act = lambda: self.backend_state.start_payment(who, fields, operation == "PreparePayment")
        return self.backend_state.once(who, key, operation, {**fields, **who}, act)
