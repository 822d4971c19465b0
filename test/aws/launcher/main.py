"""Starts moto with what it lacks, on a free port of 127.0.0.1 or on that of --port, and prints that port on the first
line of its output.

moto's own classes stay: the packages beside this file replace or add operations of theirs. See ../README.md for the
list.

It ends when its standard input does. The test process holds the other end of that pipe, so that however it dies, by
SIGKILL too, no server is left behind.
"""

import argparse
import logging
import os
import sys
import threading

from moto.moto_server.werkzeug_app import (
    DomainDispatcherApplication,
    MotoRequestHandler,
    create_backend_app,
)
from werkzeug.serving import make_server

import cloudformation
import elasticache
from control import Control


class QuietRequestHandler(MotoRequestHandler):
    """Without a line for each request: it carries nothing that the calls of the proxy do not have."""

    protocol_version = "HTTP/1.1"

    def log_request(self, *_: object) -> None:
        return


def end_with_parent() -> None:
    sys.stdin.buffer.read()
    os._exit(0)


def main() -> None:
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--port", type=int, default=0)
    port = arguments.parse_args().port
    # Without this, nobody learns why moto answered 500.
    logging.basicConfig(level=logging.WARNING)
    elasticache.install()
    cloudformation.install()
    application = Control(DomainDispatcherApplication(create_backend_app))
    server = make_server("127.0.0.1", port, application, threaded=True, request_handler=QuietRequestHandler)
    # moto puts this into addresses that it makes, of queues for instance.
    os.environ["MOTO_PORT"] = str(server.server_port)
    threading.Thread(target=end_with_parent, daemon=True).start()
    print(server.server_port, flush=True)
    server.serve_forever()


main()
