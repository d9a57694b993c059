<?php
// A whole table.
require 'db.php';

$result = $mysqli->query('SELECT * FROM thousand');

echo json_encode($result->fetch_all(MYSQLI_ASSOC));
