namespace WafOperator.Resources.Schema;

/// <summary>Names of a kind in the Kubernetes API: what the CRD's <c>spec.names</c> and <c>scope</c> say.</summary>
[AttributeUsage(AttributeTargets.Class)]
public sealed class ResourceAttribute(string kind, string plural, params string[] shortNames) : Attribute
{
    /// <summary>Kind, for example <c>WafPolicy</c>.</summary>
    public string Kind { get; } = kind;

    /// <summary>Plural, lower case, as it stands in URLs.</summary>
    public string Plural { get; } = plural;

    /// <summary>Short names for kubectl.</summary>
    public string[] ShortNames { get; } = shortNames;

    /// <summary>
    /// JSON paths of the scale subresource (<c>spec</c>, <c>status</c>, <c>selector</c>), or null for none.
    /// </summary>
    public string[]? Scale { get; init; }
}

/// <summary>One column of <c>kubectl get</c>.</summary>
[AttributeUsage(AttributeTargets.Class, AllowMultiple = true)]
public sealed class PrinterColumnAttribute(string name, string type, string jsonPath) : Attribute
{
    /// <summary>Heading.</summary>
    public string Name { get; } = name;

    /// <summary>OpenAPI type: <c>string</c>, <c>integer</c>, <c>date</c>, …</summary>
    public string Type { get; } = type;

    /// <summary>JSON path below the object.</summary>
    public string JsonPath { get; } = jsonPath;

    /// <summary>0 is always shown; 1 only with <c>-o wide</c>.</summary>
    public int Priority { get; init; }
}
