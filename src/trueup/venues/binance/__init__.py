"""The hardened Binance client: a drop-in for the engine's own adapter, USD-M futures and spot.

`budget`, `outcomes`, `paging`, `planner`, `profiles`, `repairs`, `skew` and `stream_rules` are pure: values in, values
out, no engine, no clock. `gate` carries every request, `user_stream` and `spot_stream` the events, `futures` and `spot`
are the clients, and `factories` is what a node is given.
"""
