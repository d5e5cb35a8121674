#!/usr/bin/env bash
# Runs Schemathesis (fixed seed, bounded) over a running sandbox: no 5xx, no status, content type or body that its
# description does not have; and each operation has to succeed at least once, or the run has shown nothing.
#
#   tests/schemathesis.sh path/to/poscert
set -euo pipefail
program=$(realpath "$1")
cd "$(dirname "$0")/.."
python=$(tests/python-env)

folder=$(mktemp -d)
"$program" sandbox --listen 127.0.0.1:0 --poll-delay 10 --ca-dir "$folder/ca" --ready-file "$folder/ready.json" >"$folder/sandbox.log" 2>&1 &
sandbox=$!
trap 'kill "$sandbox" 2>/dev/null || true; wait "$sandbox" 2>/dev/null || true; rm -rf "$folder"' EXIT
for _ in $(seq 100); do
    [ -s "$folder/ready.json" ] && break
    kill -0 "$sandbox" 2>/dev/null || { cat "$folder/sandbox.log"; exit 1; }
    sleep 0.1
done
said() { "$python" -c 'import json, sys; print(json.load(open(sys.argv[1]))[sys.argv[2]])' "$folder/ready.json" "$1"; }

POSCERT_FUZZ_CA=$(said ca)
POSCERT_FUZZ_ORIGIN=$(said openapi_url)
POSCERT_FUZZ_ORIGIN=${POSCERT_FUZZ_ORIGIN%/openapi.json}
POSCERT_FUZZ_TALLY="$folder/tally.json"
export POSCERT_FUZZ_CA POSCERT_FUZZ_ORIGIN POSCERT_FUZZ_TALLY
export PYTHONPATH="$PWD/tests" SCHEMATHESIS_HOOKS=schemathesis_hooks PYTHONDONTWRITEBYTECODE=1

# It keeps a cache of earlier findings where it is started: away from the repository, so that every run is the same.
cd "$folder"
"$(dirname "$python")/schemathesis" run "$POSCERT_FUZZ_ORIGIN/openapi.json" \
    --tls-verify "$POSCERT_FUZZ_CA" --seed 10 --workers 1 --max-examples "${EXAMPLES:-60}" --request-timeout 10 \
    --phases examples,coverage,fuzzing,stateful --suppress-health-check all --no-color \
    --checks not_a_server_error,status_code_conformance,content_type_conformance,response_headers_conformance,response_schema_conformance

# The sandbox is still there, and every operation got through.
kill -0 "$sandbox"
"$python" - "$POSCERT_FUZZ_ORIGIN" "$POSCERT_FUZZ_CA" "$POSCERT_FUZZ_TALLY" <<'PYTHON'
import json
import sys

import requests

origin, ca, tally = sys.argv[1:]
description = requests.get(f"{origin}/openapi.json", verify=ca, timeout=10).json()
tally = json.load(open(tally, encoding="utf-8"))
wanted = {o["operationId"] for methods in description["paths"].values() for o in methods.values()}
reached = {line.split()[0] for line in tally if line.split()[1] == "200"}
for line, count in tally.items():
    print(f"{count:6} {line}")
if wanted - reached:
    sys.exit(f"never answered 200: {', '.join(sorted(wanted - reached))}")
PYTHON
