using System.Text;
using WafOperator.Engine.Detectors;
using WafOperator.Engine.Transformations;

namespace WafOperator.Fuzz.Detectors;

/// <summary>
/// Counts what the detectors find in recorded requests, beside a peer where one is given. Values go through the
/// transformations that CRS puts before the operator.
/// </summary>
internal sealed class DetectorMeasurement(string folder, PeerDetector? peer, string? show, int showMax)
{
    private static readonly string[] SqlChain = ["utf8toUnicode", "urlDecodeUni", "removeNulls"];

    private static readonly string[] ScriptChain =
        ["utf8toUnicode", "urlDecodeUni", "htmlEntityDecode", "jsDecode", "cssDecode", "removeNulls"];

    private delegate bool Check(ReadOnlySpan<byte> value);

    public void Run()
    {
        foreach (var file in new[] { "malicious.jsonl.gz", "benign_recorded.jsonl.gz", "benign_composed.jsonl.gz" })
        {
            var sql = new Tally("sqli", show == "sqli", showMax);
            var script = new Tally("xss", show == "xss", showMax);
            foreach (var request in RecordedRequests.Read(Path.Combine(folder, file)))
            {
                if (!request.IsMalicious || request.Attack == "sqli")
                    sql.Add(request, Find(request, SqlChain, IsSql), peer is null ? null
                        : Find(request, SqlChain, peer.IsSql));
                if (!request.IsMalicious || request.Attack == "xss")
                    script.Add(request, Find(request, ScriptChain, IsScript), peer is null ? null
                        : Find(request, ScriptChain, peer.IsScript));
            }

            Console.WriteLine($"{file,-28} {sql}");
            Console.WriteLine($"{file,-28} {script}");
        }
    }

    private static bool IsSql(ReadOnlySpan<byte> value)
    {
        Span<byte> fingerprint = stackalloc byte[SqlInjectionDetector.FingerprintBytesMax];
        return SqlInjectionDetector.Detect(value, fingerprint, out _);
    }

    private static bool IsScript(ReadOnlySpan<byte> value)
    {
        Span<byte> fingerprint = stackalloc byte[XssDetector.FingerprintBytesMax];
        return XssDetector.Detect(value, fingerprint, out _);
    }

    /// <summary>The first value that is found, after its transformations.</summary>
    private static byte[]? Find(RecordedRequest request, string[] chain, Check check)
    {
        foreach (var value in request.Values)
        {
            var bytes = Transform(value, chain);
            if (check(bytes)) return bytes;
        }

        return null;
    }

    internal static byte[] Transform(byte[] value, string[] chain)
    {
        foreach (var name in chain)
        {
            var transformation = Transformation.Find(name)!;
            var output = new byte[transformation.OutputMax(value.Length)];
            var written = transformation.Apply(value, output);
            if (written != Transformation.Unchanged) value = output[..written];
        }

        return value;
    }

    private sealed class Tally(string name, bool isShown, int showMax)
    {
        private int _all;
        private int _ours;
        private int _peers;
        private int _onlyOurs;
        private int _onlyPeers;
        private int _shown;

        public void Add(RecordedRequest request, byte[]? ours, byte[]? peers)
        {
            _all++;
            if (ours is not null) _ours++;
            if (peers is not null) _peers++;
            if (ours is not null && peers is null) _onlyOurs++;
            if (ours is null && peers is not null) _onlyPeers++;
            if (!isShown || _shown >= showMax) return;
            var isInteresting = request.IsMalicious ? ours is null : ours is not null;
            if (!isInteresting || (_all * 2654435761L >> 7) % 23 != 0) return;
            _shown++;
            var mark = peers is null ? " " : "P";
            var text = ours ?? peers ?? request.Values.MaxBy(Interest) ?? [];
            if (ours is null && peers is null)
                Console.WriteLine($"  {mark} {request.Id} "
                    + $"{string.Join(" ¦ ", request.Values.OrderByDescending(Interest).Take(1).Select(Printable))}");
            else
                Console.WriteLine($"  {mark} {request.Id} [{Fingerprint(text)}] {Printable(text)}");
        }

        private string Fingerprint(byte[] value)
        {
            Span<byte> print = stackalloc byte[16];
            int length;
            if (name == "sqli") SqlInjectionDetector.Detect(value, print, out length);
            else XssDetector.Detect(value, print, out length);
            return Encoding.ASCII.GetString(print[..length]);
        }

        private static int Interest(byte[] value) => value.AsSpan().StartsWith("Mozilla"u8) ? 0 : value.Count(b =>
            "'\"<>()=;#*-/".Contains((char)b, StringComparison.Ordinal));

        private static string Printable(byte[] value)
        {
            var text = Encoding.UTF8.GetString(value).Replace('\n', ' ').Replace('\r', ' ');
            return text.Length > 160 ? text[..160] : text;
        }

        public override string ToString() =>
            $"{name,-5} of {_all,7}: ours {_ours,6} ({100.0 * _ours / Math.Max(1, _all):F3} %), peer {_peers,6} "
                + $"({100.0 * _peers / Math.Max(1, _all):F3} %), only ours {_onlyOurs}, only peer {_onlyPeers}";
    }
}
