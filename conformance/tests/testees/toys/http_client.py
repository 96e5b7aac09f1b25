# A piece of a testee: it takes the place of a template's own pool, and uses its names.
# ruff: noqa: D100, F821, N802
OUT = {401: ("auth_rejected", 300), 429: ("rate_limited", 3600)}


class Pool:
    """A toy that rotates: fill first, one retry of a 429, then the next key."""

    def __init__(self, told):
        self.base_url = told["base_url"]
        self.entries = sorted(told["entries"], key=lambda entry: entry["priority"])
        self.out = {}
        self.counts = {entry["id"]: 0 for entry in self.entries}

    def ready(self):
        return [e for e in self.entries if self.out.get(e["id"], (None, 0))[1] <= now]

    def call(self, request, wait):
        attempts = []
        for entry in self.ready():
            for action in ("retry", "rotate"):
                response = self.send(entry, request)
                failure, seconds = OUT.get(response.status, ("ok", 0))
                if not seconds:
                    return response, [*attempts, self.attempt(entry, failure, "deliver")]
                if action == "rotate" or failure != "rate_limited":
                    self.out[entry["id"]] = failure, now + seconds
                    attempts.append(self.attempt(entry, failure, "rotate"))
                    break
                attempts.append(self.attempt(entry, failure, "retry"))
        attempts[-1]["action"] = "deliver"
        return response, attempts

    def attempt(self, entry, failure, action):
        return {"entry": entry["id"], "class": failure, "action": action}

    def send(self, entry, request):
        self.counts[entry["id"]] += 1
        base = urlsplit(entry["base_url"] or self.base_url)
        headers = request["headers"] | {"authorization": f"Bearer {entry['secret']}"}
        connection = http.client.HTTPConnection(base.netloc, timeout=10)
        body = json.dumps(request["body"])
        connection.request("POST", base.path + request["path"], body, headers)
        return connection.getresponse()

    def inspect(self):
        rows = []
        for id_, count in self.counts.items():
            failure, until = self.out.get(id_, (None, 0))
            row = {"id": id_, "status": "ok", "models": {}, "request_count": count}
            if until > now:
                row |= {"status": "exhausted", "class": failure, "until": until}
            rows.append(row)
        return {"entries": rows}
