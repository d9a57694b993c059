-- The table that the tests read: values that need quoting, NULL in every column
-- that can have it, names of columns that need quoting.
-- Statements end with a semicolon at the end of a line, and only there.

CREATE TABLE sample (
  id          INT NOT NULL PRIMARY KEY,
  name        VARCHAR(40) NOT NULL,
  city        VARCHAR(40),
  age         SMALLINT,
  price       DECIMAL(10,2),
  active      TINYINT(1),
  born        DATE,
  seen_at     TIMESTAMP NULL,
  big         BIGINT,          -- two neighbours that are one number in JavaScript
  `order`     INT NOT NULL,    -- a reserved word, and a parameter of the query string
  `odd, name` VARCHAR(10)
);

INSERT INTO sample VALUES
  (1, 'Ada, Countess', 'London', 36, 12.50, 1, '1815-12-10', '2024-02-29 23:59:59', NULL, 3, 'x'),
  (2, 'O"Brien', 'Dublin', 41, 0.00, 0, '1900-01-01', NULL, NULL, 1, NULL),
  (3, 'Grace (Admiral)', 'New York', 85, 99.99, 1, '1906-12-09', '2024-03-01 00:00:00', NULL, 2, 'y'),
  (4, 'back\\slash', NULL, NULL, NULL, NULL, NULL, NULL, NULL, 5, NULL),
  (5, '100% *sure*', 'Paris', 0, -1.00, 0, '2000-02-29', '2024-02-29 22:00:00', NULL, 4, ''),
  (6, 'Ünï 🧖', 'London', 36, 1000000.01, 1, '1970-01-01', '1970-01-02 00:00:00', NULL, 6, 'a,b'),
  (7, 'null', 'null', 7, 7.00, 0, '2007-07-07', NULL, 9007199254740992, 7, NULL),
  (8, 'beyond', 'Oslo', 53, 0.10, 1, '2024-12-31', '2024-02-29 23:59:58', 9007199254740993, 8, NULL);

CREATE TABLE other (id INT NOT NULL PRIMARY KEY, sample_id INT NOT NULL);

INSERT INTO other VALUES (1, 1);

CREATE TABLE hidden (id INT NOT NULL PRIMARY KEY);

-- 4 MiB, so that readapi streams it.
CREATE TABLE big (id INT NOT NULL, filler TEXT NOT NULL);

INSERT INTO big VALUES (1, REPEAT('0123456789abcdef', 1024));

INSERT INTO big SELECT id + 1, filler FROM big;

INSERT INTO big SELECT id + 2, filler FROM big;

INSERT INTO big SELECT id + 4, filler FROM big;

INSERT INTO big SELECT id + 8, filler FROM big;

INSERT INTO big SELECT id + 16, filler FROM big;

INSERT INTO big SELECT id + 32, filler FROM big;

INSERT INTO big SELECT id + 64, filler FROM big;

INSERT INTO big SELECT id + 128, filler FROM big;
