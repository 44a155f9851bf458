"""A bucket of an S3 server holds to the contract of file stores."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import boto3
import pytest
import pytest_asyncio
from moto.server import ThreadedMotoServer

from tests.contracts.file_store import *  # noqa: F403 (all that a file store must hold to)
from tests.contracts.file_store import SMALL, a_tenant, kept, read
from whatsapp_hub.adapters.media.object_store import ObjectFiles
from whatsapp_hub.domain.errors import Unavailable

KEY = {"AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_REGION": "us-east-1"}


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    url = f"http://{host}:{port}"
    client = boto3.client("s3", endpoint_url=url, region_name="us-east-1", aws_access_key_id="key",
                          aws_secret_access_key="secret")  # fmt: skip
    client.create_bucket(Bucket="hub")
    yield url
    server.stop()


@pytest_asyncio.fixture
async def files(server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[ObjectFiles]:
    for name, value in (KEY | {"AWS_ENDPOINT_URL": server}).items():
        monkeypatch.setenv(name, value)
    files = ObjectFiles(tmp_path, "s3://hub/in/a/folder")
    yield files
    await files.aclose()


async def test_a_bucket_that_is_not_there_is_unavailable(files: ObjectFiles, tmp_path: Path) -> None:
    nowhere = ObjectFiles(tmp_path, "s3://nowhere")
    with pytest.raises(Unavailable):
        await kept(nowhere, a_tenant(), SMALL)


async def test_what_a_process_kept_another_reads(files: ObjectFiles, tmp_path: Path) -> None:
    tenant_id = a_tenant()
    sha256 = await kept(files, tenant_id, SMALL)
    other = ObjectFiles(tmp_path / "other", "s3://hub/in/a/folder")
    assert await read(other, tenant_id, sha256, 0, len(SMALL)) == SMALL
