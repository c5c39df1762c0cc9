"""A service as the deck expects it: three health endpoints, the second with a report like that of ASP.NET Core.

Started as `dotnet Dhanman.Sales.dll --urls http://localhost:5006` in its folder: it logs into the folder `logs`, takes its
settings from `appsettings.Production.json` (or that of another environment), and tells the version in `version.txt`.
Files in its folder break it: with `broken` it says that it is not ready, with `crash` it ends as soon as it starts.
GET /eat takes memory until somebody stops it.
"""

import json, os, sys, threading, time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

name = os.path.basename(sys.argv[0]).split(".")[1].lower()
port = int(sys.argv[2].rsplit(":", 1)[1])
settings = "appsettings.%s.json" % os.environ["ASPNETCORE_ENVIRONMENT"]
began = time.monotonic()

if os.path.exists("crash"):
    print("crashing, as was asked", flush=True)
    sys.exit(7)

version = open("version.txt").read().strip() if os.path.exists("version.txt") else "9.4.1"
# Who may not write there does not start.
open("logs/%s.log" % name, "a").write("version %s starts\n" % version)


def trouble():
    if os.path.exists("broken"):
        return "no connection to prod-dhanman-" + name
    try:
        return None if json.load(open(settings))["ConnectionStrings"]["DefaultConnection"] else "no connection string"
    except (OSError, ValueError, KeyError) as error:
        return "no connection string: %s" % error


def part(status, detail=None):
    return {"status": status, "duration": "00:00:00.0021340", "description": detail, "data": {}, "tags": ["ready"]}


def ready():
    why = trouble()
    database = part("Unhealthy", why) if why else part("Healthy")
    report = {"status": database["status"], "totalDuration": "00:00:00.0043210", "version": version,
              "entries": {"npgsql": database, "rabbitmq": part("Healthy")}}
    return (503 if why else 200), json.dumps(report), "application/json"


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
