"""The cluster, for the tests of this folder."""

from tests.cluster.standalone import standalone

__all__ = ["standalone"]
