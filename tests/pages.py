"""What a running controller serves on its health port."""

import socket

import aiohttp


def a_free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
    return port


class Pages:
    """One process' pages."""

    def __init__(self, port: int, session: aiohttp.ClientSession) -> None:
        self._url = f"http://127.0.0.1:{port}"
        self._session = session

    async def get(self, path: str) -> tuple[int, str]:
        async with self._session.get(self._url + path, timeout=aiohttp.ClientTimeout(5)) as answer:
            return answer.status, await answer.text()

    async def is_ready(self) -> bool:
        try:
            return (await self.get("/readyz"))[0] == 200
        except aiohttp.ClientError:
            return False

    async def sample(self, series: str) -> float | None:
        _, page = await self.get("/metrics")
        found = [line.rpartition(" ")[2] for line in page.splitlines() if line.startswith(f"{series} ")]
        return float(found[0]) if found else None
