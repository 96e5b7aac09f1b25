"""LiteLLM Router: one deployment for each entry, in the order that `litellm_params.order` gives.

`Router.completion` is called as its documentation shows; every setting but `order` is the default,
and without a strategy it is left out too: the Router then shuffles.
Its cooldowns are kept by a compiled library, so libfaketime gives this process the suite's time.
The Router takes no key from the caller, so a placeholder key in a header is left out.
"""

import importlib.metadata
import os
import time
import warnings

from shell import Refused, Shell, exhausted, faked_time

faked_time()
os.environ |= {
    "AZURE_API_VERSION": "2024-10-21",  # it asks for one
    "LITELLM_LOCAL_MODEL_COST_MAP": "True",
    "LITELLM_LOCAL_ANTHROPIC_BETA_HEADERS": "True",
}
import litellm  # these two settings are read when it is imported

litellm.ssl_verify = False  # nothing here is encrypted

warnings.simplefilter("ignore")  # of members that move
# Who has no name of his own there is reached as its documentation says: as one like OpenAI's.
ALIKE = "generic groq new-api siliconflow opencode kimi-code github-models huggingface ollama-cloud"
OWN = "alibaba=dashscope azure-openai=azure cohere=cohere_chat fireworks=fireworks_ai"
OWN += " nvidia=nvidia_nim together=together_ai anthropic cerebras deepseek gemini minimax mistral"
OWN += " moonshot openai openrouter volcengine xai zai"
PREFIXES = dict.fromkeys(ALIKE.split(), "openai")
PREFIXES |= {own.partition("=")[0]: own.partition("=")[2] or own for own in OWN.split()}
KEYS = ("authorization", "x-api-key", "x-goog-api-key", "api-key", "content-type")
HELLO = {
    "name": "LiteLLM Router",
    "version": importlib.metadata.version("litellm"),
    "clock": "virtual",
    "providers": sorted(PREFIXES),
    "strategies": ["fill_first"],
    "credentials": ["api_key"],
    "policy": [],
    "tells": ["until"],
    "translates": ["request", "reply"],
    "retries_faults": True,
}


class Adapter:
    def configure(self, pool, randoms):
        self.pool, self.routers, self.strategy = pool, {}, pool["strategy"]
        if self.strategy not in (None, "fill_first"):
            try:
                self.router("gpt-5")
            except ValueError as error:
                raise Refused("unknown_strategy", str(error)) from error

    def restart(self):
        self.routers = {}

    def router(self, model):
        """Make the Router of a model when its first request comes: a deployment names its model."""
        if model not in self.routers:
            named = self.strategy not in (None, "fill_first")
            own = {"routing_strategy": self.strategy} if named else {}
            entries = sorted(self.pool["entries"], key=lambda entry: entry["priority"])
            deployments = [self.deployment(entry, model, at) for at, entry in enumerate(entries, 1)]
            self.routers[model] = litellm.Router(model_list=deployments, **own)
        return self.routers[model]

    def deployment(self, entry, model, place):
        params = {"model": f"{PREFIXES[self.pool['provider']]}/{model}", "api_key": entry["secret"]}
        params["api_base"] = entry["base_url"] or self.pool["base_url"]
        if self.strategy == "fill_first":
            params["order"] = place
        return {"model_name": model, "litellm_params": params, "model_info": {"id": entry["id"]}}

    def call(self, call):
        asked = call.request
        body = {"model": asked["path"].rpartition("/")[2].partition(":")[0]} | asked["body"]
        own = {k: v for k, v in asked["headers"].items() if k.lower() not in KEYS}
        try:
            reply = self.router(body["model"]).completion(**body, extra_headers=own)
            head, text = {"status": 200, "headers": {}}, ""
            if asked["stream"]:
                for number, chunk in enumerate(reply):
                    text += chunk.model_dump_json() + "\n"
                    if not number:
                        call.tell("streaming", **head, body=text)
            call.tell("delivered", **head, body=text or reply.model_dump_json())
        except litellm.types.router.RouterRateLimitError as error:
            over = exhausted(self.states()) | {"returns_at": shell.now + error.cooldown_time}
            call.tell("exhausted", body=str(error), exhausted=over)
        except (litellm.APIConnectionError, litellm.Timeout) as error:
            call.tell("failed", body=str(error))
        except litellm.exceptions.MidStreamFallbackError as error:
            call.tell("failed", body=str(error))
        except Exception as error:
            if not isinstance(getattr(error, "status_code", None), int):
                raise
            headers = getattr(error, "litellm_response_headers", None) or {}
            stored = {k.lower(): v for k, v in dict(headers).items()}
            call.tell("delivered", status=error.status_code, headers=stored, body=str(error))

    def states(self):
        ids = [e["id"] for e in self.pool["entries"]]
        active = {}
        for router in self.routers.values():
            active |= dict(router.cooldown_cache.get_active_cooldowns(ids, None))
        until = {i: c["timestamp"] + c["cooldown_time"] for i, c in active.items()}
        status = {i: "exhausted" if i in until else "ok" for i in ids}
        return [{"id": i, "status": status[i], "until": until.get(i), "models": {}} for i in ids]


shell = Shell(HELLO, Adapter())
time.sleep = shell.sleep
shell.serve()
