"""Verifies the tokens on standard input, one a line, with PyJWT and the keys that PyJWKClient fetches.

Prints one line of JSON for each: {"claims": …}, or {"refused": the exception's name}.

usage: verify_tokens.py JWKS_URL ISSUER AUDIENCE
"""
import json
import sys

import jwt

jwks_url, issuer, audience = sys.argv[1:]
keys = jwt.PyJWKClient(jwks_url)


def verified(token):
    return jwt.decode(
        token,
        keys.get_signing_key_from_jwt(token).key,
        algorithms=["RS256", "ES256"],
        issuer=issuer,
        audience=audience,
        # Without it a token that has no such claim is let in.
        options={"require": ["exp", "iss", "aud"]},
    )


for line in sys.stdin:
    try:
        print(json.dumps({"claims": verified(line.rstrip("\n"))}))
    # TypeError: PyJWT's own answer to a token whose algorithm is not the one of the key that it names.
    except (jwt.PyJWTError, TypeError) as error:
        print(json.dumps({"refused": type(error).__name__}))
