"""Requests full of secrets, as raw bytes: good ones, and heads that have to be refused."""

import base64
import gzip
import json
import urllib.parse

LINES = "X-MobilePay-Client-System-Version: 1.0.0\r\nX-Till: visible-canary\r\n"


def basic(user, secret):
    return base64.b64encode(f"{user}:{secret}".encode()).decode()


def request(line, headers="", body=b"", framing=True):
    if isinstance(body, str):
        body = body.encode()
    length = f"Content-Length: {len(body)}\r\n" if framing and body else ""
    return f"{line} HTTP/1.1\r\nHost: 127.0.0.1\r\n{LINES}{headers}{length}\r\n".encode() + body


def good(s):
    """Requests that are passed on. Each gets the answer that its target names."""
    bearer = f"Authorization: Bearer {s['jwt']}\r\n"
    opaque = f"authorization: bearer {s['opaque token']}\r\nX-Api-Key: {s['api key']}\r\n"
    form = "Content-Type: application/x-www-form-urlencoded\r\n"
    kind = "Content-Type: application/json\r\n"
    credentials = f"Authorization: Basic {basic('client', s['client secret'])}\r\n"
    proxy = f"Proxy-Authorization: Basic {basic('user', s['proxy password'])}\r\nCookie: a=1; session={s['cookie']}\r\n"
    token = "/integrator-authentication/connect/token"
    payment = "/pos/v10/payments/11111111-2222-4333-8444-555555555555"
    grant = f"grant_type=client_credentials&client_id=c&client_secret={urllib.parse.quote(s['client secret'])}"
    phone = json.dumps({"beaconId": "b", "phoneNumber": s["phone"], "customer": {"loyaltyIds": [s["loyalty id"]]}})
    escaped = '{"phone\\u004eumber":"' + "".join(f"\\u{ord(c):04x}" for c in s["phone"]) + '"}'
    twice = f'{{"customerToken":"{s["customer token"]}","customerToken":"x","amount":1E2}}'
    in_text = json.dumps({"merchantPaymentLabel": f"Bearer {s['opaque token']}", "orderId": s["phone"], "x": json.dumps(phone)})
    broken = f'{{"customerReceiptToken":"{s["receipt token"]}", oops'
    number = f'{{"phoneNumber":{s["phone"].lstrip("+")}}}'
    hexed = "".join(f"%{ord(c):02x}" for c in s["url token"])
    chunks = b"7\r\n" + phone[:7].encode() + b"\r\n" + b"%x\r\n" % len(phone[7:]) + phone[7:].encode() + b"\r\n0\r\n\r\n"
    zipped = gzip.compress(phone.encode())
    simulation = "/pos/app/usersimulation/checkin?answer="
    yield request(f"POST {token}?answer=token", form + credentials, grant + "&merchant_vat=DK90000028")
    yield request(f"POST {token}?answer=token-gzip", form, grant)
    yield request(f"POST {token}?answer=token-chunked", form + credentials + proxy, grant)
    for name in ("payment", "payment-gzip", "payment-gzip-chunked", "page", "text", "text-gzip", "odd-coding", "big"):
        yield request(f"GET {payment}?answer={name}", bearer + proxy)
    for name in ("payment-cut", "payment-gzip-cut", "payment-chunked-cut", "head-cut", "no-http"):
        yield request(f"GET {payment}?answer={name}", bearer)
    for name in ("echo", "headers", "reason", "trailers"):
        yield request(f"GET {payment}?answer={name}", opaque)
    for body in (phone, escaped, twice, in_text, broken, number):
        yield request(f"POST {simulation}payment", kind + bearer, body)
    yield request(f"POST {simulation}echo", kind + opaque + "Transfer-Encoding: chunked\r\n", chunks, framing=False)
    yield request(f"POST {simulation}payment", kind + "Content-Encoding: gzip\r\n", zipped)
    yield request(f"POST {simulation}payment", kind + "Content-Encoding: gzip\r\n", zipped[:-12])
    yield request(f"GET {payment}?answer=payment&access_token={s['url token']}&x=1", bearer)
    yield request(f"GET {payment}?answer=echo&token={hexed}&phoneNumber={urllib.parse.quote(s['phone'])}")
    yield request(f"GET {payment}?answer=echo&note=Bearer%20{s['url token']}", "Referer: https://a/?client_secret=" + s["client secret"] + "\r\n")
    yield request(f"GET https://user:{s['url token']}@127.0.0.1{payment}?answer=payment", bearer)


