"""CloudFront."""

from __future__ import annotations

from typing import Any

from moto.cloudfront.models import DefaultCacheBehaviour, Distribution, Origin


def apply() -> None:
    """Correct what moto keeps of a distribution, and what it shows."""
    Distribution.__getattr__ = _from_config
    _after(Distribution, _name_itself)
    _after(Origin, _keep_origin)
    _after(DefaultCacheBehaviour, _keep_behavior)


def _after(model: Any, more: Any) -> None:
    plain = model.__init__

    def __init__(self: Any, *args: Any, **kwargs: Any) -> None:
        plain(self, *args, **kwargs)
        more(self, *args)

    model.__init__ = __init__


def _from_config(self: Any, name: str) -> Any:
    """A setting of the distribution, for ListDistributions, where moto leaves all but the id out."""
    # Called only for what the distribution itself does not have.
    config = self.__dict__.get("distribution_config")
    if config is None or name not in config.__dict__:
        raise AttributeError(name)
    return config.__dict__[name]


def _name_itself(self: Any, account: str, *_: Any) -> None:
    # moto leaves out the colon of the region, which CloudFront's ARNs leave empty.
    self.arn = f"arn:aws:cloudfront::{account}:distribution/{self.distribution_id}"


def _keep_origin(self: Any, origin: dict[str, Any]) -> None:
    self.origin_access_control_id = origin.get("OriginAccessControlId", "")
    if "S3OriginConfig" in origin:
        self.s3_origin_config = origin["S3OriginConfig"]


def _keep_behavior(self: Any, config: dict[str, Any]) -> None:
    self.function_associations = config.get("FunctionAssociations") or {"Quantity": 0}
    self.lambda_function_associations = config.get("LambdaFunctionAssociations") or {"Quantity": 0}
