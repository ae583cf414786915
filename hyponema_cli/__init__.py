"""hyp: scheduled phone calls for voice agents, at the right local time, dialled exactly once, explained.

For programs: `from hyponema_cli import ScheduledCallService`; docs/library.md tells how.
"""

from typing import TYPE_CHECKING

__version__ = "0.1.0"

if TYPE_CHECKING:
    from hyponema_cli.core.errors import Ambiguous as Ambiguous
    from hyponema_cli.core.errors import Busy as Busy
    from hyponema_cli.core.errors import Conflict as Conflict
    from hyponema_cli.core.errors import HypError as HypError
    from hyponema_cli.core.errors import InvalidInput as InvalidInput
    from hyponema_cli.core.errors import NewerSchema as NewerSchema
    from hyponema_cli.core.errors import NoDatabase as NoDatabase
    from hyponema_cli.core.errors import NotFound as NotFound
    from hyponema_cli.core.errors import Unusable as Unusable
    from hyponema_cli.service import ScheduledCallService as ScheduledCallService
    from hyponema_cli.service.views import Execution as Execution
    from hyponema_cli.service.views import Health as Health
    from hyponema_cli.service.views import History as History
    from hyponema_cli.service.views import ScheduledCall as ScheduledCall
    from hyponema_cli.service.words import RetryPolicy as RetryPolicy
else:
    _FROM = {
        "hyponema_cli.service": ("ScheduledCallService",),
        "hyponema_cli.service.views": ("Execution", "Health", "History", "ScheduledCall"),
        "hyponema_cli.service.words": ("RetryPolicy",),
        "hyponema_cli.core.errors": (
            "Ambiguous", "Busy", "Conflict", "HypError", "InvalidInput", "NewerSchema", "NoDatabase", "NotFound",
            "Unusable",
        ),
    }  # fmt: skip
    __all__ = sorted(name for names in _FROM.values() for name in names)

    def __getattr__(name):
        # Every `hyp` imports this, and an idle tick must not pay for what only programs use.
        from importlib import import_module

        for module, names in _FROM.items():
            if name in names:
                return getattr(import_module(module), name)
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

    def __dir__():
        return sorted({*globals(), *__all__})
