using System.Buffers;
using System.Buffers.Text;
using System.Text;
using System.Text.Json;
using WafOperator.OpenApi;

namespace WafOperator.Schemas;

/// <summary>
/// Compares values with schemas: JSON without making a tree of it, and texts of parameters. Each value that a schema is
/// asked about is a step, long lists of values and long texts of patterns are more; when <see cref="StepsMax"/> are
/// used up, it is given up (<see cref="IsExhausted"/>).
/// Allocates only where something does not fit. Dispose it: it rents memory for texts with escapes.
/// </summary>
internal struct ValueJudge : IDisposable
{
    /// <summary>Values times schemas of one request. A body of 1 MiB has at most half a million values.</summary>
    public const int StepsMax = 200_000;

    private const int PatternBytesMax = 16 << 10;

    /// <summary>Values of an enumeration that are looked through in the time of a step.</summary>
    private const int EnumValuesAStep = 16;

    /// <summary>Bytes that a pattern is asked about in the time of a step.</summary>
    private const int PatternBytesAStep = 32;
    private byte[]? _bytes;
    private char[]? _chars;
    private int _steps;
    private int _silent;

    /// <summary>The first thing that did not fit, in words of the schema.</summary>
    public string? Problem { get; private set; }

    /// <summary>There was too much to do; what was not looked at may not fit.</summary>
    public bool IsExhausted { get; private set; }

    public void Dispose()
    {
        if (_bytes is not null) ArrayPool<byte>.Shared.Return(_bytes);
        if (_chars is not null) ArrayPool<char>.Shared.Return(_chars);
        this = default;
    }

    /// <summary>Bytes of a text, or of a value that is passed over, that are one more step.</summary>
    private const int BytesOfAStep = 256;

    /// <summary>A whole JSON text. False: it does not fit, or is no JSON.</summary>
    public bool Document(ReadOnlySpan<byte> utf8, ValueSchema schema)
    {
        if (utf8.StartsWith("\xEF\xBB\xBF"u8)) utf8 = utf8[3..];
        if (!System.Text.Unicode.Utf8.IsValid(utf8)) return Fail("is not UTF-8");
        try
        {
            var reader = new Utf8JsonReader(utf8, new JsonReaderOptions { MaxDepth = ApiLimits.DepthMax });
            if (!reader.Read()) return Fail("is empty");
            return Json(ref reader, schema) && (!reader.Read() || Fail("goes on behind its end"));
        }
        catch (JsonException)
        {
            return Fail("is not JSON, or is nested too deep");
        }
        catch (InvalidOperationException)
        {
            return Fail("holds text that is not Unicode");
        }
    }

    /// <summary>The value at which the reader stands; moves it to the value's last token.</summary>
    public bool Json(ref Utf8JsonReader reader, ValueSchema schema)
    {
        if (!Step(1 + (reader.ValueSpan.Length / BytesOfAStep))) return false;
        if (schema.IsNever) return Fail("is not allowed");
        if (schema.IsCombined && !Combined(ref reader, schema)) return false;
        return reader.TokenType switch
        {
            JsonTokenType.StartObject => Typed(schema, ValueTypes.Object) && Members(ref reader, schema),
            JsonTokenType.StartArray => Typed(schema, ValueTypes.Array) && Items(ref reader, schema),
            JsonTokenType.String => Typed(schema, ValueTypes.Text)
                && (!schema.ChecksText || String(Unescaped(ref reader), schema)),
            JsonTokenType.Number => Number(reader.ValueSpan, schema),
            JsonTokenType.True or JsonTokenType.False => Typed(schema, ValueTypes.Boolean)
                && Listed(schema, ValueTypes.Boolean, reader.ValueSpan),
            _ => Typed(schema, ValueTypes.Null) && Listed(schema, ValueTypes.Null, "null"u8),
        };
    }

