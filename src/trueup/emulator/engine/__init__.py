"""The venue's engine: order book, accounts, ledger and journal, without network, event loop or clock of its own.

How a command goes::

    Venue (trading, control, queries)     the facade; host runs one command at a time
        executor                          the table from command to effect
            entry, changing, matching     plain orders: checks, queues, fills
            conditional, triggers         the algo service
            accounts, funding, forced     settings, transfers, what the venue does unasked
            market, liquidity, past       the synthetic market, a seeded past
        settlement, records               what a fill does; the only writers of the past
        aftermath, due                    what follows from a command, and from time
        ledger                            the invariants
        journal, framing                  accepted commands, durable

`state` holds what is persisted, `index` what is rebuilt from it. Import `Venue` from `trueup.emulator.engine.venue`.
"""
