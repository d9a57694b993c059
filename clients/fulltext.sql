-- Texts with an index for full text search, which the embedded engine has not.

CREATE TABLE notes (
  id   INT NOT NULL PRIMARY KEY,
  text VARCHAR(200) NOT NULL,
  FULLTEXT KEY notes_text (text)
) CHARACTER SET utf8mb4;

INSERT INTO notes VALUES
  (1, 'The fat cats ate mice'),
  (2, 'A fat dog sleeps'),
  (3, 'Mice dance while cats sleep'),
  (4, 'Nothing here, +(really)');
