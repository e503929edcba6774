"""From nothing to a production that starts, by the commands of docs/keys.md, in their order."""

import re
import shlex
from dataclasses import dataclass
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from api.cli import main
from api.running.first_start import fill_register, make_first_tokens
from api.running.preparing import prepare
from api.settings.environment import read_settings
from api.settings.errors import SettingsError
from api.settings.facts import Settings
from api.settings.production import refuse_stand_ins
from api.times import utc_now
from api.wiring import build
from custody.formats.canonical import format_time
from custody.formats.certificates import (
    council_name,
    format_chain,
    make_root,
    make_time_certificate,
)
from custody.formats.trust import parse_trust
from custody.keys.keyring import load
from custody.ledger.contradictions import is_used
from storage.embedded.directory import DataDirectory
from tests.api.settings.given import OUTWARD
from tests.houses import Estate, environment

DOCUMENT = Path(__file__).parents[2] / "docs" / "keys.md"
COUNCIL = """\
name = "Barsetshire Council"
urn_prefix = "BST"
[log]
origin = "custody.barsetshire.gov.uk/log"
[retention]
days = 31
"""


@dataclass
class Machine:
    """Two machines in one folder: the one that runs Custos, and the one of the root."""

    folder: Path
    capture: pytest.CaptureFixture[str]
    patch: pytest.MonkeyPatch
    environ: dict[str, str]

    def run(self, line: str) -> str:
        """Run a command that succeeds; return what it printed."""
        self.capture.readouterr()
        assert main(line.split()) == 0, self.capture.readouterr().err
        return self.capture.readouterr().out

    def refusal(self, line: str) -> str:
        """Run a command that fails; return why."""
        self.capture.readouterr()
        assert main(line.split()) != 0
        return self.capture.readouterr().err

    def install(self) -> None:
        """Do what stands in steps 1 to 4 of docs/keys.md, word for word."""
        steps = DOCUMENT.read_text().partition("## 5. ")[0].partition("## 1. ")[2]
        lines = re.findall(r"^    custos (.+)$", steps, re.MULTILINE)
        assert [line.split()[1] for line in lines] == ["init", "request", "sign", "install"]
        with self.patch.context() as patch:
            patch.setattr("getpass.getpass", lambda _: "five words drawn by dice")
            patch.setattr("sys.stdin.isatty", lambda: True)
            for line in lines:
                words = shlex.split(line.replace("/media/stick/", ""))
                assert main(words) == 0, self.capture.readouterr().err

    def init(self) -> str:
        Path("words").write_text("five words drawn by dice\n")
        self.capture.readouterr()
        named = ["--council", "Barsetshire Council", "--passphrase-file", "words"]
        assert main(["keys", "init", "root", *named]) == 0
        return self.capture.readouterr().out

    @property
    def settings(self) -> Settings:
        return read_settings(self.environ)


@pytest.fixture
def machine(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Machine:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "council.toml").write_text(COUNCIL)
    now, key = utc_now(), ec.generate_private_key(ec.SECP256R1())
    root = make_root(council_name("Some Trust", "time root"), key, now=now, serial=1)
    leaf = make_time_certificate(
        council_name("Some Trust", "time"),
        key.public_key(),
        root=root,
        root_key=key,
        now=now,
        serial=2,
    )
    (tmp_path / "tsa.pem").write_bytes(format_chain([leaf, root]))
    environ = {
        "CUSTOS_ENV": "production",
        "CUSTOS_DATA": str(tmp_path / "data"),
        "CUSTOS_KEYS": str(tmp_path / "keys"),
        "CUSTOS_COUNCIL": str(tmp_path / "council.toml"),
        "CUSTOS_TSA_URL": "https://tsa.council.gov.uk",
        "CUSTOS_TSA_CHAIN": str(tmp_path / "tsa.pem"),
        **OUTWARD,
    }
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    return Machine(tmp_path, capsys, monkeypatch, environ)


def after_next(said: str) -> str:
    """Return the command that a step names as the next one."""
    found = re.search(r"^Next.*?(custos \S+ \S+)", said, re.DOTALL | re.MULTILINE)
    assert found is not None, said
    return found[1]


def test_each_step_says_which_one_comes_next_and_shows_the_same_key(machine: Machine) -> None:
    assert after_next(machine.init()) == "custos keys request"
    asked = machine.run("keys request --out seal.csr")
    assert after_next(asked) == "custos keys sign"
    signed = machine.run("keys sign seal.csr --root root --out seal.pem --passphrase-file words")
    assert after_next(signed) == "custos keys install"
    assert set(re.findall(r"\b[0-9a-f]{64}\b", asked)) == set(
        re.findall(r"\b[0-9a-f]{64}\b", signed)
    )
    assert "custos up" in machine.run("keys install seal.pem")
    shown = machine.run("keys show")
    assert "DEMONSTRATION" not in shown
    assert "custody.barsetshire.gov.uk/log+" in shown


