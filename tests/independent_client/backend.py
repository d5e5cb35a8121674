#!/usr/bin/env python3
"""A backend of the PoS API v10 over TLS that shares no code with the program it is compared with.

    python3 backend.py --cert cert.pem --key key.pem --ready-file ready.json
Standard library only. `--fault Op:500:2` returns 500 for the first two attempts of an operation; `ok` passes a
request, `503` has no body, `held` carries out the request and withholds the response, a four-digit number
(`CreateRefund:1368`) returns 409 with that code.
"""

import argparse
import http.server
import json
import os
import socket
import socketserver
import ssl
import sys
import threading
import time
import urllib.parse
import uuid
from decimal import Decimal

sys.dont_write_bytecode = True  # write no cache files next to the sources

import checks
from checks import Refused
from operations import ROUTES, Backend, plain


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    backend = None
    held_at_most = 30.0

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
        """Waits until the client disconnects; there is no response to send."""
        until = time.monotonic() + self.held_at_most
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
            with self.backend.backend_state.lock:
                value = self.backend.serve(operation, match.groupdict().get("id"), query, self.headers,
                                           lambda: self.json(raw))
            if fault == "held":
                return self.hold()
            return self.reply(200, value)
        except Refused as refusal:
            return self.refuse(refusal, url.path)

    def json(self, raw):
        if not raw:
            raise Refused(400, "1099", "the body is missing")
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
        with self.backend.backend_state.lock:
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
    parser.add_argument("--customer", choices=("none", "accept", "cancel", "early"), default="none")
    parser.add_argument("--phone", default="+4520031801")
    parser.add_argument("--pause", type=float, default=1.0, help="of the customer, in seconds")
    parser.add_argument("--held", type=float, default=30.0, help="how long `held` lasts at most, in seconds")
    parser.add_argument("--fault", action="append", default=[], metavar="OP:KIND[:TIMES]")
    options = parser.parse_args()
    Handler.held_at_most = options.held
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
    """Ends when standard input closes, so that no backend outlives the test that started it."""
    while sys.stdin.buffer.read(1):
        pass
    os._exit(0)


if __name__ == "__main__":
    main()
