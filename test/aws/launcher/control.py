"""The launcher's own paths, beside moto's /moto-api/: what tests set, and what AWS would never tell.

POST /larder/times     {"creating": 500, ...}      milliseconds by kind of change
POST /larder/failures  [{"operation": ..}, ...]     replaces the list
GET  /larder/failures                               what is left of it
GET  /larder/secrets?account=..&region=..           passwords of users and tokens of groups, which no call of AWS returns
"""

import json
from typing import Any
from urllib.parse import parse_qs

from moto.elasticache.models import elasticache_backends

from endpoint_state import FAILURES, LOCK, TIMES, Failure

PREFIX = "/larder/"


class Control:
    """WSGI: answers the launcher's own paths, hands on the rest."""

    def __init__(self, application: Any) -> None:
        self.application = application

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Any:
        path = environ.get("PATH_INFO", "")
        if not path.startswith(PREFIX):
            return self.application(environ, start_response)
        length = int(environ.get("CONTENT_LENGTH") or 0)
        body = json.loads(environ["wsgi.input"].read(length) or b"null")
        query = {key: values[0] for key, values in parse_qs(environ.get("QUERY_STRING", "")).items()}
        with LOCK:
            answer = answer_to(environ["REQUEST_METHOD"], path.removeprefix(PREFIX), query, body)
        start_response("200 OK", [("Content-Type", "application/json")])
        return [json.dumps(answer).encode()]


def answer_to(method: str, path: str, query: dict[str, str], body: Any) -> Any:
    match (method, path):
        case ("POST", "times"):
            unknown = set(body) - set(TIMES)
            if unknown:
                raise ValueError(f"no such kind of change: {', '.join(sorted(unknown))}")
            TIMES.update(body)
            return TIMES
        case ("POST", "failures"):
            FAILURES[:] = [Failure(**each) for each in body]
            return None
        case ("GET", "failures"):
            return [failure.__dict__ for failure in FAILURES if failure.times > 0]
        case ("GET", "secrets"):
            return secrets(query["account"], query["region"])
    raise ValueError(f"no such path: {method} {PREFIX}{path}")


def secrets(account: str, region: str) -> dict[str, Any]:
    backend = elasticache_backends[account][region]
    return {
        "passwords": {user.id: user.passwords for user in backend.users.values()},
        "authTokens": {
            group.replication_group_id: group.auth_tokens
            for group in backend.replication_groups.values()
            if getattr(group, "auth_tokens", None)
        },
    }
