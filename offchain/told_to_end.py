"""How a program is told to end."""

import signal


def signals() -> tuple[signal.Signals, ...]:
    """Return the signals that end a program in order: SIGTERM, Ctrl-C, and a terminal that is closed.

    Not the last where whoever started the program wants it to outlive the terminal, as `nohup` does.
    """
    ours = (signal.SIGTERM, signal.SIGINT)
    return ours if signal.getsignal(signal.SIGHUP) is signal.SIG_IGN else (*ours, signal.SIGHUP)