    /// <summary>A text that stands for a value: of a path, a query, a header, a cookie or a form.</summary>
    public bool Text(ReadOnlySpan<byte> utf8, ValueSchema schema)
    {
        if (!Step()) return false;
        if (schema.IsNever) return Fail("is not allowed");
        if (schema.IsCombined && !Combined(utf8, schema)) return false;
        var types = schema.Types;
        if (types is ValueTypes.None || (types & ValueTypes.Text) != 0) return TextOrNumber(utf8, schema);
        if ((types & (ValueTypes.Number | ValueTypes.Integer)) != 0 && IsNumber(utf8)) return Number(utf8, schema);
        if ((types & ValueTypes.Boolean) != 0 && (utf8.SequenceEqual("true"u8) || utf8.SequenceEqual("false"u8)))
            return Listed(schema, ValueTypes.Boolean, utf8);
        if ((types & ValueTypes.Null) != 0 && (utf8.IsEmpty || utf8.SequenceEqual("null"u8))) return true;
        return Fail("has another type");
    }

    /// <summary>Adds the name of a place before the problem; false, so that it can be returned.</summary>
    public bool At(string name)
    {
        if (_silent == 0 && Problem is { } problem) Problem = $"/{name}{(problem[0] == '/' ? "" : " ")}{problem}";
        return false;
    }

    private bool TextOrNumber(ReadOnlySpan<byte> utf8, ValueSchema schema)
    {
        if (schema.Types is ValueTypes.None && (schema.Minimum ?? schema.Maximum) is not null && IsNumber(utf8))
            return Number(utf8, schema);
        if (schema.Types is ValueTypes.None && schema.Enum is { } values)
        {
            // Without a type, the text may stand for a number or a boolean of the list.
            foreach (var value in values)
            {
                if (utf8.SequenceEqual(value.Text)) return true;
            }

            return Fail("is none of the values");
        }

        return !schema.ChecksText || String(utf8, schema);
    }

    private bool Combined(ref Utf8JsonReader reader, ValueSchema schema)
    {
        foreach (var part in schema.AllOf)
        {
            var copy = reader;
            if (!Json(ref copy, part)) return false;
        }

        if (schema.AnyOf.Count > 0 && Fitting(ref reader, schema.AnyOf, 1) == 0) return Fail("is none of anyOf");
        if (schema.OneOf.Count > 0)
        {
            var fitting = Fitting(ref reader, schema.OneOf, 2);
            if (fitting != 1) return Fail(fitting == 0 ? "is none of oneOf" : "is more than one of oneOf");
        }

        if (schema.Not is not { } not || IsExhausted) return !IsExhausted;
        _silent++;
        var other = reader;
        var isIt = Json(ref other, not);
        _silent--;
        return !isIt && !IsExhausted || Fail("is what it must not be");
    }

    private int Fitting(ref Utf8JsonReader reader, IReadOnlyList<ValueSchema> branches, int enough)
    {
        _silent++;
        var fitting = 0;
        for (var i = 0; i < branches.Count && fitting < enough && !IsExhausted; i++)
        {
            var copy = reader;
            if (Json(ref copy, branches[i])) fitting++;
        }

        _silent--;
        return fitting;
    }

    private bool Combined(ReadOnlySpan<byte> utf8, ValueSchema schema)
    {
        foreach (var part in schema.AllOf)
        {
            if (!Text(utf8, part)) return false;
        }

        if (schema.AnyOf.Count > 0 && Fitting(utf8, schema.AnyOf, 1) == 0) return Fail("is none of anyOf");
        if (schema.OneOf.Count > 0)
        {
            // A text may be read as several types (1 as a number and as a text), so one that fits is enough.
            if (Fitting(utf8, schema.OneOf, 1) == 0) return Fail("is none of oneOf");
        }

        if (schema.Not is not { } not || IsExhausted) return !IsExhausted;
        _silent++;
        var isIt = Text(utf8, not);
        _silent--;
        return !isIt && !IsExhausted || Fail("is what it must not be");
    }

