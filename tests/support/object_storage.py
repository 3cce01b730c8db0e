"""A server of S3 in this process, and the environment in which clients find it."""

from contextlib import contextmanager
from dataclasses import dataclass

import boto3
import pytest
import requests
from moto.server import ThreadedMotoServer
from s3fs import S3FileSystem

NAME = "artefacts"


@dataclass
class ObjectStorage:
    """A server with one bucket."""

    server: ThreadedMotoServer
    url: str

    @property
    def bucket(self):
        return f"s3://{NAME}"

    def check_keys(self):
        """From now on take nobody's word for who it is."""
        requests.post(f"{self.url}/moto-api/reset-auth", data=b"0", timeout=10)


@contextmanager
def s3_at(url):
    """Where clients find S3 and a key for it, by AWS' variables; nothing of this machine's settings."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ENDPOINT_URL_S3", url)
        patch.setenv("AWS_ACCESS_KEY_ID", "institution")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
        patch.setenv("AWS_EC2_METADATA_DISABLED", "true")
        patch.setenv("AWS_CONFIG_FILE", "/nowhere")
        patch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nowhere")
        S3FileSystem.clear_instance_cache()
        yield patch
    S3FileSystem.clear_instance_cache()


@contextmanager
def object_storage():
    """A fresh server with an empty bucket, on a free port."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    storage = ObjectStorage(server, f"http://{host}:{port}")
    try:
        with s3_at(storage.url):
            requests.post(f"{storage.url}/moto-api/reset", timeout=10)
            boto3.client("s3", region_name="us-east-1").create_bucket(Bucket=NAME)
            yield storage
    finally:
        requests.post(f"{storage.url}/moto-api/reset-auth", data=b"inf", timeout=10)
        server.stop()
