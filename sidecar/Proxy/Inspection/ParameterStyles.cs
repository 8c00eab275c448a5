using WafOperator.Http;
using WafOperator.Protocols.Status;

namespace WafOperator.Proxy.Inspection;

/// <summary>Which forms the parameters of a request have. Pure; looks at the first of them only.</summary>
internal static class ParameterStyles
{
    /// <summary>Parameters of one request that are looked at.</summary>
    public const int ParametersMax = 128;

    private static readonly SeenStyle[] All = Enum.GetValues<SeenStyle>();

    /// <summary>The styles, each once. Members of JSON bodies are no parameters: their names are paths.</summary>
    public static IEnumerable<SeenStyle> Of(CanonicalRequest request)
    {
        var found = 0;
        var names = new HashSet<uint>();
        var last = -1;
        foreach (ref readonly var argument in request.Arguments[..Math.Min(request.Arguments.Length, ParametersMax)])
        {
            if (argument.Source is not (ArgumentSource.Query or ArgumentSource.Form or ArgumentSource.Multipart)) continue;
            // Second readings stand behind what they are readings of, with the same bytes as sent.
            if (argument.RawValue.Offset <= last) continue;
            last = argument.RawValue.Offset;
            if (!names.Add(argument.NameHash)) found |= 1 << (int)SeenStyle.Repeated;
            found |= OfName(request[argument.Name]);
            if (IsJson(request[argument.Value])) found |= 1 << (int)SeenStyle.Json;
        }

        return All.Where(style => (found & (1 << (int)style)) != 0);
    }

    private static int OfName(ReadOnlySpan<byte> name)
    {
        var found = 0;
        var open = name.IndexOf((byte)'[');
        if (open > 0 && name.EndsWith("[]"u8)) found |= 1 << (int)SeenStyle.List;
        if (open > 0 && open < name.Length - 2 && name[open + 1] != ']' && name[open..].Contains((byte)']'))
            found |= 1 << (int)SeenStyle.Map;
        if (name is [(byte)'$', _, ..]) found |= 1 << (int)SeenStyle.Dollar;
        if (name.IndexOf((byte)'.') > 0 && !name.EndsWith("."u8)) found |= 1 << (int)SeenStyle.Dotted;
        return found;
    }

    private static bool IsJson(ReadOnlySpan<byte> value) =>
        value.Trim(" \t\r\n"u8) is [(byte)'{', .., (byte)'}'] or [(byte)'[', .., (byte)']'];
}