def refused(s):
    """Heads with ambiguous framing, or none: refused, and recorded as refused."""
    start = f"POST /pos/v10/payments?access_token={s['url token']} HTTP/1.1\r\nHost: a\r\n"
    bearer = f"Authorization: Bearer {s['opaque token']}\r\n"
    for lines in (
        bearer + "Content-Length: 3\r\nContent-Length: 4\r\n",
        bearer + "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n",
        f"Authorization: Bearer\r\n {s['opaque token']}\r\n",
        f"X-Folded: a\r\n\tAuthorization: Bearer {s['opaque token']}\r\n",
        f"Authorization : Bearer {s['opaque token']}\r\n",
        f"Auth orization: Bearer {s['opaque token']}\r\n",
        f"Bearer {s['opaque token']}\r\n",
        f"Cookie: session={s['cookie']}\x00\r\n",
        f"Proxy-Authorization: Basic {basic('user', s['proxy password'])}\nX: y\r\n",
        f"X-Api-Key: {s['api key']}\rX: y\r\n",
        bearer + "Content-Length: many\r\n",
        bearer + "X-Long: " + "x" * 70_000 + "\r\n",
    ):
        yield (start + lines + "\r\n").encode() + json.dumps({"customerToken": s["customer token"]}).encode()
    yield f"GET /pos/v10/payments?token={s['url token']}\r\n{bearer}\r\n".encode()
    yield f"{s['opaque token']} /pos HTTP/1.1 Bearer {s['opaque token']}\r\n{bearer}\r\n".encode()


def cut(s):
    """Requests whose client leaves in the middle of them."""
    body = json.dumps({"beaconId": "b", "phoneNumber": s["phone"], "customerToken": s["customer token"]})
    whole = request("POST /pos/app/usersimulation/checkin?answer=payment", f"Authorization: Bearer {s['jwt']}\r\n", body)
    yield whole[: len(whole) - 12]
    yield whole[: len(whole) - len(body) + 40]
    yield whole[: whole.index(b"Bearer ") + 30]
    form = request("POST /connect/token?answer=token", "Content-Type: application/x-www-form-urlencoded\r\n",
                   f"client_secret={s['client secret']}&grant_type=client_credentials")
    yield form[:-40]


def in_clear(s):
    """Bytes on the base address without TLS, and on the proxy address."""
    bearer = f"Authorization: Bearer {s['opaque token']}\r\n\r\n"
    base = [f"GET /pos/v10/stores?access_token={s['url token']} HTTP/1.1\r\n{bearer}", s["opaque token"] + "\r\n\r\n"]
    credentials = f"Host: example.com\r\nProxy-Authorization: Basic {basic('user', s['proxy password'])}\r\n{bearer}"
    proxy = [
        f"CONNECT example.com:443 HTTP/1.1\r\n{credentials}",
        f"CONNECT user:{s['url token']}@example.com:443 HTTP/1.1\r\n{credentials}",
        f"GET http://example.com/?access_token={s['url token']} HTTP/1.1\r\n{credentials}",
        f"CONNECT example.com:443 HTTP/1.1\r\nAuthorization: Bearer\r\n {s['opaque token']}\r\n\r\n",
        f"CONNECT\r\n{credentials}",
    ]
    return base, proxy
