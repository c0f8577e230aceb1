"""A process that has the commands imported and forks for each one: a process of its own, without the second of imports.

Run as a script with the path of a Unix socket. A client connects, sends one JSON document and two descriptors (standard
output and error), and reads the exit code.
"""

from __future__ import annotations

import json
import os
import runpy
import signal
import socket
import sys

from tradingdb.cli import main

LARGEST_REQUEST = 1 << 20


def serve(path: str) -> None:
    """Fork for every request, until this process is ended."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
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
    request, descriptors, _, _ = socket.recv_fds(client, LARGEST_REQUEST, 2)
    child = os.fork()
    if child == 0:
        os._exit(run(json.loads(request), *descriptors))
    _, status = os.waitpid(child, 0)
    client.sendall(str(os.waitstatus_to_exitcode(status)).encode())


def run(request: dict[str, object], out: int, err: int) -> int:
    """Become what `python -m tradingdb`, or a script, with these arguments would be."""
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(out, 1)
    os.dup2(err, 2)
    os.environ.clear()
    os.environ.update(request["environment"])
    os.chdir(str(request["folder"]))
    script = request.get("script")
    sys.argv = [script or "tradingdb", *request["arguments"]]
    code: object = 0
    try:
        if script:
            runpy.run_path(script, run_name="__main__")
        else:
            main()
    except SystemExit as end:
        code = end.code
    sys.stdout.flush()
    sys.stderr.flush()
    return int(code or 0)


if __name__ == "__main__":
    serve(sys.argv[1])
