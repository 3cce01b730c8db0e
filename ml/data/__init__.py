"""Loans and images, encoded and split among clients."""

from ml.data.load import load
from ml.data.shares import ClientData, FederatedData

__all__ = ["ClientData", "FederatedData", "load"]
