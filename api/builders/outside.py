"""Edge. What speaks with the outside, built: the provider of sign-in, the post, and our health."""

from functools import partial
from typing import TypedDict

from api.builders.evidence import Evidence
from api.builders.ground import Ground
from api.demonstration.standins import mail_of, report, sign_in_of
from api.health import Health
from api.outbound.mailer import Mailer, WithheldMailer
from api.outbound.posting import Posting
from api.outbound.smtp import SmtpMailer, parse_server
from api.settings.facts import Council, Settings
from api.signin.provider import IdentityProvider
from custody.stamping.timeserver import TimeServer
from evidence.timekeeping import Timekeeping
from storage.room import Room


class Outside(TypedDict):
    """The services that speak with the outside."""

    provider: IdentityProvider
    posting: Posting
    timekeeping: Timekeeping
    health: Health


def build_outside(ground: Ground, evidence: Evidence) -> Outside:
    """Build what speaks with the identity provider and whoever delivers mail."""
    settings, council = ground.settings, ground.council
    stand_ins = None if settings.production else partial(report, settings)
    room = Room(settings.data).words if settings.engines is None else None
    return Outside(
        provider=IdentityProvider(
            sign_in_of(settings), callback=f"{settings.origin}/sign-in/callback"
        ),
        posting=Posting(
            ground.transaction,
            evidence["messages"],
            _mailer(settings, council),
            council,
            origin=settings.origin,
            demonstration=not settings.production,
            clock=ground.clock,
        ),
        timekeeping=Timekeeping(
            ground.transaction,
            ground.ledger,
            ground.house_clock,
            TimeServer(*settings.time_server).ahead if settings.time_server else None,
            clock=ground.clock,
        ),
        health=Health(ground.transaction, ground.vault, ground.clock, stand_ins, room),
    )


def _mailer(settings: Settings, council: Council) -> Mailer:
    """Return who delivers messages: GOV.UK Notify, a mail server, or the demonstration's sink."""
    mail = mail_of(settings)
    if mail.notify is not None and not mail.notify.key:
        return WithheldMailer()
    if mail.notify is not None:
        from api.outbound.notify import NotifyMailer  # noqa: PLC0415 - others need not load it

        return NotifyMailer(mail.notify)
    return SmtpMailer(
        parse_server(mail.smtp_url), sender=mail.sender, name=council.name, reply_to=council.email
    )
