"""Commands for the work of a day: exhibits, requests, releases, cameras."""
