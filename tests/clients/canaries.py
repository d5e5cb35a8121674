"""Secrets go through a recorder in every way we know; then all that was written is searched for each of them.

usage: canaries.py POSCERT HOME
"""

import base64
import json
import os
import pathlib
import secrets as random
import socket
import ssl
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import canary_forms
import canary_requests
from canary_backend import Backend

POSCERT, HOME = sys.argv[1], pathlib.Path(sys.argv[2])


def base64url(value):
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


def new_secrets():
    """A secret of each kind, new in each run."""
    def word(kind):
        return f"Zq{kind}{random.token_hex(14)}Xw"

    # The claims of a token are kept on purpose; its signature is the secret.
    jwt = f"{base64url({'alg': 'HS256', 'typ': 'JWT'})}.{base64url({'client_id': 'c', 'merchant_vat': 'DK90000028'})}"
    kinds = ("opaque token", "client secret", "customer token", "receipt token", "loyalty id", "proxy password",
             "cookie", "set cookie", "url token", "api key")
    made = {kind: word(kind[:2]) for kind in kinds}
    made["jwt"] = f"{jwt}.{word('jw')}"
    made["phone"] = "+45" + str(random.randbelow(9 * 10**7) + 10**7)
    return made


def looked_for(secrets):
    """The secrets by themselves, and what stands for them on the wire."""
    wanted = dict(secrets)
    wanted["jwt signature"] = secrets["jwt"].rsplit(".", 1)[1]
    wanted["phone digits"] = secrets["phone"].lstrip("+")
    wanted["client credentials"] = canary_requests.basic("client", secrets["client secret"])
    wanted["proxy credentials"] = canary_requests.basic("user", secrets["proxy password"])
    return wanted


class Clients:
    """Raw clients of a recorder, in both ways."""

    def __init__(self, ready):
        self.context = ssl.create_default_context(cafile=ready["ca"])
        self.base = self.address(ready["listen"])
        self.proxy = self.address(ready["proxy_listen"])
        self.backend = ready["upstream"].removeprefix("https://")
        self.sent = bytearray()

    @staticmethod
    def address(text):
        host, port = text.rsplit(":", 1)
        return host, int(port)

    def tls(self, way, secrets):
        if way == "base":
            tcp = socket.create_connection(self.base, timeout=20)
        else:
            tcp = socket.create_connection(self.proxy, timeout=20)
            credentials = canary_requests.basic("user", secrets["proxy password"])
            head = f"CONNECT {self.backend} HTTP/1.1\r\nHost: {self.backend}\r\nProxy-Authorization: Basic {credentials}\r\n\r\n"
            self.sent += head.encode()
            tcp.sendall(head.encode())
            answer = tcp.recv(4096)
            assert answer.startswith(b"HTTP/1.1 200"), answer
        return self.context.wrap_socket(tcp, server_hostname="127.0.0.1")

    def send(self, stream, request, leaves=False):
        """Sends a request and reads until the other side has nothing more to say."""
        self.sent += request
        got = b""
        try:
            stream.sendall(request)
            if not leaves:
                stream.settimeout(0.35)
                while piece := stream.recv(65536):
                    got += piece
        except OSError:
            pass
        stream.close()
        return got


def run(command, **more):
    return subprocess.run([POSCERT, *command], cwd=HOME, env=ENVIRONMENT, capture_output=True, timeout=60, **more)


ENVIRONMENT = {name: value for name, value in os.environ.items() if not name.startswith("POSCERT_")}
ENVIRONMENT["POSCERT_CA_DIR"] = str(HOME / "ca")


def certificate():
    """A certificate of the backend, outside of what is searched."""
    folder = HOME.parent / (HOME.name + "-backend")
    folder.mkdir()
    key, pem = folder / "key.pem", folder / "certificate.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", pem, "-days", "2",
         "-subj", "/CN=backend", "-addext", "subjectAltName=IP:127.0.0.1",
         "-addext", "basicConstraints=critical,CA:FALSE"],
        check=True, capture_output=True)
    return pem, key


