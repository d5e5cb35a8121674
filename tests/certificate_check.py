"""Checks a certificate with a tool of other people (securesystemslib), and the digest of a verdict with the standard library.

    certificate_check.py CERTIFICATE PUBLIC-KEY.pem VERDICT.json

Prints what was found as JSON, and ends with 1 where something does not hold. Shares no code with poscert."""

import hashlib
import json
import sys

from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_public_key
from securesystemslib.dsse import Envelope
from securesystemslib.exceptions import VerificationError
from securesystemslib.signer import SSlibKey


def main(certificate, public_key, verdict):
    with open(public_key, "rb") as file:
        public = load_pem_public_key(file.read())
    der = public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    keyid = hashlib.sha256(der).hexdigest()
    with open(certificate, "rb") as file:
        envelope = Envelope.from_dict(json.load(file))
    try:
        accepted = list(envelope.verify([SSlibKey.from_crypto(public, keyid=keyid)], 1))
    except VerificationError as error:
        sys.exit(f"the signature does not hold: {error}")
    statement = json.loads(envelope.payload)
    with open(verdict, encoding="utf-8") as file:
        read = json.load(file)
    parts = {key: read[key] for key in ("verdict", "features", "requirements")}
    compact = json.dumps(parts, ensure_ascii=False, separators=(",", ":")).encode()
    subjects = {subject["name"]: subject["digest"]["sha256"] for subject in statement["subject"]}
    print(json.dumps({
        "id": "pc-" + hashlib.sha256(envelope.payload).hexdigest()[:12],
        "signed_by": accepted,
        "payload_type": envelope.payload_type,
        "type": statement["_type"],
        "predicate_type": statement["predicateType"],
        "capture_fits": subjects["capture"] == read["capture"]["digest"],
        "rules_fit": subjects["rules"] == read["rules"]["digest"],
        "verdict_fits": statement["predicate"]["verdict"]["digest"]["sha256"] == hashlib.sha256(compact).hexdigest(),
        "predicate": statement["predicate"],
    }))


if __name__ == "__main__":
    main(*sys.argv[1:])
