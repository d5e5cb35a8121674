#!/usr/bin/env bash
# Does what it is given with mitmproxy between it and the recorder, and leaves mitmproxy's own record in mitmproxy.har.
# MITMDUMP is the program, and POSCERT_BASE_URL where the recorder is.
set -euo pipefail
origin="${POSCERT_BASE_URL%/pos/v10}"
# What makes clients trust the recorder is not for mitmproxy.
env -u HTTPS_PROXY -u SSL_CERT_FILE -u REQUESTS_CA_BUNDLE "$MITMDUMP" --mode "reverse:$origin" \
    --listen-host 127.0.0.1 --listen-port 0 --set ssl_insecure=true --set "confdir=$PWD/mitmproxy" \
    --set "hardump=$PWD/mitmproxy.har" --set flow_detail=0 >mitmproxy.log 2>&1 &
mitmproxy=$!
trap 'kill -INT $mitmproxy 2>/dev/null || true' EXIT
port=
for _ in $(seq 300); do
    port=$(sed -n 's/.*listening at .*127\.0\.0\.1:\([0-9]*\).*/\1/p' mitmproxy.log | head -1)
    [ -z "$port" ] || [ ! -f mitmproxy/mitmproxy-ca-cert.pem ] || break
    sleep 0.2
done
[ -n "$port" ] || { cat mitmproxy.log >&2; exit 1; }
export POSCERT_BASE_URL="https://127.0.0.1:$port/pos/v10" SSL_CERT_FILE="$PWD/mitmproxy/mitmproxy-ca-cert.pem"
"$@"
kill -INT "$mitmproxy"
wait "$mitmproxy" || true
