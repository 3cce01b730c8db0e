"""Services that a worker of a test makes: what they answer is nothing's but the test's."""

import os
import signal
import socket
import sys
import time
from pathlib import Path

import numpy as np

from ml.errors import DataError
from offchain.worker.messages import Message


class Odd:
    """Does what it is asked to."""

    def __init__(self, opening):
        if "refuses" in opening.values:
            raise DataError(opening.values["refuses"])
        self.opened = Message({"pid": os.getpid(), "user": [os.getuid(), os.getgid()]}, opening.arrays)

    def answer(self, asked):
        print("what a task prints is no answer")
        return getattr(self, f"_{asked.values['do']}")(asked)

    def _environment(self, asked):
        return Message({"environment": dict(os.environ), "input": sys.stdin.read()})

    def _refuse(self, asked):
        raise DataError("no such rows")

    def _end(self, asked):
        os._exit(3)

    def _interrupt(self, asked):
        os.killpg(0, signal.SIGINT)
        time.sleep(60)

    def _fail(self, asked):
        raise RuntimeError("torch says no")

    def _hang(self, asked):
        time.sleep(60)

    def _fork(self, asked):
        """Leave the pipes to a process that outlives this one, in a group of its own or in this one's."""
        child = os.fork()
        if child == 0:
            if asked.values["alone"]:
                os.setsid()
            time.sleep(asked.values["sleeps"])
            os._exit(0)
        Path(asked.values["note"]).write_text(str(child))
        time.sleep(60)

    def _double(self, asked):
        return Message({}, {name: 2 * array for name, array in asked.arrays.items()})

    def _large(self, asked):
        return Message({}, {"large": np.zeros(1 << 20)})

    def _look(self, asked):
        return Message({"found": [_told(Path(place)) for place in asked.values["places"]]})

    def _connect(self, asked):
        try:
            socket.create_connection(("127.0.0.1", asked.values["port"]), timeout=2).close()
        except OSError:
            return Message({"reached": False})
        return Message({"reached": True})


def _told(place):
    try:
        return sorted(os.listdir(place)) if place.is_dir() else place.read_text()
    except OSError as error:
        return type(error).__name__


def odd(opening):
    return Odd(opening)
