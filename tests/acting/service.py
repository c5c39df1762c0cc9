"""A service of one release: says its version, and is not well while the file `broken` lies in its folder."""

import json, os, sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

here = os.path.dirname(os.path.realpath(__file__))
version = open(here + "/VERSION").read().strip()


class Answer(BaseHTTPRequestHandler):
    def do_GET(self):
        broken = os.path.join(here, "broken")
        why = open(broken).read().strip() if os.path.exists(broken) else None
        status = 503 if why else 200
        report = {"status": "Unhealthy" if why else "Healthy", "version": version, "entries": {
            "database": {"status": "Unhealthy" if why else "Healthy", "description": why}}}
        body = json.dumps(report).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *ignored):
        pass


ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Answer).serve_forever()
