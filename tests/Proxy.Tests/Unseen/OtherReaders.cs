namespace WafOperator.Proxy.Tests.Unseen;

/// <summary>
/// Bodies of which some program reads more than their type says: documents in texts of XML, escapes of GraphQL, and
/// other languages under the name of a form.
/// </summary>
internal static class OtherReaders
{
    private const string Form = "application/x-www-form-urlencoded";

    public static CarriedBody Any(Random random, Padding _, string value) => random.Next(4) switch
    {
        0 => InXml(random, value),
        1 => GraphQlText(random, value),
        2 => new CarriedBody(
            "YAML", Type(random, "application/yaml"), $"a: 1\nq: \"{Encodings.Hex(random, value)}\"\n"),
        _ => Cbor(random, value),
    };

    /// <summary>What operations with a parameter "xml" or "json" are sent (SOAP).</summary>
    private static CarriedBody InXml(Random random, string value)
    {
        var json = $"{{\"q\":\"{Encodings.Json(random, value)}\"}}";
        var xml = Encodings.Xml(random, value);
        var (name, element) = random.Next(5) switch
        {
            0 => ("document in a text of XML", $"<q>{json}</q>"),
            1 => ("document in an attribute of XML", $"<q v='{json}'/>"),
            2 => ("XML in a text of XML", $"<q>&lt;i&gt;{xml.Replace("&", "&amp;")}&lt;/i&gt;</q>"),
            3 => ("XML in an attribute of XML", $"<q v='&lt;i&gt;{xml.Replace("&", "&amp;")}&lt;/i&gt;'/>"),
            _ => ("XML in CDATA", $"<q><![CDATA[<i>{xml}</i>]]></q>"),
        };
        return new CarriedBody(name, "text/xml", $"<e><a>tea</a>{element}</e>");
    }

    private static CarriedBody GraphQlText(Random random, string value)
    {
        var text = Encodings.Braced(random, value).Replace("\\", "\\\\");
        var before = random.Next(3) switch { 0 => ",", 1 => "#tea\\n", _ => "" };
        return new CarriedBody(
            "GraphQL text", "application/json",
            $"{{\"query\":\"{before}{{ item(name: \\\"{text}\\\") {{ id }} }}\"}}");
    }

    /// <summary>A map with one text in pieces of one letter: {"q": …}.</summary>
    private static CarriedBody Cbor(Random random, string value) => new(
        "CBOR", Type(random, "application/cbor"),
        "\u00a1aq\u007f" + string.Concat(value.Select(letter => $"a{letter}")) + "\u00ff");

    private static string Type(Random random, string own) => random.Next(2) == 0 ? Form : own;
}
