namespace WafOperator.Http;

/// <content>A target beside that of the request line.</content>
public sealed partial class CanonicalRequest
{
    /// <summary>
    /// Another path that a header names and applications may take for this one's; empty for none. What makes inspection
    /// stricter has to look at it as well.
    /// </summary>
    public Slice OtherPath { get; private set; }

    /// <summary>
    /// Takes another target that applications may heed: its path, without the query. The address of another server is
    /// none: so ingresses tell services that authorise requests what was asked for.
    /// </summary>
    public void NameOtherTarget(ReadOnlySpan<char> target)
    {
        var origin = target.IndexOf("://");
        if (origin > 0 && !target[..origin].ContainsAny("/?#")) return;
        var end = target.IndexOfAny('?', '#');
        if (end >= 0) target = target[..end];
        if (target.IsEmpty) return;
        var taken = _scratch.Take(target);
        if (_arena.TryReserve(_scratch[taken].Length + 1))
        {
            _arena.TryAppend(target[0] == '/' ? ""u8 : "/"u8, out var start);
            _arena.TryAppend(_scratch[taken], out var path);
            OtherPath = new Slice(start.Offset, path.End - start.Offset);
        }
        else
        {
            NoMemory();
        }

        _scratch.Clear();
    }
}
