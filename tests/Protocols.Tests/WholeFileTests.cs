namespace WafOperator.Protocols.Tests;

/// <summary>Files are there whole, or as they were before.</summary>
public sealed class WholeFileTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("waf-whole-").FullName;

    private string Target => Path.Combine(_folder, "a.json");

    [Fact]
    public async Task AFile_IsWrittenAndReplaced_AndNoDraftStays()
    {
        WholeFile.Write(Target, "one"u8);
        Assert.Equal("one", File.ReadAllText(Target));
        WholeFile.Write(Target, stream => stream.Write("two"u8));
        Assert.Equal("two", File.ReadAllText(Target));
        await WholeFile.WriteAsync(Target, stream => stream.WriteAsync("three"u8.ToArray()).AsTask());
        Assert.Equal("three", File.ReadAllText(Target));
        WholeFile.Write(Target, "4"u8, Target + ".of-my-own");
        Assert.Equal("4", File.ReadAllText(Target));

        Assert.Equal([Target], Directory.GetFiles(_folder));
    }

    [Fact]
    public async Task AWriterThatFails_LeavesWhatWasThere()
    {
        WholeFile.Write(Target, "before"u8);

        Assert.Throws<InvalidDataException>(() => WholeFile.Write(Target, stream =>
        {
            stream.Write("half"u8);
            throw new InvalidDataException();
        }));
        await Assert.ThrowsAsync<InvalidDataException>(() => WholeFile.WriteAsync(Target, async stream =>
        {
            await stream.WriteAsync("half"u8.ToArray());
            throw new InvalidDataException();
        }));

        Assert.Equal("before", File.ReadAllText(Target));
        WholeFile.Write(Target, "after"u8);
        Assert.Equal("after", File.ReadAllText(Target));
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);
}
