"""The errors of the API that a router answers with: their names, and what they say.

Sources: API reference, *Common errors* and each operation's; the words are the service's, as recorded by the
test suites of moto and dynalite, except our own for nodes of the region that do not answer.
"""

from __future__ import annotations

from msgspec import Struct

from dynaproof.impl.node import Microseconds


class ApiError(Struct, frozen=True, gc=False):
    """An error by its name. `definite`: what was asked for has had no effect, and never will."""

    name: str
    message: str
    definite: bool = True
    reasons: tuple[str, ...] = ()
    """Why it is throttled for want of capacity."""
    after_us: Microseconds = 0
    """When there would be enough."""


TABLE_NOT_FOUND = ApiError("ResourceNotFoundException", "Requested resource not found")
CONDITION_FAILED = ApiError("ConditionalCheckFailedException", "The conditional request failed")
THROTTLED = ApiError("ThrottlingException", "Rate exceeded")
UNAVAILABLE = ApiError(
    "ServiceUnavailable", "No leader of the partition answered in time; nothing was changed"
)
UNKNOWN = ApiError(
    "InternalServerError", "No answer came in time; whether the request took effect is not known", False
)
NO_METADATA = ApiError("ServiceUnavailable", "The partition metadata service did not answer in time")
NO_ACTIVE_ADMIN = ApiError("ServiceUnavailable", "No active admin answered in time; nothing was changed")
NO_ADMIN = ApiError(
    "InternalServerError", "No admin answered in time; whether it will be done is not known", False
)


def no_capacity(reason: str, after_us: Microseconds) -> ApiError:
    """The capacity that a table is given does not admit the request; nothing has happened."""
    return ApiError(
        "ProvisionedThroughputExceededException",
        "The level of configured provisioned throughput for the table was exceeded. Consider increasing your "
        "provisioning level with the UpdateTable API.",
        reasons=(reason,),
        after_us=after_us,
    )


def invalid(message: str) -> ApiError:
    """What was asked for breaks a rule."""
    return ApiError("ValidationException", message)
