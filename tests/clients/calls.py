"""Calls $URL once with each of Python's usual clients, set up by the environment alone; aiohttp has to be told to read it."""

import asyncio
import os
import urllib.error
import urllib.request

import aiohttp
import httpx
import requests

URL = os.environ["URL"]


async def with_aiohttp():
    async with aiohttp.ClientSession(trust_env=True) as session, session.get(URL + "-aiohttp") as answer:
        return answer.status


def with_urllib():
    try:
        return urllib.request.urlopen(URL + "-urllib", timeout=20).status
    except urllib.error.HTTPError as error:
        return error.code


print(requests.get(URL + "-requests", timeout=20).status_code)
print(httpx.get(URL + "-httpx", timeout=20).status_code)
print(with_urllib())
print(asyncio.run(with_aiohttp()))
