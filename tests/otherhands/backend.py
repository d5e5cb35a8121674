#!/usr/bin/env python3
"""A backend of the PoS API v10 over TLS that shares nothing with the program it is compared with.

    python3 backend.py --cert cert.pem --key key.pem --ready-file ready.json
Standard library only. `--fault Op:500:2` answers the first two sends of an operation with 500;
`503` answers without a body, `held` does the work and withholds the answer, a four-digit number
(`CreateRefund:1368`) refuses with 409 and that code.
"""

import argparse
import base64
import http.server
import json
import os
import re
import socket
import socketserver
import ssl
import sys
import threading
import time
import urllib.parse
import uuid
from decimal import Decimal

import checks
from checks import Refused
from customer import Customers
from house import House
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
HELD_AT_MOST = 30.0


def jwt(claims):
    parts = [json.dumps({"alg": "none", "typ": "JWT"}), json.dumps(claims), uuid.uuid4().hex]
    return ".".join(base64.urlsafe_b64encode(p.encode()).decode().rstrip("=") for p in parts)


def plain(value):
    """JSON takes no Decimal; two decimals are exact in a double up to far more money than there is."""
    return float(value) if isinstance(value, Decimal) else value


class Backend:
    def __init__(self, poll_delay):
        self.house = House(poll_delay)
        self.repay = Repay(self.house)
        self.customers = Customers(self.house)
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
                return fault[1]
        return None

    def serve(self, operation, target, query, headers, body):
        """The answer of an operation: a value, or None for an empty 200."""
        claims = self.claims(headers)
        who = {"client": claims["client_id"], "vat": checks.merchant(headers, claims)}
        house, repay = self.house, self.repay
        if target is not None and not checks.is_guid(target):
            raise Refused(400, "1099", "the id in the path is not a GUID")
        target = target and target.lower()
        if operation in ("CreatePos", "InitiatePayment", "PreparePayment", "CreateRefund"):
            return self.create(operation, who, checks.key(headers), body)
        if operation == "GetStores":
            return {"storeIds": house.stores(who, query)}
        if operation == "GetDetailedStores":
            return [house.store(who, i) for i in house.stores(who, query)]
        if operation == "GetStore":
            return house.store(who, target)
        if operation == "GetPosWithFilter":
            return {"posIds": house.find_poses(who, query)}
        if operation == "GetPos":
            pos = house.pos(who, target)
            return {n: pos[n] for n in ("posId", "merchantPosId", "storeId", "name", "beaconId", "callbackAlias",
                                        "supportedBeaconTypes", "requirePaymentBeforeCheckin")
                    if pos[n] is not None}
        if operation == "DeletePos":
            return house.delete_pos(who, target)
        if operation == "GetCheckIn":
            guest = house.pos(who, target, "1400")["guest"]
            shown = {"isUserCheckedIn": guest is not None, "pollDelayInMs": house.poll_delay}
            loyalty = house.loyalty(guest)
            return shown if loyalty is None else {**shown, "loyaltyIds": loyalty,
                                                  "customerToken": guest["token"], "customerReceiptToken": ""}
        if operation == "QueryPaymentIds":
            return {"paymentIds": house.find_payments(who, query)}
        if operation == "QueryPayment":
            return house.show_payment(house.payment(who, target, "1411"))
        if operation == "PaymentReady":
            return house.ready(house.payment(who, target, "1406"), checks.terms(body))
        if operation == "CapturePayment":
            return house.capture(house.payment(who, target, "1407"), checks.amount(body))
        if operation == "CancelPayment":
            return house.cancel(house.payment(who, target, "1408"))
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
            act = lambda: self.house.create_pos(who, fields)
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
            act = lambda: self.house.start_payment(who, fields, operation == "PreparePayment")
        return self.house.once(who, key, operation, {**fields, **who}, act)


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    backend = None

    def setup(self):
        self.request.settimeout(60)
        self.request.do_handshake()
        super().setup()

    def log_message(self, *_):
        pass

    def body_bytes(self):
        if (self.headers.get("transfer-encoding") or "").lower() == "chunked":
            whole = b""
            while size := int(self.rfile.readline(100).split(b";")[0], 16):
                whole += self.rfile.read(size)
                self.rfile.readline(10)
            while self.rfile.readline(1000).strip():
                pass
            return whole
        return self.rfile.read(int(self.headers.get("content-length") or 0))

    def reply(self, status, value=None):
        data = b"" if value is None else json.dumps(value, default=plain).encode()
        self.send_response(status)
        if data:
            self.send_header("Content-Type", "application/json; charset=utf-8")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def hold(self):
        """Until the client goes away; then there is nobody to answer."""
        until = time.monotonic() + HELD_AT_MOST
        while time.monotonic() < until:
            self.request.settimeout(0.2)
            try:
                if not self.request.recv(1):
                    break
            except (TimeoutError, ssl.SSLWantReadError):
                continue
            except OSError:
                break
        self.close_connection = True

    def answer(self):
        try:
            raw = self.body_bytes()
        except ValueError:
            self.close_connection = True
            return self.reply(400)
        url = urllib.parse.urlsplit(self.path)
        fault = None
        try:
            if self.command == "POST" and url.path.endswith("/connect/token"):
                form = dict(urllib.parse.parse_qsl(raw.decode("latin-1")))
                return self.reply(200, self.backend.token(self.headers, form))
            prefix, _, path = url.path.partition("/usersimulation")
            if prefix.endswith("/pos/app") and self.command == "POST":
                return self.simulate(path, raw)
            _, found, rest = url.path.partition("/v10")
            for method, pattern, operation in ROUTES:
                match = pattern.match(rest) if found and method == self.command else None
                if match:
                    break
            else:
                raise Refused(404)
            fault = self.backend.fault(operation)
            if fault in ("500", "503"):
                return self.reply(int(fault), {"code": "2000", "message": "a fault", "correlationId":
                                               str(uuid.uuid4())} if fault == "500" else None)
            if fault is not None and fault.isdigit():
                raise Refused(409, fault)
            query = dict(urllib.parse.parse_qsl(url.query, keep_blank_values=True))
            with self.backend.house.lock:
                value = self.backend.serve(operation, match.groupdict().get("id"), query, self.headers,
                                           self.json(raw) if self.command == "POST" else {})
            if fault == "held":
                return self.hold()
            return self.reply(200, value)
        except Refused as refusal:
            return self.refuse(refusal, url.path)

    def json(self, raw):
        if not raw:
            return {}
        if not checks.MEDIA.match(self.headers.get("content-type") or ""):
            raise Refused(415)
        try:
            value = json.loads(raw, parse_float=Decimal)
        except ValueError:
            value = None
        if not isinstance(value, dict):
            raise Refused(400, "1099", "the body is not a JSON object")
        return value

    def simulate(self, path, raw):
        self.backend.claims(self.headers)
        act = {"/checkin": self.backend.customers.check_in, "/acceptpayment": self.backend.customers.accept,
               "/cancelpaymentbyuser": self.backend.customers.cancel}.get(path)
        if act is None:
            raise Refused(404)
        with self.backend.house.lock:
            act(self.json(raw))
        return self.reply(200)

    def refuse(self, refusal, path):
        if refusal.code is None:
            return self.reply(refusal.status)
        value = {"code": refusal.code, "message": refusal.message, "correlationId": str(uuid.uuid4())}
        if "/refunds" in path:
            value["origin"] = "PoS"
        return self.reply(refusal.status, value)

    do_GET = do_POST = do_DELETE = do_PUT = do_PATCH = answer


