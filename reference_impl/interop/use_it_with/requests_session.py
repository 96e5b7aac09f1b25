"""`requests`, with the extra `credpool[requests]`."""

import json

import requests

from credpool import Pool
from credpool.requests import PoolAuth

ASKED = {"model": "gpt-5", "messages": [{"role": "user", "content": "Say hello."}]}


def session(pool: Pool) -> requests.Session:
    """Make a session whose calls the pool answers."""
    made = requests.Session()
    made.auth = PoolAuth(pool)
    return made


def ask(pool: Pool, url: str) -> str:
    """Get a whole answer."""
    answer = session(pool).post(f"{url}/chat/completions", json=ASKED, timeout=600)
    answer.raise_for_status()
    return answer.json()["choices"][0]["message"]["content"]


def stream(pool: Pool, url: str) -> str:
    """Get the answer piece by piece."""
    text, asked = "", ASKED | {"stream": True}
    with session(pool).post(
        f"{url}/chat/completions", json=asked, stream=True, timeout=600
    ) as answer:
        answer.raise_for_status()
        for line in answer.iter_lines():
            if line.startswith(b"data: {"):
                text += json.loads(line[6:])["choices"][0]["delta"]["content"]
    return text
