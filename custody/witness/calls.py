"""Adapter. `add-checkpoint` over HTTP: to the configured address alone, bounded, no redirect."""

from collections.abc import Callable
from time import monotonic

import httpx

from custody.errors import WitnessError
from custody.witness.answers import MAX_BYTES, Answer

_KEPT_S = 5.0
"""Shorter than a witness keeps an idle connection, so that none is used that just went."""
_HEADERS = {"Content-Type": "text/plain; charset=utf-8", "Accept": "text/plain, text/x.tlog.size"}


class HttpWitness:
    """A witness at an address. Its connection is kept between requests."""

    def __init__(
        self, address: str, *, within_s: float, clock: Callable[[], float] = monotonic
    ) -> None:
        self.address = address
        self._within_s = within_s
        self._clock = clock
        # Nothing of the environment counts: it could name a proxy that answers for everybody.
        self._client = httpx.Client(
            timeout=within_s,
            limits=httpx.Limits(max_connections=1, keepalive_expiry=_KEPT_S),
            trust_env=False,
            follow_redirects=False,
        )

    def submit(self, body: bytes) -> Answer:
        """Make one request.

        Raises:
            WitnessError: it did not answer in time, or with more than a witness says.
        """
        try:
            with self._client.stream(
                "POST", f"{self.address}/add-checkpoint", content=body, headers=_HEADERS
            ) as answer:
                read = self._read(answer, self._clock() + self._within_s)
                return Answer(answer.status_code, read, answer.headers.get("Content-Type", ""))
        except httpx.TimeoutException as error:
            raise WitnessError(f"it did not answer within {self._within_s:g} seconds") from error
        except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
            raise WitnessError(f"it cannot be reached: {error}") from error

    def close(self) -> None:
        """Close its connections."""
        self._client.close()

    def _read(self, answer: httpx.Response, until: float) -> bytes:
        if answer.is_redirect:
            raise WitnessError("it sends us elsewhere, and we ask configured addresses alone")
        read = bytearray()
        for part in answer.iter_raw():
            read += part
            if len(read) > MAX_BYTES:
                raise WitnessError(f"it answered with more than {MAX_BYTES} bytes")
            if self._clock() > until:
                raise WitnessError(f"it did not answer within {self._within_s:g} seconds")
        return bytes(read)