    private int Fitting(ReadOnlySpan<byte> utf8, IReadOnlyList<ValueSchema> branches, int enough)
    {
        _silent++;
        var fitting = 0;
        for (var i = 0; i < branches.Count && fitting < enough && !IsExhausted; i++)
        {
            if (Text(utf8, branches[i])) fitting++;
        }

        _silent--;
        return fitting;
    }

    private bool Members(ref Utf8JsonReader reader, ValueSchema schema)
    {
        Span<ulong> seen = stackalloc ulong[ApiLimits.RequiredMax / 64];
        seen.Clear();
        var (count, required) = (0, 0);
        while (reader.Read() && reader.TokenType is JsonTokenType.PropertyName)
        {
            if (!Step()) return false;
            count++;
            var property = schema.Properties.Find(Unescaped(ref reader));
            reader.Read();
            if (property is { RequiredIndex: >= 0 and var index } && (seen[index >> 6] & (1ul << index)) == 0)
            {
                seen[index >> 6] |= 1ul << index;
                required++;
            }

            if (property is { IsDeclared: true })
            {
                if (!Json(ref reader, property.Schema)) return At(property.Name);
            }
            else if (schema.Additional is { } additional)
            {
                if (additional.IsNever) return Fail("has a member that is not described");
                if (!Json(ref reader, additional)) return At("*");
            }
            else if (!Pass(ref reader))
            {
                return false;
            }
        }

        if (required < schema.Properties.RequiredCount) return Fail(Missing(schema.Properties, seen));
        return count >= schema.PropertiesMin && count <= schema.PropertiesMax
            || Fail("has too few or too many members");
    }

    /// <summary>Which member is missing, in words.</summary>
    public static string Missing(PropertyTable properties, ReadOnlySpan<ulong> seen)
    {
        foreach (var property in properties.All)
        {
            var index = property.RequiredIndex;
            if (index >= 0 && (seen[index >> 6] & (1ul << index)) == 0) return $"lacks the member {property.Name}";
        }

        return "lacks a member";
    }

    private bool Items(ref Utf8JsonReader reader, ValueSchema schema)
    {
        var count = 0;
        while (reader.Read() && reader.TokenType is not JsonTokenType.EndArray)
        {
            if (++count > schema.ItemsMax) return Fail("has too many items");
            if (schema.Items is { } items)
            {
                if (!Json(ref reader, items)) return At("*");
            }
            else
            {
                if (!Pass(ref reader)) return false;
            }
        }

        return count >= schema.ItemsMin || Fail("has too few items");
    }

    private bool Number(ReadOnlySpan<byte> utf8, ValueSchema schema)
    {
        if (!Utf8Parser.TryParse(utf8, out double number, out var used) || used != utf8.Length)
            return Fail("is not a number");
        var isDecimal = Utf8Parser.TryParse(utf8, out decimal exact, out used) && used == utf8.Length;
        var isWhole = isDecimal ? decimal.Truncate(exact) == exact : Math.Floor(number) == number;
        if (!Typed(schema, isWhole ? ValueTypes.Integer | ValueTypes.Number : ValueTypes.Number)) return false;
        if (number < schema.Minimum || schema.IsMinimumExclusive && number == schema.Minimum)
            return Fail("is under the minimum");
        if (number > schema.Maximum || schema.IsMaximumExclusive && number == schema.Maximum)
            return Fail("is over the maximum");
        if (schema.MultipleOf is { } multiple && (!isDecimal || exact % multiple != 0)) return Fail("is no multiple");
        if (schema.Format is ValueFormat.Int32 && number is < int.MinValue or > int.MaxValue
            || schema.Format is ValueFormat.Int64 && (!isDecimal || exact is < long.MinValue or > long.MaxValue))
            return Fail("is out of the range of its format");
        if (schema.Enum is not { } values) return true;
        if (!Step(values.Count / EnumValuesAStep)) return false;
        foreach (var value in values)
        {
            if (value.Type is ValueTypes.Number && value.Number.Equals(number)) return true;
        }

        return Fail("is none of the values");
    }

