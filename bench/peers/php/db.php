<?php
// The connection that the pages below share.
$mysqli = new mysqli(
    getenv('DB_HOST'),
    getenv('DB_USER'),
    getenv('DB_PASSWORD'),
    getenv('DB_NAME'),
    (int) getenv('DB_PORT')
);
$mysqli->set_charset('utf8mb4');
header('Content-Type: application/json');
