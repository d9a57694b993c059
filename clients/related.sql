-- Tables that are related in every way: clients have projects, projects have
-- tasks, a manager and a budget of their own, users have tasks through a junction,
-- and a boss. notes have a full text index, papers JSON.
-- Statements end with a semicolon at the end of a line, and only there.

CREATE TABLE users (
  id      INT NOT NULL PRIMARY KEY,
  name    VARCHAR(40) NOT NULL,
  boss_id INT,
  CONSTRAINT users_boss FOREIGN KEY (boss_id) REFERENCES users (id)
);

INSERT INTO users VALUES (1, 'Angela', NULL), (2, 'Dwight', 1), (3, 'Michael', 1), (4, 'Kelly', 2);

CREATE TABLE clients (
  id     INT NOT NULL PRIMARY KEY,
  name   VARCHAR(40) NOT NULL,
  papers JSON
);

INSERT INTO clients VALUES
  (1, 'Microsoft', '{"city": "Redmond", "stock": {"name": "MSFT", "year": 1986}, "founders": ["Bill", "Paul"], "big": 9007199254740993}'),
  (2, 'Apple', '{"city": "Cupertino", "stock": {"name": "AAPL", "year": 1980}, "founders": ["Steve", "Steve", "Ronald"]}'),
  (3, 'Nobody', NULL);

CREATE TABLE projects (
  id         INT NOT NULL PRIMARY KEY,
  name       VARCHAR(40) NOT NULL,
  client_id  INT,
  manager_id INT,
  CONSTRAINT projects_client FOREIGN KEY (client_id) REFERENCES clients (id),
  CONSTRAINT projects_manager FOREIGN KEY (manager_id) REFERENCES users (id)
);

INSERT INTO projects VALUES (1, 'Windows 7', 1, 1), (2, 'Windows 10', 1, 2), (3, 'IOS', 2, 1), (4, 'Orphan', NULL, NULL);

CREATE TABLE budgets (
  project_id INT NOT NULL PRIMARY KEY,
  amount     DECIMAL(12,2) NOT NULL,
  CONSTRAINT budgets_project FOREIGN KEY (project_id) REFERENCES projects (id)
);

INSERT INTO budgets VALUES (1, 1000.10), (3, 9007199254.99);

CREATE TABLE tasks (
  id         INT NOT NULL PRIMARY KEY,
  name       VARCHAR(40) NOT NULL,
  hours      DECIMAL(6,2),
  project_id INT NOT NULL,
  CONSTRAINT tasks_project FOREIGN KEY (project_id) REFERENCES projects (id)
);

INSERT INTO tasks VALUES (1, 'Design', 1.50, 1), (2, 'Code', 10.25, 1), (3, 'Design', 2.00, 2), (4, 'Code', NULL, 2), (5, 'Design', 0.10, 3);

CREATE TABLE users_tasks (
  user_id INT NOT NULL,
  task_id INT NOT NULL,
  PRIMARY KEY (user_id, task_id),
  CONSTRAINT users_tasks_user FOREIGN KEY (user_id) REFERENCES users (id),
  CONSTRAINT users_tasks_task FOREIGN KEY (task_id) REFERENCES tasks (id)
);

INSERT INTO users_tasks VALUES (1, 1), (1, 2), (2, 1), (2, 5);

CREATE TABLE secrets (
  id         INT NOT NULL PRIMARY KEY,
  project_id INT NOT NULL,
  CONSTRAINT secrets_project FOREIGN KEY (project_id) REFERENCES projects (id)
);
