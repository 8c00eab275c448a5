using System.Collections.Concurrent;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using WafOperator.Resources.Schema;

namespace WafOperator.Resources.Validation;

/// <summary>
/// Checks JSON against a schema as the API server does, and unknown fields besides: all errors at once (at most
/// <see cref="ErrorsMax"/>), each with its path. One instance checks one object; not thread-safe.
/// </summary>
internal sealed class StructuralValidator(List<FieldError> errors)
{
    internal const int ErrorsMax = 100;

    private static readonly ConcurrentDictionary<string, Regex> Regexes = new();

    public void Check(JsonNode? node, SchemaNode schema, string path, JsonNode? old)
    {
        if (errors.Count >= ErrorsMax || schema.Type == SchemaType.Opaque) return;
        if (!HasType(node, schema.Type))
        {
            errors.Add(new(path, FieldErrorReason.WrongType, TypeMessage(node, schema)));
            return;
        }
        switch (schema.Type)
        {
            case SchemaType.Object: CheckObject((JsonObject)node!, schema, path, old as JsonObject); break;
            case SchemaType.Map: CheckMap((JsonObject)node!, schema, path); break;
            case SchemaType.Array: CheckArray((JsonArray)node!, schema, path); break;
            case SchemaType.String: CheckString(node!.GetValue<string>(), schema, path); break;
            case SchemaType.Enum: CheckEnum(node!.GetValue<string>(), schema, path); break;
            case SchemaType.Integer: CheckInteger(node!, schema, path); break;
            case SchemaType.DateTime: CheckTime(node!.GetValue<string>(), path); break;
        }
    }

    private void CheckObject(JsonObject node, SchemaNode schema, string path, JsonObject? old)
    {
        var before = errors.Count;
        foreach (var (name, value) in node)
        {
            if (errors.Count >= ErrorsMax) return;
            if (!schema.Properties.TryGetValue(name, out var property)) AddUnknown(name, schema, path);
            else if (value is not null) Check(value, property, Join(path, name), old?[name]);
        }
        foreach (var name in schema.Required)
            if (node[name] is null) errors.Add(
                new(Join(path, name), FieldErrorReason.Required, "is required" + About(schema.Properties[name])));
        // A rule speaks of fields of the right type: with structural errors below it says nothing.
        if (errors.Count > before) return;
        foreach (var rule in schema.Rules)
        {
            if (FieldRules.Holds(rule.Id, node, old)) continue;
            errors.Add(new(path, rule.Id == "immutable" ? FieldErrorReason.Immutable : FieldErrorReason.Rule,
                rule.Message) { RuleId = rule.Id });
        }
    }

    private void AddUnknown(string name, SchemaNode schema, string path)
    {
        var near = NearestName.Of(name, schema.Properties.Keys);
        var hint = near is not null ? $"; did you mean {near}?"
            : schema.Properties.Count <= 12 ? $"; known fields: {string.Join(", ", schema.Properties.Keys)}" : "";
        errors.Add(new(Join(path, name), FieldErrorReason.Unknown, "unknown field" + hint));
    }

    private void CheckMap(JsonObject node, SchemaNode schema, string path)
    {
        CheckCount(node.Count, schema, path, "entries");
        foreach (var (name, value) in node) Check(value, schema.Items!, Join(path, name), null);
    }

    private void CheckArray(JsonArray node, SchemaNode schema, string path)
    {
        CheckCount(node.Count, schema, path, "items");
        var seen = schema.MapKeys.Count > 0 ? new HashSet<string>(StringComparer.Ordinal) : null;
        for (var i = 0; i < node.Count && errors.Count < ErrorsMax; i++)
        {
            var item = string.Create(CultureInfo.InvariantCulture, $"{path}[{i}]");
            Check(node[i], schema.Items!, item, null);
            if (seen is null || node[i] is not JsonObject entry) continue;
            var key = string.Join('\0', schema.MapKeys.Select(name => entry[name]?.ToJsonString()));
            if (!seen.Add(key))
                errors.Add(new(item, FieldErrorReason.Duplicate,
                    $"another item has the same {string.Join(" and ", schema.MapKeys)}"));
        }
    }

    private void CheckCount(int count, SchemaNode schema, string path, string what)
    {
        if (count > schema.ItemsMax)
            errors.Add(new(path, FieldErrorReason.TooMany,
                $"has {count} {what}, at most {schema.ItemsMax} are allowed"));
        if (count < schema.ItemsMin)
            errors.Add(new(path, FieldErrorReason.TooFew, $"has {count} {what}, at least {schema.ItemsMin} needed"));
    }

