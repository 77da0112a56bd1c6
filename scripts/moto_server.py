"""A moto server (an AWS that lives in memory) as a subprocess on a free loopback port, always stopped again.

python -m scripts.moto_server                    runs until interrupted
python -m scripts.moto_server cdktf deploy ...   runs a command with SEGKIT_AWS_ENDPOINT set, then stops
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

HOST = "127.0.0.1"
SERVER = Path(__file__).with_name("moto_one_by_one.py")
ENDPOINT_VARIABLE = "SEGKIT_AWS_ENDPOINT"


class ServerStartError(RuntimeError):
    """moto ended or did not answer in time; the text holds the end of its log."""


@contextmanager
def moto_server(seconds: float = 60) -> Iterator[str]:
    """Starts a server and gives its URL; stops it when the block ends, however it ends.

    Raises ServerStartError when it does not answer within `seconds`.
    """
    with tempfile.TemporaryDirectory(prefix="segkit-moto-") as folder:
        log = Path(folder) / "moto.log"
        process, url = _start(log, time.monotonic() + seconds)
        try:
            yield url
        finally:
            _stop(process)


def _start(log: Path, deadline: float) -> tuple[subprocess.Popen[bytes], str]:
    # Another program may take the port between finding and using it, so a server that ends at once gets
    # another try.
    for _attempt in range(3):
        port = _free_port()
        with log.open("wb") as out:
            process = subprocess.Popen(
                [sys.executable, str(SERVER), HOST, str(port)],
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                env={**os.environ, "MOTO_PORT": str(port)},
            )
        url = f"http://{HOST}:{port}"
        try:
            while process.poll() is None and time.monotonic() < deadline:
                if _answers(url):
                    return process, url
                time.sleep(0.1)
        except BaseException:
            _stop(process)
            raise
        _stop(process)
    tail = "\n".join(log.read_text(encoding="utf-8", errors="replace").splitlines()[-15:])
    raise ServerStartError(f"the moto server did not start; the end of its log:\n{tail}")


def _stop(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def _answers(url: str) -> bool:
    try:
        # No proxy for a loopback address, whatever the environment says.
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(f"{url}/moto-api/data.json", timeout=2) as answer:
            return bool(answer.status == 200)
    except (OSError, urllib.error.URLError):
        return False


def _interrupt(_signal: int, _frame: object) -> None:
    raise KeyboardInterrupt


def main(command: list[str]) -> int:
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        with moto_server() as url:
            if command:
                return subprocess.run(
                    command, env={**os.environ, ENDPOINT_VARIABLE: url}, check=False
                ).returncode
            print(f"export {ENDPOINT_VARIABLE}={url}", flush=True)
            while True:
                time.sleep(3600)
    except KeyboardInterrupt:
        return 130
    except ServerStartError as error:
        print(error, file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
