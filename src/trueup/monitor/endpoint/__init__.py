"""The ops endpoint: metrics, probes, status and the status page, on threads that need no event loop."""

from trueup.monitor.endpoint.documents import FleetStatus, decode_document, encode_document
from trueup.monitor.endpoint.judgement import Judgement, judge, unhealthy, unready, worst
from trueup.monitor.endpoint.ops_endpoint import OpsEndpoint
from trueup.monitor.endpoint.routes import MetricsSource, StatusSource

__all__ = [
    "FleetStatus",
    "Judgement",
    "MetricsSource",
    "OpsEndpoint",
    "StatusSource",
    "decode_document",
    "encode_document",
    "judge",
    "unhealthy",
    "unready",
    "worst",
]
