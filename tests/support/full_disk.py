"""A disk that is full, as far as this process sees."""

import resource
from contextlib import contextmanager


@contextmanager
def room_for(size):
    """The system refuses what makes a file longer than so many bytes; what the block is given makes room."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)

    def make_room():
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)

    resource.setrlimit(resource.RLIMIT_FSIZE, (size, limits[1]))
    try:
        yield make_room
    finally:
        make_room()
