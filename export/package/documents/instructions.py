"""Pure. `VERIFY.txt`: how to check a package by hand, with tools that are not ours.

The text is sealed before the stamp exists, so it computes the stamped time instead of naming it.
A test takes the lines for Linux out of it and runs them.
"""

from dataclasses import dataclass
from string import Template
from typing import Final

from export.package.format.layout import MANIFEST, SIGNATURE, TAG_MANIFEST, TIMESTAMP

LINUX_HEADING: Final = "LINUX"
MACOS_HEADING: Final = "MACOS"
WINDOWS_HEADING: Final = "WINDOWS"
INDENT: Final = "    "
"""In front of each line that is to be typed."""

_DEMONSTRATION: Final = """\
DEMONSTRATION. This package was made with demonstration keys. It is no evidence.

"""

_STAMPED: Final = (
    f"openssl ts -reply -in {TIMESTAMP} -text 2>/dev/null | sed -n 's/^Time stamp: //p'"
)
_CMS: Final = (
    f"openssl cms -verify -binary -attime $T -inform DER -in {SIGNATURE} -content {TAG_MANIFEST} "
    "-CAfile council-root.pem -no-CApath -no-CAstore -out /dev/null"
)
_TS: Final = f"openssl ts -verify -attime $T -in {TIMESTAMP} -data {SIGNATURE} -CAfile tsa-root.pem"
_APART: Final = (
    r"tagmanifest-sha256\.txt|(council|tsa)-root\.pem|seal/(release\.(entry|openings\.json|tlog-proof)"
    r"|tagmanifest-sha256\.txt\.p7s(\.tsr)?|proofs/[0-9]+\.tlog-proof"
    r"|received/[A-Z]+-[0-9]+\.consistency)"
)
"""What no manifest lists, as a pattern: the tag manifest, the closed list of `seal/`, two roots."""

_ADDED: Final = (
    f"comm -13 <(cut -c67- {MANIFEST} {TAG_MANIFEST} | sort) <(find . ! -type d | cut -c3- | sort)"
    f" | sed -E '\\#^({_APART})$#d'"
)
_UNTRIED: Final = """\
The lines for Linux are run against packages like this one whenever Custos is tested. These are not:
no such machine was at hand. If one ends in an error of its own, it shows nothing, neither for nor
against this package: use the lines for Linux, or "custos verify"."""
_POWERSHELL: Final = (
    f"Get-Content {TAG_MANIFEST}, {MANIFEST} | ForEach-Object {{ $h, $f = $_ -split '  ', 2; "
    'if ((Get-FileHash -LiteralPath $f -Algorithm SHA256).Hash -ne $h) { "CHANGED: $f" } }'
)
_POWERSHELL_ADDED: Final = (
    f"$l = Get-Content {TAG_MANIFEST}, {MANIFEST} | ForEach-Object {{ ($_ -split '  ', 2)[1] }}",
    (
        "Get-ChildItem -Recurse -File -Force | ForEach-Object { $_.FullName.Substring($PWD.Path."
        "Length + 1).Replace('\\', '/') } | Where-Object { $l -cnotcontains $_ -and $_ -cnotmatch "
        f"'^({_APART})$' }}"
    ),
)

