"""What belongs to the process is as it was before each file of tests: which came before is chance.

Variables, the folder, where modules are looked for, the package's log, and a program's measures and vital
signs.
"""

import logging
import os
import sys
from math import nan

import pytest
from prometheus_client import Gauge
from prometheus_client.metrics import MetricWrapperBase

from offchain.monitoring import measures
from offchain.monitoring.vitals import VITALS

MEASURES = [each for each in vars(measures).values() if isinstance(each, MetricWrapperBase)]
BEFORE = {}


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_protocol(item, nextitem):
    if item.path not in BEFORE:
        BEFORE[item.path] = Before()
    done = yield
    if nextitem is None or nextitem.path != item.path:
        BEFORE.pop(item.path).come_back()
        start_measures_anew()
    return done


class Before:
    def __init__(self):
        self.variables, self.folder, self.path = dict(os.environ), os.getcwd(), sys.path[:]

    def come_back(self):
        os.environ.clear()
        os.environ.update(self.variables)
        os.chdir(self.folder)
        sys.path[:] = self.path


def start_measures_anew():
    for measure in MEASURES:
        if measure._labelnames:
            measure.clear()
        else:
            measure._metric_init()
            if isinstance(measure, Gauge):
                measure.set(nan)
    VITALS.__init__()


@pytest.fixture(autouse=True)
def package_log():
    """The package's log reaches pytest's, whatever a command of a test before did to it."""
    logger = logging.getLogger("offchain")
    handlers, level = logger.handlers[:], logger.level
    logger.propagate = True
    yield
    logger.handlers[:], logger.propagate = handlers, True
    logger.setLevel(level)
