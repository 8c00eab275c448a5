using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace WafOperator.Behaviour.History;

/// <summary>What is counted within a time.</summary>
public enum WindowCount
{
    Requests, ClientErrors, NotFound, Denied, ServerErrors, Redirects, Writes, Assets, Referers, Queries, NewRoutes,
    Kilobytes, Seconds, RuleHits, Refused, Fast,
}

/// <summary>
/// Sixteen counts that fade with time: a request weighs 1 when it comes and 1/e when the window's length has passed, so
/// a steady rate reads as rate times length, and no moment is better than another to come back. 64 bytes.
/// </summary>
[InlineArray(Size)]
public struct WindowCounts
{
    public const int Size = 16;

    /// <summary>Lengths of the windows, seconds.</summary>
    public static ReadOnlySpan<double> Lengths => [60, 300, 3600];

    private float _first;

    public readonly float this[WindowCount count] => this[(int)count];

    /// <summary>Lets the counts fade and adds those of one request.</summary>
    public void Add(double seconds, double length, in WindowCounts request)
    {
        var fade = (float)Math.Exp(-seconds / length);
        Span<float> own = this;
        ReadOnlySpan<float> added = request;
        var vectors = MemoryMarshal.Cast<float, Vector<float>>(own);
        var addends = MemoryMarshal.Cast<float, Vector<float>>(added);
        for (var i = 0; i < vectors.Length; i++) vectors[i] = vectors[i] * fade + addends[i];
    }

    /// <summary>Counts of one request.</summary>
    public static WindowCounts Of(in Observation request, double gapMilliseconds, bool isFirst)
    {
        var counts = default(WindowCounts);
        var status = request.Status;
        Span<float> c = counts;
        c[(int)WindowCount.Requests] = 1;
        c[(int)WindowCount.ClientErrors] = One(status is >= 400 and < 500);
        c[(int)WindowCount.NotFound] = One(status is 404 or 410);
        c[(int)WindowCount.Denied] = One(status is 401 or 403 or 407 or 429 or 444);
        c[(int)WindowCount.ServerErrors] = One(status is >= 500 and < 600);
        c[(int)WindowCount.Redirects] = One(status is >= 300 and < 400 and not 304);
        c[(int)WindowCount.Writes] = One(request.Verb is Verb.Post or Verb.Put or Verb.Patch or Verb.Delete);
        c[(int)WindowCount.Assets] = One((request.Marks & RequestMarks.Asset) != 0);
        c[(int)WindowCount.Referers] = One((request.Marks & RequestMarks.Referer) != 0);
        c[(int)WindowCount.Queries] = One((request.Marks & RequestMarks.Query) != 0);
        c[(int)WindowCount.NewRoutes] = One((request.Marks & RequestMarks.NewRoute) != 0);
        c[(int)WindowCount.Kilobytes] = (float)(request.Bytes / 1024.0);
        c[(int)WindowCount.Seconds] = (float)(request.Milliseconds / 1000);
        c[(int)WindowCount.RuleHits] = One(request.RuleScore > 0);
        c[(int)WindowCount.Refused] = One((request.Marks & RequestMarks.Refused) != 0);
        c[(int)WindowCount.Fast] = One(!isFirst && gapMilliseconds < 1000);
        return counts;
    }

    private static float One(bool holds) => holds ? 1 : 0;
}
