"""LiteLLM Router as a subject: one deployment for each key, and every setting the default.

What it sends is compared with the openai SDK, on which it is built.
"""

import os
import time
from functools import partial

os.environ |= {
    "LITELLM_LOCAL_MODEL_COST_MAP": "True",
    "LITELLM_LOCAL_ANTHROPIC_BETA_HEADERS": "True",
}
import litellm  # these two settings are read when it is imported
import openai
from talk import BODY, at_once, key, parse_row, serve, timed_bursts

litellm.suppress_debug_info = True
NAME = "gpt-5"


def router(keys, url):
    made = [
        {
            "model_name": NAME,
            "litellm_params": {"model": f"openai/{NAME}", "api_key": secret, "api_base": url},
        }
        for secret in keys
    ]
    return litellm.Router(model_list=made)


def select(entries, strategy="fill_first", store="memory", path=None, payers=False):
    """Choose; beside it, parse one entry's row."""
    made, said = router(map(key, range(entries)), "http://127.0.0.1:1/v1"), BODY["messages"]

    def choose():
        made.get_available_deployment(NAME, messages=said)

    return {"pool": choose, "row": parse_row()}


def both(url, base="/v1"):
    bare = openai.OpenAI(api_key=key(0), base_url=f"{url}{base}", max_retries=0)
    return bare.chat.completions.create, router(map(key, range(3)), f"{url}{base}").completion


def sdk(url, path):
    """Send a request by the openai SDK, and through the Router."""
    bare, pooled = both(url)
    return {"bare": lambda: bare(**BODY) and None, "pool": lambda: pooled(**BODY) and None}


def stream(url, path):
    """Read a stream of 300 events; its first event is timed too."""
    bare, pooled = both(url, "/v1/stream")
    return {"bare": partial(read, bare), "pool": partial(read, pooled)}


def read(send):
    begun, first = time.perf_counter_ns(), None
    for _ in send(stream=True, **BODY):
        first = first or time.perf_counter_ns() - begun
    return {"first": first}


def dead_key(url, path, threads=32):
    """Call from many threads while the first key has no money; beside it, while all is well."""

    def prepared(first):
        made = router([first, key(1), key(2)], f"{url}/v1")
        return lambda: {"errors": len(at_once(lambda: made.completion(**BODY), threads))}

    return timed_bursts(url, prepared)


if __name__ == "__main__":
    serve({task.__name__: task for task in (select, sdk, stream, dead_key)})
