namespace WafOperator.Cli.Output;

/// <summary>How results are written.</summary>
internal enum OutputFormat
{
    /// <summary>For people.</summary>
    Text,

    /// <summary>One JSON value.</summary>
    Json,

    /// <summary>One YAML document.</summary>
    Yaml,

    /// <summary>Names only, one a line, as kubectl takes them.</summary>
    Name,
}
