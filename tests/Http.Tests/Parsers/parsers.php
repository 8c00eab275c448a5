<?php
// Answers what PHP made of a form: values of fields and contents of files, in Base64.
$values = [];
array_walk_recursive($_POST, function ($value) use (&$values) { $values[] = base64_encode($value); });
$files = [];
foreach ($_FILES as $file) {
    foreach ((array) $file['tmp_name'] as $path) {
        if (is_string($path) && $path !== '') $files[] = base64_encode(file_get_contents($path));
    }
}
header('Content-Type: application/json');
echo json_encode(['values' => $values, 'files' => $files]);
