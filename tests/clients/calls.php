<?php
// Calls $URL once with cURL and once with streams. cURL reads the proxy's variables; a stream has to be told.
$url = getenv("URL");
$curl = curl_init("$url-phpcurl");
curl_setopt_array($curl, [CURLOPT_RETURNTRANSFER => true, CURLOPT_TIMEOUT => 20]);
curl_exec($curl);
echo curl_getinfo($curl, CURLINFO_HTTP_CODE), curl_error($curl), "\n";
$http = ["ignore_errors" => true];
if ($proxy = getenv("HTTPS_PROXY")) {
    $http += ["proxy" => str_replace("http://", "tcp://", $proxy), "request_fulluri" => true];
}
file_get_contents("$url-phpstreams", false, stream_context_create(["http" => $http]));
echo $http_response_header[0] ?? "no response", "\n";
