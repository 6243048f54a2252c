"""The platform on real input that nobody here wrote: Olist's sales, as a company's team would bring them in.

Belongs here: `domains/`, which reads as any project's domains folder, and tests that compare what is published with the
files themselves. Does not: tests of one room. `source_files` reads the files with nothing of the platform.
"""
