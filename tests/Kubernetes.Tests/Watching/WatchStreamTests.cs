using System.Text;
using System.Text.Json;
using WafOperator.Kubernetes.Client;
using WafOperator.Kubernetes.Objects;
using WafOperator.Kubernetes.Watching;

namespace WafOperator.Kubernetes.Tests.Watching;

public sealed class WatchStreamTests
{
    private static readonly ApiTarget Target = new(ApiVerb.Watch, "pods", "shop", "");

    private static WatchEvent<KubernetesObject>? Read(string line) =>
        WatchReader.Read(BuiltIn.Pods, Target, Encoding.UTF8.GetBytes(line));

    [Fact]
    public void Read_EachType_IsItsEvent()
    {
        const string pod = """{"metadata":{"name":"web","namespace":"shop","resourceVersion":"7"}}""";
        Assert.IsType<WatchEvent<KubernetesObject>.Changed>(Read($$"""{"type":"ADDED","object":{{pod}}}"""));
        Assert.IsType<WatchEvent<KubernetesObject>.Changed>(Read($$"""{"type":"MODIFIED","object":{{pod}}}"""));
        Assert.IsType<WatchEvent<KubernetesObject>.Deleted>(Read($$"""{"object":{{pod}},"type":"DELETED"}"""));
        Assert.Equal(
            new WatchEvent<KubernetesObject>.Bookmark("9"),
            Read("""{"type":"BOOKMARK","object":{"metadata":{"resourceVersion":"9"}}}"""));
        Assert.Null(Read($$"""{"type":"INVENTED","object":{{pod}}}"""));
    }

    [Theory]
    [InlineData("""{"type":"ERROR","object":{"kind":"Status","code":410,"reason":"Expired","message":"old"}}""", true)]
    [InlineData("""{"type":"ERROR","object":{"kind":"Status","code":410,"reason":"Gone","message":"old"}}""", true)]
    [InlineData("""{"type":"ERROR","object":{"kind":"Status","code":500,"message":"etcd"}}""", false)]
    public void Read_Error_IsThrownWithItsStatus(string line, bool expired) =>
        Assert.Equal(expired, Assert.Throws<KubernetesApiException>(() => Read(line)).IsExpired);

    [Theory]
    [InlineData("7")]
    [InlineData("{}")]
    [InlineData("""{"type":"ADDED"}""")]
    [InlineData("""{"type":"ADDED","object":7}""")]
    [InlineData("""{"type":"BOOKMARK","object":{"metadata":{}}}""")]
    [InlineData("""{"type":"ADDED","object":{"metadata":{"labels":7}}}""")]
    [InlineData("""{"type":"ADDED","object":{""")]
    public void Read_NotAnEvent_ThrowsItsDeclaredException(string line) =>
        Assert.ThrowsAny<JsonException>(() => Read(line));

    [Fact]
    public void Read_MutatedBytes_OnlyEverThrowsItsDeclaredExceptions()
    {
        const int seed = 20261122;
        var random = new Random(seed);
        var seedLine = """
            {"type":"MODIFIED","object":{"kind":"Pod","metadata":{"name":"w",
             "labels":{"a\u00e9":"\ud83d\ude00"},"generation":4,"finalizers":["x"]}}}
            """u8.ToArray();
        for (var round = 0; round < 20_000; round++)
        {
            var line = (byte[])seedLine.Clone();
            for (var i = random.Next(1, 5); i > 0; i--) line[random.Next(line.Length)] = (byte)random.Next(256);
            var length = random.Next(4) == 0 ? random.Next(line.Length) : line.Length;
            try
            {
                WatchReader.Read(BuiltIn.Pods, Target, line.AsMemory(0, length));
            }
            catch (Exception e) when (e is JsonException or KubernetesApiException)
            {
                // The declared outcomes.
            }
            catch (Exception e)
            {
                Assert.Fail($"seed {seed}, round {round}: {e} for {Convert.ToHexString(line.AsSpan(0, length))}");
            }
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(7)]
    [InlineData(5000)]
    public async Task ReadLines_CutAnywhere_GivesTheSameLines(int chunk)
    {
        var expected = Enumerable.Range(0, 200).Select(i =>
            new string((char)('a' + (i % 26)), (i * 37) % 900)).ToList();
        var bytes = Encoding.UTF8.GetBytes(string.Join('\n', expected) + "\n");
        var received = 0;
        var lines = new List<string>();
        await foreach (var line in WatchLines.ReadAsync(new Dribble(bytes, chunk), 1000, () => received++, default))
            lines.Add(Encoding.UTF8.GetString(line.Span));
        Assert.Equal(expected.Where(l => l.Length > 0), lines);
        Assert.True(received > 0);
    }

    [Fact]
    public async Task ReadLines_EndsInsideALine_IsAnError() =>
        await Assert.ThrowsAsync<EndOfStreamException>(() => DrainAsync("{\"type\":\"ADDED\"}\n{\"ty", 1000));

    [Theory]
    [InlineData("0123456789\n")]
    [InlineData("0123456789")]
    public async Task ReadLines_LineOverTheLimit_IsRefused(string text) =>
        await Assert.ThrowsAsync<InvalidDataException>(() => DrainAsync(text, 9));

    private static async Task DrainAsync(string text, int max)
    {
        var stream = new Dribble(Encoding.UTF8.GetBytes(text), 4);
        await foreach (var _ in WatchLines.ReadAsync(stream, max, () => { }, default))
        {
            // Only the end matters.
        }
    }

    /// <summary>A stream that gives a few bytes at a time.</summary>
    private sealed class Dribble(byte[] bytes, int chunk) : MemoryStream(bytes)
    {
        public override int Read(byte[] buffer, int offset, int count) =>
            base.Read(buffer, offset, Math.Min(count, chunk));

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
            base.ReadAsync(buffer[..Math.Min(buffer.Length, chunk)], cancellationToken);
    }
}
