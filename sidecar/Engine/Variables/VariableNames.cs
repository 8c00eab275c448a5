using System.Collections.Frozen;
using System.Text;
using WafOperator.SecLang;

namespace WafOperator.Engine.Variables;

/// <summary>SecLang's names of variables, and what is known about each when rules are compiled.</summary>
internal static class VariableNames
{
    /// <summary>The last of the collections whose members are fixed.</summary>
    public const VariableId LastCollection = VariableId.ResponseHeadersNames;

    /// <summary>The last of the variables whose values are fixed.</summary>
    public const VariableId LastStatic = VariableId.StatusLine;

    private static readonly FrozenDictionary<string, VariableId> ByName = Build();

    private static readonly byte[][] Names = BuildNames();

    /// <summary>The variable a target means; <see cref="VariableId.None"/> for one that is always empty here.</summary>
    public static VariableId Find(string name, SelectorKind kind, string selector)
    {
        if (name == "XML")
        {
            return kind == SelectorKind.XPath && selector.Contains('@', StringComparison.Ordinal)
                ? VariableId.XmlAttributes
                : VariableId.XmlContent;
        }

        return ByName.GetValueOrDefault(name, VariableId.None);
    }

    /// <summary>The name in reports and in MATCHED_VAR_NAME.</summary>
    public static ReadOnlySpan<byte> Of(VariableId id) => Names[(int)id];

    /// <summary>
    /// Whether the values are fixed before a phase starts. Rules may change who reads the body while phase 1 runs.
    /// </summary>
    public static bool IsStatic(VariableId id) => id <= LastStatic && id != VariableId.ReqBodyProcessor;

    /// <summary>Whether the members have names.</summary>
    public static bool IsCollection(VariableId id) =>
        id <= LastCollection || id is >= VariableId.Tx and <= VariableId.MatchedVarsNames;

    private static FrozenDictionary<string, VariableId> Build()
    {
        var names = new Dictionary<string, VariableId>(StringComparer.OrdinalIgnoreCase);
        foreach (var id in Enum.GetValues<VariableId>())
        {
            names[Spell(id)] = id;
        }

        names["MULTIPART_SEMICOLON_MISSING"] = VariableId.MultipartMissingSemicolon;
        names["REQUEST_BASENAME"] = VariableId.RequestBaseName;
        names["SCRIPT_FILENAME"] = VariableId.RequestFileName;
        names["SCRIPT_BASENAME"] = VariableId.RequestBaseName;
        names["MSC_PCRE_ERROR"] = VariableId.PcreLimitsExceeded;
        names["MSC_PCRE_LIMITS_EXCEEDED"] = VariableId.PcreLimitsExceeded;
        return names.ToFrozenDictionary(StringComparer.OrdinalIgnoreCase);
    }

    private static byte[][] BuildNames()
    {
        var names = new byte[(int)VariableId.None + 1][];
        foreach (var id in Enum.GetValues<VariableId>())
        {
            names[(int)id] = Encoding.ASCII.GetBytes(Spell(id));
        }

        return names;
    }

    /// <summary>Whether it is a collection that outlives the transaction.</summary>
    public static bool IsPersistent(VariableId id) => id is >= VariableId.Ip and <= VariableId.User;

    private static string Spell(VariableId id) => id switch
    {
        VariableId.FilesTmpNames => "FILES_TMPNAMES",
        VariableId.MultipartFileName => "MULTIPART_FILENAME",
        VariableId.RequestFileName => "REQUEST_FILENAME",
        VariableId.RequestBaseName => "REQUEST_BASENAME",
        VariableId.UrlEncodedError => "URLENCODED_ERROR",
        VariableId.ReqBodyError => "REQBODY_ERROR",
        VariableId.ReqBodyErrorMsg => "REQBODY_ERROR_MSG",
        VariableId.ReqBodyProcessor => "REQBODY_PROCESSOR",
        VariableId.ReqBodyProcessorError => "REQBODY_PROCESSOR_ERROR",
        VariableId.ReqBodyProcessorErrorMsg => "REQBODY_PROCESSOR_ERROR_MSG",
        VariableId.MultipartCrlfLfLines => "MULTIPART_CRLF_LF_LINES",
        VariableId.ModSecBuild => "MODSEC_BUILD",
        VariableId.WebAppId => "WEBAPPID",
        VariableId.SessionId => "SESSIONID",
        VariableId.UserId => "USERID",
        VariableId.XmlContent or VariableId.XmlAttributes => "XML",
        VariableId.PcreLimitsExceeded => "MSC_PCRE_LIMITS_EXCEEDED",
        _ => Underscored(id.ToString()),
    };

    private static string Underscored(string name)
    {
        var result = new StringBuilder();
        for (var i = 0; i < name.Length; i++)
        {
            if (i > 0 && char.IsUpper(name[i]))
            {
                result.Append('_');
            }

            result.Append(char.ToUpperInvariant(name[i]));
        }

        return result.ToString();
    }
}
