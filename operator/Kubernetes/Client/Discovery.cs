using System.Collections.Frozen;
using System.Globalization;
using System.Text.Json;
using WafOperator.Kubernetes.Objects;

namespace WafOperator.Kubernetes.Client;

/// <summary>Reads the answers to discovery requests. Pure.</summary>
internal static class Discovery
{
    /// <param name="version">Answer of <c>/version</c>.</param>
    /// <param name="legacy">Answer of <c>/api</c>, or null where it is not served.</param>
    /// <param name="groups">Answer of <c>/apis</c>.</param>
    /// <param name="legacyResources">Answer of <c>/api/v1</c>, or null.</param>
    public static ServerCapabilities Read(
        JsonElement version, JsonElement? legacy, JsonElement groups, JsonElement? legacyResources)
    {
        var served = new List<string>();
        foreach (var item in legacy?.Items("versions") ?? [])
        {
            if (item.GetString() is { } text) served.Add(text);
        }

        foreach (var group in groups.Items("groups"))
        {
            foreach (var item in group.Items("versions"))
            {
                if (item.Text("groupVersion") is { } text) served.Add(text);
            }
        }

        var (major, minor) = Version(version);
        return new ServerCapabilities
        {
            Major = major,
            Minor = minor,
            GitVersion = version.Text("gitVersion") ?? $"v{major}.{minor}",
            GroupVersions = served.ToFrozenSet(StringComparer.Ordinal),
            EvictionVersion = EvictionVersion(legacyResources) ?? (served.Contains("policy/v1") ? "v1" : "v1beta1"),
        };
    }

    /// <summary>Distributions write "29+" or leave the numbers empty; gitVersion then has them.</summary>
    private static (int Major, int Minor) Version(JsonElement version)
    {
        var major = Digits(version.Text("major"));
        var minor = Digits(version.Text("minor"));
        if (major is { } a && minor is { } b) return (a, b);
        var parts = (version.Text("gitVersion") ?? "").TrimStart('v').Split('.');
        return (Digits(parts[0]) ?? 0, parts.Length > 1 ? Digits(parts[1]) ?? 0 : 0);
    }

    private static int? Digits(string? text)
    {
        if (string.IsNullOrEmpty(text)) return null;
        var length = 0;
        while (length < text.Length && char.IsAsciiDigit(text[length])) length++;
        var digits = text.AsSpan(0, length);
        return int.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out var n) ? n : null;
    }

    private static string? EvictionVersion(JsonElement? legacyResources)
    {
        foreach (var resource in legacyResources?.Items("resources") ?? [])
        {
            if (resource.Text("name") == "pods/eviction") return resource.Text("version");
        }

        return null;
    }
}
