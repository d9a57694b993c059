<?php
// The mysqli page of the tutorials, completed.
$mysqli = new mysqli(
    getenv('DB_HOST'),
    getenv('DB_USER'),
    getenv('DB_PASSWORD'),
    getenv('DB_NAME'),
    (int) getenv('DB_PORT')
);
$mysqli->set_charset('utf8mb4');

$result = $mysqli->query('SELECT * FROM sample');

header('Content-Type: application/json');
echo json_encode($result->fetch_all(MYSQLI_ASSOC));
