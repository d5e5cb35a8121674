#!/usr/bin/env python3
"""Reads a sealed archive by docs/archive.md alone: checks every digest, the chain and the signatures, and prints what is in it.

It shares no code with poscert, so that what it finds proves the page and not the program. With --json the findings are one
JSON object; without, lines for people. Exit code 0: all of it holds; 1: something does not, and what stands on standard error.
"""

import argparse
import base64
import hashlib
import json
import struct
import sys

import zstandard
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_der_public_key

MAGIC = b"\x89PoScrt\n"
FORMAT = 1
PREAMBLE = 16
FRAME_HEAD = 44
LIMITS = {b"HEAD": 4 << 20, b"RULE": 8 << 20, b"RECS": 64 << 20, b"INDX": 64 << 20, b"SEAL": 1 << 20}
RULE_FILES = 100
ZSTD = b"\x28\xb5\x2f\xfd"
TAGS = (b"HEAD", b"RULE", b"RECS", b"INDX", b"SEAL")
TYPE = "application/vnd.poscert.archive+json"


class Damaged(Exception):
    """Something is not as the page says."""


def need(holds, words):
    if not holds:
        raise Damaged(words)


class Frame:
    """A section: where it begins, its tag, the digest in its head, and its content unpacked."""

    def __init__(self, data, at):
        need(len(data) - at >= FRAME_HEAD, f"byte {at}: the head of a section is cut off")
        self.at = at
        self.tag, content, stored = struct.unpack_from(">4sII", data, at)
        need(self.tag in TAGS, f"byte {at}: no section begins here")
        need(content <= LIMITS[self.tag], f"byte {at}: a section of {content} bytes")
        self.digest = data[at + 12 : at + FRAME_HEAD]
        packed = data[at + FRAME_HEAD : at + FRAME_HEAD + stored]
        need(len(packed) == stored, f"byte {at}: the section is cut off")
        self.end = at + FRAME_HEAD + stored
        found = hashlib.sha256(data[at : at + 12] + packed).digest()
        need(found == self.digest, f"byte {at}: the section does not fit its digest")
        if self.tag == b"SEAL":
            self.content = packed
        else:
            unpacking = zstandard.ZstdDecompressor().decompressobj()
            self.content = unpacking.decompress(packed)
            need(packed[:4] == ZSTD and unpacking.eof and not unpacking.unused_data, f"byte {at}: not one zstd frame")
        need(len(self.content) == content, f"byte {at}: the section is not as long as it says")


def frames(data):
    """All sections, in order; the last one ends where the file does."""
    need(data[:8] == MAGIC, "byte 0: this is no archive")
    version = struct.unpack_from(">I", data, 8)[0]
    need(data[12:16] == hashlib.sha256(data[:12]).digest()[:4], "byte 8: the version does not fit its check")
    need(version == FORMAT, f"byte 8: format {version}, this reader knows {FORMAT}")
    found, at = [], PREAMBLE
    while at < len(data):
        found.append(Frame(data, at))
        at = found[-1].end
    rules = [len(frame.content) for frame in found if frame.tag == b"RULE"]
    need(len(rules) <= RULE_FILES and sum(rules) <= LIMITS[b"RULE"], "too many rule files, or too long ones")
    return found


def unpack(data, at=0):
    """A MessagePack value, and the byte behind it."""
    first = data[at]
    at += 1
    fixed = {0xC0: None, 0xC2: False, 0xC3: True}
    numbers = {0xCC: ">B", 0xCD: ">H", 0xCE: ">I", 0xCF: ">Q", 0xD0: ">b", 0xD1: ">h", 0xD2: ">i", 0xD3: ">q"}
    numbers |= {0xCA: ">f", 0xCB: ">d"}
    lengths = {0xC4: (">B", bytes), 0xC5: (">H", bytes), 0xC6: (">I", bytes)}
    lengths |= {0xD9: (">B", str), 0xDA: (">H", str), 0xDB: (">I", str)}
    lengths |= {0xDC: (">H", list), 0xDD: (">I", list), 0xDE: (">H", dict), 0xDF: (">I", dict)}
    if first <= 0x7F:
        return first, at
    if first >= 0xE0:
        return first - 0x100, at
    if first in fixed:
        return fixed[first], at
    if first in numbers:
        (number,) = struct.unpack_from(numbers[first], data, at)
        return number, at + struct.calcsize(numbers[first])
    if first <= 0x8F:
        kind, length = dict, first & 0x0F
    elif first <= 0x9F:
        kind, length = list, first & 0x0F
    elif first <= 0xBF:
        kind, length = str, first & 0x1F
    else:
        need(first in lengths, f"MessagePack of kind {first:#x}")
        shape, kind = lengths[first]
        (length,) = struct.unpack_from(shape, data, at)
        at += struct.calcsize(shape)
    if kind in (bytes, str):
        piece = data[at : at + length]
        need(len(piece) == length, "MessagePack that is cut off")
        return (piece if kind is bytes else piece.decode()), at + length
    values = []
    for _ in range(length * (2 if kind is dict else 1)):
        value, at = unpack(data, at)
        values.append(value)
    return (dict(zip(values[::2], values[1::2])) if kind is dict else values), at


