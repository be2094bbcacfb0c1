"""The venue's engine: order book, accounts, ledger and journal, without network, event loop or clock of its own."""
