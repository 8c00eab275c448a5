using System.Buffers.Text;
using System.Text;
using System.Text.Json;
using WafOperator.Behaviour.Keys;

namespace WafOperator.Behaviour.Tests.Keys;

public sealed class JwtClaimTests
{
    [Theory]
    [InlineData("""{"sub":"ann"}""", "\"ann\"")]
    [InlineData(""" { "a" : {"sub":1} , "b":[{"sub":2},"]"], "sub" : 42 } """, "42")]
    [InlineData("""{"x":"\"sub\":1,","sub":{"id":[1]}}""", """{"id":[1]}""")]
    [InlineData("""{"sub":true,"z":1}""", "true")]
    [InlineData("""{"a":{"sub":"inner"}}""", "")]
    [InlineData("""{"sub":"open""", "")]
    [InlineData("""{"sub":}""", "")]
    [InlineData("""["sub"]""", "")]
    [InlineData("", "")]
    public void Find_TakesTheOutermostMember(string json, string expected) =>
        Assert.Equal(expected, Encoding.UTF8.GetString(JwtClaim.Find(Encoding.UTF8.GetBytes(json), "sub"u8)));

    [Theory]
    [InlineData("Bearer {0}", true)]
    [InlineData("bearer  {0}", true)]
    [InlineData("{0}", true)]
    [InlineData("Basic {0}", true)]
    [InlineData("Bearer abc", false)]
    [InlineData("Bearer a.b", false)]
    [InlineData("Bearer a.?.c", false)]
    [InlineData("Bearer ..", false)]
    public void TryGetKey_OfHeaders(string header, bool isThere)
    {
        var text = header.Replace("{0}", "e30." + Base64Url.EncodeToString("""{"sub":"ann"}"""u8) + ".c2ln",
            StringComparison.Ordinal);

        Assert.Equal(isThere, JwtClaim.TryGetKey(Encoding.ASCII.GetBytes(text), "sub"u8, out var key));
        if (isThere) Assert.Equal(ClientKeys.Of(KeySpace.JwtClaim, "\"ann\""u8), key);
    }

    [Fact]
    public void Find_AnyBytes_NeverThrows_AndAgreesWithAParserWhereThereIsJson()
    {
        var random = new Random(20261130);
        string[] pieces =
            ["{", "}", "[", "]", "\"sub\"", ":", ",", "1", "\"\\\"\"", " ", "\"a\"", "\\", "\"", "null"];
        var found = 0;
        for (var i = 0; i < 200_000; i++)
        {
            var text = string.Concat(
                Enumerable.Range(0, random.Next(1, 12)).Select(_ => pieces[random.Next(pieces.Length)]));
            if (i % 4 == 0) text = "{\"sub\":" + text + "}";
            var value = JwtClaim.Find(Encoding.UTF8.GetBytes(text), "sub"u8);
            if (!TryParse(text, out var root) || root.ValueKind is not JsonValueKind.Object) continue;
            var expected = root.EnumerateObject().Where(member => member.NameEquals("sub"))
                .Select(member => member.Value.GetRawText()).FirstOrDefault();
            Assert.Equal(expected ?? "", Encoding.UTF8.GetString(value));
            if (expected is not null) found++;
        }

        Assert.True(found > 500, $"only {found} objects with the member were made");
    }

    private static bool TryParse(string text, out JsonElement root)
    {
        try
        {
            root = JsonDocument.Parse(text).RootElement;
            return true;
        }
        catch (JsonException)
        {
            root = default;
            return false;
        }
    }
}
