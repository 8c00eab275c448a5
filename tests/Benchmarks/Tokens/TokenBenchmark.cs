using System.Buffers.Binary;
using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using WafOperator.Features;

namespace WafOperator.Benchmarks.Tokens;

/// <summary>
/// Cutting values into subwords, by the kilobyte: the golden values, or those of a file (each with its length before
/// it, as <c>python3 -m wafml.golden_subwords --values</c> writes them), one after the other, so that caches see as
/// many words as traffic has; and a request's worth of noise over and over. Beside them the same bytes hashed, byte by
/// byte, as a reference for the machine's state.
/// </summary>
internal static class TokenBenchmark
{
    public const string Usage = "[VALUES]";

    private const int Rounds = 15;
    private const int BlockValues = 200;
    private const int NoiseRounds = 4_000;
    private const int KilobyteBytes = 1_024;

    public static Task<int> RunAsync(string[] arguments)
    {
        var folder = Path.Combine(AppContext.BaseDirectory, "golden");
        var tokenizer = SubwordTokenizer.Read(File.ReadAllBytes(Path.Combine(folder, "tokenizer.json")), out var error);
        if (tokenizer is null) throw new InvalidOperationException(error);
        var values = arguments is [var file, ..] ? ValuesOf(File.ReadAllBytes(file)) : Golden(folder);
        var bytes = values.Sum(v => (long)v.Length);
        var tokens = new int[values.Max(v => v.Length) + KilobyteBytes];
        var count = values.Sum(v => (long)tokenizer.Encode(v, tokens));
        var reference = LeastOfBlocks(values, value => Hash(value));
        var cut = LeastOfBlocks(values, value => tokenizer.Encode(value, tokens));
        Say($"{values.Count} values, {bytes} bytes, {count} tokens", cut * KilobyteBytes / bytes,
            reference * KilobyteBytes / bytes);
        foreach (var (name, noise) in Noises())
        {
            Say(name, Least(NoiseRounds, () => tokenizer.Encode(noise, tokens)), Least(NoiseRounds, () => Hash(noise)));
        }

        return Task.FromResult(0);
    }

    private static void Say(string what, double cut, double reference) =>
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"tokens: {what}: {cut:0.0} us a KB, least of its rounds; hashing the same bytes {reference:0.00} us"));

    private static double Least(int rounds, Action work)
    {
        var least = double.MaxValue;
        for (var i = 0; i < rounds; i++)
        {
            var started = Stopwatch.GetTimestamp();
            work();
            least = Math.Min(least, Stopwatch.GetElapsedTime(started).TotalMicroseconds);
        }

        return least;
    }

    /// <summary>
    /// All values in each round, and of each block its best round: a block is shorter than a turn on the processor, so
    /// that waiting for one is not counted, and all others lie between two of its rounds, so that caches are as in
    /// traffic.
    /// </summary>
    private static double LeastOfBlocks(List<byte[]> values, Action<byte[]> work)
    {
        var least = new double[(values.Count / BlockValues) + 1];
        Array.Fill(least, double.MaxValue);
        for (var round = 0; round < Rounds; round++)
        {
            for (var first = 0; first < values.Count; first += BlockValues)
            {
                var end = Math.Min(values.Count, first + BlockValues);
                var started = Stopwatch.GetTimestamp();
                for (var i = first; i < end; i++) work(values[i]);
                ref var best = ref least[first / BlockValues];
                best = Math.Min(best, Stopwatch.GetElapsedTime(started).TotalMicroseconds);
            }
        }

        return least.Where(time => time < double.MaxValue).Sum();
    }

    private static uint Hash(ReadOnlySpan<byte> value)
    {
        var hash = 0u;
        foreach (var b in value) hash = (hash ^ b) * 16_777_619;
        return hash;
    }

    private static List<byte[]> Golden(string folder) =>
    [
        .. File.ReadLines(Path.Combine(folder, "subwords.jsonl"))
            .Select(line => JsonSerializer.Deserialize<JsonElement>(line))
            .Where(line => line.TryGetProperty("tokens", out _))
            .Select(line => line.GetProperty("text").GetBytesFromBase64()),
    ];

    private static List<byte[]> ValuesOf(byte[] file)
    {
        var values = new List<byte[]>();
        for (var at = 0; at + sizeof(int) <= file.Length;)
        {
            var length = BinaryPrimitives.ReadInt32LittleEndian(file.AsSpan(at));
            values.Add(file.AsSpan(at + sizeof(int), length).ToArray());
            at += sizeof(int) + length;
        }

        return values;
    }

    private static IEnumerable<(string, byte[])> Noises()
    {
        var random = new Random(1);
        const string Signs = "'\"<>(){};=/.";
        yield return ("random letters", Made(() => (byte)random.Next('a', 'z' + 1)));
        yield return ("random bytes", Made(() => (byte)random.Next(256)));
        yield return ("random signs", Made(() => (byte)Signs[random.Next(Signs.Length)]));
        yield return ("one letter", Made(() => (byte)'a'));
    }

    private static byte[] Made(Func<byte> next)
    {
        var bytes = new byte[KilobyteBytes];
        for (var i = 0; i < bytes.Length; i++) bytes[i] = next();
        return bytes;
    }
}