def record(secrets, backend, pem):
    """Everything once, through both ways in; all bytes that clients sent, and how many requests."""
    command = [POSCERT, "record", "--listen", "127.0.0.1:0", "--proxy-listen", "127.0.0.1:0", "--ready-file", "ready.json",
               "--upstream", f"https://127.0.0.1:{backend.port}/pos/v10", "--upstream-ca", str(pem)]
    with open(HOME / "stdout.txt", "wb") as out, open(HOME / "stderr.txt", "wb") as errors:
        recorder = subprocess.Popen(command, cwd=HOME, env=ENVIRONMENT, stdout=out, stderr=errors)
    try:
        waited = 0
        while not (HOME / "ready.json").exists():
            assert waited < 1500 and recorder.poll() is None, "the recorder is not ready"
            waited += 1
            time.sleep(0.02)
        clients = Clients(json.loads((HOME / "ready.json").read_text()))
        count = 0
        with ThreadPoolExecutor(8) as pool:
            for way in ("base", "connect"):
                def send(request, leaves=False, way=way):
                    return clients.send(clients.tls(way, secrets), request, leaves)

                good, refused = list(canary_requests.good(secrets)), list(canary_requests.refused(secrets))
                list(pool.map(send, good))
                for request, got in zip(refused, pool.map(send, refused)):
                    assert got.startswith(b"HTTP/1.1 4"), (request[:200], got)
                list(pool.map(lambda request: send(request, leaves=True), canary_requests.cut(secrets)))
                count += len(good) + len(refused)
        base, proxy = canary_requests.in_clear(secrets)
        for address, texts in ((clients.base, base), (clients.proxy, proxy)):
            for text in texts:
                clients.send(socket.create_connection(address, timeout=20), text.encode())
        time.sleep(0.5)
    finally:
        recorder.terminate()
        assert recorder.wait(30) == 0
    return clients.sent, count


def reports():
    """All that the program says of the capture, as files beside it."""
    kinds = ("json", "html", "junit", "markdown", "text")
    wanted = [argument for kind in kinds for argument in ("--report", f"{kind}=report.{kind}")]
    said = run(["verify", "poscert-capture", *wanted])
    assert said.returncode == 1, said.stderr
    outputs = [said]
    listed = run(["show", "poscert-capture", "--json"])
    outputs += [listed, run(["show", "poscert-capture"])]
    numbers = [record["number"] for record in map(json.loads, listed.stdout.splitlines()) if record["record"] == "exchange"]
    with ThreadPoolExecutor(2) as pool:
        outputs += pool.map(lambda number: run(["show", "poscert-capture", str(number)]), numbers)
    outputs.append(run(["export", "poscert-capture", "-o", "export.har"]))
    outputs.append(run(["verify", "export.har"]))
    for number, output in enumerate(outputs):
        assert b"panicked at" not in output.stderr, output.stderr
        (HOME / f"said-{number}.txt").write_bytes(output.stdout + output.stderr)
    return listed.stdout, len(numbers)


def main():
    canary_forms.check_search()
    secrets = new_secrets()
    pem, key = certificate()
    backend = Backend(secrets, pem, key)
    sent, count = record(secrets, backend, pem)
    travelled = bytes(sent + backend.bytes)
    for name, secret in secrets.items():
        forms = dict(what[::-1] for what in canary_forms.forms(name, secret))
        assert canary_forms.hits(travelled, forms), f"the {name} never travelled"
    listed, recorded = reports()
    assert recorded >= count, f"{recorded} exchanges of {count} requests are recorded"
    assert b"visible-canary" in listed, "what is no secret is kept as it is"
    heads = (piece.partition(b"\r\n\r\n")[2] for piece, _ in backend.answers.values())
    bodies = [body for body in heads if body]
    bodies += [request.partition(b"\r\n\r\n")[2] for request in canary_requests.good(secrets)]
    forms = canary_forms.wanted(looked_for(secrets), [body for body in bodies if len(body) > 4])
    found, searched, visible = [], 0, 0
    for file in sorted(path for path in HOME.rglob("*") if path.is_file()):
        content = file.read_bytes()
        searched += len(content)
        visible += b"visible-canary" in content and "part-" in str(file)
        found += [f"{file.relative_to(HOME)}: {hit}" for hit in canary_forms.hits(content, forms)]
    assert visible, "the store's own files are not what was searched"
    print("\n".join(found) if found else f"{recorded} exchanges, {searched} bytes searched for {len(forms)} forms")
    sys.exit(1 if found else 0)


main()