class Server(socketserver.ThreadingMixIn, http.server.HTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def handle_error(self, request, client_address):
        if not isinstance(sys.exc_info()[1], (OSError, ssl.SSLError)):
            super().handle_error(request, client_address)


def main():
    parser = argparse.ArgumentParser(description="A backend of the PoS API v10")
    parser.add_argument("--listen", default="127.0.0.1:0")
    parser.add_argument("--cert", required=True)
    parser.add_argument("--key", required=True)
    parser.add_argument("--ready-file", required=True)
    parser.add_argument("--poll-delay", type=int, default=1000)
    parser.add_argument("--customer", choices=("none", "accept", "cancel"), default="none")
    parser.add_argument("--phone", default="+4520031801")
    parser.add_argument("--pause", type=float, default=1.0, help="of the customer, in seconds")
    parser.add_argument("--fault", action="append", default=[], metavar="OP:KIND[:TIMES]")
    options = parser.parse_args()
    Handler.backend = backend = Backend(options.poll_delay)
    for fault in options.fault:
        operation, kind, times = (fault.split(":") + ["1"])[:3]
        backend.faults.append([operation, kind, int(times)])
    backend.customers.come_by_themselves(options.phone, options.pause, options.customer)
    host, _, port = options.listen.rpartition(":")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(options.cert, options.key)
    context.set_alpn_protocols(["http/1.1"])
    server = Server((host, int(port)), Handler)
    server.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    with open(options.ready_file + ".new", "w", encoding="utf-8") as file:
        json.dump({"url": f"https://{host}:{server.server_port}/pos/v10"}, file)
    os.replace(options.ready_file + ".new", options.ready_file)
    threading.Thread(target=stop_with_parent, daemon=True).start()
    server.serve_forever()


def stop_with_parent():
    """Ends when standard input ends: no backend outlives the test that started it."""
    while sys.stdin.buffer.read(1):
        pass
    os._exit(0)


if __name__ == "__main__":
    main()
