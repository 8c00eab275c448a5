namespace WafOperator.Resources.Schema;

/// <summary>Inclusive bounds of an integer.</summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class BoundsAttribute(long minimum, long maximum) : Attribute
{
    /// <summary>Smallest value allowed.</summary>
    public long Minimum { get; } = minimum;

    /// <summary>Largest value allowed.</summary>
    public long Maximum { get; } = maximum;
}

/// <summary>Length of a string in characters; on a list of strings or a map, of each value.</summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class LengthAttribute(int maximum) : Attribute
{
    /// <summary>Fewest characters.</summary>
    public int Minimum { get; init; }

    /// <summary>Most characters.</summary>
    public int Maximum { get; } = maximum;
}

/// <summary>Number of items of a list or entries of a map.</summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class ItemsAttribute(int maximum) : Attribute
{
    /// <summary>Fewest items.</summary>
    public int Minimum { get; init; }

    /// <summary>Most items.</summary>
    public int Maximum { get; } = maximum;

    /// <summary>Keys for <c>x-kubernetes-list-type: map</c>; none makes the list atomic.</summary>
    public string[] MapKeys { get; init; } = [];
}

/// <summary>Regular expression (RE2 syntax, anchored by its author) of a string or of each string of a list.</summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class PatternAttribute(string pattern) : Attribute
{
    /// <summary>The expression.</summary>
    public string Pattern { get; } = pattern;

    /// <summary>What the pattern means, in words for an error message.</summary>
    public string? Meaning { get; init; }
}

/// <summary>The value the API server fills in, as JSON.</summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class DefaultAttribute(string json) : Attribute
{
    /// <summary>JSON text of the default.</summary>
    public string Json { get; } = json;
}

/// <summary>
/// A rule in CEL (<c>x-kubernetes-validations</c>, Kubernetes 1.25 and later). The validating webhook holds the same
/// rule in C#, for clusters that drop CEL silently; a test names each rule on both sides by <see cref="Id"/>.
/// </summary>
[AttributeUsage(AttributeTargets.Class | AttributeTargets.Property, AllowMultiple = true)]
public sealed class CelAttribute(string id, string rule, string message) : Attribute
{
    /// <summary>Stable name of the rule.</summary>
    public string Id { get; } = id;

    /// <summary>CEL expression over <c>self</c> (and <c>oldSelf</c>).</summary>
    public string Rule { get; } = rule;

    /// <summary>What a person reads when it is broken.</summary>
    public string Message { get; } = message;
}

/// <summary>The field must be given.</summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class RequiredFieldAttribute : Attribute;

/// <summary>Patterns and lengths that several kinds use.</summary>
public static class Patterns
{
    /// <summary>
    /// A decimal between 0 and 1, at most six places. Not a float: floats do not survive round trips.
    /// </summary>
    public const string Fraction = @"^(0(\.[0-9]{1,6})?|1(\.0{1,6})?)$";

    /// <summary>A non-negative decimal, at most six places.</summary>
    public const string Decimal = @"^[0-9]{1,9}(\.[0-9]{1,6})?$";

    /// <summary>A duration as in Go: <c>250us</c>, <c>5ms</c>, <c>1m30s</c>.</summary>
    public const string Duration = @"^([0-9]{1,9}(us|ms|s|m|h))+$";

    /// <summary>A quantity of bytes as in Kubernetes: <c>128Ki</c>, <c>1Mi</c>.</summary>
    public const string Bytes = @"^[0-9]{1,12}(Ki|Mi|Gi|k|M|G)?$";

    /// <summary>A quantity of CPU as in Kubernetes: <c>100m</c>, <c>0.5</c>.</summary>
    public const string Cpu = @"^[0-9]{1,6}(\.[0-9]{1,3})?m?$";

    /// <summary>DNS-1123 label.</summary>
    public const string DnsLabel = @"^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$";

    /// <summary>DNS-1123 subdomain.</summary>
    public const string DnsName = @"^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$";

    /// <summary>SHA-256 digest with its algorithm.</summary>
    public const string Digest = @"^sha256:[0-9a-f]{64}$";

    /// <summary>An address or network in CIDR form, IPv4 or IPv6.</summary>
    public const string Cidr = @"^[0-9a-fA-F.:]{2,45}(/[0-9]{1,3})?$";

    /// <summary>Semantic version.</summary>
    public const string SemVer = @"^[0-9]{1,6}\.[0-9]{1,6}\.[0-9]{1,6}(-[0-9A-Za-z.-]{1,64})?$";

    /// <summary>What one of these patterns means, in words for an error message; null for any other.</summary>
    public static string? MeaningOf(string pattern) => pattern switch
    {
        Fraction => "a decimal between 0 and 1 in quotes, such as \"0.95\"",
        Decimal => "a decimal in quotes, such as \"2.5\"",
        Duration => "a duration such as 250us, 5ms or 1m30s",
        Bytes => "a quantity of bytes such as 128Ki or 1Mi",
        Cpu => "a quantity of CPU such as 100m or 0.5",
        DnsLabel => "a DNS label: lower-case letters, digits and -, at most 63",
        DnsName => "a DNS name: lower-case letters, digits, - and .",
        Digest => "sha256: and 64 hexadecimal digits",
        Cidr => "an address or network such as 10.0.0.0/8",
        SemVer => "a semantic version such as 1.2.0",
        "^/" => "a path that begins with /",
        "^[A-Z]+$" => "a method in upper case",
        _ => null,
    };
}
