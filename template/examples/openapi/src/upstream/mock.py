"""A mock of the API: `python src/upstream/mock.py`.

It knows each operation's path and required parameters, and requires the API's credentials. It answers with the examples
in the description, in two pages if the API has pages. It uses only the standard library; the plugin does not need it.
"""

import argparse
import json
import re
from dataclasses import dataclass, field
from functools import cached_property
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

DESCRIPTION = Path(__file__).with_name("description.json")
SECOND = "second-page"


@dataclass(frozen=True)
class Received:
    """A received request; header names are in lower case."""

    method: str
    path: str
    query: dict[str, Any]
    headers: dict[str, str]
    body: bytes = field(default=b"", repr=False)

    @cached_property
    def document(self) -> Any:
        """The body, as JSON or as a form."""
        if "form" in self.headers.get("content-type", ""):
            return {name: values[-1] for name, values in parse_qs(self.body.decode()).items()}
        return json.loads(self.body) if self.body else None

    def value(self, parameter: dict[str, Any]) -> Any:
        """Return the value of a parameter; None if the request lacks it."""
        name, location = parameter["name"], parameter["location"]
        if location == "query":
            return self.query.get(name, [None])[-1]
        if location == "header":
            return self.headers.get(name.lower())
        if location == "cookie":
            return f"{name}=" in self.headers.get("cookie", "") or None
        return find(self.document, parameter["path"])


@dataclass(frozen=True)
class Reply:
    """A response: a JSON value, a status and headers."""

    value: Any
    status: HTTPStatus = HTTPStatus.OK
    headers: dict[str, str] = field(default_factory=dict)


class Mock(ThreadingHTTPServer):
    """The API on one address; port 0 chooses a free port, and `url` has its number."""

    daemon_threads = True

    def __init__(self, *, host: str = "127.0.0.1", port: int = 0, description: Path = DESCRIPTION) -> None:
        super().__init__((host, port), Handler)
        model = json.loads(description.read_text(encoding="utf-8"))["data_source"]
        self.credentials = {each["name"]: each for each in model.get("auth", [])}
        self.operations = sorted(model["operations"], key=lambda each: each["path"].count("{"))
        self.received: list[Received] = []
        self.is_empty = False  # answer without rows
        self.failure = ""  # if not empty, answer with this error

    @property
    def url(self) -> str:
        """The address of this server."""
        return f"http://127.0.0.1:{self.server_address[1]}"

    def respond(self, request: Received) -> Reply:
        """Answer one request."""
        self.received.append(request)
        operation = next((each for each in self.operations if is_for(each, request)), None)
        if operation is None:
            return Reply({"message": f"there is no {request.method} {request.path}"}, HTTPStatus.NOT_FOUND)
        if not self.is_authorized(request, operation):
            return refuse(operation, "the request has no credential", HTTPStatus.UNAUTHORIZED)
        for parameter in operation.get("parameters", []):
            if parameter.get("is_required") and parameter["location"] != "path" and request.value(parameter) is None:
                return refuse(operation, f"{parameter['name']} is missing", HTTPStatus.BAD_REQUEST)
        body_type = operation.get("body_type", "")
        if request.body and request.headers.get("content-type") != body_type:
            return refuse(operation, f"the body must be {body_type or 'empty'}", HTTPStatus.UNSUPPORTED_MEDIA_TYPE)
        if self.failure:
            return refuse(operation, self.failure, HTTPStatus.SERVICE_UNAVAILABLE)
        return page_of(operation, request, is_empty=self.is_empty)

    def is_authorized(self, request: Received, operation: dict[str, Any]) -> bool:
        """Tell whether a request has all credentials of one of the operation's alternatives."""
        alternatives = [*operation.get("auth", []), *([name] for name in operation.get("optional_auth", []))]
        is_needed = bool(operation.get("auth"))
        return not is_needed or any(all(self.has_credential(request, name) for name in names) for names in alternatives)

    def has_credential(self, request: Received, name: str) -> bool:
        """Tell whether a request has one credential."""
        credential = self.credentials[name]
        kind, key = credential["kind"], credential.get("key_name", "")
        if kind != "api_key":
            return request.headers.get("authorization", "").startswith("Basic " if kind == "basic" else "Bearer ")
        places = {"query": request.query, "header": request.headers}
        if credential["key_location"] == "cookie":
            return f"{key}=" in request.headers.get("cookie", "")
        return (key.lower() if credential["key_location"] == "header" else key) in places[credential["key_location"]]


