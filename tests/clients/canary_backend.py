"""A backend whose answers are full of secrets: whole, compressed, in chunks, and cut off in the middle of them."""

import gzip
import json
import socket
import ssl
import threading


def answers(secrets):
    """Answers by the name that a request's target asks for: the bytes, and whether the connection is then cut."""
    token = json.dumps({"access_token": secrets["jwt"], "expires_in": 3700, "token_type": "Bearer"})
    payment = {
        "paymentId": "11111111-2222-4333-8444-555555555555",
        "status": "Reserved",
        "customerToken": secrets["customer token"],
        "customerReceiptToken": secrets["receipt token"],
        "loyaltyIds": [secrets["loyalty id"], {"id": secrets["loyalty id"]}],
        "customer": json.dumps({"phoneNumber": secrets["phone"], "loyaltyId": secrets["loyalty id"]}),
        "pollDelayInMs": 1000,
    }
    whole = json.dumps(payment, indent=1)
    echo = {
        "code": "1099",
        "message": f"the token {secrets['opaque token']} is not known; Authorization: Bearer {secrets['opaque token']}",
        "correlationId": "c",
    }
    page = f"<html><input name=customerToken value='{secrets['customer token']}'>{secrets['phone']}</html>"
    plain = f"phone {secrets['phone']} is not known, client_secret={secrets['client secret']}"
    big = json.dumps({"filler": "x" * 300_000, "customerToken": secrets["customer token"], "more": "y" * 900_000})
    cookies = f"Set-Cookie: session={secrets['cookie']}; Path=/\r\nSet-Cookie: other={secrets['set cookie']}\r\n"
    back = f"Location: https://a.test/back?state=1#access_token={secrets['url token']}\r\nX-Auth-Token: {secrets['opaque token']}\r\n"
    cut = whole.index(secrets["customer token"]) + 20
    zipped = gzip.compress(whole.encode())
    made = {
        "token": plain_answer(token),
        "token-gzip": plain_answer(token, coding="gzip"),
        "token-chunked": chunked_answer(token.encode(), at=token.index(secrets["jwt"]) + 25),
        "payment": plain_answer(whole),
        "payment-gzip": plain_answer(whole, coding="gzip"),
        "payment-gzip-chunked": chunked_answer(zipped, at=len(zipped) // 2, more="Content-Encoding: gzip\r\n"),
        "echo": plain_answer(json.dumps(echo), status="400 Bad Request"),
        "page": plain_answer(page, kind="text/html"),
        "text": plain_answer(plain, kind="text/plain", status="403 Forbidden"),
        "text-gzip": plain_answer(plain, kind="text/plain", coding="gzip"),
        "odd-coding": plain_answer(whole, more="Content-Encoding: x-unknown\r\n"),
        "big": plain_answer(big),
        "headers": plain_answer("{}", more=cookies + back, status="302 Found"),
        "reason": plain_answer("{}", status=f"401 Bearer {secrets['opaque token']} refused"),
        "trailers": chunked_answer(b"{}", at=1, trailers=f"X-Customer-Token: {secrets['customer token']}\r\n"),
    }
    found = {name: (answer, False) for name, answer in made.items()}
    head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(whole)}\r\n\r\n"
    found["payment-cut"] = (head.encode() + whole[:cut].encode(), True)
    head = f"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: {len(zipped)}\r\n\r\n"
    found["payment-gzip-cut"] = (head.encode() + zipped[: len(zipped) * 2 // 3], True)
    chunked = chunked_answer(whole.encode(), at=cut)
    found["payment-chunked-cut"] = (chunked[: chunked.index(b"\r\n\r\n") + 4 + cut], True)
    found["head-cut"] = (f"HTTP/1.1 200 OK\r\nSet-Cookie: session={secrets['cookie']}".encode(), True)
    found["no-http"] = (f"access_token={secrets['opaque token']}\r\n\r\n".encode(), True)
    return found


def plain_answer(body, kind="application/json", status="200 OK", coding="", more=""):
    body = body.encode()
    if coding:
        body, more = gzip.compress(body), more + "Content-Encoding: gzip\r\n"
    head = f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n{more}\r\n"
    return head.encode() + body


def chunked_answer(body, at, more="", trailers=""):
    """Chunks that break at this place, in the middle of a secret."""
    head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n{more}\r\n"
    chunks = b"".join(b"%x\r\n%s\r\n" % (len(chunk), chunk) for chunk in (body[:at], body[at:]))
    return head.encode() + chunks + b"0\r\n" + trailers.encode() + b"\r\n"


class Backend:
    """Listens until the process ends; keeps all bytes that it got and sent."""

    def __init__(self, secrets, certificate, key):
        self.answers = answers(secrets)
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(certificate, key)
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.bytes = bytearray()
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            tcp, _ = self.listener.accept()
            threading.Thread(target=self.connection, args=(tcp,), daemon=True).start()

    def connection(self, tcp):
        try:
            with self.context.wrap_socket(tcp, server_side=True) as stream:
                while self.exchange(stream):
                    pass
        except OSError:
            pass

    def exchange(self, stream):
        head = b""
        while b"\r\n\r\n" not in head:
            piece = stream.recv(65536)
            if not piece:
                return False
            head += piece
        head, _, body = head.partition(b"\r\n\r\n")
        lower = head.lower()
        length = 0
        if b"content-length:" in lower:
            length = int(lower.split(b"content-length:")[1].split(b"\r\n")[0])
        ended = b"0\r\n" if b"transfer-encoding: chunked" in lower else b""
        while len(body) < length or (ended and b"\r\n\r\n" not in body):
            piece = stream.recv(65536)
            if not piece:
                break
            body += piece
        self.bytes += head + body
        name = head.split(b" ")[1].split(b"answer=")[-1].split(b"&")[0].decode() if b"answer=" in head else "payment"
        answer, cut = self.answers[name]
        self.bytes += answer
        stream.sendall(answer)
        return not cut
