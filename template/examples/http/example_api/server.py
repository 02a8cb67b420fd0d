"""A JSON API with sample sales per region: `python -m example_api.server` starts it; request /sales with the token.

The numbers are computed from the requested times only, so the same request always gets the same response.
"""

import argparse
import json
import math
import os
from datetime import UTC, datetime
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

REGIONS = {"north": 80.0, "south": 40.0}
MOST_ROWS = 100_000


def sales(query: dict[str, str]) -> list[dict[str, Any]]:
    """Return one row per region and step between `from` and `to` (ISO 8601); `step` is in seconds."""
    start, end = (datetime.fromisoformat(query[key]).timestamp() for key in ("from", "to"))
    step = max(float(query.get("step", "60")), 1.0)
    first, last = math.ceil(start / step), math.floor(end / step)
    if (last - first) * len(REGIONS) > MOST_ROWS:
        raise ValueError("too many rows: choose a longer step")
    return [
        {
            "time": datetime.fromtimestamp(tick * step, UTC).isoformat(),
            "region": region,
            "value": round(level + 10 * math.sin(tick * step / 300), 3),
        }
        for tick in range(first, last + 1)
        for region, level in REGIONS.items()
    ]


class Handler(BaseHTTPRequestHandler):
    """Checks the token, then sends a response."""

    server: "Server"

    def do_GET(self) -> None:
        """Answer /health and /sales."""
        url = urlsplit(self.path)
        if self.headers.get("Authorization") != f"Bearer {self.server.token}":
            self.answer({"message": "wrong token"}, HTTPStatus.UNAUTHORIZED)
        elif url.path == "/health":
            self.answer({"status": "ok"})
        elif url.path == "/sales":
            try:
                self.answer(sales({key: values[-1] for key, values in parse_qs(url.query).items()}))
            except (KeyError, ValueError) as error:
                self.answer({"message": f"bad request: {error}"}, HTTPStatus.BAD_REQUEST)
        else:
            self.answer({"message": f"there is no {url.path}"}, HTTPStatus.NOT_FOUND)

    def answer(self, value: Any, status: HTTPStatus = HTTPStatus.OK) -> None:
        """Send a JSON response."""
        body = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


class Server(ThreadingHTTPServer):
    """The API on one address; port 0 chooses a free port, and `url` has its number."""

    daemon_threads = True

    def __init__(self, token: str, *, host: str = "127.0.0.1", port: int = 0) -> None:
        super().__init__((host, port), Handler)
        self.token = token

    @property
    def url(self) -> str:
        """The address of this server."""
        return f"http://127.0.0.1:{self.server_address[1]}"


def main() -> None:
    """Serve until interrupted."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8000)
    arguments = parser.parse_args()
    token = os.environ.get("EXAMPLE_API_TOKEN", "example-token")
    with Server(token, host=arguments.host, port=arguments.port) as server:
        print(f"The example API listens on {server.url}")
        server.serve_forever()


if __name__ == "__main__":
    main()
