# Calls $URL once with net/http, set up by the environment alone.
require "net/http"

puts Net::HTTP.get_response(URI(ENV.fetch("URL") + "-ruby")).code
