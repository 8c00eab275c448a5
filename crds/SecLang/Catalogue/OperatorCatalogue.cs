using System.Collections.Frozen;

namespace WafOperator.SecLang;

/// <summary>What an operator's argument is.</summary>
public enum OperatorArgument
{
    /// <summary>There is none.</summary>
    None,

    /// <summary>Text, macros expanded.</summary>
    Text,

    /// <summary>A whole number, macros expanded.</summary>
    Number,

    /// <summary>A pattern.</summary>
    Pattern,

    /// <summary>Phrases parted by spaces.</summary>
    Phrases,

    /// <summary>Names of data files.</summary>
    Files,

    /// <summary>Addresses and networks parted by commas.</summary>
    Addresses,

    /// <summary>Byte values and ranges parted by commas.</summary>
    ByteRanges,
}

/// <summary>An operator: its argument and what becomes of it.</summary>
public sealed record OperatorInfo(string Name, OperatorArgument Argument, Support Support, string Reason);

/// <summary>All operators of the ModSecurity reference manual.</summary>
public static class OperatorCatalogue
{
    /// <summary>All operators by name, whatever the case.</summary>
    public static FrozenDictionary<string, OperatorInfo> All { get; } =
        Rows().ToFrozenDictionary(info => info.Name, StringComparer.OrdinalIgnoreCase);

    private static IEnumerable<OperatorInfo> Rows() =>
    [
        Full("beginsWith", OperatorArgument.Text), Full("contains", OperatorArgument.Text),
        Full("containsWord", OperatorArgument.Text), Full("endsWith", OperatorArgument.Text),
        Full("streq", OperatorArgument.Text), Full("strmatch", OperatorArgument.Text),
        Full("within", OperatorArgument.Text),
        Full("eq", OperatorArgument.Number), Full("ge", OperatorArgument.Number), Full("gt", OperatorArgument.Number),
        Full("le", OperatorArgument.Number), Full("lt", OperatorArgument.Number),
        Full("rx", OperatorArgument.Pattern), Full("rxGlobal", OperatorArgument.Pattern),
        Full("pm", OperatorArgument.Phrases), Full("pmFromFile", OperatorArgument.Files),
        Full("pmf", OperatorArgument.Files),
        Full("ipMatch", OperatorArgument.Addresses), Full("ipMatchFromFile", OperatorArgument.Files),
        Full("ipMatchF", OperatorArgument.Files),
        Full("detectSQLi", OperatorArgument.None), Full("detectXSS", OperatorArgument.None),
        Full("noMatch", OperatorArgument.None), Full("unconditionalMatch", OperatorArgument.None),
        Full("validateByteRange", OperatorArgument.ByteRanges), Full("validateUrlEncoding", OperatorArgument.None),
        Full("validateUtf8Encoding", OperatorArgument.None),
        Full("verifyCC", OperatorArgument.Pattern), Full("verifySSN", OperatorArgument.Pattern),
        Full("verifyCPF", OperatorArgument.Pattern), Full("verifySVNR", OperatorArgument.Pattern),
        Refused("rbl", "a look-up in a block list sends a DNS query for each request; use access lists"),
        Refused("gsbLookup", "it needs Google's Safe Browsing service"),
        Refused("geoLookup", "there is no geographic database in the data path; use access lists"),
        Refused("inspectFile", "rules must not run programs"),
        Refused("fuzzyHash", "it needs the ssdeep library and a hash file"),
        Refused("rsub", "requests and responses are not rewritten by rules"),
        Refused("validateDTD", "XML documents are not checked against external definitions"),
        Refused("validateSchema", "XML documents are not checked against external definitions"),
        Refused("validateHash", "links are not signed by this product"),
    ];

    private static OperatorInfo Full(string name, OperatorArgument argument) => new(name, argument, Support.Full, "");

    private static OperatorInfo Refused(string name, string reason) =>
        new(name, OperatorArgument.Text, Support.Refused, reason);
}
