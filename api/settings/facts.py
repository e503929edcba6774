"""Edge. What the environment and council.toml may say, as facts."""

from dataclasses import dataclass, field
from pathlib import Path

from api.settings.log import USUAL_LOG, LogRules
from api.settings.street_map import NO_STREETS, StreetMap
from api.settings.transparency import USUALLY_TOLD, Transparency
from api.settings.witnesses import NOBODY, Witnesses
from evidence.fees.prices import USUAL, Tariff
from evidence.requests.clocks import DayKind
from evidence.requests.links.numbers import ANY_NUMBER, IncidentNumbers
from evidence.retention.classes import USUAL_RETENTION, Retention
from storage.embedded.addresses import Addresses
from storage.embedded.settings import load_addresses

DEFAULT_COLOUR = "#12403c"
APPEAL = (
    "You can ask for this decision to be looked at again by somebody who did not make it: answer "
    "this message within 28 days, and give the reference. If you are still not content, you can "
    "complain to the Local Government and Social Care Ombudsman."
)
"""What everybody is told who is refused, unless the council has words of its own."""
POLICE_DOMAINS = ("police.uk", "cps.gov.uk", "nca.gov.uk")
"""Every force has its domain below police.uk, pnn.police.uk among them."""


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
        """The folder of the tokens that a demonstration's first start makes."""
        return self.data / "tokens"

    @property
    def scratch(self) -> Path:
        """The folder in which footage is looked at; emptied at each start."""
        return self.data / "scratch"


@dataclass(frozen=True, slots=True)
class Council:
    """The council, from council.toml."""

    name: str
    urn_prefix: str
    origin: str
    demonstration: bool
    retention_days: int
    stamp_hours: int = 24
    """The log is time-stamped again once the last timestamp is so many hours old."""
    read_days: int = 90
    """Within so many days every file of every exhibit is read again, and compared."""
    email: str = ""
    """Where people ask, on every page and in every message."""
    telephone: str = ""
    colour: str = DEFAULT_COLOUR
    """Of the header; white text must be readable on it (WCAG 2.2, 1.4.3)."""
    link_days: int = 14
    downloads: int = 5
    """How often one link may be downloaded; resuming is no new download."""
    camera_points: bool = True
    """Whether the public is told where exactly the public cameras are."""
    police: tuple[str, ...] = POLICE_DOMAINS
    """To these domains, and what is below them, go links for the police and the prosecution."""
    free: tuple[str, ...] = ()
    """Domains that this council counts as free mail, beside those that Custos knows."""
    answer_days: int = 5
    """Within so many days of its receipt every request is answered."""
    answer_count: DayKind = DayKind.CALENDAR
    unpaid_days: int = 28
    """After so many days a request expires whose fee is not paid."""
    erase_days: int = 365
    """So many days after its end what is personal of a request is erased."""
    appeal: str = APPEAL
    document_mb: int = 10
    """How large one document of a request may be, in MiB."""
    document_days: int = 7
    """So many days after its check a document is deleted."""
    document_longest_days: int = 90
    """So many days after it came a document is deleted, whoever did or did not check it."""
    register_decides: bool = False
    """Whether the register of cameras may say, without a person, that some cover a request."""
    incidents: IncidentNumbers = ANY_NUMBER
    """How the numbers of the council's incident system look."""
    fees: Tariff = USUAL
    retention: Retention = USUAL_RETENTION
    """For how long exhibits are kept before somebody asks whether they are needed."""
    told: Transparency = USUALLY_TOLD
    streets: StreetMap = NO_STREETS
    """What lies below the public's map of cameras."""
    witnesses: Witnesses = NOBODY
    log: LogRules = USUAL_LOG
