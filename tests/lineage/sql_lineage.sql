-- Queries and all of their edges; tables t(a, b, c, k, l: list, s: struct, ts), u(a, b, d, k, ts), v(x, y, k).
-- An edge is KIND table.column; an output without any is made of constants, or counts rows.

-- == Columns and expressions ==

-- a column
SELECT a FROM t
--   a <- IDENTITY t.a

-- a renamed column
SELECT a AS x FROM t
--   x <- IDENTITY t.a

-- a cast is a transformation
SELECT a::VARCHAR AS x, TRY_CAST(b AS DATE) AS y FROM t
--   x <- TRANSFORMATION t.a
--   y <- TRANSFORMATION t.b

-- arithmetic and functions
SELECT a + b AS x, coalesce(a, k) AS y, upper(c) || '!' AS z FROM t
--   x <- TRANSFORMATION t.a, TRANSFORMATION t.b
--   y <- TRANSFORMATION t.a, TRANSFORMATION t.k
--   z <- TRANSFORMATION t.c

-- a function behind its argument
SELECT c.upper() AS x, a.greatest(b) AS y FROM t
--   x <- TRANSFORMATION t.c
--   y <- TRANSFORMATION t.a, TRANSFORMATION t.b

-- constants, parameters and clocks come from nothing
SELECT 1 AS x, 'a' AS y, current_date AS z, $day AS w FROM t
--   x <-
--   y <-
--   z <-
--   w <-

-- what is hashed is masked
SELECT md5(c) AS x, sha256(c || a) AS y, max(hash(a)) OVER () AS z, c AS w FROM t
--   x <- TRANSFORMATION MASKED t.c
--   y <- TRANSFORMATION MASKED t.a, TRANSFORMATION MASKED t.c
--   z <- AGGREGATION MASKED t.a
--   w <- IDENTITY t.c

-- the branches of a CASE are values, its conditions are not
SELECT CASE WHEN a > 1 THEN b WHEN k IS NULL THEN 0 ELSE ts END AS x, CASE a WHEN b THEN k END AS y, if(a > 1, b, k)
AS z FROM t
--   x <- CONDITIONAL t.a, TRANSFORMATION t.b, CONDITIONAL t.k, TRANSFORMATION t.ts
--   y <- CONDITIONAL t.a, CONDITIONAL t.b, TRANSFORMATION t.k
--   z <- CONDITIONAL t.a, TRANSFORMATION t.b, TRANSFORMATION t.k

-- a comparison is a value
SELECT a > b AS x, a IN (1, b) AS y, a BETWEEN b AND k AS z, c LIKE 'x%' AS w FROM t
--   x <- TRANSFORMATION t.a, TRANSFORMATION t.b
--   y <- TRANSFORMATION t.a, TRANSFORMATION t.b
--   z <- TRANSFORMATION t.a, TRANSFORMATION t.b, TRANSFORMATION t.k
--   w <- TRANSFORMATION t.c

-- a field of a struct
SELECT s.x, t.s.y, (s).x AS z, s['y'] AS w, struct_extract(s, 'x') AS v FROM t
--   x <- TRANSFORMATION t.s
--   y <- TRANSFORMATION t.s
--   z <- TRANSFORMATION t.s
--   w <- TRANSFORMATION t.s
--   v <- TRANSFORMATION t.s

-- structs, lists and maps are made of their parts
SELECT {'x': a, 'y': b} AS x, [a, k] AS y, MAP {'key': b} AS z, struct_pack(p := a) AS w FROM t
--   x <- TRANSFORMATION t.a, TRANSFORMATION t.b
--   y <- TRANSFORMATION t.a, TRANSFORMATION t.k
--   z <- TRANSFORMATION t.b
--   w <- TRANSFORMATION t.a

-- a lambda's parameter is no column
SELECT list_transform(l, lambda x : x + a) AS x, list_filter(l, lambda a : a > b) AS y, [a * 2 FOR a IN l IF a > k] AS
z FROM t
--   x <- TRANSFORMATION t.a, TRANSFORMATION t.l
--   y <- TRANSFORMATION t.b, TRANSFORMATION t.l
--   z <- TRANSFORMATION t.k, TRANSFORMATION t.l

-- an alias of the same select
SELECT a + b AS x, x * 2 AS y, CASE WHEN y > 1 THEN k END AS z FROM t
--   x <- TRANSFORMATION t.a, TRANSFORMATION t.b
--   y <- TRANSFORMATION t.a, TRANSFORMATION t.b
--   z <- CONDITIONAL t.a, CONDITIONAL t.b, TRANSFORMATION t.k

-- the old arrow makes a lambda, too
SELECT list_transform(l, a -> a + b) AS x FROM t
--   x <- TRANSFORMATION t.b, TRANSFORMATION t.l

