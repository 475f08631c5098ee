"""
A conversion webhook as a process of its own, as a cluster has one: `python webhook_process.py CERTIFICATE`.

It listens on loopback, prints its port, and has kites of v1 fly on a `tail` that is a `line` in v2.
"""

from __future__ import annotations

import json
import ssl
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

NAMES = {"v1": ("line", "tail"), "v2": ("tail", "line")}


def converted(review: dict[str, Any]) -> dict[str, Any]:
    """The review, answered; a kite named `stuck` cannot be converted."""
    request = review["request"]
    target = request["desiredAPIVersion"]
    old, new = NAMES[target.rpartition("/")[2]]
    answer: dict[str, Any] = {"uid": request["uid"], "result": {"status": "Success"}, "convertedObjects": []}
    for one in request["objects"]:
        if one["metadata"]["name"] == "stuck":
            answer["result"] = {"status": "Failure", "message": "it hangs in a tree"}
        spec = {new if name == old else name: value for name, value in one["spec"].items()}
        answer["convertedObjects"].append({**one, "apiVersion": target, "spec": spec})
    return {"kind": review["kind"], "apiVersion": review["apiVersion"], "response": answer}


class Handler(BaseHTTPRequestHandler):
    """Reviews at any path."""

    def do_POST(self) -> None:
        """Answer one."""
        body = json.dumps(converted(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Nothing is to be read."""


def main() -> None:
    """Serve until the process is ended."""
    server = HTTPServer(("127.0.0.1", 0), Handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(sys.argv[1])
    server.socket = context.wrap_socket(server.socket, server_side=True)
    sys.stdout.write(f"{server.server_port}\n")
    sys.stdout.flush()
    server.serve_forever()


if __name__ == "__main__":
    main()
