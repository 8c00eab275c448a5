using System.Text;
using System.Text.Json;

namespace WafOperator.OpenApi;

/// <summary>
/// Reads schemas: the keywords that are checked, a remark for each that is not, a refusal for nonsense.
/// </summary>
internal sealed class SchemaReader(DocumentScope scope)
{
    /// <summary>Words that ask nothing of a value.</summary>
    private static readonly HashSet<string> Notes = new(StringComparer.Ordinal)
    {
        "title", "description", "default", "example", "examples", "deprecated", "externalDocs", "xml", "discriminator",
        "writeOnly", "$comment", "$id", "$anchor", "$schema", "$defs", "definitions",
        // Read together with another word.
        "exclusiveMinimum", "exclusiveMaximum", "nullable", "required", "additionalProperties", "$ref",
    };

    private readonly Dictionary<int, ValueSchema> _byOffset = [];
    private readonly List<(ValueSchema Schema, DocumentCursor At)> _combined = [];
    private int _depth;

    /// <summary>The schema at a place. References to one place are one object, also in circles.</summary>
    public ValueSchema Read(DocumentCursor at)
    {
        var offset = scope.OffsetOf(at);
        if (_byOffset.TryGetValue(offset, out var known)) return known;
        scope.CountSchema(at);
        if (at.Value.ValueKind is JsonValueKind.True) return ValueSchema.Any;
        if (at.Value.ValueKind is JsonValueKind.False) return new ValueSchema { IsNever = true };
        if (!at.IsObject) throw at.Refuse("is not a schema");
        if (at.Find("$ref") is { } reference)
        {
            var members = at.Value.EnumerateObject().Count(member => !Notes.Contains(member.Name));
            if (members == 0) return _byOffset[offset] = Follow(at);
            if (!scope.IsModern)
            {
                scope.Remark(at, "words beside $ref mean nothing in OpenAPI 3.0");
                return _byOffset[offset] = Follow(at);
            }

            var both = _byOffset[offset] = new ValueSchema();
            Deeper(both, at);
            both.AllOf = [.. both.AllOf, Read(scope.Target(reference))];
            _combined.Add((both, at));
            return both;
        }

        var schema = _byOffset[offset] = new ValueSchema();
        Deeper(schema, at);
        if (schema.IsCombined) _combined.Add((schema, at));
        return schema;
    }

    /// <summary>Refuses schemas that ask themselves about the same value, which would never end.</summary>
    public void CheckCircles()
    {
        var done = new HashSet<ValueSchema>(ReferenceEqualityComparer.Instance);
        foreach (var (schema, at) in _combined) Visit(schema, at, [], done);
    }

    private static void Visit(ValueSchema schema, DocumentCursor at, List<ValueSchema> way, HashSet<ValueSchema> done)
    {
        if (way.Contains(schema)) throw at.Refuse("consists of itself: allOf, anyOf, oneOf or not lead back to it");
        if (way.Count > ApiLimits.DepthMax) throw at.Refuse("is combined of too many layers");
        if (done.Contains(schema)) return;
        way.Add(schema);
        foreach (var inner in schema.InPlace()) Visit(inner, at, way, done);
        way.RemoveAt(way.Count - 1);
        done.Add(schema);
    }

    /// <summary>The schema that a chain of references ends at.</summary>
    private ValueSchema Follow(DocumentCursor at)
    {
        for (var hops = 0; hops < ApiLimits.ReferenceHopsMax; hops++)
        {
            if (at.Find("$ref") is not { } reference || hops > 0 && HasMore(at)) return Read(at);
            at = scope.Target(reference);
        }

        throw at.Refuse("refers to itself, or by too many references");
    }

    private bool HasMore(DocumentCursor at) =>
        scope.IsModern && at.Value.EnumerateObject().Any(member => !Notes.Contains(member.Name));

    /// <summary>References may lead on and on: what they lead to is read within a bound.</summary>
    private void Deeper(ValueSchema schema, DocumentCursor at)
    {
        if (++_depth > ApiLimits.SchemaDepthMax)
            throw at.Refuse($"is nested deeper than {ApiLimits.SchemaDepthMax} schemas, references followed");
        Fill(schema, at);
        _depth--;
    }

