#!/usr/bin/env python3
"""Alters a sealed archive as somebody would who wants another verdict: as well as it can be done.

    archive_forger.py WHAT IN OUT [--key FILE]

WHAT: `amount` (one digit of an amount in one exchange), `leave-out` (an exchange), `reorder` (two records), `rules` (a rule file),
`append` (a record once more), `challenge` (the auditor's words), `zero` (an exchange's number), `far` (an exchange is left out, and
the run said to begin behind it). All digests, the chain, the index and the manifest are made anew so that they fit.
Without --key the old signatures stay: the forger has no key. With --key (a private key in PEM) it is signed anew by that key alone.
"""

import argparse
import base64
import hashlib
import json
import re
import struct
import sys

import archive_reader as reader
import zstandard
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key


def frame(tag, content):
    packed = content if tag == b"SEAL" else zstandard.ZstdCompressor().compress(content)
    head = struct.pack(">4sII", tag, len(content), len(packed))
    digest = hashlib.sha256(head + packed).digest()
    return head + digest + packed, digest.hex()


def is_exchange(raw):
    return reader.unpack(raw)[0]["record"] == "exchange"


def alter(what, log, rules):
    """The log and the rules as the forger wants them."""
    exchanges = [at for at, raw in enumerate(log) if is_exchange(raw)]
    if what == "amount":
        pattern = re.compile(rb'("amount": ?)(\d)')
        at = next(at for at in exchanges if pattern.search(log[at]))
        log[at] = pattern.sub(lambda m: m[1] + (b"9" if m[2] != b"9" else b"1"), log[at], count=1)
    elif what == "zero":
        pattern = re.compile(rb"\xa6number[\x01-\x7f]")
        at = next(at for at in exchanges if pattern.search(log[at]))
        log[at] = pattern.sub(b"\xa6number\x00", log[at], count=1)
    elif what == "far":
        del log[exchanges[len(exchanges) // 2]]
        far = b"\xacfirst_number\xcf" + struct.pack(">Q", 1 << 63)
        log[0] = log[0].replace(b"\xacfirst_number\x01", far)
    elif what == "leave-out":
        del log[exchanges[len(exchanges) // 2]]
    elif what == "reorder":
        one, two = exchanges[0], exchanges[1]
        log[one], log[two] = log[two], log[one]
    elif what == "append":
        log.insert(len(log) - 1, log[0])
    elif what == "challenge":
        words = reader.unpack(log[0])[0]["challenge"].encode()
        log[0] = log[0].replace(words, b"x" * len(words))
    elif what == "rules":
        name, text = rules[0]
        rules[0] = (name, text + b"\n# nothing to see here\n")
    else:
        sys.exit(f"what is {what}?")


def forge(data, what, key):
    sections = reader.frames(data)
    envelope = json.loads(sections[-1].content)
    manifest = json.loads(base64.b64decode(envelope["payload"]))
    header = json.loads(sections[0].content)
    rules, log = [], []
    for section in sections:
        if section.tag == b"RULE":
            (length,) = struct.unpack_from(">I", section.content)
            rules.append((section.content[4 : 4 + length].decode(), section.content[4 + length :]))
        if section.tag == b"RECS":
            log += reader.records(section.content)[2]
    alter(what, log, rules)

    header["exchanges"] = sum(map(is_exchange, log))
    if what in ("leave-out", "zero"):
        # Numbers stand in the records: what is left out is seen to be missing, and the forger owns up to it.
        there = {reader.unpack(raw)[0]["number"] for raw in log if is_exchange(raw)}
        lost = [n for n in range(1, header["next_number"]) if n not in there]
        header |= {"gaps": [[n, n] for n in lost], "complete": False}
    header["challenges"] = [c for c in (reader.unpack(raw)[0].get("challenge") for raw in log) if c]
    out = bytearray(data[: reader.PREAMBLE])
    piece, manifest["header"] = frame(b"HEAD", json.dumps(header, separators=(",", ":")).encode())
    out += piece
    manifest["rules"] = []
    for name, text in rules:
        piece, digest = frame(b"RULE", struct.pack(">I", len(name.encode())) + name.encode() + text)
        manifest["rules"].append({"name": name, "text": hashlib.sha256(text).hexdigest(), "frame": digest})
        out += piece
    chain, block = bytes(32), bytearray(struct.pack(">Q32s", 0, bytes(32)))
    for raw in log:
        block += struct.pack(">I", len(raw)) + raw
        chain = hashlib.sha256(chain + raw).digest()
    numbers = [reader.unpack(raw)[0]["number"] for raw in log if is_exchange(raw)]
    entry = {"at": len(out), "first": 0, "records": len(log), "exchanges": len(numbers), "chain": chain.hex()}
    entry["numbers"] = [min(numbers), max(numbers)] if numbers else None
    piece, entry["frame"] = frame(b"RECS", bytes(block))
    out += piece
    piece, manifest["index"] = frame(b"INDX", json.dumps({"blocks": [entry]}).encode())
    out += piece
    manifest |= {"records": len(log), "chain": chain.hex(), "length": len(out)}
    payload = json.dumps(manifest).encode()
    envelope["payload"] = base64.b64encode(payload).decode()
    if key:
        public = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        kind = envelope["payloadType"].encode()
        signature = key.sign(b"DSSEv1 %d %s %d %s" % (len(kind), kind, len(payload), payload))
        envelope["signatures"] = [
            {
                "keyid": hashlib.sha256(public).hexdigest(),
                "sig": base64.b64encode(signature).decode(),
                "public_key": base64.b64encode(public).decode(),
            }
        ]
    return bytes(out) + frame(b"SEAL", json.dumps(envelope).encode())[0]


def signing_key(path):
    """The key in a file that poscert made."""
    with open(path, "rb") as file:
        return load_pem_private_key(file.read(), None)


def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("what")
    arguments.add_argument("source")
    arguments.add_argument("target")
    arguments.add_argument("--key", help="a private key of Ed25519, PEM")
    given = arguments.parse_args()
    key = signing_key(given.key) if given.key else None
    with open(given.source, "rb") as file:
        forged = forge(file.read(), given.what, key)
    with open(given.target, "wb") as file:
        file.write(forged)


if __name__ == "__main__":
    main()