def is_for(operation: dict[str, Any], request: Received) -> bool:
    """Tell whether a request is for an operation."""
    parts = re.split(r"\{[^{}]*\}", operation["path"])
    return operation["method"] == request.method and bool(
        re.fullmatch("[^/]+".join(map(re.escape, parts)), request.path)
    )


def refuse(operation: dict[str, Any], text: str, status: HTTPStatus) -> Reply:
    """Make an error response, with its text at the same key as in the API's errors."""
    body: dict[str, Any] = {}
    put(body, operation.get("error_path") or ["message"], text)
    return Reply(body, status)


def page_of(operation: dict[str, Any], request: Received, *, is_empty: bool) -> Reply:
    """Return the example, or the page after it, which has no rows."""
    response, pages = operation["response"], operation.get("pagination") or {}
    body, headers = json.loads(response["example"]), {}
    is_first = not is_empty and not is_second(operation, pages, request)
    rows = find(body, response["row_path"])
    if is_empty and response["shape"] == "object":
        body = put(body, response["row_path"], None)
    elif not is_first and isinstance(rows, list | dict):
        body = put(body, response["row_path"], type(rows)())
    has_next = is_first and pages.get("kind") != "unknown"
    if "total_path" in pages:
        put(body, pages["total_path"], len(rows) if isinstance(rows, list | dict) else 0)
    if "has_more_path" in pages:
        put(body, pages["has_more_path"], has_next)
    next_url = f"{request.path}?{urlencode({**request.query, SECOND: '1'}, doseq=True)}"
    if "next_path" in pages:
        put(body, pages["next_path"], (next_url if pages["kind"] == "next_url" else SECOND) if has_next else None)
    elif pages.get("kind") == "link" and is_first:
        headers["Link"] = f'<{next_url}>; rel="next"'
    return Reply(body, headers=headers)


def is_second(operation: dict[str, Any], pages: dict[str, Any], request: Received) -> bool:
    """Tell whether a request is for a page after the first."""
    if SECOND in request.query:
        return True
    name = pages.get("parameter", "")
    parameter = next((each for each in operation.get("parameters", []) if each["identifier"] == name), None)
    value = None if parameter is None else request.value(parameter)
    if value is None:
        return False
    return pages["kind"] == "cursor" or str(value) != str(pages.get("first", 1))


def find(value: Any, keys: list[str]) -> Any:
    """Return the value at a path of keys; None if there is none."""
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    return value


def put(body: Any, keys: list[str], value: Any) -> Any:
    """Set the value at a path of keys, and return the whole document."""
    if not keys:
        return value
    if keys[0] == "0":
        return [put(None, keys[1:], value)]
    inside = body if isinstance(body, dict) else {}
    inside[keys[0]] = put(inside.get(keys[0]), keys[1:], value)
    return inside


class Handler(BaseHTTPRequestHandler):
    """Reads a request, and sends the server's reply."""

    server: Mock

    def do_GET(self) -> None:
        """Answer a request."""
        url = urlsplit(self.path)
        received = Received(
            self.command,
            url.path,
            parse_qs(url.query, keep_blank_values=True),
            {name.lower(): value for name, value in self.headers.items()},
            self.rfile.read(int(self.headers.get("Content-Length") or 0)),
        )
        reply = self.server.respond(received)
        body = json.dumps(reply.value).encode()
        self.send_response(reply.status)
        for name, value in {
            "Content-Type": "application/json",
            "Content-Length": str(len(body)),
            **reply.headers,
        }.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self) -> None:
        """Answer a request with a body."""
        self.do_GET()


def main() -> None:
    """Serve until interrupted."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8000)
    arguments = parser.parse_args()
    with Mock(host=arguments.host, port=arguments.port) as server:
        print(f"The mock listens on {server.url}", flush=True)
        server.serve_forever()


if __name__ == "__main__":
    main()