    private void CheckString(string value, SchemaNode schema, string path)
    {
        var length = value.Length > (schema.LengthMax ?? int.MaxValue) || value.Length < schema.LengthMin * 2
            ? value.EnumerateRunes().Count() : value.Length;
        if (length > schema.LengthMax)
            errors.Add(new(path, FieldErrorReason.TooLong,
                $"has {length} characters, at most {schema.LengthMax} are allowed"));
        else if (length < schema.LengthMin)
            errors.Add(new(path, FieldErrorReason.TooShort,
                $"has {length} characters, at least {schema.LengthMin} needed"));
        else if (schema.Pattern is { } pattern && !RegexOf(pattern).IsMatch(value))
            errors.Add(new(path, FieldErrorReason.Pattern,
                $"{Quote(value)} is not {schema.PatternMeaning ?? $"in the form {pattern}"}"));
    }

    private void CheckEnum(string value, SchemaNode schema, string path)
    {
        if (schema.EnumValues.Contains(value)) return;
        var near = NearestName.Of(value, schema.EnumValues);
        var hint = near is null ? "" : $"; did you mean {near}?";
        errors.Add(new(path, FieldErrorReason.NotSupported,
            $"{Quote(value)} is not one of {string.Join(", ", schema.EnumValues)}{hint}"));
    }

    private void CheckInteger(JsonNode node, SchemaNode schema, string path)
    {
        var value = IntegerOf(node)!.Value;
        var minimum =
            Math.Max(schema.Minimum ?? long.MinValue, schema.IntegerBits == 32 ? int.MinValue : long.MinValue);
        var maximum =
            Math.Min(schema.Maximum ?? long.MaxValue, schema.IntegerBits == 32 ? int.MaxValue : long.MaxValue);
        if (value < minimum || value > maximum)
            errors.Add(new(path, FieldErrorReason.OutOfRange, $"{value} is not between {minimum} and {maximum}"));
    }

    private void CheckTime(string value, string path)
    {
        if (DateTimeOffset.TryParse(value, CultureInfo.InvariantCulture, DateTimeStyles.None, out _)
            && value.Contains('T', StringComparison.Ordinal)) return;
        errors.Add(new(path, FieldErrorReason.Invalid,
            $"{Quote(value)} is not a time in RFC 3339 such as 2027-01-31T00:00:00Z"));
    }

    private static bool HasType(JsonNode? node, SchemaType type) => type switch
    {
        SchemaType.Object or SchemaType.Map => node is JsonObject,
        SchemaType.Array => node is JsonArray,
        SchemaType.String or SchemaType.Enum or SchemaType.DateTime => node?.GetValueKind() == JsonValueKind.String,
        SchemaType.Boolean => node?.GetValueKind() is JsonValueKind.True or JsonValueKind.False,
        SchemaType.Integer => node?.GetValueKind() == JsonValueKind.Number && IntegerOf(node) is not null,
        _ => true,
    };

    private static long? IntegerOf(JsonNode node) =>
        long.TryParse(node.ToJsonString(), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var value)
        ? value : null;

    private static string TypeMessage(JsonNode? node, SchemaNode schema)
    {
        var wanted = schema.Type switch
        {
            SchemaType.Object or SchemaType.Map => "an object",
            SchemaType.Array => "a list",
            SchemaType.Boolean => "true or false",
            SchemaType.Integer => "a whole number",
            SchemaType.DateTime => "a time in quotes",
            SchemaType.Enum => $"one of {string.Join(", ", schema.EnumValues)}",
            _ => "a string",
        };
        var message = $"must be {wanted}, not {Describe(node)}";
        if (schema.Type is not (SchemaType.String or SchemaType.Enum)) return message;
        return node?.GetValueKind() switch
        {
            JsonValueKind.False when schema.EnumValues.Contains("Off") =>
                message + ": YAML reads a bare Off as false, write \"Off\" in quotes",
            JsonValueKind.Number or JsonValueKind.True or JsonValueKind.False =>
                message + $": write {Quote(node.ToJsonString())} in quotes",
            _ => message,
        };
    }

    private static string Describe(JsonNode? node) => node?.GetValueKind() switch
    {
        null or JsonValueKind.Null => "null",
        JsonValueKind.Object => "an object",
        JsonValueKind.Array => "a list",
        JsonValueKind.String => "the string " + Quote(node.GetValue<string>()),
        JsonValueKind.Number => "the number " + node.ToJsonString(),
        _ => "the boolean " + node.ToJsonString(),
    };

    // RE2's $ is the end of the text; .NET's also stands before a last line feed.
    private static Regex RegexOf(string pattern) => Regexes.GetOrAdd(pattern, static text =>
        new Regex(text.EndsWith('$') ? text[..^1] + "\\z" : text,
            RegexOptions.NonBacktracking | RegexOptions.CultureInvariant));

    private static string About(SchemaNode property)
    {
        if (property.Description is not { Length: > 1 } text) return "";
        var first = char.IsUpper(text[1]) ? text[..1] : text[..1].ToLowerInvariant();
        return $": {first}{text[1..].Split(". ")[0].TrimEnd('.')}";
    }

    private static string Quote(string value) => value.Length <= 80 ? $"\"{value}\"" : $"\"{value[..80]}…\"";

    private static string Join(string path, string name) => path.Length == 0 ? name : $"{path}.{name}";
}