-- an alias in a filter
SELECT a + b AS x FROM t WHERE x > 1
--   x <- TRANSFORMATION t.a, TRANSFORMATION t.b
--   which rows <- FILTER t.a, FILTER t.b

-- a column wins over an alias of its name
SELECT b AS a, a + 1 AS x FROM t
--   a <- IDENTITY t.b
--   x <- TRANSFORMATION t.a

-- names have no case, quoted or not
SELECT A, "B" AS x, T.K FROM "T"
--   a <- IDENTITY t.a
--   x <- IDENTITY t.b
--   k <- IDENTITY t.k

-- the row as a struct
SELECT v FROM v
--   v <- TRANSFORMATION v.k, TRANSFORMATION v.x, TRANSFORMATION v.y

-- == Stars ==

-- every column
SELECT * FROM v
--   x <- IDENTITY v.x
--   y <- IDENTITY v.y
--   k <- IDENTITY v.k

-- of one table
SELECT v.*, t.a FROM t, v
--   x <- IDENTITY v.x
--   y <- IDENTITY v.y
--   k <- IDENTITY v.k
--   a <- IDENTITY t.a

-- without, instead and by another name
SELECT * EXCLUDE (y) REPLACE (x + k AS x) RENAME (k AS q) FROM v
--   x <- TRANSFORMATION v.k, TRANSFORMATION v.x
--   q <- IDENTITY v.k

-- what is excluded may be of one table
SELECT * EXCLUDE (v.k) FROM (SELECT k FROM t) t, v
--   k <- IDENTITY t.k
--   x <- IDENTITY v.x
--   y <- IDENTITY v.y

-- COLUMNS by pattern
SELECT COLUMNS('^[xy]$') FROM v
--   x <- IDENTITY v.x
--   y <- IDENTITY v.y

-- COLUMNS in an expression
SELECT max(COLUMNS(* EXCLUDE (k))) FROM v
--   x <- AGGREGATION v.x
--   y <- AGGREGATION v.y

-- COLUMNS with an alias of parts
SELECT COLUMNS('^(x|y)$') AS 'v_\1' FROM v
--   v_x <- IDENTITY v.x
--   v_y <- IDENTITY v.y

-- COLUMNS as arguments
SELECT greatest(*COLUMNS(*)) AS x FROM v
--   x <- TRANSFORMATION v.k, TRANSFORMATION v.x, TRANSFORMATION v.y

-- columns LIKE a pattern
SELECT * LIKE 'x%' FROM v
--   x <- IDENTITY v.x

-- by position
SELECT #2, #1 FROM v
--   y <- IDENTITY v.y
--   x <- IDENTITY v.x

-- == Rows ==

-- a filter
SELECT a FROM t WHERE b > 1 AND c LIKE 'x%'
--   a <- IDENTITY t.a
--   which rows <- FILTER t.b, FILTER t.c

-- groups and HAVING
SELECT a, sum(b) AS x, count(*) AS y FROM t GROUP BY a HAVING max(k) > 1
--   a <- IDENTITY t.a
--   x <- AGGREGATION t.b
--   y <-
--   which rows <- GROUP_BY t.a, FILTER t.k

-- groups by position and by alias
SELECT a + 1 AS x, upper(c) AS y, min(b) AS z FROM t GROUP BY 1, y
--   x <- TRANSFORMATION t.a
--   y <- TRANSFORMATION t.c
--   z <- AGGREGATION t.b
--   which rows <- GROUP_BY t.a, GROUP_BY t.c

-- HAVING means an alias, inside aggregates a column
SELECT a, sum(b) AS k FROM t GROUP BY a HAVING k > 1 AND max(k) > 1
--   a <- IDENTITY t.a
--   k <- AGGREGATION t.b
--   which rows <- GROUP_BY t.a, FILTER t.b, FILTER t.k

-- GROUP BY ALL and ORDER BY ALL
SELECT a, c || 'x' AS x, sum(b) AS y FROM t GROUP BY ALL ORDER BY ALL
--   a <- IDENTITY t.a
--   x <- TRANSFORMATION t.c
--   y <- AGGREGATION t.b
--   which rows <- GROUP_BY t.a, SORT t.a, SORT t.b, GROUP_BY t.c, SORT t.c

-- a group that is not selected
SELECT sum(a) AS x FROM t GROUP BY b, ts % 2
--   x <- AGGREGATION t.a
--   which rows <- GROUP_BY t.b, GROUP_BY t.ts

-- an aggregate without groups
SELECT sum(a) AS x, avg(b) + max(k) AS y, count(*) AS n, count(a) AS m FROM t
--   x <- AGGREGATION t.a
--   y <- AGGREGATION t.b, AGGREGATION t.k
--   n <-
--   m <- AGGREGATION t.a

-- an order
SELECT a FROM t ORDER BY b DESC, a + k
--   a <- IDENTITY t.a
--   which rows <- SORT t.a, SORT t.b, SORT t.k

