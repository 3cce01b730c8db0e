"""`ape` from a process that has imported everything once: each command is a process forked from it.

Imports are most of what a short command computes, and a rehearsal has thirty of them. A shell finds this
`ape` first on its PATH; it hands its arguments, surroundings and open files over, passes signals on, and ends
as the command does. Who kills it kills the command.
"""

import gc
import json
import os
import select
import shlex
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
from contextlib import contextmanager, suppress
from importlib import import_module
from pathlib import Path

PASSED_ON = (signal.SIGINT, signal.SIGTERM)
LENGTH = struct.Struct("!Q")


@contextmanager
def warm_ape(root, env):
    """A folder with `ape` in it, for a PATH; Ape is imported in `root` and with `env`, which it reads."""
    with tempfile.TemporaryDirectory() as folder:
        door = Path(folder, "door")
        words = [sys.executable, "-IS", __file__, "command", str(door)]
        Path(folder, "ape").write_text(f'#!/bin/sh\nexec {shlex.join(words)} "$@"\n')
        Path(folder, "ape").chmod(0o755)
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(str(door))
            listener.listen(64)
            server = subprocess.Popen(
                [sys.executable, __file__, "server", str(listener.fileno())],
                cwd=root,
                env={**env, "PYTHONPATH": os.pathsep.join([str(root), env.get("PYTHONPATH", "")])},
                pass_fds=[listener.fileno()],
                stdin=subprocess.PIPE,  # The server ends with whoever holds this.
            )
        try:
            yield folder
        finally:
            server.stdin.close()
            server.wait(timeout=20)


def command(door, arguments):
    """What stands in for `ape`: asks for the command and ends as it ends."""
    body = json.dumps({"arguments": arguments, "cwd": os.getcwd(), "env": dict(os.environ)}).encode()
    with socket.socket(socket.AF_UNIX) as line:
        line.connect(door)
        for number in PASSED_ON:
            signal.signal(number, lambda number, _: line.sendall(bytes([number])))
        socket.send_fds(line, [LENGTH.pack(len(body))], [0, 1, 2])
        line.sendall(body)
        end = line.recv(LENGTH.size, socket.MSG_WAITALL)
    status = os.waitstatus_to_exitcode(LENGTH.unpack(end)[0]) if end else 1
    if status < 0:
        signal.signal(-status, signal.SIG_DFL)
        os.kill(os.getpid(), -status)
    sys.exit(status)


def serve(listener):
    """Fork a process for each connection until nobody holds standard input any more."""
    from ape._cli import cli

    import_everything()
    gc.collect()
    gc.freeze()
    while sys.stdin not in select.select([listener, sys.stdin], [], [])[0]:
        line, _ = listener.accept()
        with line:
            if os.fork() == 0:
                listener.close()
                attend(line, cli)
        reap()
    reap()


def import_everything():
    """All that commands import; but not the commands, which Ape runs anew."""
    import live_client  # noqa: F401

    names = [f"scripts.{path.stem}" for path in Path("scripts").glob("[!_]*.py")]
    for name in names:
        import_module(name)
    for name in names:
        del sys.modules[name]


def reap():
    with suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


def attend(line, cli):
    """Run one command, pass on what its stand-in is sent, and tell it the end."""
    head, files, _, _ = socket.recv_fds(line, LENGTH.size, 3)
    request = json.loads(line.recv(LENGTH.unpack(head)[0], socket.MSG_WAITALL))
    process = os.fork()
    if process == 0:
        line.close()
        become(request, files)
        sys.exit(cli())
    for file in files:
        os.close(file)
    threading.Thread(target=pass_on, args=(line, process), daemon=True).start()
    _, status = os.waitpid(process, 0)
    with suppress(OSError):  # Its stand-in was killed.
        line.sendall(LENGTH.pack(status))
    os._exit(0)


def become(request, files):
    """Take the place of the process that asked."""
    for number, file in enumerate(files):
        os.dup2(file, number)
        os.close(file)
    os.chdir(request["cwd"])
    os.environ.clear()
    os.environ.update(request["env"])
    sys.argv = ["ape", *request["arguments"]]


def pass_on(line, process):
    while number := line.recv(1):
        os.kill(process, number[0])
    with suppress(ProcessLookupError):
        os.kill(process, signal.SIGKILL)


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["command", door, *arguments]:
            command(door, arguments)
        case ["server", number]:
            serve(socket.socket(fileno=int(number)))
