using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace WafOperator.Behaviour.History;

/// <summary>The last requests of a client, newest overwriting oldest. 400 bytes.</summary>
[InlineArray(ClientRecord.RequestsMax)]
public struct RequestRing
{
    private ulong _first;
}

/// <summary>How a client is kept.</summary>
public enum ClientSegment : byte
{
    /// <summary>New, or seen rarely: the first to go.</summary>
    New,

    /// <summary>Seen often, for a long time.</summary>
    Known,

    /// <summary>Something speaks against it.</summary>
    Suspect,
}

/// <summary>All that is remembered of a client, 640 bytes.</summary>
[StructLayout(LayoutKind.Sequential)]
public struct ClientRecord
{
    /// <summary>Requests that are remembered one by one.</summary>
    public const int RequestsMax = 50;

    public UInt128 Key;

    /// <summary>Time of the last request, milliseconds of the history's clock.</summary>
    public long LastAt;

    /// <summary>Time of the first one, seconds of the same clock.</summary>
    public uint FirstSecond;

    /// <summary>Requests since then.</summary>
    public uint Count;
    internal int Previous;
    internal int Next;
    public ClientSegment Segment;

    /// <summary>How much speaks against the client, 0 to 255: why it is kept when others go.</summary>
    public byte Suspicion;

    /// <summary>Risk by the models, 0 to 255, as of <see cref="RiskSecond"/>.</summary>
    public byte Risk;

    /// <summary>Which model said so.</summary>
    public byte RiskModel;
    public uint RiskSecond;
    public WindowCounts Minute;
    public WindowCounts FiveMinutes;
    public WindowCounts Hour;
    public RequestRing Ring;

    /// <summary>Requests in the ring.</summary>
    public readonly int Remembered => (int)Math.Min(Count, RequestsMax);

    /// <summary>A remembered request; 0 is the oldest.</summary>
    public readonly RequestEntry this[int index]
    {
        get
        {
            var start = Count <= RequestsMax ? 0 : (int)(Count % RequestsMax);
            var at = start + index;
            return new RequestEntry(Ring[at >= RequestsMax ? at - RequestsMax : at]);
        }
    }

    /// <summary>Adds a request. Whether its route is new is found out here.</summary>
    internal void Add(Observation request, long now)
    {
        var isFirst = Count == 0;
        var gap = isFirst ? 0 : Math.Max(0, now - LastAt);
        if (IsNewRoute(request.Route)) request = request with { Marks = request.Marks | RequestMarks.NewRoute };
        var counts = WindowCounts.Of(request, gap, isFirst);
        var seconds = gap / 1000.0;
        Minute.Add(seconds, WindowCounts.Lengths[0], counts);
        FiveMinutes.Add(seconds, WindowCounts.Lengths[1], counts);
        Hour.Add(seconds, WindowCounts.Lengths[2], counts);
        Ring[(int)(Count % RequestsMax)] = RequestEntry.Of(request, gap).Bits;
        if (isFirst) FirstSecond = (uint)(now / 1000);
        if (Count < uint.MaxValue) Count++;
        LastAt = now;
    }

    private readonly bool IsNewRoute(int route)
    {
        var count = Remembered;
        for (var i = 0; i < count; i++)
        {
            if (((int)(Ring[i] >> 3) & RequestEntry.RouteMax) == route) return false;
        }

        return true;
    }
}