    private bool String(ReadOnlySpan<byte> utf8, ValueSchema schema)
    {
        if (schema.LengthMin > 0 || schema.LengthMax < int.MaxValue)
        {
            var length = 0;
            foreach (var b in utf8) length += (b & 0xC0) != 0x80 ? 1 : 0;
            if (length < schema.LengthMin) return Fail("is too short");
            if (length > schema.LengthMax) return Fail("is too long");
        }

        if (!TextFormats.Has(utf8, schema.Format)) return Fail($"is no {schema.Format}");
        if (!Listed(schema, ValueTypes.Text, utf8)) return false;
        if (schema.Pattern is not { } pattern) return true;
        if (utf8.Length > PatternBytesMax) return Fail("is longer than patterns are asked about");
        if (!Step(utf8.Length / PatternBytesAStep)) return false;
        if (_chars is null || _chars.Length < utf8.Length)
        {
            if (_chars is not null) ArrayPool<char>.Shared.Return(_chars);
            _chars = ArrayPool<char>.Shared.Rent(Math.Max(256, utf8.Length));
        }

        var count = Encoding.UTF8.GetChars(utf8, _chars);
        return pattern.IsMatch(_chars.AsSpan(0, count)) || Fail("does not match its pattern");
    }

    private bool Listed(ValueSchema schema, ValueTypes type, ReadOnlySpan<byte> utf8)
    {
        if (schema.Enum is not { } values) return true;
        if (!Step(values.Count / EnumValuesAStep)) return false;
        foreach (var value in values)
        {
            if (value.Type == type && utf8.SequenceEqual(value.Text)) return true;
        }

        return Fail("is none of the values");
    }

    private bool Typed(ValueSchema schema, ValueTypes types) =>
        schema.Types is ValueTypes.None || (schema.Types & types) != 0 || Fail("has another type");

    /// <summary>Text of the string or name at which the reader stands; valid until the next one.</summary>
    private ReadOnlySpan<byte> Unescaped(ref Utf8JsonReader reader)
    {
        if (!reader.ValueIsEscaped) return reader.ValueSpan;
        if (_bytes is null || _bytes.Length < reader.ValueSpan.Length)
        {
            if (_bytes is not null) ArrayPool<byte>.Shared.Return(_bytes);
            _bytes = ArrayPool<byte>.Shared.Rent(Math.Max(256, reader.ValueSpan.Length));
        }

        return _bytes.AsSpan(0, reader.CopyString(_bytes));
    }

    /// <summary>Digits with sign, fraction and exponent; zeros before are no fault of a text.</summary>
    private static bool IsNumber(ReadOnlySpan<byte> utf8)
    {
        if (utf8.IsEmpty || utf8.Length > 64) return false;
        if (!char.IsAsciiDigit((char)utf8[0]) && (utf8[0] != '-' || utf8.Length == 1)) return false;
        foreach (var b in utf8)
        {
            if (!char.IsAsciiDigit((char)b) && b is not ((byte)'-' or (byte)'+' or (byte)'.' or (byte)'e' or (byte)'E'))
                return false;
        }

        return true;
    }

    /// <summary>Goes behind a value that nothing is said about: work in proportion to its bytes, too.</summary>
    private bool Pass(ref Utf8JsonReader reader)
    {
        var before = reader.BytesConsumed;
        reader.Skip();
        return Step(1 + (int)((reader.BytesConsumed - before) / BytesOfAStep));
    }

    private bool Step(int steps = 1)
    {
        if ((_steps += steps) <= StepsMax) return true;
        IsExhausted = true;
        return Fail("is too much to check");
    }

    /// <summary>The problem, which is then forgotten.</summary>
    public string? TakeProblem()
    {
        var problem = Problem;
        Problem = null;
        return problem;
    }

    /// <summary>Something does not fit; false, so that it can be returned.</summary>
    public bool Fail(string problem)
    {
        if (_silent == 0) Problem ??= problem;
        return false;
    }
}
