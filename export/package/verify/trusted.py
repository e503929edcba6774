"""Pure. What a trust file asks of the ledger of a package: to be one of its, with its witnesses."""

from datetime import datetime

from custody.check.finding import Finding, Outcome
from custody.formats.note import parse_verifier_key
from custody.formats.policy import LogPolicy
from custody.formats.trust import Trust
from custody.published.heads import policy_for
from export.package.format import layout


def trusted_policy(
    policy: LogPolicy, trust: Trust | None, stamped_at: datetime | None
) -> tuple[LogPolicy | None, tuple[Finding, ...]]:
    """Make a policy of the trust file, for the ledger of the package; None without a trust file.

    Who must have witnessed goes by the stamped time, as whose seal counts does.

    The finding fails where that ledger is none of the trust file's.
    """
    if trust is None:
        return None, ()
    findings = []
    logs = [parse_verifier_key(text) for text in trust.logs]
    if policy.log not in logs:
        words = f"The ledger is not one that {trust.council} names in the trust file."
        expected = ", ".join(key.name for key in logs)
        findings.append(
            Finding("V6", Outcome.FAIL, words, layout.POLICY, expected, policy.log.name)
        )
    return policy_for(policy.log, *trust.witnessed_at(stamped_at)), tuple(findings)