-- an order by position, and by an alias of another column's name
SELECT a AS b, k FROM t ORDER BY 2, b
--   b <- IDENTITY t.a
--   k <- IDENTITY t.k
--   which rows <- SORT t.a, SORT t.k

-- an order by what is not selected, after groups
SELECT a FROM t GROUP BY a ORDER BY sum(b), max(k)
--   a <- IDENTITY t.a
--   which rows <- GROUP_BY t.a, SORT t.b, SORT t.k

-- an order by an expression means columns
SELECT a AS b FROM t ORDER BY b + 0
--   b <- IDENTITY t.a
--   which rows <- SORT t.b

-- a limit decides nothing by itself
SELECT a FROM t ORDER BY b LIMIT 3
--   a <- IDENTITY t.a
--   which rows <- SORT t.b

-- distinct rows
SELECT DISTINCT a, b + 1 AS x FROM t
--   a <- IDENTITY t.a
--   x <- TRANSFORMATION t.b
--   which rows <- GROUP_BY t.a, GROUP_BY t.b

-- the first of each
SELECT DISTINCT ON (a) b FROM t ORDER BY a, k DESC
--   b <- IDENTITY t.b
--   which rows <- GROUP_BY t.a, SORT t.a, SORT t.k

-- grouping sets
SELECT a, b, sum(k) AS x, grouping(a) AS g FROM t GROUP BY GROUPING SETS ((a), (a, b), ())
--   a <- IDENTITY t.a
--   b <- IDENTITY t.b
--   x <- AGGREGATION t.k
--   g <-
--   which rows <- GROUP_BY t.a, GROUP_BY t.b

-- rollup
SELECT a, sum(k) AS x FROM t GROUP BY ROLLUP (a, b)
--   a <- IDENTITY t.a
--   x <- AGGREGATION t.k
--   which rows <- GROUP_BY t.a, GROUP_BY t.b

-- cube by position
SELECT a, b, sum(k) AS x FROM t GROUP BY CUBE (1, 2)
--   a <- IDENTITY t.a
--   b <- IDENTITY t.b
--   x <- AGGREGATION t.k
--   which rows <- GROUP_BY t.a, GROUP_BY t.b

-- == Aggregates and windows ==

-- a filtered aggregate
SELECT sum(a) FILTER (WHERE b > 1) AS x, count(*) FILTER (WHERE c = 'x') AS y FROM t
--   x <- AGGREGATION t.a, CONDITIONAL t.b
--   y <- CONDITIONAL t.c

-- an ordered aggregate
SELECT list(a ORDER BY b) AS x, string_agg(c, ',' ORDER BY k DESC) AS y FROM t
--   x <- AGGREGATION t.a, WINDOW t.b
--   y <- AGGREGATION t.c, WINDOW t.k

-- within a group
SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY a) AS x FROM t
--   x <- AGGREGATION t.a

-- an aggregate picks by another column
SELECT arg_max(a, b) AS x, count(DISTINCT k) AS y, first(c ORDER BY ts) AS z FROM t
--   x <- AGGREGATION t.a, AGGREGATION t.b
--   y <- AGGREGATION t.k
--   z <- AGGREGATION t.c, WINDOW t.ts

-- a rank
SELECT a, row_number() OVER (PARTITION BY b ORDER BY k DESC) AS x FROM t
--   a <- IDENTITY t.a
--   x <- WINDOW t.b, WINDOW t.k

-- a window aggregate
SELECT sum(a) OVER (PARTITION BY b ORDER BY k ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) AS x FROM t
--   x <- AGGREGATION t.a, WINDOW t.b, WINDOW t.k

-- the value of another row
SELECT lag(a, 1, b) OVER (ORDER BY k) AS x, first_value(c) OVER w AS y FROM t WINDOW w AS (PARTITION BY a ORDER BY b)
--   x <- TRANSFORMATION t.a, TRANSFORMATION t.b, WINDOW t.k
--   y <- WINDOW t.a, WINDOW t.b, TRANSFORMATION t.c

-- a window that extends another
SELECT sum(a) OVER (w ORDER BY k) AS x FROM t WINDOW w AS (PARTITION BY b)
--   x <- AGGREGATION t.a, WINDOW t.b, WINDOW t.k

-- a window's aggregate of aggregates
SELECT a, sum(sum(b)) OVER (ORDER BY a) AS x FROM t GROUP BY a
--   a <- IDENTITY t.a
--   x <- WINDOW t.a, AGGREGATION t.b
--   which rows <- GROUP_BY t.a

-- QUALIFY filters by a window
SELECT a FROM t QUALIFY row_number() OVER (PARTITION BY b ORDER BY k) = 1
--   a <- IDENTITY t.a
--   which rows <- FILTER t.b, FILTER t.k

