using System.Text.Json.Nodes;
using WafOperator.Cli.Support;

namespace WafOperator.Cli.Tests.Support;

public sealed class RedactionTests
{
    [Theory]
    [InlineData("Authorization: Bearer abcdefghij.klm", "abcdefghij")]
    [InlineData("token=s3cr3tvalue and more", "s3cr3tvalue")]
    [InlineData("\"password\": \"hunter22\"", "hunter22")]
    [InlineData("jwt eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJhIn0.c2ln x", "eyJ")]
    [InlineData("-----BEGIN PRIVATE KEY-----\nMIIB\n-----END PRIVATE KEY-----", "MIIB")]
    [InlineData("\"client\":\"198.51.100.77\"", "100.77")]
    [InlineData("\"client\":\"2001:db8:1:2::3\"", "1:2::3")]
    [InlineData("denied 2001:db8:1:2::3 at the list", "1:2::3")]
    [InlineData("x-forwarded-for:2001:db8:1:2::3, 10.0.0.1", "1:2::3")]
    [InlineData("[2001:db8:1:2::3]:443", "1:2::3")]
    [InlineData("2001:DB8:1:2:3:4:5:6.", "3:4:5:6")]
    [InlineData("::ffff:198.51.100.77", "100.77")]
    [InlineData("-----BEGIN PRIVATE KEY-----\nMIIBcut", "MIIBcut")]
    [InlineData("MIIBrest\n-----END PRIVATE KEY-----\nok", "MIIBrest")]
    [InlineData("Cookie: session=4711abcd", "4711abcd")]
    [InlineData("Cookie: theme=dark; session=4711abcd", "4711abcd")]
    [InlineData("https://bob:hunter22@registry.example/x", "hunter22")]
    [InlineData("{\"log\":\"{\\\"password\\\":\\\"hunter22\\\"}\"}", "hunter22")]
    [InlineData("key AKIAABCDEFGHIJKLMNOP of", "ABCDEFGH")]
    [InlineData("ghp_abcdefghijklmnopqrstuvwxyz0123456789", "abcdefgh")]
    [InlineData("GET /a?X-Amz-Signature=0123456789abcdef&b=1", "0123456789abcdef")]
    public void SecretsOfTexts_AreGone(string text, string secret) =>
        Assert.DoesNotContain(secret, Redaction.Of(text), StringComparison.Ordinal);

    [Theory]
    [InlineData("revision 0123456789abcdef is in force")]
    [InlineData("10.0.0.7 is a pod; 1.2.3 a version")]
    [InlineData("rule 942100 matched in ARGS:q")]
    [InlineData("12:34:56 fd00::7 is a pod, ::1 and fe80::1 too; aa:bb:cc:dd:ee:ff; sha256:abcdef01; cafe::")]
    public void WhatHelps_Stays(string text) => Assert.Equal(text, Redaction.Of(text));

    /// <summary>Logs are of a stranger's making: none may keep whoever collects them waiting.</summary>
    [Theory]
    [InlineData("-----BEGIN A-----")]
    [InlineData("eyJabcdefgh.")]
    [InlineData("token: ")]
    [InlineData("://a")]
    [InlineData("cookie ")]
    [InlineData("-----END ")]
    [InlineData("ab:")]
    public async Task TextsThatAreOnlyBeginnings_TakeTimeInProportion(string part)
    {
        var text = string.Concat(Enumerable.Repeat(part, (2 << 20) / part.Length));
        await Task.Run(() => Redaction.Of(text)).WaitAsync(TimeSpan.FromMinutes(2));
    }

    [Fact]
    public void SecretsOfObjects_AreGone_AndTheRestStays()
    {
        var json = JsonNode.Parse("""
            {"kind":"List","items":[{"kind":"Deployment","spec":{"containers":[{"name":"a","image":"i",
              "env":[{"name":"PGPASSWORD","value":"planted-1"}],
              "args":["--token=planted-2","--db-password","planted-5","--verbose"]}]},
              "metadata":{"annotations":{"kubectl.kubernetes.io/last-applied-configuration":"planted-3"}},
              "webhooks":[{"clientConfig":{"caBundle":"planted-4"}}]},
             {"kind":"WafPolicy","spec":{"mode":"Enforce"}}]}
            """)!;
        var text = Redaction.Of(json).ToJsonString();
        Assert.DoesNotContain("planted", text, StringComparison.Ordinal);
        Assert.Contains("Enforce", text, StringComparison.Ordinal);
        Assert.Contains("PGPASSWORD", text, StringComparison.Ordinal);
        Assert.Contains("--verbose", text, StringComparison.Ordinal);
        Assert.Contains("planted-1", json.ToJsonString(), StringComparison.Ordinal);
    }

    [Fact]
    public void ASecret_LosesItsContent_AndKeepsItsKeys()
    {
        var secret = JsonNode.Parse("""{"kind":"Secret","data":{"tls.key":"cGxhbnRlZA=="}}""")!;
        var text = Redaction.Of(secret).ToJsonString();
        Assert.Equal("""{"kind":"Secret","data":{"tls.key":"(redacted)"}}""", text);
    }
}
