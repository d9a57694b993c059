// Package testviews is for tests: views with what people compute in views, and the
// tables under them. Both servers describe many of these columns otherwise once a
// temporary table is used: with ORDER BY, DISTINCT, or in a view of a view.
package testviews

import (
	"fmt"
	"slices"
	"strings"
)

// Tables makes what the views read: h is hut, r is region.
var Tables = []string{
	`CREATE TABLE region (id INT NOT NULL PRIMARY KEY, label VARCHAR(40) NOT NULL, since DATE)`,
	`INSERT INTO region VALUES (1, 'Alps', '1901-02-03'), (2, 'Tatra', NULL)`,
	`CREATE TABLE hut (
		id BIGINT NOT NULL PRIMARY KEY, region INT NOT NULL, beds SMALLINT UNSIGNED, level TINYINT, large BIGINT UNSIGNED,
		price DECIMAL(10,2), ratio FLOAT, length DOUBLE, bits BIT(7), built YEAR,
		opens DATE, supper TIME, seen DATETIME(3), changed TIMESTAMP NULL,
		name VARCHAR(80) NOT NULL, country CHAR(2), notes TEXT, plain VARCHAR(20) CHARACTER SET latin1,
		kind ENUM('hut', 'lodge'), services SET('meals', 'wifi'), doc JSON, secret VARBINARY(8), photo BLOB)`,
	`INSERT INTO hut VALUES
		(1, 1, 74, 1, 18446744073709551615, 42.50, 0.25, 46.5, b'1010101', 1965, '2025-06-14', '18:30:00', '2025-06-02 09:12:45.318',
			'2025-09-21 16:40:05', 'Lagazuoi', 'IT', 'Sauna', 'klein', 'hut', 'meals,wifi', '{"a": [1, "x"]}', x'00A1F3', x'4749'),
		(2, 2, 8, -3, 5, 9.99, 1.5, 49.25, b'1', 2001, '2024-02-29', '07:05:09', '2024-02-29 23:59:59.999',
			'2024-02-29 12:00:00', 'Zbojnicka', 'SK', 'Tea', 'gross', 'lodge', 'wifi', '{"a": [2, "y"]}', x'FF', x'00'),
		(3, 2, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 'Empty', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL)`,
}

