#!/usr/bin/env python3
"""Sends the same requests to two backends and reports where the responses differ.

    python3 differ.py --seed 1 --steps 400 FIRST_URL FIRST_CA SECOND_URL SECOND_CA
The requests depend on the seed alone. Resources have names (`pos1`, `payment3`), and each backend has its own id for
a name, so that responses can be compared: status, code, fields with their types, and every value except ids, tokens
and times. Exit code 0: no difference; 1: differences, one per line.
"""

import argparse
import base64
import http.client
import json
import random
import ssl
import sys
import time
import urllib.parse

sys.dont_write_bytecode = True  # write no cache files next to the sources

from walk import CALLERS, Walk

UNTOLD = {"message", "correlationId", "customerToken", "customerReceiptToken", "paymentExpiresAt",
          "loyaltyIds", "origin", "storeName", "storeStreet", "storeZipCode", "storeCity", "brandName"}
OFTEN_ABSENT = {"customerToken", "customerReceiptToken", "paymentExpiresAt", "loyaltyIds", "origin"}
RESERVED_WITHIN = 10.0


class Side:
    """One of the two backends."""

    def __init__(self, url, ca_file):
        parts = urllib.parse.urlsplit(url)
        self.base, self.address = parts.path.rstrip("/"), (parts.hostname, parts.port)
        self.root = self.base.removesuffix("/pos/v10")
        self.context = ssl.create_default_context(cafile=ca_file)
        self.connection = None
        self.ids, self.names = {}, {}
        self.tokens = {name: self._token(*caller) for name, caller in CALLERS.items()}
        for caller in CALLERS:
            self._learn_store(caller)

    def _raw(self, method, path, headers, data):
        """One request and its response (status, text); reconnects once if the connection was closed."""
        for attempt in (1, 2):
            try:
                if self.connection is None:
                    self.connection = http.client.HTTPSConnection(*self.address, timeout=20, context=self.context)
                self.connection.putrequest(method, path, skip_accept_encoding=True)
                for name, value in headers:
                    self.connection.putheader(name, value)
                if data is not None or method == "POST":
                    self.connection.putheader("Content-Length", str(len(data or b"")))
                self.connection.endheaders(data)
                answer = self.connection.getresponse()
                return answer.status, answer.read()
            except (ConnectionError, http.client.RemoteDisconnected):
                self.connection = None
                if attempt == 2:
                    raise

    def _token(self, client, secret, _vat, claim):
        basic = base64.b64encode(f"{client}:{secret}".encode()).decode()
        form = {"grant_type": "client_credentials", **({"merchant_vat": claim} if claim else {})}
        status, text = self._raw("POST", self.root + "/integrator-authentication/connect/token",
                                 [("Authorization", f"Basic {basic}"),
                                  ("Content-Type", "application/x-www-form-urlencoded")],
                                 urllib.parse.urlencode(form).encode())
        assert status == 200, (status, text)
        return json.loads(text)["access_token"]

    def _learn_store(self, caller):
        """Names for the stores of a merchant; the documentation has only one of their ids."""
        headers = [("Authorization", f"Bearer {self.tokens[caller]}"), ("X-MobilePay-Client-System-Version", "1.0.0")]
        if CALLERS[caller][2]:
            headers.append(("X-MobilePay-Merchant-VAT-Number", CALLERS[caller][2]))
        status, text = self._raw("GET", self.base + "/stores", headers, None)
        assert status == 200, (status, text)
        for number, store in enumerate(json.loads(text)["storeIds"]):
            self.learn(f"store-of-{CALLERS[caller][2]}-{number}", store)

    def resolve(self, value):
        """Replaces names (`$pos1`) by this backend's ids."""
        if isinstance(value, dict):
            return {k: self.resolve(v) for k, v in value.items()}
        if isinstance(value, list):
            return [self.resolve(v) for v in value]
        if isinstance(value, str) and "$" in value:
            upper = "$^" in value
            for name in sorted(self.ids, key=len, reverse=True):
                found = self.ids[name].upper() if upper else self.ids[name]
                value = value.replace("$^" + name if upper else "$" + name, found)
        return value

    def send(self, step):
        path = self.resolve(step["path"])
        if step.get("query"):
            path += "?" + urllib.parse.urlencode(self.resolve(step["query"]))
        headers = [(n, v.replace("$token", self.tokens[step["caller"]])) for n, v in step["headers"]]
        raw, data = step.get("raw"), None
        if raw is not None:
            data = raw.encode()
        elif step.get("body") is not None:
            data = json.dumps(self.resolve(step["body"])).encode()
        base = self.root + "/pos/app/usersimulation" if step["operation"] == "Customer" else self.base
        status, text = self._raw(step["method"], base + path, headers, data)
        try:
            value = json.loads(text) if text else None
        except ValueError:
            value = f"no JSON: {text[:80]!r}"
        return status, value

    def learn(self, name, resource_id):
        if name and resource_id and name not in self.ids:
            self.ids[name], self.names[resource_id.lower()] = resource_id, name

    def read_beacon(self, step, name):
        """Gives the beacon of a new PoS a name, with one GetPos."""
        again = {**step, "operation": "GetPos", "method": "GET", "path": f"/pointofsales/${name}",
                 "query": None, "body": None, "raw": None}
        _, value = self.send(again)
        self.learn("beacon-" + name, (value or {}).get("beaconId"))

    def settle(self, step, name):
        """Polls a new refund until it is Reserved, because the delay is not documented."""
        again = {**step, "method": "GET", "path": f"/refunds/${name}", "query": None, "body": None, "raw": None}
        until = time.monotonic() + RESERVED_WITHIN
        while time.monotonic() < until:
            _, value = self.send(again)
            if (value or {}).get("status") != "Initiated":
                return
            time.sleep(0.05)

    def plain(self, value, key=None):
        """A value in comparable form: ids by name, undocumented texts by type."""
        if isinstance(value, dict):
            return {k: self.plain(v, k) for k, v in sorted(value.items())
                    if k not in OFTEN_ABSENT and v is not None}
        if isinstance(value, list):
            return sorted((self.plain(v) for v in value), key=json.dumps)
        if key in UNTOLD:
            return type(value).__name__
        if isinstance(value, str) and value.lower() in self.names:
            return "$" + self.names[value.lower()]
        return float(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else value


def told(step, status, value):
    """The documented parts of a response.

    The customer simulation documents only 200, 401 and 500, so all refusals are equal. An error without a code may
    have a body or none.
    """
    if step["operation"] == "Customer" and 400 <= status < 500 and status != 401:
        return "refused", None
    if step["operation"] == "none" and status in (404, 405):
        return "no such operation", None
    if status >= 400 and (not isinstance(value, dict) or "code" not in value):
        return status, None
    return status, value


def compare(walk, sides):
    """(steps made, differences) of a run."""
    differences = []
    for number, step in enumerate(walk.steps(), 1):
        answers = [side.send(step) for side in sides]
        name = step.get("makes")
        for side, (status, value) in zip(sides, answers):
            if name and status == 200 and isinstance(value, dict):
                side.learn(name, next((v for k, v in value.items() if k.endswith("Id")), None))
                if name.startswith("pos"):
                    side.read_beacon(step, name)
                if name.startswith("refund"):
                    side.settle(step, name)
        walk.happened(step, [status for status, _ in answers])
        plain = [told(step, status, side.plain(value)) for side, (status, value) in zip(sides, answers)]
        if plain[0] != plain[1]:
            sent = {k: v for k, v in step.items() if k in ("operation", "path", "query", "body", "raw", "caller")}
            differences.append(f"{number}: {step['what']}: {json.dumps(sent)}\n"
                               f"    first  {plain[0]}\n    second {plain[1]}")
    return number, differences


def main():
    parser = argparse.ArgumentParser(description="Two backends, the same requests")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--steps", type=int, default=400)
    parser.add_argument("backends", nargs=4, metavar="URL CA URL CA")
    options = parser.parse_args()
    first, first_ca, second, second_ca = options.backends
    sides = [Side(first, first_ca), Side(second, second_ca)]
    walk = Walk(options.seed, options.steps)
    steps, differences = compare(walk, sides)
    for difference in differences:
        print(difference)
    print(f"seed {options.seed}: {steps} requests, {len(differences)} differences; "
          f"answers: {dict(sorted(walk.statuses.items()))}; operations: {dict(sorted(walk.operations.items()))}")
    sys.exit(1 if differences else 0)


if __name__ == "__main__":
    main()
