"""Scenarios on the Binance adapter: NautilusTrader's own client in native mode, the hardened one in verified mode.

The venue is the emulator, at its wire. A scenario is data (`scenario`, in the words of `steps`), a `Life` does its
steps with a node process (`node`) on an account of its own (`venue`), and `run` lives it in the modes asked for, side
by side. What comes of it is judged, recorded and shown as that of every other scenario.
"""