// expressions are the columns of the view, on both engines.
var expressions = []string{
	// Arithmetics.
	`h.beds + 1`, `h.beds - 5`, `h.beds * 2`, `h.beds / 3`, `h.beds DIV 3`, `h.beds % 3`, `-h.level`, `h.level + h.level`,
	`h.price * 1.19`, `h.price / 3`, `h.price + h.beds`, `h.length * 2`, `h.ratio + 0`, `h.large DIV 2`, `h.large + 0`, `h.level * h.price`,
	`h.beds & 7`, `h.beds | 1`, `h.beds << 2`, `~h.beds`, `h.bits + 0`, `h.built + 1`,
	`ABS(h.level)`, `ROUND(h.price)`, `ROUND(h.price, 1)`, `ROUND(h.length, 1)`, `TRUNCATE(h.price, 1)`, `FLOOR(h.price)`, `CEIL(h.length)`,
	`SQRT(h.beds)`, `POW(h.beds, 2)`, `MOD(h.beds, 7)`, `SIGN(h.level)`, `GREATEST(h.beds, 10)`, `LEAST(h.price, 10)`, `CRC32(h.name)`,
	// Truths.
	`h.beds > 10`, `h.beds IS NULL`, `h.beds BETWEEN 1 AND 9`, `h.name LIKE 'L%'`, `h.country IN ('IT', 'SK')`, `NOT h.level`,
	`h.beds > 10 AND h.level > 0`, `h.kind = 'hut'`, `h.beds <=> NULL`,
	`h.opens > '2024-12-31'`, `TRUE`, `ISNULL(h.notes)`,
	// Choices.
	`COALESCE(h.notes, '')`, `COALESCE(h.beds, 0)`, `COALESCE(h.price, 0)`, `COALESCE(h.opens, r.since)`, `COALESCE(h.country, h.name)`,
	`IFNULL(h.notes, 'none')`, `IFNULL(h.beds, -1)`, `IFNULL(h.length, 0)`, `NULLIF(h.beds, 8)`, `NULLIF(h.name, 'Empty')`, `NULLIF(h.opens, r.since)`,
	`IF(h.beds > 10, 'large', 'small')`, `IF(h.beds > 10, h.price, 0)`, `IF(h.beds > 10, h.beds, h.level)`, `IF(h.beds > 10, h.opens, NULL)`,
	`CASE WHEN h.beds > 10 THEN 'a' WHEN h.beds > 5 THEN 'bb' END`, `CASE h.level WHEN 1 THEN h.price ELSE h.beds END`,
	`CASE WHEN h.beds > 10 THEN h.seen END`, `COALESCE(h.kind, 'none')`, `COALESCE(h.services, '')`, `IF(h.beds > 10, h.kind, NULL)`,
	`IFNULL(h.secret, '')`, `COALESCE(h.photo, h.secret)`, `COALESCE(h.changed, h.seen)`, `COALESCE(h.bits, 0)`, `COALESCE(h.built, 0)`,
	`COALESCE(h.large, 0)`, `COALESCE(h.large, h.level)`, `IFNULL(h.doc, '{}')`, `COALESCE(h.supper, '00:00:00')`,
	// Texts.
	`CONCAT(h.name, ' ', r.label)`, `CONCAT(h.id, '-', h.beds)`, `CONCAT_WS(',', h.name, h.country)`, `UPPER(h.name)`, `LOWER(h.notes)`, `LEFT(h.name, 3)`,
	`SUBSTRING(h.notes, 2)`, `TRIM(h.name)`, `REPLACE(h.name, 'a', 'o')`, `LPAD(h.id, 5, '0')`, `REVERSE(h.name)`, `REPEAT(h.country, 3)`,
	`LENGTH(h.name)`, `CHAR_LENGTH(h.name)`, `LOCATE('a', h.name)`, `FORMAT(h.price, 1)`, `HEX(h.secret)`, `HEX(h.id)`, `UNHEX('4142')`,
	`TO_BASE64(h.secret)`, `ELT(h.region, 'one', 'two')`, `FIELD(h.country, 'IT', 'SK')`, `FIND_IN_SET('wifi', h.services)`, `ASCII(h.name)`,
	`CONCAT(h.plain, '!')`, `UPPER(h.plain)`, `h.name COLLATE utf8mb4_bin`, `_latin1'abc'`, `'literal'`, `SUBSTRING_INDEX(h.name, 'o', 1)`, `SPACE(2)`,
	`CONCAT(h.kind)`, `UPPER(h.services)`, `MAKE_SET(3, 'a', 'b')`, `CHAR(65, 66)`, `CHAR(65 USING utf8mb4)`, `QUOTE(h.name)`, `SOUNDEX(h.name)`,
	// Casts.
	`CAST(h.id AS CHAR)`, `CAST(h.id AS CHAR(3))`, `CAST(h.beds AS SIGNED)`, `CAST(h.beds AS UNSIGNED)`, `CAST(h.price AS DECIMAL(12,4))`, `CAST(h.seen AS DATE)`,
	`CAST(h.seen AS TIME)`, `CAST(h.seen AS TIME(3))`, `TIME(h.seen)`, `TIMEDIFF(h.seen, h.opens)`, `CAST(h.opens AS DATETIME)`, `CAST(h.opens AS DATETIME(3))`, `CAST(h.name AS BINARY)`, `CAST(h.name AS BINARY(4))`, `CAST(h.price AS DOUBLE)`,
	`CONVERT(h.plain USING utf8mb4)`, `CONVERT(h.name USING latin1)`, `CAST(h.kind AS UNSIGNED)`, `h.kind + 0`, `h.services + 0`, `CAST(h.bits AS UNSIGNED)`, `CAST(h.built AS CHAR)`,
	// Dates.
	`YEAR(h.opens)`, `MONTH(h.seen)`, `DATE(h.seen)`, `TIME(h.seen)`, `DATE_ADD(h.opens, INTERVAL 1 DAY)`, `DATE_ADD(h.seen, INTERVAL 1 HOUR)`,
	`DATE_ADD(h.opens, INTERVAL 1 HOUR)`, `h.changed + INTERVAL 1 MONTH`, `DATEDIFF(h.seen, h.opens)`, `TIMESTAMPDIFF(HOUR, h.opens, h.seen)`, `DATE_FORMAT(h.seen, '%Y-%m')`,
	`UNIX_TIMESTAMP(h.changed)`, `UNIX_TIMESTAMP(h.seen)`, `FROM_UNIXTIME(h.beds)`, `LAST_DAY(h.opens)`, `TIMEDIFF(h.seen, h.changed)`, `SEC_TO_TIME(h.beds)`,
	`TIME_TO_SEC(h.supper)`, `STR_TO_DATE('01,5,2013', '%d,%m,%Y')`, `STR_TO_DATE(h.name, '%Y-%m-%d')`, `MAKEDATE(2024, h.beds)`, `MAKETIME(h.region, 2, 3)`,
	`DAYNAME(h.opens)`, `WEEKDAY(h.opens)`, `EXTRACT(YEAR_MONTH FROM h.seen)`, `TO_DAYS(h.opens)`, `ADDTIME(h.supper, '01:00:00')`, `TIMESTAMP(h.opens, h.supper)`, `DATE '2024-01-02'`,
	`QUARTER(h.opens)`, `MICROSECOND(h.seen)`, `CONVERT_TZ(h.seen, '+00:00', '+01:00')`, `PERIOD_ADD(202401, 2)`,
	// JSON.
	`JSON_EXTRACT(h.doc, '$.a[0]')`, `JSON_UNQUOTE(JSON_EXTRACT(h.doc, '$.a[1]'))`, `JSON_LENGTH(h.doc)`, `JSON_OBJECT('id', h.id)`, `JSON_ARRAY(h.id, h.name)`,
	`JSON_VALID(h.notes)`, `JSON_VALUE(h.doc, '$.a[0]')`, `JSON_TYPE(h.doc)`, `JSON_CONTAINS(h.doc, '1', '$.a')`, `JSON_KEYS(h.doc)`,
	// Literals.
	`1`, `1.5`, `1e3`, `NULL`, `x'41'`, `b'101'`, `18446744073709551615`,
	// Columns as they are.
	`h.beds`, `h.level`, `h.large`, `h.price`, `h.ratio`, `h.length`, `h.bits`, `h.built`, `h.opens`, `h.supper`, `h.seen`, `h.changed`, `h.name`, `h.country`,
	`h.notes`, `h.plain`, `h.kind`, `h.services`, `h.doc`, `h.secret`, `h.photo`, `r.since`,
}

