using System.ComponentModel;
using WafOperator.Resources.Schema;

namespace WafOperator.Resources.Policies;

/// <summary>A field of bodies that carries code.</summary>
public sealed record CodeFieldSpec
{
    [Description("Path, decoded. A trailing * matches any rest; \"/*\" alone is refused."), RequiredField,
        Length(1024, Minimum = 1), Pattern("^/([^*].*)?$", Meaning = "a path that begins with / and is not /*")]
    public string Path { get; init; } = "/";

    [Description("Name of the field in forms, multipart bodies, JSON (json.blocks.array_0.html) and XML; never of "
        + "queries, cookies, headers or files. array_* stands for any item of an array, a trailing * for any rest."),
        RequiredField, Length(256, Minimum = 1), Pattern("^[^*]", Meaning = "a name that does not begin with *")]
    public string Name { get; init; } = "";

    [Description("Attack families that are noted in texts of the field and refuse nothing there; empty: all of these."),
        Items(16)]
    public IReadOnlyList<CodeFamily> Families { get; init; } = [];
}

/// <summary>
/// Attack families that code resembles. Those about the protocol and about entities of XML are none of them.
/// </summary>
public enum CodeFamily { Sqli, Xss, Rce, Lfi, Rfi, Php, Java, Nosql, Ssti, Ssrf, Generic }
