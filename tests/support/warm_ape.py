"""`ape`, and Python for processes of this project, from one that has imported everything once.

Imports are most of what a short command computes, and a rehearsal has thirty of them; a client whose task is
code of others starts three processes. A shell finds this `ape` first on its PATH; it hands its arguments,
surroundings and open files over to a process forked from the one that has imported, passes signals on, and
ends as the command does. Who kills it kills the command, and what that leads.
"""

import atexit
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
from fcntl import F_DUPFD, fcntl
from importlib import import_module
from itertools import dropwhile
from pathlib import Path
from pkgutil import walk_packages

DOOR = "STAKEFED_TESTS_PYTHON"
"""Names a warm `python` to processes of tests, for those that they start."""
PASSED_ON = (signal.SIGINT, signal.SIGTERM)
LENGTH = struct.Struct("!Q")
SELDOM = 100_000, 10, 10
"""When Python's collector looks; by its own choice it does so all the time while much is made."""
MOST_FILES = 250  # Of one message.
LIBRARIES = (
    *("ape._cli", "ape.pytest.runners", "ape_foundry", "eth_tester.backends", "web3.providers.eth_tester"),
    *("distributed", "moto.server", "s3fs", "xdist.remote"),
    # Of Ape's own, which it imports when it needs them, and then looks through all that was imported.
    *("ape.contracts.base", "ape.managers.accounts", "ape.managers.chain", "ape.managers.compilers"),
    *("ape.managers.converters", "ape.managers.networks", "ape.managers.plugins", "ape.managers.project"),
    *("ape_accounts.accounts", "ape_ethereum.ecosystem", "ape_foundry.provider", "ape_node.provider"),
    *("ape_pm.project", "ape_solidity.compiler", "ape_test.accounts", "ape_test.provider"),
    "eth_hash.backends.pycryptodome",
    "torch._dynamo",  # Of the first optimiser that a process makes.
)


@contextmanager
def warm(root, env):
    """A folder with `python`, which runs workers and what multiprocessing spawns, and nothing else, and with
    `bin/ape`, for a PATH; all is imported in `root` and with `env`.
    """
    with tempfile.TemporaryDirectory() as folder:
        door = Path(folder, "door")
        Path(folder, "bin").mkdir()
        for name, place in {"python": "python", "ape": "bin/ape"}.items():
            words = [sys.executable, "-IS", __file__, "command", str(door), name]
            Path(folder, place).write_text(f'#!/bin/sh\nexec {shlex.join(words)} "$@"\n')
            Path(folder, place).chmod(0o755)
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
            server.wait(timeout=300)  # It may still import.


def command(door, name, arguments):
    """What stands in: asks for the command and ends as it ends."""
    files = open_files()
    asked = {"name": name, "arguments": arguments, "files": files}
    asked |= {"cwd": os.getcwd(), "env": dict(os.environ)}
    body = json.dumps(asked).encode()
    with socket.socket(socket.AF_UNIX) as line:
        line.connect(door)
        for number in PASSED_ON:
            signal.signal(number, lambda number, _: line.sendall(bytes([number])))
        socket.send_fds(line, [LENGTH.pack(len(body))], files)
        line.sendall(body)
        end = line.recv(LENGTH.size, socket.MSG_WAITALL)
    status = os.waitstatus_to_exitcode(LENGTH.unpack(end)[0]) if end else 1
    if status < 0:
        signal.signal(-status, signal.SIG_DFL)
        os.kill(os.getpid(), -status)
    sys.exit(status)


def open_files():
    """Numbers of the files that this process was given: multiprocessing names some in its arguments."""
    return [int(name) for name in os.listdir("/dev/fd") if is_open(int(name))]


def is_open(number):
    with suppress(OSError):
        return bool(os.fstat(number))
    return False  # The one that listed them.


def serve(listener):
    """Fork a process for each connection until nobody holds standard input any more."""
    gc.collect()
    gc.freeze()
    gc.enable()
    gc.set_threshold(*SELDOM)
    while sys.stdin not in select.select([listener, sys.stdin], [], [])[0]:
        line, _ = listener.accept()
        with line:
            if os.fork() == 0:
                listener.close()
                attend(line)
        reap()
    reap()


def imported():
    """Import what commands and processes of this project do; but not the commands, which Ape runs anew."""
    for package in ("ml", "offchain"):
        for module in walk_packages([package], f"{package}."):
            import_module(module.name)
    for name in LIBRARIES:
        import_module(name)
    commands = [f"scripts.{path.stem}" for path in Path("scripts").glob("[!_]*.py")]
    for name in commands:
        import_module(name)
    for name in commands:
        del sys.modules[name]


def run_ape():
    """Runs Ape, with the folder of data that this process is to have."""
    from ape import config
    from ape._cli import cli

    config.DATA_FOLDER = Path(os.environ.get("APE_DATA_FOLDER", config.DATA_FOLDER))
    return cli()


def run_python():
    """Runs `-m offchain.worker ...` and `-c CODE ...`."""
    sys.path[:0] = [path for path in os.environ.get("PYTHONPATH", "").split(os.pathsep) if path]
    match list(dropwhile(lambda word: word not in ("-m", "-c"), sys.argv[1:])):
        case ["-m", "offchain.worker", *more]:
            import_module("offchain.worker.__main__").main(*more)
        case ["-c", code, *more]:
            sys.argv = ["-c", *more]
            exec(code, {"__name__": "__main__"})
        case other:
            raise SystemExit(f"this python runs no {other}")


def reap():
    with suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


def attend(line):
    """Run one command, pass on what its stand-in is sent, and tell it the end."""
    head, files, _, _ = socket.recv_fds(line, LENGTH.size, MOST_FILES)
    request = json.loads(line.recv(LENGTH.unpack(head)[0], socket.MSG_WAITALL))
    process = os.fork()
    if process == 0:
        line.close()
        become(request, files)
        to_the_end({"ape": run_ape, "python": run_python}[request["name"]])
    for file in files:
        os.close(file)
    threading.Thread(target=pass_on, args=(line, process), daemon=True).start()
    _, status = os.waitpid(process, 0)
    with suppress(OSError):  # Its stand-in was killed.
        line.sendall(LENGTH.pack(status))
    os._exit(0)


def to_the_end(run):
    """Run, and end as Python does, but for taking apart what was imported: half a second of work."""
    try:
        status = run()
    except SystemExit as asked:
        status = asked.code
    if not isinstance(status, int | None):
        raise SystemExit(status)
    threading._shutdown()
    atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    os._exit((status or 0) & 0xFF)


def become(request, files):
    """Take the place of the process that asked."""
    above = [fcntl(file, F_DUPFD, 1 + max(*files, *request["files"])) for file in files]
    for file in files:
        os.close(file)
    for number, file in zip(request["files"], above, strict=True):
        os.dup2(file, number)
        os.close(file)
    os.chdir(request["cwd"])
    os.environ.clear()
    os.environ.update(request["env"])
    tempfile.tempdir = None  # What it was here.
    sys.argv = [request["name"], *request["arguments"]]
    if "PYTHONUNBUFFERED" in os.environ:
        sys.stdout.reconfigure(write_through=True)


def pass_on(line, process):
    while number := line.recv(1):
        os.kill(process, number[0])
    with suppress(ProcessLookupError):
        if os.getpgid(process) == process:
            os.killpg(process, signal.SIGKILL)
        os.kill(process, signal.SIGKILL)


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["command", door, name, *arguments]:
            command(door, name, arguments)
        case ["server", number]:
            gc.disable()  # What is imported stays.
            imported()
            serve(socket.socket(fileno=int(number)))