// subqueries make MySQL not merge the view into the query that reads it.
var subqueries = []string{
	`EXISTS (SELECT 1 FROM region x WHERE x.id = h.region)`,
	`(SELECT MAX(x.label) FROM region x)`, `(SELECT COUNT(*) FROM hut x WHERE x.region = r.id)`,
	`(SELECT SUM(x.beds) FROM hut x WHERE x.region = r.id)`, `(SELECT AVG(x.price) FROM hut x)`, `(SELECT x.label FROM region x WHERE x.id = h.region)`,
	`(SELECT GROUP_CONCAT(x.name) FROM hut x WHERE x.region = r.id)`,
}

// windowExpressions cannot be merged into the query that reads the view, so
// they have a view of their own.
var windowExpressions = []string{
	`ROW_NUMBER() OVER (ORDER BY h.id)`, `RANK() OVER (ORDER BY h.price)`, `SUM(h.beds) OVER (PARTITION BY h.region)`, `LAG(h.name) OVER (ORDER BY h.id)`,
	`AVG(h.price) OVER ()`, `NTILE(2) OVER (ORDER BY h.id)`, `CUME_DIST() OVER (ORDER BY h.id)`, `FIRST_VALUE(h.opens) OVER (ORDER BY h.id)`, `MAX(h.large) OVER ()`,
}

