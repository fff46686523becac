"""An S3 server of its own process on loopback: moto's, which keeps objects in memory.

As a script it prints its address and serves until its standard input ends:
``python s3_server.py honour|ignore|reject LOG``. The word says what it does with
`If-None-Match`, since not every store that speaks S3 knows that header; LOG is a file that
gets one line for each request.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

KEYS = {
    "AWS_ACCESS_KEY_ID": "test-key",
    "AWS_SECRET_ACCESS_KEY": "test-secret",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_EC2_METADATA_DISABLED": "true",
}


@contextmanager
def s3_server(conditions: str = "honour", log: str = os.devnull, **settings: str) -> Iterator[str]:
    """Run one, with these settings of moto's; gives its address."""
    process = subprocess.Popen(
        [sys.executable, __file__, conditions, log],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env=os.environ | KEYS | settings,
    )
    assert process.stdin
    assert process.stdout
    with process.stdin, process.stdout:
        address = process.stdout.readline().strip()
        assert address.startswith("http://127.0.0.1:")
        yield address
    process.wait()


def client(address: str, service: str = "s3") -> Any:
    """Give Amazon's own client."""
    import boto3

    return boto3.client(
        service,
        endpoint_url=address,
        aws_access_key_id=KEYS["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=KEYS["AWS_SECRET_ACCESS_KEY"],
        region_name=KEYS["AWS_DEFAULT_REGION"],
    )


def objects(address: str, bucket: str, prefix: str = "") -> dict[str, dict[str, Any]]:
    """List all objects of a bucket below a prefix, as Amazon's client tells of them."""
    pages = client(address).get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
    return {one["Key"][len(prefix) :]: one for page in pages for one in page.get("Contents", ())}


def snapshot(address: str, bucket: str, prefix: str = "") -> dict[str, bytes]:
    """Fetch all objects of a bucket below a prefix, with Amazon's client."""
    s3 = client(address)
    return {
        name: s3.get_object(Bucket=bucket, Key=prefix + name)["Body"].read()
        for name in objects(address, bucket, prefix)
    }


def versions(address: str, bucket: str) -> list[tuple[str, str]]:
    """List everything that was ever written to a bucket with versions, deletions too."""
    listed = client(address).list_object_versions(Bucket=bucket)
    assert not listed["IsTruncated"]
    found = [*listed.get("Versions", ()), *listed.get("DeleteMarkers", ())]
    return sorted((one["Key"], one["VersionId"]) for one in found)


def _with_conditions(app: Callable[..., Iterable[bytes]], conditions: str, log: str) -> Any:
    def middleware(environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        line = f"{environ['REQUEST_METHOD']} {environ['PATH_INFO']}?{environ['QUERY_STRING']}\n"
        with Path(log).open("a", encoding="utf-8") as file:
            file.write(line)
        if "HTTP_IF_NONE_MATCH" not in environ or conditions == "honour":
            return app(environ, start)
        if conditions == "ignore":
            del environ["HTTP_IF_NONE_MATCH"]
            return app(environ, start)
        environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        start("501 Not Implemented", [("Content-Type", "application/xml")])
        return [b"<Error><Code>NotImplemented</Code><Message>No such header</Message></Error>"]

    return middleware


def _serve(conditions: str, log: str) -> None:
    from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
    from werkzeug.serving import make_server

    app = DomainDispatcherApplication(create_backend_app)
    server = make_server("127.0.0.1", 0, _with_conditions(app, conditions, log), threaded=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(f"http://127.0.0.1:{server.server_port}", flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    _serve(*sys.argv[1:])
