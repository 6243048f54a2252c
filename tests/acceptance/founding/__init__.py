"""The founding example as a project of one domain: d2 is made from d1, and its contract speaks about both."""
