"""An OpenID provider with real keys: it knows its client, checks PKCE, and can be made to answer falsely."""

from __future__ import annotations

import base64
import json
import secrets
import time
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, quote, unquote, urlencode, urlsplit

from joserfc import jwt
from joserfc.jwk import OctKey, RSAKey

from tests.fakes.http import Reply, Request, Server, faulty, reply_json
from whatsapp_hub.domain.accounts.oidc import challenge_of

CLIENT_ID, CLIENT_SECRET = "the hub", "a secret: of the client's"


_FIRST = RSAKey.generate_key(2048, {"kid": "first", "use": "sig"})


@dataclass
class Grant:
    """What a code stands for."""

    nonce: str
    challenge: str
    redirect_uri: str
    claims: dict[str, Any]


@dataclass
class Lies:
    """`claims`: instead of the true ones (None: left out). `key`: signs instead of the one that is shown."""

    claims: dict[str, Any] = field(default_factory=dict)
    header: dict[str, Any] = field(default_factory=dict)
    key: Any = None


class OpenId(Server):
    """`asked`: how often each path was. `says_email`: whether ID tokens have it, or only /userinfo."""

    def __init__(self, port: int = 0) -> None:
        super().__init__(port)
        self.key = _FIRST
        self.shown: list[Any] = [self.key]
        self.codes: dict[str, Grant] = {}
        self.tokens: dict[str, dict[str, Any]] = {}
        self.asked: list[str] = []
        self.lies = Lies()
        self.says_email = True
        self.document: dict[str, Any] = {}
        self.huge: set[str] = set()

    @property
    def issuer(self) -> str:
        return f"{self.url}/realm"

    def rotate(self) -> None:
        """Sign with another key from now on, and show the old one no more."""
        self.key = RSAKey.generate_key(2048, {"kid": secrets.token_hex(4), "use": "sig"})
        self.shown = [self.key]

    def comes_back(self, url: str, **claims: Any) -> str:
        """Let the person whose claims these are enter, and return where the browser is sent."""
        asked = {name: values[-1] for name, values in parse_qs(urlsplit(url).query).items()}
        assert asked["client_id"] == CLIENT_ID
        assert asked["response_type"] == "code"
        assert asked["code_challenge_method"] == "S256"
        assert "openid" in asked["scope"].split()
        code = secrets.token_urlsafe(16)
        self.codes[code] = Grant(asked["nonce"], asked["code_challenge"], asked["redirect_uri"], claims)
        return f"{asked['redirect_uri']}?{urlencode({'code': code, 'state': asked['state']})}"

    async def handle(self, request: Request) -> Reply:
        self.asked.append(request.path)
        fault = self.faults.take(request.path)
        if request.path in self.huge:
            return Reply(200, b'{"a": "' + b"a" * 3_000_000 + b'"}')
        usual = self._usual(request)
        return faulty(fault, usual) if fault else usual

    def _usual(self, request: Request) -> Reply:
        match request.path:
            case "/realm/.well-known/openid-configuration":
                return reply_json(self._document() | self.document)
            case "/jwks":
                return reply_json({"keys": [key.as_dict(private=False) for key in self.shown]})
            case "/token":
                return self._token(request)
            case "/userinfo":
                said = self.tokens.get(request.headers.get("authorization", "").removeprefix("Bearer "))
                return reply_json(said) if said else reply_json({"error": "invalid_token"}, 401)
        return reply_json({}, 404)

    def _document(self) -> dict[str, Any]:
        return {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.url}/authorize",
            "token_endpoint": f"{self.url}/token",
            "jwks_uri": f"{self.url}/jwks",
            "userinfo_endpoint": f"{self.url}/userinfo",
        }

    def _token(self, request: Request) -> Reply:
        if request.headers.get("authorization") != basic():
            return reply_json({"error": "invalid_client"}, 401)
        form = {name: values[-1] for name, values in parse_qs(request.body.decode()).items()}
        grant = self.codes.pop(form.get("code", ""), None)
        if (
            grant is None
            or grant.redirect_uri != form["redirect_uri"]
            or grant.challenge != challenge_of(form["code_verifier"])
        ):
            return reply_json({"error": "invalid_grant"}, 400)
        access = secrets.token_urlsafe(16)
        self.tokens[access] = dict(grant.claims)
        return reply_json({"access_token": access, "token_type": "Bearer", "id_token": self.id_token(grant)})

    def id_token(self, grant: Grant) -> str:
        now = int(time.time())
        said = {"iss": self.issuer, "aud": CLIENT_ID, "iat": now, "exp": now + 300, "nonce": grant.nonce}
        said |= {n: v for n, v in grant.claims.items() if self.says_email or not n.startswith("email")}
        said = {name: value for name, value in (said | self.lies.claims).items() if value is not None}
        key = self.lies.key or self.key
        header = {"alg": "RS256", "kid": key.kid} | self.lies.header
        if header["alg"] == "none":
            return f"{_part(header)}.{_part(said)}."
        return jwt.encode(
            {n: v for n, v in header.items() if v is not None}, said, key, algorithms=[str(header["alg"])]
        )


def shared_secret() -> Any:
    """The key of HS256, with which anybody who knows the client's secret could sign."""
    return OctKey.import_key(CLIENT_SECRET, {"kid": "first"})


def basic() -> str:
    pair = f"{quote(CLIENT_ID, safe='')}:{quote(CLIENT_SECRET, safe='')}"
    assert unquote(pair) == f"{CLIENT_ID}:{CLIENT_SECRET}"
    return f"Basic {base64.b64encode(pair.encode()).decode()}"


def _part(document: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(document).encode()).rstrip(b"=").decode()
