"""The forms in which a secret could stand in a file, and the search for them."""

import base64
import hashlib
import urllib.parse


def aligned(secret, encode):
    """What stays the same of a secret's base64 whatever stands before and after it, at each of three alignments."""
    for before in range(3):
        whole = encode(b"x" * before + secret + b"xxx")
        first = -(-before * 8 // 6)
        last = (before + len(secret)) * 8 // 6
        yield whole[first:last]


def forms(name, secret):
    """Pairs of a form's name and its bytes."""
    secret = secret.encode()
    text = secret.decode()
    yield f"{name}, clear", secret
    yield f"{name}, UTF-16", text.encode("utf-16-le")
    yield f"{name}, hex", secret.hex().encode()
    yield f"{name}, hex in capitals", secret.hex().upper().encode()
    yield f"{name}, percent form", urllib.parse.quote(text, safe="").encode()
    everything = "".join(f"%{byte:02X}" for byte in secret)
    yield f"{name}, percent form of all", everything.encode()
    yield f"{name}, percent form of all", everything.lower().encode()
    yield f"{name}, JSON escapes", "".join(f"\\u{byte:04x}" for byte in secret).encode()
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        for piece in aligned(secret, encode):
            yield f"{name}, base64", piece
    yield from digests(name, secret)


def digests(name, content):
    """Plain digests: whoever has a list of telephone numbers finds them by these."""
    for kind in ("sha256", "sha1", "md5", "sha512"):
        digest = hashlib.new(kind, content).digest()
        # Of a digest, half is enough to be known by.
        half = digest[: len(digest) // 2]
        yield f"{name}, {kind}", half
        yield f"{name}, {kind} in hex", half.hex().encode()
        yield f"{name}, {kind} in hex", half.hex().upper().encode()
        for encode in (base64.b64encode, base64.urlsafe_b64encode):
            yield f"{name}, {kind} in base64", encode(digest)[: len(digest) // 2]


def wanted(secrets, bodies):
    """All forms of all secrets, and the digests of the bodies they stood in."""
    found = {}
    for name, secret in secrets.items():
        for form, what in forms(name, secret):
            found.setdefault(what, form)
    for number, body in enumerate(bodies):
        for form, what in digests(f"body {number}", body):
            found.setdefault(what, form)
    return found


def hits(content, forms):
    """The names of the forms that stand in some bytes."""
    return sorted({name for what, name in forms.items() if what in content})


def check_search():
    """The search finds what is hidden from it on purpose."""
    secret = "Canary-7f3a-of-the-search"
    looked_for = wanted({"it": secret}, [b"a body"])
    raw = secret.encode()
    for hidden in (
        raw,
        raw.hex().encode(),
        base64.b64encode(b'{"a":"' + raw + b'"}'),
        base64.b64encode(b'{"ab":"' + raw + b'"}'),
        base64.urlsafe_b64encode(b'{"abc":"' + raw + b'"}'),
        urllib.parse.quote(secret + "/").encode(),
        hashlib.sha256(raw).hexdigest().encode(),
        hashlib.md5(raw).digest(),
        base64.b64encode(hashlib.sha1(b"a body").digest()),
    ):
        assert hits(b"before" + hidden + b"after", looked_for), hidden
    assert not hits(b"nothing of it " * 100, looked_for)
