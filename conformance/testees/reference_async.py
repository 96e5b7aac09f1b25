"""The reference library under test, with asynchronous clients: its calls are tasks of one event loop.

All but how a call is made, and how it waits, is that of `reference.py`.
"""

import asyncio
import sys
import threading
from functools import partial
from pathlib import Path
from types import SimpleNamespace

sys.path.insert(0, str(Path(__file__).parent))

import reference

import credpool
from credpool.login import login_by_device_async


class Testee(reference.Testee):
    """Send with an `AsyncClient`, in a loop that has a thread of its own."""

    def __init__(self, emit, library="httpx"):
        super().__init__(emit, library)
        client = partial(self.http.AsyncClient, verify=reference.TRUST)
        self.clients = {yes: client(follow_redirects=yes) for yes in (False, True)}
        self.loop = asyncio.new_event_loop()
        threading.Thread(target=self.loop.run_forever, daemon=True).start()

    def begin(self, call, message):
        if message.get("flow") == "pkce":  # a login by browser has no asynchronous twin
            super().begin(call, message)
            return
        queue, soon = asyncio.Queue(), self.loop.call_soon_threadsafe
        call.resumed = SimpleNamespace(put=partial(soon, queue.put_nowait), get=queue.get)
        work = {"call": self.run_async, "login": self.login_async}[message["cmd"]]
        asked = message.get("request", message)
        asyncio.run_coroutine_threadsafe(work(call, asked), self.loop)

    def sleep(self, until, why):
        raise AssertionError("what is asynchronous waits with `sleep_async`")

    async def sleep_async(self, until, why):
        call = self.current.get()
        if call.prompted:
            call.seq, call.prompted = await call.resumed.get(), False
        self.say(call, "wait", {"until": until, "why": why})
        call.seq = await call.resumed.get()

    async def login_async(self, call, asked):
        def show(prompt):  # it may not wait for the person: the first pause does
            self.say(call, "prompt", {"url": prompt.url, "code": prompt.code})
            call.prompted = True

        with self.answering(call):
            app, place = self.wanted(asked)
            await login_by_device_async(self.pool, app, show, **place)
            self.emit({"seq": call.seq, "ok": True})

    async def run_async(self, call, asked):
        body, streaming = "", asked["stream"]
        with self.answering(call):
            send, request = self.prepared(call, asked)
            response = await send(request, stream=True)
            head = {"status": response.status_code, "headers": dict(response.headers)}
            async for chunk in response.aiter_bytes():
                body += chunk.decode()
                if streaming and response.is_success:
                    self.end(call, "streaming", **head, body=body)
                    call.seq, streaming = await call.resumed.get(), False
                    if call.closed:
                        break
            await response.aclose()
            over = response.extensions.get(credpool.EXHAUSTION)
            self.end(call, "delivered", over, **head, body=body)


if __name__ == "__main__":
    reference.serve(Testee, "httpx2")