-- a window that is filtered on later
SELECT a FROM (SELECT a, rank() OVER (PARTITION BY b ORDER BY k) AS r FROM t) WHERE r = 1
--   a <- IDENTITY t.a
--   which rows <- FILTER t.b, FILTER t.k

-- a window that is filtered itself
SELECT sum(a) FILTER (WHERE k > 1) OVER (PARTITION BY b ORDER BY ts) AS x FROM t
--   x <- AGGREGATION t.a, WINDOW t.b, CONDITIONAL t.k, WINDOW t.ts

-- == Joins ==

-- a condition concerns both sides
SELECT t.a, u.d FROM t JOIN u ON t.k = u.k AND u.b > t.b
--   a <- IDENTITY t.a
--   d <- IDENTITY u.d
--   which rows <- JOIN t.b, JOIN t.k, JOIN u.b, JOIN u.k

-- a left join
SELECT t.a, u.d FROM t LEFT JOIN u ON t.k = u.k
--   a <- IDENTITY t.a
--   d <- IDENTITY u.d
--   which rows <- JOIN t.k, JOIN u.k

-- a cross join has no condition
SELECT t.a, v.x FROM t, v WHERE t.k = v.k
--   a <- IDENTITY t.a
--   x <- IDENTITY v.x
--   which rows <- FILTER t.k, FILTER v.k

-- a shared column is the left side's
SELECT k, t.a, v.k AS x FROM t JOIN v USING (k)
--   k <- IDENTITY t.k
--   a <- IDENTITY t.a
--   x <- IDENTITY v.k
--   which rows <- JOIN t.k, JOIN v.k

-- a shared column of a right join is the right side's
SELECT k, a FROM t RIGHT JOIN v USING (k)
--   k <- IDENTITY v.k
--   a <- IDENTITY t.a
--   which rows <- JOIN t.k, JOIN v.k

-- a shared column of a full join is either's
SELECT * FROM (SELECT k, a FROM t) FULL JOIN v USING (k)
--   k <- TRANSFORMATION t.k, TRANSFORMATION v.k
--   a <- IDENTITY t.a
--   x <- IDENTITY v.x
--   y <- IDENTITY v.y
--   which rows <- JOIN t.k, JOIN v.k

-- a chain of shared columns
SELECT k, t.a, u.d, x FROM t JOIN u USING (k) LEFT JOIN v USING (k)
--   k <- IDENTITY t.k
--   a <- IDENTITY t.a
--   d <- IDENTITY u.d
--   x <- IDENTITY v.x
--   which rows <- JOIN t.k, JOIN u.k, JOIN v.k

-- a shared column of two full joins
SELECT k FROM t FULL JOIN u USING (k) FULL JOIN v USING (k)
--   k <- TRANSFORMATION t.k, TRANSFORMATION u.k, TRANSFORMATION v.k
--   which rows <- JOIN t.k, JOIN u.k, JOIN v.k

-- a shared column of two tables is not a third's
SELECT * FROM (SELECT k FROM t) t FULL JOIN (SELECT k FROM u) u USING (k), v
--   k <- TRANSFORMATION t.k, TRANSFORMATION u.k
--   x <- IDENTITY v.x
--   y <- IDENTITY v.y
--   k_1 <- IDENTITY v.k
--   which rows <- JOIN t.k, JOIN u.k

-- a natural join
SELECT * FROM (SELECT k, a FROM t) NATURAL JOIN v
--   k <- IDENTITY t.k
--   a <- IDENTITY t.a
--   x <- IDENTITY v.x
--   y <- IDENTITY v.y
--   which rows <- JOIN t.k, JOIN v.k

-- a table joined to itself
SELECT x.a, y.a AS b FROM t x JOIN t y ON x.k = y.b
--   a <- IDENTITY t.a
--   b <- IDENTITY t.a
--   which rows <- JOIN t.b, JOIN t.k

-- an inequality join of times
SELECT t.a, u.d FROM t ASOF JOIN u ON t.k = u.k AND t.ts >= u.ts
--   a <- IDENTITY t.a
--   d <- IDENTITY u.d
--   which rows <- JOIN t.k, JOIN t.ts, JOIN u.k, JOIN u.ts

-- an inequality join of times, by names
SELECT t.a, u.d, ts FROM t ASOF LEFT JOIN u USING (k, ts)
--   a <- IDENTITY t.a
--   d <- IDENTITY u.d
--   ts <- IDENTITY t.ts
--   which rows <- JOIN t.k, JOIN t.ts, JOIN u.k, JOIN u.ts

-- a join by position
SELECT t.a, v.x FROM t POSITIONAL JOIN v
--   a <- IDENTITY t.a
--   x <- IDENTITY v.x

