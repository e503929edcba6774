"""Fees for a request: demanded or waived, paid by card at a provider, refunded, reconciled.

Read `fees` first, then `payments`; what the states are stands in `states`, what a provider must do
in `provider`. A request is known here by its custody record and its URN only.
"""