    private void Fill(ValueSchema schema, DocumentCursor at)
    {
        foreach (var (name, value) in at.Members())
        {
            if (FillNumbers(schema, name, value, at) || FillTexts(schema, name, value)
                || FillStructure(schema, name, value, at) || Notes.Contains(name)
                || name.StartsWith("x-", StringComparison.Ordinal)) continue;
            scope.Remark(value, $"{Shown(name)} is not checked");
        }

        if (at.Find("nullable") is { } nullable && nullable.Flag() && schema.Types is not ValueTypes.None)
        {
            schema.Types |= ValueTypes.Null;
            if (schema.Enum is { } values && values.All(value => value.Type is not ValueTypes.Null))
                schema.Enum = [.. values, new(ValueTypes.Null, "null"u8.ToArray(), 0)];
        }

        if (schema.Properties.RequiredCount == 0) FillMembers(schema, at);
        if (at.Find("additionalProperties") is { } additional) FillAdditional(schema, additional, at);
        CheckEnum(schema, at);
        if (schema.LengthMin > schema.LengthMax || schema.ItemsMin > schema.ItemsMax
            || schema.PropertiesMin > schema.PropertiesMax || schema.Minimum > schema.Maximum)
            throw at.Refuse("allows nothing: a minimum is over its maximum");
    }

    private static bool FillNumbers(ValueSchema schema, string name, DocumentCursor value, DocumentCursor at)
    {
        switch (name)
        {
            case "minimum":
                schema.Minimum = Math.Max(value.Number(), schema.Minimum ?? double.NegativeInfinity);
                schema.IsMinimumExclusive |= at.Find("exclusiveMinimum") is { Value.ValueKind: JsonValueKind.True };
                return true;
            case "maximum":
                schema.Maximum = Math.Min(value.Number(), schema.Maximum ?? double.PositiveInfinity);
                schema.IsMaximumExclusive |= at.Find("exclusiveMaximum") is { Value.ValueKind: JsonValueKind.True };
                return true;
            case "exclusiveMinimum" when value.Value.ValueKind is JsonValueKind.Number:
                if (schema.Minimum is null || value.Number() >= schema.Minimum)
                    (schema.Minimum, schema.IsMinimumExclusive) = (value.Number(), true);
                return true;
            case "exclusiveMaximum" when value.Value.ValueKind is JsonValueKind.Number:
                if (schema.Maximum is null || value.Number() <= schema.Maximum)
                    (schema.Maximum, schema.IsMaximumExclusive) = (value.Number(), true);
                return true;
            case "multipleOf":
                if (!value.Value.TryGetDecimal(out var multiple) || multiple <= 0)
                    throw value.Refuse("is not a number above 0");
                schema.MultipleOf = multiple;
                return true;
            default:
                return false;
        }
    }

    private bool FillTexts(ValueSchema schema, string name, DocumentCursor value)
    {
        switch (name)
        {
            case "type": schema.Types = Types(value); return true;
            case "minLength": schema.LengthMin = value.Count(); return true;
            case "maxLength": schema.LengthMax = value.Count(); return true;
            case "pattern": schema.Pattern = scope.Pattern(value); return true;
            case "format": schema.Format = Format(value); return true;
            case "enum": schema.Enum = Enumeration(value); return true;
            case "const":
                schema.Enum = Scalar(value) is { } only ? [only] : null;
                if (schema.Enum is null) scope.Remark(value, "const is not checked for objects and lists");
                return true;
            case "readOnly": schema.IsReadOnly = value.Flag(); return true;
            default: return false;
        }
    }

    private bool FillStructure(ValueSchema schema, string name, DocumentCursor value, DocumentCursor at)
    {
        switch (name)
        {
            case "items":
                if (value.Value.ValueKind is JsonValueKind.Array) throw value.Refuse("is a list: one schema is read");
                // Items behind those of prefixItems only: which are which is not counted.
                if (at.Find("prefixItems") is null) schema.Items = Read(value);
                else scope.Remark(value, "items is not checked beside prefixItems");
                return true;
            case "minItems": schema.ItemsMin = value.Count(); return true;
            case "maxItems": schema.ItemsMax = value.Count(); return true;
            case "minProperties": schema.PropertiesMin = value.Count(); return true;
            case "maxProperties": schema.PropertiesMax = value.Count(); return true;
            case "properties": FillMembers(schema, at); return true;
            case "allOf": schema.AllOf = Branches(value); return true;
            case "anyOf": schema.AnyOf = Branches(value); return true;
            case "oneOf": schema.OneOf = Branches(value); return true;
            case "not": schema.Not = Read(value); return true;
            default: return false;
        }
    }

    private List<ValueSchema> Branches(DocumentCursor value)
    {
        var branches = value.Items().Take(ApiLimits.BranchesMax + 1).Select(Read).ToList();
        return branches.Count is > 0 and <= ApiLimits.BranchesMax ? branches
            : throw value.Refuse($"has {branches.Count} schemas; 1 to {ApiLimits.BranchesMax} are read");
    }