-- a semi join shows one side
SELECT * EXCLUDE (l, s, ts) FROM t SEMI JOIN u ON t.k = u.k
--   a <- IDENTITY t.a
--   b <- IDENTITY t.b
--   c <- IDENTITY t.c
--   k <- IDENTITY t.k
--   which rows <- JOIN t.k, JOIN u.k

-- an anti join by names
SELECT a FROM t ANTI JOIN v USING (k)
--   a <- IDENTITY t.a
--   which rows <- JOIN t.k, JOIN v.k

-- joins in parentheses
SELECT t.a, v.x FROM t LEFT JOIN (u JOIN v ON u.k = v.k) ON t.k = u.k
--   a <- IDENTITY t.a
--   x <- IDENTITY v.x
--   which rows <- JOIN t.k, JOIN u.k, JOIN v.k

-- joins in parentheses with a name
SELECT j.a, j.x FROM (t JOIN v ON t.k = v.k) AS j WHERE j.y > 1
--   a <- IDENTITY t.a
--   x <- IDENTITY v.x
--   which rows <- JOIN t.k, JOIN v.k, FILTER v.y

-- a lateral subquery
SELECT t.a, m.x FROM t, LATERAL (SELECT max(u.d) AS x FROM u WHERE u.k = t.k) m
--   a <- IDENTITY t.a
--   x <- AGGREGATION u.d
--   which rows <- FILTER t.k, FILTER u.k

-- a lateral computation
SELECT t.a, m.* FROM t JOIN LATERAL (SELECT t.a + t.b AS x) m ON true
--   a <- IDENTITY t.a
--   x <- TRANSFORMATION t.a, TRANSFORMATION t.b

-- a list in FROM multiplies rows
SELECT t.a, e.v FROM t, unnest(t.l) AS e(v)
--   a <- IDENTITY t.a
--   v <- TRANSFORMATION t.l
--   which rows <- JOIN t.l

-- a function in FROM over a column
SELECT a, i FROM t, generate_series(1, t.b) AS g(i)
--   a <- IDENTITY t.a
--   i <- TRANSFORMATION t.b
--   which rows <- JOIN t.b

-- constant rows over a column
SELECT n.w FROM t, (VALUES (t.a), (t.b)) AS n(w)
--   w <- IDENTITY t.a, IDENTITY t.b

-- a list in the select list multiplies rows
SELECT a, unnest(l) AS x FROM t
--   a <- IDENTITY t.a
--   x <- TRANSFORMATION t.l
--   which rows <- JOIN t.l

-- == Subqueries ==

-- a scalar subquery is a value
SELECT a, (SELECT max(d) FROM u) AS x FROM t
--   a <- IDENTITY t.a
--   x <- AGGREGATION u.d

-- a correlated one is also filtered
SELECT a, (SELECT sum(d) FROM u WHERE u.k = t.k AND u.b > 1) AS x FROM t
--   a <- IDENTITY t.a
--   x <- FILTER t.k, FILTER u.b, AGGREGATION u.d, FILTER u.k

-- its groups and orders filter, too
SELECT (SELECT d FROM u ORDER BY b LIMIT 1) AS x FROM t
--   x <- FILTER u.b, IDENTITY u.d

-- IN filters by everything in it
SELECT a FROM t WHERE k IN (SELECT k FROM u WHERE b > 1)
--   a <- IDENTITY t.a
--   which rows <- FILTER t.k, FILTER u.b, FILTER u.k

-- EXISTS filters by what decides its rows
SELECT a FROM t WHERE EXISTS (SELECT u.d FROM u WHERE u.k = t.k)
--   a <- IDENTITY t.a
--   which rows <- FILTER t.k, FILTER u.k

-- NOT EXISTS in a CASE is a condition
SELECT CASE WHEN NOT EXISTS (SELECT 1 FROM u WHERE u.k = t.k) THEN a END AS x FROM t
--   x <- TRANSFORMATION t.a, CONDITIONAL t.k, CONDITIONAL u.k

-- ANY and ALL
SELECT a FROM t WHERE b = ANY (SELECT b FROM u) AND k > ALL (SELECT k FROM v WHERE y = 1)
--   a <- IDENTITY t.a
--   which rows <- FILTER t.b, FILTER t.k, FILTER u.b, FILTER v.k, FILTER v.y

-- a row of several in a subquery
SELECT c FROM t WHERE (a, b) NOT IN (SELECT a, b FROM u)
--   c <- IDENTITY t.c
--   which rows <- FILTER t.a, FILTER t.b, FILTER u.a, FILTER u.b

-- a subquery two levels up
SELECT a FROM t WHERE EXISTS (SELECT 1 FROM u WHERE EXISTS (SELECT 1 FROM v WHERE v.x = t.b AND v.k = u.k))
--   a <- IDENTITY t.a
--   which rows <- FILTER t.b, FILTER u.k, FILTER v.k, FILTER v.x

