#!/usr/bin/env bash
# A token, GetStores and CreatePos with curl, set up by its own environment variables alone. With an argument the
# body of CreatePos goes out chunked, after 100 Continue.
set -euo pipefail
call=(curl --silent --show-error --fail --max-time 20)
header=(-H "X-MobilePay-Client-System-Version: 2.1.1" -H "X-Twice: one" -H "x-twice: two")

field() { sed -n "s/.*\"$1\":\[\{0,1\}\"\([^\"]*\)\".*/\1/p"; }

token=$("${call[@]}" -u "$CLIENT_ID:$CLIENT_SECRET" -d grant_type=client_credentials -d merchant_vat=DK90000028 "$TOKEN_URL" |
    field access_token)
store=$("${call[@]}" --compressed -H "Authorization: Bearer $token" "${header[@]}" "$BASE_URL/stores" | field storeIds)
body=$(printf '{\r\n  "merchantPosId": "%s", "storeId": "%s",\r\n  "name": "Kasse 3", "supportedBeaconTypes": ["QR"]\r\n}' "$NONCE" "$store")
extra=()
[ "$#" = 0 ] || extra=(-H "Transfer-Encoding: chunked" -H "Expect: 100-continue")
pos=$(printf %s "$body" | "${call[@]}" --compressed "${extra[@]}" -H "Authorization: Bearer $token" "${header[@]}" \
    -H "Content-Type: application/json; charset=utf-8" -H "X-MobilePay-Idempotency-Key: $NONCE" \
    --data-binary @- "$BASE_URL/pointofsales" | field posId)
printf '{"storeId": "%s", "posId": "%s"}\n' "$store" "$pos"