    /// <summary>
    /// Properties and required together. What is read-only is required of responses alone.
    /// </summary>
    private void FillMembers(ValueSchema schema, DocumentCursor at)
    {
        var required = at.Find("required") is { Value.ValueKind: JsonValueKind.Array } list
            ? list.Items().Select(item => item.Text()).ToHashSet(StringComparer.Ordinal) : [];
        if (required.Count > ApiLimits.RequiredMax)
            throw at.Refuse($"requires more than {ApiLimits.RequiredMax} members");
        var all = new List<ValueProperty>();
        var next = 0;
        foreach (var (name, value) in at.Find("properties")?.Members() ?? [])
        {
            var inner = Read(value);
            var isRequired = required.Remove(name) && !IsReadOnly(value, inner);
            all.Add(new(name, inner, isRequired ? next++ : -1, true));
        }

        foreach (var name in required) all.Add(new(name, ValueSchema.Any, next++, false));
        if (all.Count > 0) schema.Properties = new PropertyTable(all);
    }

    private static bool IsReadOnly(DocumentCursor at, ValueSchema schema) =>
        schema.IsReadOnly || at.Find("readOnly") is { Value.ValueKind: JsonValueKind.True };

    private void FillAdditional(ValueSchema schema, DocumentCursor value, DocumentCursor at)
    {
        if (at.Find("patternProperties") is not null)
            scope.Remark(value, "additionalProperties is not checked beside patternProperties");
        else schema.Additional = Read(value);
    }

    private static ValueTypes Types(DocumentCursor value) => value.Value.ValueKind is JsonValueKind.Array
        ? value.Items().Aggregate(ValueTypes.None, (types, item) => types | Type(item))
        : Type(value);

    private static ValueTypes Type(DocumentCursor value) => value.Text() switch
    {
        "null" => ValueTypes.Null,
        "boolean" => ValueTypes.Boolean,
        "integer" => ValueTypes.Integer,
        "number" => ValueTypes.Number,
        "string" => ValueTypes.Text,
        "array" => ValueTypes.Array,
        "object" => ValueTypes.Object,
        var other => throw value.Refuse($"\"{Shown(other)}\" is no type"),
    };

    private ValueFormat Format(DocumentCursor value)
    {
        switch (value.Text())
        {
            case "int32": return ValueFormat.Int32;
            case "int64": return ValueFormat.Int64;
            case "date": return ValueFormat.Date;
            case "date-time": return ValueFormat.DateTime;
            case "uuid": return ValueFormat.Uuid;
            case "email": return ValueFormat.Email;
            case "ipv4": return ValueFormat.IPv4;
            case "ipv6": return ValueFormat.IPv6;
            case "uri": return ValueFormat.Uri;
            case "byte": return ValueFormat.Base64;
            case "hostname": return ValueFormat.HostName;
            case "float" or "double" or "binary" or "password": return ValueFormat.None;
            case var other:
                scope.Remark(value, $"the format {Shown(other)} is not checked");
                return ValueFormat.None;
        }
    }

    private List<EnumValue>? Enumeration(DocumentCursor value)
    {
        var values = new List<EnumValue>();
        foreach (var item in value.Items())
        {
            if (values.Count == ApiLimits.EnumMax) throw value.Refuse($"has more than {ApiLimits.EnumMax} values");
            if (Scalar(item) is { } scalar) values.Add(scalar);
            else
            {
                scope.Remark(value, "an enumeration with objects or lists is not checked");
                return null;
            }
        }

        return values.Count > 0 ? values : throw value.Refuse("is empty: nothing is allowed");
    }

    private static EnumValue? Scalar(DocumentCursor at) => at.Value.ValueKind switch
    {
        JsonValueKind.String => new(ValueTypes.Text, Encoding.UTF8.GetBytes(at.Text()), 0),
        JsonValueKind.Number => new(ValueTypes.Number, Encoding.UTF8.GetBytes(at.Value.GetRawText()), at.Number()),
        JsonValueKind.True => new(ValueTypes.Boolean, "true"u8.ToArray(), 0),
        JsonValueKind.False => new(ValueTypes.Boolean, "false"u8.ToArray(), 0),
        JsonValueKind.Null => new(ValueTypes.Null, "null"u8.ToArray(), 0),
        _ => null,
    };

    /// <summary>YAML takes a bare NO for false: what the type does not allow was hardly meant.</summary>
    private static void CheckEnum(ValueSchema schema, DocumentCursor at)
    {
        if ((schema.Types & ~ValueTypes.Null) is not ValueTypes.Text || schema.Enum is not { } values) return;
        if (values.FirstOrDefault(value => value.Type is not (ValueTypes.Text or ValueTypes.Null)) is { } odd)
            throw at.Refuse($"its type is string and its enumeration has {Encoding.UTF8.GetString(odd.Text)}: "
                + "put quotes around it");
    }

    private static string Shown(string text) => text.Length <= 60 ? text : text[..60] + "…";
}
