"""Payments by card, as GOV.UK Pay takes them.

Read `govuk_pay` first; what it must be able to do is said in `evidence.fees.provider`.
"""
