using System.Text;
using WafOperator.Http;
using WafOperator.Protocols.Policies;
using PartKind = WafOperator.Protocols.Policies.PartKind;

namespace WafOperator.Scoring.Parts;

/// <summary>
/// Exclusions that speak of models. The rules' share of an exclusion is SecLang already; here parts of a request are left out of
/// scoring. Immutable.
/// </summary>
public sealed class ExclusionProgram
{
    private readonly Entry[] _entries;

    /// <param name="exclusions">All exclusions of the policy.</param>
    public ExclusionProgram(IEnumerable<Exclusion> exclusions) => _entries =
    [
        .. exclusions.Where(e => e.Models.Count > 0).Select(e => new Entry(
            e.Name, e.Path is { } path ? Encoding.UTF8.GetBytes(path) : null, [.. e.Methods.Select(m => Encoding.ASCII.GetBytes(m))],
            e.Part, e.PartName is { } name ? Encoding.UTF8.GetBytes(name) : null)),
    ];

    /// <summary>Nothing is excluded.</summary>
    public bool IsEmpty => _entries.Length == 0;

    /// <summary>Name of the exclusion that leaves a part out, or null.</summary>
    public string? Find(CanonicalRequest request, in RequestPart part)
    {
        foreach (var entry in _entries)
        {
            if (entry.Matches(request, part)) return entry.Name;
        }

        return null;
    }

    private sealed record Entry(string Name, byte[]? Path, byte[][] Methods, PartKind Part, byte[]? PartName)
    {
        public bool Matches(CanonicalRequest request, in RequestPart part) =>
            MatchesKind(part.Kind)
            && (PartName is null || request[part.Name].SequenceEqual(PartName))
            && (Methods.Length == 0 || HasMethod(request[request.Method]))
            && (Path is null || MatchesPath(request[request.NormalPath]));

        private bool MatchesPath(ReadOnlySpan<byte> path) =>
            Path is [.. var prefix, (byte)'*'] ? path.StartsWith(prefix) : path.SequenceEqual(Path);

        private bool HasMethod(ReadOnlySpan<byte> method)
        {
            foreach (var one in Methods)
            {
                if (method.SequenceEqual(one)) return true;
            }

            return false;
        }

        private bool MatchesKind(Http.PartKind kind) => Part switch
        {
            PartKind.Any => true,
            PartKind.Parameter => kind is Http.PartKind.QueryArgument or Http.PartKind.BodyArgument or Http.PartKind.FileName,
            PartKind.Header => kind is Http.PartKind.Header,
            PartKind.Cookie => kind is Http.PartKind.Cookie,
            PartKind.Path => kind is Http.PartKind.Path,
            PartKind.Body => kind is Http.PartKind.Body or Http.PartKind.BodyArgument or Http.PartKind.XmlText or Http.PartKind.XmlAttribute,
            _ => false,
        };
    }
}
