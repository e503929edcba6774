"""Edge. What the environment may say, as facts: what everybody who is configured is given."""

from dataclasses import dataclass, field
from pathlib import Path

from storage.embedded.addresses import Addresses
from storage.embedded.settings import load_addresses


@dataclass(frozen=True, slots=True)
class SignIn:
    """The identity provider of the staff (OpenID Connect Discovery 1.0)."""

    issuer: str
    client: str
    secret: str = field(repr=False)
    roles_claim: str = "roles"


@dataclass(frozen=True, slots=True)
class Notify:
    """GOV.UK Notify: one template with ((subject)) and ((body))."""

    key: str = field(repr=False)
    template: str
    callback_token: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Mail:
    """How messages leave: an SMTP server, or GOV.UK Notify; neither: the demonstration's sink."""

    sender: str = ""
    smtp_url: str = field(default="", repr=False)
    """smtp://user:password@host:port, or smtps://; STARTTLS is required but on loopback."""
    notify: Notify | None = None


@dataclass(frozen=True, slots=True)
class Pay:
    """GOV.UK Pay: the key of one account, and the secret of its calls to us."""

    key: str = field(repr=False)
    webhook_secret: str = field(repr=False)
    api: str = "https://publicapi.payments.service.gov.uk"
    """No setting: only the demonstration's stand-in is elsewhere."""
    pages: str = "https://www.payments.service.gov.uk"
    """The origin of its card pages."""


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that the environment may say."""

    production: bool
    data: Path
    host: str
    port: int
    engines: Addresses | None
    """Engines that somebody else runs; None: the embedded ones."""
    tsa_url: str
    tsa_chain: Path | None
    keys: Path
    council_file: Path
    public_url: str = ""
    """Where browsers reach us: the only origin that links are ever made of."""
    sign_in: SignIn | None = None
    """None: the demonstration's own provider."""
    mail: Mail = Mail()
    pay: Pay | None = None
    """Who takes payments; None: the demonstration's stand-in, or nobody in production."""
    time_server: tuple[str, int] | None = None
    """The SNTP server that our clock is held against; None: none is asked."""
    clamd: str = ""
    """The malware scanner's socket: a path, or host:port."""
    s3_public_url: str = ""
    """Where browsers reach the object store; empty: they do not, and packages stream through us."""
    proxies: tuple[str, ...] = ()
    """The addresses and networks of reverse proxies, whose word for who asks is taken."""
    webhooks_local: bool = False
    """Whether claims systems may be called on this machine, without TLS: for a demonstration."""
    sandbox_without: tuple[str, ...] = ()
    """Protections of the sandbox that this machine may lack in production."""
    spool: Path = Path()
    """Where uploads wait until they are whole."""
    given: Addresses | None = None
    """What the supervisor gave this process of its own engines; None: it looks for itself."""
    withheld: frozenset[str] = frozenset()
    """The files of keys that this process does not read: it was not given their power."""

    def addresses(self) -> Addresses:
        """Say where the engines are, as far as this process may know.

        Raises:
            EngineError: they are embedded, and do not run.
        """
        return self.engines or self.given or load_addresses(self.data)

    @property
    def origin(self) -> str:
        """The origin of our pages (RFC 6454): what links begin with, and what forms come from."""
        return self.public_url or f"http://{self.host}:{self.port}"

    @property
    def secure(self) -> bool:
        """Whether browsers reach us over TLS."""
        return self.origin.startswith("https://")

    @property
    def tokens(self) -> Path:
        """The folder of the tokens that the first start makes."""
        return self.data / "tokens"

    @property
    def scratch(self) -> Path:
        """The folder in which footage is looked at; emptied at each start."""
        return self.data / "scratch"
