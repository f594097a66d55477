"""Fetches a token by the certificate of its connection with nothing but Python's own ssl and http.client.

usage: fetch_token_by_certificate.py ISSUER CLIENT_ID CA_FILE CERT_FILE KEY_FILE
"""
import http.client
import json
import ssl
import sys
from urllib.parse import urlencode, urlsplit

issuer, client_id, ca_file, cert_file, key_file = sys.argv[1:]
context = ssl.create_default_context(cafile=ca_file)
context.load_cert_chain(cert_file, key_file)


def answer(method, url, body=None, headers={}):
    parts = urlsplit(url)
    connection = http.client.HTTPSConnection(parts.hostname, parts.port, context=context, timeout=5)
    connection.request(method, parts.path, body, headers)
    return json.load(connection.getresponse())


metadata = answer("GET", issuer + "/.well-known/oauth-authorization-server")
assert metadata["tls_client_certificate_bound_access_tokens"] is True
# RFC 8705 section 5: where there are no aliases the endpoints themselves ask for certificates.
endpoint = metadata.get("mtls_endpoint_aliases", metadata)["token_endpoint"]
form = urlencode({"grant_type": "client_credentials", "client_id": client_id})
token = answer("POST", endpoint, form, {"Content-Type": "application/x-www-form-urlencoded"})
if "error" in token:
    sys.exit(token["error"])
print(json.dumps(token))
