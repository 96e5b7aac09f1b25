"""Hermes Agent: its credential pool, driven as its conversation loop drives it.

The pool, the reading of errors and the recovery are the product's.  The loop around them stands in
agent/conversation_loop.py between 1217 and 4400, inside one function; it is followed here step by
step, without fallback and without compression: three attempts, recovery first, then a wait.
The caller sends.  `random` takes no draws from outside, so it is not declared.
"""

import importlib.metadata
import json
import os
import tempfile
from pathlib import Path

HOME = Path(tempfile.mkdtemp())
os.environ.clear()
os.environ |= {"HOME": str(HOME), "HERMES_HOME": str(HOME)}

import httpx
import openai
from shell import Shell, exhausted, with_key

SAME = "anthropic openrouter gemini xai zai deepseek nvidia huggingface ollama-cloud copilot nous"
OWN = {name: name for name in SAME.split()} | {"openai": "openai-api", "kimi-code": "kimi-coding"}
OWN |= {"chatgpt": "openai-codex", "generic": "custom:gallery"}
HELLO = {"name": "Hermes Agent", "version": importlib.metadata.version("hermes-agent")}
HELLO |= {"clock": "virtual", "sends": "caller", "retries_faults": True, "tells": ["until"]}
HELLO |= {"credentials": ["api_key", "oauth"], "policy": [], "providers": sorted(OWN)}
HELLO |= {"strategies": ["fill_first", "round_robin", "least_used"]}
CLIENT = httpx.Client(verify=False)  # nothing here is encrypted
NOBODY = httpx.Request("POST", "http://nobody")
SDK = openai.OpenAI(api_key="none", http_client=CLIENT)


class Agent:
    """The parts of an agent that the recovery uses: the pool, and the credential in use."""

    def __init__(self, pool, provider, entry):
        self._credential_pool, self.provider = pool, provider
        self.api_mode = "anthropic_messages" if provider == "anthropic" else "chat_completions"
        self._is_entitlement_failure = AIAgent._is_entitlement_failure
        self._swap_credential(entry)

    def _swap_credential(self, entry):
        self.api_key, self.base_url = entry.runtime_api_key, entry.runtime_base_url


class Adapter:
    def configure(self, pool, randoms):
        self.told, self.provider = pool, OWN[pool["provider"]]
        rows = {self.provider: [self.row(entry) for entry in pool["entries"]]}
        (HOME / "auth.json").write_text(json.dumps({"version": 1, "credential_pool": rows}))
        strategy = {self.provider: pool["strategy"]} if pool["strategy"] else {}
        (HOME / "config.yaml").write_text(json.dumps({"credential_pool_strategies": strategy}))
        self.restart()

    def restart(self):
        self.pool = load_pool(self.provider)

    def row(self, entry):
        row = {k: entry[k] for k in ("id", "label", "auth_type", "priority")} | {"source": "manual"}
        base = entry["base_url"] or self.told["base_url"]
        return row | {"access_token": entry["secret"] or "", "base_url": base}

    def call(self, call):
        entry = self.pool.select()
        if entry is None:
            return call.tell("exhausted", exhausted=exhausted(self.states()))
        agent, retried, failures = Agent(self.pool, self.provider, entry), False, 0
        while True:
            reply, error = self.send(call.request, agent)
            if error is None:
                break
            found = classify_api_error(error, provider=self.provider, model="gpt-5")
            status, context = getattr(error, "status_code", None), extract_api_error_context(error)
            known = {"status_code": status, "error_context": context, "has_retried_429": retried}
            known["classified_reason"] = found.reason
            recovered, retried = recover_with_credential_pool(agent, **known)
            failures += not recovered
            if not recovered and (failures >= 3 or found.should_compress or not found.retryable):
                break
            if not recovered:
                call.wait(shell.now + self.pause(found, reply, failures))
        if reply is None:
            return call.tell("failed", body=str(error))
        call.deliver(reply)

    def send(self, asked, agent):
        """Send once, as the SDK does, and return its reply and the SDK's exception."""
        headers = with_key(asked["headers"], agent.api_key)
        url = agent.base_url + asked["path"]
        try:
            reply = CLIENT.request(asked["method"], url, headers=headers, json=asked["body"])
        except (httpx.HTTPError, httpx.InvalidURL, UnicodeError) as error:
            return None, openai.APIConnectionError(message=type(error).__name__, request=NOBODY)
        return reply, None if reply.is_success else SDK._make_status_error_from_response(reply)

    def pause(self, found, reply, failures):
        limited = found.reason.value in ("rate_limit", "billing", "upstream_rate_limit")
        after = reply.headers.get("retry-after", "") if limited and reply is not None else ""
        seconds = min(float(after), 600) if after.replace(".", "", 1).isdigit() else 0
        return seconds or jittered_backoff(failures, base_delay=2.0, max_delay=60.0)

    def states(self):
        return [self.state(entry) for entry in self.pool.entries()]

    def state(self, entry):
        status = entry.last_status if entry.last_status in ("exhausted", "dead") else "ok"
        return {"id": entry.id, "status": status, "until": _exhausted_until(entry), "models": {}}


shell = Shell(HELLO, Adapter())
shell.patch_time(monotonic=False)
from agent.agent_runtime_helpers import extract_api_error_context, recover_with_credential_pool
from agent.credential_pool import _exhausted_until, load_pool
from agent.error_classifier import classify_api_error
from agent.retry_utils import jittered_backoff
from run_agent import AIAgent

shell.serve()