-- a subquery's name hides the outer one
SELECT a FROM t WHERE k IN (SELECT a FROM u)
--   a <- IDENTITY t.a
--   which rows <- FILTER t.k, FILTER u.a

-- a condition on a scalar subquery
SELECT a FROM t WHERE (SELECT max(d) FROM u WHERE u.k = t.k) > b
--   a <- IDENTITY t.a
--   which rows <- FILTER t.b, FILTER t.k, FILTER u.d, FILTER u.k

-- IN as a value
SELECT a IN (SELECT x FROM v WHERE y > 1) AS w FROM t
--   w <- TRANSFORMATION t.a, TRANSFORMATION v.x, FILTER v.y

-- a subquery with its own WITH
SELECT a, (WITH w AS (SELECT d FROM u WHERE u.k = t.k) SELECT max(d) FROM w) AS x FROM t
--   a <- IDENTITY t.a
--   x <- FILTER t.k, AGGREGATION u.d, FILTER u.k

-- an array of a subquery
SELECT ARRAY(SELECT d FROM u WHERE u.k = t.k ORDER BY u.b) AS x FROM t
--   x <- FILTER t.k, FILTER u.b, TRANSFORMATION u.d, FILTER u.k

-- a comparison with a subquery in HAVING
SELECT a, sum(b) AS x FROM t GROUP BY a HAVING sum(b) > (SELECT avg(d) FROM u)
--   a <- IDENTITY t.a
--   x <- AGGREGATION t.b
--   which rows <- GROUP_BY t.a, FILTER t.b, FILTER u.d

-- == Common table expressions and derived tables ==

-- a common table expression
WITH c AS (SELECT a AS x, b FROM t WHERE k > 1) SELECT x FROM c
--   x <- IDENTITY t.a
--   which rows <- FILTER t.k

-- one that reads another, twice
WITH c AS (SELECT a, k FROM t), d AS (SELECT a, sum(k) AS n FROM c GROUP BY a) SELECT c.k, d.n FROM c JOIN d ON c.a =
d.a
--   k <- IDENTITY t.k
--   n <- AGGREGATION t.k
--   which rows <- GROUP_BY t.a, JOIN t.a

-- it hides a table of its name
WITH t AS (SELECT x AS a FROM v) SELECT a FROM t
--   a <- IDENTITY v.x

-- its columns renamed
WITH c(p, q) AS (SELECT a, b FROM t) SELECT q FROM c
--   q <- IDENTITY t.b

-- an alias renames columns
SELECT p, y FROM v AS w(p)
--   p <- IDENTITY v.x
--   y <- IDENTITY v.y

-- a derived table's rows are the result's
SELECT x FROM (SELECT a AS x FROM t WHERE b > 1 ORDER BY k) AS d
--   x <- IDENTITY t.a
--   which rows <- FILTER t.b, SORT t.k

-- a recursive one
WITH RECURSIVE r(n, p) AS (SELECT a, b FROM t UNION SELECT u.d, r.n FROM r JOIN u ON u.k = r.p) SELECT n, p FROM r
--   n <- IDENTITY t.a, IDENTITY u.d
--   p <- IDENTITY t.a, IDENTITY t.b, IDENTITY u.d
--   which rows <- GROUP_BY t.a, JOIN t.a, GROUP_BY t.b, JOIN t.b, GROUP_BY u.d, JOIN u.d, JOIN u.k

-- WITH before a union is for all branches
WITH w AS (SELECT a, b FROM t) SELECT a FROM w UNION ALL SELECT b FROM w ORDER BY a
--   a <- IDENTITY t.a, IDENTITY t.b
--   which rows <- SORT t.a, SORT t.b

-- a name of its own table is no recursion
WITH RECURSIVE t AS (SELECT a FROM t WHERE b > 1) SELECT a FROM t
--   a <- IDENTITY t.a
--   which rows <- FILTER t.b

-- a recursive one that swaps its columns
WITH RECURSIVE r(n, p) AS (SELECT a, b FROM t UNION ALL SELECT p, n + 1 FROM r WHERE n < 5) SELECT n FROM r
--   n <- IDENTITY t.a, TRANSFORMATION t.a, IDENTITY t.b, TRANSFORMATION t.b
--   which rows <- FILTER t.a, FILTER t.b

-- a limit by a subquery
SELECT a FROM t LIMIT (SELECT max(x) FROM v)
--   a <- IDENTITY t.a
--   which rows <- FILTER v.x

-- fields of a struct further on
SELECT e.p.x AS w FROM (SELECT s AS p FROM t) AS e
--   w <- TRANSFORMATION t.s

-- constant rows
SELECT * FROM (VALUES (1, 'x'), (2, 'y')) AS w(p, q)
--   p <-
--   q <-

-- a series
SELECT i, a FROM range(3) AS r(i), t
--   i <-
--   a <- IDENTITY t.a

