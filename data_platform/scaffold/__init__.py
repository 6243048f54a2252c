"""From files, or tables of a database, to contracts, code and tests.

Belongs here: what is inferred from rows and how sure that is (types, keys, foreign keys, personal data), the contract
proposed from it, and the files of a domain that are written. Does not: reading files (files/), what a contract means
(contracts/), what happens once the datasets are there (datasets/).

    profile     one source: a sample suggests, one pass over all rows verifies
    keys        which columns tell rows apart
    relations   which columns lead into another source's key
    propose     all of that as contracts
    code, write the domain's files, all of them or none
"""
