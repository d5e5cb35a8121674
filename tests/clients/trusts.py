"""Looks at the certificates with Python's default context, as strict as Python 3.13 is: prints whom it reached."""

import socket
import ssl
import sys

host, port = sys.argv[1].rsplit(":", 1)
context = ssl.create_default_context()
context.verify_flags |= ssl.VERIFY_X509_STRICT | ssl.VERIFY_X509_PARTIAL_CHAIN
with socket.create_connection((host, int(port)), timeout=20) as tcp:
    with context.wrap_socket(tcp, server_hostname=sys.argv[2]) as stream:
        print(stream.version(), stream.selected_alpn_protocol())
