# A piece of a testee: it takes the place of a template's own pool, and uses its names.
# ruff: noqa: D100, F821, N802
class Toy(http.server.BaseHTTPRequestHandler):
    """A toy gateway that rotates: the next key after a refusal, once for a 429."""

    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"]))
        for entry in pool.ready() or pool.entries[:1]:
            reply = self.ask(entry, body)
            if reply.status == 429:
                reply = self.ask(entry, body)
            if reply.status not in (401, 429):
                break
            pool.out.add(entry["id"])
        self.send_response(reply.status)
        self.end_headers()
        self.wfile.write(reply.read())

    def ask(self, entry, body):
        base = urlsplit(entry["base_url"] or pool.base_url)
        kept = {
            k: v for k, v in self.headers.items() if k.lower() not in ("host", "content-length")
        }
        headers = kept | {"authorization": f"Bearer {entry['secret']}"}
        upstream = http.client.HTTPConnection(base.netloc, timeout=10)
        upstream.request("POST", base.path + self.path, body, headers)
        return upstream.getresponse()


toy = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Toy)
threading.Thread(target=toy.serve_forever, daemon=True).start()


class Pool:
    """The toy's keys, and a caller of it."""

    def __init__(self, told):
        self.base_url, self.out = told["base_url"], set()
        self.entries = sorted(told["entries"], key=lambda entry: entry["priority"])

    def ready(self):
        return [entry for entry in self.entries if entry["id"] not in self.out]

    def call(self, request, wait):
        connection = http.client.HTTPConnection(f"127.0.0.1:{toy.server_port}", timeout=30)
        connection.request("POST", request["path"], json.dumps(request["body"]), request["headers"])
        return connection.getresponse(), []

    def inspect(self):
        rows = [
            {"id": e["id"], "status": "exhausted" if e["id"] in self.out else "ok"}
            for e in self.entries
        ]
        return {"entries": [row | {"models": {}, "request_count": 0} for row in rows]}