def records(block):
    """The place of the first record of a block, the chain before it, and its records' bytes."""
    first, before = struct.unpack_from(">Q32s", block)
    at, found = 40, []
    while at < len(block):
        (length,) = struct.unpack_from(">I", block, at)
        found.append(block[at + 4 : at + 4 + length])
        need(len(found[-1]) == length, f"record {first + len(found) - 1} is cut off")
        at += 4 + length
    return first, before, found


def signers(envelope):
    """By whom a DSSE envelope is signed: the fingerprints, each with a signature that holds."""
    payload = base64.b64decode(envelope["payload"], validate=True)
    kind = envelope["payloadType"].encode()
    message = b"DSSEv1 %d %s %d %s" % (len(kind), kind, len(payload), payload)
    found = []
    for signature in envelope["signatures"]:
        der = base64.b64decode(signature["public_key"], validate=True)
        need(hashlib.sha256(der).hexdigest() == signature["keyid"], "a key does not fit its fingerprint")
        key = load_der_public_key(der)
        need(isinstance(key, Ed25519PublicKey), "a key is not of Ed25519")
        try:
            key.verify(base64.b64decode(signature["sig"], validate=True), message)
        except InvalidSignature:
            raise Damaged(f"the signature by {signature['keyid']} does not hold") from None
        if signature["keyid"] not in found:
            found.append(signature["keyid"])
    need(found, "nobody has signed it")
    return payload, found


def runs_and_gaps(log, told):
    """Checks that every exchange's number lies in its run and that the header says which are missing."""
    run, first, end, last, expected, unknown = 0, 1, 1, 0, [], told.get("loss_unknown", False)
    numbers = sorted(record["number"] for record in log if record["record"] == "exchange")

    def missing(start, stop):
        at = start
        for number in [n for n in numbers if start <= n < stop] + [stop]:
            if number > at:
                expected.append([at, number - 1])
            at = number + 1

    keys = {record["key_check"] for record in log if record["record"] == "run-start" and record.get("key_check")}
    need(len(keys) <= 1, "its runs were recorded under several keys")
    for record in log:
        if record["record"] == "run-start":
            need(record["run"] > run and record["first_number"] >= max(first, last + 1), "a run goes backwards")
            need(end is None or record["first_number"] >= end, "a run goes backwards")
            blind = record.get("loss_unknown", False)
            if end is None:
                end = max(first, last + 1) if blind else record["first_number"]
                missing(first, end)
            if not blind:
                missing(end, record["first_number"])
            run, first, end = record["run"], record["first_number"], None
        elif record["record"] == "run-stop":
            need(record["run"] == run and end is None, "a run stops where it does not go on")
            end = record["next_number"]
            need(end >= max(first, last + 1), "a run stops too early")
            missing(first, end)
        elif record["record"] == "exchange":
            number = record["number"]
            need(record["run"] == run and number >= first and (end is None or number < end), f"exchange {number} is in no run")
            last = max(last, number)
    if end is None:
        end = told["next_number"]
        need(end >= max(first, last + 1) and not told["complete"], "the header says otherwise how far it went")
        missing(first, end)
    need(told["next_number"] == end, "the header has another next number")
    need(told["gaps"] == expected, "the header has other gaps")
    need(not told["complete"] or not (expected or unknown), "the header says that it is complete")


