from data_platform.datasets.testing import lakehouse  # noqa: F401
