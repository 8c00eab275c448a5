using WafOperator.Protocols.Inference;

namespace WafOperator.Protocols.Tests.Models;

/// <summary>Calls and answers of a pool, by the code of its key.</summary>
public sealed class PoolAccessTests
{
    private static readonly DateTimeOffset Now = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private static readonly byte[] Secret = new byte[32];
    private static readonly string Key = PoolAccess.KeyOf(Secret, "shop", "large");
    private static readonly PoolAccess Access = PoolAccess.Of([Key])!;

    [Fact]
    public void ACall_OfWhoHasTheKey_IsBelieved_AndItsAnswerToo()
    {
        var call = Access.Call("POST", "/v2/models/m/infer", "body"u8, Now);

        var read = Access.Read(call.Header, "POST", "/v2/models/m/infer", Now.AddSeconds(30), out var problem)!;

        Assert.Null(problem);
        Assert.True(read.IsBody("body"u8));
        Assert.False(read.IsBody("other"u8));
        Assert.True(call.IsAnswer(read.Answer(200, "scores"u8), 200, "scores"u8));
        Assert.False(call.IsAnswer(read.Answer(200, "scores"u8), 200, "others"u8));
        Assert.False(call.IsAnswer(read.Answer(200, "scores"u8), 500, "scores"u8));
        Assert.False(call.IsAnswer(null, 200, "scores"u8));
    }

    [Theory]
    [InlineData("GET", "/v2/models/m/infer", 0)]
    [InlineData("POST", "/v2/models/other/infer", 0)]
    [InlineData("POST", "/v2/models/m/infer", 61)]
    [InlineData("POST", "/v2/models/m/infer", -61)]
    public void ACall_ForSomethingElse_OrOfAnotherTime_IsNot(string method, string path, int seconds)
    {
        var call = Access.Call("POST", "/v2/models/m/infer", "body"u8, Now);

        Assert.Null(Access.Read(call.Header, method, path, Now.AddSeconds(seconds), out var problem));
        Assert.NotNull(problem);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("v1")]
    [InlineData("v1...")]
    [InlineData("v1.1767225600000.x.y")]
    [InlineData("v2.1767225600000.x.y")]
    [InlineData("v1.99999999999999999999.x.y")]
    [InlineData("v1.-1.x.y")]
    public void AHeader_ThatIsNone_IsRefused(string? header) =>
        Assert.Null(Access.Read(header, "POST", "/", Now, out _));

    [Fact]
    public void AnotherPoolsKey_OpensNothing_AndAKeyThatWentBefore_StillDoes()
    {
        foreach (var (ns, pool) in new[] { ("other", "large"), ("shop", "small"), ("shop\nlarge", "") })
        {
            var foreign = PoolAccess.Of([PoolAccess.KeyOf(Secret, ns, pool)])!;
            Assert.Null(Access.Read(foreign.Call("POST", "/", [], Now).Header, "POST", "/", Now, out _));
            Assert.False(Access.Call("POST", "/", [], Now).IsAnswer(
                foreign.Call("POST", "/", [], Now).Answer(200, []), 200, []));
        }

        var changed = PoolAccess.Of([PoolAccess.KeyOf(new byte[] { 1 }, "shop", "large"), Key])!;
        Assert.NotNull(changed.Read(Access.Call("POST", "/", [], Now).Header, "POST", "/", Now, out _));
    }

    [Fact]
    public void KeysThatAreNone_AskForNothing() => Assert.Null(PoolAccess.Of([null, "", "short", "!"]));
}