def test_what_is_missing_is_said_with_what_brings_it(machine: Machine) -> None:
    with pytest.raises(SettingsError, match=r"no keys .* as docs/keys\.md says"):
        refuse_stand_ins(machine.settings)
    assert "run custos keys request" in machine.refusal("keys install seal.pem")
    assert "begin with custos keys request" in machine.refusal("keys rotate seal --out x.csr")
    machine.init()
    Path("council.toml").rename("elsewhere.toml")
    assert "set CUSTOS_COUNCIL" in machine.refusal("keys request --out seal.csr")
    Path("elsewhere.toml").rename("council.toml")
    machine.run("keys request --out seal.csr")
    with pytest.raises(SettingsError, match="no keys"):  # asked for, and not installed
        refuse_stand_ins(machine.settings)
    assert "is there already" in machine.refusal("keys request --out seal.csr")
    assert "no certificates in PEM" in machine.refusal("keys install seal.csr")
    assert "cannot be read" in machine.refusal("keys install nowhere.pem")
    Path("wrong").write_text("other words drawn by dice")
    sign = "keys sign seal.csr --root root --out seal.pem --passphrase-file"
    assert "does not open" in machine.refusal(f"{sign} wrong")
    assert "name --passphrase-file" in machine.refusal(sign.removesuffix(" --passphrase-file"))
    assert not Path("seal.pem").exists()
    machine.run(f"{sign} words")
    demonstration = COUNCIL.replace(".gov.uk/log", ".example/log")
    Path("council.toml").write_text(demonstration)
    assert "a name that nobody owns" in machine.refusal("keys install seal.pem")
    Path("council.toml").write_text(COUNCIL)
    machine.run("keys install seal.pem")
    refuse_stand_ins(machine.settings)
    assert "rotate seal" in machine.refusal("keys request --out again.csr")
    Path("tsa.pem").unlink()
    with pytest.raises(SettingsError, match=r"CUSTOS_TSA_CHAIN: .*tsa\.pem cannot be read"):
        refuse_stand_ins(machine.settings)


def test_a_production_starts_lets_in_whom_it_names_and_starts_again(
    machine: Machine, estate: Estate, tmp_path: Path
) -> None:
    machine.install()
    (tmp_path / "data").mkdir(mode=0o700)
    with estate.plot(tmp_path / "plot") as plot:
        assert plot.engines is not None
        for name, value in environment(plot.engines).items():
            machine.patch.setenv(name, value)
            machine.environ[name] = value
        assert prepare(machine.settings) == ""
        services = build(machine.settings)
        try:
            make_first_tokens(services, machine.settings.tokens)
            fill_register(services)
            with services.transaction() as session:
                assert not is_used(session), "a start of production lets nobody in"
        finally:
            services.close()
        machine.run("token add Jo --role administrator --out jo.token")
        assert Path("jo.token").stat().st_mode & 0o777 == 0o600
        assert "Jo: administrator" in machine.run("token list")
        assert prepare(machine.settings) == ""
        machine.run("trust export council.trust.json")
        trust = parse_trust(Path("council.trust.json").read_bytes())
        assert (trust.demonstration, trust.council) == (False, "Barsetshire Council")


def test_a_rotation_and_a_revocation_by_their_commands(machine: Machine) -> None:
    machine.install()
    machine.run("trust export one.json")
    old = load(machine.settings.keys).seal_signer.certificate
    asked = machine.run("keys rotate seal --out seal-2.csr")
    assert after_next(asked) == "custos keys sign"
    assert "issued for another request" in machine.refusal("keys install seal.pem")
    Path("words").write_text("five words drawn by dice")
    machine.run("keys sign seal-2.csr --root root --out seal-2.pem --passphrase-file words")
    directory = DataDirectory(machine.settings.data)
    directory.take()
    assert "stop it, install, and start it again" in machine.refusal("keys install seal-2.pem")
    directory.release()
    assert after_next(machine.run("keys install seal-2.pem")) == "custos trust export"
    machine.run("trust export two.json")
    new, former = parse_trust(Path("two.json").read_bytes()).seals
    assert former.valid_to < old.not_valid_after_utc
    now = format_time(utc_now().replace(microsecond=0))
    assert "say which key" in machine.refusal(f"keys revoke seal --at {now}")
    assert "no moment" in machine.refusal("keys revoke seal --at yesterday")
    key = former.spki_sha256.hex()
    machine.run(f"keys revoke seal --at {now} --key {key[:12]}")
    refuse_stand_ins(machine.settings)
    said = machine.run(f"keys revoke seal --at {now} --key {new.spki_sha256.hex()}")
    assert "rotate seal" in said
    machine.run("trust export four.json")
    trust = parse_trust(Path("four.json").read_bytes())
    assert trust.issue is not None
    assert trust.issue.number == 4
    assert all(pin.revoked_at is not None for pin in trust.seals)
    shown = machine.run("keys show")
    assert shown.count("REVOKED") == 2
    assert "WARNING: the seal key was revoked" in shown
