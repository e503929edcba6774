"""What is set where a test needs something real: nothing of it is reached."""

from api.settings.environment import read_settings
from api.settings.facts import Council, Settings

REAL = Council("Real Council", "REA", "custody.council.gov.uk/log", False, 31)


TSA = {"CUSTOS_TSA_URL": "https://tsa.council.gov.uk", "CUSTOS_TSA_CHAIN": "/etc/tsa.pem"}


OUTSIDE = {
    "CUSTOS_DATABASE_OWNER_URL": "postgresql+psycopg://owner@db/custos",
    "CUSTOS_DATABASE_URL": "postgresql+psycopg://app@db/custos",
    "CUSTOS_S3_ENDPOINT": "https://s3.council.gov.uk",
    "CUSTOS_S3_INTAKE_KEY": "ik",
    "CUSTOS_S3_INTAKE_SECRET": "is",
    "CUSTOS_S3_PUBLISHER_KEY": "pk",
    "CUSTOS_S3_PUBLISHER_SECRET": "ps",
    "CUSTOS_S3_DISPOSAL_KEY": "dk",
    "CUSTOS_S3_DISPOSAL_SECRET": "ds",
}


SIGN_IN = {
    "CUSTOS_OIDC_ISSUER": "https://login.council.gov.uk/tenant/v2.0",
    "CUSTOS_OIDC_CLIENT": "custos",
    "CUSTOS_OIDC_SECRET": "hunter2-sign-in",
}


SMTP = {
    "CUSTOS_SMTP_URL": "smtp://custos:hunter2-mail@mail.council.gov.uk:587",
    "CUSTOS_MAIL_FROM": "cctv@council.gov.uk",
}


NOTIFY = {
    "CUSTOS_NOTIFY_KEY": "live-11111111-2222-4333-8444-555555555555-"
    "66666666-7777-4888-8999-000000000000",
    "CUSTOS_NOTIFY_TEMPLATE": "template-1",
    "CUSTOS_NOTIFY_CALLBACK_TOKEN": "hunter2-of-twenty-letters-and-more",
}


PUBLIC = {"CUSTOS_PUBLIC_URL": "https://cctv.council.gov.uk"}


PAY = {
    "CUSTOS_PAY_KEY": "api_live_hunter2-of-the-council",
    "CUSTOS_PAY_WEBHOOK_SECRET": "hunter2-of-the-webhooks-of-pay",
}


OUTWARD = {**PUBLIC, **SIGN_IN, **SMTP, **PAY}


def production(**more: str) -> Settings:
    return read_settings({"CUSTOS_ENV": "production", **TSA, **OUTWARD, **more})
