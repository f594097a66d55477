"""Fetches a token by private_key_jwt with PyJWT and requests and prints the response as JSON.

usage: fetch_token_by_key.py ISSUER CLIENT_ID ALG < private_key.pem
"""
import sys
import time
import uuid

import jwt
import requests

issuer, client_id, alg = sys.argv[1:]
now = int(time.time())
claims = {"iss": client_id, "sub": client_id, "aud": issuer, "jti": str(uuid.uuid4()), "iat": now, "exp": now + 60}
metadata = requests.get(issuer + "/.well-known/oauth-authorization-server", timeout=5).json()
assert alg in metadata["token_endpoint_auth_signing_alg_values_supported"]
answer = requests.post(
    metadata["token_endpoint"],
    data={
        "grant_type": "client_credentials",
        "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
        "client_assertion": jwt.encode(claims, sys.stdin.read(), algorithm=alg),
    },
    timeout=5,
)
print(answer.text)
