# A piece of a testee: it takes the place of a template's own pool, and uses its names.
# ruff: noqa: D100, F821
class Pool:
    """A toy that picks keys: the first that is not out, with one retry of a 429."""

    def __init__(self, told):
        self.base_url = told["base_url"]
        self.entries = {e["id"]: e for e in sorted(told["entries"], key=lambda e: e["priority"])}
        self.until, self.marked = dict.fromkeys(self.entries, 0), set()

    def pick(self):
        return next((name for name in self.entries if self.until[name] <= now), None)

    def report(self, name, reply):
        seconds = {401: 300, 429: 3600}.get(reply.status, 0)
        if reply.status == 429 and name not in self.marked:
            self.marked.add(name)
            return True
        self.marked.discard(name)
        if seconds:
            self.until[name] = now + seconds
        return bool(seconds)

    def inspect(self):
        out = {name: "exhausted" if until > now else "ok" for name, until in self.until.items()}
        rows = [{"id": name, "status": status, "models": {}} for name, status in out.items()]
        return {"entries": [row | {"request_count": 0} for row in rows]}

    def call(self, request, wait):
        response, attempts, again = None, [], True
        while again and (name := self.pick()) is not None:
            response = self.send(self.entries[name], request)
            again = self.report(name, response)
            attempts += [{"entry": name, "class": None, "action": "rotate" if again else "deliver"}]
        if response is None:
            raise http.client.HTTPException
        return response, attempts

    def send(self, entry, request):
        base = urlsplit(entry["base_url"] or self.base_url)
        headers = request["headers"] | {"authorization": f"Bearer {entry['secret']}"}
        connection = http.client.HTTPConnection(base.netloc, timeout=10)
        body = json.dumps(request["body"])
        connection.request("POST", base.path + request["path"], body, headers)
        response = connection.getresponse()
        if response.status >= 300:
            said = response.read()
            response.read = lambda: said
        return response
