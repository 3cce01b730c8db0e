"""A worker's start: `python -m offchain.worker SERVICE [HIDDEN ...]`, as `process` runs it."""

import os
import signal
import sys
import threading

from offchain.worker.confinement import confine, end_with


def main(service: str, *hidden: str) -> None:
    """Give up what a worker has no use for, then serve.

    What others' code prints goes where errors go, and what it would read is empty: messages have the pipes.
    """
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # Its end is its owner's to tell, in a sentence.
    empty = os.open(os.devnull, os.O_RDWR)  # Where errors go from now on, if they went nowhere.
    questions, answers = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    os.dup2(empty, 0)
    answers.write(bytes([confine(list(hidden))]))
    answers.flush()
    # Only now, since a process with threads cannot be confined, and libraries start some.
    threading.Thread(target=end_with, args=(questions.fileno(),), daemon=True).start()
    from offchain.worker.serving import serve

    serve(service, questions, answers)


if __name__ == "__main__":
    main(*sys.argv[1:])
