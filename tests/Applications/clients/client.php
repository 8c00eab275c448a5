<?php
// curl of PHP in its own shapes: prints NAME STATUS EXPECTED ANSWER.
[, $url, $folder] = $argv;

function send(string $name, string $target, array $options, string $expected = ''): void {
    $handle = curl_init($target);
    curl_setopt_array($handle, $options + [CURLOPT_RETURNTRANSFER => true]);
    $text = curl_exec($handle);
    printf("php %s\t%d\t%s\t%s\n", $name, curl_getinfo($handle, CURLINFO_RESPONSE_CODE), $expected, str_replace("\n", ' ', (string) $text));
}

send('form', "$url/echo", [CURLOPT_POSTFIELDS => http_build_query(['comment' => "it's \"fine\"; 50% off", 'a' => ['b' => ['c' => 'd']], 'list' => [1, 2]])]);
send('JSON', "$url/echo", [CURLOPT_POSTFIELDS => json_encode(['note' => 'either a or b; 1 < 2', 'path' => 'a/b/c.txt', 'ü' => '東京']), CURLOPT_HTTPHEADER => ['Content-Type: application/json']]);
foreach (['photo.jpg', "Anna's garden (1).jpg", 'notes.txt', 'archive.zip', 'data.csv'] as $name) {
    send("upload $name", "$url/echo", [CURLOPT_POSTFIELDS => ['file' => new CURLFile("$folder/$name"), 'title' => "it's"]], $name);
    send("PUT $name", "$url/files/" . rawurlencode($name), [CURLOPT_PUT => true, CURLOPT_INFILE => fopen("$folder/$name", 'rb'), CURLOPT_INFILESIZE => filesize("$folder/$name")], $name);
}
$context = stream_context_create(['http' => ['method' => 'POST', 'content' => 'a=1&b=it%27s', 'header' => 'Content-Type: application/x-www-form-urlencoded', 'ignore_errors' => true]]);
$text = file_get_contents("$url/echo", false, $context);
printf("php stream\t%d\t\t%s\n", (int) explode(' ', $http_response_header[0])[1], str_replace("\n", ' ', $text));
