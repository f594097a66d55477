"""Fetches a token by client_credentials with authlib and prints the response as JSON.

usage: fetch_token.py TOKEN_ENDPOINT METHOD CLIENT_ID CLIENT_SECRET SCOPE RESOURCE
"""
import json
import sys

from authlib.integrations.requests_client import OAuth2Session

token_endpoint, method, client_id, client_secret, scope, resource = sys.argv[1:]
session = OAuth2Session(client_id, client_secret, token_endpoint_auth_method=method, scope=scope)
token = session.fetch_token(token_endpoint, grant_type="client_credentials", resource=resource)
print(json.dumps(token))
