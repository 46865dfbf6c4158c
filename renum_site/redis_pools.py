"""Redis connections of each cache alias, with that alias's own time-outs.

django-redis keeps its pools by address alone: of several aliases on one Redis, all get the time-outs of
whichever a process used first.
"""

from typing import Any

from django_redis.pool import ConnectionFactory


class PoolsByTimeouts(ConnectionFactory):  # type: ignore[misc]
    """Shares a pool only among aliases with the same address, time-outs and retries."""

    def get_or_create_connection_pool(self, params: dict[str, Any]) -> Any:
        """Return the pool for these parameters, a new one where there is none yet."""
        differs = (params.get("socket_timeout"), params.get("socket_connect_timeout"))
        key = f"{params['url']} {differs} {sorted(self.pool_cls_kwargs)}"
        if key not in self._pools:
            self._pools[key] = self.get_connection_pool(params)
        return self._pools[key]
