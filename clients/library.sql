-- Tables with relations, comments and most types, for the tests of what readapi says of them.
CREATE TABLE author (
  id INT PRIMARY KEY,
  name VARCHAR(40) NOT NULL COMMENT 'As it stands on the "cover"',
  born DATE
) COMMENT 'People who write <books>';
INSERT INTO author VALUES (1, 'Ada', '1815-12-10'), (2, 'Grace', '1906-12-09'), (3, 'Nobody', NULL);
CREATE TABLE profile (
  author_id INT PRIMARY KEY,
  bio TEXT NOT NULL,
  CONSTRAINT profile_author FOREIGN KEY (author_id) REFERENCES author (id)
);
INSERT INTO profile VALUES (1, 'Countess'), (2, 'Admiral');
CREATE TABLE book (
  id BIGINT PRIMARY KEY,
  title VARCHAR(80) NOT NULL,
  author_id INT NOT NULL,
  editor_id INT,
  price DECIMAL(8,2),
  format ENUM('paper', 'e-book') NOT NULL,
  doc JSON,
  cover VARBINARY(8),
  added TIMESTAMP NULL,
  `shelf mark` VARCHAR(9),
  CONSTRAINT book_author FOREIGN KEY (author_id) REFERENCES author (id),
  CONSTRAINT book_editor FOREIGN KEY (editor_id) REFERENCES author (id)
);
INSERT INTO book VALUES
  (1, 'Notes', 1, NULL, 12.50, 'paper', '{"pages": [1, 2]}', x'00ff', '2024-02-29 12:00:00', 'A 1'),
  (2, 'Compilers', 2, 1, 20.00, 'e-book', NULL, NULL, NULL, NULL),
  (3, 'Nanoseconds, "short"', 2, NULL, NULL, 'paper', 'null', NULL, NULL, 'B, 2');
CREATE TABLE tag (id INT PRIMARY KEY, label VARCHAR(20) NOT NULL);
INSERT INTO tag VALUES (1, 'maths'), (2, 'ships');
CREATE TABLE book_tag (
  book_id BIGINT NOT NULL,
  tag_id INT NOT NULL,
  PRIMARY KEY (book_id, tag_id),
  CONSTRAINT book_tag_book FOREIGN KEY (book_id) REFERENCES book (id),
  CONSTRAINT book_tag_tag FOREIGN KEY (tag_id) REFERENCES tag (id)
);
INSERT INTO book_tag VALUES (1, 1), (2, 1), (2, 2);
CREATE VIEW cheap AS SELECT title, price * 2 AS twice FROM book WHERE price < 15;
CREATE TABLE `odd {name} "1"` (`order` INT, `a"b` INT, `class` INT);
INSERT INTO `odd {name} "1"` VALUES (1, 2, 3);
CREATE TABLE Error (message VARCHAR(9));
INSERT INTO Error VALUES ('none');
