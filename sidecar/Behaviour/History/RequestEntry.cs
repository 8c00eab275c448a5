namespace WafOperator.Behaviour.History;

/// <summary>Methods that are told apart.</summary>
public enum Verb : byte { Get, Head, Post, Put, Patch, Delete, Options, Other }

/// <summary>What is remembered of a request besides numbers.</summary>
[Flags]
public enum RequestMarks : byte
{
    None = 0,

    /// <summary>It names the page it comes from.</summary>
    Referer = 1,

    /// <summary>That page is of the same host.</summary>
    OwnReferer = 2,

    /// <summary>A part of a page: style, script, picture, font.</summary>
    Asset = 4,

    /// <summary>It has a query.</summary>
    Query = 8,

    /// <summary>The policy refused it, or would have.</summary>
    Refused = 16,

    /// <summary>None of the requests that are remembered went to this route.</summary>
    NewRoute = 32,

    /// <summary>It brings cookies.</summary>
    Cookie = 64,

    /// <summary>It asks for a page, as browsers do when people navigate.</summary>
    Page = 128,
}

/// <summary>One request and what became of it, as it is given to the history.</summary>
public readonly record struct Observation
{
    public Verb Verb { get; init; }

    /// <summary>Number of the route's template, 0 to <see cref="RequestEntry.RouteMax"/>; 0 is none.</summary>
    public int Route { get; init; }

    /// <summary>Status of the answer; 0 when there was none.</summary>
    public int Status { get; init; }

    /// <summary>Bytes of the answer.</summary>
    public long Bytes { get; init; }

    /// <summary>Time until the answer was sent, milliseconds.</summary>
    public double Milliseconds { get; init; }

    /// <summary>Bytes of the path as sent.</summary>
    public int PathBytes { get; init; }

    /// <summary>Anomaly score of the rules.</summary>
    public int RuleScore { get; init; }

    /// <summary>Score of models about the payload, 0 to 1.</summary>
    public double ModelScore { get; init; }
    public RequestMarks Marks { get; init; }
}

/// <summary>
/// A remembered request in 64 bits. Sizes and times are kept in steps of a fixed ratio: what tells behaviours apart is
/// their order of magnitude. Layout from the lowest bit: verb 3, route 13, status 10, bytes 6, duration 6, gap 7, path
/// bytes 5, rules 3, models 3, marks 8.
/// </summary>
public readonly record struct RequestEntry(ulong Bits)
{
    /// <summary>Highest number of a route.</summary>
    public const int RouteMax = (1 << 13) - 1;

    private static readonly float[] SizeValues =
        [.. Enumerable.Range(0, 64).Select(k => (float)(Math.Pow(2, k / 2.0) - 1))];
    private static readonly float[] GapValues =
        [.. Enumerable.Range(0, 128).Select(k => (float)(Math.Pow(2, k / 4.0) - 1))];

    public static RequestEntry Of(in Observation request, double gapMilliseconds) => new(
        (ulong)request.Verb
        | (ulong)Math.Clamp(request.Route, 0, RouteMax) << 3
        | (ulong)Math.Clamp(request.Status, 0, 1023) << 16
        | (ulong)Step(request.Bytes, 2, 63) << 26
        | (ulong)Step(request.Milliseconds * 8, 2, 63) << 32
        | (ulong)Step(gapMilliseconds, 4, 127) << 38
        | (ulong)Step(request.PathBytes, 2, 31) << 45
        | (ulong)Math.Clamp(request.RuleScore, 0, 7) << 50
        | (ulong)Math.Clamp((int)(request.ModelScore * 8), 0, 7) << 53
        | (ulong)request.Marks << 56);

    public Verb Verb => (Verb)(Bits & 7);
    public int Route => (int)(Bits >> 3) & RouteMax;
    public int Status => (int)(Bits >> 16) & 1023;

    /// <summary>Bytes of the answer, to a factor of 1.4.</summary>
    public float Bytes => SizeValues[BytesStep];

    /// <summary>Steps of <see cref="Bytes"/>: equal for answers of about the same size.</summary>
    public int BytesStep => (int)(Bits >> 26) & 63;

    /// <summary>Milliseconds until the answer was sent, to a factor of 1.4.</summary>
    public float Milliseconds => SizeValues[(int)(Bits >> 32) & 63] / 8;

    /// <summary>Milliseconds since the client's request before, to a factor of 1.2; 0 for its first.</summary>
    public float Gap => GapValues[GapStep];

    /// <summary>Steps of <see cref="Gap"/>.</summary>
    public int GapStep => (int)(Bits >> 38) & 127;

    /// <summary>Bytes of the path, to a factor of 1.4.</summary>
    public float PathBytes => SizeValues[(int)(Bits >> 45) & 31];

    /// <summary>Anomaly score of the rules, 7 for more.</summary>
    public int RuleScore => (int)(Bits >> 50) & 7;

    /// <summary>Score of models in eighths.</summary>
    public int ModelScore => (int)(Bits >> 53) & 7;

    public RequestMarks Marks => (RequestMarks)(Bits >> 56);

    public bool Has(RequestMarks mark) => (Marks & mark) != 0;

    /// <summary>Number of the step of a value: so many steps for each doubling.</summary>
    internal static int Step(double value, int stepsPerDoubling, int highest) =>
        value <= 0 ? 0 : (int)Math.Min(Math.Floor(stepsPerDoubling * Math.Log2(value + 1)), highest);
}
