<?php
// A filtered page.
require 'db.php';

$query = $mysqli->prepare('SELECT * FROM sample WHERE qty = ? AND id > ? ORDER BY id LIMIT 20');
$query->bind_param('ii', $_GET['qty'], $_GET['after']);
$query->execute();

echo json_encode($query->get_result()->fetch_all(MYSQLI_ASSOC));
