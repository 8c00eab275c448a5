using System.Text;
using WafOperator.Http;
using WafOperator.OpenApi;

namespace WafOperator.Schemas;

/// <summary>
/// An operation ready to be compared with requests: names as bytes, parameters by their place. Immutable.
/// </summary>
internal sealed class OperationProgram
{
    private readonly (byte[] Name, int Index)[] _query;

    public OperationProgram(ApiOperation operation)
    {
        Operation = operation;
        Query = [.. Of(ParameterPlace.Query)];
        _query = [.. Query.Select((parameter, index) => (Encoding.UTF8.GetBytes(parameter.Name), index))];
        Headers = [.. Of(ParameterPlace.Header).Select(Named)];
        Cookies = [.. Of(ParameterPlace.Cookie).Select(Named)];
        Path = [.. PathValues(operation)];
        Media = [.. (operation.Body?.Media ?? []).Select(media => new MediaProgram(media))];
        AllowsMore = operation.HasUncheckedParameters;
    }

    public ApiOperation Operation { get; }
    public ApiParameter[] Query { get; }

    /// <summary>Query parameters that are not described are no finding.</summary>
    public bool AllowsMore { get; }
    public NamedParameter[] Headers { get; }
    public NamedParameter[] Cookies { get; }
    public PathValue[] Path { get; }
    public MediaProgram[] Media { get; }

    /// <summary>Number of a query parameter, of an object by the name before its bracket; -1: not described.</summary>
    public int FindQuery(ReadOnlySpan<byte> name, out ReadOnlySpan<byte> member)
    {
        member = default;
        foreach (var (known, index) in _query)
        {
            if (Query[index].Style is not ParameterStyle.DeepObject)
            {
                if (name.SequenceEqual(known)) return index;
                continue;
            }

            if (!name.StartsWith(known) || name.Length < known.Length + 3 || name[known.Length] != '['
                || name[^1] != ']') continue;
            member = name[(known.Length + 1)..^1];
            return index;
        }

        return -1;
    }

    private IEnumerable<ApiParameter> Of(ParameterPlace place) =>
        Operation.Parameters.Where(parameter => parameter.Place == place);

    private static NamedParameter Named(ApiParameter parameter)
    {
        var name = Encoding.UTF8.GetBytes(parameter.Name);
        return new(parameter, name, NameHash.Of(name));
    }

    private static IEnumerable<PathValue> PathValues(ApiOperation operation)
    {
        for (var i = 0; i < operation.Segments.Count; i++)
        {
            var segment = operation.Segments[i];
            for (var n = 0; n < segment.Names.Count; n++)
            {
                var parameter = operation.Parameters.FirstOrDefault(
                    p => p.Place is ParameterPlace.Path && p.Name == segment.Names[n]);
                if (parameter is not null) yield return new(parameter, i, new SegmentTemplate(segment), n);
            }
        }
    }
}

/// <summary>A header or cookie parameter.</summary>
/// <param name="Parameter">As described.</param>
/// <param name="Name">Name; of headers in lower case.</param>
/// <param name="Hash">Hash as the request keeps them.</param>
internal sealed record NamedParameter(ApiParameter Parameter, byte[] Name, uint Hash);

/// <summary>Where in a path a parameter's value is.</summary>
/// <param name="Parameter">As described.</param>
/// <param name="Segment">Number of the segment below the base path.</param>
/// <param name="Template">The segment.</param>
/// <param name="Index">Which of the segment's parameters.</param>
internal sealed record PathValue(ApiParameter Parameter, int Segment, SegmentTemplate Template, int Index);

/// <summary>A media type of a body.</summary>
internal sealed class MediaProgram(ApiMedia media)
{
    private readonly byte[] _prefix = Encoding.UTF8.GetBytes(media.Type.TrimEnd('*'));

    public ApiMedia Media { get; } = media;

    public bool Covers(ReadOnlySpan<byte> type) => Media.Type switch
    {
        "*/*" => true,
        [.., '/', '*'] => type.StartsWith(_prefix),
        _ => type.SequenceEqual(_prefix),
    };
}
