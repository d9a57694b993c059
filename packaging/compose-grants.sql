-- For compose.yaml: MySQL's image has given its user every right on the
-- database; readapi gets SELECT on the table it serves, and no more.
REVOKE ALL PRIVILEGES, GRANT OPTION FROM 'readapi'@'%';
GRANT SELECT ON example.sample TO 'readapi'@'%';
