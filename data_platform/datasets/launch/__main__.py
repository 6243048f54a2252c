"""`python -m data_platform.datasets.launch`: the job, where no file can be named as the entry point."""

from data_platform.datasets.launch.job import main

main()
