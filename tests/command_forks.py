"""A process that has the commands imported and forks for each one: a process of its own, without the second of imports.

Run as a script with the path of a Unix socket. A client connects, sends one JSON document and three descriptors
(standard input, output and error), and reads the exit code.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import runpy
import signal
import socket
import sys

from sqlalchemy.orm import configure_mappers

import tradingdb.cli  # noqa: F401 - what the forks would import

LARGEST_REQUEST = 1 << 20
READ_BY_IMPORTS = {"COLUMNS", "TERM"}
"""Variables that are looked at while the modules of the commands are imported."""


def serve(path: str) -> None:
    """Fork for every request, until this process is ended."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    configure_mappers()  # or each fork would, which asks for a model
    gc.freeze()  # a collection in a fork would copy every page of what is imported
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(path)
        server.listen(64)
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        while True:
            client, _ = server.accept()
            with client:
                if os.fork() == 0:
                    server.close()
                    answer(client)
                    os._exit(0)


def answer(client: socket.socket) -> None:
    """Run one command in a child, and send its exit code."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    request, descriptors, _, _ = socket.recv_fds(client, LARGEST_REQUEST, 3)
    child = os.fork()
    if child == 0:
        client.close()
        os._exit(run(json.loads(request), descriptors))
    for descriptor in descriptors:
        os.close(descriptor)
    _, status = os.waitpid(child, 0)
    client.sendall(str(os.waitstatus_to_exitcode(status)).encode())


def run(request: dict[str, object], descriptors: list[int]) -> int:
    """Be a `python` with these arguments, in that folder and environment, on these descriptors; gives the exit code."""
    if os.isatty(descriptors[0]):
        os.login_tty(os.dup(descriptors[0]))
    for number, descriptor in enumerate(descriptors):
        os.dup2(descriptor, number)
        os.close(descriptor)
    os.environ.clear()
    os.environ.update(request["environment"])
    os.chdir(str(request["folder"]))
    if os.environ.keys() & READ_BY_IMPORTS:
        for name in [name for name in sys.modules if name.startswith("tradingdb.cli")]:
            del sys.modules[name]
    code: object = 0
    try:
        execute(*request["arguments"])
    except SystemExit as end:
        code = end.code
    if isinstance(code, str):  # as Python does
        sys.stderr.write(f"{code}\n")
        code = 1
    sys.stdout.flush()
    sys.stderr.flush()
    return int(code or 0)


def execute(first: str, *others: str) -> None:
    """Run what these arguments of `python` name: a module, code or a script."""
    if first == "-m" and others[0] == "tradingdb":
        sys.argv = list(others)
        importlib.import_module("tradingdb.cli").main()
    elif first == "-m":
        sys.argv = list(others)
        runpy.run_module(others[0], run_name="__main__", alter_sys=True)
    elif first == "-c":
        sys.argv = ["-c", *others[1:]]
        exec(compile(others[0], "<string>", "exec"), {"__name__": "__main__"})  # noqa: S102 - what -c means
    else:
        sys.argv = [first, *others]
        sys.path.insert(0, os.path.dirname(first))  # noqa: PTH120 - as Python does
        runpy.run_path(first, run_name="__main__")


if __name__ == "__main__":
    serve(sys.argv[1])
