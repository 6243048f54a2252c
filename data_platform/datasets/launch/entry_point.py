"""The script that spark-submit and EMR are given: the job (see `job.py`). It can be copied anywhere, such as S3; the
project itself must be installed where it runs."""

import sys

if __name__ == "__main__":
    sys.path.pop(0)  # this file's folder: its modules are no top-level ones
    from data_platform.datasets.launch.job import main

    main()
