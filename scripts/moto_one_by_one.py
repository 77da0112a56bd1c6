"""The server that scripts.moto_server starts: moto, one request after another.

moto keeps its state without locks while its own server answers in threads, so two calls at once may lose a
change or fail half way. A client whose answer got lost sends its call again under the id it had (the header
amz-sdk-invocation-id of the AWS SDKs); that call was carried out already, so it gets the answer it missed.
Services in which moto calls itself would wait for ever; those of networks do not.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, NamedTuple

from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import run_simple
from werkzeug.wrappers import Response

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment


class Answer(NamedTuple):
    status: str
    headers: list[tuple[str, str]]
    body: list[bytes]


class OneByOne:
    """A WSGI application that hands requests on singly and answers a repeated call as the first time."""

    def __init__(self, application: WSGIApplication) -> None:
        self._application = application
        self._lock = threading.Lock()
        self._answered: dict[str, Answer] = {}

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        with self._lock:
            answer = self._answer(environ)
        start_response(answer.status, answer.headers)
        return answer.body

    def _answer(self, environ: WSGIEnvironment) -> Answer:
        call = environ.get("HTTP_AMZ_SDK_INVOCATION_ID")
        if call in self._answered:
            return self._answered[call]
        response = Response.from_app(self._application, environ, buffered=True)
        answer = Answer(response.status, list(response.headers.items()), [response.get_data()])
        if call and response.status_code < 400:
            self._answered[call] = answer
        return answer


def main(host: str, port: int) -> None:
    application: Any = DomainDispatcherApplication(create_backend_app)
    run_simple(host, port, OneByOne(application), threaded=True)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
