<?php
// A row by its key.
require 'db.php';

$query = $mysqli->prepare('SELECT * FROM sample WHERE id = ?');
$query->bind_param('i', $_GET['id']);
$query->execute();
$row = $query->get_result()->fetch_assoc();

if ($row === null) {
    http_response_code(404);
    exit(json_encode(['error' => 'no such row']));
}
echo json_encode($row);
