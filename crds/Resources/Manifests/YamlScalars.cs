using System.Globalization;
using System.Text.Json.Nodes;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace WafOperator.Resources.Manifests;

/// <summary>Plain scalars → JSON values by the rules of YAML 1.1 as kubectl's library applies them.</summary>
internal static class YamlScalars
{
    private static readonly HashSet<string> True =
        new(StringComparer.Ordinal) { "y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON" };
    private static readonly HashSet<string> False =
        new(StringComparer.Ordinal) { "n", "N", "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF" };
    private static readonly HashSet<string> Null = new(StringComparer.Ordinal) { "", "~", "null", "Null", "NULL" };

    /// <summary>
    /// Value of a scalar. Throws <see cref="FormatException"/> for tags and numbers that JSON does not know.
    /// </summary>
    public static JsonNode? Resolve(Scalar scalar)
    {
        var tag = scalar.Tag.IsEmpty ? null : scalar.Tag.Value;
        if (tag is "tag:yaml.org,2002:str" or "!" || (tag is null && scalar.Style != ScalarStyle.Plain))
            return scalar.Value;
        if (tag is not null and not ("tag:yaml.org,2002:int" or "tag:yaml.org,2002:float" or "tag:yaml.org,2002:bool"
            or "tag:yaml.org,2002:null"))
            throw new FormatException($"the tag {tag} is not supported");
        var text = scalar.Value;
        if (Null.Contains(text)) return null;
        if (True.Contains(text)) return true;
        if (False.Contains(text)) return false;
        return (text[0] is >= '0' and <= '9' or '-' or '+' or '.') && Number(text) is { } number ? number : text;
    }

    private static JsonValue? Number(string text)
    {
        var digits = text.Replace("_", "", StringComparison.Ordinal);
        var negative = digits.StartsWith('-');
        var body = digits.AsSpan(negative || digits.StartsWith('+') ? 1 : 0);
        if (Integer(body) is { } magnitude) return JsonValue.Create(negative ? -magnitude : magnitude);
        if (body is ".inf" or ".Inf" or ".INF" || digits is ".nan" or ".NaN" or ".NAN")
            throw new FormatException($"{text} is not a number in JSON");
        if (body.IsEmpty || (body[0] != '.' && !char.IsAsciiDigit(body[0])) || body is ".") return null;
        const NumberStyles Styles = NumberStyles.AllowDecimalPoint | NumberStyles.AllowExponent;
        if (!double.TryParse(body, Styles, CultureInfo.InvariantCulture, out var value) || !double.IsFinite(value))
            return null;
        return JsonValue.Create(negative ? -value : value);
    }

    private static long? Integer(ReadOnlySpan<char> body)
    {
        if (body.IsEmpty) return null;
        if (body is ['0', 'x' or 'X', .. var hex]) return Parsed(hex, NumberStyles.AllowHexSpecifier);
        if (body is ['0', 'b', .. var binary]) return Parsed(binary, NumberStyles.AllowBinarySpecifier);
        if (body is ['0', 'o', .. var octal]) return Octal(octal);
        if (body is ['0', _, ..] && body.IndexOfAnyExceptInRange('0', '7') < 0) return Octal(body[1..]);
        return Parsed(body, NumberStyles.None);
    }

    private static long? Parsed(ReadOnlySpan<char> digits, NumberStyles styles) =>
        long.TryParse(digits, styles, CultureInfo.InvariantCulture, out var value) && value >= 0 ? value : null;

    private static long? Octal(ReadOnlySpan<char> digits)
    {
        if (digits.IsEmpty || digits.Length > 20 || digits.IndexOfAnyExceptInRange('0', '7') >= 0) return null;
        long value = 0;
        foreach (var digit in digits) value = value * 8 + (digit - '0');
        return value;
    }
}
