"""A service as the deck expects it: three health endpoints, the second with a report like that of ASP.NET Core.

Files in its folder break it: with `broken` it says that it is not ready, with `crash` it ends as soon as it starts.
GET /eat takes memory until somebody stops it.
"""

import json, os, sys, threading, time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

name, port = sys.argv[1], int(sys.argv[2])
began = time.monotonic()

if os.path.exists("crash"):
    print("crashing, as was asked", flush=True)
    sys.exit(7)


def part(status, detail=None):
    return {"status": status, "duration": "00:00:00.0021340", "description": detail, "data": {}, "tags": ["ready"]}


def ready():
    broken = os.path.exists("broken")
    database = part("Unhealthy", "no connection to prod-dhanman-" + name) if broken else part("Healthy")
    report = {"status": database["status"], "totalDuration": "00:00:00.0043210", "version": "9.4.1",
              "entries": {"npgsql": database, "rabbitmq": part("Healthy")}}
    return (503 if broken else 200), json.dumps(report), "application/json"


def answer(path):
    if path == "/health/ready":
        return ready()
    if path == "/health/startup" and time.monotonic() - began < 0.3:
        return 503, "Unhealthy", "text/plain"
    return 200, "Healthy", "text/plain"


def eat():
    kept = []
    while True:
        kept.append(os.urandom(1 << 20))


class Answer(BaseHTTPRequestHandler):
    def do_GET(self):
        if self.path == "/eat":
            threading.Thread(target=eat, daemon=True).start()
        status, body, kind = answer(self.path)
        body = body.encode()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


print("listening on port %d" % port, flush=True)
ThreadingHTTPServer(("127.0.0.1", port), Answer).serve_forever()