def read(data):
    """Checks all of an archive; what is in it."""
    sections = frames(data)
    need(sections and sections[-1].tag == b"SEAL", "the seal is not there")
    seal = sections.pop()
    envelope = json.loads(seal.content)
    need(envelope["payloadType"] == TYPE, "the seal is over something else")
    payload, sealed_by = signers(envelope)
    manifest = json.loads(payload)
    need(manifest["format"] == FORMAT, "the seal is for another format")
    need(manifest["length"] == seal.at, "the seal does not stand where it was made to")

    count = len(manifest["rules"])
    header, rules, blocks, index = sections[0], sections[1 : 1 + count], sections[1 + count : -1], sections[-1]
    order = [frame.tag for frame in sections]
    need(order == [b"HEAD"] + [b"RULE"] * count + [b"RECS"] * len(blocks) + [b"INDX"], "the sections stand in another order")
    need(header.digest.hex() == manifest["header"], "the header is not the sealed one")
    need(index.digest.hex() == manifest["index"], "the index is not the sealed one")
    texts = {}
    for frame, entry in zip(rules, manifest["rules"]):
        (length,) = struct.unpack_from(">I", frame.content)
        name, text = frame.content[4 : 4 + length].decode(), frame.content[4 + length :]
        need(frame.digest.hex() == entry["frame"] and name == entry["name"], f"the rule file {name} is not the sealed one")
        need(hashlib.sha256(text).hexdigest() == entry["text"], f"the rule file {name} is not the sealed one")
        texts[name] = text

    entries = json.loads(index.content)["blocks"]
    need(len(entries) == len(blocks), "the index has another number of blocks")
    chain, place, numbers, kinds, log = bytes(32), 0, [], {}, []
    for frame, entry in zip(blocks, entries):
        need(frame.at == entry["at"] and frame.digest.hex() == entry["frame"], f"byte {frame.at}: not the sealed block")
        first, before, found = records(frame.content)
        need((first, before) == (place, chain), f"byte {frame.at}: the block does not follow on the one before")
        mine = []
        for raw in found:
            chain = hashlib.sha256(chain + raw).digest()
            record, end = unpack(raw)
            need(end == len(raw), f"record {place}: {len(raw) - end} bytes stand behind it")
            log.append(record)
            kinds[record["record"]] = kinds.get(record["record"], 0) + 1
            if record["record"] == "exchange":
                mine.append(record["number"])
            place += 1
        need(entry["first"] == first and entry["records"] == len(found), f"byte {frame.at}: the index counts otherwise")
        need(entry["exchanges"] == len(mine), f"byte {frame.at}: the index counts otherwise")
        need(entry["numbers"] == ([min(mine), max(mine)] if mine else None), f"byte {frame.at}: the index counts otherwise")
        need(entry["chain"] == chain.hex(), f"byte {frame.at}: the chain does not end as the index says")
        numbers += mine
    need(manifest["records"] == place and manifest["chain"] == chain.hex(), "the chain does not end as the seal says")
    need(len(set(numbers)) == len(numbers), "an exchange stands in it twice")
    told = json.loads(header.content)
    need(told["exchanges"] == len(numbers), "the header counts otherwise")
    runs_and_gaps(log, told)
    digest = hashlib.sha256("".join(f"{n} {hashlib.sha256(t).hexdigest()}\n" for n, t in texts.items()).encode())
    return {
        "engine": manifest["engine"],
        "sealed_by": sealed_by,
        "records": place,
        "kinds": dict(sorted(kinds.items())),
        "exchanges": len(numbers),
        "blocks": len(blocks),
        "content": chain.hex(),
        "rules": {"files": list(texts), "digest": digest.hexdigest()},
        "challenges": told["challenges"],
        "complete": told["complete"],
    }


def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("archive")
    arguments.add_argument("--json", action="store_true", help="one JSON object")
    given = arguments.parse_args()
    try:
        with open(given.archive, "rb") as file:
            found = read(file.read())
    except (Damaged, KeyError, ValueError, IndexError, struct.error, zstandard.ZstdError) as error:
        sys.exit(f"{given.archive}: {error}")
    if given.json:
        print(json.dumps(found))
        return
    for name, value in found.items():
        print(f"{name:<11} {value}")


if __name__ == "__main__":
    main()
