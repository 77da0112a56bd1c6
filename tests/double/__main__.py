"""A provider as Terraform starts it: `python -m tests.double azurerm`.

SEGKIT_DOUBLE names the file of calls, SEGKIT_DOUBLE_SCHEMAS the folder of schemas. Talks over a socket
without encryption; TF_DISABLE_PLUGIN_TLS tells Terraform so.
"""

from __future__ import annotations

import os
import sys
import tempfile
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import grpc
from tf.gen import grpc_controller_pb2, grpc_controller_pb2_grpc, grpc_stdio_pb2_grpc

from tests.double import rules_aws, rules_azure, rules_google
from tests.double.api import Api
from tests.double.schema import load
from tests.double.servicer import Servicer
from tests.double.store import Store

TABLES = {"aws": rules_aws.TABLE, "azurerm": rules_azure.TABLE, "google": rules_google.TABLE}


class Controller:
    """Terraform's way to end the process, and to ask for its output."""

    def __init__(self) -> None:
        self.over = threading.Event()

    def Shutdown(self, request: object, context: object) -> object:
        self.over.set()
        return grpc_controller_pb2.Empty()

    def StreamStdio(self, request: object, context: object) -> object:
        return iter(())


def main(name: str) -> None:
    """Serves until Terraform says that it is over."""
    kinds = load(Path(os.environ["SEGKIT_DOUBLE_SCHEMAS"]), name)
    api = Api(kinds, TABLES[name], Store(Path(os.environ["SEGKIT_DOUBLE"])))
    controller = Controller()
    server = grpc.server(ThreadPoolExecutor(max_workers=10))
    server.add_generic_rpc_handlers((Servicer(kinds, api).handler(),))
    grpc_controller_pb2_grpc.add_GRPCControllerServicer_to_server(controller, server)
    grpc_stdio_pb2_grpc.add_GRPCStdioServicer_to_server(controller, server)
    with tempfile.TemporaryDirectory() as folder:
        socket = f"{folder}/plugin.sock"
        server.add_insecure_port(f"unix://{socket}")
        server.start()
        print(f"1|6|unix|{socket}|grpc|", flush=True)
        started_by = os.getppid()
        while not controller.over.wait(1) and os.getppid() == started_by:
            pass  # Terraform is there; if it was killed, nobody will say that it is over
        server.stop(grace=0.1).wait()


if __name__ == "__main__":
    main(sys.argv[1])
