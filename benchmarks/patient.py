"""`python -m benchmarks.patient ROLE`: a role of the hub that gives a dial all the time its measurement takes."""

from __future__ import annotations

from whatsapp_hub.adapters.providers.neonize import dial
from whatsapp_hub.adapters.providers.neonize.egress import upstream
from whatsapp_hub.main.commands import cli

dial.ANSWER_S = upstream.REACH_S = 3600.0

if __name__ == "__main__":
    cli.main()
