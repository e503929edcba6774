"""Each room's services, built from the settings; `api.wiring` alone calls the builders.

Read `ground` first: what every room stands on. Each of the others returns the services of its room
by the names that they have in `api.services.Services`.
"""
