"""Which functions aggregate, mask or only look along a window, where the parser's classes do not say so."""

from __future__ import annotations

from sqlglot import exp

ALONG_WINDOW = (exp.Lag, exp.Lead, exp.FirstValue, exp.LastValue, exp.NthValue)
"""Classes of aggregates to the parser; they hand on the value of one row."""

ORDERED_SET = (exp.PercentileCont, exp.PercentileDisc, exp.Mode, exp.Quantile)
"""Their WITHIN GROUP (ORDER BY x) is what they aggregate, not an order."""

STRUCTURE = (exp.Grouping, exp.GroupingId)
"""They tell which grouping set a row is of, whatever the values are."""

# fmt: off
AGGREGATES = frozenset((
    "arbitrary", "arg_max_null", "arg_max_nulls_last", "arg_min_null", "arg_min_nulls_last", "bitstring_agg",
    "combine_aggr", "count_star", "decimal_average", "entropy", "favg", "fsum", "geomean", "geometric_mean",
    "histogram", "histogram_exact", "kahan_sum", "kurtosis_pop", "listagg", "lttb", "mad", "mean", "product",
    "reservoir_quantile", "sem", "skewness", "sumkahan", "sum_no_overflow", "variant_group_object", "weighted_avg",
    "wavg",
))
"""DuckDB's, by name: those that the parser has no class for."""

MASKING = frozenset((
    "hash", "md5", "md5_number", "md5_number_lower", "md5_number_upper", "sha1", "sha256", "sha512", "xxhash32",
    "xxhash64", "crc32",
))
# fmt: on
MASKING_CLASSES = (
    exp.MD5,
    exp.MD5Digest,
    exp.MD5NumberLower64,
    exp.MD5NumberUpper64,
    exp.SHA,
    exp.SHA1Digest,
    exp.SHA2,
    exp.SHA2Digest,
    exp.StandardHash,
)


def aggregates(node: exp.Expr) -> bool:
    if isinstance(node, exp.Anonymous):  # by its class where it stands behind its argument: `a.sum()`
        known = exp.FUNCTION_BY_NAME.get(node.name.upper(), exp.Anonymous)
        return _aggregates(known) or node.name.lower() in AGGREGATES
    return _aggregates(type(node))


def _aggregates(function: type) -> bool:
    return issubclass(function, exp.AggFunc) and not issubclass(function, (*ALONG_WINDOW, *STRUCTURE))


def masks(node: exp.Expr) -> bool:
    return isinstance(node, MASKING_CLASSES) or (isinstance(node, exp.Anonymous) and node.name.lower() in MASKING)