_TEXT: Final = Template("""\
HOW TO CHECK $package
$rule

${demonstration}This package was released by $council.
Keep the ZIP file as you received it. Unpack a copy, open a terminal in the folder
$package, and follow the part for your system. A line that begins
with four spaces is to be typed as it stands.

This text came in the package too: whoever forged the files could have rewritten it. The council has
the same lines on its web site, on the page /verify: compare them, or follow that page instead.

WHAT YOU NEED FIRST

Two certificates, which you must get by another road than this package: a forger would have put his
own into it.

  council-root.pem   from the council: its web site, or the letter that announced this package
  tsa-root.pem       from the time-stamping authority, or from the council's page /verify

Put both into the folder $package. Compare their fingerprints with
the published ones:

    openssl x509 -in council-root.pem -noout -fingerprint -sha256
    openssl x509 -in tsa-root.pem -noout -fingerprint -sha256

The certificates in the folder certs are there to be compared, not to be trusted.

THE SHORT WAY, ON ANY SYSTEM

With Python 3.11 and the program Custos, which is "custos-evidence" in the Python Package Index; do
not take it from whoever handed you this package. With the part in brackets it decodes the copies
too, and compares every picture:

    python3 -m pip install "custos-evidence[media]"

With the council's trust file, from its page /verify, on the ZIP file. This checks more than the
lines below can: also the council's log, and each copy against its original.

    custos verify PACKAGE.zip --trust council.trust.json

LINUX

The digest of every file. Each line must end in OK:

    sha256sum -c tagmanifest-sha256.txt manifest-sha256.txt

The stamped time, at which the certificates are judged:

    T=$$(date -d "$$($stamped)" +%s)

The council's signature. The answer must be "CMS Verification successful":

    $cms

The timestamp of that signature. The answer must be "Verification: OK":

    $ts

That nothing was added to the folder data or left out. It must say "is valid" (the program comes
with "python3 -m pip install bagit"):

    bagit.py --validate .

What bagit.py does not show: files that somebody added outside the folder data. This line, for bash
or zsh, lists whatever no manifest names; it must print nothing:

    $added

MACOS

$untried

The same with the tools of macOS. Its own openssl is another program: install the real one first
with "brew install openssl@3", and use that one for the lines with openssl.

    shasum -a 256 -c manifest-sha256.txt
    shasum -a 256 -c tagmanifest-sha256.txt
    T=$$(date -j -u -f "%b %e %T %Y %Z" "$$($stamped)" +%s)
    $cms
    $ts
    bagit.py --validate .
    $added

WINDOWS

$untried

In PowerShell. The digest of every file; it must print nothing:

    $powershell

What was added and no manifest names; it must print nothing:

    $powershell_listed
    $powershell_added

The council's signature. It must print no error:

    Add-Type -AssemblyName System.Security
    $$content = [IO.File]::ReadAllBytes("$$PWD\\tagmanifest-sha256.txt")
    $$info = New-Object System.Security.Cryptography.Pkcs.ContentInfo -ArgumentList @(,$$content)
    $$cms = New-Object System.Security.Cryptography.Pkcs.SignedCms -ArgumentList $$info, $$true
    $$cms.Decode([IO.File]::ReadAllBytes("$$PWD\\seal\\tagmanifest-sha256.txt.p7s"))
    $$cms.CheckSignature($$true)

Anybody can sign, so the certificate must be the council's. This prints its thumbprint (SHA-256),
which must be one that the council has on its page /verify:

    $$leaf = $$cms.SignerInfos[0].Certificate
    $$hash = [Security.Cryptography.SHA256]::Create().ComputeHash($$leaf.RawData)
    $$print = [BitConverter]::ToString($$hash) -replace '-', ':'
    $$print

The trust file names the same thumbprints. With it beside this folder, this must print True:

    $$trust = Get-Content -Raw ..\\council.trust.json | ConvertFrom-Json
    $$trust.seals.certificates -contains ($$print -replace ':', '')

The chain: the council's root issued that certificate. Both answers must be True. Dates are left out
here, because they count at the stamped time. If your Windows cannot build the chain, go by the
thumbprint, which is the stricter of the two:

    $$x509 = 'System.Security.Cryptography.X509Certificates.X509'
    $$root = New-Object ($$x509 + 'Certificate2') -ArgumentList "$$PWD\\council-root.pem"
    $$chain = New-Object ($$x509 + 'Chain')
    $$chain.ChainPolicy.RevocationMode = 'NoCheck'
    $$chain.ChainPolicy.VerificationFlags = 'AllowUnknownCertificateAuthority, IgnoreNotTimeValid'
    [void]$$chain.ChainPolicy.ExtraStore.Add($$root)
    $$chain.Build($$leaf)
    $$last = $$chain.ChainElements[$$chain.ChainElements.Count - 1].Certificate
    ($$last.RawData -join ',') -eq ($$root.RawData -join ',')

Windows has no tool of its own for the timestamp. With openssl installed, the line with "openssl ts
-verify" above works here too; leave out "-attime $$T" while the authority's certificate is valid.

WHAT THIS DOES NOT SHOW

These lines show that the files are the ones the council sealed, and when. That the sealing, and
each step before it, stands in the council's log, is checked by "custos verify" and by any program
that reads C2SP tlog-proof files: seal/release.tlog-proof, seal/proofs and custody/policy.
""")


@dataclass(frozen=True, slots=True)
class InstructionFacts:
    """What the instructions say about this package."""

    package: str
    council: str
    demonstration: bool


def verify_txt(facts: InstructionFacts) -> bytes:
    """Write VERIFY.txt."""
    return _TEXT.substitute(
        package=facts.package,
        rule="=" * (len(facts.package) + len("HOW TO CHECK ")),
        council=facts.council,
        demonstration=_DEMONSTRATION if facts.demonstration else "",
        stamped=_STAMPED,
        cms=_CMS,
        ts=_TS,
        added=_ADDED,
        untried=_UNTRIED,
        powershell=_POWERSHELL,
        powershell_listed=_POWERSHELL_ADDED[0],
        powershell_added=_POWERSHELL_ADDED[1],
    ).encode()
