"""The wire of the emulator: REST, the WebSocket API, streams, signatures, weights, faults and the control port.

Everything here talks to the venue through :class:`trueup.emulator.engine.venue.Venue` and nothing else.
"""