-- FROM first
FROM t SELECT a WHERE b > 1
--   a <- IDENTITY t.a
--   which rows <- FILTER t.b

-- FROM alone
FROM v
--   x <- IDENTITY v.x
--   y <- IDENTITY v.y
--   k <- IDENTITY v.k

-- a script: the last statement counts
CREATE TEMP TABLE w AS SELECT a AS p FROM t WHERE b > 1; SELECT p + 1 AS x FROM w
--   x <- TRANSFORMATION t.a
--   which rows <- FILTER t.b

-- == Set operations ==

-- a union leaks nothing from branch to branch
SELECT a, b FROM t WHERE k > 1 UNION ALL SELECT d, b FROM u
--   a <- IDENTITY t.a, IDENTITY u.d
--   b <- IDENTITY t.b, IDENTITY u.b
--   which rows <- FILTER t.k

-- each branch keeps its kind
SELECT a FROM t UNION ALL SELECT -x FROM v
--   a <- IDENTITY t.a, TRANSFORMATION v.x

-- a union of distinct rows
SELECT a FROM t UNION SELECT x FROM v
--   a <- IDENTITY t.a, IDENTITY v.x
--   which rows <- GROUP_BY t.a, GROUP_BY v.x

-- a union by name
SELECT a, k FROM t UNION ALL BY NAME SELECT k, x FROM v
--   a <- IDENTITY t.a
--   k <- IDENTITY t.k, IDENTITY v.k
--   x <- IDENTITY v.x

-- an intersection
SELECT a FROM t INTERSECT SELECT x FROM v WHERE y > 1
--   a <- IDENTITY t.a
--   which rows <- FILTER t.a, GROUP_BY t.a, FILTER v.x, FILTER v.y

-- a difference that keeps duplicates
SELECT a, b FROM t EXCEPT ALL SELECT x, y FROM v
--   a <- IDENTITY t.a
--   b <- IDENTITY t.b
--   which rows <- FILTER t.a, FILTER t.b, FILTER v.x, FILTER v.y

-- an order of a union
SELECT a, b FROM t UNION ALL SELECT x, y FROM v ORDER BY y, 1
--   a <- IDENTITY t.a, IDENTITY v.x
--   b <- IDENTITY t.b, IDENTITY v.y
--   which rows <- SORT t.a, SORT t.b, SORT v.x, SORT v.y

-- a union of distinct rows by name
SELECT a, k FROM t UNION BY NAME SELECT x AS a FROM v
--   a <- IDENTITY t.a, IDENTITY v.x
--   k <- IDENTITY t.k
--   which rows <- GROUP_BY t.a, GROUP_BY t.k, GROUP_BY v.x

-- stars of unions in order
SELECT * FROM (SELECT a, b FROM t UNION ALL SELECT y, x FROM v) WHERE b > 1
--   a <- IDENTITY t.a, IDENTITY v.y
--   b <- IDENTITY t.b, IDENTITY v.x
--   which rows <- FILTER t.b, FILTER v.x

-- three branches
SELECT a AS n FROM t UNION ALL SELECT d FROM u UNION ALL SELECT x FROM v
--   n <- IDENTITY t.a, IDENTITY u.d, IDENTITY v.x

-- == Pivots ==

-- a pivot over listed values
PIVOT v ON y IN (1, 2) USING sum(x) GROUP BY k
--   k <- IDENTITY v.k
--   1 <- AGGREGATION v.x
--   2 <- AGGREGATION v.x
--   which rows <- GROUP_BY v.k, GROUP_BY v.y

-- a pivot with several aggregates
PIVOT v ON y IN (1, 2) USING sum(x) AS s, max(x) AS m
--   k <- IDENTITY v.k
--   1_s <- AGGREGATION v.x
--   1_m <- AGGREGATION v.x
--   2_s <- AGGREGATION v.x
--   2_m <- AGGREGATION v.x
--   which rows <- GROUP_BY v.k, GROUP_BY v.y

-- a pivot groups by what is left
PIVOT (SELECT a, b, k FROM t) ON k IN (1) USING sum(b)
--   a <- IDENTITY t.a
--   1 <- AGGREGATION t.b
--   which rows <- GROUP_BY t.a, GROUP_BY t.k

-- a pivot in FROM
SELECT k, "1" AS one FROM v PIVOT (sum(x) FOR y IN (1, 2))
--   k <- IDENTITY v.k
--   one <- AGGREGATION v.x
--   which rows <- GROUP_BY v.k, GROUP_BY v.y

-- a pivot over the data's own values has names only data knows
PIVOT v ON y USING sum(x) GROUP BY k
--   k <- IDENTITY v.k
--   * <- AGGREGATION v.x
--   which rows <- GROUP_BY v.k, GROUP_BY v.y

