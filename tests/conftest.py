"""What tests of more than one folder share: the real engines, started once for all of them."""

import gc
from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack
from functools import cache
from pathlib import Path

import boto3
import pytest
from botocore.config import Config
from hypothesis import settings
from mypy_boto3_s3 import S3Client
from xdist.remote import Producer
from xdist.scheduler import LoadFileScheduling

from storage.embedded.engines import Addresses, Engines, S3Access
from tests.engines import own_engines
from tests.houses import Estate, House

# How long one example takes says how busy the machine is, and nothing of what is tested.
settings.register_profile("custos", deadline=None)
settings.load_profile("custos")

TESTS = Path(__file__).parent
TOGETHER = (
    ("tests/browser/",),
    tuple(
        f"tests/durability/test_{name}.py"
        for name in ("kill_the_house", "doors", "powers", "reading_house")
    ),
)
"""What shares one `custos up`: one worker does all of it."""
LONGEST = (
    "browser",
    "durability/test_kill_the_house.py",
    "durability/test_kill_each_step.py",
    "api/routes/test_description_holds.py",
    "export/media/test_copy.py",
    "storage/embedded/test_embedded_lifecycle.py",
    "export/package/test_tampering.py",
    "durability",
    "export/media/test_checking.py",
    "api/test_audit.py",
    "custody/test_check_seal.py",
    "storage/embedded/test_embedded_mend.py",
    "export",
    "api/web/collect",
)
"""What takes longest begins first: or one worker still has it to do when the other has ended."""


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Keep the garbage collector from modules while they are loaded: a fifth of the time is its."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.enable()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the files that take long in front; the order within a file stays."""

    @cache
    def rank(file: Path) -> int:
        path = file.relative_to(TESTS)
        among = (n for n, name in enumerate(LONGEST) if path.is_relative_to(name))
        return min(among, default=len(LONGEST))

    items.sort(key=lambda item: rank(item.path))


class FilesInTurn(LoadFileScheduling):  # type: ignore[misc]
    """Gives a worker one file after another; of those that share something, all."""

    def _split_scope(self, nodeid: str) -> str:
        shared = (names[0] for names in TOGETHER if nodeid.startswith(names))
        return next(shared, None) or super()._split_scope(nodeid)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> FilesInTurn:
    """Share the tests out among workers."""
    return FilesInTurn(config, log)


def pytest_collection_finish() -> None:
    """Let the garbage collector pass over what stays until the end, and come less often.

    It took a tenth of the time, and then, with its usual thresholds, a twentieth.
    """
    gc.freeze()
    gc.set_threshold(20_000, 20, 50)


@pytest.fixture(scope="session")
def engines() -> Iterator[Engines]:
    """Start PostgreSQL and SeaweedFS once for all that this worker does."""
    with own_engines() as started:
        yield started


@pytest.fixture(scope="session")
def addresses(engines: Engines) -> Addresses:
    """Return where the shared engines are."""
    return engines.addresses


@pytest.fixture(scope="session")
def estate(engines: Engines, tmp_path_factory: pytest.TempPathFactory) -> Estate:
    """Return where houses are built: on the shared engines, each with its own database."""
    return Estate(engines, tmp_path_factory.mktemp("estate"))


@pytest.fixture(scope="module")
def house(estate: Estate, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """Build the services, and let in somebody of each role: anew for each file of tests."""
    with estate.house(tmp_path_factory.mktemp("house")) as built:
        yield built


@pytest.fixture(scope="session")
def s3() -> Iterator[Callable[[S3Access], S3Client]]:
    """Return a maker of bare boto3 clients: one try, short waits, none of our own code."""
    with ExitStack() as opened:

        def connect(access: S3Access) -> S3Client:
            client = boto3.client(
                "s3",
                endpoint_url=access.endpoint,
                region_name=access.region,
                aws_access_key_id=access.access_key,
                aws_secret_access_key=access.secret_key,
                verify=access.authority or None,
                config=Config(
                    connect_timeout=5,
                    read_timeout=20,
                    retries={"total_max_attempts": 1},
                    s3={"addressing_style": "path"},
                ),
            )
            opened.callback(client.close)
            return client

        yield connect
