-- For compose.yaml: MySQL's image has given its user every right on the
-- database; readapi gets SELECT on the tables it serves, and no more.
REVOKE ALL PRIVILEGES, GRANT OPTION FROM 'readapi'@'%';
GRANT SELECT ON example.sample TO 'readapi'@'%';
GRANT SELECT ON example.regions TO 'readapi'@'%';
GRANT SELECT ON example.huts TO 'readapi'@'%';