-- an unpivot takes values of several columns
UNPIVOT v ON x, y INTO NAME n VALUE w
--   k <- IDENTITY v.k
--   n <-
--   w <- IDENTITY v.x, IDENTITY v.y
--   which rows <- FILTER v.x, FILTER v.y

-- an unpivot in FROM, with what is missing
SELECT n, w FROM v UNPIVOT INCLUDE NULLS (w FOR n IN (x, y))
--   n <-
--   w <- IDENTITY v.x, IDENTITY v.y

-- a pivot over two keys
PIVOT (SELECT a, b, k FROM t) ON a IN (1, 2), k IN (3) USING count(*)
--   b <- IDENTITY t.b
--   1_3 <-
--   2_3 <-
--   which rows <- GROUP_BY t.a, GROUP_BY t.b, GROUP_BY t.k

-- an unpivot of pairs
UNPIVOT t ON (a, b), (k, ts) INTO NAME n VALUE p, q
--   c <- IDENTITY t.c
--   l <- IDENTITY t.l
--   s <- IDENTITY t.s
--   n <-
--   p <- IDENTITY t.a, IDENTITY t.k
--   q <- IDENTITY t.b, IDENTITY t.ts
--   which rows <- FILTER t.a, FILTER t.b, FILTER t.k, FILTER t.ts

-- an unpivot of all but some
UNPIVOT v ON COLUMNS(* EXCLUDE (k)) INTO NAME n VALUE w
--   k <- IDENTITY v.k
--   n <-
--   w <- IDENTITY v.x, IDENTITY v.y
--   which rows <- FILTER v.x, FILTER v.y

-- == What is not known is opaque, and only that ==

-- a file
SELECT f.p, t.a FROM t JOIN read_parquet('x.parquet') AS f ON f.k = t.k
--   p <- OPAQUE READ_PARQUET('x.parquet').* (READ_PARQUET('x.parquet') reads something that is no known dataset)
--   a <- IDENTITY t.a
--   which rows <- OPAQUE READ_PARQUET('x.parquet').* (READ_PARQUET('x.parquet') reads something that is no known dataset), JOIN t.k

-- an unknown table
SELECT w.p, t.a FROM t, other.table AS w
--   p <- OPAQUE other.table.* (other.table is no known dataset)
--   a <- IDENTITY t.a
--   which rows <- OPAQUE other.table.* (other.table is no known dataset)

-- a column that nobody knows
SELECT nothing, v.x FROM v
--   nothing <- OPAQUE v.* (no table read here is known to have a column nothing)
--   x <- IDENTITY v.x

-- a choice of columns by code
SELECT COLUMNS(lambda c : c LIKE 'x%'), k AS q FROM v
--   q <- IDENTITY v.k
--   * <- OPAQUE v.k (which columns COLUMNS(LAMBDA c : c LIKE 'x%') selects is not known), OPAQUE v.x (which columns COLUMNS(LAMBDA c : c LIKE 'x%') selects is not known), OPAQUE v.y (which columns COLUMNS(LAMBDA c : c LIKE 'x%') selects is not known)

-- the fields of a struct
SELECT s.* FROM t
--   * <- TRANSFORMATION t.s

-- no query
INSERT INTO v SELECT 1, 2, 3
--   * <- OPAQUE v.k (INSERT is not understood), OPAQUE v.x (INSERT is not understood), OPAQUE v.y (INSERT is not understood)
--   which rows <- OPAQUE v.k (INSERT is not understood), OPAQUE v.x (INSERT is not understood), OPAQUE v.y (INSERT is not understood)

-- a comment at the end
SELECT x FROM v; /* done */
--   x <- IDENTITY v.x

-- a statement that is not parsed
CALL pragma_version()
--   * <- OPAQUE t.* (the query could not be understood: CALL is not understood), OPAQUE u.* (the query could not be understood: CALL is not understood), OPAQUE v.* (the query could not be understood: CALL is not understood)
--   which rows <- OPAQUE t.* (the query could not be understood: CALL is not understood), OPAQUE u.* (the query could not be understood: CALL is not understood), OPAQUE v.* (the query could not be understood: CALL is not understood)

-- no SQL
SELEKT x FROM v
--   * <- OPAQUE t.* (the query could not be understood: Invalid expression / Unexpected token. Line 1, Col: 13.), OPAQUE u.* (the query could not be understood: Invalid expression / Unexpected token. Line 1, Col: 13.), OPAQUE v.* (the query could not be understood: Invalid expression / Unexpected token. Line 1, Col: 13.)
--   which rows <- OPAQUE t.* (the query could not be understood: Invalid expression / Unexpected token. Line 1, Col: 13.), OPAQUE u.* (the query could not be understood: Invalid expression / Unexpected token. Line 1, Col: 13.), OPAQUE v.* (the query could not be understood: Invalid expression / Unexpected token. Line 1, Col: 13.)
