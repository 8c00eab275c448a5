<?php
// Vulnerable on purpose: each parameter goes where it must not. Only for the attack tools of this folder, on loopback.
// The database and the folders are named by the environment (FPM pool).
mysqli_report(MYSQLI_REPORT_OFF);
$db = mysqli_init();
$db->real_connect('127.0.0.1', 'page', 'secret', 'page', (int) getenv('PAGE_DATABASE_PORT'));
$files = getenv('PAGE_FILES');
$what = $_GET['do'] ?? '';

function rows($db, $query) {
    if (!$db->multi_query($query)) { echo '<p class="error">', htmlspecialchars($db->error), '</p>'; return; }
    do {
        $result = $db->store_result();
        while ($result && $row = $result->fetch_row()) echo '<li>', htmlspecialchars(implode(' | ', $row)), "</li>\n";
    } while ($db->more_results() && $db->next_result());
}

header('Content-Type: text/html; charset=utf-8');
echo "<!doctype html><html><head><title>Page</title></head><body>\n";
switch ($what) {
    case 'number': rows($db, "SELECT id, name FROM goods WHERE id = " . ($_GET['id'] ?? '1')); break;
    case 'text': rows($db, "SELECT id, name FROM goods WHERE name = '" . ($_GET['name'] ?? 'spoon') . "'"); break;
    case 'sort': rows($db, "SELECT id, name FROM goods ORDER BY " . ($_GET['by'] ?? 'id')); break;
    case 'form': rows($db, "SELECT id, name FROM goods WHERE name LIKE '%" . ($_POST['q'] ?? '') . "%'"); break;
    case 'json':
        $body = json_decode(file_get_contents('php://input'), true);
        rows($db, "SELECT id, name FROM goods WHERE id = '" . ($body['filter']['id'] ?? '1') . "'");
        break;
    case 'cookie': rows($db, "SELECT id, name FROM goods WHERE id = '" . ($_COOKIE['seen'] ?? '1') . "'"); break;
    case 'header': rows($db, "SELECT id, name FROM goods WHERE name = '" . ($_SERVER['HTTP_X_SHOP'] ?? 'spoon') . "'"); break;
    case 'path': rows($db, "SELECT id, name FROM goods WHERE name = '" . rawurldecode(ltrim($_SERVER['PATH_INFO'] ?? '', '/')) . "'"); break;
    case 'hello': echo '<p>Hello ', $_GET['name'] ?? 'you', "</p>\n"; break;
    case 'attribute': echo '<input value="', $_GET['value'] ?? '', "\">\n"; break;
    case 'script': echo "<script>var word = '", $_GET['word'] ?? '', "';</script>\n"; break;
    case 'link': echo '<a id="link" href="', htmlspecialchars($_GET['to'] ?? ''), "\">go</a>\n"; break;
    case 'guestbook':
        if (isset($_POST['text'])) file_put_contents("$files/guestbook", $_POST['text'] . "\n", FILE_APPEND);
        echo is_file("$files/guestbook") ? file_get_contents("$files/guestbook") : '';
        break;
    case 'read': readfile("$files/public/" . ($_GET['file'] ?? 'about.txt')); break;
    case 'include': @include($_GET['page'] ?? "$files/public/about.txt"); break;
    case 'ping': echo '<pre>', shell_exec('echo pinging ' . ($_REQUEST['host'] ?? '')), '</pre>'; break;
    case 'eval': eval('$x = ' . ($_GET['sum'] ?? '1') . ';'); echo $x; break;
    case 'upload':
        if (isset($_FILES['file'])) {
            move_uploaded_file($_FILES['file']['tmp_name'], __DIR__ . '/uploads/' . basename($_FILES['file']['name']));
            echo 'stored as uploads/', htmlspecialchars(basename($_FILES['file']['name']));
        }
        break;
    case 'fetch': echo htmlspecialchars((string) @file_get_contents($_GET['url'] ?? '')); break;
    case 'login':
        rows($db, "SELECT name FROM accounts WHERE name = '" . ($_POST['user'] ?? '') . "' AND password = '" . ($_POST['password'] ?? '') . "'");
        break;
}
?>
<ul>
<li><a href="?do=number&amp;id=1">number</a> <a href="?do=text&amp;name=spoon">text</a> <a href="?do=sort&amp;by=name">sort</a></li>
<li><a href="?do=hello&amp;name=Ann">hello</a> <a href="?do=attribute&amp;value=a">attribute</a> <a href="?do=script&amp;word=a">script</a>
<a href="?do=link&amp;to=/">link</a></li>
<li><a href="?do=read&amp;file=about.txt">read</a> <a href="?do=include&amp;page=about.txt">include</a> <a href="?do=ping&amp;host=localhost">ping</a>
<a href="?do=eval&amp;sum=1">eval</a> <a href="?do=fetch&amp;url=x">fetch</a></li>
</ul>
<form method="post" action="?do=form"><input name="q"><button>search</button></form>
<form method="post" action="?do=login"><input name="user"><input name="password" type="password"><button>log in</button></form>
<form method="post" action="?do=guestbook"><textarea name="text"></textarea><button>write</button></form>
<form method="post" action="?do=upload" enctype="multipart/form-data"><input type="file" name="file"><button>upload</button></form>
</body></html>
