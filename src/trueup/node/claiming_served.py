"""The claims of a node for who asks from outside: requests that came by the guard's signed way."""

from __future__ import annotations

from trueup.errors import ClaimRefusedError
from trueup.guard.book import Source
from trueup.guard.message import Request
from trueup.node.claiming import NodeClaims


class ServedClaims:
    """Answer requests about the claims of one node.

    Parameters
    ----------
    claims : NodeClaims
        The node's.
    """

    def __init__(self, claims: NodeClaims) -> None:
        self._claims = claims

    async def __call__(self, request: Request) -> object:
        """Do what a request asks.

        Raises
        ------
        ClaimRefusedError
            If it is not done.
        """
        given = request.arguments
        match request.act:
            case "list":
                return self._claims.all()
            case "explain":
                return self._claims.explain(_need(given, "instrument_id"), given.get("client", ""))
        if request.source is not Source.OPERATOR:
            raise ClaimRefusedError(f"{request.source} may look at claims, and change none")
        match request.act:
            case "add":
                products = tuple(one for one in given.get("products", "").split(",") if one)
                return await self._claims.add(
                    _need(given, "strategy"),
                    _need(given, "text"),
                    products=products,
                    client=given.get("client", ""),
                    reason=given.get("reason", ""),
                    who=request.who,
                )
            case "remove":
                return await self._claims.remove(
                    _need(given, "strategy"),
                    _need(given, "text"),
                    client=given.get("client", ""),
                    reason=given.get("reason", ""),
                    who=request.who,
                )
        raise ClaimRefusedError(f"there is nothing that is called {request.act}", allowed="list, explain, add, remove")


def _need(given: dict[str, str], name: str) -> str:
    if not given.get(name):
        raise ClaimRefusedError(f"the request lacks {name}")
    return given[name]
