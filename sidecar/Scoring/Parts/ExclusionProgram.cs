using System.Text;
using WafOperator.Http;
using WafOperator.Protocols.Policies;
using PartKind = WafOperator.Protocols.Policies.PartKind;

namespace WafOperator.Scoring.Parts;

/// <summary>
/// Exclusions that speak of models, by name or by attack family. The rules' share of an exclusion is SecLang already;
/// here parts of a request are left out of scoring. Immutable.
/// </summary>
public sealed class ExclusionProgram
{
    private readonly ModelExclusion[] _entries;

    /// <param name="exclusions">All exclusions of the policy.</param>
    /// <param name="codeFields">Its fields that carry code.</param>
    public ExclusionProgram(IEnumerable<Exclusion> exclusions, IEnumerable<CodeField>? codeFields = null) => _entries =
    [
        .. exclusions.Where(e => e.Models.Count + e.Families.Count > 0).Select(e => new ModelExclusion(e)),
        .. (codeFields ?? []).Select(ModelExclusion.OfCode),
    ];

    /// <summary>Nothing is excluded.</summary>
    public bool IsEmpty => _entries.Length == 0;

    /// <summary>Adds those whose path and method are the request's.</summary>
    internal void AddMatching(CanonicalRequest request, List<ModelExclusion> found)
    {
        foreach (var entry in _entries)
        {
            if (entry.MatchesRequest(request)) found.Add(entry);
        }
    }
}

/// <summary>One exclusion as scoring sees it. Immutable.</summary>
internal sealed class ModelExclusion(Exclusion exclusion)
{
    private readonly byte[]? _path = exclusion.Path is { } path ? Encoding.UTF8.GetBytes(path) : null;
    private readonly byte[][] _methods = [.. exclusion.Methods.Select(Encoding.ASCII.GetBytes)];
    private readonly NamePattern? _partName = exclusion.PartName is { } name ? new NamePattern(name) : null;

    /// <summary>It is a field that carries code, and speaks of texts in it only.</summary>
    public bool IsOfCode { get; private init; }

    /// <summary>A field that carries code, named by its label.</summary>
    public static ModelExclusion OfCode(CodeField field) => new(new Exclusion
    {
        Name = field.Label, Path = field.Path, PartName = field.Name, Part = PartKind.Body, Families = field.Families,
    })
    {
        IsOfCode = true,
    };

    /// <summary>Name of the WafExclusion, or label of the field.</summary>
    public string Name { get; } = exclusion.Name;

    /// <summary>Models that leave the part out.</summary>
    public IReadOnlyList<string> Models { get; } = exclusion.Models;

    /// <summary>Families, as models name them, that are no attack here.</summary>
    public IReadOnlyList<string> Families { get; } = exclusion.Families;

    public bool MatchesRequest(CanonicalRequest request) =>
        (_methods.Length == 0 || HasMethod(request[request.Method]))
        && (_path is null || MatchesPath(request));

    public bool MatchesPart(CanonicalRequest request, in RequestPart part) =>
        (IsOfCode ? IsCode(request, part) : MatchesKind(part.Kind)) && HasName(request[part.Name]);

    /// <summary>The part's name is the one that is meant, or any is.</summary>
    public bool HasName(ReadOnlySpan<byte> name) => _partName is null || _partName.Matches(name);

    /// <summary>Nothing but what a body holds as the value of a field.</summary>
    private static bool IsCode(CanonicalRequest request, in RequestPart part) =>
        part.Kind is Http.PartKind.BodyArgument or Http.PartKind.XmlText && CodeText.IsText(request[part.Value]);

    /// <summary>A path that programs read in several ways may be another one: nothing is left out for it.</summary>
    private bool MatchesPath(CanonicalRequest request)
    {
        var path = request[request.NormalPath];
        var matches = _path is [.. var prefix, (byte)'*'] ? path.StartsWith(prefix) : path.SequenceEqual(_path);
        return matches && request.OtherPath.IsEmpty
            && (PathReadings.ShapeOf(request) is PathShape.Plain || IsEscapedOnly(request));
    }

    /// <summary>Steady, and different only by escapes of characters that have no meaning in a path.</summary>
    private static bool IsEscapedOnly(CanonicalRequest request) =>
        PathReadings.ShapeOf(request) is PathShape.Several && request.NormalPath == request.Path
        && request[request.Path].IndexOfAny((byte)';', (byte)'\\') < 0
        && request[request.Path].Count((byte)'/') == request[request.RawPath].Count((byte)'/');

    private bool HasMethod(ReadOnlySpan<byte> method)
    {
        foreach (var one in _methods)
        {
            if (method.SequenceEqual(one)) return true;
        }

        return false;
    }

    private bool MatchesKind(Http.PartKind kind) => exclusion.Part switch
    {
        PartKind.Any => true,
        PartKind.Parameter =>
            kind is Http.PartKind.QueryArgument or Http.PartKind.BodyArgument or Http.PartKind.FileName,
        PartKind.Header => kind is Http.PartKind.Header,
        PartKind.Cookie => kind is Http.PartKind.Cookie,
        PartKind.Path => kind is Http.PartKind.Path,
        PartKind.Body => kind is Http.PartKind.Body or Http.PartKind.BodyArgument or Http.PartKind.XmlText
            or Http.PartKind.XmlAttribute or Http.PartKind.PartHeader,
        _ => false,
    };
}