// groupExpressions are grouped by h.region.
var groupExpressions = []string{
	`COUNT(*)`, `COUNT(DISTINCT h.country)`, `SUM(h.beds)`, `SUM(h.price)`, `SUM(h.length)`, `AVG(h.beds)`, `AVG(h.price)`, `AVG(h.length)`, `MIN(h.opens)`, `MAX(h.seen)`,
	`MAX(h.changed)`, `MAX(h.name)`, `MIN(h.notes)`, `MAX(h.kind)`, `MAX(h.services)`, `MAX(h.large)`, `MAX(h.level)`, `MIN(h.supper)`, `MAX(h.built)`, `MAX(h.bits)`, `MAX(h.ratio)`,
	`GROUP_CONCAT(h.name ORDER BY h.name)`, `GROUP_CONCAT(h.beds)`, `STDDEV(h.beds)`, `VAR_POP(h.price)`, `BIT_OR(h.beds)`, `BIT_AND(h.bits)`, `MAX(h.secret)`, `JSON_ARRAYAGG(h.id)`,
	`SUM(h.beds > 10)`, `SUM(h.beds) / COUNT(*)`, `COALESCE(SUM(h.price), 0)`, `MAX(h.beds) - MIN(h.beds)`,
}

// unionExpressions are pairs: what the first and the second half of a union has.
var unionExpressions = [][2]string{
	{`h.beds`, `h.level`},
	{`h.large`, `h.large`},
	{`h.large`, `h.level`},
	{`h.price`, `h.beds`},
	{`h.name`, `h.country`},
	{`h.name`, `h.notes`},
	{`h.opens`, `h.seen`},
	{`h.seen`, `h.changed`},
	{`h.kind`, `h.kind`},
	{`h.kind`, `'x'`},
	{`h.services`, `h.services`},
	{`h.bits`, `h.bits`},
	{`h.built`, `h.built`},
	{`h.ratio`, `h.length`},
	{`h.doc`, `h.doc`},
	{`h.secret`, `h.photo`},
	{`h.beds`, `NULL`},
	{`1`, `2`},
	{`'a'`, `'bbb'`},
	{`h.supper`, `h.supper`},
	{`h.plain`, `h.name`},
	{`h.id`, `h.name`},
}

const join = " FROM hut h JOIN region r ON r.id = h.region"

// list is what stands behind SELECT, after other columns.
func list(columns []string) string {
	var b strings.Builder
	for i, c := range columns {
		fmt.Fprintf(&b, ", %s AS c%d", c, i)
	}
	return b.String()
}

// Parts are views that have the columns of the view plain, size in each: servers
// take their time for a view of many.
func Parts(size int) (views []string) {
	for columns := range slices.Chunk(expressions, size) {
		views = append(views, "SELECT h.id, r.label"+list(columns)+join)
	}
	return views
}

// Views are the views by their names. Each has id and label; the
// columns are c0, c1 and so on.
func Views() map[string]string {
	var first, second []string
	for _, pair := range unionExpressions {
		first, second = append(first, pair[0]), append(second, pair[1])
	}
	return map[string]string{
		"plain":      "SELECT h.id, r.label" + list(expressions) + join,
		"subqueries": "SELECT h.id, r.label" + list(subqueries) + join,
		"windows":    "SELECT h.id, r.label" + list(windowExpressions) + join,
		"groups_":    "SELECT h.region AS id, MAX(r.label) AS label" + list(groupExpressions) + join + " GROUP BY h.region",
		"unions":     "SELECT h.id, r.label" + list(first) + join + " UNION ALL SELECT h.id, r.label" + list(second) + join,
	}
}
