using System.IO.Compression;
using System.Text;
using WafOperator.Distribution.Events;

namespace WafOperator.Distribution.Tests;

/// <summary>Shares and turns of the spool, on a real disk, with a clock that is set.</summary>
public sealed class EventSpoolTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("waf-spool").FullName;
    private readonly Clock _clock = new();

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(5)]
    public void NamespacesThatFillIt_LeaveRoomForOneThatComesNew(int greedy)
    {
        using var spool = new EventSpool(_folder, 100_000, _clock);
        for (var round = 0; round < 200; round++)
        {
            for (var i = 0; i < greedy; i++) spool.Append($"greedy-{i}", Random(1_000));
        }

        Assert.InRange(spool.Bytes, 100_000 * greedy / (greedy + 1) - 1_000 * greedy, 100_000);
        for (var i = 0; i < greedy; i++) Assert.False(spool.Append($"greedy-{i}", Random(1_000)));
        for (var i = 0; i < 4; i++) Assert.True(spool.Append("new", Random(1_000)), $"piece {i}");
    }

    [Fact]
    public async Task ABatch_IsOfOneNamespace_AndNamespacesTakeTurns()
    {
        using var spool = new EventSpool(_folder, 100 << 20, _clock);
        for (var i = 0; i < 5; i++)
        {
            spool.Append("noisy", Random(1 << 20));
            _clock.Advance(TimeSpan.FromSeconds(1));
        }

        spool.Append("quiet", "quiet\n"u8.ToArray());
        _clock.Advance(TimeSpan.FromSeconds(5));

        var first = await TakeAsync(spool);
        var second = await TakeAsync(spool);
        Assert.Equal(["noisy", "quiet"], new[] { first, second }.Select(NamespaceOf).Order(StringComparer.Ordinal));
        Assert.Equal("noisy", NamespaceOf(await TakeAsync(spool)));
    }

    [Fact]
    public async Task WhatWasTaken_OutlivesTheProcess_WithItsShare()
    {
        using (var before = new EventSpool(_folder, 10_000, _clock))
        {
            Assert.True(before.Append("shop", Random(4_900)));
            Assert.False(before.Append("shop", Random(1_000)));
        }

        using var spool = new EventSpool(_folder, 10_000, _clock);
        Assert.False(spool.Append("shop", Random(3_000)));
        Assert.True(spool.Append("bank", Random(1_000)));
        var (name, _) = (await spool.TakeAsync(TimeSpan.Zero, CancellationToken.None))!.Value;
        Assert.True(spool.Remove(name));
        Assert.False(spool.Remove(name));
        Assert.True(spool.Append("shop", Random(3_000)));
    }

    [Fact]
    public async Task ABatchOfAnEarlierVersion_IsGiven()
    {
        var name = $"{_clock.GetUtcNow().UtcTicks:x16}-00000001";
        await using (var file = File.Create(Path.Combine(_folder, name + ".gz")))
        await using (var compressed = new GZipStream(file, CompressionLevel.Fastest))
            compressed.Write("old\n"u8);
        using var spool = new EventSpool(_folder, 10_000, _clock);

        Assert.Equal(["old"], LinesOf((await spool.TakeAsync(TimeSpan.Zero, CancellationToken.None))!.Value.File));
        Assert.True(spool.Remove(name));
        Assert.Equal(0, spool.Bytes);
    }

    [Fact]
    public async Task ManyNamespaces_NeedNoMoreFilesThanAreAllowed_AndLoseNothing()
    {
        using var spool = new EventSpool(_folder, 100 << 20, _clock);
        for (var i = 0; i < 500; i++) Assert.True(spool.Append($"ns-{i}", Encoding.ASCII.GetBytes($"line {i}\n")));
        Assert.InRange(Directory.GetFiles(_folder, "*.open").Length, 1, 128);

        _clock.Advance(TimeSpan.FromSeconds(5));
        var seen = new HashSet<string>(StringComparer.Ordinal);
        while (await spool.TakeAsync(TimeSpan.Zero, CancellationToken.None) is { } batch)
        {
            seen.UnionWith(LinesOf(batch.File));
            spool.Remove(batch.Name);
        }

        Assert.Equal(500, seen.Count);
        Assert.Equal((0L, 0), (spool.Bytes, spool.Batches));
    }

    internal static List<string> LinesOf(string file)
    {
        using var reader = new StreamReader(new GZipStream(File.OpenRead(file), CompressionMode.Decompress));
        return [.. reader.ReadToEnd().Split('\n', StringSplitOptions.RemoveEmptyEntries)];
    }

    private static async Task<string> TakeAsync(EventSpool spool) =>
        (await spool.TakeAsync(TimeSpan.Zero, CancellationToken.None))!.Value.Name;

    private static string NamespaceOf(string batch) => batch[26..];

    /// <summary>A line that does not get shorter when it is compressed.</summary>
    private static byte[] Random(int length)
    {
        var bytes = new byte[length];
        System.Random.Shared.NextBytes(bytes);
        for (var i = 0; i < length; i++) if (bytes[i] == '\n') bytes[i] = 0;
        bytes[^1] = (byte)'\n';
        return bytes;
    }

    private sealed class Clock : TimeProvider
    {
        private DateTimeOffset _now = new(2026, 11, 30, 12, 0, 0, TimeSpan.Zero);

        public override DateTimeOffset GetUtcNow() => _now;

        public void Advance(TimeSpan time) => _now += time;
    }
}
