namespace WafOperator.Conformance.Peer;

/// <summary>
/// Why the two firewalls differ in a rule, and which of them is right. The first that explains a difference takes it;
/// a difference that none explains fails the comparison.
/// </summary>
/// <param name="Name">Short, for tables.</param>
/// <param name="Reason">The argument, in Markdown.</param>
/// <param name="Explains">Whether it is why a rule matched on one side only; true: on ours.</param>
internal sealed record Cause(string Name, string Reason, Func<Pair, long, bool, bool> Explains)
{
    /// <summary>Name of the cause that concerns whole requests, not rules.</summary>
    public const string Server = "server";

    public static IReadOnlyList<Cause> All { get; } =
    [
        new(Server, """
            nginx refuses the request, or waits for bytes that never come, so that no rule sees it. Our engine is
            given the parts of the request without a server in between here. The whole sidecar refuses these
            requests as well: none of them is in the table of verdicts below.
            """, static (pair, _, _) => !pair.PeerRead),
        new("our server", """
            Kestrel refuses with 400 what nginx passes on: a body without a length over HTTP/1.0, a host that is
            none.
            """, static (pair, id, isOurs) => isOurs && id == 0 && pair.SidecarStatus is >= 400 and not 403),
        new("REQUEST_BODY", """
            ModSecurity 3 fills `REQUEST_BODY` whatever the content type. The reference manual (and ModSecurity 2)
            fill it only when the URLENCODED processor reads the body, or when `ctl:forceRequestBodyVariable` asks
            for it, and CRS is written for that: its own tests require that 944100 and its relatives stay silent on
            element and attribute names of XML, which they do not in ModSecurity 3. We follow the manual and the
            tests; the values inside the body are seen as `ARGS`, `XML`, `FILES`.
            """, static (pair, id, isOurs) => !isOurs && IsOfBody(pair, id)),
        new("detectors", """
            `@detectSQLi` and `@detectXSS` are our own detectors instead of libinjection. On ours only: complete or
            cut injections for which libinjection has no fingerprint. On ModSecurity's only: texts in which it sees
            SQL or markup and a database or a browser would not (an XML namespace, a shell loop, `"!"`, a tag
            without its bracket), and fragments of SQL that cannot run as they are (`1 OR 2+`, `AND (name = "`).
            """, static (_, id, _) => id is 941100 or 941101 or 942100 or 942101),
        new("backslashes", """
            CRS 3.3 writes `\\\\` in quoted patterns and means one backslash, as Apache's configuration reader
            leaves it; ModSecurity 3 takes it as two. Its own tests of these rules say what is meant, and fail in
            ModSecurity 3.
            """, static (_, id, _) => id is 920460 or 941330),
        new("empty body", """
            A body announced as XML or multipart that has no byte. ModSecurity reports a parse error; we read
            nothing and have nothing to report. No value is lost: there is none.
            """, static (pair, id, isOurs) => !isOurs && id is 200002 or 200003 && pair.Input.Data.Length == 0),
        new("fragment", """
            A request target with `#`. nginx cuts the fragment off before ModSecurity; we show rules the bytes that
            were sent, because those are forwarded.
            """, static (pair, _, isOurs) => isOurs && pair.Input.Uri.Contains('#', StringComparison.Ordinal)),
        new("undeclared bodies", """
            A body whose type no reader is named for (`text/plain`, `multipart/` with anything behind it, none at all).
            Applications that ignore the type read it, so we read it as what it looks like, and rules see its values;
            ModSecurity shows them the raw text or nothing.
            """, static (pair, id, isOurs) => isOurs && id != 0 && IsUndeclared(pair)),
        new("files and attributes", """
            Values that ModSecurity 3 does not give to rules: the line of a file part that holds one short line of
            text (programs differ about whether it is a file or a field), and the attributes of XML elements.
            """, static (pair, id, isOurs) => isOurs && id != 0 && (pair.Input.Data.Contains("filename=",
            StringComparison.Ordinal) || TypeOf(pair).Contains("xml", StringComparison.OrdinalIgnoreCase))),
        new("our policy", """
            The whole sidecar runs a policy whose defaults fit today's clients: more content types, each of them read
            or counted as unread, `Content-Range` and `Content-Encoding`, and multipart as RFC 2046 and 7578 allow it.
            CRS's own defaults stop these requests.
            """, static (pair, id, _) => id == 0 && pair.SidecarStatus is 200),
    ];

    private static string TypeOf(Pair pair) => pair.Input.Headers
        .Where(static header => header.Name.Equals("Content-Type", StringComparison.OrdinalIgnoreCase))
        .Select(static header => header.Value).FirstOrDefault("");

    private static bool IsUndeclared(Pair pair) =>
        TypeOf(pair) is var type && !type.StartsWith("multipart/form-data", StringComparison.OrdinalIgnoreCase)
        && !type.StartsWith("application/x-www-form-urlencoded", StringComparison.OrdinalIgnoreCase)
        && !type.Contains("xml", StringComparison.OrdinalIgnoreCase)
        && !type.StartsWith("application/json", StringComparison.OrdinalIgnoreCase);

    /// <summary>The match is in the raw body, or in a text that only the raw body holds as one.</summary>
    private static bool IsOfBody(Pair pair, long id) =>
        pair.PeerLine(id).Contains("REQUEST_BODY", StringComparison.Ordinal)
        || (id is 921110 && pair.Input.Headers.Any(static header => header.Value.StartsWith("multipart/form-data",
            StringComparison.OrdinalIgnoreCase)));
}
