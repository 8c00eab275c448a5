using System.Buffers;
using WafOperator.Http;
using WafOperator.Scoring.Parts;

namespace WafOperator.Scoring.Ensemble;

/// <summary>In which order parts are scored: what is likelier to be an attack must not wait behind filler.</summary>
internal enum PartRank : byte
{
    /// <summary>A rule found something in it.</summary>
    Hit,

    /// <summary>It holds a byte that attacks need; of a long value its head and tail.</summary>
    Odd,

    /// <summary>Words and numbers.</summary>
    Plain,

    /// <summary>What is left of long values.</summary>
    Rest,
}

/// <summary>
/// The parts of one request with their rank, and which hit of a rule is about which part. Scratch; not thread-safe.
/// </summary>
internal sealed class PartTable
{
    /// <summary>Hits about the target as a whole.</summary>
    public const int Uri = -1;

    /// <summary>Hits about the body as a whole.</summary>
    public const int Body = -2;

    /// <summary>Hits about nothing that is a part.</summary>
    public const int Request = -3;

    private static readonly SearchValues<byte> PlainBytes = SearchValues.Create(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789 .,_-+:@"u8);

    private readonly RequestPart[] _parts = new RequestPart[RequestScorer.PartsMax];
    private readonly PartRank[] _ranks = new PartRank[RequestScorer.PartsMax];
    private int[] _places = new int[16];
    private int _hits;

    /// <summary>Parts held.</summary>
    public int Count { get; private set; }

    /// <summary>There are more parts than are held.</summary>
    public bool IsCut { get; private set; }

    public ref readonly RequestPart this[int index] => ref _parts[index];

    /// <summary>
    /// The part of each hit: an index, or <see cref="Uri"/>, <see cref="Body"/>, <see cref="Request"/>.
    /// </summary>
    public ReadOnlySpan<int> Places => _places.AsSpan(0, _hits);

    public PartRank RankOf(int index) => _ranks[index];

    /// <summary>Forgets the hits of a part that models leave out.</summary>
    public bool DropHits(int part)
    {
        var isFound = false;
        foreach (ref var place in _places.AsSpan(0, _hits))
        {
            if (place != part) continue;
            place = int.MinValue;
            isFound = true;
        }

        return isFound;
    }

    /// <summary>Rules found something in a part, and where in it they do not say.</summary>
    public bool HasHitOfUnknownPlace(IReadOnlyList<RuleHit>? hits, int part)
    {
        for (var i = 0; i < _hits; i++)
        {
            if (_places[i] == part && hits![i].At < 0) return true;
        }

        return false;
    }

    public void Fill(CanonicalRequest request, IReadOnlyList<RuleHit>? hits)
    {
        (Count, IsCut, _hits) = (0, false, 0);
        foreach (var part in new RequestParts(request))
        {
            if (Count == _parts.Length)
            {
                IsCut = true;
                break;
            }

            _ranks[Count] = IsPlain(request, part) ? PartRank.Plain : PartRank.Odd;
            _parts[Count++] = part;
        }

        if (hits is { Count: > 0 }) Place(hits);
    }

    private static bool IsPlain(CanonicalRequest request, in RequestPart part) =>
        !request[part.Value].ContainsAnyExcept(PlainBytes)
        && !(PartRules.HasClientName(part.Kind) && PartRules.IsOddName(request[part.Name]));

    private void Place(IReadOnlyList<RuleHit> hits)
    {
        if (_places.Length < hits.Count) Array.Resize(ref _places, hits.Count);
        _hits = hits.Count;
        for (var i = 0; i < hits.Count; i++)
        {
            var hit = hits[i];
            _places[i] = hit.Place switch
            {
                HitPlace.Uri => Uri,
                HitPlace.Body => Body,
                HitPlace.Part => IndexOf(hit.Value),
                _ => Request,
            };
            if (_places[i] >= 0) _ranks[_places[i]] = PartRank.Hit;
        }
    }

    private int IndexOf(Slice value)
    {
        for (var i = 0; i < Count; i++)
        {
            ref readonly var part = ref _parts[i];
            // Of a file, the part is only its beginning.
            var isValue = part.Value.Offset == value.Offset
                && (part.Value.Length == value.Length || (part.Kind is PartKind.Body && part.Value.Length > 0));
            if (isValue || part.Name == value) return i;
        }

        return Request;
    }
}
