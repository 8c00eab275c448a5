<?php
// Answers what PHP made of a body: values of fields and contents of files, or texts and keys of JSON, in Base64.
$values = [];
if (str_contains($_SERVER['CONTENT_TYPE'] ?? '', 'json')) {
    $walk = function ($value) use (&$values, &$walk) {
        if (is_string($value)) $values[] = base64_encode($value);
        if (!is_array($value)) return;
        foreach ($value as $key => $item) {
            if (is_string($key)) $values[] = base64_encode($key);
            $walk($item);
        }
    };
    $walk(json_decode(file_get_contents('php://input'), true));
} else {
    array_walk_recursive($_POST, function ($value) use (&$values) { $values[] = base64_encode($value); });
}
$files = [];
foreach ($_FILES as $file) {
    foreach ((array) $file['tmp_name'] as $path) {
        if (is_string($path) && $path !== '') $files[] = base64_encode(file_get_contents($path));
    }
}
header('Content-Type: application/json');
echo json_encode(['values' => $values, 'files' => $files]);
